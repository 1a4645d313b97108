//! One replica as the balancer sees it: its address, its idle connections, its health and its tally.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::model::event::ReplicaName;
use crate::model::fleet::{Address, Upstream};

use super::health::{Health, HealthRules};

/// What is sent to a replica: the client's body, or none when a request without one is sent again.
pub type RequestBody = Either<Incoming, Empty<Bytes>>;
pub type Sender = SendRequest<RequestBody>;

/// More header fields than any app sends, and far more than hyper's default of 100.
pub const MAX_HEADERS: usize = 1000;
/// Idle connections kept for one replica.
const MOST_IDLE: usize = 256;
/// An idle connection older than this is not trusted.
const IDLE_FOR: Duration = Duration::from_secs(60);

pub struct Backend {
    pub upstream: Upstream,
    pub tally: Arc<Tally>,
    health: Mutex<Health>,
    idle: Mutex<Vec<(Instant, Sender)>>,
}

/// What was counted for one replica name, over all addresses that it had.
#[derive(Debug, Default)]
pub struct Tally {
    pub balanced: AtomicU64,
    pub pinned: AtomicU64,
    pub failures: AtomicU64,
    pub resent: AtomicU64,
    pub in_flight: AtomicU64,
}

/// The counters of one replica at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    pub replica: ReplicaName,
    /// Answered requests that the policy sent here.
    pub balanced: u64,
    /// Answered requests that were pinned here.
    pub pinned: u64,
    /// Requests without a whole answer: refused, timed out, broken off.
    pub failures: u64,
    /// Requests that found a stale connection and were sent again over a fresh one.
    pub resent: u64,
    /// Requests that are being answered, tunnels included.
    pub in_flight: u64,
}

impl Tally {
    pub fn read(&self, replica: ReplicaName) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            replica,
            balanced: read(&self.balanced),
            pinned: read(&self.pinned),
            failures: read(&self.failures),
            resent: read(&self.resent),
            in_flight: read(&self.in_flight),
        }
    }
}

/// Counts a request as in flight until it is dropped.
pub struct InFlight(Arc<Tally>);

impl InFlight {
    pub fn new(tally: &Arc<Tally>) -> Self {
        tally.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(tally.clone())
    }

    pub fn failed(&self) {
        self.0.failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Backend {
    pub fn new(upstream: Upstream, tally: Arc<Tally>) -> Self {
        Backend { upstream, tally, health: Mutex::default(), idle: Mutex::default() }
    }

    pub fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.health)
    }

    /// An idle connection that is still open as far as anybody knows.
    pub fn idle_connection(&self) -> Option<Sender> {
        let mut idle = lock(&self.idle);
        while let Some((since, sender)) = idle.pop() {
            if sender.is_ready() && since.elapsed() < IDLE_FOR {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps the connection for the next request as soon as the current exchange is over, if it is then still open.
    pub fn keep(self: &Arc<Self>, mut sender: Sender) {
        let backend = self.clone();
        tokio::spawn(async move {
            if sender.ready().await.is_ok() {
                let mut idle = lock(&backend.idle);
                if idle.len() < MOST_IDLE {
                    idle.push((Instant::now(), sender));
                }
            }
        });
    }

    /// Closes what is idle.
    pub fn close_idle(&self) {
        lock(&self.idle).clear();
    }

    /// Opens a connection and tells the health what came of it.
    ///
    /// # Errors
    /// When the replica does not accept it within `timeout`.
    pub async fn connect(&self, timeout: Duration, rules: &HealthRules) -> io::Result<Sender> {
        let connected = self.open(timeout).await;
        match &connected {
            Ok(_) => self.health().succeeded(rules),
            Err(_) => self.health().failed(rules, Instant::now()),
        }
        connected
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When the replica does not accept it within `timeout`.
    pub async fn open(&self, timeout: Duration) -> io::Result<Sender> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        tokio::time::timeout(timeout, open(&self.upstream.address)).await.map_err(late).flatten()
    }
}

async fn open(address: &Address) -> io::Result<Sender> {
    match address {
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            handshake(stream).await
        }
        Address::Unix(path) => handshake(UnixStream::connect(path).await?).await,
    }
}

async fn handshake(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<Sender> {
    let mut builder = Builder::new();
    builder.max_headers(MAX_HEADERS);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // Its errors reach whoever sent the request.
    tokio::spawn(connection.with_upgrades());
    Ok(sender)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
