//! Terraform: services of ECS, Cloud Run and Azure Container Apps, where their counts are literals or variables with a literal default.
//!
//! A service goes by the name of its resource, by which others refer to it; its own name is an alias.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::platform::Reader;
use super::{File, Found};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Attachment, Count, Number, Role, Says, Service, Target};
use crate::model::fact::Setting;
use crate::model::location::{Location, Span};
use crate::source::yaml::{Entry, Node};

mod hcl;
#[cfg(test)]
mod tests;

const ECS: &str = "ecs service";
const CLOUD_RUN: &str = "cloud run service";
const CONTAINER_APP: &str = "container app";

/// Files of the same folder in which variables are declared, as people call them; values come before defaults.
const BESIDE: [&str; 4] = ["terraform.tfvars", "variables.tf", "vars.tf", "main.tf"];

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::new(file, hcl::parse(&file.path, file.text));
    let mut module = Module { resources: Vec::new(), variables: HashMap::new() };
    for beside in BESIDE {
        let path = file.path_of(beside).filter(|path| *path != *file.path);
        if let Some((path, text)) = path.and_then(|path| Some((path.clone(), (reader.beside)(&path)?))) {
            let tree = hcl::parse(&path, &text);
            tree.documents.iter().for_each(|root| module.declare(root, &path.as_str().into()));
        }
    }
    for root in &documents {
        module.declare(root, &file.path);
        module.resources.extend(resources(root));
    }
    let mut seen = HashSet::new();
    for resource in &module.resources {
        if !seen.insert((&resource.kind, &resource.name)) {
            let message = format!("the {} `{}` is here a second time", resource.kind, resource.name);
            reader.problem(resource.span, message, "Terraform refuses such a module; keep one of them.");
        }
        match resource.kind.as_str() {
            "aws_ecs_service" => ecs_service(&mut reader, &module, resource),
            "aws_appautoscaling_target" => autoscaling(&mut reader, &module, resource),
            "google_cloud_run_v2_service" => cloud_run(&mut reader, &module, resource),
            "google_cloud_run_service" => cloud_run_v1(&mut reader, &module, resource),
            "azurerm_container_app" => container_app(&mut reader, &module, resource),
            _ => {}
        }
    }
    reader.found
}

struct Resource {
    kind: Name,
    name: Name,
    span: Span,
    body: Rc<Node>,
}

/// What the files of one folder declare.
struct Module {
    resources: Vec<Resource>,
    /// Whole numbers that variables have where nobody gives them others.
    variables: HashMap<Name, (u32, Location)>,
}

impl Module {
    fn declare(&mut self, root: &Node, path: &Arc<str>) {
        let is_values = path.ends_with(".tfvars");
        for entry in root.mapping().into_iter().flat_map(|root| &root.entries) {
            let (name, value) = match labelled(entry, "variable") {
                Some((name, _, body)) => (name, body.get("default").cloned()),
                None if is_values => (entry.key.clone(), Some(Rc::clone(&entry.value))),
                None => continue,
            };
            let number = value.and_then(|value| Some((number(&value)?, Location::new(Arc::clone(path), value.span))));
            if let Some(number) = number {
                self.variables.entry(name).or_insert(number);
            }
        }
    }

    /// The literal under a key, or the literal that its variable falls back to.
    fn count(&self, reader: &mut Reader<'_>, node: &Node, key: &str, stated_as: &str) -> Option<Count> {
        let value = node.get(key)?;
        if let Some(number) = number(value) {
            return Some(reader.count_of(number, stated_as, value.span));
        }
        let text = value.text().cloned().unwrap_or_default();
        let name = text.trim_start_matches("${").trim_end_matches('}').strip_prefix("var.");
        let known = name.and_then(|name| Some((name, self.variables.get(name)?.clone())));
        if known.is_none() && text != "null" {
            let help = "Where it is a variable, give that a default; until then it counts as not stated.";
            reader.problem(
                value.span,
                format!("`{stated_as}` is no number, so the number of instances is unknown"),
                help,
            );
        }
        let (name, (value, location)) = known?;
        Some(Count::new(value, format!("{stated_as} = var.{name}"), location))
    }

    fn find(&self, kind: &str, reference: &str) -> Option<&Resource> {
        let name = reference.strip_prefix(kind)?.strip_prefix('.')?.split(['.', '[']).next()?;
        self.resources.iter().find(|resource| resource.kind == kind && resource.name == name)
    }
}

