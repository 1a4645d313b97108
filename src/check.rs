//! L1, pure conclusions from the run log.
//!
//! A check reads the [`History`](history) of a run and nothing else. It fails only on what happened on N replicas and did
//! not happen on one; what it could not decide is *unknown*, and a *pass* says what would have been seen.

mod distribution;
mod fs_isolated;
mod history;
mod link;
mod port;
mod ryw;
mod same_page;
mod session_cross;
mod sigterm;
mod story;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::model::Name;
use crate::model::event::Entry;
use crate::model::finding::Severity;
use crate::model::outcome::Outcome;
use crate::model::report::Share;
use crate::model::verdict::CheckVerdict;

use history::History;

/// A check's conclusion before it has its name.
type Check = fn(&History) -> Finding;

/// Every check with the weight of its failure, in the order of reports. What every replica may well do differently (a page that
/// shows the host's name), and what is the balancer's doing, is a warning.
const CHECKS: &[(&str, Severity, Check)] = &[
    ("port", Severity::Error, port::check),
    ("session-cross", Severity::Error, session_cross::check),
    ("ryw", Severity::Error, ryw::check),
    ("same-page", Severity::Warning, same_page::check),
    ("fs-isolated", Severity::Error, fs_isolated::check),
    ("distribution", Severity::Warning, distribution::check),
    ("sigterm", Severity::Warning, sigterm::check),
];

/// Ids of all checks, in the order of reports.
pub fn ids() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(id, ..)| *id)
}

/// Draws every check's conclusion from a log. A check that panics is *unknown*, and so is a pass of a run that was
/// interrupted or whose log was cut off.
pub fn evaluate(entries: &[Entry]) -> Vec<Outcome> {
    let history = History::of(entries);
    CHECKS.iter().map(|(id, severity, check)| conclude(id, *severity, *check, &history)).collect()
}

/// Balanced requests that each replica of the fleet answered, the replicas in the order of their numbers: what
/// `distribution` judges.
pub fn shares(entries: &[Entry]) -> Vec<Share> {
    distribution::shares(&History::of(entries))
}

fn conclude(id: &str, severity: Severity, check: Check, history: &History) -> Outcome {
    let finding = catch_unwind(AssertUnwindSafe(|| check(history))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Finding::unknown("the check itself broke off", text.unwrap_or("it gave no reason"))
    });
    let mut finding = finding;
    if history.interrupted && finding.verdict == CheckVerdict::Pass {
        finding.verdict = CheckVerdict::Unknown;
        finding.power = format!("The run was interrupted. {}", finding.power).trim_end().to_string();
    }
    Outcome {
        id: Name::from(id),
        verdict: finding.verdict,
        severity,
        summary: finding.summary,
        evidence: finding.evidence,
        power: finding.power,
        story: finding.story,
        routes: finding.routes,
        whole_app: finding.whole_app,
    }
}

/// What a check returns.
struct Finding {
    verdict: CheckVerdict,
    summary: String,
    evidence: Vec<String>,
    power: String,
    story: Option<crate::model::outcome::Story>,
    routes: Vec<Name>,
    whole_app: bool,
}

impl Finding {
    fn new(verdict: CheckVerdict, summary: impl Into<String>, power: impl Into<String>) -> Self {
        let (summary, power) = (summary.into(), power.into());
        Finding { verdict, summary, evidence: Vec::new(), power, story: None, routes: Vec::new(), whole_app: false }
    }

    fn pass(summary: impl Into<String>, power: impl Into<String>) -> Self {
        Finding::new(CheckVerdict::Pass, summary, power)
    }

    fn fail(summary: impl Into<String>, power: impl Into<String>) -> Self {
        Finding::new(CheckVerdict::Fail, summary, power)
    }

    fn unknown(summary: impl Into<String>, why: impl Into<String>) -> Self {
        Finding::new(CheckVerdict::Unknown, summary, why)
    }

    fn skipped(summary: impl Into<String>, why: impl Into<String>) -> Self {
        Finding::new(CheckVerdict::Skipped, summary, why)
    }

    /// Of a check that tries the app as a whole, whatever its routes.
    fn of_the_whole_app(mut self) -> Self {
        self.whole_app = true;
        self
    }

    fn over(mut self, routes: Vec<Name>) -> Self {
        self.routes = routes;
        self
    }

    fn evidence(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        self
    }
}

/// Why nothing that was sent over chosen replicas can be judged.
fn undermined(history: &History) -> Option<Finding> {
    let phases = [&history.fleet, &history.control];
    if let Some((name, reason)) = phases.iter().find_map(|phase| phase.services_failed.first()) {
        return Some(Finding::unknown(
            format!("the service `{name}` failed during the run: {reason}"),
            "What the app did without it says nothing about the number of replicas.",
        ));
    }
    let (request, meant) = phases.iter().find_map(|phase| phase.misrouted())?;
    let by = request.replica.as_ref().map_or("nobody", |name| name.as_str());
    Some(Finding::unknown(
        format!("`{} {}` was meant for {meant} and answered by {by}", request.method, history::path(request)),
        "Only when each request reaches the replica that it is meant for is it known who wrote and who read.",
    ))
}

/// `1 replica`, `3 replicas`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `r1`, `r1 and r2`, `r1, r2 and r3`.
fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    match items {
        [] => "none".to_string(),
        [only] => only.to_string(),
        [first @ .., last] => {
            format!("{} and {last}", first.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
