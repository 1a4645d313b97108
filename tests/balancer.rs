//! The balancer between real clients and real replicas, on loopback.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use scaleproof::balancer::{ActiveCheck, Balancer, Counters, ERROR, PIN, Policy, REPLICA, RESENT, Settings};
use scaleproof::model::fleet::{Address, Upstream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};

type Boxed = UnsyncBoxBody<Bytes, Infallible>;
type Reply = Response<Boxed>;

fn text(text: impl Into<Bytes>) -> Reply {
    Response::new(Full::new(text.into()).boxed_unsync())
}

/// Serves `app` on a connection.
async fn serve_on<F>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, app: impl Fn(Request<Incoming>) -> F)
where
    F: Future<Output = Reply> + Send + 'static,
{
    let service = service_fn(move |request| {
        let reply = app(request);
        async { Ok::<_, Infallible>(reply.await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let _ = builder.max_headers(500).serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// A replica that answers with `app` for as long as the test runs.
async fn replica<F>(name: &str, app: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static) -> Upstream
where
    F: Future<Output = Reply> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_on(stream, app.clone()));
        }
    });
    Upstream { name: name.into(), address }
}

/// A replica that writes `bytes` to whoever connects, after it has read a request's head, and closes.
async fn raw_replica(name: &str, bytes: &'static [u8]) -> Upstream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                read_head(&mut stream).await;
                let _ = stream.write_all(bytes).await;
            });
        }
    });
    Upstream { name: name.into(), address }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn named(count: usize) -> Vec<Upstream> {
    let mut upstreams = Vec::new();
    for number in 1..=count {
        let name = format!("r{number}");
        let body = name.clone();
        upstreams.push(replica(&name, move |_| std::future::ready(text(body.clone()))).await);
    }
    upstreams
}

/// An address at which nobody listens.
async fn nobody(name: &str) -> Upstream {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    Upstream { name: name.into(), address: Address::Tcp(address) }
}

fn start(upstreams: Vec<Upstream>) -> Balancer {
    Balancer::start(upstreams, Policy::RoundRobin, 1).unwrap()
}

struct Client(hyper::client::conn::http1::SendRequest<UnsyncBoxBody<Bytes, Infallible>>);

impl Client {
    async fn connect(balancer: &Balancer) -> Client {
        let stream = TcpStream::connect(balancer.address()).await.unwrap();
        let mut builder = hyper::client::conn::http1::Builder::new();
        let (sender, connection) = builder.max_headers(500).handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        Client(sender)
    }

    async fn send(&mut self, request: Request<Boxed>) -> Response<Incoming> {
        self.0.ready().await.unwrap();
        self.0.send_request(request).await.unwrap()
    }

    async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Got {
        Got::of(self.send(request(Method::GET, path, headers)).await).await
    }
}

fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Boxed> {
    let mut request = Request::builder().method(method).uri(path).header("host", "shop.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Empty::new().boxed_unsync()).unwrap()
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Got {
    async fn of(response: Response<Incoming>) -> Got {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Got { status: head.status, headers: head.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    fn replica(&self) -> &str {
        self.headers.get(REPLICA).map_or("", |name| name.to_str().unwrap())
    }

    fn error(&self) -> &str {
        self.headers.get(ERROR).map_or("", |name| name.to_str().unwrap())
    }
}

fn counters(balancer: &Balancer) -> BTreeMap<String, Counters> {
    balancer.counters().into_iter().map(|it| (it.replica.to_string(), it)).collect()
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let patience = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), patience).await.unwrap_or_else(|_| panic!("still not so: {what}"));
}

#[tokio::test]
async fn round_robin_over_three_is_exact_and_every_answer_is_signed() {
    let balancer = start(named(3).await);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(&balancer).await;
        for _ in 0..6 {
            let got = client.get("/", &[]).await;
            assert_eq!(got.replica(), got.body);
            seen.push(got.body);
        }
    }
    assert_eq!(seen, ["r1", "r2", "r3"].repeat(4));
    assert!(counters(&balancer).values().all(|it| (it.balanced, it.pinned, it.failures, it.in_flight) == (4, 0, 0, 0)));
    balancer.stop().await;
}

#[tokio::test]
async fn round_robin_stays_exact_under_concurrent_clients() {
    let balancer = start(named(3).await);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let mut client = Client::connect(&balancer).await;
        clients.spawn(async move {
            for _ in 0..30 {
                client.get("/", &[]).await;
            }
        });
    }
    clients.join_all().await;
    assert!(counters(&balancer).values().all(|it| it.balanced == 100), "{:?}", balancer.counters());
}