fn number(node: &Node) -> Option<u32> {
    node.text()?.trim().parse().ok()
}

fn resources(root: &Node) -> Vec<Resource> {
    let entries = root.mapping().into_iter().flat_map(|root| &root.entries);
    entries
        .filter_map(|entry| {
            let (kind, span, named) = labelled(entry, "resource")?;
            let resource = named.mapping()?.entries.first()?;
            let body = Rc::clone(&resource.value);
            Some(Resource {
                kind,
                name: resource.key.clone(),
                span: Span { line: span.line, ..resource.key_span },
                body,
            })
        })
        .collect()
}

/// The label of a block, its place, and what is below it.
fn labelled<'n>(entry: &'n Entry, block: &str) -> Option<(Name, Span, &'n Rc<Node>)> {
    let label = entry.value.mapping().filter(|_| entry.key == block)?.entries.first()?;
    Some((label.key.clone(), label.key_span, &label.value))
}

/// Blocks of one name, and the elements of a list that is given instead of them.
fn blocks<'n>(node: &'n Node, key: &str) -> Vec<&'n Rc<Node>> {
    let entries = node.mapping().into_iter().flat_map(|node| &node.entries).filter(|entry| entry.key == key);
    entries.flat_map(|entry| entry.value.sequence().unwrap_or(std::slice::from_ref(&entry.value))).collect()
}

fn service(reader: &Reader<'_>, resource: &Resource, kind: &str, container: Option<&Rc<Node>>) -> Service {
    let image = container.and_then(|container| container.get("image")).and_then(|image| image.text()).cloned();
    let command = container.and_then(|container| container.get("command").or(container.get("args")));
    let variables: Vec<Setting> = container
        .map(|container| ["env", "environment"].map(|key| blocks(container, key)).concat())
        .unwrap_or_default()
        .into_iter()
        .filter_map(|variable| super::platform::named_value(variable, "name"))
        .collect();
    let named = (resource.name.clone(), resource.span);
    let mut service = reader.service(named, kind, None, image, reader.command(command), variables);
    let own = resource.body.get("name").and_then(|name| name.text()).filter(|name| !name.contains(['$', '.']));
    service.aliases = own.into_iter().cloned().collect();
    service.settings = super::platform::settings(&resource.body);
    service
}

/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecs_service>. What is behind a load balancer is asked by
/// it whether it can answer.
fn ecs_service(reader: &mut Reader<'_>, module: &Module, resource: &Resource) {
    let body = &resource.body;
    let task = body.get("task_definition").and_then(|task| task.text());
    let task = task.and_then(|task| module.find("aws_ecs_task_definition", task));
    let containers = task.and_then(|task| task.body.get("container_definitions"));
    let container = containers.and_then(|containers| containers.sequence()).and_then(|containers| containers.first());
    let mut service = service(reader, resource, ECS, container);
    let is_served = body.get("load_balancer").is_some();
    if is_served && service.role == Role::Unknown {
        service.role = Role::Web;
    }
    service.health_check = is_served || container.is_some_and(|container| container.get("healthCheck").is_some());
    let strategy =
        body.get("scheduling_strategy").filter(|strategy| strategy.text().is_some_and(|text| text == "DAEMON"));
    service.instances = match strategy {
        // One on each machine of the cluster.
        Some(strategy) => vec![reader.count_of(Number::Several, "scheduling_strategy: DAEMON", strategy.span)],
        None => module.count(reader, body, "desired_count", "desired_count").into_iter().collect(),
    };
    reader.found.services.push(service);
}

/// <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/appautoscaling_target>: of ECS it scales the service
/// `service/CLUSTER/NAME`.
fn autoscaling(reader: &mut Reader<'_>, module: &Module, resource: &Resource) {
    let body = &resource.body;
    let Some(id) = body.get("resource_id").and_then(|id| id.text()) else { return };
    let reference = id.split("aws_ecs_service.").nth(1).and_then(|rest| rest.split(['.', '[', '}']).next());
    let literal =
        || id.strip_prefix("service/").and_then(|id| id.rsplit('/').next()).filter(|name| !name.contains('$'));
    let Some(name) = reference.or_else(literal) else { return };
    let name =
        reader.found.services.iter().find(|service| service.is_called(name)).map_or(name.into(), |it| it.name.clone());
    let least = module.count(reader, body, "min_capacity", "min_capacity");
    let most = module.count(reader, body, "max_capacity", "max_capacity");
    if let (Some(least), Some(most)) = (least, most) {
        let target = Target::Named { kind: ECS.into(), name };
        let span = resource.span;
        reader.found.attachments.push(Attachment { target, says: Says::Scales { least, most }, span });
    }
}

