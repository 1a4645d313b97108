//! Facts that deployment files state: services, how many of each run, and what they hold on to.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Name;
use super::fact::{Setting, Value};
use super::location::{Location, Span};

/// What a service is for. Told from its image, its command and its name, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Web,
    Worker,
    Cron,
    Bot,
    Database,
    Cache,
    Broker,
    Balancer,
    Static,
    Unknown,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Role::Web => "web",
            Role::Worker => "worker",
            Role::Cron => "cron",
            Role::Bot => "bot",
            Role::Database => "database",
            Role::Cache => "cache",
            Role::Broker => "broker",
            Role::Balancer => "balancer",
            Role::Static => "static",
            Role::Unknown => "unknown",
        })
    }
}

/// A kind of database server that takes so many connections and no more; what speaks its protocol counts as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Database {
    Postgres,
    /// MariaDB and Percona as well.
    Mysql,
}

/// The kind of a [`Service`] that stands for what a server's own file or a script says of its worker processes. It belongs to the service
/// that runs that server, and is one of its own where there is none.
pub const SERVER: &str = "server";

/// The kind of a [`Service`] of which nothing but its name could be read.
pub const UNREAD: &str = "unread";

/// A number as files have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Number {
    Exactly(u32),
    /// One for each processor or for each node, as with `pm2 -i max` or `deploy.mode: global`: more than one, and no file says how many.
    Several,
}

/// The smallest number of which "several" is true.
pub const SEVERAL: u32 = 2;

/// What a number that no file states is called.
pub const SEVERAL_WORD: &str = "several";
/// What it is where workers are meant.
pub const ONE_PER_PROCESSOR: &str = "one per processor";

impl Number {
    pub fn least(self) -> u32 {
        match self {
            Number::Exactly(number) => number,
            Number::Several => SEVERAL,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Exactly(number) => write!(f, "{number}"),
            Number::Several => write!(f, "{SEVERAL} or more"),
        }
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Number::Exactly(number)
    }
}

/// A number that a file states, and where it states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub value: u32,
    /// There are several, and the file does not say how many: the value is the least.
    #[serde(default)]
    pub at_least: bool,
    /// What it is called there: `deploy.replicas`, `scale`, `gunicorn -w`, "copy `server2`".
    pub stated_as: Name,
    pub location: Location,
}

impl Count {
    pub fn new(number: impl Into<Number>, stated_as: impl Into<Name>, location: Location) -> Self {
        let number = number.into();
        Count { value: number.least(), at_least: number == Number::Several, stated_as: stated_as.into(), location }
    }

    pub fn number(&self) -> Number {
        if self.at_least { Number::Several } else { Number::Exactly(self.value) }
    }
}

/// One service of one deployment, copies of the same app gathered into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub name: Name,
    /// What its format calls such a thing, in lower case: `service`, `deployment`, `statefulset`, `process`, `program`, `unit`.
    pub kind: Name,
    /// The key or line that names it.
    pub span: Span,
    pub role: Role,
    pub image: Option<Name>,
    /// The build context, as written.
    pub build: Option<Name>,
    /// The command line, joined by spaces where the file has a list.
    pub command: Option<Name>,
    /// Where the command is written, if it is.
    pub command_span: Option<Span>,
    /// What makes it run more than once: one entry for each service of the file that is a copy of this app, its value the
    /// replicas of that copy. Empty where the file says nothing, which means one.
    pub instances: Vec<Count>,
    /// Names of the services that are copies of this app, its own included; empty where there is one.
    pub copies: Vec<Name>,
    /// Variables and settings, by key and value, of which one copy alone has this value.
    pub own: Vec<(Name, Value)>,
    /// Other names by which it is reached in its network: a host name, a container's name, aliases.
    pub aliases: Vec<Name>,
    /// The most instances that an autoscaler may make of it.
    pub ceiling: Option<Count>,
    /// Worker processes in each instance, where a process manager states more or fewer than one.
    pub processes: Option<Count>,
    /// Of several copies the one that two of them ask for, or a copy that runs several times.
    pub container_name: Option<(Name, Span)>,
    /// Host network mode.
    pub host_network: Option<Span>,
    pub ports: Vec<Port>,
    pub mounts: Vec<Mount>,
    pub environment: Vec<Setting>,
    /// ConfigMaps and Secrets from which it takes further variables.
    pub configured_by: Vec<Name>,
    /// Where its container is declared, in formats in which a service holds containers: what asks the app belongs there.
    pub container: Option<Span>,
    /// Something asks each instance whether it can answer, before it gets requests.
    pub health_check: bool,
    pub depends_on: Vec<Name>,
    /// Requests of one client stay with one instance, as the platform or a balancer has it.
    pub affinity: Option<Affinity>,
    /// Labels of its instances, by which other documents select them.
    pub labels: Vec<(Name, Name)>,
    /// What else its file says, under the keys of its format joined by dots: `deploy.update_config.order`,
    /// `spec.template.spec.containers.0.readinessProbe.httpGet.path`. Elements of lists go by their number, from 0.
    pub settings: Vec<Setting>,
    /// Keys of its file that stand in place of what a lower file says, and are not joined with it: `ports`, `environment.DEBUG`.
    pub replaces: Vec<Name>,
    /// Spans of what other files say of it, and these files: one that it extends, one that is laid over, the Dockerfile that it is
    /// built from. All others are of the file that declares it.
    pub elsewhere: Vec<(Span, Arc<str>)>,
}