#[tokio::test]
async fn a_pin_overrules_the_policy_and_does_not_disturb_its_turns() {
    let balancer = start(named(3).await);
    let mut client = Client::connect(&balancer).await;
    for _ in 0..5 {
        assert_eq!(client.get("/", &[(PIN.as_str(), "r3")]).await.body, "r3");
    }
    assert_eq!(client.get("/", &[]).await.body, "r1");
    let counters = counters(&balancer);
    assert_eq!((counters["r3"].pinned, counters["r3"].balanced, counters["r1"].balanced), (5, 0, 1));
}

#[tokio::test]
async fn an_unknown_pin_is_misdirected_and_names_who_is_there() {
    let balancer = start(named(2).await);
    let got = Client::connect(&balancer).await.get("/", &[(PIN.as_str(), "r9")]).await;
    assert_eq!((got.status, got.error(), got.replica()), (StatusCode::MISDIRECTED_REQUEST, "unknown-pin", ""));
    assert!(got.body.contains("r9") && got.body.contains("r1, r2"), "{}", got.body);
}

#[tokio::test]
async fn a_pinned_replica_that_is_down_is_never_replaced() {
    let mut upstreams = named(1).await;
    upstreams.push(nobody("r2").await);
    let balancer = start(upstreams);
    let mut client = Client::connect(&balancer).await;
    for _ in 0..5 {
        let got = client.get("/", &[(PIN.as_str(), "r2")]).await;
        assert_eq!((got.status, got.error(), got.replica()), (StatusCode::BAD_GATEWAY, "refused", "r2"));
        assert!(got.body.contains("replica r2 at 127.0.0.1:"), "{}", got.body);
    }
    assert_eq!(counters(&balancer)["r2"].failures, 5);
}

#[tokio::test]
async fn a_replica_that_refuses_is_taken_out_after_three_failures() {
    let mut upstreams = named(1).await;
    upstreams.push(nobody("r2").await);
    let health = scaleproof::balancer::health::HealthRules { pause: Duration::from_secs(3600), ..Default::default() };
    let balancer = Balancer::with(upstreams, Settings { health, ..Settings::default() }).unwrap();
    let mut client = Client::connect(&balancer).await;
    let mut failed = 0;
    for _ in 0..20 {
        failed += usize::from(client.get("/", &[]).await.status == StatusCode::BAD_GATEWAY);
    }
    assert_eq!(failed, 3);
}

#[tokio::test]
async fn without_replicas_the_service_is_unavailable() {
    let balancer = start(Vec::new());
    let got = Client::connect(&balancer).await.get("/", &[]).await;
    assert_eq!((got.status, got.error()), (StatusCode::SERVICE_UNAVAILABLE, "no-replica"));
}

#[tokio::test]
async fn a_replica_that_is_too_slow_is_named() {
    let upstream = replica("r1", |_| std::future::pending()).await;
    let settings = Settings { response_timeout: Duration::from_millis(50), ..Settings::default() };
    let balancer = Balancer::with(vec![upstream], settings).unwrap();
    let got = Client::connect(&balancer).await.get("/", &[]).await;
    assert_eq!((got.status, got.error(), got.replica()), (StatusCode::GATEWAY_TIMEOUT, "late", "r1"));
    assert!(got.body.contains("replica r1"), "{}", got.body);
}

