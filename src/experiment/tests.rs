//! Whole runs over fleets of in-process apps, each wrong in one known way.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::check;
use crate::model::event::{Entry, Event, Exit, FileChange, Isolation, JourneyResult, Phase, Purpose, Sink};
use crate::model::fleet::{Address, Upstream};
use crate::model::outcome::Outcome;
use crate::model::verdict::CheckVerdict;
use crate::replica::{BoxFuture, Fleet, Launcher};
use crate::scenario;

use super::*;

/// How sessions and carts are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// Everything in one store.
    None,
    /// Sessions shared, carts in the memory of each replica.
    CartInMemory,
    /// Sessions and carts in the memory of each replica.
    SessionInMemory,
    /// Sessions as signed cookies, each replica with a secret of its own; carts shared.
    SecretPerProcess,
    /// The cart is never kept, on one replica neither.
    CartNeverKept,
    /// `r2` drops every connection after some requests.
    DiesMidRun,
    /// One cart is answered with an error, once: the fourth on `r2`.
    StumblesOnce,
    /// Each page carries a random number.
    RandomPage,
    /// Each replica shows another headline.
    HeadlinePerProcess,
    /// Uploads go to the disk of the replica.
    UploadsOnDisk,
}

type Store = Arc<Mutex<HashMap<String, Vec<String>>>>;

#[derive(Clone)]
struct App {
    bug: Bug,
    name: String,
    sessions: Store,
    carts: Store,
    served: Arc<Mutex<u64>>,
    carts_shown: Arc<Mutex<u64>>,
}

impl App {
    /// `None`: the connection is dropped.
    fn answer(&self, method: &str, path: &str, cookie: Option<&str>, body: &str) -> Option<Response<Full<Bytes>>> {
        let served = {
            let mut served = self.served.lock().unwrap();
            *served += 1;
            *served
        };
        if self.bug == Bug::DiesMidRun && self.name == "r2" && served > 6 {
            return None;
        }
        if self.bug == Bug::StumblesOnce && self.name == "r2" && (method, path) == ("GET", "/cart") {
            let mut carts = self.carts_shown.lock().unwrap();
            *carts += 1;
            if *carts == 4 {
                return Some(reply(500, "").body);
            }
        }
        let user = cookie.and_then(|cookie| self.user_of(cookie));
        Some(
            match (method, path) {
                ("POST", "/login") => {
                    let user = body.trim_start_matches("user=");
                    reply(302, "")
                        .header("location", "/")
                        .header("set-cookie", format!("sid={}; Path=/", self.begin(user)))
                }
                ("POST", "/cart") => match user {
                    Some(user) => {
                        if self.bug != Bug::CartNeverKept {
                            self.carts
                                .lock()
                                .unwrap()
                                .entry(user)
                                .or_default()
                                .push(body.trim_start_matches("sku=").to_string());
                        }
                        reply(201, "")
                    }
                    None => reply(401, ""),
                },
                ("GET", "/cart") => match user {
                    Some(user) => {
                        let cart = self.carts.lock().unwrap().get(&user).cloned().unwrap_or_default();
                        reply(200, &serde_json::json!({ "items": cart }).to_string())
                    }
                    None => reply(401, ""),
                },
                ("GET", "/") => self.page(cookie.is_some() && user.is_none()),
                _ => reply(404, "no such page"),
            }
            .body,
        )
    }

    fn page(&self, unknown_session: bool) -> Reply {
        let headline = match self.bug {
            Bug::RandomPage => format!("<p>{}</p>", fastrand::u64(..)),
            Bug::HeadlinePerProcess => format!("<p>written by {}th</p>", &self.name[1..]),
            _ => "<p>shop</p>".to_string(),
        };
        let page = reply(200, &format!("<h1>Welcome</h1>\n{headline}\n<a href=\"/missing\">more</a>\n"));
        match unknown_session {
            true => page.header("set-cookie", format!("sid={}; Path=/", self.begin("anonymous"))),
            false => page,
        }
    }

    fn begin(&self, user: &str) -> String {
        if self.bug == Bug::SecretPerProcess {
            return format!("{user}.signed-by-{}", self.name);
        }
        let id = format!("{:016x}", fastrand::u64(..));
        self.sessions.lock().unwrap().insert(id.clone(), vec![user.to_string()]);
        id
    }

