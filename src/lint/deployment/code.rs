//! Which code a service runs, and so which code runs more than once already.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fleet::{Deployed, Fleet};
use super::table::in_words;
use crate::model::Name;
use crate::model::deployment::{Count, Role, SERVER, Service};
use crate::model::fact::FileFacts;
use crate::model::finding::Related;
use crate::rules::clause::Occasion;
use crate::source::deploy::{self, processes, servers};

/// What deployment files say about the code of a file.
#[derive(Clone, Debug, Default)]
pub struct Context<'f> {
    /// The services that run it.
    pub apps: Vec<&'f Deployed<'f>>,
    /// Where several instances of it run already.
    pub instances: Vec<Related>,
    /// Where a platform, or an autoscaler, may make several instances of it.
    pub possible: Vec<Related>,
    /// Where several processes of it run on one machine already, with one disk.
    pub processes: Vec<Related>,
    /// Every service that runs it is declared to run once, and does: where that is.
    pub runs_once: Vec<Related>,
}

/// Whom a finding in code is about, of those that could run the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Who answers clients: a worker that is made of the same code never does.
    Servers,
    /// Everybody but who only starts jobs.
    Handlers,
    Everybody,
}

/// Families of what only clients that are answered notice.
const OF_CLIENTS: [&str; 4] = ["session-store", "balancer-affinity", "rate-limit", "realtime-fanout"];

impl Audience {
    /// `occasions` are those on which code gets there.
    pub fn of(family: &str, occasions: &BTreeSet<Occasion>) -> Self {
        let is_of_clients = |occasion: &Occasion| matches!(occasion, Occasion::Request | Occasion::Websocket);
        match occasions.is_empty() {
            true if OF_CLIENTS.contains(&family) => Audience::Servers,
            true => Audience::Everybody,
            false if occasions.iter().all(is_of_clients) => Audience::Servers,
            false if occasions.contains(&Occasion::Timer) => Audience::Everybody,
            false => Audience::Handlers,
        }
    }

    fn has(self, role: Role) -> bool {
        match self {
            Audience::Servers => matches!(role, Role::Web | Role::Unknown),
            Audience::Handlers => role != Role::Cron,
            Audience::Everybody => true,
        }
    }
}

/// What deployment files say about the code of a file. Where nobody of the audience runs it, roles tell nothing.
pub fn context<'f>(fleet: &'f Fleet<'f>, path: &str, audience: Audience, singletons: &[Name]) -> Context<'f> {
    let mut apps = fleet.running(path);
    if apps.iter().any(|app| audience.has(app.service.role)) {
        apps.retain(|app| audience.has(app.service.role));
    }
    let is_single = |app: &&Deployed<'_>| {
        singletons.contains(&app.service.name) && app.service.running_processes().max(app.service.most_replicas()) <= 1
    };
    if !apps.is_empty() && apps.iter().all(is_single) {
        let place = |app: &Deployed<'_>| Related {
            location: app.location(),
            message: format!("`{}`, which runs this, is declared to run once", app.service.name),
            excerpt: None,
        };
        let runs_once = apps.iter().copied().map(place).collect();
        return Context { apps, runs_once, ..Context::default() };
    }
    let told = |app: &&Deployed<'_>, count: Option<&Count>, number: &str| Related {
        location: count.map_or(app.location(), |count| count.location.clone()),
        message: format!("{number} more than one: `{}` {}", app.service.name, in_words(&app.service, &app.path)),
        excerpt: None,
    };
    let place = |app: &&Deployed<'_>, count: Option<&Count>| told(app, count, "already");
    let (beside, apart): (Vec<_>, Vec<_>) =
        apps.iter().filter(|app| app.service.replicas() > 1).partition(|app| app.shares_disk());
    let of_instances = |app: &&Deployed<'_>| place(app, app.service.instances.first());
    let instances = apart.into_iter().map(of_instances).collect();
    let scaled = apps.iter().filter(|app| app.service.replicas() <= 1 && app.service.most_replicas() > 1);
    let possible = scaled.map(|app| told(app, app.service.ceiling.as_ref(), "may be")).collect();
    let several = apps.iter().filter(|app| app.service.replicas() <= 1 && app.service.running_processes() > 1);
    let several = several.filter(|app| !app.service.processes.as_ref().is_some_and(processes::keep_nothing));
    let several = several.map(|app| place(app, app.service.processes.as_ref()));
    let processes = beside.into_iter().map(of_instances).chain(several).collect();
    Context { apps, instances, possible, processes, runs_once: Vec::new() }
}

