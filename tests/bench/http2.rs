//! The engine for HTTP/2 against servers that answer, reset, go away and fall silent.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, SendResponse};
use hyper::{Request, Response};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use scaleproof::load::bench::{Arrivals, Endpoint, Engine, Measured, Origin, Pace, Plan, Target, TlsClient};
use scaleproof::model::bench::FailureKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::client::{self, drive, drive_until};

/// What a server does with one request.
#[derive(Clone, Copy)]
enum Act {
    Answer,
    /// RST_STREAM.
    Reset,
    /// RST_STREAM in the middle of the answer.
    BreakOff,
    /// GOAWAY with an error, and nothing more.
    GoAway,
    /// GOAWAY without an error behind this answer.
    Finish,
    Silence,
}

#[derive(Default)]
struct Seen {
    connections: AtomicU64,
    requests: AtomicU64,
}

struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    _runtime: tokio::runtime::Runtime,
}

/// `act` is told the number of the request, from 0.
type Rule = fn(u64) -> Act;

impl Server {
    fn start(tls: Option<TlsAcceptor>, act: Rule) -> Server {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, seen) = (tls.clone(), shared.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, seen, act).await,
                            Err(_) => None,
                        },
                        None => serve(stream, seen, act).await,
                    }
                });
            }
        });
        Server { address, seen, _runtime: runtime }
    }

    fn origin(&self) -> Origin {
        Origin { endpoint: Endpoint::Tcp(self.address), tls: None, tunnel: None }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, seen: Arc<Seen>, act: Rule) -> Option<()> {
    let place = seen.connections.fetch_add(1, Ordering::SeqCst);
    let mut connection = Builder::new().handshake::<_, Bytes>(stream).await.ok()?;
    let mut silent = Vec::new();
    while let Some(Ok((request, mut answer))) = connection.accept().await {
        match act(seen.requests.fetch_add(1, Ordering::SeqCst)) {
            Act::Answer => respond(&request, &mut answer, place)?,
            Act::Finish => {
                respond(&request, &mut answer, place)?;
                connection.graceful_shutdown();
            }
            Act::Reset => answer.send_reset(Reason::INTERNAL_ERROR),
            Act::BreakOff => {
                let mut body = answer.send_response(Response::new(()), false).ok()?;
                body.send_data(Bytes::from_static(b"half"), false).ok()?;
                body.send_reset(Reason::CANCEL);
            }
            Act::GoAway => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            Act::Silence => silent.push(answer),
        }
    }
    Some(())
}

/// Says which connection answered, and what was asked.
fn respond<T>(request: &Request<T>, answer: &mut SendResponse<Bytes>, place: u64) -> Option<()> {
    let status = if request.uri().path() == "/gone" { 410 } else { 200 };
    let head = Response::builder()
        .status(status)
        .header("server", "test/2")
        .header("x-served-by", format!("web-{}", place % 2))
        .body(())
        .ok()?;
    let body = format!("{} {} {:?}", request.method(), request.uri(), request.headers().get("x-a"));
    answer.send_response(head, false).ok()?.send_data(body.into(), true).ok()
}

fn target(origin: Origin, request: &str, body_bytes: usize) -> Target {
    Target { origin, request: Arc::from(request.as_bytes()), body_bytes, head_only: false, weight: 1 }
}

fn get(origin: Origin) -> Target {
    target(origin, "GET /a?b HTTP/1.1\r\nHost: shop.example\r\nX-A: 1\r\nConnection: close\r\n\r\n", 0)
}

fn plan(target: Target) -> Plan {
    Plan { engine: Engine::Http2 { streams: 1 }, keep_samples: true, ..client::plan(target, 20) }
}

fn failures(measured: &Measured) -> Vec<(FailureKind, u64)> {
    measured.tally.failures.iter().map(|(kind, (count, _))| (*kind, *count)).collect()
}