#[tokio::test]
async fn the_replica_sees_the_client_and_not_the_instrument() {
    let echo = |request: Request<Incoming>| async move { text(format!("{} {:?}", request.uri(), request.headers())) };
    let balancer = start(vec![replica("r1", echo).await]);
    let mut client = Client::connect(&balancer).await;
    let body = client.get("/a?b=1", &[(PIN.as_str(), "r1"), ("connection", "x-hop"), ("x-hop", "1")]).await.body;
    assert!(body.starts_with("/a?b=1 "), "{body}");
    assert!(body.contains(r#""host": "shop.test""#) && body.contains(r#""x-forwarded-host": "shop.test""#), "{body}");
    assert!(body.contains(r#""x-forwarded-for": "127.0.0.1""#) && body.contains(r#""x-forwarded-proto": "http""#));
    assert!(!body.contains("-pin") && !body.contains("x-hop"), "{body}");
}

/// Counts what it produced, so that a test sees how far a producer was allowed to run ahead.
struct Endless {
    left: u64,
    produced: Arc<AtomicU64>,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let size = self.left.min(CHUNK.len() as u64);
        self.left -= size;
        self.produced.fetch_add(size, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK[..usize::try_from(size).unwrap()])))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

const FIFTY_MB: u64 = 50 << 20;

#[tokio::test]
async fn fifty_megabytes_stream_and_a_client_that_does_not_read_holds_the_replica_back() {
    let produced = Arc::new(AtomicU64::new(0));
    let app = {
        let produced = produced.clone();
        move |_| {
            std::future::ready(Response::new(Endless { left: FIFTY_MB, produced: produced.clone() }.boxed_unsync()))
        }
    };
    let balancer = start(vec![replica("r1", app).await]);
    let mut response = Client::connect(&balancer).await.send(request(Method::GET, "/", &[])).await.into_body();
    // Until nothing moves: the buffers of the sockets and of hyper are full.
    let mut before = u64::MAX;
    while before != produced.load(Ordering::Relaxed) {
        before = produced.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(before < FIFTY_MB / 2, "{before} bytes are held in memory");
    assert_eq!(counters(&balancer)["r1"].in_flight, 1);
    let mut received = 0;
    while let Some(frame) = response.frame().await {
        received += frame.unwrap().into_data().unwrap().len() as u64;
    }
    assert_eq!(received, FIFTY_MB);
    until("nothing is in flight", || counters(&balancer)["r1"].in_flight == 0).await;
}

#[tokio::test]
async fn fifty_megabytes_upload_and_a_replica_that_does_not_read_holds_the_client_back() {
    let go = Arc::new(tokio::sync::Semaphore::new(0));
    let app = {
        let go = go.clone();
        move |mut request: Request<Incoming>| {
            let go = go.clone();
            async move {
                let _permit = go.acquire().await.unwrap();
                let mut received = 0;
                while let Some(frame) = request.body_mut().frame().await {
                    received += frame.unwrap().into_data().unwrap().len();
                }
                text(received.to_string())
            }
        }
    };
    let balancer = start(vec![replica("r1", app).await]);
    let produced = Arc::new(AtomicU64::new(0));
    let body = Endless { left: FIFTY_MB, produced: produced.clone() }.boxed_unsync();
    let upload = Request::post("/").header("host", "x").body(body).unwrap();
    let mut client = Client::connect(&balancer).await;
    let sending = tokio::spawn(async move { Got::of(client.send(upload).await).await });
    let mut before = u64::MAX;
    while before != produced.load(Ordering::Relaxed) || before == 0 {
        before = produced.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(before < FIFTY_MB / 2, "{before} bytes are held in memory");
    go.add_permits(1);
    assert_eq!(sending.await.unwrap().body, FIFTY_MB.to_string());
}

#[tokio::test]
async fn chunks_and_trailers_arrive() {
    let app = |request: Request<Incoming>| async move {
        let te = request.headers().get("te").map(|te| te.to_str().unwrap().to_owned());
        let sent = request.into_body().collect().await.unwrap();
        let sum =
            sent.trailers().and_then(|it| it.get("x-sum")).map_or("none".to_owned(), |it| it.to_str().unwrap().into());
        let mut trailers = HeaderMap::new();
        trailers.insert("x-te", te.unwrap_or_default().parse().unwrap());
        trailers.insert("x-sum", sum.parse().unwrap());
        let frames = [Frame::data(Bytes::from("a")), Frame::data(sent.to_bytes()), Frame::trailers(trailers)];
        let body = Frames(frames.into_iter().collect());
        Response::builder().header("trailer", "x-te, x-sum").body(body.boxed_unsync()).unwrap()
    };
    let balancer = start(vec![replica("r1", app).await]);
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    let request = "POST / HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: te, close\r\ntrailer: x-sum\r\n\
        transfer-encoding: chunked\r\n\r\n1\r\nb\r\n1\r\nc\r\n0\r\nx-sum: 42\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.to_lowercase().contains("transfer-encoding: chunked"), "{answer}");
    assert!(answer.contains("1\r\na\r\n2\r\nbc\r\n0\r\n") || answer.contains("1\r\na\r\n1\r\nb"), "{answer}");
    assert!(answer.contains("x-te: trailers") && answer.contains("x-sum: 42"), "{answer}");
}

/// Frames that are all there.
struct Frames(std::collections::VecDeque<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// Agrees to any upgrade and sends back what it gets.
async fn echo_tunnel(mut request: Request<Incoming>) -> Reply {
    let protocol = request.headers().get("upgrade").cloned();
    let Some(protocol) = protocol else { return text("no upgrade asked for") };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
        let _ = tokio::io::copy(&mut read, &mut write).await;
        let _ = write.shutdown().await;
    });
    let head = Response::builder().status(101).header("connection", "Upgrade").header("upgrade", protocol);
    head.body(Empty::new().boxed_unsync()).unwrap()
}

async fn open_tunnel(balancer: &Balancer) -> TcpStream {
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    let request = "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await.to_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("upgrade: websocket"), "{head}");
    assert!(head.contains("connection: upgrade") && head.contains("x-scaleproof-replica: r1"), "{head}");
    stream
}

#[tokio::test]
async fn a_websocket_goes_through_in_both_directions_until_it_is_closed() {
    let balancer = start(vec![replica("r1", echo_tunnel).await]);
    let mut stream = open_tunnel(&balancer).await;
    for message in ["ping", "pong"] {
        stream.write_all(message.as_bytes()).await.unwrap();
        let mut back = [0; 4];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(back, message.as_bytes());
    }
    assert_eq!(counters(&balancer)["r1"].in_flight, 1);
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 4]).await.unwrap(), 0);
    until("the tunnel is gone", || counters(&balancer)["r1"].in_flight == 0).await;
}

#[tokio::test]
async fn a_stop_ends_tunnels() {
    let balancer = start(vec![replica("r1", echo_tunnel).await]);
    let mut stream = open_tunnel(&balancer).await;
    balancer.stop().await;
    assert!(matches!(stream.read(&mut [0; 4]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_replica_that_switches_unasked_is_a_bad_gateway() {
    let upstream = raw_replica("r1", b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
    let got = Client::connect(&start(vec![upstream])).await.get("/", &[]).await;
    assert_eq!((got.status, got.error()), (StatusCode::BAD_GATEWAY, "broken"));
}

#[tokio::test]
async fn half_a_body_is_never_taken_for_a_whole_one() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"[..],
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"[..],
    ] {
        let balancer = start(vec![raw_replica("r1", answer).await]);
        let response = Client::connect(&balancer).await.send(request(Method::GET, "/", &[])).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.into_body().collect().await.is_err());
        until("the failure is counted", || counters(&balancer)["r1"].failures == 1).await;
        assert_eq!(counters(&balancer)["r1"].in_flight, 0);
    }
}

#[tokio::test]
async fn a_replica_that_closes_without_an_answer_is_named() {
    let balancer = start(vec![raw_replica("r1", b"").await]);
    let got = Client::connect(&balancer).await.get("/", &[]).await;
    assert_eq!((got.status, got.error(), got.replica()), (StatusCode::BAD_GATEWAY, "broken", "r1"));
}

#[tokio::test]
async fn an_http_1_0_replica_and_an_http_1_0_client_are_served() {
    let balancer = start(vec![raw_replica("r1", b"HTTP/1.0 200 OK\r\nserver: old\r\n\r\nuntil the end").await]);
    assert_eq!(Client::connect(&balancer).await.get("/", &[]).await.body, "until the end");
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("\r\n\r\nuntil the end"), "{answer}");
}

#[tokio::test]
async fn answers_without_a_body_stay_so() {
    let app = |request: Request<Incoming>| async move {
        let status: u16 = request.uri().path()[1..].parse().unwrap();
        let head = Response::builder().status(status).header("etag", "x");
        let body = if status == 200 { "five!" } else { "" };
        head.body(Full::new(Bytes::from(body)).boxed_unsync()).unwrap()
    };
    let balancer = start(vec![replica("r1", app).await]);
    let mut client = Client::connect(&balancer).await;
    let head = Got::of(client.send(request(Method::HEAD, "/200", &[])).await).await;
    assert_eq!((head.headers["content-length"].to_str().unwrap(), &*head.body), ("5", ""));
    for path in ["/204", "/304", "/200"] {
        let got = client.get(path, &[]).await;
        assert_eq!(format!("/{}", got.status.as_u16()), path);
        assert_eq!(got.body.is_empty(), path != "/200");
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it() {
    let app = |request: Request<Incoming>| async move { text(request.into_body().collect().await.unwrap().to_bytes()) };
    let balancer = start(vec![replica("r1", app).await]);
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 100"));
    stream.write_all(b"body").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nbody"), "{answer}");
}

#[tokio::test]
async fn a_slow_client_is_waited_for() {
    let balancer = start(named(1).await);
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("r1"), "{answer}");
}

#[tokio::test]
async fn large_and_many_headers_pass_both_ways() {
    let app = |request: Request<Incoming>| async move {
        let mut response = Response::builder().header("x-back", request.headers()["x-large"].clone());
        for number in 0..300 {
            response = response.header(format!("x-{number}"), "1");
        }
        response.body(Full::new(Bytes::from(request.headers().len().to_string())).boxed_unsync()).unwrap()
    };
    let balancer = start(vec![replica("r1", app).await]);
    let large = "x".repeat(60_000);
    let many: Vec<String> = (0..200).map(|number| format!("x-{number}")).collect();
    let headers: Vec<(&str, &str)> = many.iter().map(|name| (&**name, "1")).chain([("x-large", &*large)]).collect();
    let got = Client::connect(&balancer).await.get("/", &headers).await;
    assert_eq!(got.headers["x-back"].len(), 60_000);
    assert!(got.headers.len() > 300 && got.body.parse::<usize>().unwrap() > 200);
}

#[tokio::test]
async fn unix_sockets_are_upstreams_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r1.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_on(stream, |_| std::future::ready(text("by socket"))));
        }
    });
    let balancer = start(vec![Upstream { name: "r1".into(), address: Address::Unix(path) }]);
    let mut client = Client::connect(&balancer).await;
    assert_eq!(client.get("/", &[]).await.body, "by socket");
    assert_eq!(client.get("/", &[]).await.replica(), "r1");
}

