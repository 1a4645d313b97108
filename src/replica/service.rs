//! Shared dependencies: what production runs once, beside the replicas.

use std::time::Duration;

/// A Redis, a PostgreSQL, anything with a command and a port. Each fleet gets its own, so that a control run starts empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// `{port}` is where it has to listen.
    pub command: Vec<String>,
    /// What the replicas are told: `REDIS_URL=redis://127.0.0.1:{port}`. The service itself sees it as well.
    pub env: Vec<(String, String)>,
    /// It is ready when the port accepts connections.
    pub ready_timeout: Duration,
}