/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_v2_service>.
fn cloud_run(reader: &mut Reader<'_>, module: &Module, resource: &Resource) {
    let template = resource.body.get("template").cloned();
    let template = template.as_deref();
    let container = template.and_then(|template| blocks(template, "containers").first().copied());
    let service = service(reader, resource, CLOUD_RUN, container);
    let scaling = [template, Some(&*resource.body)].map(|node| node.and_then(|node| node.get("scaling")));
    let mut count = |key: &str| {
        let mut scaling = scaling.iter().flatten();
        scaling.find_map(|scaling| module.count(reader, scaling, key, &format!("scaling.{key}")))
    };
    // Zero is what the platform says of a service that scales by itself.
    let manual = count("manual_instance_count").filter(|count| count.value > 0);
    let least = manual.clone().or_else(|| count("min_instance_count"));
    let most = if manual.is_some() { None } else { count("max_instance_count") };
    let is_said =
        manual.is_some() || scaling.iter().flatten().any(|scaling| scaling.get("max_instance_count").is_some());
    let affinity = template.and_then(|template| template.get("session_affinity")).filter(|node| node.is_true());
    let affinity = affinity.map(|node| Affinity {
        by: AffinityKey::Cookie,
        stated_as: "session_affinity".into(),
        location: Location::new(Arc::clone(&reader.path), node.span),
    });
    let service = Service { affinity, ..service };
    run(reader, service, least, most, is_said);
}

/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/cloud_run_service>.
fn cloud_run_v1(reader: &mut Reader<'_>, module: &Module, resource: &Resource) {
    let template = resource.body.get("template");
    let container = template.and_then(|template| template.get("spec")).and_then(|spec| spec.get("containers"));
    let service = service(reader, resource, CLOUD_RUN, container);
    let annotations =
        template.and_then(|template| template.get("metadata")).and_then(|metadata| metadata.get("annotations"));
    let mut count = |key: &str| {
        let key = format!("autoscaling.knative.dev/{key}");
        annotations.and_then(|annotations| module.count(reader, annotations, &key, &key))
    };
    let is_said = annotations.is_some_and(|annotations| annotations.get("autoscaling.knative.dev/maxScale").is_some());
    let (least, most) = (count("minScale"), count("maxScale"));
    run(reader, service, least, most, is_said);
}

/// Cloud Run makes up to 100 instances where nobody says less, and asks each by its port before it gets requests:
/// <https://cloud.google.com/run/docs/configuring/max-instances>, <https://cloud.google.com/run/docs/configuring/healthchecks>.
fn run(reader: &mut Reader<'_>, mut service: Service, least: Option<Count>, most: Option<Count>, is_said: bool) {
    let span = service.span;
    // No instance runs while nobody asks, but the service is on.
    service.instances = least.filter(|count| count.value > 1).into_iter().collect();
    service.ceiling = most.or_else(|| (!is_said).then(|| reader.count_of(100, "Cloud Run's default", span)));
    service.health_check = true;
    if service.role == Role::Unknown {
        service.role = Role::Web;
    }
    reader.found.services.push(service);
}

/// <https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/container_app>. Ten replicas at most where nobody says
/// otherwise, and probes of the port where it has an ingress: <https://learn.microsoft.com/azure/container-apps/scale-app#scale-definition>.
fn container_app(reader: &mut Reader<'_>, module: &Module, resource: &Resource) {
    let Some(template) = resource.body.get("template") else { return };
    let mut service = service(reader, resource, CONTAINER_APP, template.get("container"));
    let is_served = resource.body.get("ingress").is_some();
    if is_served && service.role == Role::Unknown {
        service.role = Role::Web;
    }
    service.health_check = is_served;
    let least = module.count(reader, template, "min_replicas", "min_replicas");
    let most = module.count(reader, template, "max_replicas", "max_replicas");
    service.instances = least.filter(|count| count.value > 1).into_iter().collect();
    let by_default =
        || template.get("max_replicas").is_none().then(|| reader.count_of(10, "Container Apps' default", service.span));
    service.ceiling = most.or_else(by_default);
    reader.found.services.push(service);
}
