//! heroku.yml: the processes of an app whose images Heroku builds.
//!
//! Format: <https://devcenter.heroku.com/articles/build-docker-images-heroku-yml>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{MAX_PROCESSES, Reader, settings};
use crate::model::Name;
use crate::model::deployment::{Role, Service};
use crate::model::location::Span;
use crate::source::yaml::Node;

pub(super) const KIND: &str = "process";

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml_of_parts(file);
    for root in &documents {
        let builds = root.get("build").and_then(|build| build.get("docker")).cloned();
        let run = root.get("run").map_or(&[][..], |run| reader.entries(run, "run"));
        for entry in run.iter().take(MAX_PROCESSES) {
            // A process may run the image that is built for another.
            let image_of = entry.value.get("image").and_then(|image| image.text()).unwrap_or(&entry.key);
            let dockerfile = builds.as_ref().and_then(|builds| builds.get(image_of));
            let command = entry.value.get("command").unwrap_or(&entry.value);
            let service = process(&reader, (&entry.key, entry.key_span), Some(command), dockerfile, root);
            reader.found.services.push(service);
        }
        // What is built and not run here runs as its Dockerfile says.
        let built = builds.as_ref().map_or(&[][..], |builds| reader.entries(builds, "build.docker"));
        for entry in built.iter().take(MAX_PROCESSES) {
            if !run.iter().any(|process| process.key == entry.key) {
                let service = process(&reader, (&entry.key, entry.key_span), None, Some(&entry.value), root);
                reader.found.services.push(service);
            }
        }
    }
    reader.found
}

fn process(
    reader: &Reader<'_>,
    (name, span): (&Name, Span),
    command: Option<&Rc<Node>>,
    dockerfile: Option<&Rc<Node>>,
    root: &Node,
) -> Service {
    let role = (name == "web").then_some(Role::Web);
    let mut service = reader.service((name.clone(), span), KIND, role, None, reader.command(command), Vec::new());
    let folder =
        dockerfile.and_then(|file| file.text()).and_then(|file| file.rsplit_once('/')).map(|(folder, _)| folder);
    service.build = Some(folder.unwrap_or(".").into());
    service.settings = settings(root);
    service
}
