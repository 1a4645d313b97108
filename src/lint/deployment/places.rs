//! Where a pattern over services or balancers finds what it looks for.

use std::collections::BTreeMap;

use super::fleet::{Deployed, Fleet};
use super::grace;
use crate::lint::value::{self, Fit};
use crate::model::Name;
use crate::model::deployment::{
    Affinity, AffinityKey, Balancer, HealthCheck, Mount, Number, ONE_PER_PROCESSOR, Port, Role, Route, Server, Service,
};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::rules::deployed::{BalancerPattern, ServicePattern};
use crate::rules::pattern::{Pattern, Patterns, ValuePattern};
use crate::source::deploy::processes;

/// A place in a deployment file, and the value there.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub location: Location,
    pub value: String,
}

/// Where a service pattern finds what it looks for; empty where it does not.
pub fn of_service(
    deployed: &Deployed<'_>,
    fleet: &Fleet<'_>,
    pattern: &ServicePattern,
    singletons: &[Name],
) -> Vec<Place> {
    let common = (pattern.alike && !deployed.service.own.is_empty())
        .then(|| Deployed { service: deployed.service.in_common(), ..deployed.clone() });
    let deployed = common.as_ref().unwrap_or(deployed);
    let service = &deployed.service;
    if !is_meant(deployed, fleet, pattern, singletons) {
        return Vec::new();
    }
    let at = |span: Span, value: &str| Place { location: deployed.place(span), value: value.into() };
    let runs = |commands: &Patterns| service.command.as_deref().is_some_and(|command| commands.matches(command));
    if let Some(known) = pattern.cut_short {
        return grace::cut_short(deployed, known).into_iter().collect();
    }
    if let Some(commands) = &pattern.command {
        let told = service.command.as_deref().zip(service.command_span).filter(|_| runs(commands));
        return told.map(|(command, span)| at(span, command)).into_iter().collect();
    }
    if pattern.beyond_processors {
        return beyond_processors(service).into_iter().collect();
    }
    if pattern.beyond_autoscaler {
        return beyond_autoscaler(deployed).into_iter().collect();
    }
    if let Some(targets) = &pattern.mount {
        let mounts = mounts(service, targets, pattern);
        return mounts.map(|mount| at(mount.span, &mount.target)).collect();
    }
    if pattern.container_name {
        return service.container_name.iter().map(|(name, span)| at(*span, name)).collect();
    }
    if pattern.host_port {
        return contested(service, pattern.instances)
            .map(|port| at(port.span, &port.host.map(|(first, _)| first.to_string()).unwrap_or_default()))
            .collect();
    }
    if pattern.host_network {
        return service.host_network.iter().map(|span| at(*span, "")).collect();
    }
    if !pattern.affinity.is_empty() {
        return kept(service.affinity.as_ref(), &pattern.affinity).into_iter().collect();
    }
    if let Some(index) = first(&service.environment, &pattern.environment) {
        let variable = &service.environment[index];
        return vec![at(variable.span, &shown(variable))];
    }
    if pattern.no_health_check {
        return vec![at(service.container.unwrap_or(service.span), "")];
    }
    let asked = first(&service.settings, &pattern.with).or_else(|| same(&service.settings, pattern.same.as_ref()));
    if let Some(index) = asked {
        return stated(deployed, index).into_iter().collect();
    }
    let counted = service.instances.first().or(service.ceiling.as_ref());
    let count = if pattern.processes > 1 { service.processes.as_ref().or(counted) } else { counted };
    match count {
        Some(count) => vec![Place { location: count.location.clone(), value: count.stated_as.to_string() }],
        None => vec![at(service.span, "")],
    }
}

/// The place of one of its settings, which another file may have stated.
fn stated(deployed: &Deployed<'_>, index: usize) -> Option<Place> {
    let setting = deployed.service.settings.get(index)?;
    Some(Place { location: deployed.place(setting.span), value: shown(setting) })
}

/// Is there a service that runs the code of a file, and that the pattern finds something in?
pub fn is_run_by(fleet: &Fleet<'_>, path: &str, pattern: &ServicePattern, singletons: &[Name]) -> bool {
    fleet.running(path).iter().any(|deployed| !of_service(deployed, fleet, pattern, singletons).is_empty())
}

