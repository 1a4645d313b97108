//! `ryw`, read your writes: does a user find on one replica what they wrote on another?
//!
//! D. B. Terry et al., "Session guarantees for weakly consistent replicated data", PDIS 1994. A story that passes on each
//! replica alone and fails when its later steps go to another replica violates it; the blamed step is the one that fails,
//! the writer is the replica that took the last writing step before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::{Purpose, ReplicaName, ScenarioSummary, StepKind};
use crate::model::verdict::CheckVerdict;
use crate::stats::{Ratio, fisher_more_failures, rate_left_open};

use super::history::{History, Journey};
use super::session_cross::{Reference, loss};
use super::story::{index_of, place, routes, tell};
use super::{Finding, counted, listed};

/// With this probability or less, more failures among N replicas are no accident.
const SIGNIFICANCE: f64 = 0.01;

pub(super) fn check(history: &History) -> Finding {
    if history.fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "There was nowhere else to read.");
    }
    let stories: Vec<&ScenarioSummary> =
        history.scenarios.iter().filter(|scenario| writes_then_goes_on(scenario)).collect();
    if stories.is_empty() {
        let why = "A scenario that writes something and reads it back shows what one replica keeps to itself.";
        let what =
            if history.scenarios.is_empty() { "there is no scenario" } else { "no scenario writes and then goes on" };
        return Finding::skipped(what, why);
    }
    let findings: Vec<(&ScenarioSummary, Finding)> =
        stories.into_iter().map(|scenario| (scenario, judge(history, scenario))).collect();
    combine(findings)
}

fn writes_then_goes_on(scenario: &ScenarioSummary) -> bool {
    let first = scenario.steps.iter().position(|step| step.kind == StepKind::Write);
    first.is_some_and(|first| first + 1 < scenario.steps.len())
}

/// One failure decides, then one doubt; a pass needs every story to pass.
fn combine(mut findings: Vec<(&ScenarioSummary, Finding)>) -> Finding {
    let rank = |verdict: CheckVerdict| match verdict {
        CheckVerdict::Fail => 0,
        CheckVerdict::Unknown => 1,
        CheckVerdict::Pass => 2,
        CheckVerdict::Skipped => 3,
    };
    findings.sort_by_key(|(_, finding)| rank(finding.verdict));
    let others: Vec<String> = findings
        .iter()
        .skip(1)
        .map(|(scenario, finding)| format!("scenario `{}`: {}", scenario.name, finding.summary))
        .collect();
    let mut routes = Vec::new();
    findings
        .iter()
        .filter(|(_, finding)| finding.verdict == CheckVerdict::Fail)
        .for_each(|(_, finding)| routes.extend(finding.routes.clone()));
    routes.dedup();
    let (_, mut first) = findings.swap_remove(0);
    first.routes = routes;
    first.evidence(others)
}

/// What was tried for one scenario.
struct Trial<'h, 'a> {
    history: &'h History<'a>,
    scenario: &'a ScenarioSummary,
    /// Replicas that pass the story alone.
    sound: BTreeSet<&'a ReplicaName>,
    passed: Vec<&'h Journey<'a>>,
    failed: Vec<&'h Journey<'a>>,
    /// Failed without an answer of a replica, or not finished.
    unanswered: Vec<&'h Journey<'a>>,
}

fn judge<'a>(history: &History<'a>, scenario: &'a ScenarioSummary) -> Finding {
    let trial = Trial::of(history, scenario);
    if let Some(broken) = trial.broken_alone() {
        return broken;
    }
    if !trial.failed.is_empty() {
        return trial.fail();
    }
    trial.no_failure()
}

impl<'h, 'a> Trial<'h, 'a> {
    fn of(history: &'h History<'a>, scenario: &'a ScenarioSummary) -> Self {
        let mut outcomes: BTreeMap<&ReplicaName, bool> = BTreeMap::new();
        for baseline in history.fleet.of(&scenario.name, Purpose::Baseline) {
            if let Some(replica) = baseline.replica(0) {
                *outcomes.entry(replica).or_insert(true) &= baseline.passed();
            }
        }
        let sound: BTreeSet<&ReplicaName> =
            outcomes.iter().filter(|(_, sound)| **sound).map(|(name, _)| *name).collect();
        let mut trial =
            Trial { history, scenario, sound, passed: Vec::new(), failed: Vec::new(), unanswered: Vec::new() };
        let log = &history.fleet;
        let alone: Vec<&Journey> =
            log.of(&scenario.name, Purpose::Shrink).filter(|journey| !journey.crosses() && journey.passed()).collect();
        // A shortened story that fails on one replica as well was shortened too much, and says nothing.
        let shortened = log.of(&scenario.name, Purpose::Shrink);
        let shortened = shortened.filter(|journey| alone.iter().any(|alone| skips_alike(alone, journey)));
        for journey in log.of(&scenario.name, Purpose::Switch).chain(shortened).filter(|journey| journey.crosses()) {
            trial.sort(journey);
        }
        trial
    }

