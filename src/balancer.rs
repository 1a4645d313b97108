//! L2, the embedded balancer: who is there, who is well, who is next, and which replica a request is pinned to.
//!
//! Routing is an instrument here: a request with [`PIN`] goes to that replica or fails, and every answer says in
//! [`REPLICA`] who gave it. Nothing is retried, with the one exception that [`Counters::resent`] counts and [`RESENT`] tells.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::model::event::ReplicaName;
use crate::model::fleet::Upstream;

mod backend;
mod body;
mod forward;
mod headers;
pub mod health;
pub mod policy;
mod watchman;

pub use backend::Counters;
pub use headers::{ERROR, PIN, REPLICA, RESENT};
pub use policy::Policy;
pub use watchman::ActiveCheck;

use backend::{Backend, MAX_HEADERS, Tally};
use health::HealthRules;

/// How a balancer behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub policy: Policy,
    /// For [`Policy::Random`].
    pub seed: u64,
    pub connect_timeout: Duration,
    /// From the moment a request is passed on, its upload included, to the head of the answer.
    pub response_timeout: Duration,
    /// How long requests in flight may go on after [`Balancer::stop`].
    pub drain: Duration,
    pub health: HealthRules,
    /// Asks the replicas by itself as well; `None` learns from connections only.
    pub check: Option<ActiveCheck>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            policy: Policy::default(),
            seed: 0,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            health: HealthRules::default(),
            check: None,
        }
    }
}

/// A running balancer. Dropping it ends every connection at once; [`Balancer::stop`] lets requests finish.
pub struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
    watchman: Option<JoinHandle<()>>,
}

/// What all connections see.
struct Shared {
    settings: Settings,
    backends: RwLock<Arc<[Arc<Backend>]>>,
    /// Every replica that ever was, by name.
    tallies: Mutex<BTreeMap<ReplicaName, Arc<Tally>>>,
    /// Counts balanced requests.
    turn: AtomicU64,
    stopped: watch::Sender<bool>,
}

impl Shared {
    fn backends(&self) -> Arc<[Arc<Backend>]> {
        self.backends.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn until_stopped(&self) {
        // It fails when the sender is gone, which is in `self`.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Replicas whose name and address stay keep their connections and their health.
    fn set_upstreams(&self, upstreams: Vec<Upstream>) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.backends();
        let next = upstreams.into_iter().map(|upstream| {
            let same = before.iter().find(|backend| backend.upstream == upstream).cloned();
            same.unwrap_or_else(|| {
                let tally = tallies.entry(upstream.name.clone()).or_default().clone();
                Arc::new(Backend::new(upstream, tally))
            })
        });
        let next: Arc<[Arc<Backend>]> = next.collect();
        before.iter().filter(|old| !next.iter().any(|new| Arc::ptr_eq(old, new))).for_each(|old| old.close_idle());
        *self.backends.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

impl Balancer {
    /// Listens on a free port of loopback. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start(upstreams: Vec<Upstream>, policy: Policy, seed: u64) -> io::Result<Balancer> {
        Balancer::with(upstreams, Settings { policy, seed, ..Settings::default() })
    }

    /// [`Balancer::start`] with everything to choose.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn with(upstreams: Vec<Upstream>, settings: Settings) -> io::Result<Balancer> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            settings,
            backends: RwLock::new(Arc::new([])),
            tallies: Mutex::default(),
            turn: AtomicU64::new(0),
            stopped: watch::Sender::new(false),
        });
        shared.set_upstreams(upstreams);
        let watchman = shared.settings.check.clone().map(|check| tokio::spawn(watchman::watch(shared.clone(), check)));
        let server = Some(tokio::spawn(serve(listener, shared.clone())));
        Ok(Balancer { address, shared, server, watchman })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The counters of every replica that ever was behind this balancer, by name.
    pub fn counters(&self) -> Vec<Counters> {
        let tallies = self.shared.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.iter().map(|(name, tally)| tally.read(name.clone())).collect()
    }

    /// Changes who is there. Requests in flight end where they began; counters go on by name.
    pub fn set_upstreams(&self, upstreams: Vec<Upstream>) {
        self.shared.set_upstreams(upstreams);
    }

    /// Takes no new connection, lets requests in flight finish as long as the settings allow, ends tunnels, closes.
    pub async fn stop(mut self) {
        self.shared.stopped.send_replace(true);
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.shared.stopped.send_replace(true);
        for task in self.server.take().into_iter().chain(self.watchman.take()) {
            task.abort();
        }
        self.shared.set_upstreams(Vec::new());
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = shared.until_stopped() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => drop(connections.spawn(connection(stream, peer, shared.clone()))),
                // Out of file descriptors, or the client left the queue: neither ends the balancer.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // What is left after the drain is aborted with the set.
    let _ = tokio::time::timeout(shared.settings.drain, drained).await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    // Without it small answers wait for the client's acknowledgement; failing costs only time.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(forward::answer(shared, peer.ip(), request).await) }
    });
    let mut builder = Builder::new();
    builder.max_headers(MAX_HEADERS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        _ = connection.as_mut() => return,
        () = shared.until_stopped() => {}
    }
    connection.as_mut().graceful_shutdown();
    // A client that breaks off is its own matter; what a replica broke off was counted.
    let _ = connection.await;
}
