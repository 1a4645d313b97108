//! `port`: does each replica listen where it was told to, beside the others?

use crate::model::event::{Exit, NotReady};

use super::history::{Failed, History};
use super::{Finding, counted, listed};

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    let power = format!(
        "{} started side by side, each told its own port: a fixed port, a lock or a pid file shows here.",
        counted(history.replicas as usize, "replica")
    );
    if !fleet.started {
        return Finding::unknown("no replica was started", "The run ended before the fleet was started.");
    }
    // A service that ends later disturbs no port.
    if let Some((name, reason)) = fleet.services_failed.first().filter(|_| fleet.ready.is_empty()) {
        return Finding::unknown(format!("the service `{name}` did not start: {reason}"), "Replicas need it to start.");
    }
    if fleet.not_ready.is_empty() {
        return match fleet.ready.len() {
            0 => Finding::unknown("no replica became ready", "The run ended before one was ready."),
            1 => Finding::skipped("one replica was started", "Two are needed to get in each other's way."),
            count => {
                let summary = format!("{} listen on their own ports", counted(count, "replica"));
                Finding::pass(summary, power).of_the_whole_app()
            }
        };
    }
    let evidence: Vec<String> = fleet.not_ready.iter().flat_map(tell).collect();
    let elsewhere = fleet.not_ready.iter().find_map(|failed| match failed.reason {
        NotReady::OtherPort { expected, listening } => Some((failed.replica, expected, listening)),
        _ => None,
    });
    if let Some((replica, expected, listening)) = elsewhere {
        let summary = format!("{replica} was told to use port {expected} and listens on {} instead", listed(listening));
        return Finding::fail(summary, power).evidence(evidence);
    }
    let names: Vec<_> = fleet.not_ready.iter().map(|failed| failed.replica).collect();
    if fleet.ready.is_empty() {
        let first = &fleet.not_ready[0];
        let summary = format!("the app does not start at all: {} {}", first.replica, in_words(first.reason));
        return Finding::unknown(summary, "Whether replicas disturb each other shows only when one of them runs.")
            .evidence(evidence);
    }
    let first = &fleet.not_ready[0];
    let summary =
        format!("{} started, but {} did not: {}", listed(&fleet.ready), listed(&names), in_words(first.reason));
    Finding::fail(summary, power).evidence(evidence)
}

fn tell(failed: &Failed) -> Vec<String> {
    let mut lines = vec![format!("{} {}", failed.replica, in_words(failed.reason))];
    let kept = failed.last_lines.len().saturating_sub(5);
    lines.extend(failed.last_lines[kept..].iter().map(|line| format!("{}: {line}", failed.replica)));
    lines
}

fn in_words(reason: &NotReady) -> String {
    match reason {
        NotReady::NotStarted { error } => format!("could not be started: {error}"),
        NotReady::Exited { exit } => format!("ended {} before it was ready", exit_in_words(*exit)),
        NotReady::OtherPort { expected, listening } => {
            format!("listens on {} instead of {expected}", listed(listening))
        }
        NotReady::Deadline { seconds, last_answer } if last_answer.is_empty() => {
            format!("was not ready within {seconds} s")
        }
        NotReady::Deadline { seconds, last_answer } => format!("was not ready within {seconds} s; last: {last_answer}"),
    }
}

pub(super) fn exit_in_words(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("with exit code {code}"),
        Exit::Signal(signal) => format!("by signal {signal}"),
    }
}