impl Service {
    pub fn named(name: impl Into<Name>, span: Span) -> Self {
        Service {
            name: name.into(),
            kind: Name::new("service"),
            span,
            role: Role::Unknown,
            image: None,
            build: None,
            command: None,
            command_span: None,
            instances: Vec::new(),
            copies: Vec::new(),
            own: Vec::new(),
            aliases: Vec::new(),
            ceiling: None,
            processes: None,
            container_name: None,
            host_network: None,
            ports: Vec::new(),
            mounts: Vec::new(),
            environment: Vec::new(),
            configured_by: Vec::new(),
            container: None,
            health_check: false,
            depends_on: Vec::new(),
            affinity: None,
            labels: Vec::new(),
            settings: Vec::new(),
            replaces: Vec::new(),
            elsewhere: Vec::new(),
        }
    }

    /// Where one of its spans lies; `home` is the file that declares it.
    pub fn place(&self, span: Span, home: &Arc<str>) -> Location {
        let elsewhere = self.elsewhere.iter().find(|(known, _)| *known == span);
        Location::new(Arc::clone(elsewhere.map_or(home, |(_, path)| path)), span)
    }

    /// The spans of all of its parts; those of its counts and its affinity know their files themselves.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        let single = [self.command_span, self.host_network, self.container_name.as_ref().map(|(_, span)| *span)];
        let listed = self.ports.iter().map(|port| port.span).chain(self.mounts.iter().map(|mount| mount.span));
        let settings = self.environment.iter().chain(&self.settings).map(|setting| setting.span);
        single.into_iter().flatten().chain(listed).chain(settings)
    }

    /// The service as `home` has it, where `path` is the file that says all this.
    pub fn seen_from(mut self, path: &Arc<str>, home: &str) -> Self {
        if **path != *home {
            let known: HashSet<Span> = self.elsewhere.iter().map(|(span, _)| *span).collect();
            let own: Vec<_> = self.spans().filter(|span| !known.contains(span)).collect();
            self.elsewhere.extend(own.into_iter().map(|span| (span, Arc::clone(path))));
        }
        self
    }

    /// This service with what only `lower` says, both as one file has them: what stands above counts, lists are joined, and of a
    /// mount of the same target, a variable and a setting there is one.
    pub fn laid_over(self, mut lower: Service) -> Service {
        let mut whole = self;
        whole.replaces.iter().for_each(|key| lower.forget(key));
        let same_program = whole.command.is_none() && whole.name == lower.name && lower.role != Role::Unknown;
        if same_program || whole.role == Role::Unknown {
            whole.role = lower.role;
        }
        if whole.command.is_none() {
            whole.command = lower.command;
            whole.command_span = lower.command_span;
            whole.processes = whole.processes.or(lower.processes);
        }
        whole.image = whole.image.or(lower.image);
        whole.build = whole.build.or(lower.build);
        if whole.instances.is_empty() {
            whole.instances = lower.instances;
        }
        if whole.copies.is_empty() {
            whole.copies = lower.copies;
        }
        whole.ceiling = whole.ceiling.or(lower.ceiling);
        whole.container_name = whole.container_name.or(lower.container_name);
        whole.host_network = whole.host_network.or(lower.host_network);
        whole.affinity = whole.affinity.or(lower.affinity);
        whole.health_check |= lower.health_check;
        add(&mut whole.ports, lower.ports, |port| (port.host, port.container));
        add(&mut whole.mounts, lower.mounts, |mount| mount.target.clone());
        add(&mut whole.environment, lower.environment, |setting| setting.key.clone());
        add(&mut whole.settings, lower.settings, |setting| setting.key.clone());
        add(&mut whole.depends_on, lower.depends_on, Name::clone);
        add(&mut whole.aliases, lower.aliases, Name::clone);
        add(&mut whole.labels, lower.labels, |label| label.0.clone());
        whole.elsewhere.extend(lower.elsewhere);
        whole
    }

    /// Drops what its file says under a key.
    fn forget(&mut self, key: &str) {
        match key {
            "image" => self.image = None,
            "build" => self.build = None,
            "command" | "entrypoint" => (self.command, self.processes) = (None, None),
            "scale" | "deploy" | "deploy.replicas" | "deploy.mode" => self.instances.clear(),
            "container_name" => self.container_name = None,
            "network_mode" => self.host_network = None,
            "ports" => self.ports.clear(),
            "volumes" => self.mounts.clear(),
            "environment" => self.environment.clear(),
            "healthcheck" => self.health_check = false,
            "depends_on" => self.depends_on.clear(),
            "labels" => self.labels.clear(),
            _ => {}
        }
        let variable = key.strip_prefix("environment.");
        self.environment.retain(|setting| variable.is_none_or(|name| setting.key != name));
        let is_below = |setting: &Setting| {
            setting.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.settings.retain(|setting| !is_below(setting));
    }

    /// The service without what one of its copies has for itself: what is left, two of its instances share.
    pub fn in_common(&self) -> Service {
        let is_shared =
            |setting: &Setting| !self.own.iter().any(|(key, value)| setting.key == *key && setting.value == *value);
        let mut common = self.clone();
        common.environment.retain(is_shared);
        common.settings.retain(is_shared);
        common
    }

    /// Is it reached by this name?
    pub fn is_called(&self, name: &str) -> bool {
        self.name == *name || self.copies.iter().chain(&self.aliases).any(|known| known == name)
    }

    /// It runs a server of which another file says something; what its own says comes first.
    pub fn serve(&mut self, server: Service) {
        self.processes = self.processes.take().or(server.processes);
        self.settings.extend(server.settings);
        self.elsewhere.extend(server.elsewhere);
    }

    /// How many instances run as configured; at least 1 unless the file says 0.
    pub fn replicas(&self) -> u32 {
        if self.instances.is_empty() { 1 } else { self.instances.iter().map(|count| count.value).sum() }
    }

    /// The most instances that may run: as configured, or as an autoscaler makes them.
    pub fn most_replicas(&self) -> u32 {
        self.ceiling.as_ref().map_or(0, |count| count.value).max(self.replicas())
    }

    /// Instances × processes.
    pub fn running_processes(&self) -> u32 {
        self.replicas() * self.processes.as_ref().map_or(1, |count| count.value)
    }
}

