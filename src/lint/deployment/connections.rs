//! Connections to databases: what all instances of the services that share a database may open, against what it takes.
//!
//! Everything counts as little as it may be: a number that nobody states is left at its smallest, so that a sum that is too much is.

use std::sync::Arc;

use super::code::joined;
use super::fleet::{Deployed, Fleet, nearness};
use crate::model::Name;
use crate::model::deployment::{Database, Role, Service};
use crate::model::fact::{FileFacts, Language, Value};
use crate::model::finding::{Related, ServiceName};
use crate::model::location::{Location, Span};
use crate::source::deploy::database::{self, SETTING};
use crate::source::deploy::threads::{self, Threads};
use crate::source::stage::{self, Stage};

/// A database server of which it is known how many connections it takes.
pub struct DatabaseServer<'f> {
    pub deployed: &'f Deployed<'f>,
    pub database: Database,
    limit: u32,
    stated: Related,
}

/// The database servers of a project.
pub fn databases<'f>(fleet: &'f Fleet<'f>, files: &[FileFacts]) -> Vec<DatabaseServer<'f>> {
    let deployed = fleet.services.iter().filter(|it| stage::of(&it.path) == Stage::Deployed);
    deployed
        .filter_map(|deployed| {
            let database = database::of(&deployed.service)?;
            let (limit, stated_as, location) = limit(deployed, files)?;
            let message = format!("`{}` takes {limit} connections: {stated_as}", deployed.service.name);
            let stated = Related { location, message, excerpt: None };
            Some(DatabaseServer { deployed, database, limit, stated })
        })
        .collect()
}

/// How many connections it takes, as its command says, a file that is mounted into it, its environment, or nobody.
fn limit(deployed: &Deployed<'_>, files: &[FileFacts]) -> Option<(u32, Name, Location)> {
    let service = &deployed.service;
    let stated = database::limit(service);
    if stated.as_ref().is_some_and(|limit| limit.stated_as == SETTING) {
        return stated.map(|limit| (limit.value, limit.stated_as, deployed.place(limit.span)));
    }
    let home = deployed.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let ends = |path: &str| [".conf", ".cnf", ".ini"].iter().any(|end| path.ends_with(end));
    for mount in service.mounts.iter().filter(|mount| mount.is_bind()) {
        let source = joined(home, &mount.source);
        let is_within =
            |path: &str| path.strip_prefix(&source).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let mut read = files
            .iter()
            .filter(|file| file.language == Language::Settings && ends(&file.path) && is_within(&file.path));
        let found = read.find_map(|file| {
            let is_limit = |key: &str| key.replace('-', "_") == SETTING;
            let setting = file.settings.iter().rev().find(|setting| is_limit(&setting.key))?;
            Some((
                database::number_of(&setting.value)?,
                SETTING.into(),
                Location::new(Arc::clone(&file.path), setting.span),
            ))
        });
        if found.is_some() {
            return found;
        }
        // A file of its own that is not among the files may say anything.
        if ends(&mount.source) && !files.iter().any(|file| *file.path == source) {
            return None;
        }
    }
    stated.map(|limit| (limit.value, limit.stated_as, deployed.place(limit.span)))
}

/// What one process keeps open at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// Numbers of which it is the sum; empty where each request has a connection of its own.
    pub parts: Vec<u32>,
    /// Where they are stated.
    pub stated: Vec<Related>,
}

/// What one process of a service keeps for a database; the texts are those that may name it. `None` where that is not known.
type PoolOf<'p> = dyn Fn(&Deployed<'_>, &DatabaseServer<'_>, &[Name]) -> Option<Pool> + 'p;

/// More connections than a database takes.
#[derive(Debug)]
pub struct Excess {
    /// The sum in words, all factors in it.
    pub formula: String,
    /// Where each factor is stated.
    pub factors: Vec<Related>,
    pub services: Vec<ServiceName>,
    pub certainty: Certainty,
}

/// Under which circumstances there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// As configured.
    Configured,
    /// Where an autoscaler makes all of the instances that it may, or while a new version takes the place of an old one.
    AtMost,
    /// A pooler stands between, which may hold them back.
    Pooled,
    /// As soon as what runs once runs twice.
    Second,
}

