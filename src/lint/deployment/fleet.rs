//! All services of a project, with what other documents say of them.
//!
//! A HorizontalPodAutoscaler, an overlay or a balancer's upstream speaks of services that another document declares. They meet
//! here, so that everybody else sees one service.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::{code, image, script};
use crate::model::Name;
use crate::model::deployment::{Attachment, Balancer, Count, HealthCheck, SERVER, Says, Service, Target};
use crate::model::fact::{FileFacts, Language, Setting, Value};
use crate::model::finding::ServiceName;
use crate::model::location::{Location, Span};
use crate::source::deploy::{processes, role};
use crate::source::stage::{self, Stage};

/// One service, put together.
#[derive(Clone, Debug)]
pub struct Deployed<'a> {
    /// Of the file that declares it.
    pub path: Arc<str>,
    pub language: Language,
    pub service: Service,
    /// As its own document has it.
    pub declared: &'a Service,
    /// The folder of the code that its image is made of, where it pulls one that a Dockerfile of the project describes.
    pub code: Option<String>,
    /// Its number as files state it, where an autoscaler sets it as well.
    pub stated: Vec<Count>,
    /// It is worth a row of its own.
    pub is_row: bool,
    /// How the balancers that list it learn that it cannot answer; `None` where none does.
    pub watched: Option<HealthCheck>,
}

impl Deployed<'_> {
    pub fn name(&self) -> ServiceName {
        ServiceName { name: self.service.name.clone(), path: self.path.to_string(), line: self.service.span.line }
    }

    /// Where one of its spans lies. What stands in a file for a workplace is told where the service says that it uses it.
    pub fn place(&self, span: Span) -> Location {
        let place = self.service.place(span, &self.path);
        if place.path == self.path || stage::of(&place.path) == Stage::Deployed {
            return place;
        }
        let own = self.declared.command_span.unwrap_or(self.declared.span);
        Location::new(self.path.clone(), own)
    }

    /// Do its instances share a disk without further ado, as processes of one machine do?
    pub fn shares_disk(&self) -> bool {
        matches!(
            self.language,
            Language::Supervisor | Language::Systemd | Language::Cron | Language::Workers | Language::Gunicorn
        )
    }

    /// Do all its instances run on one host, as Compose has it without a swarm?
    pub fn is_on_one_host(&self) -> bool {
        let is_of_swarm = |setting: &Setting| SWARM.iter().any(|key| setting.key.starts_with(key));
        self.language == Language::Compose && !self.is_stack() && !self.service.settings.iter().any(is_of_swarm)
    }

    /// Does the name of its file say that it is for a swarm?
    pub fn is_stack(&self) -> bool {
        self.path.rsplit('/').next().is_some_and(|name| name.contains("stack"))
    }

    pub fn location(&self) -> Location {
        Location::new(self.path.clone(), self.service.span)
    }
}

/// Settings of a Compose file that only a swarm, or Docker Cloud, follows:
/// <https://docs.docker.com/reference/compose-file/deploy/>.
const SWARM: [&str; 5] =
    ["deploy.mode", "deploy.placement", "deploy.endpoint_mode", "deploy.update_config", "target_num_containers"];

/// The services of all files, in their order.
pub struct Fleet<'a> {
    pub services: Vec<Deployed<'a>>,
    /// Each with the path of its file.
    pub(super) balancers: Vec<(&'a str, &'a Balancer)>,
    /// Files of which some network is shared with deployments that are not here.
    pub(super) open: Vec<&'a str>,
    /// Who runs the code of a file, by its path, as far as somebody asked: places in `services`. Rules ask for the same files again
    /// and again, and each answer looks at all services.
    runners: RwLock<HashMap<Box<str>, Vec<usize>>>,
}

