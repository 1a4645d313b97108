//! An open loop hides no waiting: who should have been asked while the server stood still was kept waiting too.

use std::time::Duration;

use scaleproof::load::bench::{Arrivals, Pace, Plan};

use crate::answers::{OK, always, say};
use crate::client::{drive, plan, tcp};
use crate::server::{Server, Step};

fn open(per_second: f64) -> Pace {
    Pace::Open { per_second, arrivals: Arrivals::Constant }
}

#[test]
fn a_stall_is_seen_by_all_who_were_due_meanwhile() {
    let (rate, seconds) = (200.0, 3);
    let script = vec![Step::Read, Step::StallOnce { after: 100, long: Duration::from_secs(1) }, say(OK), Step::Again];
    for threads in [1, 2] {
        let server = Server::start(vec![script.clone()]);
        let duration = Some(Duration::from_secs(seconds));
        let plan = Plan {
            connections: 8,
            threads,
            requests: None,
            duration,
            pace: open(rate),
            ..plan(tcp(server.address), 1)
        };
        let measured = drive(plan);
        let tally = &measured.tally;
        // Nobody is dropped: all that were due were sent, or are said to be not.
        assert_eq!(tally.counts.sent + tally.counts.unsent, rate as u64 * seconds, "{:?}", tally.counts);
        let stall = server.seen().stalled.lock().unwrap().expect("a stall");
        let longest = Duration::from_nanos(tally.intended.max());
        assert!(longest >= stall, "{longest:?} for a stall of {stall:?}");
        // Who was due in the first half of the stall waited for more than half of it: rate × half. At the end of the run some
        // may be unfinished; and who was due later waits as well until the queue is worked off, which takes what it takes on
        // a busy machine, hence the generous bound above.
        let half = stall / 2;
        let waited = tally.intended.count_between(half.as_nanos() as u64, u64::MAX);
        let expected = rate * half.as_secs_f64();
        let least = 0.9 * expected - tally.counts.unfinished as f64;
        assert!(waited as f64 >= least && waited as f64 <= 4.0 * expected, "{waited} waited, {expected} were due");
        // A closed loop's clock saw only those that were under way.
        let slow: u64 =
            tally.instances.iter().map(|it| it.latency.count_between(half.as_nanos() as u64, u64::MAX)).sum();
        assert!(slow < waited, "{slow} of {waited}");
    }
}

#[test]
fn a_rate_that_cannot_be_reached_is_told() {
    let slow = vec![Step::Read, Step::Wait(Duration::from_millis(20)), say(OK), Step::Again];
    let server = Server::start(vec![slow]);
    let duration = Some(Duration::from_secs(1));
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        // Two connections can do 100 at most.
        let pace = Pace::Open { per_second: 1000.0, arrivals };
        let plan = Plan { connections: 2, requests: None, duration, pace, ..plan(tcp(server.address), 1) };
        let counts = drive(plan).tally.counts;
        let due = counts.sent + counts.unsent;
        match arrivals {
            Arrivals::Constant => assert_eq!(due, 1000),
            // Five standard deviations of a Poisson process.
            Arrivals::Poisson => assert!(due.abs_diff(1000) < 160, "{due}"),
        }
        assert!(counts.sent <= 102 && counts.late >= counts.sent / 2, "{counts:?}");
    }
}

#[test]
fn a_rate_that_is_reached_is_kept() {
    let server = Server::start(vec![always(OK)]);
    for threads in [1, 3] {
        let before = server.requests();
        let duration = Some(Duration::from_secs(1));
        let plan = Plan {
            connections: 6,
            threads,
            requests: None,
            duration,
            pace: open(250.0),
            ..plan(tcp(server.address), 1)
        };
        let counts = drive(plan).tally.counts;
        assert_eq!(counts.sent + counts.unsent, 250);
        // All but those that the end of the run, or a busy machine, got in the way of.
        assert!(counts.sent >= 150, "{counts:?}");
        assert!(server.requests() - before <= counts.sent);
    }
}

#[test]
fn no_more_are_sent_than_were_asked_for() {
    let server = Server::start(vec![always(OK)]);
    let duration = Some(Duration::from_secs(30));
    let plan = Plan { connections: 3, threads: 2, duration, pace: open(500.0), ..plan(tcp(server.address), 50) };
    let counts = drive(plan).tally.counts;
    assert_eq!((counts.sent, counts.unsent, counts.unfinished), (50, 0, 0));
    assert_eq!(server.requests(), 50);
}

/// What is left of a number of requests is left once, however many threads there are.
#[test]
fn what_is_not_sent_in_time_is_told_once() {
    let slow = vec![Step::Read, Step::Wait(Duration::from_millis(20)), say(OK), Step::Again];
    let server = Server::start(vec![slow]);
    let duration = Some(Duration::from_secs(1));
    let plan = Plan { connections: 3, threads: 3, duration, pace: open(2000.0), ..plan(tcp(server.address), 500) };
    let counts = drive(plan).tally.counts;
    assert_eq!(counts.sent + counts.unsent, 500, "{counts:?}");
}

#[test]
fn failures_do_not_stop_the_clock() {
    let server = Server::start(vec![vec![Step::Read]]);
    let duration = Some(Duration::from_millis(500));
    let plan = Plan { connections: 4, requests: None, duration, pace: open(200.0), ..plan(tcp(server.address), 1) };
    let measured = drive(plan);
    let counts = measured.tally.counts;
    assert_eq!(counts.sent + counts.unsent, 100);
    assert_eq!(measured.tally.answered(), 0);
}
