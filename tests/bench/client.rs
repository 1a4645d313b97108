//! Plans, and the generator driven by them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use scaleproof::load::bench::{self, Endpoint, Engine, IdentityFrom, Measured, Origin, Pace, Plan, Target};
use scaleproof::model::bench::FailureKind;

/// Longer than any run here takes, on a machine that is busy.
const HANGS: Duration = Duration::from_secs(60);

pub fn get(path: &str) -> Arc<[u8]> {
    format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n").into_bytes().into()
}

pub fn target(endpoint: Endpoint) -> Target {
    Target {
        origin: Origin { endpoint, tls: None, tunnel: None },
        request: get("/"),
        body_bytes: 0,
        head_only: false,
        weight: 1,
    }
}

pub fn tcp(address: SocketAddr) -> Target {
    target(Endpoint::Tcp(address))
}

/// A request with a body of so many bytes.
pub fn post(address: SocketAddr, length: usize) -> Target {
    let mut request = format!("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    request.resize(request.len() + length, b'x');
    Target { request: request.into(), body_bytes: length, ..tcp(address) }
}

/// So many requests, one after the other, on a connection that is kept.
pub fn plan(target: Target, requests: u64) -> Plan {
    Plan {
        engine: Engine::Http1,
        targets: vec![target],
        connections: 1,
        threads: 1,
        requests: Some(requests),
        duration: None,
        warmup: Duration::ZERO,
        pace: Pace::Closed,
        keep_alive: true,
        requests_per_connection: None,
        timeout: Duration::from_secs(20),
        sources: Vec::new(),
        window: None,
        stop_on_receive_error: false,
        identity: IdentityFrom::Usual,
        keep_samples: false,
        seed: 42,
        listener: None,
    }
}

/// Drives the plan, and checks what holds for every run.
pub fn drive(plan: Plan) -> Measured {
    drive_until(plan, Arc::new(AtomicBool::new(false)))
}

pub fn drive_until(plan: Plan, stop: Arc<AtomicBool>) -> Measured {
    let asked = plan.clone();
    let (done, ended) = mpsc::channel();
    let driver = thread::spawn(move || {
        let mut watched = 0;
        let measured = bench::run(&plan, &stop, &mut |interval| watched += interval.tally.answered());
        // Whoever waits is told of a panic by the other end's going.
        let _ = done.send((measured, watched));
    });
    let (measured, watched) = match ended.recv_timeout(HANGS) {
        Ok((measured, watched)) => (measured.expect("epoll and threads"), watched),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the generator hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the generator panicked"),
    };
    driver.join().expect("it has ended");
    check(&asked, &measured);
    assert_eq!(measured.tally.answered(), watched, "what is watched is what is measured");
    measured
}

fn check(plan: &Plan, measured: &Measured) {
    let (tally, counts) = (&measured.tally, &measured.tally.counts);
    let told = format!("{counts:?} {:?}", tally.failures);
    assert_eq!(counts.sent, tally.answered() + tally.failed() + counts.unfinished, "{told}");
    assert_eq!(tally.statuses().map(|(_, count)| count).sum::<u64>(), tally.answered(), "{told}");
    // Of stories, journeys are limited.
    let limit = plan.requests.filter(|_| !matches!(plan.engine, Engine::Story(_)));
    assert!(limit.is_none_or(|limit| counts.sent <= limit), "{told}");
    assert_eq!(tally.samples.len() as u64, if plan.keep_samples { tally.answered() } else { 0 }, "{told}");
    assert!(counts.kept_alive <= tally.answered() && counts.late <= counts.sent, "{told}");
    assert!(counts.late_by_generator <= counts.late, "{told}");
    assert_eq!(tally.waited.len(), counts.unfinished + counts.unsent, "{told}");
}

/// What requests came to: a status, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    Status(u16),
    Failed(FailureKind),
}

/// What all requests came to, and how often.
pub fn came(measured: &Measured) -> Vec<(Came, u64)> {
    let statuses = measured.tally.statuses().map(|(status, count)| (Came::Status(status), count));
    let failures = measured.tally.failures.iter().map(|(kind, (count, _))| (Came::Failed(*kind), *count));
    statuses.chain(failures).collect()
}
