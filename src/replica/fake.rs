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

type Factory = dyn Fn(&str) -> Result<App, NotReady> + Send + Sync;

/// Starts what `factory` makes of a replica's name; an error is a replica that does not become ready.
#[derive(Clone)]
pub struct FakeLauncher {
    factory: Arc<Factory>,
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Memory(Mutex<Vec<Event>>);

    impl Sink for Memory {
        fn emit(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    async fn get(upstream: &Upstream) -> String {
        let Address::Tcp(address) = upstream.address else { panic!("{upstream:?}") };
        let ask = move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer.rsplit("\r\n").next().unwrap().to_owned()
        };
        tokio::task::spawn_blocking(ask).await.unwrap()
    }

    #[tokio::test]
    async fn each_replica_has_a_state_of_its_own_and_one_may_fail() {
        let launcher = FakeLauncher::new(|name| {
            if name == "r3" {
                return Err(NotReady::Exited { exit: Exit::Code(1) });
            }
            let visits = Arc::new(AtomicU32::new(0));
            Ok(app(move |_| {
                let count = visits.fetch_add(1, Ordering::Relaxed) + 1;
                async move { Response::new(Full::new(Bytes::from(count.to_string()))) }
            }))
        });
        let memory = Arc::new(Memory::default());
        let fleet = launcher.start(3, memory.clone()).await;
        let upstreams = fleet.upstreams();
        assert_eq!(upstreams.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["r1", "r2"]);
        assert_eq!(get(&upstreams[0]).await, "1");
        assert_eq!(get(&upstreams[0]).await, "2");
        assert_eq!(get(&upstreams[1]).await, "1");
        fleet.stop().await;
        let events = memory.0.lock().unwrap();
        let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
        assert_eq!(count(|event| matches!(event, Event::ReplicaReady { .. })), 2);
        assert_eq!(count(|event| matches!(event, Event::ReplicaNotReady { .. })), 1);
        assert_eq!(count(|event| matches!(event, Event::ReplicaExited { expected: true, .. })), 2);
    }
}
