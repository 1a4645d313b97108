//! tako.yaml: services on one's own servers, those of the file or of each of its environments.
//!
//! Format: <https://github.com/redentordev/tako-cli/blob/main/docs/CONFIGURATION.md>.

use std::rc::Rc;
use std::sync::Arc;

use super::super::{File, Found};
use super::{Reader, environment, name_of, port, settings};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Mount, Number, Role, Service, Sharing};
use crate::model::location::Location;
use crate::source::stage;
use crate::source::yaml::{Entry, Node};

const KIND: &str = "tako service";

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml_of_parts(file);
    for root in &documents {
        services(&mut reader, root);
        let environments = root.get("environments").map_or(&[][..], |all| reader.entries(all, "environments"));
        for environment in environments.iter().filter(|environment| !stage::is_workplace(&environment.key)) {
            services(&mut reader, &environment.value);
        }
    }
    reader.found
}

fn services(reader: &mut Reader<'_>, node: &Node) {
    let entries = node.get("services").map_or(&[][..], |all| reader.entries(all, "services"));
    for entry in entries {
        reader.entries(&entry.value, &entry.key);
        let service = service(reader, entry);
        reader.found.services.push(service);
    }
}

fn service(reader: &mut Reader<'_>, entry: &Entry) -> Service {
    let node = &entry.value;
    let word = |key: &str| name_of(node, key).map(|(word, _)| word);
    let is_job = word("kind").is_some_and(|kind| kind == "job") || node.get("schedule").is_some();
    let image = word("image");
    let told = reader.command(node.get("command").or(node.get("entrypoint")));
    let variables = environment(node.get("env"));
    let named = (entry.key.clone(), entry.key_span);
    let mut service = reader.service(named, KIND, is_job.then_some(Role::Cron), image, told, variables);
    service.ports = port(node, "port").into_iter().collect();
    if service.role == Role::Unknown && !service.ports.is_empty() {
        service.role = Role::Web;
    }
    service.build = node.get("build").map(|build| match build.text() {
        Some(context) => context.clone(),
        None => name_of(build, "context").map_or(Name::new_static("."), |(context, _)| context),
    });
    service.instances = reader.count(node, "replicas", "replicas").into_iter().collect();
    let strategy = node.get("placement").and_then(|placement| name_of(placement, "strategy"));
    if let Some((_, span)) = strategy.filter(|(strategy, _)| strategy == "global") {
        // One on each server.
        service.instances = vec![reader.count_of(Number::Several, "placement.strategy: global", span)];
    }
    service.mounts = reader.items(node, "volumes").iter().filter_map(volume).collect();
    service.health_check = node.get("healthCheck").is_some();
    service.affinity = affinity(reader, node);
    service.settings = settings(node);
    service
}

/// `data:/app/data`: a volume of the server on which the instance runs, or a path of it.
fn volume(item: &Rc<Node>) -> Option<Mount> {
    let text = item.text().or(item.get("target").and_then(|target| target.text()))?;
    let mut parts = text.split(':');
    let (source, target) = match (parts.next()?, parts.next()) {
        (source, Some(target)) => (source, target),
        (target, None) => ("", target),
    };
    let sharing = if source.starts_with(['/', '.']) { Sharing::Bind } else { Sharing::Host };
    let read_only = parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro"));
    Some(Mount { source: source.into(), target: target.into(), read_only, sharing, span: item.span })
}

fn affinity(reader: &Reader<'_>, node: &Node) -> Option<Affinity> {
    let (strategy, span) = name_of(node.get("loadBalancer")?, "strategy")?;
    let by = match strategy.as_str() {
        "sticky" => AffinityKey::Cookie,
        "ip_hash" => AffinityKey::Address,
        _ => return None,
    };
    let stated_as = format!("loadBalancer.strategy: {strategy}").into();
    Some(Affinity { by, stated_as, location: Location::new(Arc::clone(&reader.path), span) })
}
