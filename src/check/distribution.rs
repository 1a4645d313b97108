//! `distribution`: do balanced requests reach every replica? The unit is one decision of the balancer: one request without
//! a pin.

use crate::model::event::{ReplicaName, Request, RouteChoice};
use crate::model::report::Share;

use super::history::{History, answered};
use super::{Finding, counted, listed};

/// Fewer decisions than this for each replica say nothing.
const LEAST_FOR_EACH: u64 = 3;

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    if fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "There was nothing to distribute over.");
    }
    let shares = shares(history);
    let unanswered = unanswered(history);
    let total: u64 = shares.iter().map(|share| share.requests).sum();
    let evidence: Vec<String> = shares
        .iter()
        .map(|share| format!("{}: {}", share.replica, counted(share.requests as usize, "request")))
        .collect();
    let power = format!(
        "{total} balanced requests, each a decision of its own; round robin differs by one at most. This shows that every \
         replica takes part behind this balancer. It cannot show how yours spreads: affinity, weights and connections that \
         are kept are not tried, nor whether limits and counters of one replica hold for all."
    );
    if total < LEAST_FOR_EACH * shares.len() as u64 {
        return Finding::unknown(format!("only {total} balanced requests were answered"), power).evidence(evidence);
    }
    let died = fleet.died();
    if !died.is_empty() {
        return Finding::unknown(format!("{} ended during the run, so shares cannot be equal", listed(&died)), power)
            .evidence(evidence);
    }
    let counts = || shares.iter().map(|share| share.requests);
    let (most, least) = (counts().max().unwrap_or(0), counts().min().unwrap_or(0));
    let silent: Vec<_> = shares.iter().filter(|share| share.requests == 0).map(|share| &share.replica).collect();
    let unanswered_note =
        (unanswered > 0).then(|| format!("{} had no answer from a replica", counted(unanswered as usize, "request")));
    let evidence = evidence.into_iter().chain(unanswered_note);
    if !silent.is_empty() {
        return Finding::fail(format!("no balanced request reached {}", listed(&silent)), power).evidence(evidence);
    }
    // A decision whose request had no answer is not counted, and may be missing on any side.
    if most - least <= 1 + unanswered {
        let summary = format!("{total} balanced requests reached {} evenly", counted(shares.len(), "replica"));
        return Finding::pass(summary, power).of_the_whole_app().evidence(evidence);
    }
    Finding::fail(format!("shares differ by {} requests under round robin", most - least), power).evidence(evidence)
}

/// Balanced requests that each ready replica answered.
pub(super) fn shares(history: &History) -> Vec<Share> {
    let share = |replica: &&ReplicaName| Share { replica: (*replica).clone(), requests: 0 };
    let mut shares: Vec<Share> = history.fleet.ready.iter().map(share).collect();
    // r10 after r9.
    shares.sort_by(|a, b| (a.replica.len(), &a.replica).cmp(&(b.replica.len(), &b.replica)));
    for request in balanced(history).filter(|request| answered(request)) {
        if let Some(share) = shares.iter_mut().find(|share| Some(&share.replica) == request.replica.as_ref()) {
            share.requests += 1;
        }
    }
    shares
}

fn unanswered(history: &History) -> u64 {
    balanced(history).filter(|request| !answered(request)).count() as u64
}

/// Requests of the fleet that the balancer decided about.
fn balanced<'b>(history: &'b History) -> impl Iterator<Item = &'b Request> {
    history.fleet.journeys.iter().flat_map(|journey| {
        let free = |step: u32| journey.route.get(step as usize) == Some(&RouteChoice::Balanced);
        journey.requests.iter().copied().filter(move |request| free(request.step))
    })
}