#[test]
fn every_request_is_answered_and_counted() {
    let server = Server::start(None, |_| Act::Answer);
    let measured = drive(Plan { connections: 4, threads: 2, requests: Some(200), ..plan(get(server.origin())) });
    let tally = &measured.tally;
    assert_eq!((tally.counts.sent, tally.answered()), (200, 200));
    assert_eq!(server.seen.requests.load(Ordering::SeqCst), 200);
    assert_eq!(tally.counts.connections, server.seen.connections.load(Ordering::SeqCst));
    assert_eq!(tally.counts.connections, 4);
    assert_eq!(tally.statuses().collect::<Vec<_>>(), [(200, 200)]);
    let body = "GET http://shop.example/a?b Some(\"1\")".len() as u64;
    assert_eq!(tally.counts.body_bytes, 200 * body);
    assert!(tally.counts.received_bytes > tally.counts.body_bytes && tally.counts.sent_bytes > 0);
    let first = tally.first.as_ref().unwrap();
    assert_eq!((first.software.as_deref(), first.body_bytes), (Some("test/2"), body));
    assert_eq!(tally.identity.as_deref(), Some("header x-served-by"));
    assert_eq!((tally.counts.moves, tally.counts.stays), (0, 196));
    assert_eq!(tally.homes.values().sum::<u64>(), 4);
}

#[test]
fn streams_share_a_connection_and_bodies_are_sent() {
    let server = Server::start(None, |_| Act::Answer);
    let post = target(server.origin(), "POST /gone HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 5);
    let measured = drive(Plan { engine: Engine::Http2 { streams: 8 }, requests: Some(100), ..plan(post) });
    assert_eq!(measured.tally.counts.connections, 1);
    assert_eq!(measured.tally.statuses().collect::<Vec<_>>(), [(410, 100)]);
    assert_eq!(measured.tally.counts.sent_body_bytes, 500);
    let named = measured.tally.instances.iter().find(|instance| instance.name.as_str() == "web-0").unwrap();
    assert_eq!((named.errors, named.connections), (100, 1));
}

#[test]
fn a_connection_takes_no_more_than_it_may() {
    let server = Server::start(None, |_| Act::Answer);
    let few = Plan { requests_per_connection: Some(5), requests: Some(20), ..plan(get(server.origin())) };
    let measured = drive(few);
    assert_eq!((measured.tally.answered(), measured.tally.counts.connections), (20, 4));
    assert_eq!(measured.tally.counts.kept_alive, 16);
}

#[test]
fn streams_that_are_reset_are_failures_and_the_connection_goes_on() {
    let server = Server::start(None, |number| match number % 4 {
        1 => Act::Reset,
        2 => Act::BreakOff,
        _ => Act::Answer,
    });
    let measured = drive(plan(get(server.origin())));
    assert_eq!(failures(&measured), [(FailureKind::Protocol, 10)]);
    assert_eq!((measured.tally.answered(), measured.tally.counts.connections), (10, 1));
}

#[test]
fn a_connection_that_goes_away_is_replaced() {
    let server = Server::start(None, |number| if number % 5 == 4 { Act::GoAway } else { Act::Answer });
    let measured = drive(plan(get(server.origin())));
    assert_eq!((measured.tally.counts.sent, measured.tally.answered()), (20, 16));
    // Whether the word or the end of the connection is heard first is up to the kernel.
    assert_eq!((measured.tally.failed(), measured.tally.counts.connections), (4, 4));
}

#[test]
fn a_connection_that_ends_politely_costs_no_request() {
    let server = Server::start(None, |number| if number % 5 == 4 { Act::Finish } else { Act::Answer });
    let measured = drive(Plan { requests: Some(100), ..plan(get(server.origin())) });
    assert_eq!((measured.tally.answered(), failures(&measured)), (100, vec![]));
    assert!(measured.tally.counts.connections > 10);
}

#[test]
fn streams_that_fall_silent_time_out() {
    let server = Server::start(None, |number| if number % 2 == 1 { Act::Silence } else { Act::Answer });
    let brief = Duration::from_millis(400);
    let measured = drive(Plan { timeout: brief, requests: Some(6), ..plan(get(server.origin())) });
    assert_eq!(failures(&measured), [(FailureKind::Timeout, 3)]);
    assert_eq!(measured.tally.answered(), 3);
}

#[test]
fn time_ends_a_run_that_nobody_answers() {
    let server = Server::start(None, |_| Act::Silence);
    let brief = Duration::from_millis(200);
    let streams = Engine::Http2 { streams: 3 };
    let plan = Plan { engine: streams, duration: Some(brief), requests: None, ..plan(get(server.origin())) };
    let measured = drive(plan);
    assert_eq!((measured.tally.counts.sent, measured.tally.counts.unfinished), (3, 3));
}

#[test]
fn an_open_loop_sends_what_is_due() {
    let server = Server::start(None, |_| Act::Answer);
    let pace = Pace::Open { per_second: 400.0, arrivals: Arrivals::Poisson };
    let measured = drive(Plan { pace, connections: 2, requests: Some(40), ..plan(get(server.origin())) });
    assert_eq!((measured.tally.answered(), measured.tally.intended.len()), (40, 40));
}

#[test]
fn somebody_ends_a_run() {
    let server = Server::start(None, |_| Act::Answer);
    let stop = Arc::new(AtomicBool::new(false));
    let (plan, told) = (Plan { requests: None, ..plan(get(server.origin())) }, stop.clone());
    let seen = server.seen.clone();
    let stopper = thread::spawn(move || {
        while seen.requests.load(Ordering::SeqCst) < 10 {
            thread::yield_now();
        }
        told.store(true, Ordering::SeqCst);
    });
    let measured = drive_until(plan, stop);
    stopper.join().unwrap();
    assert!(measured.interrupted && measured.tally.answered() > 0);
}

#[test]
fn nobody_listens_and_nothing_hangs() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = Endpoint::Tcp(listener.local_addr().expect("an address"));
    drop(listener);
    let measured = drive(plan(get(Origin { endpoint, tls: None, tunnel: None })));
    assert_eq!(failures(&measured).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [FailureKind::Refused]);
}

