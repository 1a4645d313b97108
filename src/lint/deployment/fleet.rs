//! All services of a project, with what other documents say of them.
//!
//! A HorizontalPodAutoscaler, an overlay or a balancer's upstream speaks of services that another document declares. They meet
//! here, so that everybody else sees one service.

use std::sync::Arc;

use crate::model::Name;
use crate::model::deployment::{Attachment, Balancer, Says, Server, Service, Target};
use crate::model::fact::{FileFacts, Language, Value};
use crate::model::finding::ServiceName;
use crate::model::location::Location;
use crate::source::deploy::processes;

/// One service, put together.
#[derive(Clone, Debug)]
pub struct Deployed<'a> {
    /// Of the file that declares it.
    pub path: Arc<str>,
    pub language: Language,
    pub service: Service,
    /// As its own document has it.
    pub declared: &'a Service,
    /// The files of those settings that others say, which stand behind its own.
    said_in: Vec<Arc<str>>,
}

impl<'a> Deployed<'a> {
    pub(super) fn new(path: Arc<str>, language: Language, declared: &'a Service) -> Self {
        Deployed { path, language, service: declared.clone(), declared, said_in: Vec::new() }
    }

    pub fn name(&self) -> ServiceName {
        ServiceName { name: self.service.name.clone(), path: self.path.to_string() }
    }

    pub fn location(&self) -> Location {
        Location::new(self.path.clone(), self.service.span)
    }

    /// Where one of its settings is stated.
    pub fn setting_location(&self, index: usize) -> Option<Location> {
        let said_in = index.checked_sub(self.declared.settings.len()).and_then(|index| self.said_in.get(index));
        let path = said_in.unwrap_or(&self.path).clone();
        self.service.settings.get(index).map(|setting| Location::new(path, setting.span))
    }
}

/// The services of all files, in their order.
pub struct Fleet<'a> {
    pub services: Vec<Deployed<'a>>,
}

impl<'a> Fleet<'a> {
    pub fn new(files: &'a [FileFacts]) -> Self {
        let declared = files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)));
        let deployed =
            |(file, service): (&'a FileFacts, &'a Service)| Deployed::new(file.path.clone(), file.language, service);
        let mut fleet = Fleet { services: declared.map(deployed).collect() };
        let said = files.iter().flat_map(|file| file.attachments.iter().map(move |said| (said, &file.path)));
        let mut said: Vec<_> = said.collect();
        said.sort_by_key(|(attachment, _)| turn(attachment));
        said.into_iter().for_each(|(attachment, path)| fleet.attach(attachment, path));
        for file in files {
            file.balancers.iter().for_each(|balancer| fleet.balance(balancer, &file.path));
        }
        fleet
    }

    /// The other services of its file.
    pub fn beside<'f>(&'f self, one: &'f Deployed<'a>) -> impl Iterator<Item = &'f Deployed<'a>> {
        self.services.iter().filter(move |other| other.path == one.path && !std::ptr::eq(*other, one))
    }

    fn attach(&mut self, attachment: &Attachment, path: &Arc<str>) {
        let near =
            self.services.iter().filter(|it| is_meant(it, &attachment.target)).map(|it| nearness(&it.path, path)).max();
        for deployed in &mut self.services {
            if is_meant(deployed, &attachment.target) && Some(nearness(&deployed.path, path)) == near {
                say(deployed, attachment, path);
            }
        }
    }

    /// Servers that a balancer lists are kept together by it.
    fn balance(&mut self, balancer: &Balancer, path: &str) {
        let Some(affinity) = &balancer.affinity else { return };
        let is_listed = |service: &Service| balancer.servers.iter().any(|server| service.is_called(&server.host));
        let near = self.services.iter().filter(|it| is_listed(&it.service)).map(|it| nearness(&it.path, path)).max();
        for deployed in &mut self.services {
            if is_listed(&deployed.service) && Some(nearness(&deployed.path, path)) == near {
                deployed.service.affinity.get_or_insert_with(|| affinity.clone());
            }
        }
    }

    /// The services nearest to a file that one of the names means.
    fn named<'f>(&'f self, names: &'f [&str], path: &'f str) -> impl Iterator<Item = &'f Deployed<'a>> {
        let is_meant = move |it: &&Deployed<'_>| names.iter().any(|name| it.service.is_called(name));
        let near = self.services.iter().filter(is_meant).map(|it| nearness(&it.path, path)).max();
        self.services.iter().filter(is_meant).filter(move |it| Some(nearness(&it.path, path)) == near)
    }

    /// Is the server of a balancer in `path` none of the services of the deployment that the balancer belongs to? Known only where
    /// some services are reached by bare names, and only of such a name.
    pub(super) fn is_absent(&self, server: &Server, path: &str) -> bool {
        let is_bare =
            !server.host.is_empty() && server.host.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        let is_here = matches!(server.host.as_str(), "localhost" | "host");
        let mut named = self.services.iter().filter(|it| it.language == Language::Compose);
        is_bare
            && !is_here
            && server.host.parse::<u32>().is_err()
            && named.any(|it| nearness(&it.path, path) > 0 || !it.path.contains('/'))
            && !self.services.iter().any(|it| it.service.is_called(&server.host))
    }

    /// The copies of services of which a balancer lists one, and not this one.
    pub(super) fn missing(&self, balancer: &Balancer, path: &str) -> Vec<&Name> {
        let hosts: Vec<&str> = balancer.servers.iter().map(|server| server.host.as_str()).collect();
        let mut missing = Vec::new();
        for deployed in self.named(&hosts, path) {
            let copies = &deployed.service.copies;
            if copies.len() > 1 && copies.iter().any(|copy| hosts.contains(&copy.as_str())) {
                missing.extend(deployed.declared.copies.iter().filter(|copy| !hosts.contains(&copy.as_str())));
            }
        }
        missing
    }
}