/// Does the service run the code of the file?
pub fn runs_code(fleet: &Fleet<'_>, deployed: &Deployed<'_>, path: &str) -> bool {
    fleet.running(path).iter().any(|one| std::ptr::eq(*one, deployed))
}

/// Do all those fields fit that are no places?
fn is_meant(deployed: &Deployed<'_>, fleet: &Fleet<'_>, pattern: &ServicePattern, singletons: &[Name]) -> bool {
    let service = &deployed.service;
    let image = |patterns: &Option<Patterns>| {
        patterns.as_ref().zip(service.image.as_ref()).map(|(patterns, image)| patterns.matches(image))
    };
    let command = |patterns: &Option<Patterns>| {
        patterns.as_ref().zip(service.command.as_ref()).is_some_and(|(patterns, command)| patterns.matches(command))
    };
    let processes = service.processes.as_ref().map_or(1, |count| count.value);
    let checks = &pattern.balancer_check;
    pattern.kind.as_ref().is_none_or(|kinds| kinds.matches(&service.kind))
        && !pattern.unless_kind.as_ref().is_some_and(|kinds| kinds.matches(&service.kind))
        && (pattern.role.is_empty() || pattern.role.contains(&service.role))
        && (pattern.beside.is_empty()
            || fleet.beside(deployed).any(|other| pattern.beside.contains(&other.service.role)))
        && (pattern.image.is_none() || image(&pattern.image) == Some(true))
        && image(&pattern.unless_image) != Some(true)
        && !command(&pattern.unless_command)
        && (!pattern.declared_singleton || singletons.contains(&service.name))
        && !(pattern.no_health_check && is_checked(deployed, fleet))
        && (checks.is_empty() || deployed.watched.is_some_and(|check| checks.contains(&check)))
        && service.most_replicas() >= pattern.instances
        && pattern.at_most.is_none_or(|most| service.most_replicas() <= most)
        && (!pattern.no_port || service.ports.is_empty())
        && !has_variable(service, pattern.unless_environment.as_ref())
        && (pattern.same.is_none() || same(&service.settings, pattern.same.as_ref()).is_some())
        && fits(&service.environment, &pattern.environment, None, &BTreeMap::new())
        && processes >= pattern.processes
        && pattern.processes_at_most.is_none_or(|most| processes <= most)
        && fits(&service.settings, &pattern.with, pattern.without.as_ref(), &pattern.unless_with)
}

/// The number of instances where an autoscaler never lets that many run, with its own.
fn beyond_autoscaler(deployed: &Deployed<'_>) -> Option<Place> {
    let ceiling = deployed.service.ceiling.as_ref().filter(|ceiling| !ceiling.at_least)?;
    let stated = deployed.stated.first().filter(|stated| stated.value > ceiling.value)?;
    let value = format!("{} > {} ({})", stated.value, ceiling.value, ceiling.location);
    Some(Place { location: stated.location.clone(), value })
}

/// Keys under which formats limit the processors of an instance: Compose and Kubernetes.
const LIMITS: [&str; 2] = ["resources.limits.cpus", "resources.limits.cpu"];
/// The same at the top of a service, as Compose has it as well.
const LIMIT: &str = "cpus";

/// The number of processes where it is more than gunicorn's "(2 x $num_cores) + 1" of the limit, with how that is counted:
/// <https://docs.gunicorn.org/en/stable/design.html#how-many-workers>. One process for each processor is one for each of the machine,
/// whatever the limit: <https://docs.python.org/3/library/os.html#os.cpu_count>.
fn beyond_processors(service: &Service) -> Option<Place> {
    let processes = service.processes.as_ref().filter(|count| !processes::keep_nothing(count))?;
    let is_limit = |key: &str| {
        key == LIMIT
            || LIMITS
                .iter()
                .any(|limit| key.strip_suffix(limit).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    };
    let app = container(service);
    let is_of_app = |setting: &&Setting| app.is_none_or(|app| setting.key.starts_with(app));
    let mut limits = service.settings.iter().filter(|setting| is_limit(&setting.key)).filter(is_of_app);
    let (limit, cores) = limits.find_map(|setting| {
        let text = shown(setting);
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| *number > 0.0);
        let cores = match text.strip_suffix('m') {
            Some(thousandths) => number(thousandths)? / 1000.0,
            None => number(&text)?,
        };
        Some((setting, cores))
    })?;
    let most = (2.0 * cores + 1.0).floor().max(1.0);
    let source = format!("`{}` of line {}", limit.key, limit.span.line);
    let value = match processes.number() {
        Number::Several if counts_machine(&processes.stated_as) => {
            format!("{ONE_PER_PROCESSOR} of the machine, of which it may use {cores}: {source}")
        }
        Number::Exactly(number) if f64::from(number) > most => {
            format!("{number} > 2 × {cores} + 1 = {most}: {source}")
        }
        _ => return None,
    };
    Some(Place { location: processes.location.clone(), value })
}

