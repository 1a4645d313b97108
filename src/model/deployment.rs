//! Facts that deployment files state: services, how many of each run, and what they hold on to.

use serde::{Deserialize, Serialize};

use super::Name;
use super::fact::Setting;
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

/// A number that a file states, and where it states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub value: u32,
    /// What it is called there: `deploy.replicas`, `scale`, `gunicorn -w`, "copy `server2`".
    pub stated_as: Name,
    pub location: Location,
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
            aliases: Vec::new(),
            ceiling: None,
            processes: None,
            container_name: None,
            host_network: None,
            ports: Vec::new(),
            mounts: Vec::new(),
            environment: Vec::new(),
            health_check: false,
            depends_on: Vec::new(),
            affinity: None,
            labels: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// Is it reached by this name?
    pub fn is_called(&self, name: &str) -> bool {
        self.name == *name || self.copies.iter().chain(&self.aliases).any(|known| known == name)
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
    pub affinity: Option<Affinity>,
    pub servers: Vec<Server>,
    /// Asks its servers whether they can answer.
    pub health_check: bool,
    /// What else its file says of the group, as in [`Service::settings`]; directives without value are true.
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
    /// Those whose instances have all of these labels.
    Selected(Vec<(Name, Name)>),
    /// Those that mount the volume claim or named volume of this name.
    Mounting(Name),
    /// Those that take their environment from the ConfigMap or Secret of this name.
    Configured(Name),
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
}
