//! amvera.yml: one app, how it is built and how it is run. How often it runs is set on the platform's page of the project, and so
//! unknown here.
//!
//! Format: <https://docs.amvera.ru/applications/configuration/config-file.html>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{Reader, folder_name, mount, port, settings};
use crate::model::Name;
use crate::model::deployment::{Role, Service, Sharing};
use crate::source::yaml::Node;

const KIND: &str = "amvera app";

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml(file);
    for root in &documents {
        if let Some(entry) = root.mapping().and_then(|root| root.entry("run")) {
            reader.entries(&entry.value, "run");
            let mut service = app(&reader, &entry.value);
            service.span = entry.key_span;
            service.settings = settings(root);
            reader.found.services.push(service);
        }
    }
    reader.found
}

fn app(reader: &Reader<'_>, run: &Rc<Node>) -> Service {
    // A Python or Node app names its script instead of a command.
    let told = reader.command(run.get("command").or(run.get("scriptName")));
    let mut service = reader.service((folder_name(&reader.path), run.span), KIND, None, None, told, Vec::new());
    service.ports = port(run, "containerPort").into_iter().collect();
    if service.role == Role::Unknown && !service.ports.is_empty() {
        service.role = Role::Web;
    }
    service.build = Some(Name::new_static("."));
    // The project's storage: <https://docs.amvera.ru/applications/storage.html>. Who shares it among several instances is not said there.
    service.mounts =
        run.get("persistenceMount").and_then(|path| mount("data", path, Sharing::Unknown)).into_iter().collect();
    service
}