/// Programs whose count of processors is that of the machine, by the beginning of what their number is called.
const COUNT_MACHINE: [&str; 4] = ["gunicorn", "uvicorn", "hypercorn", "pm2"];

fn counts_machine(stated_as: &str) -> bool {
    COUNT_MACHINE.iter().any(|program| stated_as.starts_with(program))
}

/// What the keys of the app's own container begin with, where its format has several: `spec.template.spec.containers.1.`.
fn container(service: &Service) -> Option<&str> {
    // The span of a setting begins with its key, that of the container is its name alone.
    let end = |span: Span| (span.end_line, span.end_column);
    let app = service.container.map(end)?;
    service.settings.iter().find(|it| end(it.span) == app && it.key.ends_with(".name"))?.key.strip_suffix("name")
}

/// Does somebody ask it, or may a balancer do so whose configuration is not there?
fn is_checked(deployed: &Deployed<'_>, fleet: &Fleet<'_>) -> bool {
    deployed.service.health_check
        || match deployed.watched {
            Some(check) => check == HealthCheck::Active,
            None => fleet.beside(deployed).any(|other| other.service.role == Role::Balancer),
        }
}

fn mounts<'s>(service: &'s Service, targets: &Patterns, pattern: &ServicePattern) -> impl Iterator<Item = &'s Mount> {
    let is_shared = |mount: &&Mount| pattern.sharing.is_empty() || pattern.sharing.contains(&mount.sharing);
    let other = |mount: &&Mount| {
        pattern.unless_mount.as_ref().is_some_and(|not| not.matches(&mount.target))
            || pattern.unless_source.as_ref().is_some_and(|not| not.matches(&mount.source))
    };
    service
        .mounts
        .iter()
        .filter(move |mount| !mount.read_only && targets.matches(&mount.target) && is_shared(mount) && !other(mount))
}

/// Is the route one that the pattern asks for?
fn is_taken(route: &Route, pattern: &BalancerPattern) -> bool {
    fits(&route.settings, &pattern.route_with, pattern.route_without.as_ref(), &pattern.unless_route_with)
}

