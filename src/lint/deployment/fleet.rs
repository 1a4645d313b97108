//! All services of a project, with what other documents say of them.
//!
//! A HorizontalPodAutoscaler, an overlay or a balancer's upstream speaks of services that another document declares. They meet
//! here, so that everybody else sees one service.

use std::sync::Arc;

use crate::model::Name;
use crate::model::deployment::{Attachment, Balancer, Says, Server, Service, Target};
use crate::model::fact::{FileFacts, Language};
use crate::model::finding::ServiceName;
use crate::model::location::Location;

/// One service, put together.
#[derive(Clone, Debug)]
pub struct Deployed<'a> {
    /// Of the file that declares it.
    pub path: Arc<str>,
    pub language: Language,
    pub service: Service,
    /// As its own document has it.
    pub declared: &'a Service,
}

impl Deployed<'_> {
    pub fn name(&self) -> ServiceName {
        ServiceName { name: self.service.name.clone(), path: self.path.to_string() }
    }

    pub fn location(&self) -> Location {
        Location::new(self.path.clone(), self.service.span)
    }
}

/// The services of all files, in their order.
pub struct Fleet<'a> {
    pub services: Vec<Deployed<'a>>,
}

impl<'a> Fleet<'a> {
    pub fn new(files: &'a [FileFacts]) -> Self {
        let declared = files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)));
        let deployed = |(file, service): (&'a FileFacts, &'a Service)| Deployed {
            path: file.path.clone(),
            language: file.language,
            service: service.clone(),
            declared: service,
        };
        let mut fleet = Fleet { services: declared.map(deployed).collect() };
        for file in files {
            file.attachments.iter().for_each(|attachment| fleet.attach(attachment, &file.path));
        }
        for file in files {
            file.balancers.iter().for_each(|balancer| fleet.balance(balancer, &file.path));
        }
        fleet
    }

    /// The other services of its file.
    pub fn beside<'f>(&'f self, one: &'f Deployed<'a>) -> impl Iterator<Item = &'f Deployed<'a>> {
        self.services.iter().filter(move |other| other.path == one.path && !std::ptr::eq(*other, one))
    }

    fn attach(&mut self, attachment: &Attachment, path: &str) {
        let near =
            self.services.iter().filter(|it| is_meant(it, &attachment.target)).map(|it| nearness(&it.path, path)).max();
        for deployed in &mut self.services {
            if is_meant(deployed, &attachment.target) && Some(nearness(&deployed.path, path)) == near {
                say(&mut deployed.service, attachment);
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
        Target::Configured(_) => false,
    }
}

fn say(service: &mut Service, attachment: &Attachment) {
    match &attachment.says {
        Says::Replicas(count) => service.instances = vec![count.clone()],
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
        Says::Environment(settings) => service.environment.extend(settings.iter().cloned()),
        Says::Settings(settings) => service.settings.extend(settings.iter().cloned()),
    }
}

/// How many folders two paths have in common.
fn nearness(one: &str, other: &str) -> usize {
    let folders = |path: &'_ str| {
        path.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').map(str::to_owned).collect())
    };
    folders(one).iter().zip(&folders(other)).take_while(|(one, other)| one == other).count()
}
