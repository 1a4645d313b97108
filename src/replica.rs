//! L2, replicas: launching, isolation, readiness, and the certainty that all of it ends.
//!
//! [`process::ProcessLauncher`] starts local processes. Each of them passes through [`shim`], which gives it a private disk and
//! then becomes the app; [`guard`] ends what a killed tool leaves.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::model::event::Sink;
use crate::model::fleet::Upstream;

mod child;
mod disk;
mod environment;
mod evidence;
mod family;
pub mod guard;
mod mark;
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
    ///
    /// When `interrupted` is cancelled it returns soon, with what runs by then: nothing is told of a replica that was not ready
    /// yet, since that is nobody's fault. The fleet has to be stopped as any other.
    fn start<'a>(
        &'a self,
        replicas: u32,
        sink: Arc<dyn Sink>,
        interrupted: CancellationToken,
    ) -> BoxFuture<'a, Box<dyn Fleet>>;
}

/// Replicas that run.
pub trait Fleet: Send {
    /// The replicas that became ready, in the order of their names.
    fn upstreams(&self) -> Vec<Upstream>;

    /// Ends every replica and shared service, emits `ReplicaExited` and `FileWritten`, and removes what was made.
    fn stop<'a>(self: Box<Self>) -> BoxFuture<'a, ()>;
}