/// The services that run the code of a file: the only one that there is, or those whose folder it lies in. Where commands of some
/// of them name the file, it is their program and nobody else's.
///
/// Places in `services`.
pub(super) fn running(services: &[Deployed<'_>], path: &str) -> Vec<usize> {
    let is_runner = |place: &usize| services[*place].is_row && is_app(&services[*place].service);
    let mut apps: Vec<usize> = (0..services.len()).filter(is_runner).collect();
    if apps.len() > 1 || apps.iter().any(|place| services[*place].service.kind == SERVER) {
        apps.retain(|place| covers(&services[*place], path));
    }
    let starters: Vec<usize> = apps.iter().copied().filter(|place| starts(&services[*place].service, path)).collect();
    if starters.is_empty() { apps } else { starters }
}

/// Is there code that the service runs, among these files?
pub(super) fn is_known(fleet: &Fleet<'_>, deployed: &Deployed<'_>, files: &[FileFacts]) -> bool {
    let alone = fleet.services.iter().filter(|app| self::is_app(&app.service)).count() == 1;
    let is_app = |file: &&FileFacts| file.language.is_code() && !servers::is_own_file(&file.path);
    let code = || files.iter().filter(is_app);
    // Somebody else's code beside it is no answer for a program that is not here.
    let is_missing = names_program(&deployed.service) && !code().any(|file| starts(&deployed.service, &file.path));
    !is_missing && code().any(|file| alone || covers(deployed, &file.path))
}

/// Does the command name a file of code that it starts, relative to its folder?
fn names_program(service: &Service) -> bool {
    let command = service.command.as_deref().unwrap_or_default();
    let is_program = |word: &str| {
        let word = word.trim_matches(['"', '\'']);
        [".py", ".rb"].iter().any(|end| word.ends_with(end)) && !word.contains(['$', '{', '*', '='])
    };
    command.split_whitespace().any(is_program)
}

/// Does the command name the file, by its path or as a module: `python bot.py`, `python -m shop.bot`, `gunicorn shop.bot:app`?
pub fn starts(service: &Service, path: &str) -> bool {
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

/// Does the service run what a server's own file, or a script that starts the server, says?
pub(super) fn runs(app: &Deployed<'_>, server: &Deployed<'_>) -> bool {
    let command = app.service.command.as_deref();
    let program = server.service.name.as_str();
    let is_run = match command {
        // The image says what runs, or a script that its name tells.
        None => is_told_by_image(app),
        Some(command) if is_init(command) => is_told_by_image(app),
        Some(command) => {
            let runs = processes::program_of(command).unwrap_or_default();
            names(command, &server.path)
                || runs == program
                || processes::reads(runs, program)
                || server.language.is_code() && starts(&app.service, &server.path)
        }
    };
    let named = command.is_some_and(|command| names(command, &server.path));
    let has_file = || named || mounts(app, &server.path) || covers(app, &server.path);
    is_app(&app.service) && is_run && has_file()
}

/// Does another file of the same name lie nearer to what the service is built from: `api/gunicorn.conf.py` for `build: api`?
pub(super) fn has_nearer(app: &Deployed<'_>, path: &str, others: &[Arc<str>]) -> bool {
    let (name, depth) = (path.rsplit('/').next(), path.matches('/').count());
    let is_covered = covers(app, path);
    others
        .iter()
        .filter(|other| other.rsplit('/').next() == name && ***other != *path)
        .any(|other| covers(app, other) && (!is_covered || other.matches('/').count() < depth))
}

fn is_told_by_image(app: &Deployed<'_>) -> bool {
    app.service.role == Role::Web || app.service.role == Role::Unknown
}

/// Does it start whatever the image has for it?
fn is_init(command: &str) -> bool {
    let program = command.split_whitespace().next().and_then(|word| word.rsplit('/').next());
    program.is_some_and(|program| ["init", "my_init", "runsvdir", "s6-svscan"].contains(&program))
}

/// Is the file, or a folder that it lies in, mounted into the service?
fn mounts(app: &Deployed<'_>, path: &str) -> bool {
    let home = home(&app.path, &app.service);
    app.service.mounts.iter().filter(|mount| mount.is_bind()).any(|mount| {
        let source = joined(home, &mount.source);
        let rest = path.strip_prefix(&source).filter(|_| !source.is_empty());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Do two files speak of the same server: a start script that runs gunicorn, and gunicorn.conf.py?
pub(super) fn are_one(one: &Deployed<'_>, other: &Deployed<'_>) -> bool {
    let (one, one_home) = (&one.service.name, home(&one.path, &one.service));
    let (other, other_home) = (&other.service.name, home(&other.path, &other.service));
    one == other && one_home == other_home
}

/// Does the command line name the file, in whatever folder: `gunicorn -c /srv/gunicorn.conf.py`, `sh start.sh`?
fn names(command: &str, path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    command
        .split([' ', '=', ':', '"', '\''])
        .any(|word| word.strip_suffix(file).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
}

/// A service that runs somebody's own code, as opposed to a database or a balancer.
pub(super) fn is_app(service: &Service) -> bool {
    matches!(service.role, Role::Web | Role::Worker | Role::Cron | Role::Bot | Role::Unknown)
}

/// Folders that hold what configures the code beside them, or above them.
const CONFIGURATION: [&str; 18] = [
    "bin",
    "build",
    "conf",
    "conf.d",
    "config",
    "configs",
    "cron",
    "cron.d",
    "deploy",
    "deployment",
    "docker",
    "etc",
    "gunicorn",
    "init",
    "scripts",
    "supervisor",
    "systemd",
    "uwsgi",
];

/// Kinds of services whose files seldom lie beside the code that they start.
const ON_HOSTS: [&str; 6] = [SERVER, "fcgi-program", "job", "process", "program", "unit"];

/// The folder whose code the file of a service speaks of.
fn home<'d>(deployment: &'d str, service: &Service) -> &'d str {
    match ON_HOSTS.contains(&service.kind.as_str()) {
        true => above_configuration(deployment),
        false => folder_of(deployment),
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder of a file, or the one above it where that holds nothing but configuration.
fn above_configuration(path: &str) -> &str {
    let mut home = folder_of(path);
    loop {
        let (above, name) = home.rsplit_once('/').unwrap_or(("", home));
        if !CONFIGURATION.contains(&name) {
            return home;
        }
        home = above;
    }
}

/// Is the file within the folder that the service is built from, or beside a file that names no such folder?
fn covers(it: &Deployed<'_>, path: &str) -> bool {
    let service = &it.service;
    let root = match (&service.build, &it.code) {
        (None, Some(code)) => code.clone(),
        (None, None) if service.image.is_some() => return false,
        (build, _) => joined(home(&it.path, service), build.as_deref().unwrap_or(".")),
    };
    root.is_empty() || path.strip_prefix(&root).is_some_and(|rest| rest.starts_with('/'))
}

/// A path relative to a folder; steps that lead out of the project are dropped.
pub(super) fn joined(folder: &str, relative: &str) -> String {
    deploy::resolve(folder, relative).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::location::{Location, Span};

    fn count(value: u32, stated_as: &str, line: u32) -> Count {
        let location = Location::new("docker-compose.yml", Span::on_line(line, 1, 2));
        Count::new(value, stated_as, location)
    }

    #[test]
    fn a_service_covers_the_folder_that_it_is_built_from() {
        let covers = |deployment: &str, build: Option<&str>, path: &str| {
            let mut file = FileFacts::empty(deployment, crate::model::fact::Language::Compose);
            let build = build.map(Name::new);
            file.services = vec![Service { build, ..Service::named("web", Span::default()) }];
            covers(&Fleet::new(&[file]).services[0], path)
        };
        assert!(covers("docker-compose.yml", Some("./shop/"), "shop/server.js"));
        assert!(!covers("docker-compose.yml", Some("./shop/"), "shop2/server.js"));
        assert!(covers("deploy/compose.yml", Some("../api"), "api/main.py"));
        assert!(covers("../compose.yml", Some("./api"), "../api/main.py"), "it lies above the folder of the analysis");
        assert!(covers("../compose.yml", None, "../main.py"));
        assert!(covers("/srv/shop/deploy/compose.yml", Some("../api"), "/srv/shop/api/main.py"));
        assert!(!covers("/srv/shop/compose.yml", Some("api"), "/srv/api/main.py"));
        assert!(covers("deploy/Procfile", None, "deploy/main.py"));
        assert!(!covers("deploy/Procfile", None, "main.py"));
    }

    #[test]
    fn pods_run_the_code_that_their_image_is_made_of() {
        use crate::model::fact::Language;
        let mut dockerfile = FileFacts::empty("docker/Dockerfile", Language::Settings);
        dockerfile.services = vec![Service { kind: "image".into(), ..Service::named("image", Span::default()) }];
        let mut pods = FileFacts::empty("k8s/web.yaml", Language::Kubernetes);
        let pod = |name: &str| Service { image: Some("shop:1".into()), ..Service::named(name, Span::default()) };
        pods.services = vec![pod("web"), pod("worker")];
        let files = [dockerfile, pods];
        let fleet = Fleet::new(&files);
        assert_eq!(context(&fleet, "shop/views.py", Audience::Everybody, &[]).apps.len(), 2);
        use crate::source::deploy::image::code_of;
        assert_eq!((code_of("config/Dockerfile"), code_of("web/docker/Dockerfile")), ("config", "web"));
    }

    #[test]
    fn what_answers_requests_is_held_against_those_that_answer_them() {
        let mut file = FileFacts::empty("Procfile", crate::model::fact::Language::Procfile);
        let process = |(name, role): (&str, Role)| Service { role, ..Service::named(name, Span::default()) };
        file.services = [("web", Role::Web), ("worker", Role::Worker), ("clock", Role::Cron)].map(process).to_vec();
        let files = [file];
        let fleet = Fleet::new(&files);
        let meant = |family: &str, occasions: &[Occasion]| {
            let audience = Audience::of(family, &occasions.iter().copied().collect());
            let apps = context(&fleet, "shop.rb", audience, &[]).apps;
            apps.iter().map(|app| app.service.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(meant("process-state", &[Occasion::Request]), ["web"]);
        assert_eq!(meant("session-store", &[]), ["web"]);
        assert_eq!(meant("process-state", &[Occasion::Request, Occasion::Message]), ["web", "worker"]);
        assert_eq!(meant("process-state", &[Occasion::Timer]), ["web", "worker", "clock"]);
        assert_eq!(meant("local-file", &[]), ["web", "worker", "clock"]);
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
    fn what_a_platform_may_run_more_than_once_is_told_as_such() {
        let mut file = FileFacts::empty("fly.toml", crate::model::fact::Language::Platform);
        let mut service = Service::named("shop", Span::default());
        service.ceiling = Some(count(2, "two Machines for http_service by default", 4));
        file.services = vec![service];
        let files = [file];
        let fleet = Fleet::new(&files);
        let places = context(&fleet, "server.js", Audience::Everybody, &[]).possible;
        assert!(places[0].message.starts_with("may be more than one: `shop` runs one instance, up to 2"), "{places:?}");
    }

    #[test]
    fn the_code_of_a_program_that_is_not_there_is_unknown() {
        let mut file = FileFacts::empty("supervisord.conf", crate::model::fact::Language::Supervisor);
        let mut service = Service::named("worker", Span::default());
        service.role = Role::Worker;
        let is_known = |command: &str, file: &FileFacts, service: &Service| {
            let mut file = file.clone();
            file.services = vec![Service { command: Some(command.into()), ..service.clone() }];
            let files = [file, FileFacts::empty("shop/main.py", crate::model::fact::Language::Python)];
            let fleet = Fleet::new(&files);
            super::is_known(&fleet, &fleet.services[0], &files)
        };
        assert!(is_known("python shop/main.py", &file, &service));
        assert!(!is_known("python worker.py", &file, &service));
        assert!(is_known("celery -A shop worker", &file, &service));
        let own = [file.clone(), FileFacts::empty("gunicorn.conf.py", crate::model::fact::Language::Python)];
        let own = own.map(|file| FileFacts { services: vec![Service::named("web", Span::default())], ..file });
        let fleet = Fleet::new(&own[..1]);
        assert!(!super::is_known(&fleet, &fleet.services[0], &own), "a server's own file is not the app");
        file.path = "compose.yml".into();
        service.image = Some("shop/worker".into());
        assert!(!is_known("python worker.py", &file, &service));
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
            let files = [file];
            context(&Fleet::new(&files), path, Audience::Everybody, &["bot".into()]).runs_once.len() == 1
        };
        assert!(runs_once(1, "bot.py"));
        assert!(!runs_once(2, "bot.py"), "it is declared to, and does not");
        assert!(!runs_once(1, "web.py"));
        assert!(!runs_once(1, "shared.py"), "both run it");
    }
}