impl<'a> Fleet<'a> {
    pub fn new(files: &'a [FileFacts]) -> Self {
        let declared = files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)));
        let deployed = |(file, service): (&'a FileFacts, &'a Service)| Deployed {
            path: file.path.clone(),
            language: if file.language.is_code() { Language::Workers } else { file.language },
            service: service.clone(),
            declared: service,
            code: None,
            stated: Vec::new(),
            is_row: true,
            watched: None,
        };
        let balancers =
            files.iter().flat_map(|file| file.balancers.iter().map(move |balancer| (&*file.path, balancer)));
        let is_open = |file: &&FileFacts| file.settings.iter().any(|setting| shares_network(&setting.key));
        let mut fleet = Fleet {
            services: declared.map(deployed).collect(),
            balancers: balancers.collect(),
            open: files.iter().filter(is_open).map(|file| &*file.path).collect(),
            runners: RwLock::default(),
        };
        let said = files.iter().flat_map(|file| file.attachments.iter().map(move |said| (said, &file.path)));
        let mut said: Vec<_> = said.collect();
        said.sort_by_key(|(attachment, _)| turn(attachment));
        said.into_iter().for_each(|(attachment, path)| fleet.attach(attachment, path));
        image::build(&mut fleet.services);
        script::follow(&mut fleet.services, files);
        fleet.fold_servers();
        fleet.tell_apart();
        for file in files {
            file.balancers.iter().for_each(|balancer| fleet.balance(balancer, &file.path));
        }
        fleet
    }

    /// The services that run the code of a file.
    pub(super) fn running<'f>(&'f self, path: &str) -> Vec<&'f Deployed<'a>> {
        let known = self.runners.read().ok().and_then(|known| known.get(path).cloned());
        let places = known.unwrap_or_else(|| {
            let places = code::running(&self.services, path);
            if let Ok(mut known) = self.runners.write() {
                known.insert(path.into(), places.clone());
            }
            places
        });
        places.into_iter().map(|place| &self.services[place]).collect()
    }

    /// The other services of its file.
    pub fn beside<'f>(&'f self, one: &'f Deployed<'a>) -> impl Iterator<Item = &'f Deployed<'a>> {
        self.services.iter().filter(move |other| other.path == one.path && !std::ptr::eq(*other, one))
    }

    /// What a server's own file says belongs to the services that run the server; where there are none, it stands for itself.
    fn fold_servers(&mut self) {
        let is_server = |it: &Deployed<'_>| it.service.kind == SERVER;
        let (mut servers, mut apps): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.services).into_iter().partition(is_server);
        let mut alone: Vec<Deployed<'a>> = Vec::new();
        // A command line comes before a file of settings.
        servers.sort_by_key(|server| server.service.command.is_none());
        let own: Vec<Arc<str>> =
            servers.iter().filter(|it| it.service.command.is_none()).map(|it| Arc::clone(&it.path)).collect();
        for server in servers {
            let mut is_run = false;
            for app in apps.iter_mut().filter(|app| code::runs(app, &server)) {
                is_run = true;
                if code::has_nearer(app, &server.path, &own) {
                    continue;
                }
                app.service.serve(server.service.clone().seen_from(&server.path, &app.path));
            }
            match alone.iter_mut().find(|other| code::are_one(other, &server)) {
                _ if is_run || processes::is_variable(&server.service.name) => {}
                Some(other) => other.service.serve(server.service.seen_from(&server.path, &other.path)),
                None => alone.push(server),
            }
        }
        apps.append(&mut alone);
        self.services = apps;
    }

    fn attach(&mut self, attachment: &Attachment, path: &Arc<str>) {
        if matches!(attachment.says, Says::Replaces) {
            self.services.retain(|it| !is_meant(it, &attachment.target));
        }
        let near =
            self.services.iter().filter(|it| is_meant(it, &attachment.target)).map(|it| nearness(&it.path, path)).max();
        let is_by_place = matches!(attachment.target, Target::Below(_));
        for deployed in &mut self.services {
            let is_near = is_by_place || Some(nearness(&deployed.path, path)) == near;
            if is_meant(deployed, &attachment.target) && is_near {
                say(deployed, attachment, path);
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
        Target::Below(places) => places.iter().any(|place| {
            deployed.path.strip_prefix(&**place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }),
        Target::Declared { path, name } => {
            deployed.path == *path && (service.name == *name || service.copies.contains(name))
        }
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
    let home = deployed.path.clone();
    let service = &mut deployed.service;
    match &attachment.says {
        // Of several overlays the one that runs most instances.
        Says::Replicas(count) => {
            if service.instances == deployed.declared.instances || service.replicas() < count.value {
                service.instances = vec![count.clone()];
            }
        }
        Says::Scales { least, most } => {
            deployed.stated = std::mem::replace(&mut service.instances, vec![least.clone()]);
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
            service.elsewhere.extend(settings.iter().map(|setting| (setting.span, Arc::clone(path))));
        }
        Says::Renames { prefix, suffix, images } => {
            service.aliases.push(Name::new(format!("{prefix}{}{suffix}", service.name)));
            let written = service.image.as_deref().map(role::without_tag);
            let new = images.iter().find(|(known, _)| written == Some(known.as_str())).map(|(_, new)| new.clone());
            if let Some(new) = new {
                service.role = role::of_image(&new).unwrap_or(service.role);
                service.image = Some(new);
            }
        }
        Says::Overlays(upper) => {
            let lower = std::mem::replace(service, Service::named("", service.span));
            let upper = upper.as_ref().clone().seen_from(path, &home);
            *service = match lower.copies.iter().position(|copy| lower.copies.len() > 1 && *copy == upper.name) {
                Some(copy) => laid_over_copy(upper, lower, copy),
                None => laid_over(upper, lower, deployed.declared),
            };
        }
        Says::Replaces => {}
    }
}

/// Of several overlays the one that runs most instances counts.
fn laid_over(upper: Service, lower: Service, declared: &Service) -> Service {
    let (span, kind) = (lower.span, lower.kind.clone());
    let most =
        (lower.instances != declared.instances && lower.replicas() > upper.replicas()).then(|| lower.instances.clone());
    let whole = upper.laid_over(lower);
    Service { span, kind, instances: most.unwrap_or(whole.instances.clone()), ..whole }
}

/// What is laid over one of several copies changes the number of this copy, and no other's.
fn laid_over_copy(mut upper: Service, lower: Service, copy: usize) -> Service {
    let number = std::mem::take(&mut upper.instances).into_iter().next();
    // One copy that has a name of its own for its container gets along with the others.
    upper.container_name = upper.container_name.filter(|_| number.as_ref().is_some_and(|number| number.value > 1));
    let (span, kind, name) = (lower.span, lower.kind.clone(), lower.name.clone());
    let mut whole = Service { span, kind, name, ..upper.clone().laid_over(lower) };
    if let (Some(number), Some(count)) = (number, whole.instances.get_mut(copy)) {
        let stated_as = Name::new(format!("{} of `{}`", number.stated_as, upper.name));
        *count = Count { stated_as, ..number };
    }
    whole
}

/// How many folders two paths have in common.
pub(super) fn nearness(one: &str, other: &str) -> usize {
    let folders = |path: &'_ str| {
        path.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').map(str::to_owned).collect())
    };
    folders(one).iter().zip(&folders(other)).take_while(|(one, other)| one == other).count()
}
