//! Services that are copies of one app are one service with several instances.
//!
//! `server2: {<<: *server}` is how people scale by hand. Copies run the same thing: same build or image, same
//! command, same role. Beyond that they must be declared as copies (merged from or extending each other or the same anchor), be built from
//! the same folder, or be named alike; two services from one public image need not have anything to do with each other.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::model::Name;
use crate::model::deployment::{Count, Role, Service};
use crate::model::fact::Value;
use crate::model::location::{Location, Span};
use crate::source::yaml::Node;

/// A service before copies are gathered.
pub(super) struct Draft {
    pub service: Service,
    identity: Identity,
    /// Its node as others merge it, then those of its sources that say what runs.
    family: Vec<Rc<Node>>,
    stem: String,
}

/// What copies of one app have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Identity {
    role: Role,
    /// Build context, else image.
    origin: Name,
    is_built: bool,
    command: Option<Name>,
    /// What makes another app of the same origin: Dockerfile, build arguments, working directory, profiles.
    source: Vec<String>,
    /// Variables by which one image is told to be this or that program.
    told: Vec<(Name, String)>,
}

/// Values of these that differ in their numbers only are the same.
const ROLE_VARIABLES: &[&str] = &[
    "ROLE",
    "MODE",
    "SERVICE",
    "SERVICE_NAME",
    "SERVICE_TYPE",
    "COMPONENT",
    "PROCESS_TYPE",
    "APP",
    "APP_NAME",
    "APP_MODULE",
    "COMMAND",
];

impl Draft {
    /// `node` is the service's node as others merge it, `whole` the same with all that it extends.
    pub(super) fn new(service: Service, node: &Rc<Node>, whole: &Node) -> Self {
        let build = whole.get("build");
        let of_build =
            ["dockerfile", "dockerfile_inline", "target", "args"].map(|key| build.and_then(|build| build.get(key)));
        let of_service = ["working_dir", "profiles"].map(|key| whole.get(key));
        let identity = Identity {
            // Of two copies often only one publishes a port, from which its role was guessed.
            role: if service.role == Role::Unknown { Role::Web } else { service.role },
            origin: service.build.clone().or_else(|| service.image.clone()).unwrap_or_default(),
            is_built: service.build.is_some(),
            command: service.command.clone(),
            source: of_build
                .into_iter()
                .chain(of_service)
                .map(|value| value.map(|value| plain(value)).unwrap_or_default())
                .collect(),
            told: told(&service),
        };
        Draft { identity, family: family(node, whole), stem: stem(&service.name), service }
    }

    /// Several databases, caches or brokers are a cluster, or have nothing to do with each other; several balancers likewise.
    fn can_have_copies(&self) -> bool {
        let is_app = !matches!(self.service.role, Role::Database | Role::Cache | Role::Broker | Role::Balancer);
        is_app && !self.identity.origin.is_empty()
    }

    /// Whether two drafts of one identity are copies.
    fn is_copy_of(&self, other: &Draft) -> bool {
        let is_declared = || self.family.iter().any(|node| other.family.iter().any(|other| Rc::ptr_eq(node, other)));
        self.identity.is_built || self.stem == other.stem || is_declared()
    }
}

/// Services in the order of the text, each group of copies under the name of the one that the others are copies of.
pub(super) fn gather(path: &Arc<str>, drafts: Vec<Draft>) -> Vec<Service> {
    let mut groups: Vec<Vec<Draft>> = Vec::new();
    let mut groups_of: HashMap<Identity, Vec<usize>> = HashMap::new();
    for draft in drafts {
        let alike = groups_of.entry(draft.identity.clone()).or_default();
        let is_copy =
            |group: &&usize| draft.can_have_copies() && groups[**group].iter().any(|other| draft.is_copy_of(other));
        match alike.iter().find(is_copy).copied() {
            Some(group) => groups[group].push(draft),
            None => {
                alike.push(groups.len());
                groups.push(vec![draft]);
            }
        }
    }
    groups.into_iter().map(|group| one_service(path, group)).collect()
}

/// The service's node and all of its sources that have an image or a build.
fn family(node: &Rc<Node>, whole: &Node) -> Vec<Rc<Node>> {
    let mut found = vec![Rc::clone(node)];
    let mut seen = HashSet::new();
    let sources = |node: &Node| node.mapping().map(|mapping| mapping.sources.clone()).unwrap_or_default();
    let mut open = sources(whole);
    while let Some(source) = open.pop() {
        if seen.insert(Rc::as_ptr(&source)) && seen.len() <= MAX_SOURCES {
            open.extend(sources(&source));
            if source.get("image").is_some() || source.get("build").is_some() {
                found.push(source);
            }
        }
    }
    found
}

/// Sources of one service that are looked at; nobody has more.
const MAX_SOURCES: usize = 100;

/// The end of the names of variables that tell which bot a program is: with a token of its own it is another one.
const TOKEN: &str = "TOKEN";