/// Where a balancer pattern finds what it looks for; `path` is its file's.
pub fn of_balancer(balancer: &Balancer, path: &str, fleet: &Fleet<'_>, pattern: &BalancerPattern) -> Vec<Place> {
    let at = |span: Span, value: &str| Place { location: Location::new(path, span), value: value.into() };
    let count = balancer.servers.len();
    let is_meant = count >= pattern.at_least
        && pattern.at_most.is_none_or(|most| count <= most)
        && (pattern.health_check.is_empty() || pattern.health_check.contains(&balancer.health_check))
        && fits(&balancer.settings, &pattern.with, pattern.without.as_ref(), &pattern.unless_with);
    if !is_meant {
        return Vec::new();
    }
    let servers = |wanted: &dyn Fn(&Server) -> bool| {
        balancer.servers.iter().filter(|server| wanted(server)).map(|server| at(server.span, &server.address)).collect()
    };
    if let Some(paths) = &pattern.route {
        let routes = balancer.routes.iter().filter(|route| paths.matches(&route.path) && is_taken(route, pattern));
        // What is inherited stands once, for all routes.
        let place = |route: &Route| {
            let span =
                first(&route.settings, &pattern.route_with).map_or(route.span, |index| route.settings[index].span);
            at(span, &route.path)
        };
        let mut places: Vec<Place> = routes.map(place).collect();
        places.dedup_by(|one, other| one.location == other.location);
        return places;
    }
    if fleet.is_elsewhere(balancer) {
        return Vec::new();
    }
    if pattern.absent_server {
        return servers(&|server| fleet.is_absent(server, path));
    }
    if pattern.missing_server {
        let missing = fleet.missing(balancer, path);
        return missing.map(|(server, names)| at(server.span, &names)).into_iter().collect();
    }
    if pattern.server_instances > 0 {
        return servers(&|server| {
            fleet.instances_behind(server, path) >= Some(pattern.server_instances)
                && fits(&server.settings, &pattern.server_with, pattern.server_without.as_ref(), &BTreeMap::new())
                && balancer.routes.iter().all(|route| is_taken(route, pattern))
        });
    }
    if !pattern.server_with.is_empty() {
        return servers(&|server| fits(&server.settings, &pattern.server_with, None, &BTreeMap::new()));
    }
    if let Some(missing) = &pattern.server_without {
        let mut found: Vec<Place> =
            servers(&|server| !server.settings.iter().any(|setting| missing.matches(&setting.key)));
        found.truncate(1);
        return found;
    }
    if !pattern.affinity.is_empty() {
        return kept(balancer.affinity.as_ref(), &pattern.affinity).into_iter().collect();
    }
    match first(&balancer.settings, &pattern.with).map(|index| &balancer.settings[index]) {
        Some(setting) => vec![at(setting.span, &shown(setting))],
        None => vec![at(balancer.span, &balancer.name)],
    }
}

fn kept(affinity: Option<&Affinity>, keys: &[AffinityKey]) -> Option<Place> {
    let affinity = affinity.filter(|affinity| keys.contains(&affinity.by))?;
    Some(Place { location: affinity.location.clone(), value: affinity.stated_as.to_string() })
}

/// Are all of `with` there, and none of `without` and `unless_with`?
fn fits(
    settings: &[Setting],
    with: &BTreeMap<Name, ValuePattern>,
    without: Option<&Patterns>,
    unless_with: &BTreeMap<Name, ValuePattern>,
) -> bool {
    with.iter().all(|asked| find(settings, asked).is_some())
        && !unless_with.iter().any(|asked| find(settings, asked).is_some())
        && !without.is_some_and(|keys| settings.iter().any(|setting| keys.matches(&setting.key)))
}

/// Of the settings that are asked for, the one that stands first.
fn first(settings: &[Setting], with: &BTreeMap<Name, ValuePattern>) -> Option<usize> {
    with.iter().filter_map(|asked| find(settings, asked)).min()
}

fn find(settings: &[Setting], (key, value): (&Name, &ValuePattern)) -> Option<usize> {
    let key = Pattern::new(key.clone());
    settings
        .iter()
        .position(|setting| key.matches(&setting.key) && value::fit(value, &setting.value, &|_| None) == Fit::Yes)
}

/// The first setting of a group below `one` that is there with the same values below `other` as well, and no further ones.
fn same(settings: &[Setting], parts: Option<&[Name; 2]>) -> Option<usize> {
    let [one, other] = parts?;
    let below = |part: &str| -> BTreeMap<String, (usize, &Value)> {
        let key = |(index, setting): (usize, &'_ Setting)| {
            let (before, after) = setting.key.split_once(part)?;
            Some((format!("{before}\n{after}"), index))
        };
        settings.iter().enumerate().filter_map(key).map(|(key, index)| (key, (index, &settings[index].value))).collect()
    };
    let (one, other) = (below(one), below(other));
    let alike = one.len() == other.len()
        && one.iter().all(|(key, (_, value))| other.get(key).is_some_and(|(_, other)| value == other));
    one.values().map(|(index, _)| *index).min().filter(|_| alike)
}

fn has_variable(service: &Service, names: Option<&Patterns>) -> bool {
    names.is_some_and(|names| service.environment.iter().any(|variable| names.matches(&variable.key)))
}

pub(super) fn shown(setting: &Setting) -> String {
    match &setting.value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => setting.key.to_string(),
    }
}

