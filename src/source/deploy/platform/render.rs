//! render.yaml: services, each of which says how many instances it has.
//!
//! Format: <https://render.com/docs/blueprint-spec>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{Reader, mount, name_of, settings, variables};
use crate::model::Name;
use crate::model::deployment::{Role, Service, Sharing};
use crate::source::yaml::Node;

const KIND: &str = "render service";

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml_of_parts(file);
    for root in &documents {
        resources(&mut reader, root);
        for project in reader.items(root, "projects") {
            for environment in reader.items(project, "environments") {
                resources(&mut reader, environment);
            }
        }
    }
    reader.found
}

fn resources(reader: &mut Reader<'_>, node: &Node) {
    for item in reader.items(node, "services") {
        reader.entries(item, "services");
        let service = service(reader, item);
        reader.found.services.extend(service);
    }
    for item in reader.items(node, "databases") {
        if let Some(name) = name_of(item, "name") {
            let database = reader.service(name, KIND, Some(Role::Database), None, Default::default(), Vec::new());
            reader.found.services.push(Service { settings: settings(item), ..database });
        }
    }
}

fn service(reader: &mut Reader<'_>, node: &Rc<Node>) -> Option<Service> {
    let named = name_of(node, "name")?;
    let kind = name_of(node, "type").map(|(kind, _)| kind).unwrap_or_default();
    let word = |key: &str| name_of(node, key).map(|(word, _)| word);
    let is_static = ["runtime", "env"].iter().any(|key| word(key).is_some_and(|runtime| runtime == "static"));
    let role = match kind.as_str() {
        _ if is_static => Some(Role::Static),
        "worker" | "pserv" => None,
        "cron" => Some(Role::Cron),
        "keyvalue" | "redis" => Some(Role::Cache),
        _ => Some(Role::Web),
    };
    let image = node.get("image").and_then(|image| name_of(image, "url")).map(|(image, _)| image);
    let command = reader.command(node.get("dockerCommand").or(node.get("startCommand")));
    let mut service = reader.service(named, KIND, role, image, command, variables(node, "envVars"));
    if service.role == Role::Unknown {
        service.role = if kind == "worker" { Role::Worker } else { Role::Web };
    }
    service.build =
        service.image.is_none().then(|| word("rootDir").or(word("dockerContext")).unwrap_or(Name::new_static(".")));
    // One instance where the file says nothing: <https://render.com/docs/blueprint-spec#numinstances>.
    service.instances = reader.count(node, "numInstances", "numInstances").into_iter().collect();
    if let Some(scaling) = node.get("scaling") {
        let least = reader.count(scaling, "minInstances", "scaling.minInstances");
        if least.is_some() {
            service.instances = least.into_iter().collect();
        }
        service.ceiling = reader.count(scaling, "maxInstances", "scaling.maxInstances");
    }
    // A disk belongs to one instance: <https://render.com/docs/disks#disk-limitations-and-considerations>.
    service.mounts = node
        .get("disk")
        .and_then(|disk| {
            let source = name_of(disk, "name").map(|(name, _)| name).unwrap_or_default();
            mount(&source, disk.get("mountPath")?, Sharing::Own)
        })
        .into_iter()
        .collect();
    service.health_check = node.get("healthCheckPath").is_some();
    service.settings = settings(node);
    Some(service)
}
