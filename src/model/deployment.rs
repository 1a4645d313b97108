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
    /// Worker processes in each instance, where a process manager states more or fewer than one.
    pub processes: Option<Count>,
    /// Of several copies the one that two of them ask for, or a copy that runs several times.
    pub container_name: Option<(Name, Span)>,
    /// Host network mode.
    pub host_network: Option<Span>,
    pub ports: Vec<Port>,
    pub mounts: Vec<Mount>,
    pub environment: Vec<Setting>,
    pub health_check: bool,
    pub depends_on: Vec<Name>,
}

impl Service {
    pub fn named(name: impl Into<Name>, span: Span) -> Self {
        Service {
            name: name.into(),
            span,
            role: Role::Unknown,
            image: None,
            build: None,
            command: None,
            command_span: None,
            instances: Vec::new(),
            processes: None,
            container_name: None,
            host_network: None,
            ports: Vec::new(),
            mounts: Vec::new(),
            environment: Vec::new(),
            health_check: false,
            depends_on: Vec::new(),
        }
    }

    /// How many instances run as configured; at least 1 unless the file says 0.
    pub fn replicas(&self) -> u32 {
        if self.instances.is_empty() { 1 } else { self.instances.iter().map(|count| count.value).sum() }
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
    /// A path of the host, as opposed to a named volume.
    pub bind: bool,
    pub span: Span,
}
