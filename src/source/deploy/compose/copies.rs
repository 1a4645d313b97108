//! Services that are copies of one app are one service with several instances.
//!
//! `server2: {<<: *server}` is how people scale by hand. Copies run the same thing: same build or image, same command, same role.
//! Beyond that they must be declared as copies (merged from or extending each other or the same anchor), be built from
//! the same folder, or be named alike; two services from one public image need not have anything to do with each other.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::super::yaml::Node;
use crate::model::Name;
use crate::model::deployment::{Count, Role, Service};
use crate::model::fact::Value;
use crate::model::location::Location;

/// A service before copies are gathered.
pub(super) struct Draft {
    pub service: Service,
    pub identity: Identity,
    /// Its node as others merge it.
    pub node: Rc<Node>,
    /// Its node with all that it extends.
    pub whole: Rc<Node>,
}

/// What two copies of one app have in common.
#[derive(PartialEq, Eq)]
pub(super) struct Identity {
    /// Build context, else image.
    pub origin: Option<Name>,
    pub is_built: bool,
    pub command: Vec<String>,
    /// What makes another app of the same origin: Dockerfile, build arguments, working directory, profiles.
    pub source: Vec<String>,
}

/// Variables by which one image is told to be another program. Values that differ in their digits only are the same.
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

/// Services in the order of the text, each group of copies under the name of the one that the others are copies of.
pub(super) fn gather(path: &Arc<str>, drafts: Vec<Draft>) -> Vec<Service> {
    let mut groups: Vec<Vec<Draft>> = Vec::new();
    for draft in drafts {
        match groups.iter_mut().find(|group| group.iter().any(|other| is_copy(&draft, other))) {
            Some(group) => group.push(draft),
            None => groups.push(vec![draft]),
        }
    }
    groups.into_iter().map(|group| one_service(path, group)).collect()
}

fn is_copy(draft: &Draft, other: &Draft) -> bool {
    // Several databases, caches or brokers are a cluster, or have nothing to do with each other; several balancers likewise.
    let is_app = !matches!(draft.service.role, Role::Database | Role::Cache | Role::Broker | Role::Balancer);
    // Of two copies often only one publishes a port, from which its role was guessed.
    let role = |draft: &Draft| if draft.service.role == Role::Unknown { Role::Web } else { draft.service.role };
    is_app
        && role(draft) == role(other)
        && draft.identity == other.identity
        && draft.identity.origin.is_some()
        && same_program(&draft.service, &other.service)
        && (is_declared_copy(draft, other)
            || draft.identity.is_built
            || stem(&draft.service.name) == stem(&other.service.name))
}

/// One is merged from or extends the other, or both the same anchor that says what they run.
fn is_declared_copy(draft: &Draft, other: &Draft) -> bool {
    let (ours, theirs) = (family(draft), family(other));
    ours.iter().any(|node| theirs.iter().any(|other| std::ptr::eq(*node, *other)))
}

/// The service's node and all of its sources that have an image or a build.
fn family(draft: &Draft) -> Vec<&Node> {
    let mut found: Vec<&Node> = vec![&draft.node];
    let mut seen = HashSet::new();
    let mut open: Vec<&Node> = vec![&draft.whole];
    while let Some(node) = open.pop() {
        let sources = node.mapping().map(|mapping| mapping.sources.as_slice()).unwrap_or_default();
        for source in sources.iter().filter(|source| seen.insert(Rc::as_ptr(source))) {
            open.push(source);
            if source.get("image").is_some() || source.get("build").is_some() {
                found.push(source);
            }
        }
    }
    found
}

fn same_program(one: &Service, other: &Service) -> bool {
    let told = |service: &Service| -> Vec<(Name, String)> {
        let telling = |key: &str| ROLE_VARIABLES.iter().any(|role| key == *role || key.ends_with(&format!("_{role}")));
        let settings = service.environment.iter().filter(|setting| telling(&setting.key));
        let mut told: Vec<_> = settings
            .map(|setting| match &setting.value {
                Value::Text(text) => (setting.key.clone(), stem(text)),
                value => (setting.key.clone(), format!("{value:?}")),
            })
            .collect();
        told.sort();
        told
    };
    told(one) == told(other)
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
    let original = group.remove(original(&group)).service;
    let whole = group.into_iter().fold(original, |whole, copy| joined(whole, copy.service));
    Service { instances, ..whole }
}

fn as_instance(path: &Arc<str>, service: &Service) -> Count {
    let location = Location::new(Arc::clone(path), service.span);
    Count { value: service.replicas(), stated_as: format!("service `{}`", service.name).into(), location }
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
    whole.container_name = whole.container_name.or(copy.container_name);
    whole.host_network = whole.host_network.or(copy.host_network);
    whole.processes = whole.processes.or(copy.processes);
    whole.health_check &= copy.health_check;
    whole
}

/// Index of the draft that others are merged from; the first where none is.
fn original(group: &[Draft]) -> usize {
    let is_source = |draft: &Draft| {
        group.iter().any(|other| {
            !Rc::ptr_eq(&other.node, &draft.node)
                && family(other)[1..].iter().any(|node| std::ptr::eq(*node, &*draft.node))
        })
    };
    group.iter().position(is_source).unwrap_or(0)
}
