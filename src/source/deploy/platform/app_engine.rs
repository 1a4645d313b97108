//! app.yaml of Google App Engine: one service and how it is scaled.
//!
//! Format: <https://cloud.google.com/appengine/docs/standard/reference/app-yaml>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{Reader, environment, name_of, settings};
use crate::model::Name;
use crate::model::deployment::{Count, Number, Role, Service};
use crate::source::yaml::Node;

const KIND: &str = "app engine service";

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml(file);
    for root in documents.iter().filter(|root| root.get("runtime").is_some()) {
        let service = service(&mut reader, root);
        reader.found.services.push(service);
    }
    reader.found
}

fn service(reader: &mut Reader<'_>, root: &Rc<Node>) -> Service {
    let runtime = root.mapping().and_then(|root| root.entry("runtime")).map_or(root.span, |entry| entry.key_span);
    let named = name_of(root, "service").or(name_of(root, "module")).unwrap_or((Name::new_static("default"), runtime));
    let told = reader.command(root.get("entrypoint"));
    let variables = environment(root.get("env_variables"));
    let mut service = reader.service(named, KIND, Some(Role::Web), None, told, variables);
    service.build = Some(Name::new_static("."));
    // The platform asks each instance: by itself in the standard environment, as the file says in the flexible one.
    service.health_check = true;
    (service.instances, service.ceiling) = scaling(reader, root, runtime);
    service.settings = settings(root);
    service
}

/// Instances that the file asks for, and the most that the platform may make of them.
fn scaling(reader: &mut Reader<'_>, root: &Node, runtime: crate::model::location::Span) -> (Vec<Count>, Option<Count>) {
    if let Some(manual) = root.get("manual_scaling") {
        return (reader.count(manual, "instances", "manual_scaling.instances").into_iter().collect(), None);
    }
    if let Some(basic) = root.get("basic_scaling") {
        return (Vec::new(), reader.count(basic, "max_instances", "basic_scaling.max_instances"));
    }
    // What is not told how to scale scales automatically:
    // <https://cloud.google.com/appengine/docs/legacy/standard/go111/how-instances-are-managed#scaling_types>.
    let by_default = |reader: &Reader<'_>| Some(reader.count_of(Number::Several, "automatic scaling", runtime));
    let Some(automatic) = root.get("automatic_scaling") else { return (Vec::new(), by_default(reader)) };
    let mut either = |keys: [&str; 2]| {
        let key = keys.into_iter().find(|key| automatic.get(key).is_some())?;
        reader.count(automatic, key, format!("automatic_scaling.{key}"))
    };
    let least = either(["min_instances", "min_num_instances"]);
    let most = either(["max_instances", "max_num_instances"]);
    // No instance runs while nobody asks, but the app is on.
    (least.filter(|count| count.value > 1).into_iter().collect(), most.or_else(|| by_default(reader)))
}
