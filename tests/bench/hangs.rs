//! Servers that stop answering: nobody who waits is forgotten, and nobody waits for ever.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use scaleproof::load::bench::summary::{Facts, summarise};
use scaleproof::load::bench::{Arrivals, Pace, Plan};
use scaleproof::model::bench::{FailureKind, LoadAsked};

use crate::answers::{OK, always, say};
use crate::client::{drive, plan, tcp};
use crate::server::{Server, Step};

/// A server that answers once on each connection and then no more, asked for a second by four.
fn silenced(pace: Pace) -> (Plan, Server) {
    let server = Server::start(vec![vec![Step::Read, say(OK), Step::Read, Step::Hold]]);
    let duration = Some(Duration::from_secs(1));
    (Plan { connections: 4, requests: None, duration, pace, ..plan(tcp(server.address), 1) }, server)
}

#[test]
fn who_still_waits_at_the_end_is_in_the_corrected_times() {
    let (plan, _server) = silenced(Pace::Closed);
    let measured = drive(plan);
    let load = LoadAsked { connections: 4, threads: 1, ..LoadAsked::default() };
    let report = summarise(Facts { load, ..Facts::default() }, &measured);
    assert_eq!((report.requests.unfinished, report.requests.hung), (4, 4));
    assert_eq!(report.per_second.len(), 1);
    assert!(report.corrected.max > 500.0 && report.latency.max < report.corrected.max, "{:?}", report.corrected);
    assert!(report.warnings.iter().any(|warning| warning.starts_with("4 requests had no answer")), "{report:?}");
}

#[test]
fn who_was_due_and_is_not_sent_waits_as_well() {
    let (plan, _server) = silenced(Pace::Open { per_second: 200.0, arrivals: Arrivals::Constant });
    let measured = drive(plan);
    let (counts, waited) = (measured.tally.counts, measured.tally.waited);
    assert_eq!((counts.unfinished, counts.sent + counts.unsent), (4, 200));
    assert!(waited.max() > 500_000_000 && waited.min() < 100_000_000, "{} to {}", waited.min(), waited.max());
}

#[test]
fn all_connections_of_an_open_loop_take_turns() {
    let server = Server::start(vec![always(OK)]);
    let pace = Pace::Open { per_second: 100.0, arrivals: Arrivals::Constant };
    let duration = Some(Duration::from_millis(500));
    drive(Plan { connections: 10, requests: None, duration, pace, ..plan(tcp(server.address), 1) });
    assert_eq!(server.seen().connections.load(Ordering::SeqCst), 10);
}

#[test]
fn a_server_that_goes_away_ends_a_count() {
    let server = Server::start(vec![always(OK)]);
    let plan = Plan { timeout: Duration::from_millis(300), ..plan(tcp(server.address), 10_000_000) };
    let end = thread::spawn(move || {
        while server.requests() < 10 {
            thread::yield_now();
        }
    });
    let measured = drive(plan);
    end.join().unwrap();
    assert!(measured.tally.answered() >= 10 && measured.tally.failures.contains_key(&FailureKind::Refused));
}
