//! A whole run over real processes: a guest book that keeps its entries in a SQLite file beside it and its sessions in memory.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scaleproof::check;
use scaleproof::experiment::{Limits, Plan, Recorder, read, run};
use scaleproof::model::outcome::Outcome;
use scaleproof::model::verdict::CheckVerdict;
use scaleproof::replica::process::{DiskChoice, ProcessLauncher, Readiness, StartOrder};
use scaleproof::replica::run::Run;
use scaleproof::scenario;
use tokio_util::sync::CancellationToken;

const GUEST_BOOK: &str = r#"
import json, os, secrets, signal, sqlite3, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
database = sqlite3.connect("book.sqlite", check_same_thread=False, isolation_level=None)
database.execute("create table if not exists entries (text)")
sessions = {}

class Book(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text="", headers=()):
        body = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def user(self):
        return sessions.get((self.headers.get("Cookie") or "").removeprefix("sid="))

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if self.path == "/login":
            sid = secrets.token_hex(8)
            sessions[sid] = sent["user"]
            return self.answer(200, "", [("Set-Cookie", "sid=" + sid + "; Path=/; HttpOnly")])
        if SIGNED_IN_ONLY and not self.user():
            return self.answer(401)
        database.execute("insert into entries values (?)", [sent["text"]])
        self.answer(201)

    def do_GET(self):
        if self.path == "/":
            return self.answer(200, "<h1>Guest book</h1>")
        if SIGNED_IN_ONLY and not self.user():
            return self.answer(401)
        self.answer(200, json.dumps([row[0] for row in database.execute("select text from entries")]))

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Book).serve_forever()
"#;

const STORY: &str = r#"# @scenario sign the book
POST {{base}}/login
{ "user": "u{{vu}}" }
HTTP 200

# @write book token={{token}}
POST {{base}}/entries
{ "text": "{{token}}" }
HTTP 201

# @read book tokens=jsonpath "$[*]"
GET {{base}}/entries
HTTP 200
"#;

fn python() -> bool {
    let found =
        std::process::Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: there is no python3 to run the app with");
    }
    found
}

async fn prove(app: &str) -> BTreeMap<String, Outcome> {
    let project = tempfile::tempdir().unwrap();
    std::fs::write(project.path().join("book.py"), app).unwrap();
    let owner = Run::begin(Path::new(env!("CARGO_BIN_EXE_scaleproof")), &std::env::temp_dir()).unwrap();
    let command = vec!["python3".to_string(), "book.py".to_string()];
    let launcher = ProcessLauncher {
        run: owner,
        app: "book".into(),
        command: command.clone(),
        project: project.path().to_path_buf(),
        env: Vec::new(),
        readiness: Readiness { path: Some("/".into()), timeout: Duration::from_secs(60) },
        services: Vec::new(),
        shared: Vec::new(),
        disk: DiskChoice::Private,
        order: StartOrder::default(),
        stop_grace: Duration::from_secs(10),
    };
    let plan = Plan {
        app: "book".into(),
        command,
        scenarios: vec![Arc::new(scenario::parse(STORY, "story.hurl").unwrap())],
        folder: project.path().to_path_buf(),
        variables: BTreeMap::new(),
        replicas: 3,
        users: 5,
        seed: 1,
        limits: Limits::default(),
        findings: Vec::new(),
        problems: Vec::new(),
        interrupted: CancellationToken::new(),
    };
    let path = project.path().join("run.jsonl");
    let recorder = Arc::new(Recorder::new(Box::new(std::fs::File::create(&path).unwrap())));
    run(&launcher, &plan, recorder.clone()).await.unwrap();
    let log = read(&std::fs::read_to_string(&path).unwrap(), "run.jsonl").unwrap();
    assert_eq!(log, recorder.entries(), "the file holds what the memory holds");
    check::evaluate(&log).into_iter().map(|outcome| (outcome.id.to_string(), outcome)).collect()
}

use CheckVerdict::{Fail, Pass, Skipped};

#[tokio::test]
async fn a_guest_book_in_a_local_file_fails_on_its_file_and_not_on_its_sessions() {
    if !python() {
        return;
    }
    let outcomes = prove(&format!("SIGNED_IN_ONLY = False\n{GUEST_BOOK}")).await;
    for (id, verdict) in [("port", Pass), ("ryw", Fail), ("fs-isolated", Fail), ("same-page", Pass), ("sigterm", Pass)]
    {
        assert_eq!(outcomes[id].verdict, verdict, "{:#?}", outcomes[id]);
    }
    let ryw = &outcomes["ryw"].summary;
    assert_eq!(ryw, "`GET /entries` on r2 does not see what `POST /entries` on r1 wrote");
    assert!(outcomes["fs-isolated"].summary.contains("the database book.sqlite"), "{:#?}", outcomes["fs-isolated"]);
    assert_eq!(outcomes["ryw"].story.as_ref().unwrap().steps.len(), 2, "nobody needs to sign in");
    let sessions = &outcomes["session-cross"];
    assert_eq!(sessions.verdict, Skipped, "nothing asks who signs: {sessions:#?}");
}

#[tokio::test]
async fn sessions_in_memory_are_blamed_before_the_file() {
    if !python() {
        return;
    }
    let outcomes = prove(&format!("SIGNED_IN_ONLY = True\n{GUEST_BOOK}")).await;
    assert_eq!(outcomes["session-cross"].verdict, Fail, "{:#?}", outcomes["session-cross"]);
    assert!(outcomes["session-cross"].summary.ends_with("it answers 401"), "{}", outcomes["session-cross"].summary);
    assert_eq!(outcomes["ryw"].verdict, Fail);
    assert!(outcomes["ryw"].summary.ends_with("because the session is lost"), "{}", outcomes["ryw"].summary);
}
