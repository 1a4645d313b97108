//! Fleets of local processes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::model::event::{Event, NotReady, ReplicaName, Sink};
use crate::model::fleet::Upstream;

pub use super::readiness::Readiness;
pub use super::service::Service;

use super::child::Child;
use super::environment::link_variables;
use super::run::Run;
use super::site::{Replica, Site, not_ready};
use super::{BoxFuture, Fleet, Launcher, evidence, tree};

/// Starts an app as local processes. A plain value: change what [`ProcessLauncher::new`] set.
#[derive(Clone)]
pub struct ProcessLauncher {
    pub run: Arc<Run>,
    /// Names the linking variables of a sequential start.
    pub app: String,
    /// Program and arguments, with `{port} {socket} {name} {index}`. `{socket}` in it, or in a value of `env`, makes the
    /// replica listen on a Unix socket.
    pub command: Vec<String>,
    /// The folder in which the app starts, absolute.
    pub project: PathBuf,
    /// Added to the environment of the tool, with the same placeholders.
    pub env: Vec<(String, String)>,
    pub readiness: Readiness,
    pub services: Vec<Service>,
    /// Folders that production shares between replicas, relative to the project.
    pub shared: Vec<PathBuf>,
    pub disk: DiskChoice,
    pub order: StartOrder,
    /// How long a replica may take to end after SIGTERM.
    pub stop_grace: Duration,
}

/// What disk a replica gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskChoice {
    /// A private one: an overlay, else a reflink, else a copy.
    #[default]
    Private,
    /// A private one without overlay. Without reflinks, the folders in `node_modules`, `.venv`, `venv`, `target` and `.git` are
    /// links to those of the project; a note in the log says so.
    Copy,
    /// The project's own folder, as several processes on one host have it.
    Shared,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartOrder {
    #[default]
    Parallel,
    /// One after the other; each learns its predecessors by linking variables.
    Sequential,
}

impl ProcessLauncher {
    /// A launcher with defaults: private disks, a parallel start, ready within 60 s when the port is open, 10 s to stop.
    pub fn new(run: Arc<Run>, project: impl Into<PathBuf>, command: Vec<String>) -> Self {
        let project = project.into();
        let app = project.file_name().map_or_else(|| "app".to_owned(), |name| name.to_string_lossy().into_owned());
        ProcessLauncher {
            run,
            app,
            command,
            project,
            env: Vec::new(),
            readiness: Readiness::default(),
            services: Vec::new(),
            shared: Vec::new(),
            disk: DiskChoice::default(),
            order: StartOrder::default(),
            stop_grace: Duration::from_secs(10),
        }
    }

    async fn launch(&self, count: u32, sink: Arc<dyn Sink>, interrupted: CancellationToken) -> ProcessFleet {
        let mut fleet =
            ProcessFleet { replicas: Vec::new(), services: Vec::new(), grace: self.stop_grace, sink: sink.clone() };
        let names = (1..=count).map(|index| (index, format!("r{index}")));
        let site = match Site::open(self, sink.clone(), interrupted).await {
            Ok(site) => site,
            Err(error) => {
                for (_, name) in names {
                    not_ready(&*sink, &name, NotReady::NotStarted { error: error.clone() }, Vec::new());
                }
                return fleet;
            }
        };
        let Some(site) = site.with_services(&mut fleet.services).await else { return fleet };
        let site = Arc::new(site);
        match self.order {
            StartOrder::Sequential => {
                let mut links = Vec::new();
                for (index, name) in names {
                    let replica = site.start_replica(index, name, links.clone()).await;
                    if let Some(upstream) = replica.as_ref().and_then(|it| it.upstream.as_ref()) {
                        links.extend(link_variables(&self.app, index, &upstream.address));
                    }
                    fleet.replicas.extend(replica);
                }
            }
            StartOrder::Parallel => {
                let mut starting = JoinSet::new();
                for (index, name) in names {
                    let site = site.clone();
                    starting.spawn(async move { site.start_replica(index, name, Vec::new()).await });
                }
                while let Some(replica) = starting.join_next().await {
                    fleet.replicas.extend(replica.ok().flatten());
                }
                fleet.replicas.sort_by_key(|replica| replica.index);
            }
        }
        fleet
    }
}

impl Launcher for ProcessLauncher {
    /// Each fleet starts services of its own. A replica that is not ready keeps running until the fleet stops: what it holds,
    /// such as a port of its own choice, belongs to what the others meet.
    fn start<'a>(
        &'a self,
        replicas: u32,
        sink: Arc<dyn Sink>,
        interrupted: CancellationToken,
    ) -> BoxFuture<'a, Box<dyn Fleet>> {
        Box::pin(async move { Box::new(self.launch(replicas, sink, interrupted).await) as Box<dyn Fleet> })
    }
}

/// Replicas and services that run.
struct ProcessFleet {
    replicas: Vec<Replica>,
    services: Vec<Child>,
    grace: Duration,
    sink: Arc<dyn Sink>,
}

impl ProcessFleet {
    async fn end(self) {
        let grace = self.grace;
        let mut stopping = JoinSet::new();
        for replica in self.replicas {
            stopping.spawn(async move {
                replica.child.stop(grace).await;
                replica
            });
        }
        let mut replicas: Vec<Replica> = stopping.join_all().await;
        replicas.sort_by_key(|replica| replica.index);
        for replica in replicas {
            let own = replica.own.clone();
            let look = move || {
                let files = evidence::written(&replica.layers, replica.ready);
                // The disk is evidence now; nobody needs it any more.
                let _ = tree::remove(&own);
                files
            };
            let name: ReplicaName = replica.name.as_str().into();
            for file in tokio::task::spawn_blocking(look).await.unwrap_or_default() {
                self.sink.emit(Event::FileWritten {
                    replica: name.clone(),
                    path: file.path,
                    bytes: file.bytes,
                    change: file.change.into(),
                    digest: file.digest,
                    after_ready: file.after_ready,
                });
            }
        }
        let mut stopping = JoinSet::new();
        for service in self.services {
            stopping.spawn(async move { service.stop(grace).await });
        }
        stopping.join_all().await;
    }
}

impl Fleet for ProcessFleet {
    fn upstreams(&self) -> Vec<Upstream> {
        self.replicas.iter().filter_map(|replica| replica.upstream.clone()).collect()
    }

    fn stop<'a>(self: Box<Self>) -> BoxFuture<'a, ()> {
        Box::pin(self.end())
    }
}
