//! L2, replicas: launching, isolation, readiness, and the certainty that all of it ends.
//!
//! [`process::ProcessLauncher`] starts local processes, [`fake::FakeLauncher`] serves from this process. Every local process
//! passes through [`shim`], which gives it a private disk and then becomes the app; [`guard`] ends what a killed tool leaves.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::model::event::Sink;
use crate::model::fleet::Upstream;

mod child;
mod disk;
mod environment;
mod evidence;
pub mod fake;
mod family;
pub mod guard;
mod output;
mod port;
pub mod process;
mod readiness;
pub mod run;
mod service;
pub mod shim;
mod site;
mod tree;

/// A future that can cross threads, as trait objects need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Starts fleets. The seam behind which a fake stands in tests.
pub trait Launcher: Send + Sync {
    /// Starts `replicas` replicas and waits until each is ready or has failed. Emits `ServiceReady` / `ServiceFailed`,
    /// `ReplicaStarting`, and `ReplicaReady` or `ReplicaNotReady` for each. A replica that is not ready is no error: the
    /// fleet then has fewer upstreams.
    fn start<'a>(&'a self, replicas: u32, sink: Arc<dyn Sink>) -> BoxFuture<'a, Box<dyn Fleet>>;
}

/// Replicas that run.
pub trait Fleet: Send {
    /// The replicas that became ready, in the order of their names.
    fn upstreams(&self) -> Vec<Upstream>;

    /// Ends every replica and shared service, emits `ReplicaExited` and `FileWritten`, and removes what was made.
    fn stop<'a>(self: Box<Self>) -> BoxFuture<'a, ()>;
}