#[tokio::test]
async fn a_client_that_takes_it_for_a_forward_proxy_is_understood() {
    let echo =
        |request: Request<Incoming>| async move { text(format!("{} {:?}", request.uri(), request.headers()["host"])) };
    let balancer = start(vec![replica("r1", echo).await]);
    let mut stream = TcpStream::connect(balancer.address()).await.unwrap();
    stream.write_all(b"GET http://a.test/x?y HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("/x?y \"a.test\""), "{answer}");
    let got = Got::of(Client::connect(&balancer).await.send(request(Method::CONNECT, "a.test:443", &[])).await).await;
    assert_eq!((got.status, got.error()), (StatusCode::NOT_IMPLEMENTED, "method"));
}

/// A replica that answers one request on each connection with keep-alive, then closes it while the next one arrives.
async fn closes_kept_connections(requests: Arc<AtomicUsize>) -> Upstream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let requests = requests.clone();
            tokio::spawn(async move {
                read_head(&mut stream).await;
                requests.fetch_add(1, Ordering::SeqCst);
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                if !read_head(&mut stream).await.is_empty() {
                    requests.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    Upstream { name: "r1".into(), address }
}

#[tokio::test]
async fn a_safe_request_on_a_stale_connection_is_sent_again_and_said_so() {
    let requests = Arc::new(AtomicUsize::new(0));
    let balancer = start(vec![closes_kept_connections(requests.clone()).await]);
    let mut client = Client::connect(&balancer).await;
    assert!(!client.get("/", &[]).await.headers.contains_key(RESENT));
    // The connection is kept as soon as its exchange is over; then the next request finds it and loses it.
    let mut resent = false;
    while !resent {
        let got = client.get("/", &[]).await;
        assert_eq!(got.status, StatusCode::OK);
        resent = got.headers.contains_key(RESENT);
    }
    assert_eq!(counters(&balancer)["r1"].resent, 1);
}

#[tokio::test]
async fn a_post_that_a_replica_may_have_seen_is_never_sent_again() {
    let requests = Arc::new(AtomicUsize::new(0));
    let balancer = start(vec![closes_kept_connections(requests.clone()).await]);
    let mut client = Client::connect(&balancer).await;
    let mut sent = 0;
    loop {
        sent += 1;
        let got = Got::of(client.send(request(Method::POST, "/", &[("content-length", "0")])).await).await;
        if got.status == StatusCode::BAD_GATEWAY {
            assert_eq!(got.error(), "broken");
            break;
        }
    }
    assert_eq!(counters(&balancer)["r1"].resent, 0);
    assert_eq!(requests.load(Ordering::SeqCst), sent);
}

#[tokio::test]
async fn connections_to_replicas_are_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = accepted.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve_on(stream, |_| std::future::ready(text("x"))));
        }
    });
    let balancer = start(vec![Upstream { name: "r1".into(), address }]);
    let mut client = Client::connect(&balancer).await;
    for _ in 0..200 {
        client.get("/", &[]).await;
    }
    assert!(accepted.load(Ordering::SeqCst) <= 5, "{} connections for 200 requests", accepted.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_cookie_brings_the_client_back() {
    let balancer = Balancer::start(named(3).await, Policy::Sticky, 1).unwrap();
    let mut client = Client::connect(&balancer).await;
    client.get("/", &[]).await;
    let first = client.get("/", &[]).await;
    assert_eq!(first.headers["set-cookie"], "scaleproof_sticky=r2; Path=/; HttpOnly");
    for _ in 0..4 {
        let again = client.get("/", &[("cookie", "a=b; scaleproof_sticky=r2")]).await;
        assert_eq!(again.body, "r2");
        assert!(!again.headers.contains_key("set-cookie"));
    }
    let pinned = client.get("/", &[(PIN.as_str(), "r1")]).await;
    assert!(!pinned.headers.contains_key("set-cookie"), "a pin is no decision of the balancer");
}

#[tokio::test]
async fn clients_are_told_apart_by_what_they_say_about_themselves() {
    let balancer = Balancer::start(named(3).await, Policy::IpHash, 1).unwrap();
    let mut client = Client::connect(&balancer).await;
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..30 {
        let address = format!("10.0.0.{number}");
        let headers = [("x-forwarded-for", &*address)];
        let first = client.get("/", &headers).await.body;
        assert_eq!(client.get("/", &headers).await.body, first);
        seen.insert(first);
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn upstreams_change_while_requests_go_on_and_counters_go_on_by_name() {
    let all = named(3).await;
    let balancer = start(all[..2].to_vec());
    let mut client = Client::connect(&balancer).await;
    for _ in 0..4 {
        client.get("/", &[]).await;
    }
    balancer.set_upstreams(all[1..].to_vec());
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(client.get("/", &[]).await.body);
    }
    assert_eq!(seen, ["r2", "r3", "r2", "r3"]);
    balancer.set_upstreams(Vec::new());
    assert_eq!(client.get("/", &[]).await.status, StatusCode::SERVICE_UNAVAILABLE);
    let balanced: Vec<u64> = balancer.counters().iter().map(|it| it.balanced).collect();
    assert_eq!(balanced, [2, 4, 2]);
}

#[tokio::test]
async fn a_stop_lets_requests_finish_and_takes_no_new_ones() {
    let go = Arc::new(tokio::sync::Semaphore::new(0));
    let app = {
        let go = go.clone();
        move |_| {
            let go = go.clone();
            async move {
                let _permit = go.acquire().await.unwrap();
                text("finished")
            }
        }
    };
    let balancer = start(vec![replica("r1", app).await]);
    let address = balancer.address();
    let mut client = Client::connect(&balancer).await;
    let asking = tokio::spawn(async move { client.get("/", &[]).await });
    until("it is in flight", || counters(&balancer)["r1"].in_flight == 1).await;
    let stopping = tokio::spawn(balancer.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    go.add_permits(1);
    assert_eq!(asking.await.unwrap().body, "finished");
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_dropped_balancer_closes_everything() {
    let balancer = start(vec![replica("r1", |_| std::future::pending()).await]);
    let address = balancer.address();
    let mut client = Client::connect(&balancer).await;
    let asking = tokio::spawn(async move { client.0.send_request(request(Method::GET, "/", &[])).await.is_err() });
    until("it is in flight", || counters(&balancer)["r1"].in_flight == 1).await;
    drop(balancer);
    assert!(asking.await.unwrap());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn active_checks_take_out_a_replica_that_says_it_is_ill() {
    let ill = replica("r2", |_| async { Response::builder().status(500).body(Empty::new().boxed_unsync()).unwrap() });
    let mut upstreams = named(1).await;
    upstreams.push(ill.await);
    let check =
        ActiveCheck { path: "/health".into(), interval: Duration::from_millis(5), timeout: Duration::from_secs(5) };
    let health = scaleproof::balancer::health::HealthRules { pause: Duration::from_secs(3600), ..Default::default() };
    let balancer = Balancer::with(upstreams, Settings { check: Some(check), health, ..Settings::default() }).unwrap();
    let mut client = Client::connect(&balancer).await;
    let mut in_a_row = 0;
    while in_a_row < 4 {
        in_a_row = if client.get("/", &[]).await.body == "r1" { in_a_row + 1 } else { 0 };
    }
    assert_eq!(
        client.get("/", &[(PIN.as_str(), "r2")]).await.status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "a pin overrules"
    );
}
