//! Where replicas are reached.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::event::ReplicaName;

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