    fn user_of(&self, cookie: &str) -> Option<String> {
        let id = cookie.split("; ").find_map(|pair| pair.strip_prefix("sid="))?;
        if self.bug == Bug::SecretPerProcess {
            let (user, signature) = id.split_once('.')?;
            return (signature == format!("signed-by-{}", self.name)).then(|| user.to_string());
        }
        self.sessions.lock().unwrap().get(id)?.first().cloned()
    }
}

struct Reply {
    body: Response<Full<Bytes>>,
}

impl Reply {
    fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.body.headers_mut().insert(name, value.as_ref().parse().unwrap());
        self
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { body: Response::builder().status(status).body(Full::new(Bytes::from(body.to_string()))).unwrap() }
}

struct Apps {
    bug: Bug,
    /// Replicas from this number on never become ready.
    ready_below: u32,
}

struct Running {
    bug: Bug,
    upstreams: Vec<Upstream>,
    servers: Vec<JoinHandle<()>>,
    sink: Arc<dyn Sink>,
}

impl Launcher for Apps {
    fn start<'a>(&'a self, replicas: u32, sink: Arc<dyn Sink>, _: CancellationToken) -> BoxFuture<'a, Box<dyn Fleet>> {
        Box::pin(async move {
            let (sessions, carts) = (Store::default(), Store::default());
            let mut running = Running { bug: self.bug, upstreams: Vec::new(), servers: Vec::new(), sink: sink.clone() };
            for number in 1..=replicas {
                let name = format!("r{number}");
                let own = |shared: &Store, private: bool| if private { Store::default() } else { shared.clone() };
                let app = App {
                    bug: self.bug,
                    name: name.clone(),
                    sessions: own(&sessions, self.bug == Bug::SessionInMemory),
                    carts: own(&carts, matches!(self.bug, Bug::SessionInMemory | Bug::CartInMemory)),
                    served: Arc::default(),
                    carts_shown: Arc::default(),
                };
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let replica = crate::model::Name::from(name);
                sink.emit(Event::ReplicaStarting {
                    replica: replica.clone(),
                    address: address.to_string(),
                    pid: 100_000 + number,
                    isolation: Isolation::Copy,
                });
                if number >= self.ready_below {
                    let reason = crate::model::event::NotReady::Exited { exit: Exit::Code(1) };
                    let last_lines = vec!["Error: listen EADDRINUSE".to_string()];
                    sink.emit(Event::ReplicaNotReady { replica, reason, last_lines });
                    continue;
                }
                sink.emit(Event::ReplicaReady { replica: replica.clone(), after_ms: 1.0 });
                running.upstreams.push(Upstream { name: replica, address: Address::Tcp(address) });
                running.servers.push(tokio::spawn(serve(listener, app)));
            }
            Box::new(running) as Box<dyn Fleet>
        })
    }
}

impl Fleet for Running {
    fn upstreams(&self) -> Vec<Upstream> {
        self.upstreams.clone()
    }

    fn stop<'a>(self: Box<Self>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.servers.iter().for_each(JoinHandle::abort);
            for upstream in &self.upstreams {
                let replica = upstream.name.clone();
                if self.bug == Bug::UploadsOnDisk && replica == "r1" {
                    let (path, change) = ("uploads/a.png".to_string(), FileChange::Created);
                    let (replica, digest) = (replica.clone(), Some("ab".to_string()));
                    let written =
                        Event::FileWritten { replica, path, bytes: 12_000, change, digest, after_ready: true };
                    self.sink.emit(written);
                }
                let died = self.bug == Bug::DiesMidRun && replica == "r2";
                self.sink.emit(Event::ReplicaExited {
                    replica,
                    exit: Exit::Code(i32::from(died)),
                    expected: !died,
                    after_signal_ms: (!died).then_some(3.0),
                    last_lines: vec!["bye".to_string()],
                });
            }
        })
    }
}