    fn sort(&mut self, journey: &'h Journey<'a>) {
        if !(0..journey.route.len()).filter_map(|step| journey.replica(step)).all(|name| self.sound.contains(name)) {
            return;
        }
        match journey.failed_step() {
            None if journey.passed() => self.passed.push(journey),
            // Failing before the switch is failing on one replica.
            Some(step) if blame(journey, self.scenario, step).is_none() => self.unanswered.push(journey),
            Some(_) if journey.failure_was_answered() => self.failed.push(journey),
            _ => self.unanswered.push(journey),
        }
    }

    /// The story must hold on one replica before it can say anything about several.
    fn broken_alone(&self) -> Option<Finding> {
        let name = &self.scenario.name;
        let all: Vec<&Journey> = self
            .history
            .fleet
            .of(name, Purpose::Baseline)
            .chain(self.history.control.of(name, Purpose::Baseline))
            .collect();
        let in_control =
            self.history.control.of(name, Purpose::Baseline).find(|journey| journey.failed_step().is_some());
        let broken = in_control
            .or_else(|| all.iter().copied().find(|journey| self.sound.is_empty() && journey.failed_step().is_some()));
        let why = "Only a story that holds on one replica can show what breaks on several.";
        if let Some(journey) = broken {
            let step = journey.failed_step().unwrap_or_default();
            let place = journey.request(step).map_or(format!("step {}", step + 1), |request| place(journey, request));
            let failing = all.iter().filter(|journey| journey.failed_step().is_some()).count();
            let summary = format!("scenario `{name}` fails on one replica too: {place}: {}", journey.reason());
            let line = format!("{failing} of {} on a single replica failed", counted(all.len(), "journey"));
            return Some(Finding::unknown(summary, why).evidence([line]));
        }
        if self.sound.len() < 2 {
            let dead = self.history.fleet.died();
            let cause =
                if dead.is_empty() { String::new() } else { format!("; {} ended during the run", listed(&dead)) };
            let summary = format!("scenario `{name}` passes on {} only{cause}", counted(self.sound.len(), "replica"));
            return Some(Finding::unknown(summary, why).evidence(self.last_words()));
        }
        None
    }

    fn fail(&self) -> Finding {
        let best = self.failed.iter().min_by_key(|journey| {
            let step = journey.failed_step().unwrap_or_default();
            (journey.kept_steps(), step, journey.purpose != Purpose::Shrink)
        });
        let Some((journey, step)) = best.and_then(|journey| Some((journey, journey.failed_step()?))) else {
            return Finding::unknown("the log tells of a failure without a step", "It was changed by hand.");
        };
        let Some((writer_step, writer)) = blame(journey, self.scenario, step) else {
            return Finding::unknown("the log tells of a failure on one replica", "It was changed by hand.");
        };
        if self.history.control.of(&self.scenario.name, Purpose::Baseline).all(|journey| !journey.passed()) {
            return Finding::unknown(
                format!("scenario `{}` fails across replicas, but was not tried on one alone", self.scenario.name),
                "The control run is missing: the run ended before it.",
            );
        }
        let last = index_of(journey, step);
        let reader =
            journey.requests.get(last).map_or_else(|| format!("step {}", step + 1), |request| place(journey, request));
        let lost = Reference::of(self.history, journey).and_then(|reference| loss(journey, &reference));
        let because = if lost.is_some() { ", because the session is lost" } else { "" };
        let written = journey
            .request(writer_step)
            .map_or_else(|| format!("step {} on {writer}", writer_step + 1), |request| place(journey, request));
        let summary = match self.scenario.steps.get(step).map(|step| step.kind) {
            Some(StepKind::Write) => format!("{reader} fails after {written}{because}"),
            _ => format!("{reader} does not see what {written} wrote{because}"),
        };
        let story = tell(self.history, journey, last, journey.reason(), self.control(journey));
        let mut finding = Finding::fail(summary, self.power())
            .evidence([journey.reason().to_string()])
            .evidence(self.matrix())
            .evidence([self.control(journey)])
            .evidence(self.unanswered_note());
        finding.routes = routes(&story);
        finding.story = Some(story);
        finding
    }