fn told(service: &Service) -> Vec<(Name, String)> {
    let is_telling = |key: &str| {
        ROLE_VARIABLES
            .iter()
            .any(|role| key.strip_suffix(role).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
    };
    let is_token = |key: &str| service.role == Role::Bot && key.ends_with(TOKEN);
    let settings = service.environment.iter().filter(|setting| is_telling(&setting.key) || is_token(&setting.key));
    let mut told: Vec<_> = settings
        .map(|setting| match &setting.value {
            Value::Text(text) if !is_token(&setting.key) => (setting.key.clone(), stem(text)),
            value => (setting.key.clone(), format!("{value:?}")),
        })
        .collect();
    told.sort();
    told
}

/// A node as text that is equal where two nodes mean the same.
fn plain(node: &Node) -> String {
    match (&node.text(), node.sequence(), node.mapping()) {
        (Some(text), ..) => text.to_string(),
        (_, Some(items), _) => items.iter().map(|item| plain(item) + ",").collect(),
        (.., Some(mapping)) => {
            mapping.entries.iter().map(|entry| format!("{}={},", entry.key, plain(&entry.value))).collect()
        }
        _ => String::new(),
    }
}

/// A name without the number or letter at its end: `server2`, `server-b` and `server_03` are `server`.
fn stem(name: &str) -> String {
    let separators = ['-', '_', '.'];
    let without_number = name.trim_end_matches(|char: char| char.is_ascii_digit()).trim_end_matches(separators);
    match without_number.rsplit_once(separators) {
        Some((before, last)) if last.len() == 1 && !before.is_empty() => before.to_string(),
        _ => without_number.to_string(),
    }
}

fn one_service(path: &Arc<str>, mut group: Vec<Draft>) -> Service {
    if group.len() == 1 {
        return group.remove(0).service;
    }
    let instances = group.iter().map(|draft| as_instance(path, &draft.service)).collect();
    let copies = group.iter().map(|draft| draft.service.name.clone()).collect();
    let container_name = contested_name(&group);
    let own = own(&group);
    let original = group.remove(original(&group)).service;
    let whole = group.into_iter().fold(original, |whole, copy| joined(whole, copy.service));
    Service { instances, copies, own, container_name, ..whole }
}

/// What one copy alone says, which is all that differs between copies. What a copy says that runs several times, its instances share.
fn own(group: &[Draft]) -> Vec<(Name, Value)> {
    let mut said: HashMap<(&Name, String), (&Value, u32)> = HashMap::new();
    for service in group.iter().map(|draft| &draft.service) {
        for setting in service.environment.iter().chain(&service.settings) {
            let entry = said.entry((&setting.key, format!("{:?}", setting.value))).or_insert((&setting.value, 0));
            entry.1 = entry.1.saturating_add(service.replicas());
        }
    }
    let alone = said.into_iter().filter(|(_, (_, times))| *times < 2);
    let mut own: Vec<_> = alone.map(|((key, text), (value, _))| (key.clone(), text, value.clone())).collect();
    own.sort_unstable_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    own.into_iter().map(|(key, _, value)| (key, value)).collect()
}

/// The name that two copies ask for, or a copy that runs several times. Copies with names of their own get along.
fn contested_name(group: &[Draft]) -> Option<(Name, Span)> {
    let mut seen = HashSet::new();
    let mut named = group.iter().filter_map(|draft| Some((draft, draft.service.container_name.as_ref()?)));
    let contested = named.find(|(draft, (name, _))| !seen.insert(name) || draft.service.replicas() > 1);
    contested.map(|(_, at)| at.clone())
}

fn as_instance(path: &Arc<str>, service: &Service) -> Count {
    let location = Location::new(Arc::clone(path), service.span);
    let count = Count::new(service.replicas(), format!("service `{}`", service.name), location);
    Count { at_least: service.instances.iter().any(|count| count.at_least), ..count }
}

/// The original with what one of its copies holds on to. What was merged into the copy is the original's already.
fn joined(mut whole: Service, copy: Service) -> Service {
    whole.ports.extend(copy.ports.into_iter().filter(|port| !whole.ports.contains(port)).collect::<Vec<_>>());
    whole.mounts.extend(copy.mounts.into_iter().filter(|mount| !whole.mounts.contains(mount)).collect::<Vec<_>>());
    whole
        .environment
        .extend(copy.environment.into_iter().filter(|new| !whole.environment.contains(new)).collect::<Vec<_>>());
    whole
        .depends_on
        .extend(copy.depends_on.into_iter().filter(|name| !whole.depends_on.contains(name)).collect::<Vec<_>>());
    whole.aliases.extend(copy.aliases);
    whole.host_network = whole.host_network.or(copy.host_network);
    whole.processes = whole.processes.or(copy.processes);
    whole.health_check &= copy.health_check;
    whole
}

/// Index of the draft that others are merged from; the first where none is.
fn original(group: &[Draft]) -> usize {
    let merged: HashSet<_> = group.iter().flat_map(|draft| &draft.family[1..]).map(Rc::as_ptr).collect();
    group.iter().position(|draft| merged.contains(&Rc::as_ptr(&draft.family[0]))).unwrap_or(0)
}