async fn serve(listener: TcpListener, app: App) {
    while let Ok((stream, _)) = listener.accept().await {
        let app = app.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let app = app.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                    let cookie = parts.headers.get("cookie").and_then(|cookie| cookie.to_str().ok());
                    let body = String::from_utf8_lossy(&body).into_owned();
                    let answer = app.answer(parts.method.as_str(), parts.uri.path(), cookie, &body);
                    answer.ok_or_else(|| std::io::Error::other("dropped"))
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

const SHOP: &str = r#"# @scenario shop
POST {{base}}/login
[Form]
user: u{{vu}}
HTTP 302

GET {{base}}/
HTTP 200
[Asserts]
body contains "Welcome"

# @write cart token={{token}}
POST {{base}}/cart
[Form]
sku: {{token}}
HTTP 201

# @read cart tokens=jsonpath "$.items[*]"
GET {{base}}/cart
HTTP 200
[Asserts]
jsonpath "$.items" count == 1
"#;

fn plan(scenarios: &[&str]) -> Plan {
    let parsed = scenarios.iter().map(|text| Arc::new(scenario::parse(text, "tests/shop.hurl").unwrap()));
    Plan {
        app: "shop".into(),
        command: vec!["node".into(), "shop.js".into()],
        scenarios: parsed.collect(),
        folder: ".".into(),
        variables: BTreeMap::new(),
        replicas: 3,
        users: 8,
        seed: 42,
        limits: Limits::default(),
        findings: Vec::new(),
        problems: Vec::new(),
        interrupted: CancellationToken::new(),
    }
}

async fn log_of(launcher: &Apps, plan: &Plan) -> Vec<Entry> {
    let recorder = Arc::new(Recorder::new(Box::new(std::io::sink())));
    run(launcher, plan, recorder.clone()).await.unwrap();
    recorder.entries()
}

async fn outcomes(bug: Bug, scenarios: &[&str]) -> BTreeMap<String, Outcome> {
    let log = log_of(&Apps { bug, ready_below: u32::MAX }, &plan(scenarios)).await;
    check::evaluate(&log).into_iter().map(|outcome| (outcome.id.to_string(), outcome)).collect()
}

fn assert_verdicts(outcomes: &BTreeMap<String, Outcome>, expected: &[(&str, CheckVerdict)]) {
    for (id, verdict) in expected {
        let outcome = &outcomes[*id];
        assert_eq!(outcome.verdict, *verdict, "{id}: {outcome:#?}");
    }
}

use CheckVerdict::{Fail, Pass, Skipped, Unknown};

#[tokio::test]
async fn a_sound_app_passes_every_check() {
    let outcomes = outcomes(Bug::None, &[SHOP]).await;
    assert_verdicts(
        &outcomes,
        &[
            ("port", Pass),
            ("session-cross", Pass),
            ("ryw", Pass),
            ("same-page", Pass),
            ("fs-isolated", Pass),
            ("distribution", Pass),
            ("sigterm", Pass),
        ],
    );
    assert!(
        outcomes["ryw"]
            .power
            .starts_with("12 journeys wrote on one replica and read on another, over 6 pairs of replicas"),
        "{}",
        outcomes["ryw"].power
    );
}

#[tokio::test]
async fn a_cart_in_memory_is_blamed_on_the_step_that_reads_it() {
    let outcomes = outcomes(Bug::CartInMemory, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("ryw", Fail), ("session-cross", Pass), ("same-page", Pass)]);
    let ryw = &outcomes["ryw"];
    assert!(ryw.summary.starts_with("`GET /cart` on r2 does not see what `POST /cart` on r1 wrote"), "{}", ryw.summary);
    assert!(!ryw.summary.contains("session"), "{}", ryw.summary);
    let story = ryw.story.as_ref().unwrap();
    let told: Vec<String> = story.steps.iter().map(|step| format!("{} {}", step.method, step.target)).collect();
    assert_eq!(told, ["POST /login", "POST /cart", "GET /cart"], "the page is not needed");
    assert_eq!(story.control, "these steps pass on one replica");
    assert_eq!(story.steps.iter().map(|step| step.line).collect::<Vec<_>>(), [2, 13, 19]);
    assert!(story.steps[2].failed && !story.steps[1].failed);
    assert!(
        ryw.evidence.iter().any(|line| line.contains("written on r1") && line.contains("r2 1/2 FAILED")),
        "{ryw:#?}"
    );
    assert!(ryw.routes.iter().any(|route| route == "POST /cart"));
}

#[tokio::test]
async fn sessions_in_memory_fail_both_checks_and_ryw_names_the_cause() {
    let outcomes = outcomes(Bug::SessionInMemory, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("session-cross", Fail), ("ryw", Fail)]);
    assert!(outcomes["ryw"].summary.ends_with("because the session is lost"), "{}", outcomes["ryw"].summary);
    let session = &outcomes["session-cross"];
    assert!(session.summary.contains("on r2 does not know the session that r1 began"), "{}", session.summary);
    assert!(session.evidence.iter().any(|line| line.contains("begun on r3, lost on r1")), "{session:#?}");
}