/// One service's share.
struct Term<'f> {
    app: &'f Deployed<'f>,
    pool: Pool,
    threads: Option<Threads>,
    surge: Option<(u32, Related)>,
    /// Instances at most.
    instances: u32,
}

/// What the services that run the code of a file open together, where that is more than their database takes. `texts` gives what may
/// name the database of a service, `pool` what one process of a service keeps for a database; `None` where that is unknown.
/// Where they are not too many, they may be with a second instance of what is not meant to run once.
pub fn excess<'f>(
    fleet: &'f Fleet<'f>,
    servers: &[DatabaseServer<'f>],
    to: &[Database],
    path: &str,
    texts: &dyn Fn(&Deployed<'_>) -> Vec<Name>,
    pool: &PoolOf<'_>,
    singletons: &[Name],
) -> Option<Excess> {
    let mut shares: Vec<(&DatabaseServer<'f>, Vec<Term<'f>>)> = Vec::new();
    for app in fleet.running(path).into_iter().filter(|app| keeps_connections(app)) {
        let texts = texts(app);
        let Some(server) = server_of(app, servers, to, &texts) else { continue };
        let Some(pool) = pool(app, server, &texts) else { continue };
        let threads = threads::of(&app.service);
        if pool.parts.is_empty() && threads.is_none() {
            continue;
        }
        let instances = app.service.most_replicas();
        let term = Term { app, pool, threads, surge: surge(app), instances };
        match shares.iter_mut().find(|(known, _)| std::ptr::eq(*known, server)) {
            Some((_, terms)) => terms.push(term),
            None => shares.push((server, vec![term])),
        }
    }
    let now = shares.iter().find_map(|(server, terms)| sum(fleet, server, terms));
    now.or_else(|| {
        let may_double = |term: &Term<'_>| term.instances == 1 && !singletons.contains(&term.app.service.name);
        shares.iter_mut().find_map(|(server, terms)| {
            let doubled = terms.iter_mut().filter(|term| may_double(term) && term.app.service.role == Role::Web);
            doubled.for_each(|term| term.instances = 2);
            sum(fleet, server, terms)
        })
    })
}

fn sum(fleet: &Fleet<'_>, server: &DatabaseServer<'_>, terms: &[Term<'_>]) -> Option<Excess> {
    let limit = u64::from(server.limit);
    let most = terms.iter().map(Term::most).fold(0, u64::saturating_add);
    if most <= limit {
        return None;
    }
    let configured = terms.iter().map(Term::configured).fold(0, u64::saturating_add);
    let pooler = fleet.services.iter().find(|it| it.path == server.deployed.path && database::is_pooler(&it.service));
    let certainty = match pooler {
        _ if terms.iter().any(Term::is_doubled) => Certainty::Second,
        Some(_) => Certainty::Pooled,
        None if configured > limit => Certainty::Configured,
        None => Certainty::AtMost,
    };
    let shares: Vec<String> = terms.iter().map(Term::words).collect();
    let name = &server.deployed.service.name;
    let stands_between = |it: &Deployed<'_>| Related {
        location: it.location(),
        message: format!("`{}` may stand between and hold them back", it.service.name),
        excerpt: None,
    };
    let factors = terms.iter().flat_map(Term::factors).chain([server.stated.clone()]).chain(pooler.map(stands_between));
    Some(Excess {
        formula: format!(
            "{most} connections{} ({}), and `{name}` takes {limit}",
            if certainty == Certainty::Second { " with a second instance" } else { "" },
            shares.join(" + ")
        ),
        factors: factors.collect(),
        services: terms.iter().map(|term| term.app.name()).collect(),
        certainty,
    })
}

impl Term<'_> {
    /// Of each process.
    fn each(&self) -> u64 {
        let pool: Option<u64> =
            (!self.pool.parts.is_empty()).then(|| self.pool.parts.iter().map(|part| u64::from(*part)).sum());
        let threads = self.threads.as_ref().map(|threads| u64::from(threads.value));
        pool.into_iter().chain(threads).min().unwrap_or_default()
    }

    fn processes(&self) -> u32 {
        self.app.service.processes.as_ref().map_or(1, |count| count.value)
    }

    fn configured(&self) -> u64 {
        self.times(self.app.service.replicas())
    }

    fn most(&self) -> u64 {
        let surge = self.surge.as_ref().map_or(0, |(surge, _)| *surge);
        self.times(self.instances.saturating_add(surge))
    }

    fn times(&self, instances: u32) -> u64 {
        u64::from(instances).saturating_mul(u64::from(self.processes())).saturating_mul(self.each())
    }

    /// It runs once, and is counted as if it ran twice.
    fn is_doubled(&self) -> bool {
        self.instances > self.app.service.most_replicas()
    }

    /// The bound that counts is that of the threads.
    fn is_bounded(&self) -> bool {
        let pool: u64 = self.pool.parts.iter().map(|part| u64::from(*part)).sum();
        self.pool.parts.is_empty() || self.each() < pool
    }

    /// `web`: 4 instances × 2 processes × (5 + 10).
    fn words(&self) -> String {
        let instances = self.instances;
        let instances = match &self.surge {
            Some((surge, _)) => format!("({instances} + {surge}) instances"),
            None if instances == 1 => "1 instance".to_owned(),
            None => format!("{instances} instances"),
        };
        let processes = match self.processes() {
            1 => String::new(),
            processes => format!(" × {processes} processes"),
        };
        let parts: Vec<String> = self.pool.parts.iter().filter(|part| **part > 0).map(ToString::to_string).collect();
        let each = match parts.as_slice() {
            _ if self.is_bounded() => self.each().to_string(),
            [one] => one.clone(),
            _ => format!("({})", parts.join(" + ")),
        };
        format!("`{}`: {instances}{processes} × {each}", self.app.service.name)
    }

    fn factors(&self) -> Vec<Related> {
        let service = &self.app.service;
        let name = &service.name;
        let told = |location: Location, message: String| Related { location, message, excerpt: None };
        let most = service.most_replicas();
        let mut factors: Vec<Related> = match &service.ceiling {
            Some(count) if count.value == most => {
                vec![told(count.location.clone(), format!("`{name}` may run {most} times: {}", count.stated_as))]
            }
            _ => service
                .instances
                .iter()
                .map(|count| {
                    told(
                        count.location.clone(),
                        format!("`{name}`, instances: {}, as {} says", count.number(), count.stated_as),
                    )
                })
                .collect(),
        };
        if factors.is_empty() {
            factors.push(told(self.app.location(), format!("`{name}` runs once: nothing says otherwise")));
        }
        factors.extend(self.surge.iter().map(|(_, stated)| stated.clone()));
        if let Some(count) = &service.processes {
            factors.push(told(
                count.location.clone(),
                format!("processes in each instance of `{name}`: {}, as {} says", count.number(), count.stated_as),
            ));
        }
        if let Some(threads) = self.threads.as_ref().filter(|_| self.is_bounded()) {
            let message = format!("each process of `{name}` does {} at a time: {}", threads.value, threads.stated_as);
            factors.push(told(self.app.place(threads.span), message));
        }
        if !self.is_bounded() {
            factors.extend(self.pool.stated.iter().cloned());
        }
        factors
    }
}