/// Adds what is not there yet, as its key tells.
fn add<T, K: Eq + std::hash::Hash>(whole: &mut Vec<T>, more: Vec<T>, key: fn(&T) -> K) {
    let known: HashSet<K> = whole.iter().map(key).collect();
    whole.extend(more.into_iter().filter(|one| !known.contains(&key(one))));
}

/// A published port. `host` is `None` where the engine chooses one; a range is `(first, last)`. A port that a variable
/// holds whose value is not known is 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    pub host: Option<(u16, u16)>,
    pub container: u16,
    pub span: Span,
}

/// Something mounted into the container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// A path of the host, the name of a volume, or empty for an anonymous one.
    pub source: Name,
    pub target: Name,
    pub read_only: bool,
    pub sharing: Sharing,
    pub span: Span,
}

impl Mount {
    /// A path of the host, as opposed to a named volume.
    pub fn is_bind(&self) -> bool {
        self.sharing == Sharing::Bind
    }
}

/// Who sees what is written to a [`Mount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// The instances on one host: a path of that host.
    Bind,
    /// The instances on one host, or one at a time: a named volume of the engine, a claim that is ReadWriteOnce.
    Host,
    /// One instance, and whatever takes its place: a volume claim template, a volume of fly.io.
    Own,
    /// One instance, as long as it lives: emptyDir, tmpfs.
    Ephemeral,
    /// All instances, wherever they run: NFS, a claim that is ReadWriteMany.
    Network,
    /// What is behind the name is said elsewhere, or nowhere.
    Unknown,
}

