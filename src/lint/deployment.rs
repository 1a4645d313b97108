//! What deployment files say: rows for the report, service clauses, and evidence that an app already runs more than once.

use crate::model::Name;
use crate::model::deployment::{Mount, Port, Role, Service};
use crate::model::fact::FileFacts;
use crate::model::finding::Related;
use crate::model::location::{Location, Span};
use crate::model::report::ServiceRow;
use crate::rules::clause::ServicePattern;
use crate::source::deploy::processes;

/// The services of all files as rows, in the order of the files.
pub fn rows(files: &[FileFacts]) -> Vec<ServiceRow> {
    services(files)
        .map(|(file, service)| ServiceRow {
            name: service.name.clone(),
            role: service.role,
            replicas: service.replicas(),
            processes: service.running_processes(),
            location: Location::new(file.path.clone(), service.span),
            verdict: in_words(service),
        })
        .collect()
}

fn services(files: &[FileFacts]) -> impl Iterator<Item = (&FileFacts, &Service)> {
    files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)))
}

/// "runs 3 instances: server :26, server2 :46, server3 :51".
fn in_words(service: &Service) -> String {
    let mut words = match (service.replicas(), service.instances.as_slice()) {
        (0, _) => "is switched off".to_owned(),
        (1, _) => "runs one instance".to_owned(),
        (replicas, [count]) => format!("runs {replicas} instances: {} :{}", count.stated_as, count.location.span.line),
        (replicas, counts) => {
            let places = counts.iter().map(|count| format!("{} :{}", count.stated_as, count.location.span.line));
            format!("runs {replicas} instances: {}", places.collect::<Vec<_>>().join(", "))
        }
    };
    if let Some(processes) = service.processes.as_ref().filter(|count| count.value != 1) {
        let each = if service.replicas() > 1 { " each" } else { "" };
        words += &format!(", {} processes{each}: {}", processes.value, processes.stated_as);
    }
    words
}

/// Where a service pattern finds what it looks for; empty where it does not. `beside` are the services of the same file.
pub fn places(service: &Service, beside: &[Service], pattern: &ServicePattern, singletons: &[Name]) -> Vec<Place> {
    let role = pattern.role.is_empty() || pattern.role.contains(&service.role);
    let singleton = !pattern.declared_singleton || singletons.contains(&service.name);
    let excepted =
        pattern.unless_image.as_ref().zip(service.image.as_ref()).is_some_and(|(not, image)| not.matches(image));
    let checked = || service.health_check || beside.iter().any(|other| other.role == Role::Balancer);
    if !role || !singleton || excepted || pattern.no_health_check && checked() || service.replicas() < pattern.instances
    {
        return Vec::new();
    }
    let at = |span: Span, value: &str| Place { span, value: value.into() };
    if let Some(commands) = &pattern.command {
        let told = service.command.as_deref().zip(service.command_span);
        let other = |command: &str| pattern.unless_command.as_ref().is_some_and(|not| not.matches(command));
        let told = told.filter(|(command, _)| commands.matches(command) && !other(command));
        return told.map(|(command, span)| at(span, command)).into_iter().collect();
    }
    if let Some(targets) = &pattern.mount {
        let mounts = service.mounts.iter().filter(|mount| !mount.read_only && targets.matches(&mount.target));
        let other = |mount: &&Mount| {
            pattern.unless_mount.as_ref().is_some_and(|not| not.matches(&mount.target))
                || pattern.unless_source.as_ref().is_some_and(|not| not.matches(&mount.source))
        };
        return mounts.filter(|mount| !other(mount)).map(|mount| at(mount.span, &mount.target)).collect();
    }
    if pattern.no_health_check {
        return vec![at(service.span, "")];
    }
    if pattern.container_name {
        return service.container_name.iter().map(|(name, span)| at(*span, name)).collect();
    }
    if pattern.host_port {
        return contested(service, pattern.instances)
            .map(|port| at(port.span, &port.host.map(|(first, _)| first.to_string()).unwrap_or_default()))
            .collect();
    }
    vec![at(service.instances.first().map_or(service.span, |count| count.location.span), "")]
}

/// A place in a deployment file, and the value there.
pub struct Place {
    pub span: Span,
    pub value: String,
}