    fn no_failure(&self) -> Finding {
        let name = &self.scenario.name;
        let ready = self.history.fleet.ready.len();
        let possible = ready * ready.saturating_sub(1);
        let tried: BTreeSet<_> = self.passed.iter().filter_map(|journey| ends(journey)).collect();
        if !self.unanswered.is_empty() || tried.len() < possible {
            let dead = self.history.fleet.died();
            let cause =
                if dead.is_empty() { String::new() } else { format!(": {} ended during the run", listed(&dead)) };
            let summary =
                format!("scenario `{name}` was tried over {} of {possible} pairs of replicas{cause}", tried.len());
            return Finding::unknown(summary, self.power())
                .evidence(self.unanswered_note())
                .evidence(self.last_words());
        }
        if !self.asserts_after_a_write() {
            let summary = format!("scenario `{name}` asserts nothing after it wrote");
            return Finding::unknown(summary, "Add `HTTP 200` and [Asserts] to the step that reads what was written.");
        }
        self.at_once()
    }

    /// What users at once saw, after every switch passed.
    fn at_once(&self) -> Finding {
        let name = &self.scenario.name;
        let spread = |log: &super::history::PhaseLog| {
            let failed = log.of(name, Purpose::Spread).filter(|journey| journey.failure_was_answered()).count() as u64;
            let passed = log.of(name, Purpose::Spread).filter(|journey| journey.passed()).count() as u64;
            Ratio { failed, of: failed + passed }
        };
        let (many, one) = (spread(&self.history.fleet), spread(&self.history.control));
        let told = format!(
            "of users at once, {} of {} failed over {} and {} of {} on one",
            many.failed,
            many.of,
            counted(self.sound.len(), "replica"),
            one.failed,
            one.of
        );
        let crossed = counted(self.passed.len(), "journey");
        if many.failed == 0 {
            let summary = format!("scenario `{name}`: {crossed} across replicas found what they wrote");
            return Finding::pass(summary, self.power()).evidence([told]);
        }
        match fisher_more_failures(many, one) {
            Some(p) if p <= SIGNIFICANCE => self.fail_at_once(&told, p),
            _ if one.failed > 0 => {
                let summary = format!(
                    "scenario `{name}`: {crossed} across replicas found what they wrote; users at once fail on one replica too"
                );
                Finding::pass(summary, self.power()).evidence([told])
            }
            _ => Finding::unknown(
                format!("scenario `{name}` fails for some users at once: {told}"),
                "Too few to tell from an accident; more users would tell.",
            ),
        }
    }

    fn fail_at_once(&self, told: &str, p: f64) -> Finding {
        let failing =
            self.history.fleet.of(&self.scenario.name, Purpose::Spread).find(|journey| journey.failed_step().is_some());
        let summary = format!("scenario `{}` fails when users share the replicas: {told}", self.scenario.name);
        let mut finding =
            Finding::fail(summary, self.power()).evidence([format!("by accident with probability {p:.4}")]);
        if let Some((journey, step)) = failing.and_then(|journey| Some((journey, journey.failed_step()?))) {
            let story =
                tell(self.history, journey, index_of(journey, step), journey.reason(), "passes on one replica".into());
            finding.routes = routes(&story);
            finding.story = Some(story);
        }
        finding
    }

    /// Rows by writer, columns by reader; the diagonal is the baseline.
    fn matrix(&self) -> Vec<String> {
        let mut cells: BTreeMap<(&ReplicaName, &ReplicaName), (usize, usize)> = BTreeMap::new();
        let crossing =
            self.failed.iter().map(|journey| (journey, 1)).chain(self.passed.iter().map(|journey| (journey, 0)));
        for (journey, failed) in crossing.filter(|(journey, _)| journey.purpose == Purpose::Switch) {
            if let Some(pair) = ends(journey) {
                let cell = cells.entry(pair).or_default();
                *cell = (cell.0 + failed, cell.1 + 1);
            }
        }
        for baseline in self.history.fleet.of(&self.scenario.name, Purpose::Baseline) {
            if let Some(name) = baseline.replica(0).filter(|name| self.sound.contains(name)) {
                let cell = cells.entry((name, name)).or_default();
                *cell = (cell.0, cell.1 + 1);
            }
        }
        let row = |writer: &&ReplicaName| {
            let cell = |reader: &&ReplicaName| match cells.get(&(*writer, *reader)) {
                Some((0, of)) => format!("{reader} {of}/{of}"),
                Some((failed, of)) => format!("{reader} {}/{of} FAILED", of - failed),
                None => format!("{reader} –"),
            };
            let cells: Vec<String> = self.sound.iter().map(cell).collect();
            format!("written on {writer}, passed when read on {}", cells.join(" · "))
        };
        self.sound.iter().map(row).collect()
    }

