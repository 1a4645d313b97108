//! Is it there yet? Asked until it answers, ends, or the time is over.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::model::event::NotReady;
use crate::model::fleet::Address;

use super::child::Child;
use super::environment::Listen;
use super::family;

/// When a replica counts as ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Asked for by GET; 2xx and 3xx are well. `None`: an open port is enough.
    pub path: Option<String>,
    pub timeout: Duration,
}

impl Default for Readiness {
    fn default() -> Self {
        Readiness { path: None, timeout: Duration::from_secs(60) }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// One question may take this long.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// An app that listens elsewhere gets this long to open the port that it was told: debuggers and metrics often come first.
const SETTLE: Duration = Duration::from_secs(2);

/// One look at the app.
enum Look {
    Ready(Address),
    /// Nobody accepts connections, in words.
    Closed(String),
    /// Somebody answers, but not yet well; in words.
    Unwell(String),
}

/// Waits until the child is ready, and says where it was found.
///
/// # Errors
/// Why it is not.
pub async fn wait(child: &Child, listen: &Listen, readiness: &Readiness) -> Result<Address, NotReady> {
    tokio::select! {
        biased;
        exit = child.ended() => match exit {
            Some(exit) => Err(NotReady::Exited { exit }),
            None => Err(NotReady::NotStarted { error: "its watching thread broke".to_owned() }),
        },
        found = poll(child, listen, readiness) => found,
    }
}

async fn poll(child: &Child, listen: &Listen, readiness: &Readiness) -> Result<Address, NotReady> {
    let deadline = Instant::now() + readiness.timeout;
    let mut elsewhere = Elsewhere::default();
    let mut pause = FIRST_PAUSE;
    let mut last_answer = "none".to_owned();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, look(listen, readiness.path.as_deref())).await {
            Ok(Look::Ready(address)) => return Ok(address),
            Ok(Look::Unwell(answer)) => last_answer = answer,
            Ok(Look::Closed(answer)) => {
                last_answer = answer;
                elsewhere.look(child, listen);
            }
            Err(_) => {}
        }
        let late = Instant::now() >= deadline;
        if let Some(not_ready) = elsewhere.verdict(listen, late) {
            return Err(not_ready);
        }
        if late {
            return Err(NotReady::Deadline { seconds: readiness.timeout.as_secs_f64(), last_answer });
        }
        tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Ports that the app opened instead of its own.
#[derive(Default)]
struct Elsewhere {
    since: Option<Instant>,
    ports: Vec<u16>,
}

impl Elsewhere {
    fn look(&mut self, child: &Child, listen: &Listen) {
        let Listen::Port(expected) = *listen else { return };
        self.ports = family::listeners(&child.members()).iter().map(SocketAddr::port).collect();
        self.ports.dedup();
        if self.ports.is_empty() || self.ports.contains(&expected) {
            self.since = None;
        } else {
            self.since.get_or_insert_with(Instant::now);
        }
    }

    fn verdict(&self, listen: &Listen, late: bool) -> Option<NotReady> {
        let (Listen::Port(expected), Some(since)) = (listen, self.since) else { return None };
        let settled = late || since.elapsed() >= SETTLE;
        settled.then(|| NotReady::OtherPort { expected: *expected, listening: self.ports.clone() })
    }
}

async fn look(listen: &Listen, path: Option<&str>) -> Look {
    match listen {
        Listen::Socket(socket) => match UnixStream::connect(socket).await {
            Ok(stream) => ask(stream, Address::Unix(socket.clone()), path).await,
            Err(error) => Look::Closed(in_words(&error)),
        },
        Listen::Port(port) => {
            let mut answer = String::new();
            // Some apps bind `localhost`, which may be IPv6 only.
            for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
                let address = SocketAddr::new(ip, *port);
                match TcpStream::connect(address).await {
                    Ok(stream) if joined_itself(&stream) => {}
                    Ok(stream) => return ask(stream, Address::Tcp(address), path).await,
                    Err(error) if answer.is_empty() => answer = in_words(&error),
                    Err(_) => {}
                }
            }
            Look::Closed(answer)
        }
    }
}

/// TCP lets a socket that is looking for a peer on its own port find itself, where the kernel drew that port for it.
fn joined_itself(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: Address,
    path: Option<&str>,
) -> Look {
    let answer = timeout(ANSWER_WITHIN, get(stream, path.unwrap_or("/"))).await;
    match (path, answer) {
        // It accepts connections, which is enough; the request was to let a lazy app load itself.
        (None, _) => Look::Ready(address),
        (Some(_), Ok(Ok(status))) if (200..400).contains(&status) => Look::Ready(address),
        (Some(_), Ok(Ok(status))) => Look::Unwell(format!("HTTP {status}")),
        (Some(_), Ok(Err(error))) => Look::Unwell(error),
        (Some(_), Err(_)) => Look::Unwell(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
    }
}

async fn get(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, path: &str) -> Result<u16, String> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let request = Request::get(path).header("host", "localhost").header("connection", "close");
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let answer = sender.send_request(request);
    tokio::select! {
        answer = answer => answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string()),
        // It drives the exchange and ends with it; the answer above is preferred when both are there.
        () = async { let _ = connection.await; std::future::pending().await } => Err("closed".to_owned()),
    }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::NotFound => "there is no such socket yet".to_owned(),
        _ => error.to_string(),
    }
}