#[tokio::test]
async fn a_secret_per_process_loses_the_session() {
    let outcomes = outcomes(Bug::SecretPerProcess, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("session-cross", Fail), ("ryw", Fail), ("same-page", Pass)]);
}

#[tokio::test]
async fn a_story_that_fails_on_one_replica_is_no_matter_of_scaling() {
    let outcomes = outcomes(Bug::CartNeverKept, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("ryw", Unknown)]);
    assert!(
        outcomes["ryw"].summary.contains("fails on one replica too: `GET /cart` on r1"),
        "{}",
        outcomes["ryw"].summary
    );
}

#[tokio::test]
async fn a_replica_that_dies_leaves_the_question_open() {
    let outcomes = outcomes(Bug::DiesMidRun, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("distribution", Unknown)]);
    assert_ne!(outcomes["ryw"].verdict, Fail, "{:#?}", outcomes["ryw"]);
    assert_ne!(outcomes["session-cross"].verdict, Fail);
    assert_ne!(outcomes["same-page"].verdict, Fail);
}

#[tokio::test]
async fn a_page_that_never_repeats_itself_is_compared_without_what_changes() {
    let outcomes = outcomes(Bug::RandomPage, &[]).await;
    assert_verdicts(&outcomes, &[("same-page", Pass), ("ryw", Skipped), ("session-cross", Skipped)]);
    assert!(outcomes["same-page"].evidence.iter().any(|line| line.contains("changes from request to request: /")));
}

#[tokio::test]
async fn a_page_that_differs_by_replica_fails() {
    let outcomes = outcomes(Bug::HeadlinePerProcess, &[]).await;
    assert_verdicts(&outcomes, &[("same-page", Fail)]);
    let summary = &outcomes["same-page"].summary;
    assert!(summary.contains("line 2") && summary.contains("1th") && summary.contains("2th"), "{summary}");
}

#[tokio::test]
async fn an_upload_on_a_private_disk_fails() {
    let outcomes = outcomes(Bug::UploadsOnDisk, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("fs-isolated", Fail), ("ryw", Pass)]);
    assert_eq!(outcomes["fs-isolated"].summary, "r1 wrote uploads/a.png (12 kB); r2 and r3 do not have it");
}

#[tokio::test]
async fn a_second_replica_that_does_not_start_fails_the_port_check_and_stops_the_run() {
    let log = log_of(&Apps { bug: Bug::None, ready_below: 2 }, &plan(&[SHOP])).await;
    let outcomes: BTreeMap<String, Outcome> =
        check::evaluate(&log).into_iter().map(|outcome| (outcome.id.to_string(), outcome)).collect();
    assert_verdicts(&outcomes, &[("port", Fail), ("ryw", Skipped), ("distribution", Skipped)]);
    assert!(outcomes["port"].evidence.iter().any(|line| line.contains("EADDRINUSE")));
    assert!(!log.iter().any(|entry| matches!(entry.event, Event::JourneyStarted { .. })));
    assert!(matches!(log.last().unwrap().event, Event::RunFinished { interrupted: false }));
}

#[tokio::test]
async fn two_of_three_replicas_are_enough_to_go_on() {
    let log = log_of(&Apps { bug: Bug::CartInMemory, ready_below: 3 }, &plan(&[SHOP])).await;
    let outcomes: BTreeMap<String, Outcome> =
        check::evaluate(&log).into_iter().map(|outcome| (outcome.id.to_string(), outcome)).collect();
    assert_verdicts(&outcomes, &[("port", Fail), ("ryw", Fail)]);
}

#[tokio::test]
async fn an_interrupted_run_ends_soon_stops_the_fleet_and_passes_nothing() {
    let plan = plan(&[SHOP]);
    let interrupted = plan.interrupted.clone();
    let recorder = Arc::new(Recorder::new(Box::new(std::io::sink())));
    let launcher = Apps { bug: Bug::None, ready_below: u32::MAX };
    let run = run(&launcher, &plan, recorder.clone());
    let cancel = async {
        // As soon as the first journey is on its way.
        while !recorder.entries().iter().any(|entry| matches!(entry.event, Event::Request(_))) {
            tokio::task::yield_now().await;
        }
        interrupted.cancel();
    };
    let (result, ()) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(run, cancel) }).await.unwrap();
    result.unwrap();
    let log = recorder.entries();
    assert!(matches!(log.last().unwrap().event, Event::RunFinished { interrupted: true }));
    assert!(log.iter().any(|entry| matches!(entry.event, Event::ReplicaExited { .. })), "the fleet was stopped");
    assert!(!log.iter().any(|entry| entry.phase == Phase::Control));
    assert!(check::evaluate(&log).iter().all(|outcome| outcome.verdict != Pass));
}

