//! Stories as load: every journey is a new user with cookies of his own, and none leaves the server that was named.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use scaleproof::load::bench::{Arrivals, Endpoint, Engine, Measured, Pace, Plan, Story};
use scaleproof::model::bench::FailureKind;
use scaleproof::scenario;
use tokio::net::TcpListener;

use crate::answers::{OK, always, say};
use crate::client::{self, drive, drive_until};
use crate::server::{self, Step};
use crate::tls;

/// A shop whose carts are kept by cookie.
#[derive(Default)]
struct Shop {
    carts: Mutex<HashMap<String, u64>>,
    buyers: Mutex<HashSet<String>>,
    requests: AtomicU64,
    connections: AtomicU64,
}

impl Shop {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let sid = header("cookie").and_then(|line| line.strip_prefix("sid=").map(str::to_owned));
        let mut answer = Response::builder().header("server", "shop").header("x-served-by", "web-1");
        let mut carts = self.carts.lock().expect("no panic before");
        let body = match (request.uri().path(), sid) {
            ("/login", sid) => {
                self.buyers.lock().expect("no panic before").extend(header("x-buyer"));
                // Somebody who comes with a cookie is no new user.
                let sid = sid.unwrap_or_else(|| format!("s{number}"));
                answer = answer.header("set-cookie", format!("sid={sid}; Path=/"));
                carts.entry(sid).or_default();
                "{}".to_owned()
            }
            ("/cart", Some(sid)) => {
                let cart = carts.entry(sid).or_default();
                *cart += u64::from(request.method() == "POST");
                format!("{{\"items\": {cart}}}")
            }
            ("/away", _) => {
                answer = answer.status(302).header("location", "http://192.0.2.1/");
                String::new()
            }
            _ => {
                answer = answer.status(401);
                String::new()
            }
        };
        answer.body(Full::new(body.into())).expect("an answer")
    }
}

