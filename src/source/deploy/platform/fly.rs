//! fly.toml: process groups, each of which runs on Machines of its own.
//!
//! Format: <https://fly.io/docs/reference/configuration/>.

use std::rc::Rc;

use super::super::{File, Found};
use super::{MAX_PROCESSES, Reader, environment, mount, name_of, port, settings};
use crate::model::Name;
use crate::model::deployment::{Count, Mount, Role, Service, Sharing};
use crate::model::location::Span;
use crate::source::yaml::Node;

const KIND: &str = "fly process";

/// The group that there is where the file has no `[processes]`.
const DEFAULT: &str = "app";

/// What the file says of services and volumes stands beside the groups and names them.
struct Config<'n> {
    root: &'n Node,
    groups: Vec<(Name, Span, Option<Rc<Node>>)>,
    /// `[http_service]` and `[[services]]`, with their keys.
    services: Vec<(&'static str, Span, Rc<Node>)>,
    mounts: Vec<Rc<Node>>,
}

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::toml(file);
    for root in &documents {
        let config = config(&mut reader, root);
        for (name, span, command) in &config.groups {
            let service = group(&mut reader, &config, (name, *span), command.as_ref());
            reader.found.services.push(service);
        }
    }
    reader.found
}

fn config<'n>(reader: &mut Reader<'_>, root: &'n Node) -> Config<'n> {
    let mut groups: Vec<_> = match root.get("processes") {
        Some(processes) => {
            let entries = reader.entries(processes, "processes").iter().take(MAX_PROCESSES);
            entries.map(|entry| (entry.key.clone(), entry.key_span, Some(Rc::clone(&entry.value)))).collect()
        }
        None => Vec::new(),
    };
    if groups.is_empty() {
        let command = root.get("experimental").and_then(|old| old.get("cmd").or(old.get("entrypoint")));
        groups.push((
            Name::new_static(DEFAULT),
            name_of(root, "app").map_or(root.span, |(_, span)| span),
            command.cloned(),
        ));
    }
    let mut services = Vec::new();
    for key in ["http_service", "services"] {
        let span = root.mapping().and_then(|root| root.entry(key)).map(|entry| entry.key_span);
        let Some(span) = span else { continue };
        // Of several the table itself tells where it begins.
        let items = reader.items(root, key).iter();
        services.extend(items.map(|item| (key, if key == "services" { item.span } else { span }, Rc::clone(item))));
    }
    let mounts = reader.items(root, "mounts").to_vec();
    Config { root, groups, services, mounts }
}

impl Config<'_> {
    /// Does a table that names its groups by `processes` speak of this one? One that names none speaks of the default group, which
    /// is `app`, or the first by its name.
    fn speaks(&self, table: &Node, group: &str) -> bool {
        match table.get("processes") {
            Some(named) if named.text().is_some() => named.text().is_some_and(|text| text == group),
            Some(named) => {
                named.sequence().unwrap_or_default().iter().any(|name| name.text().is_some_and(|name| name == group))
            }
            None => {
                let names = || self.groups.iter().map(|(name, ..)| name.as_str());
                names().find(|name| *name == DEFAULT).or_else(|| names().min()) == Some(group)
            }
        }
    }

    fn services_of<'c>(&'c self, group: &'c str) -> impl Iterator<Item = &'c (&'static str, Span, Rc<Node>)> {
        self.services.iter().filter(move |(_, _, service)| self.speaks(service, group))
    }

    fn mounts_of(&self, group: &str) -> Vec<Mount> {
        // A volume belongs to one Machine, and nothing copies it to others: <https://fly.io/docs/volumes/overview/>.
        let meant = self.mounts.iter().filter(|mount| self.speaks(mount, group));
        let volume = |node: &Rc<Node>| {
            let source = node.get("source").and_then(|source| source.text()).map_or("", |source| source.as_str());
            mount(source, node.get("destination")?, Sharing::Own)
        };
        meant.filter_map(volume).collect()
    }

    fn is_checked(&self, group: &str) -> bool {
        let of_app =
            self.root.get("checks").and_then(|checks| checks.mapping()).map(|checks| checks.entries.as_slice());
        let of_service = |service: &Node| {
            let keys = ["checks", "http_checks", "tcp_checks"];
            keys.iter().any(|key| {
                service.get(key).is_some_and(|checks| {
                    checks.sequence().is_some_and(|all| !all.is_empty()) || checks.mapping().is_some()
                })
            })
        };
        of_app.unwrap_or_default().iter().any(|check| self.speaks(&check.value, group))
            || self.services_of(group).any(|(_, _, service)| of_service(service))
    }
}

fn group(
    reader: &mut Reader<'_>,
    config: &Config<'_>,
    (name, span): (&Name, Span),
    command: Option<&Rc<Node>>,
) -> Service {
    let root = config.root;
    let app = name_of(root, "app").map(|(app, _)| app);
    let shown = if config.groups.len() == 1 { app.clone().unwrap_or_else(|| name.clone()) } else { name.clone() };
    let image = root.get("build").and_then(|build| name_of(build, "image")).map(|(image, _)| image);
    let is_served = config.services_of(name).next().is_some();
    let told = reader.command(command);
    let variables = environment(root.get("env"));
    let is_own = image.is_none();
    let mut service = reader.service((shown, span), KIND, None, image, told, variables);
    if is_served && service.role == Role::Unknown {
        service.role = Role::Web;
    }
    service.build = is_own.then(|| Name::new_static("."));
    service.aliases = app.into_iter().collect();
    service.mounts = config.mounts_of(name);
    service.health_check = config.is_checked(name);
    service.ports = config.services_of(name).filter_map(|(_, _, service)| port(service, "internal_port")).collect();
    service.instances = running(reader, config, name).into_iter().collect();
    service.ceiling = spare(reader, config, name, &service);
    service.settings = settings(root);
    if !is_served {
        // What is said of services concerns other groups: the proxy neither starts nor stops the Machines of this one.
        service
            .settings
            .retain(|setting| !setting.key.starts_with("http_service.") && !setting.key.starts_with("services."));
    }
    service
}

/// The Machines that are never stopped, where they are several.
fn running(reader: &mut Reader<'_>, config: &Config<'_>, name: &str) -> Option<Count> {
    let served: Vec<_> = config.services_of(name).map(|(key, _, node)| (*key, Rc::clone(node))).collect();
    let counts = served
        .iter()
        .filter_map(|(key, node)| reader.count(node, "min_machines_running", format!("{key}.min_machines_running")));
    counts.max_by_key(|count| count.value).filter(|count| count.value > 1)
}

/// `fly launch` and the first `fly deploy` make two Machines of a group that has services and no volume:
/// <https://fly.io/docs/blueprints/resilient-apps-multiple-machines/#you-get-two-machines-on-first-deploy>.
fn spare(reader: &Reader<'_>, config: &Config<'_>, name: &str, service: &Service) -> Option<Count> {
    let (key, span, _) = config.services_of(name).next().filter(|_| service.mounts.is_empty())?;
    (service.replicas() < 2).then(|| reader.count_of(2, format!("two Machines for {key} by default"), *span))
}
