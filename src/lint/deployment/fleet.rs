//! All services of a project, with what other documents say of them.
//!
//! A HorizontalPodAutoscaler, an overlay or a balancer's upstream speaks of services that another document declares. They meet
//! here, so that everybody else sees one service.

use std::sync::Arc;

use crate::model::deployment::{Attachment, Balancer, HealthCheck, Says, Service, Target};
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
    /// How the balancers that list it learn that it cannot answer; `None` where none does.
    pub watched: Option<HealthCheck>,
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
    /// Each with the path of its file.
    pub(super) balancers: Vec<(&'a str, &'a Balancer)>,
    /// Files of which some network is shared with deployments that are not here.
    pub(super) open: Vec<&'a str>,
}

impl<'a> Fleet<'a> {
    pub fn new(files: &'a [FileFacts]) -> Self {
        let declared = files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)));
        let deployed = |(file, service): (&'a FileFacts, &'a Service)| Deployed {
            path: file.path.clone(),
            language: file.language,
            service: service.clone(),
            declared: service,
            watched: None,
        };
        let balancers =
            files.iter().flat_map(|file| file.balancers.iter().map(move |balancer| (&*file.path, balancer)));
        let is_open = |file: &&FileFacts| file.settings.iter().any(|setting| shares_network(&setting.key));
        let mut fleet = Fleet {
            services: declared.map(deployed).collect(),
            balancers: balancers.collect(),
            open: files.iter().filter(is_open).map(|file| &*file.path).collect(),
        };
        for file in files {
            file.attachments.iter().for_each(|attachment| fleet.attach(attachment, &file.path));
        }
        fleet.tell_apart();
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

    /// Services of one app to which balancers send different requests, none of them to two of these, are not instances of one service.
    fn tell_apart(&mut self) {
        for service in self.services.iter_mut().map(|it| &mut it.service).filter(|service| service.copies.len() > 1) {
            let listed = |balancer: &Balancer| {
                service.copies.iter().filter(|copy| balancer.servers.iter().any(|server| server.host == **copy)).count()
            };
            let counts: Vec<usize> =
                self.balancers.iter().map(|(_, it)| listed(it)).filter(|count| *count > 0).collect();
            if counts.len() > 1 && counts.iter().all(|count| *count == 1) {
                service.instances.clear();
            }
        }
    }

    /// Servers that a balancer lists are kept together by it, and watched.
    fn balance(&mut self, balancer: &Balancer, path: &str) {
        let is_listed = |service: &Service| balancer.servers.iter().any(|server| service.is_called(&server.host));
        let near = self.services.iter().filter(|it| is_listed(&it.service)).map(|it| nearness(&it.path, path)).max();
        for deployed in &mut self.services {
            if is_listed(&deployed.service) && Some(nearness(&deployed.path, path)) == near {
                deployed.watched = deployed.watched.max(Some(balancer.health_check));
                if let Some(affinity) = &balancer.affinity {
                    deployed.service.affinity.get_or_insert_with(|| affinity.clone());
                }
            }
        }
    }
}

/// The setting of a Compose file that says of a network that it is not its own.
fn shares_network(key: &str) -> bool {
    key.starts_with("networks.") && key.ends_with(".external")
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
pub(super) fn nearness(one: &str, other: &str) -> usize {
    let folders = |path: &'_ str| {
        path.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').map(str::to_owned).collect())
    };
    folders(one).iter().zip(&folders(other)).take_while(|(one, other)| one == other).count()
}
