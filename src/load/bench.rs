//! The load generator. [`run`] drives a [`Plan`] and hands back what was [`Measured`]. Nothing here prints.
//!
//! The engine for HTTP/1.1 is the fast one: an epoll loop for each thread, requests written from prepared bytes, answers parsed where
//! they lie, nothing allocated for each request. Those for HTTP/2 and for stories are built of libraries, and keep the same books.

mod books;
mod certificate;
mod clock;
pub mod compare;
mod drive;
mod http2;
pub mod identity;
mod lane;
mod menu;
pub mod response;
mod run;
mod sink;
pub mod slices;
mod socket;
mod spread;
mod story;
pub mod summary;
pub mod tally;
mod warnings;
mod wire;
mod worker;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use super::Endpoint;
use crate::scenario::Scenario;
pub use run::run;
pub use sink::ceiling;
pub use tally::{InstanceTally, Tally};

/// What is to be done.
#[derive(Clone)]
pub struct Plan {
    pub engine: Engine,
    /// At least one.
    pub targets: Vec<Target>,
    /// At least one, and no fewer than threads.
    pub connections: u32,
    pub threads: u32,
    /// Begin no more requests than this.
    pub requests: Option<u64>,
    /// Stop at this time, whatever is under way.
    pub duration: Option<Duration>,
    /// Time before the first request that counts.
    pub warmup: Duration,
    pub pace: Pace,
    pub keep_alive: bool,
    /// Open a new connection after so many requests.
    pub requests_per_connection: Option<u32>,
    /// For a connection, and for an answer.
    pub timeout: Duration,
    /// Local addresses, used in turn, one for each connection; empty for what the system takes.
    pub sources: Vec<IpAddr>,
    /// Bytes of the socket's buffers; `None` for what the system takes.
    pub window: Option<usize>,
    /// Stop at the first answer that is broken off, as `ab` does without `-r`.
    pub stop_on_receive_error: bool,
    pub identity: IdentityFrom,
    /// Keep every request's times: 24 bytes each.
    pub keep_samples: bool,
    pub seed: u64,
    /// Told of everything that comes; slow.
    pub listener: Option<Listener>,
}

/// What speaks to the server.
#[derive(Clone)]
pub enum Engine {
    /// One request at a time on each connection.
    Http1,
    /// So many at a time on each connection; every connection is kept.
    Http2 { streams: u32 },
    /// As many users at a time as the plan has connections; what the plan says of requests (how many, how often) is said of their
    /// journeys.
    Story(Arc<Story>),
}

impl Engine {
    /// Requests for each one that the plan speaks of, redirects left out.
    pub fn most_requests(&self) -> u64 {
        match self {
            Engine::Http1 | Engine::Http2 { .. } => 1,
            Engine::Story(story) => story.scenario.steps.len() as u64,
        }
    }
}

/// What users travel, each with cookies of his own, again and again.
pub struct Story {
    pub scenario: Scenario,
    /// Values for the scenario's own variables.
    pub variables: BTreeMap<String, String>,
    /// Bodies from files are read below it.
    pub folder: PathBuf,
    /// Where the plan's only target is, as `http://127.0.0.1:4711`; no user ever leaves it.
    pub base: String,
}

/// Is told of each piece of an answer and of each whole one, by all threads.
pub type Listener = Arc<dyn Fn(Heard<'_>) + Send + Sync>;

/// What a [`Listener`] is told.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    Piece(&'a [u8]),
    /// The status of a whole answer.
    Answer(u16),
}

/// When the next request is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// When the answer before it is there.
    Closed,
    /// So many each second, whether or not the ones before are answered.
    Open { per_second: f64, arrivals: Arrivals },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    Constant,
    Poisson,
}

/// Where an answer says which instance gave it.
#[derive(Clone, Debug)]
pub enum IdentityFrom {
    /// Do not look.
    Nowhere,
    /// The usual headers, then `hostname` in a JSON object, whichever comes first.
    Usual,
    /// A header, in lower case.
    Header(String),
    /// A cookie that the answer sets.
    Cookie(String),
    /// A JSON pointer (RFC 6901) into the body.
    Json(String),
    /// The first group of the first match in the body, or the whole match where there is no group.
    Body(regex::bytes::Regex),
}

/// What is asked, where.
#[derive(Clone)]
pub struct Target {
    pub origin: Origin,
    /// Head and body, as they go over the wire.
    pub request: Arc<[u8]>,
    /// Bytes of `request` that are body.
    pub body_bytes: usize,
    /// Is it a HEAD request, whose answer has no body whatever its head says?
    pub head_only: bool,
    /// How often in relation to the other targets; at least 1.
    pub weight: u32,
}

/// Where connections go.
#[derive(Clone)]
pub struct Origin {
    pub endpoint: Endpoint,
    pub tls: Option<TlsClient>,
    /// What asks a proxy for a tunnel, before TLS begins.
    pub tunnel: Option<Arc<[u8]>>,
}

#[derive(Clone)]
pub struct TlsClient {
    pub config: Arc<rustls::ClientConfig>,
    pub name: rustls::pki_types::ServerName<'static>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Measured {
    pub tally: Tally,
    /// When the first request that counts could be sent, since 1970.
    pub began: Duration,
    /// From the first request that counts to the last answer.
    pub wall: Duration,
    /// CPU time of this process in that time, user and system.
    pub cpu: Duration,
    /// Was it interrupted?
    pub interrupted: bool,
}

/// What happened since the last look, a few times each second.
pub struct Interval<'a> {
    /// Since the first request that counts.
    pub at: Duration,
    pub length: Duration,
    pub tally: &'a Tally,
}
