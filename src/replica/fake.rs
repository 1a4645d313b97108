//! Replicas without processes: apps in this process, each with a state of its own, so that experiments can be tested fast.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::model::event::{Event, Exit, Isolation, NotReady, Sink};
use crate::model::fleet::{Address, Upstream};

use super::{BoxFuture, Fleet, Launcher};

/// What an app answers.
pub type Answer = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;
/// One replica: it owns its state and answers requests.
pub type App = Arc<dyn Fn(Request<Incoming>) -> Answer + Send + Sync>;

/// Starts what `factory` makes of a replica's name; an error is a replica that does not become ready.
#[derive(Clone)]
pub struct FakeLauncher {
    factory: Arc<dyn Fn(&str) -> Result<App, NotReady> + Send + Sync>,
}

impl FakeLauncher {
    pub fn new(factory: impl Fn(&str) -> Result<App, NotReady> + Send + Sync + 'static) -> Self {
        FakeLauncher { factory: Arc::new(factory) }
    }

    async fn start_one(&self, name: &str, sink: &dyn Sink) -> Option<FakeReplica> {
        let started = match (self.factory)(name) {
            Ok(app) => serve(app).await.map_err(|error| NotReady::NotStarted { error: error.to_string() }),
            Err(reason) => Err(reason),
        };
        match started {
            Ok((address, server)) => {
                let (pid, isolation) = (std::process::id(), Isolation::Shared);
                sink.emit(Event::ReplicaStarting {
                    replica: name.into(),
                    address: address.to_string(),
                    pid,
                    isolation,
                });
                sink.emit(Event::ReplicaReady { replica: name.into(), after_ms: 0.0 });
                Some(FakeReplica { upstream: Upstream { name: name.into(), address }, server })
            }
            Err(reason) => {
                sink.emit(Event::ReplicaNotReady { replica: name.into(), reason, last_lines: Vec::new() });
                None
            }
        }
    }
}

/// An app made of a plain function.
pub fn app<F>(answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static) -> App
where
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    Arc::new(move |request| Box::pin(answer(request)))
}

async fn serve(app: App) -> std::io::Result<(Address, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = Address::Tcp(listener.local_addr()?);
    let server = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let app = app.clone();
            let service = service_fn(move |request| {
                let answer = app(request);
                async { Ok::<_, std::convert::Infallible>(answer.await) }
            });
            connections
                .spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            while connections.try_join_next().is_some() {}
        }
    });
    Ok((address, server))
}

impl Launcher for FakeLauncher {
    fn start<'a>(&'a self, replicas: u32, sink: Arc<dyn Sink>) -> BoxFuture<'a, Box<dyn Fleet>> {
        Box::pin(async move {
            let mut running = Vec::new();
            for index in 1..=replicas {
                running.extend(self.start_one(&format!("r{index}"), &*sink).await);
            }
            Box::new(FakeFleet { replicas: running, sink }) as Box<dyn Fleet>
        })
    }
}

struct FakeReplica {
    upstream: Upstream,
    server: JoinHandle<()>,
}

impl Drop for FakeReplica {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct FakeFleet {
    replicas: Vec<FakeReplica>,
    sink: Arc<dyn Sink>,
}

impl Fleet for FakeFleet {
    fn upstreams(&self) -> Vec<Upstream> {
        self.replicas.iter().map(|replica| replica.upstream.clone()).collect()
    }

    fn stop<'a>(self: Box<Self>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            for replica in self.replicas {
                self.sink.emit(Event::ReplicaExited {
                    replica: replica.upstream.name.clone(),
                    exit: Exit::Code(0),
                    expected: true,
                    after_signal_ms: Some(0.0),
                    last_lines: Vec::new(),
                });
            }
        })
    }
}