#[test]
fn a_server_of_http_1_is_no_server_of_http_2() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = Endpoint::Tcp(listener.local_addr().expect("an address"));
    thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            let _ = std::io::Write::write_all(&mut client, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    let measured = drive(Plan { requests: Some(3), ..plan(get(Origin { endpoint, tls: None, tunnel: None })) });
    assert_eq!((measured.tally.answered(), measured.tally.failed()), (0, 3));
}

#[test]
fn unix_sockets_speak_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("h2.sock");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let listener = runtime.block_on(async { UnixListener::bind(&path).unwrap() });
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::new(Seen::default()), |_| Act::Answer));
        }
    });
    let origin = Origin { endpoint: Endpoint::Unix(path), tls: None, tunnel: None };
    assert_eq!(drive(plan(get(origin))).tally.answered(), 20);
}

// ---------------------------------------------------------------------------------------------------------------- TLS

/// A server for `localhost` that offers `alpn`, and who believes it.
fn tls(alpn: &[u8]) -> (TlsAcceptor, TlsClient) {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate that is believed");
    let certificate = signed.cert.der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).expect("a certificate that is believed");
    let mut server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("a certificate that is believed")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a certificate that is believed");
    server.alpn_protocols = vec![alpn.to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).expect("a certificate that is believed");
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a certificate that is believed")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("localhost").expect("a certificate that is believed");
    (TlsAcceptor::from(Arc::new(server)), TlsClient { config: Arc::new(client), name })
}

#[test]
fn tls_is_agreed_on_and_reported() {
    let (acceptor, client) = tls(b"h2");
    let server = Server::start(Some(acceptor), |_| Act::Answer);
    let measured = drive(plan(get(Origin { tls: Some(client), ..server.origin() })));
    assert_eq!(measured.tally.answered(), 20);
    let session = measured.tally.first.unwrap().tls.unwrap();
    assert_eq!((session.protocol.as_str(), session.server_name.as_str()), ("TLSv1.3", "localhost"));
}

#[test]
fn a_server_that_is_not_believed_gets_no_request() {
    let (acceptor, _) = tls(b"h2");
    let (_, stranger) = tls(b"h2");
    let server = Server::start(Some(acceptor), |_| Act::Answer);
    let measured = drive(Plan { requests: Some(2), ..plan(get(Origin { tls: Some(stranger), ..server.origin() })) });
    assert_eq!(failures(&measured), [(FailureKind::Tls, 2)]);
    assert_eq!(server.seen.requests.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_that_speaks_http_1_over_tls_is_told_apart() {
    let (acceptor, client) = tls(b"http/1.1");
    let server = Server::start(Some(acceptor), |_| Act::Answer);
    let measured = drive(Plan { requests: Some(2), ..plan(get(Origin { tls: Some(client), ..server.origin() })) });
    assert_eq!(failures(&measured), [(FailureKind::Tls, 2)]);
}