/// Published ports of which the instances do not each have their own. Copies of a service publish theirs one by one, so among
/// them only a port that two publish is contested. `instances` below 2 asks what would happen if there were one more.
fn contested(service: &Service, instances: u32) -> impl Iterator<Item = &Port> {
    let copies = service.instances.len() > 1;
    let needed = if instances < 2 { service.replicas() + 1 } else { service.replicas() };
    service.ports.iter().enumerate().filter_map(move |(index, port)| {
        let (first, last) = port.host?;
        let available = u32::from(last.saturating_sub(first)) + 1;
        let taken = service.ports[..index].iter().any(|other| other.host == port.host);
        let contested = if copies { taken } else { available < needed };
        contested.then_some(port)
    })
}

/// What deployment files say about the code of a file.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Where it runs more than once already, or that it is meant to run once.
    pub places: Vec<Related>,
    /// Every service that runs it is declared to run once, and does.
    pub runs_once: bool,
}

/// Evidence that the code of a file already runs several times, or that it never will.
pub fn context(files: &[FileFacts], path: &str, singletons: &[Name]) -> Context {
    let apps = running(files, path);
    let is_single =
        |(_, service): &(_, &Service)| singletons.contains(&service.name) && service.running_processes() <= 1;
    if !apps.is_empty() && apps.iter().all(is_single) {
        let place = |(file, service): (&FileFacts, &Service)| Related {
            location: Location::new(file.path.clone(), service.span),
            message: format!("`{}`, which runs this, is declared to run once", service.name),
            excerpt: None,
        };
        return Context { places: apps.into_iter().map(place).collect(), runs_once: true };
    }
    let of_services = apps.into_iter().filter(|(_, service)| service.running_processes() > 1).map(|(file, service)| {
        let count = service.instances.first().filter(|_| service.replicas() > 1).or(service.processes.as_ref());
        let location = count.map_or(Location::new(file.path.clone(), service.span), |count| count.location.clone());
        let message = format!("already more than one: `{}` {}", service.name, in_words(service));
        Related { location, message, excerpt: None }
    });
    let workers = files.iter().filter_map(|file| gunicorn_workers(file, path));
    Context { places: of_services.chain(workers).collect(), runs_once: false }
}

/// The services that run the code of a file: the only one that there is, or those whose folder it lies in. Where commands of some
/// of them name the file, it is their program and nobody else's.
fn running<'f>(files: &'f [FileFacts], path: &str) -> Vec<(&'f FileFacts, &'f Service)> {
    let mut apps: Vec<_> = services(files).filter(|(_, service)| is_app(service)).collect();
    if apps.len() > 1 {
        apps.retain(|(file, service)| covers(&file.path, service, path));
    }
    if apps.iter().any(|(_, service)| starts(service, path)) {
        apps.retain(|(_, service)| starts(service, path));
    }
    apps
}

/// Does the command name the file, by its path or as a module: `python bot.py`, `python -m shop.bot`, `gunicorn shop.bot:app`?
fn starts(service: &Service, path: &str) -> bool {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem).replace('/', ".");
    let ends = |whole: &str, part: &str, mark: char| {
        whole.strip_suffix(part).is_some_and(|rest| !part.is_empty() && (rest.is_empty() || rest.ends_with(mark)))
    };
    let command = service.command.as_deref().unwrap_or_default();
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    words.iter().enumerate().any(|(at, word)| {
        // A single word may be anything, but behind these it is a module.
        let is_module = word.contains(['.', ':']) || at > 0 && ["-m", "-A", "--app"].contains(&words[at - 1]);
        let module = word.split(':').next().unwrap_or(word);
        word.contains('.') && ends(path, word.trim_start_matches("./"), '/') || is_module && ends(&stem, module, '.')
    })
}

/// Workers that a gunicorn.conf.py in the folder of the code, or above it, asks for.
fn gunicorn_workers(file: &FileFacts, path: &str) -> Option<Related> {
    let home = file.path.strip_suffix("gunicorn.conf.py").or_else(|| file.path.strip_suffix("gunicorn_config.py"))?;
    let count = processes::workers_of_settings(&file.path, &file.settings).filter(|count| count.value > 1)?;
    let message = format!("already more than one: {} processes: {}", count.value, count.stated_as);
    path.starts_with(home).then_some(Related { location: count.location, message, excerpt: None })
}