/// Parts of names and commands of what runs once and is gone before the pools fill.
const ERRANDS: [&str; 8] =
    ["migrat", "alembic", "seed", "initdb", "init-db", "createsuperuser", "backup", "collectstatic"];

/// A service that works all the time on requests or jobs.
fn keeps_connections(app: &Deployed<'_>) -> bool {
    let service = &app.service;
    let is_errand = |text: &str| ERRANDS.iter().any(|errand| text.contains(errand));
    // `alembic upgrade head && python bot.py` stays.
    let last = service.command.as_deref().and_then(|command| command.rsplit(['&', ';']).next());
    let does_errand = service.processes.is_none()
        && service.role != Role::Web
        && (is_errand(&service.name) || last.is_some_and(is_errand));
    service.role != Role::Cron && !does_errand && stage::of(&app.path) == Stage::Deployed
}

/// The database of a service: the one that its texts name, or that it waits for where they name none.
fn server_of<'s, 'f>(
    app: &Deployed<'_>,
    servers: &'s [DatabaseServer<'f>],
    to: &[Database],
    texts: &[Name],
) -> Option<&'s DatabaseServer<'f>> {
    let candidates = || servers.iter().filter(|server| to.contains(&server.database) && is_near(app, server.deployed));
    let named: Vec<_> =
        candidates().filter(|server| texts.iter().any(|text| is_named(&server.deployed.service, text))).collect();
    let awaited =
        || candidates().filter(|server| app.service.depends_on.contains(&server.deployed.service.name)).collect();
    let found: Vec<&DatabaseServer<'f>> = if named.is_empty() { awaited() } else { named };
    let nearness_of = |server: &&DatabaseServer<'_>| nearness(&server.deployed.path, &app.path);
    let most = found.iter().map(nearness_of).max()?;
    let mut nearest = found.into_iter().filter(|server| nearness_of(server) == most);
    nearest.next().filter(|_| nearest.next().is_none())
}