#[tokio::test]
async fn the_log_is_whole_and_the_same_seed_sends_the_same_requests() {
    let launcher = Apps { bug: Bug::None, ready_below: u32::MAX };
    let (first, second) = (log_of(&launcher, &plan(&[SHOP])).await, log_of(&launcher, &plan(&[SHOP])).await);
    for (index, entry) in first.iter().enumerate() {
        assert_eq!(entry.seq, index as u64);
        let line = serde_json::to_string(entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap().event, entry.event);
    }
    let sent = |log: &[Entry]| {
        let mut sent: Vec<(u32, u32, String)> = log
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Request(request) => Some((request.journey, request.step, request.target.clone())),
                _ => None,
            })
            .collect();
        sent.sort();
        sent
    };
    assert_eq!(sent(&first), sent(&second));
    let values: Vec<&str> = vec!["sid=", "set-cookie"];
    let text = serde_json::to_string(&first).unwrap();
    assert!(values.iter().all(|value| !text.contains(value)), "no value of a cookie is in the log");
}

#[tokio::test]
async fn every_journey_is_finished_and_each_user_is_new() {
    let log = log_of(&Apps { bug: Bug::None, ready_below: u32::MAX }, &plan(&[SHOP])).await;
    let mut users = std::collections::HashSet::new();
    let (mut begun, mut ended, mut strangers) = (0, 0, Vec::new());
    for entry in &log {
        match &entry.event {
            Event::JourneyStarted { journey, user, purpose, route, .. } => {
                begun += 1;
                assert!(users.insert(*user));
                if matches!(purpose, Purpose::Stranger | Purpose::Unwritten) {
                    strangers.push(*journey);
                }
                if *purpose == Purpose::Spread {
                    assert_eq!(route.len(), 4);
                }
            }
            Event::JourneyFinished { result, journey } => {
                ended += 1;
                assert_eq!(*result == JourneyResult::Passed, !strangers.contains(journey));
            }
            _ => {}
        }
    }
    assert_eq!(begun, ended);
}

#[tokio::test]
async fn a_failure_that_comes_once_is_reported_and_decides_nothing() {
    let outcomes = outcomes(Bug::StumblesOnce, &[SHOP]).await;
    assert_verdicts(&outcomes, &[("ryw", Unknown), ("session-cross", Pass)]);
    let summary = &outcomes["ryw"].summary;
    assert!(summary.contains("`GET /cart`") && summary.contains("failed for 1 of 2 users"), "{summary}");
}

#[tokio::test]
async fn a_plan_that_is_cut_says_so_and_tries_every_pair_first() {
    let mut plan = plan(&[SHOP]);
    plan.limits.switches = 1;
    let log = log_of(&Apps { bug: Bug::None, ready_below: u32::MAX }, &plan).await;
    let ryw = check::evaluate(&log).into_iter().find(|outcome| outcome.id == "ryw").unwrap();
    assert_eq!(ryw.verdict, Pass, "{ryw:#?}");
    assert!(ryw.power.starts_with("6 journeys"), "{}", ryw.power);
    assert!(ryw.power.ends_with("Of 18 switches of scenario `shop` the first 6 were made."), "{}", ryw.power);
}

#[tokio::test]
async fn a_phase_without_time_says_so_and_passes_nothing_about_pairs() {
    let mut plan = plan(&[SHOP]);
    plan.limits.phase = Duration::ZERO;
    let log = log_of(&Apps { bug: Bug::None, ready_below: u32::MAX }, &plan).await;
    let cuts = log.iter().filter(|entry| matches!(entry.event, Event::PhaseCut { .. })).count();
    assert_eq!(cuts, 2, "once in each phase");
    let outcomes = check::evaluate(&log);
    let ryw = outcomes.iter().find(|outcome| outcome.id == "ryw").unwrap();
    assert_eq!(ryw.verdict, Unknown, "{ryw:#?}");
    assert!(ryw.power.ends_with("After 0 s no further journey was started."), "{}", ryw.power);
}
