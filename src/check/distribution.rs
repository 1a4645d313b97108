//! `distribution`: do balanced requests reach every replica? The unit is one decision of the balancer: one request without
//! a pin.

use std::collections::BTreeMap;

use crate::model::event::{ReplicaName, RouteChoice};

use super::history::{History, answered};
use super::{Finding, counted, listed};

/// Fewer decisions than this for each replica say nothing.
const LEAST_FOR_EACH: u64 = 3;

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    if fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "There was nothing to distribute over.");
    }
    let (counts, unanswered) = decisions(history);
    let total: u64 = counts.values().sum();
    let evidence: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name}: {}", counted(*count as usize, "request"))).collect();
    let power = format!("{total} balanced requests, one decision each; round robin differs by one at most.");
    if total < LEAST_FOR_EACH * counts.len() as u64 {
        return Finding::unknown(format!("only {total} balanced requests were answered"), power).evidence(evidence);
    }
    let died = fleet.died();
    if !died.is_empty() {
        return Finding::unknown(format!("{} ended during the run, so shares cannot be equal", listed(&died)), power)
            .evidence(evidence);
    }
    let (most, least) = (counts.values().max().copied().unwrap_or(0), counts.values().min().copied().unwrap_or(0));
    let silent: Vec<_> = counts.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    let unanswered_note =
        (unanswered > 0).then(|| format!("{} had no answer from a replica", counted(unanswered as usize, "request")));
    let evidence = evidence.into_iter().chain(unanswered_note);
    if !silent.is_empty() {
        return Finding::fail(format!("no balanced request reached {}", listed(&silent)), power).evidence(evidence);
    }
    // A decision whose request had no answer is not counted, and may be missing on any side.
    if most - least <= 1 + unanswered {
        let summary = format!("{total} balanced requests reached {} evenly", counted(counts.len(), "replica"));
        return Finding::pass(summary, power).of_the_whole_app().evidence(evidence);
    }
    Finding::fail(format!("shares differ by {} requests under round robin", most - least), power).evidence(evidence)
}

/// Balanced requests that each ready replica answered, and how many no replica answered.
fn decisions<'a>(history: &History<'a>) -> (BTreeMap<&'a ReplicaName, u64>, u64) {
    let mut counts: BTreeMap<&ReplicaName, u64> = history.fleet.ready.iter().map(|name| (*name, 0)).collect();
    let mut unanswered = 0;
    for journey in &history.fleet.journeys {
        for request in &journey.requests {
            if journey.route.get(request.step as usize) != Some(&RouteChoice::Balanced) {
                continue;
            }
            match request.replica.as_ref().filter(|_| answered(request)) {
                Some(replica) => *counts.entry(replica).or_default() += 1,
                None => unanswered += 1,
            }
        }
    }
    (counts, unanswered)
}