/// Formats of which a deployment has many files.
fn is_near(app: &Deployed<'_>, database: &Deployed<'_>) -> bool {
    let has_many = |language| matches!(language, Language::Kubernetes | Language::Helm);
    app.path == database.path || has_many(app.language) && has_many(database.language)
}

/// What stands before a host in the texts that name one: `postgres://db`, `postgres://shop@db`, `Host=db`, `tcp(db:3306)`.
const BEFORE_HOSTS: [&str; 8] = ["//", "@", "(", ",", " ", "host=", "server=", "data source="];

/// Does a text name the service as a host: `db`, `db:5432`, `postgres://shop@db/shop`, `Host=db;Port=5432`?
pub fn is_named(service: &Service, text: &str) -> bool {
    let behind = service.settings.iter().filter(|setting| setting.key == "Service.metadata.name");
    let behind = behind.filter_map(|setting| match &setting.value {
        Value::Text(name) => Some(name),
        _ => None,
    });
    let mut names = service.aliases.iter().chain([&service.name]).chain(behind).filter(|name| !name.is_empty());
    names.any(|name| {
        text.match_indices(name.as_str()).any(|(at, _)| {
            let (before, after) = (text[..at].to_ascii_lowercase(), &text[at + name.len()..]);
            (before.is_empty() || BEFORE_HOSTS.iter().any(|mark| before.ends_with(mark)))
                && (after.is_empty() || after.starts_with([':', '/', ';', ',', ')', '.', ' ']))
        })
    })
}

/// Instances that run beside the others while a new version takes their place.
fn surge(app: &Deployed<'_>) -> Option<(u32, Related)> {
    let service = &app.service;
    let find = |key: &str| service.settings.iter().find(|setting| setting.key == key);
    let is_text = |key: &str, expected: &str| {
        find(key).is_some_and(|it| matches!(&it.value, Value::Text(text) if text == expected))
    };
    let most = service.most_replicas();
    let (surge, stated_as, span): (u32, &str, Span) = match app.language {
        // <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-surge>: 25 % by default, rounded up.
        Language::Kubernetes | Language::Helm
            if service.kind == "deployment" && !is_text("spec.strategy.type", "Recreate") =>
        {
            match find("spec.strategy.rollingUpdate.maxSurge") {
                Some(setting) => (share(&setting.value, most)?, "maxSurge", setting.span),
                None => (most.div_ceil(4), "maxSurge, by default 25 %", service.span),
            }
        }
        // <https://docs.docker.com/reference/compose-file/deploy/#update_config>: one by one by default, 0 means all at once.
        Language::Compose if is_text("deploy.update_config.order", "start-first") => {
            let parallel = find("deploy.update_config.parallelism");
            let parallel = parallel.map_or(Some(1), |setting| share(&setting.value, most))?;
            let span = find("deploy.update_config.order").map_or(service.span, |setting| setting.span);
            (if parallel == 0 { most } else { parallel.min(most) }, "update_config.order: start-first", span)
        }
        _ => return None,
    };
    let message = format!("instances of `{}` beside the others during an update: {surge}, {stated_as}", service.name);
    (surge > 0).then(|| (surge, Related { location: app.place(span), message, excerpt: None }))
}

/// `1`, or `25%` of so many, rounded up.
fn share(value: &Value, whole: u32) -> Option<u32> {
    match value {
        Value::Number(number) if (0.0..=1_000_000.0).contains(number) => Some(*number as u32),
        Value::Text(text) => match text.strip_suffix('%') {
            Some(percent) => percent.parse::<u32>().ok().map(|percent| whole.saturating_mul(percent).div_ceil(100)),
            None => text.parse().ok(),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