/// Published ports of which the instances do not each have their own. Copies of a service publish theirs one by one, so among
/// them only a port that two publish is contested. `instances` below 2 asks what would happen if there were one more.
fn contested(service: &Service, instances: u32) -> impl Iterator<Item = &Port> {
    let copies = service.instances.len() > 1;
    let needed = if instances < 2 { service.replicas() + 1 } else { service.replicas() };
    service.ports.iter().enumerate().filter_map(move |(index, port)| {
        // How many ports a variable holds is not known.
        let (first, last) = port.host.filter(|host| *host != (0, 0))?;
        let available = u32::from(last.saturating_sub(first)) + 1;
        let taken = service.ports[..index].iter().any(|other| other.host == port.host);
        let contested = if copies { taken } else { available < needed };
        contested.then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::Count;

    fn count(value: u32, stated_as: &str, line: u32) -> Count {
        let location = Location::new("docker-compose.yml", Span::on_line(line, 1, 2));
        Count::new(value, stated_as, location)
    }

    fn port(host: (u16, u16), line: u32) -> Port {
        Port { host: Some(host), container: 80, span: Span::on_line(line, 1, 2) }
    }

    fn contested_lines(service: &Service, instances: u32) -> Vec<u32> {
        contested(service, instances).map(|port| port.span.line).collect()
    }

    #[test]
    fn instances_that_share_a_port_of_the_host_contest_it() {
        let mut service = Service::named("web", Span::default());
        service.ports = vec![port((8080, 8080), 3), port((9000, 9002), 4)];
        assert_eq!(contested_lines(&service, 1), [3], "a range has room for a second instance");
        service.instances = vec![count(3, "scale", 2)];
        assert_eq!(contested_lines(&service, 2), [3]);
        service.instances = vec![count(4, "scale", 2)];
        assert_eq!(contested_lines(&service, 2), [3, 4]);
    }

    #[test]
    fn more_processes_than_processors_are_counted_with_the_limit() {
        let counted = |processes: u32, key: &str, limit: &str| {
            let mut service = Service::named("web", Span::default());
            service.processes = Some(count(processes, "gunicorn -w", 4));
            let (key, value) = (key.into(), crate::model::fact::Value::Text(limit.into()));
            service.settings = vec![Setting { key, value, function: None, span: Span::on_line(9, 1, 2) }];
            beyond_processors(&service).map(|place| place.value)
        };
        let cpus = "deploy.resources.limits.cpus";
        assert_eq!(
            counted(9, cpus, "0.5").as_deref(),
            Some("9 > 2 × 0.5 + 1 = 2: `deploy.resources.limits.cpus` of line 9")
        );
        assert!(counted(9, "spec.containers.0.resources.limits.cpu", "500m").is_some());
        assert!(counted(9, "cpus", "4").is_none());
        let counted_of_all = |stated_as: &str| {
            let location = Location::new("gunicorn.conf.py", Span::on_line(4, 1, 2));
            let mut service = Service::named("web", Span::default());
            service.processes = Some(Count::new(Number::Several, stated_as, location));
            let value = crate::model::fact::Value::Text("0.5".into());
            service.settings =
                vec![Setting { key: "cpus".into(), value, function: None, span: Span::on_line(9, 1, 2) }];
            beyond_processors(&service).map(|place| place.value)
        };
        let told = "one per processor of the machine, of which it may use 0.5: `cpus` of line 9";
        assert_eq!(counted_of_all("gunicorn workers").as_deref(), Some(told));
        assert_eq!(counted_of_all("puma workers"), None, "it looks at the limit");
        assert!(
            counted(9, "mycpus", "0.5").is_none()
                && counted(9, "deploy.resources.reservations.cpus", "0.5").is_none()
                && counted(9, cpus, "${CPUS}").is_none()
                && counted(9, cpus, "0").is_none()
        );
    }

    #[test]
    fn copies_with_ports_of_their_own_contest_nothing() {
        let mut service = Service::named("web", Span::default());
        service.instances = vec![count(1, "service `a`", 1), count(1, "service `b`", 5)];
        service.ports = vec![port((8001, 8001), 3), port((8002, 8002), 6)];
        assert!(contested_lines(&service, 2).is_empty());
        service.ports.push(port((8001, 8001), 9));
        assert_eq!(contested_lines(&service, 2), [9]);
    }
}