    /// What the same steps did on one replica.
    fn control(&self, journey: &Journey) -> String {
        let control = &self.history.control;
        let same =
            control.of(&self.scenario.name, Purpose::Shrink).any(|alone| alone.passed() && skips_alike(alone, journey));
        let baselines = control.of(&self.scenario.name, Purpose::Baseline).filter(|journey| journey.passed()).count();
        if same {
            "these steps pass on one replica".to_string()
        } else {
            format!("the whole scenario passes on one replica, {baselines} of {baselines} times")
        }
    }

    fn power(&self) -> String {
        let journeys: Vec<_> =
            self.passed.iter().chain(&self.failed).filter(|journey| journey.purpose == Purpose::Switch).collect();
        let pairs: BTreeSet<_> = journeys.iter().filter_map(|journey| ends(journey)).collect();
        let points: BTreeSet<_> = journeys.iter().filter_map(|journey| switch_point(journey)).collect();
        format!(
            "{} over {} of replicas, with the switch before {} of {}; \
             what shows in more than {:.0} % of such journeys would have been seen with 95 % probability.",
            counted(journeys.len(), "journey"),
            counted(pairs.len(), "pair"),
            points.len(),
            counted(self.scenario.steps.len() - 1, "step"),
            100.0 * rate_left_open(journeys.len() as u64, 0.95),
        )
    }

    fn asserts_after_a_write(&self) -> bool {
        let first = self.scenario.steps.iter().position(|step| step.kind == StepKind::Write).unwrap_or(0);
        let asserted = |journey: &&Journey| {
            journey.requests.iter().any(|request| request.step as usize > first && !request.assertions.is_empty())
        };
        self.passed.iter().any(asserted)
    }

    fn unanswered_note(&self) -> Option<String> {
        let count = self.unanswered.len();
        let first = self.unanswered.first().map(|journey| journey.reason()).filter(|reason| !reason.is_empty());
        let first = first.map_or(String::new(), |reason| format!(", the first with: {reason}"));
        (count > 0).then(|| format!("{} had no answer of a replica{first}", counted(count, "journey")))
    }

    /// The last lines of replicas that ended without being asked to.
    fn last_words(&self) -> Vec<String> {
        let died = self.history.fleet.exits.iter().filter(|exit| !exit.expected);
        let words = |exit: &super::history::Exited| {
            let last = exit.last_lines.iter().rev().find(|line| !line.trim().is_empty());
            let last = last.map_or(String::new(), |line| format!("; its last line: {line}"));
            format!("{} ended {}{last}", exit.replica, super::port::exit_in_words(exit.exit))
        };
        died.map(words).collect()
    }
}

/// The writing step to blame for the failure of `step`, and its replica: the last one before it that another replica took,
/// else the last step before it that another replica took. `None` when all was on one replica.
fn blame<'a>(journey: &Journey<'a>, scenario: &ScenarioSummary, step: usize) -> Option<(usize, &'a ReplicaName)> {
    let reader = journey.replica(step)?;
    let before = || {
        (0..step)
            .rev()
            .filter_map(|earlier| Some((earlier, journey.replica(earlier)?)))
            .filter(|(_, name)| *name != reader)
    };
    let wrote = |(earlier, _): &(usize, &ReplicaName)| {
        scenario.steps.get(*earlier).is_some_and(|step| step.kind == StepKind::Write)
    };
    before().find(wrote).or_else(|| before().next())
}

/// The replica of the first step and the first other one.
fn ends<'a>(journey: &Journey<'a>) -> Option<(&'a ReplicaName, &'a ReplicaName)> {
    let mut replicas = (0..journey.route.len()).filter_map(|step| journey.replica(step));
    let first = replicas.next()?;
    replicas.find(|name| *name != first).map(|other| (first, other))
}

fn switch_point(journey: &Journey) -> Option<usize> {
    let (first, _) = ends(journey)?;
    (0..journey.route.len()).find(|step| journey.replica(*step).is_some_and(|name| name != first))
}

fn skips_alike(left: &Journey, right: &Journey) -> bool {
    let kept =
        |journey: &Journey| (0..journey.route.len()).map(|step| journey.replica(step).is_some()).collect::<Vec<_>>();
    kept(left) == kept(right)
}
