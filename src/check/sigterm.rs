//! `sigterm`: does a replica end when it is asked to?

use crate::model::event::Exit;

use super::history::History;
use super::port::exit_in_words;
use super::{Finding, counted, listed};

/// Kubernetes and Heroku kill after 30 s, `docker stop` after 10 s: what needs longer than the shorter one loses work
/// somewhere.
const GRACE_MS: f64 = 10_000.0;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

pub(super) fn check(history: &History) -> Finding {
    let ends: Vec<_> = history.fleet.exits.iter().filter(|exit| exit.expected).collect();
    if ends.is_empty() {
        return Finding::skipped(
            "no replica was asked to end",
            "SIGTERM is sent to the replicas that are still running.",
        );
    }
    let evidence: Vec<String> = ends
        .iter()
        .map(|end| match end.after_signal_ms {
            Some(ms) => format!("{} ended {} {ms:.0} ms after SIGTERM", end.replica, exit_in_words(end.exit)),
            None => format!("{} ended {}", end.replica, exit_in_words(end.exit)),
        })
        .collect();
    let power = "Requests that are under way when the signal comes were not tried.";
    let late: Vec<_> = ends
        .iter()
        .filter(|end| end.exit == Exit::Signal(SIGKILL) || end.after_signal_ms.is_some_and(|ms| ms > GRACE_MS))
        .collect();
    if !late.is_empty() {
        let names: Vec<_> = late.iter().map(|end| end.replica).collect();
        let summary = if late.iter().any(|end| end.exit == Exit::Signal(SIGKILL)) {
            format!("{} did not end on SIGTERM and had to be killed", listed(&names))
        } else {
            format!("{} needed more than {} s to end", listed(&names), GRACE_MS / 1000.0)
        };
        return Finding::fail(summary, power).evidence(evidence);
    }
    let slowest = ends.iter().filter_map(|end| end.after_signal_ms).fold(0.0, f64::max);
    let summary = format!("{} ended within {slowest:.0} ms of SIGTERM", counted(ends.len(), "replica"));
    let unhandled = ends.iter().any(|end| end.exit == Exit::Signal(SIGTERM));
    let power = match unhandled {
        true => {
            "No handler of its own ends it: requests under way are cut off, and as process 1 of a container it would not end \
                 at all."
        }
        false => power,
    };
    Finding::pass(summary, power).of_the_whole_app().evidence(evidence)
}