fn is_meant(deployed: &Deployed<'_>, target: &Target) -> bool {
    let service = &deployed.service;
    match target {
        Target::Named { kind, name } => service.name == *name && (kind.is_empty() || service.kind == *kind),
        Target::Selected(labels) => !labels.is_empty() && labels.iter().all(|label| service.labels.contains(label)),
        Target::Mounting(volume) => service.mounts.iter().any(|mount| mount.source == *volume),
        Target::Configured(name) => service.configured_by.contains(name),
        Target::Behind(name) => service.settings.iter().any(|setting| {
            setting.key == "Service.metadata.name" && matches!(&setting.value, Value::Text(text) if text == name)
        }),
    }
}

/// What is said later counts: an autoscaler is not bound to the number that an overlay sets, and a route speaks of pods by the
/// Service before them.
fn turn(attachment: &Attachment) -> u8 {
    match (&attachment.target, &attachment.says) {
        (Target::Behind(_), _) => 2,
        (_, Says::Scales { .. }) => 1,
        _ => 0,
    }
}

fn say(deployed: &mut Deployed<'_>, attachment: &Attachment, path: &Arc<str>) {
    let service = &mut deployed.service;
    match &attachment.says {
        // Of several overlays the one that runs most instances.
        Says::Replicas(count) => {
            if service.instances == deployed.declared.instances || service.replicas() < count.value {
                service.instances = vec![count.clone()];
            }
        }
        Says::Scales { least, most } => {
            service.instances = vec![least.clone()];
            service.ceiling = Some(most.clone());
        }
        Says::Affinity(affinity) => service.affinity = Some(affinity.clone()),
        Says::Shares(sharing) => {
            if let Target::Mounting(volume) = &attachment.target {
                service
                    .mounts
                    .iter_mut()
                    .filter(|mount| mount.source == *volume)
                    .for_each(|mount| mount.sharing = *sharing);
            }
        }
        Says::Environment(settings) => {
            service.processes = service.processes.take().or_else(|| processes::of(path, &[], settings));
            service.environment.extend(settings.iter().cloned());
        }
        Says::Settings(settings) => {
            service.settings.extend(settings.iter().cloned());
            deployed.said_in.extend(settings.iter().map(|_| path.clone()));
        }
    }
}

/// How many folders two paths have in common.
fn nearness(one: &str, other: &str) -> usize {
    let folders = |path: &'_ str| {
        path.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').map(str::to_owned).collect())
    };
    folders(one).iter().zip(&folders(other)).take_while(|(one, other)| one == other).count()
}