/// A service that runs somebody's own code, as opposed to a database or a balancer.
fn is_app(service: &Service) -> bool {
    matches!(service.role, Role::Web | Role::Worker | Role::Cron | Role::Bot | Role::Unknown)
}

/// Is the file within the folder that the service is built from, or beside a file that names no such folder?
fn covers(deployment: &str, service: &Service, path: &str) -> bool {
    let home = deployment.rsplit_once('/').map_or("", |(folder, _)| folder);
    if service.build.is_none() && service.image.is_some() {
        return false;
    }
    let root = joined(home, service.build.as_deref().unwrap_or("."));
    root.is_empty() || path.strip_prefix(&root).is_some_and(|rest| rest.starts_with('/'))
}

/// A path relative to a folder, without `.` and `..`; steps that lead out of the project are dropped.
fn joined(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(relative.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::Count;

    fn count(value: u32, stated_as: &str, line: u32) -> Count {
        let location = Location::new("docker-compose.yml", Span::on_line(line, 1, 2));
        Count { value, stated_as: stated_as.into(), location }
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
    fn copies_with_ports_of_their_own_contest_nothing() {
        let mut service = Service::named("web", Span::default());
        service.instances = vec![count(1, "service `a`", 1), count(1, "service `b`", 5)];
        service.ports = vec![port((8001, 8001), 3), port((8002, 8002), 6)];
        assert!(contested_lines(&service, 2).is_empty());
        service.ports.push(port((8001, 8001), 9));
        assert_eq!(contested_lines(&service, 2), [9]);
    }

    #[test]
    fn a_service_covers_the_folder_that_it_is_built_from() {
        let mut service = Service::named("web", Span::default());
        service.build = Some("./shop/".into());
        assert!(covers("docker-compose.yml", &service, "shop/server.js"));
        assert!(!covers("docker-compose.yml", &service, "shop2/server.js"));
        service.build = Some("../api".into());
        assert!(covers("deploy/compose.yml", &service, "api/main.py"));
        service.build = None;
        assert!(covers("deploy/Procfile", &service, "deploy/main.py"));
        assert!(!covers("deploy/Procfile", &service, "main.py"));
    }

    #[test]
    fn a_command_names_the_file_that_it_starts() {
        for (command, path, expected) in [
            ("python bot.py", "bot.py", true),
            ("python ./jobs/bot.py --once", "jobs/bot.py", true),
            ("python -m shop.bot", "src/shop/bot.py", true),
            ("gunicorn shop.web:app", "shop/web.py", true),
            ("celery -A beat worker", "beat.py", true),
            ("celery -A beat worker", "worker.py", false),
            ("npm start", "start.js", false),
            ("node dist/bot.js", "robot.js", false),
            ("python bot.py", "robot.py", false),
        ] {
            let mut service = Service::named("x", Span::default());
            service.command = Some(command.into());
            assert_eq!(starts(&service, path), expected, "{command} and {path}");
        }
    }

    #[test]
    fn code_that_only_singletons_run_runs_once() {
        let service = |name: &str, command: &str, instances: u32| {
            let mut service = Service::named(name, Span::default());
            service.role = Role::Worker;
            service.command = Some(command.into());
            service.instances = vec![count(instances, "replicas", 3)];
            service
        };
        let runs_once = |bot: u32, path: &str| {
            let mut file = FileFacts::empty("compose.yml", crate::model::fact::Language::Compose);
            file.services = vec![service("bot", "python bot.py", bot), service("web", "python web.py", 1)];
            context(&[file], path, &["bot".into()]).runs_once
        };
        assert!(runs_once(1, "bot.py"));
        assert!(!runs_once(2, "bot.py"), "it is declared to, and does not");
        assert!(!runs_once(1, "web.py"));
        assert!(!runs_once(1, "shared.py"), "both run it");
    }

    #[test]
    fn copies_are_named_with_their_lines() {
        let mut service = Service::named("server", Span::default());
        service.instances = vec![count(1, "server", 26), count(1, "server2", 46), count(1, "server3", 51)];
        assert_eq!(in_words(&service), "runs 3 instances: server :26, server2 :46, server3 :51");
    }
}
