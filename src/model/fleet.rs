//! Where replicas are reached, and how the balancer is spoken to about them.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::event::ReplicaName;

/// In a request: the replica that must answer it. The balancer obeys and does not pass it on.
pub const PIN_HEADER: &str = "x-scaleproof-pin";
/// In every answer for which the balancer asked a replica: which.
pub const REPLICA_HEADER: &str = "x-scaleproof-replica";
/// In answers that the balancer made itself, because no replica did: why.
pub const ERROR_HEADER: &str = "x-scaleproof-error";
/// In answers to requests that were sent a second time, over a fresh connection.
pub const RESENT_HEADER: &str = "x-scaleproof-resent";

/// A replica that the balancer can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub name: ReplicaName,
    pub address: Address,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "{address}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
