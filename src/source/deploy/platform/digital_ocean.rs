//! The app spec of DigitalOcean's App Platform: `.do/app.yaml`, and `.do/deploy.template.yaml`, which has it under `spec`.
//!
//! Format: <https://docs.digitalocean.com/products/app-platform/reference/app-spec/>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{Reader, name_of, port, settings, variables};
use crate::model::Name;
use crate::model::deployment::{Role, Service};
use crate::source::yaml::Node;

const KIND: &str = "digitalocean component";

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml_of_parts(file);
    for root in &documents {
        let spec = root.get("spec").unwrap_or(root);
        for (list, role) in [("services", Role::Web), ("workers", Role::Worker), ("static_sites", Role::Static)] {
            for item in reader.items(spec, list) {
                let service = component(&mut reader, spec, item, role);
                reader.found.services.extend(service);
            }
        }
        for item in reader.items(spec, "databases") {
            if let Some(name) = name_of(item, "name") {
                let database = reader.service(name, KIND, Some(Role::Database), None, Default::default(), Vec::new());
                // `num_nodes` counts standbys of a cluster, which is one database.
                reader.found.services.push(Service { settings: settings(item), ..database });
            }
        }
    }
    reader.found
}

fn component(reader: &mut Reader<'_>, spec: &Node, node: &Rc<Node>, role: Role) -> Option<Service> {
    let named = name_of(node, "name").or_else(|| name_of(spec, "name"))?;
    let environment = [variables(spec, "envs"), variables(node, "envs")].concat();
    let image = node.get("image").and_then(|image| name_of(image, "repository")).map(|(image, _)| image);
    // A worker may be a bot or a clock.
    let told = reader.command(node.get("run_command"));
    let known = (role != Role::Worker).then_some(role);
    let mut service = reader.service(named, KIND, known, image, told, environment);
    if service.role == Role::Unknown {
        service.role = role;
    }
    service.build = service.image.is_none().then(|| folder(reader, node));
    service.ports = port(node, "http_port").into_iter().collect();
    // A service is asked at its port where the spec names no path:
    // <https://docs.digitalocean.com/products/app-platform/how-to/manage-health-checks/>.
    service.health_check = role == Role::Web || node.get("health_check").is_some();
    // One where the spec says nothing: <https://docs.digitalocean.com/products/app-platform/reference/app-spec/#ref-services-instance_count>.
    service.instances = reader.count(node, "instance_count", "instance_count").into_iter().collect();
    if let Some(scaling) = node.get("autoscaling") {
        let least = reader.count(scaling, "min_instance_count", "autoscaling.min_instance_count");
        if least.is_some() {
            service.instances = least.into_iter().collect();
        }
        service.ceiling = reader.count(scaling, "max_instance_count", "autoscaling.max_instance_count");
    }
    service.settings = settings(node);
    Some(service)
}

/// Folders go by the root of the repository, in which the file has a folder of its own.
fn folder(reader: &Reader<'_>, node: &Node) -> Name {
    let folder = name_of(node, "source_dir").map(|(folder, _)| folder).unwrap_or_default();
    let up = if reader.path.starts_with(".do/") || reader.path.contains("/.do/") { "../" } else { "./" };
    format!("{up}{}", folder.trim_start_matches('/')).into()
}