/// How the requests of one client are kept together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affinity {
    pub by: AffinityKey,
    /// As its file has it: `ip_hash`, `sessionAffinity: ClientIP`.
    pub stated_as: Name,
    pub location: Location,
}

/// What tells clients apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AffinityKey {
    Cookie,
    Address,
    /// A header, a part of the URL, or anything else of the request.
    Request,
}

/// A group of servers among which a balancer chooses: nginx's `upstream`, HAProxy's `backend`, a Traefik service, an Envoy
/// cluster, Caddy's `reverse_proxy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balancer {
    pub name: Name,
    /// What names it.
    pub span: Span,
    /// It is declared as a group, with a name of its own, as opposed to a host that requests are passed to.
    pub declared: bool,
    pub affinity: Option<Affinity>,
    pub servers: Vec<Server>,
    /// How requests come to it, where the file says so.
    pub routes: Vec<Route>,
    pub health_check: HealthCheck,
    /// What else its file says of the group, as in [`Service::settings`]; directives without value are true.
    pub settings: Vec<Setting>,
}

impl Balancer {
    pub fn named(name: impl Into<Name>, span: Span) -> Self {
        Balancer {
            name: name.into(),
            span,
            declared: true,
            affinity: None,
            servers: Vec::new(),
            routes: Vec::new(),
            health_check: HealthCheck::None,
            settings: Vec::new(),
        }
    }
}

/// How a balancer learns that a server cannot answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthCheck {
    /// It does not: such a server gets its share of the requests.
    #[default]
    None,
    /// From requests of users that failed there.
    Passive,
    /// It asks.
    Active,
}

/// A way by which requests come to a [`Balancer`]: a location of nginx, a `reverse_proxy` with its matcher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// What tells these requests, as written: `/socket.io/`, `~* ^/ws`; empty for all.
    pub path: Name,
    pub span: Span,
    /// What holds for these requests, what is inherited included.
    pub settings: Vec<Setting>,
}

/// One server of a [`Balancer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// A host name or an address, without port; empty for a Unix socket.
    pub host: Name,
    pub port: Option<u16>,
    /// As written: `server2:8000`, `unix:/run/app.sock`.
    pub address: Name,
    pub span: Span,
    pub settings: Vec<Setting>,
}

/// What a document says of a service that another document declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    pub target: Target,
    pub says: Says,
    pub span: Span,
}

/// Of which services an [`Attachment`] speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Those of this name; an empty kind stands for any.
    Named { kind: Name, name: Name },
    /// Those of these files, and of all that lies in these folders.
    Below(Vec<Arc<str>>),
    /// The one that this file declares under this name.
    Declared { path: Arc<str>, name: Name },
    /// Those whose instances have all of these labels.
    Selected(Vec<(Name, Name)>),
    /// Those that mount the volume claim or named volume of this name.
    Mounting(Name),
    /// Those that take their environment from the ConfigMap or Secret of this name.
    Configured(Name),
    /// Those to which the Kubernetes Service of this name sends requests.
    Behind(Name),
}

/// What an [`Attachment`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// It runs this many times, whatever its own document says: an overlay, a formation.
    Replicas(Count),
    /// An autoscaler makes between so many and so many of it.
    Scales {
        least: Count,
        most: Count,
    },
    Affinity(Affinity),
    /// The volume is shared like this.
    Shares(Sharing),
    Environment(Vec<Setting>),
    /// Further settings, under the keys of their own format: `PodDisruptionBudget.spec.minAvailable`.
    Settings(Vec<Setting>),
    /// It goes by a further name, put together from these and its own, and runs other images than its document names.
    Renames {
        prefix: Name,
        suffix: Name,
        images: Vec<(Name, Name)>,
    },
    /// It is this service with all that its own document says beside: a file that is laid over another.
    Overlays(Box<Service>),
    /// Another document's service stands for it, which extends it.
    Replaces,
}
