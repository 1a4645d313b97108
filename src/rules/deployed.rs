//! What a clause looks for in deployments: services, and what spreads requests over them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::pattern::{Patterns, ValuePattern};
use crate::model::Name;
use crate::model::deployment::{AffinityKey, HealthCheck, Role, Sharing};

/// A service of a deployment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePattern {
    /// What its format calls it, in lower case: `deployment`, `program`; empty for anything.
    pub kind: Option<Patterns>,
    /// Kinds of which the clause does not speak.
    pub unless_kind: Option<Patterns>,
    /// Empty for any role.
    #[serde(default)]
    pub role: Vec<Role>,
    /// Roles, one of which another service of its file has; empty for any neighbours, and none.
    #[serde(default)]
    pub beside: Vec<Role>,
    /// The fewest instances that it runs, or that its autoscaler may make.
    #[serde(default)]
    pub instances: u32,
    /// The most instances that it may run.
    pub at_most: Option<u32>,
    /// The fewest worker processes in each instance.
    #[serde(default)]
    pub processes: u32,
    /// The most worker processes in each instance; one where nothing states a number.
    pub processes_at_most: Option<u32>,
    /// It states more processes than twice the processors that its limit gives it, and one; the finding is at the number.
    #[serde(default)]
    pub beyond_processors: bool,
    /// It states more instances than its autoscaler makes of it; the finding is at the number.
    #[serde(default)]
    pub beyond_autoscaler: bool,
    /// Images, as the file writes them, of which alone the clause speaks.
    pub image: Option<Patterns>,
    /// Images, as the file writes them, of which the clause does not speak.
    pub unless_image: Option<Patterns>,
    /// Its command line, words joined by blanks; the finding is there.
    pub command: Option<Patterns>,
    /// Command lines of which the clause does not speak.
    pub unless_command: Option<Patterns>,
    /// Places in the container where it mounts something that it may write to; the finding is at the mount.
    pub mount: Option<Patterns>,
    pub unless_mount: Option<Patterns>,
    /// Who shares what is mounted; empty for anyone.
    #[serde(default)]
    pub sharing: Vec<Sharing>,
    /// What is mounted there: paths of the host and names of volumes of which the clause does not speak.
    pub unless_source: Option<Patterns>,
    /// Nobody asks whether it can answer: it states no health check, and no balancer that lists it makes one. Where a balancer
    /// stands beside it whose configuration is not there, that is not known.
    #[serde(default)]
    pub no_health_check: bool,
    /// How the balancers that list it learn that it cannot answer; empty for any way, and for services that none lists.
    #[serde(default)]
    pub balancer_check: Vec<HealthCheck>,
    /// It has a fixed container name; the finding is there.
    #[serde(default)]
    pub container_name: bool,
    /// It publishes a port of the host of which its instances do not each have their own; the finding is there.
    #[serde(default)]
    pub host_port: bool,
    /// It has no port at which requests could reach it.
    #[serde(default)]
    pub no_port: bool,
    /// It is in the network of its host.
    #[serde(default)]
    pub host_network: bool,
    /// Names of variables; a service that has one is not meant.
    pub unless_environment: Option<Patterns>,
    /// What keeps the requests of one client together; the finding is there.
    #[serde(default)]
    pub affinity: Vec<AffinityKey>,
    /// Variables of its environment, by their names, and what each must be; the finding is at the first.
    #[serde(default)]
    pub environment: BTreeMap<Name, ValuePattern>,
    /// The configuration declares that it must run once.
    #[serde(default)]
    pub declared_singleton: bool,
    /// Settings, by their keys, and what each must be; the finding is at the first.
    #[serde(default)]
    pub with: BTreeMap<Name, ValuePattern>,
    /// It is killed before its program has given up what it works on, as far as both times are known; the finding is at the place that
    /// states one of them.
    pub cut_short: Option<Known>,
    /// Of the variables and settings that are asked for, two of its instances have the same value: not each copy its own.
    #[serde(default)]
    pub alike: bool,
    /// Parts of keys: what it says under the first it also says under the second; the finding is at the first.
    pub same: Option<[Name; 2]>,
    /// Settings that it must not have.
    pub without: Option<Patterns>,
    /// Like `with`; one that holds silences the clause.
    #[serde(default)]
    pub unless_with: BTreeMap<Name, ValuePattern>,
}

/// A group of servers among which a balancer chooses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancerPattern {
    /// The fewest servers that it lists.
    #[serde(default)]
    pub at_least: usize,
    /// The most servers that it lists.
    pub at_most: Option<usize>,
    /// What keeps the requests of one client together; the finding is there.
    #[serde(default)]
    pub affinity: Vec<AffinityKey>,
    /// How it learns that a server cannot answer; empty for any way.
    #[serde(default)]
    pub health_check: Vec<HealthCheck>,
    /// Lists a server that is none of the services beside it; the finding is there.
    #[serde(default)]
    pub absent_server: bool,
    /// Lists some of the copies of a service and not all.
    #[serde(default)]
    pub missing_server: bool,
    /// The fewest instances of a service that one of its servers stands for by its name; the finding is at the server.
    #[serde(default)]
    pub server_instances: u32,
    /// What tells the requests of one of its routes; the finding is at the route.
    pub route: Option<Patterns>,
    /// Settings of this route and what each must be; the finding is at the first.
    #[serde(default)]
    pub route_with: BTreeMap<Name, ValuePattern>,
    /// Settings that this route must not have.
    pub route_without: Option<Patterns>,
    /// Like `route_with`; one that holds silences the clause for the route.
    #[serde(default)]
    pub unless_route_with: BTreeMap<Name, ValuePattern>,
    /// Settings of the group, by their keys, and what each must be; the finding is at the first.
    #[serde(default)]
    pub with: BTreeMap<Name, ValuePattern>,
    /// Settings of the group that it must not have.
    pub without: Option<Patterns>,
    /// Like `with`; one that holds silences the clause.
    #[serde(default)]
    pub unless_with: BTreeMap<Name, ValuePattern>,
    /// Settings of one of its servers and what each must be; the finding is there.
    #[serde(default)]
    pub server_with: BTreeMap<Name, ValuePattern>,
    /// Settings that a server must not have; the finding is at the first that has none of them.
    pub server_without: Option<Patterns>,
}

/// Where two numbers must be known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// One of them at least is stated.
    Stated,
    /// Both may be defaults.
    Default,
}