struct Server {
    address: SocketAddr,
    shop: Arc<Shop>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start() -> Server {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shop = Arc::new(Shop::default());
        let shared = shop.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shop = shared.clone();
                shop.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let service = service_fn(|request: Request<Incoming>| {
                        let shop = shop.clone();
                        async move {
                            if request.uri().path() == "/silence" {
                                shop.requests.fetch_add(1, Ordering::SeqCst);
                                std::future::pending::<()>().await;
                            }
                            Ok::<_, Infallible>(shop.answer(&request))
                        }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Server { address, shop, _runtime: runtime }
    }

    fn plan(&self, story: &str) -> Plan {
        plan(Endpoint::Tcp(self.address), &format!("http://shop.example:{}", self.address.port()), story)
    }
}

fn plan(endpoint: Endpoint, base: &str, text: &str) -> Plan {
    let story = Story {
        scenario: scenario::parse(text, "shop.hurl").expect("a story"),
        variables: BTreeMap::new(),
        folder: PathBuf::new(),
        base: base.to_owned(),
    };
    let target = client::target(endpoint);
    let engine = Engine::Story(Arc::new(story));
    Plan { engine, connections: 4, threads: 2, keep_samples: true, ..client::plan(target, 20) }
}

/// What a story of one request comes to over TLS.
fn over_tls(server: SocketAddr, believed: &tls::Identity, name: &'static str) -> Measured {
    let mut plan =
        plan(Endpoint::Tcp(server), &format!("https://{name}:{}", server.port()), "GET {{base}}/\nHTTP 200\n");
    plan.targets[0].origin.tls = Some(tls::client(believed, name));
    drive(plan)
}

#[test]
fn stories_are_travelled_over_tls() {
    let identity = tls::identity(&["shop.example"]);
    let server = server::Server::start_tls(vec![always(OK)], identity.server.clone());
    let measured = over_tls(server.address, &identity, "shop.example");
    assert_eq!((measured.tally.answered(), failures(&measured)), (20, vec![]));
    assert_eq!(server.requests(), 20);
    assert_eq!(failures(&over_tls(server.address, &identity, "another.example")), [(FailureKind::Tls, 20)]);
    let silent = server::Server::start(vec![vec![Step::Drain(Duration::from_millis(20))]]);
    assert_eq!(failures(&over_tls(silent.address, &identity, "shop.example")), [(FailureKind::Tls, 20)]);
    let plain = server::Server::start(vec![vec![say("220 mail.example ESMTP\r\n"), Step::Hold]]);
    assert_eq!(failures(&over_tls(plain.address, &identity, "shop.example")), [(FailureKind::Tls, 20)]);
}

fn failures(measured: &Measured) -> Vec<(FailureKind, u64)> {
    measured.tally.failures.iter().map(|(kind, (count, _))| (*kind, *count)).collect()
}

const BUY: &str = r#"
POST {{base}}/login
X-Buyer: {{token}}
HTTP 200

POST {{base}}/cart
HTTP 200

GET {{base}}/cart
HTTP 200
[Asserts]
jsonpath "$.items" == 1
"#;

#[test]
fn every_journey_is_a_new_user_with_a_cart_of_his_own() {
    let server = Server::start();
    let measured = drive(server.plan(BUY));
    let (tally, shop) = (&measured.tally, &server.shop);
    assert_eq!((tally.counts.sent, tally.answered(), tally.failed()), (60, 60, 0), "{:?}", tally.failures);
    assert_eq!(shop.requests.load(Ordering::SeqCst), 60);
    assert_eq!(tally.counts.connections, shop.connections.load(Ordering::SeqCst));
    assert_eq!(tally.counts.connections, 20);
    let carts = shop.carts.lock().expect("no panic before");
    assert_eq!(carts.len(), 20);
    assert!(carts.values().all(|items| *items == 1));
    assert_eq!(shop.buyers.lock().expect("no panic before").len(), 20);
    let web = tally.instances.iter().find(|instance| instance.name.as_str() == "web-1").unwrap();
    assert_eq!((web.latency.len(), web.connections), (60, 20));
    assert_eq!((tally.counts.stays, tally.counts.moves, tally.counts.length_varied), (40, 0, 0));
    assert_eq!(tally.first.as_ref().unwrap().software.as_deref(), Some("shop"));
    assert!(tally.counts.received_bytes > tally.counts.body_bytes);
}

#[test]
fn without_kept_connections_each_request_has_one_of_its_own() {
    let server = Server::start();
    let measured = drive(Plan { keep_alive: false, ..server.plan(BUY) });
    assert_eq!(measured.tally.answered(), 60);
    assert_eq!(server.shop.connections.load(Ordering::SeqCst), 60);
    assert_eq!(measured.tally.counts.connections, 60);
}

#[test]
fn what_is_not_as_asserted_is_a_failure_and_ends_the_journey() {
    let server = Server::start();
    let story = "POST {{base}}/login\nHTTP 200\n\nGET {{base}}/cart\nHTTP 200\n[Asserts]\njsonpath \"$.items\" == 7\n\nGET {{base}}/cart\nHTTP 200\n";
    let measured = drive(server.plan(story));
    assert_eq!((measured.tally.counts.sent, measured.tally.answered()), (40, 20));
    assert_eq!(failures(&measured), [(FailureKind::Assertion, 20)]);
    let (_, example) = &measured.tally.failures[&FailureKind::Assertion];
    assert!(example.contains("jsonpath \"$.items\" == 7") && example.contains("found"), "{example}");
}

#[test]
fn nobody_is_led_to_another_server() {
    let server = Server::start();
    let story = "GET {{base}}/away\n[Options]\nlocation: true\nHTTP 200\n";
    let measured = drive(Plan { requests: Some(4), ..server.plan(story) });
    assert_eq!(failures(&measured), [(FailureKind::Assertion, 4)]);
    let (_, example) = &measured.tally.failures[&FailureKind::Assertion];
    assert!(example.contains("to http://192.0.2.1"), "{example}");
}

#[test]
fn silence_times_out() {
    let server = Server::start();
    let plan = server.plan("GET {{base}}/silence\nHTTP 200\n");
    let measured = drive(Plan { timeout: Duration::from_millis(50), requests: Some(4), ..plan });
    assert_eq!(failures(&measured), [(FailureKind::Timeout, 4)]);
}

#[test]
fn journeys_that_are_under_way_at_the_end_are_not_finished() {
    let server = Server::start();
    let plan = server.plan("POST {{base}}/login\nHTTP 200\n\nGET {{base}}/silence\nHTTP 200\n");
    let stop = Arc::new(AtomicBool::new(false));
    let (told, shop) = (stop.clone(), server.shop.clone());
    let stopper = thread::spawn(move || {
        while shop.requests.load(Ordering::SeqCst) < 8 {
            thread::yield_now();
        }
        told.store(true, Ordering::SeqCst);
    });
    let measured = drive_until(Plan { requests: None, ..plan }, stop);
    stopper.join().unwrap();
    let counts = &measured.tally.counts;
    assert_eq!((counts.sent, measured.tally.answered(), counts.unfinished), (8, 4, 4));
}

#[test]
fn journeys_begin_when_they_are_due() {
    let server = Server::start();
    let pace = Pace::Open { per_second: 200.0, arrivals: Arrivals::Constant };
    let measured = drive(Plan { pace, ..server.plan(BUY) });
    assert_eq!((measured.tally.answered(), measured.tally.intended.len()), (60, 60));
}

#[test]
fn nobody_listens_and_nothing_hangs() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let measured = drive(plan(Endpoint::Tcp(address), &format!("http://{address}"), BUY));
    assert_eq!(failures(&measured).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [FailureKind::Refused]);
}
