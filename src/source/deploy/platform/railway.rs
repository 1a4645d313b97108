//! railway.json and railway.toml: one service, which the file does not name.
//!
//! Format: <https://docs.railway.com/config-as-code/reference>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{Reader, folder_name, settings};
use crate::model::Name;
use crate::model::deployment::{Count, Role, Service};
use crate::source::yaml::Node;

const KIND: &str = "railway service";

pub fn read(file: &File<'_>) -> Found {
    let is_toml = file.path.to_ascii_lowercase().ends_with(".toml");
    let (mut reader, documents) = if is_toml { Reader::toml(file) } else { Reader::yaml(file) };
    for root in &documents {
        if let Some(deploy) = root.get("deploy") {
            let service = service(&mut reader, root, deploy);
            reader.found.services.push(service);
        }
    }
    reader.found
}

fn service(reader: &mut Reader<'_>, root: &Node, deploy: &Rc<Node>) -> Service {
    let span = root.mapping().and_then(|root| root.entry("deploy")).map_or(deploy.span, |entry| entry.key_span);
    let role = deploy.get("cronSchedule").map(|_| Role::Cron);
    let command = reader.command(deploy.get("startCommand"));
    let mut service = reader.service((folder_name(&reader.path), span), KIND, role, None, command, Vec::new());
    service.health_check = deploy.get("healthcheckPath").is_some();
    if service.role == Role::Unknown && service.health_check {
        service.role = Role::Web;
    }
    service.build = Some(Name::new_static("."));
    service.instances = instances(reader, deploy);
    service.settings = settings(root);
    service
}

/// Replicas of each region where the file names regions, else those of the one; one where it says nothing:
/// <https://docs.railway.com/reference/scaling>.
fn instances(reader: &mut Reader<'_>, deploy: &Rc<Node>) -> Vec<Count> {
    let Some(regions) = deploy.get("multiRegionConfig") else {
        return reader.count(deploy, "numReplicas", "numReplicas").into_iter().collect();
    };
    let regions = reader.entries(regions, "multiRegionConfig").iter().filter(|region| !region.value.is_null());
    regions
        .filter_map(|region| match region.value.get("numReplicas") {
            Some(_) => reader.count(&region.value, "numReplicas", format!("numReplicas of {}", region.key)),
            None => Some(reader.count_of(1, format!("region {}", region.key), region.key_span)),
        })
        .collect()
}
