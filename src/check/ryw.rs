//! `ryw`, read your writes: does a user find on one replica what they wrote on another?
//!
//! D. B. Terry et al., "Session guarantees for weakly consistent replicated data", PDIS 1994. A story that passes on each
//! replica alone and fails when its later steps go to another replica violates it, if a new user meets the failure again.
//! It holds when every replica showed what every other one wrote, by a step that asserts more than a status and that fails
//! for a user who wrote nothing: else what an earlier user wrote, or nothing at all, could pass for what was written.
//!
//! A story that writes nothing has no such pass, but it too may fail across replicas, or on one already, and then it is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Name;
use crate::model::event::{Purpose, ReplicaName, Request, RouteChoice, ScenarioSummary, StepKind};
use crate::model::verdict::CheckVerdict;
use crate::stats::{Ratio, fisher_more_failures, rate_left_open};

use super::history::{Attempt, Exited, History, Journey, PhaseLog, status};
use super::link::{Link, links, planned};
use super::session_cross::{Reference, loss};
use super::story::{index_of, place, route_of, routes, tell};
use super::{Finding, counted, listed, undermined};

/// With this probability or less, more failures among N replicas are no accident.
const SIGNIFICANCE: f64 = 0.01;

/// Of a story that passes and fails on one replica.
const SOMETIMES: &str = "One replica alone already loses it (several processes in one replica?), or what an earlier user wrote \
                         is in the way (use {{token}}).";

pub(super) fn check(history: &History) -> Finding {
    if history.fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "There was nowhere else to read.");
    }
    if let Some(why) = undermined(history) {
        return why;
    }
    let judged = history.scenarios.iter().filter_map(|scenario| Some((scenario, judge(history, scenario)?)));
    let findings: Vec<(&ScenarioSummary, Finding)> = judged.collect();
    if findings.is_empty() {
        let why = "A scenario that writes something and reads it back shows what one replica keeps to itself.";
        let what =
            if history.scenarios.is_empty() { "there is no scenario" } else { "no scenario writes and then goes on" };
        let redirected = if redirected(history) {
            " A redirect that is followed in the same step changes the replica by chance only: \
             make the page that it leads to a step of its own."
        } else {
            ""
        };
        return Finding::skipped(what, format!("{why}{redirected}"));
    }
    combine(findings)
}

fn writes_then_goes_on(scenario: &ScenarioSummary) -> bool {
    let first = scenario.steps.iter().position(|step| step.kind == StepKind::Write);
    first.is_some_and(|first| first + 1 < scenario.steps.len())
}

/// A step that writes was answered with a redirect that it followed.
fn redirected(history: &History) -> bool {
    let hops = |journey: &Journey| {
        let steps = history.summary(journey.scenario).map_or(&[][..], |story| &story.steps);
        let writes = steps.iter().enumerate().filter(|(_, step)| step.kind == StepKind::Write);
        let requests = |step: usize| journey.requests.iter().filter(|request| request.step as usize == step).count();
        writes.into_iter().any(|(step, _)| requests(step) > 1)
    };
    history.fleet.journeys.iter().any(hops)
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
    let verdict = findings[0].1.verdict;
    let routes: BTreeSet<Name> = findings
        .iter()
        .filter(|(_, finding)| finding.verdict == verdict)
        .flat_map(|(_, finding)| finding.routes.iter().cloned())
        .collect();
    let (_, first) = findings.swap_remove(0);
    first.over(routes.into_iter().collect()).evidence(others)
}

/// What was tried for one scenario.
struct Trial<'h, 'a> {
    history: &'h History<'a>,
    scenario: &'a ScenarioSummary,
    /// Replicas that pass the story alone.
    sound: BTreeSet<&'a ReplicaName>,
    passed: Vec<&'h Journey<'a>>,
    /// Failed, and failed again: one journey for each route.
    failed: Vec<&'h Journey<'a>>,
    /// Failed and not again, or before the switch: a new user did not meet the failure.
    fickle: Vec<Attempt<'a, 'h>>,
    /// Without an answer of a replica, or not finished.
    unanswered: Vec<&'h Journey<'a>>,
    /// Reading steps that passed for a user who wrote nothing.
    untelling: BTreeSet<usize>,
}

/// `None` for a story that writes nothing and does not fail.
fn judge<'a>(history: &History<'a>, scenario: &'a ScenarioSummary) -> Option<Finding> {
    let trial = Trial::of(history, scenario);
    if let Some(broken) = trial.broken_alone() {
        return Some(broken);
    }
    if !trial.failed.is_empty() {
        return Some(trial.fail());
    }
    if writes_then_goes_on(scenario) {
        return Some(trial.too_little().unwrap_or_else(|| trial.at_once()));
    }
    trial.fickle().or_else(|| Some(trial.at_once()).filter(|finding| finding.verdict != CheckVerdict::Pass))
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
        let (passed, failed, fickle, unanswered) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let read_all_the_same =
            |journey: &Journey| journey.route.iter().rposition(|choice| *choice != RouteChoice::Skipped);
        let unwritten = history.fleet.of(&scenario.name, Purpose::Unwritten).filter(|journey| journey.passed());
        let untelling = unwritten.filter_map(read_all_the_same).collect();
        let mut trial = Trial { history, scenario, sound, passed, failed, fickle, unanswered, untelling };
        for attempt in history.fleet.attempts(&scenario.name) {
            trial.sort(attempt);
        }
        trial
    }

    fn sort(&mut self, attempt: Attempt<'a, 'h>) {
        let journey = attempt.first();
        if !(0..journey.route.len()).filter_map(|step| journey.replica(step)).all(|name| self.sound.contains(name)) {
            return;
        }
        if attempt.passed() {
            self.passed.extend(attempt.0);
        } else if let Some(lost) = attempt.unanswered() {
            self.unanswered.push(lost);
        } else if attempt.fails() && journey.failed_step().is_some_and(|step| elsewhere(journey, step).is_some()) {
            self.failed.push(journey);
        } else if journey.purpose == Purpose::Switch {
            self.fickle.push(attempt);
        }
    }

    /// What a journey showed of its writes, by reads that can show them.
    fn links(&self, journey: &Journey<'a>) -> Vec<Link<'a>> {
        links(journey, self.scenario).into_iter().filter(|link| self.tells(link)).collect()
    }

    fn tells(&self, link: &Link) -> bool {
        !link.passed || !self.untelling.contains(&link.read)
    }

    /// Different replicas that wrote and read.
    fn pairs(&self, journeys: &[&Journey<'a>]) -> BTreeSet<(&'a ReplicaName, &'a ReplicaName)> {
        let crossing = journeys.iter().flat_map(|journey| self.links(journey)).filter(Link::crosses);
        crossing.map(|link| (link.writer, link.reader)).collect()
    }

    /// "`GET /todos` passes without `POST /todos` too".
    fn untold(&self) -> Option<String> {
        let read = *self.untelling.first()?;
        let write = *self.scenario.told_writes().iter().rev().find(|write| **write < read)?;
        let step = |at: usize| self.scenario.steps.get(at).map(|step| format!("`{} {}`", step.method, step.path));
        Some(format!("{} passes without {} too", step(read)?, step(write)?))
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
        let counts = |journey: &&Journey| journey.failure_was_answered() || self.sound.is_empty();
        let broken = in_control
            .or_else(|| all.iter().copied().find(|journey| journey.failed_step().is_some() && counts(journey)));
        let why = "Only a story that holds on one replica can show what breaks on several.";
        if let Some(journey) = broken {
            let step = journey.failed_step().unwrap_or_default();
            let place = journey.request(step).map_or(format!("step {}", step + 1), |request| place(journey, request));
            let line = self.scenario.steps.get(step).map_or(0, |step| step.line);
            let failing = all.iter().filter(|journey| journey.failed_step().is_some()).count();
            let (at_times, why) = match all.iter().any(|journey| journey.passed()) {
                true => (", at times", format!("{SOMETIMES} {why}")),
                false => ("", why.to_string()),
            };
            let reason = journey.reason();
            let summary =
                format!("scenario `{name}` fails on one replica too{at_times}: {place} (line {line}): {reason}");
            let line = format!("{failing} of {} on a single replica failed", counted(all.len(), "journey"));
            return Some(Finding::unknown(summary, why).evidence([line]));
        }
        if all.is_empty() && !writes_then_goes_on(self.scenario) {
            return None;
        }
        if self.sound.len() < 2 {
            let summary =
                format!("scenario `{name}` passes on {} only{}", counted(self.sound.len(), "replica"), self.cause());
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
        if self.history.control.of(&self.scenario.name, Purpose::Baseline).all(|journey| !journey.passed()) {
            return Finding::unknown(
                format!("scenario `{}` fails across replicas, but was not tried on one alone", self.scenario.name),
                "The control run is missing: the run ended before it.",
            );
        }
        let last = index_of(journey, step);
        let story = tell(self.history, journey, last, journey.reason(), self.control(journey));
        let mut finding = Finding::fail(self.headline(journey, step), self.power())
            .evidence([journey.reason().to_string()])
            .evidence(self.matrix())
            .evidence([self.control(journey)])
            .evidence(self.unanswered_note())
            .over(routes(&story));
        finding.story = Some(story);
        finding
    }

    /// "`GET /cart` on r2 does not see what `POST /cart` on r1 wrote".
    fn headline(&self, journey: &Journey<'a>, step: usize) -> String {
        let at = |step: usize| {
            journey.request(step).map_or_else(|| format!("step {}", step + 1), |request| place(journey, request))
        };
        let link = self.links(journey).into_iter().find(|link| !link.passed && link.crosses());
        let earlier = link.map(|link| link.write).or_else(|| elsewhere(journey, step)).map_or_else(String::new, at);
        let reader = at(step);
        let reads = self.scenario.steps.get(step).is_some_and(|step| step.kind == StepKind::Read);
        let lost = Reference::of(self.history, journey).and_then(|reference| loss(journey, &reference));
        let because = if lost.is_some() { ", because the session is lost" } else { "" };
        match wrong_status(journey, step) {
            Some(status) => format!("{reader} {status} after {earlier}{because}"),
            None if reads && link.is_some() => format!("{reader} does not see what {earlier} wrote{because}"),
            None => format!("{reader} fails after {earlier}{because}"),
        }
    }

    /// Why the absence of failures says too little.
    fn too_little(&self) -> Option<Finding> {
        let name = &self.scenario.name;
        let help =
            "Add [Asserts] to a step that reads what was written before (a GET, or any step with an `@read` hint).";
        if !asserts_what_was_written(self.scenario) {
            return Some(Finding::unknown(
                format!("scenario `{name}` asserts nothing about what it wrote"),
                format!("A status alone shows no lost write. {help}"),
            ));
        }
        let (tried, possible) = (self.pairs(&self.passed), self.possible());
        if let Some(untold) = self.untold().filter(|_| tried.is_empty()) {
            return Some(Finding::unknown(
                format!("scenario `{name}`: {untold}"),
                "So it cannot show what was written: use {{token}}, which no two users share, in what is written and in what is \
                 asserted.",
            ));
        }
        if possible.is_empty() {
            return Some(Finding::skipped(
                format!("scenario `{name}` never reads on another replica than it wrote on"),
                "Its `@replica` hints keep what is written and what is read together.",
            ));
        }
        if let Some(fickle) = self.fickle() {
            return Some(fickle);
        }
        if self.unanswered.is_empty() && possible.is_subset(&tried) {
            return None;
        }
        let summary = format!(
            "scenario `{name}` was tried over {} of {} of replicas{}",
            tried.len(),
            counted(possible.len().max(tried.len()), "pair"),
            self.cause()
        );
        Some(Finding::unknown(summary, self.power()).evidence(self.unanswered_note()).evidence(self.last_words()))
    }

    fn fickle(&self) -> Option<Finding> {
        let (name, first) = (&self.scenario.name, self.fickle_notes().into_iter().next()?);
        let finding = Finding::unknown(
            format!("scenario `{name}` fails at times, and not again for the next user: {first}"),
            format!("A failure counts when a new user meets it again at the same step. {}", self.power()),
        );
        Some(finding.evidence(self.fickle_notes()).evidence(self.unanswered_note()))
    }

    /// Writer and reader of every switch that was planned: what the hints allow. Where the plan was cut, all pairs.
    fn possible(&self) -> BTreeSet<(&'a ReplicaName, &'a ReplicaName)> {
        let fleet = &self.history.fleet;
        if !fleet.cuts.is_empty() {
            let others = |writer| fleet.ready.iter().filter(move |reader| **reader != writer);
            return fleet.ready.iter().flat_map(|writer| others(*writer).map(|reader| (*writer, *reader))).collect();
        }
        let switches = fleet.of(&self.scenario.name, Purpose::Switch);
        let planned = switches.flat_map(|journey| planned(journey, self.scenario)).filter(|link| self.tells(link));
        let crossing = planned.filter(Link::crosses);
        crossing.map(|link| (link.writer, link.reader)).collect()
    }

    /// What users at once saw, after every switch passed.
    fn at_once(&self) -> Finding {
        let name = &self.scenario.name;
        let spread = |log: &PhaseLog| {
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
        let crossed = counted(self.crossing().count(), "journey");
        let found = format!("scenario `{name}`: {crossed} read on another replica than they wrote on, and passed");
        let pass = |summary| {
            Finding::pass(summary, self.power())
                .over(self.crossed_routes())
                .evidence([told.clone()])
                .evidence(self.untold())
        };
        if many.failed == 0 {
            return pass(found);
        }
        match fisher_more_failures(many, one) {
            Some(p) if p <= SIGNIFICANCE => self.fail_at_once(&told, p),
            _ if one.failed > 0 => pass(format!("{found}; users at once fail on one replica too")),
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

    /// Journeys that read on another replica than they wrote on, and passed.
    fn crossing(&self) -> impl Iterator<Item = &&'h Journey<'a>> {
        self.passed.iter().filter(|journey| self.links(journey).iter().any(Link::crosses))
    }

    /// Routes that wrote on one replica and read on another one.
    fn crossed_routes(&self) -> Vec<Name> {
        let mut routes = BTreeSet::new();
        for journey in self.crossing() {
            for link in self.links(journey).iter().filter(|link| link.crosses()) {
                let told = |request: &&&Request| [link.write, link.read].contains(&(request.step as usize));
                routes.extend(journey.requests.iter().filter(told).map(|request| route_of(request)));
            }
        }
        routes.into_iter().collect()
    }

    /// Rows by writer, columns by reader; the diagonal is what one replica wrote and read itself.
    fn matrix(&self) -> Vec<String> {
        let mut cells: BTreeMap<(&ReplicaName, &ReplicaName), (usize, usize)> = BTreeMap::new();
        let fleet = &self.history.fleet;
        let alone = fleet.of(&self.scenario.name, Purpose::Baseline).filter(|journey| journey.passed());
        let switched = self.failed.iter().chain(&self.passed).copied();
        for journey in alone.chain(switched.filter(|journey| journey.purpose == Purpose::Switch)) {
            let mut shown: BTreeMap<(&ReplicaName, &ReplicaName), bool> = BTreeMap::new();
            for link in self.links(journey) {
                *shown.entry((link.writer, link.reader)).or_insert(true) &= link.passed;
            }
            for (pair, passed) in shown {
                let cell = cells.entry(pair).or_default();
                *cell = (cell.0 + usize::from(passed), cell.1 + 1);
            }
        }
        if cells.is_empty() {
            return Vec::new();
        }
        let row = |writer: &&ReplicaName| {
            let cell = |reader: &&ReplicaName| match cells.get(&(*writer, *reader)) {
                Some((passed, of)) if passed == of => format!("{reader} {of}/{of}"),
                Some((passed, of)) => format!("{reader} {passed}/{of} FAILED"),
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
            control.of(&self.scenario.name, Purpose::Shrink).any(|alone| alone.passed() && alone.skips_like(journey));
        let baselines = control.of(&self.scenario.name, Purpose::Baseline).filter(|journey| journey.passed()).count();
        if same {
            "these steps pass on one replica".to_string()
        } else {
            format!("the whole scenario passes on one replica, {baselines} of {baselines} times")
        }
    }

    fn power(&self) -> String {
        let wrote = writes_then_goes_on(self.scenario);
        let switched: Vec<&Journey> = self
            .passed
            .iter()
            .chain(&self.failed)
            .copied()
            .filter(|journey| journey.purpose == Purpose::Switch)
            .filter(|journey| !wrote || self.links(journey).iter().any(Link::crosses))
            .collect();
        let reads: BTreeSet<usize> = switched
            .iter()
            .flat_map(|journey| self.links(journey))
            .filter(Link::crosses)
            .map(|link| link.read)
            .collect();
        let cuts: Vec<String> = self.history.fleet.cuts.iter().map(|cut| format!(" {cut}")).collect();
        let did = match wrote {
            true => format!(
                "wrote on one replica and read on another, over {} of replicas and at {}",
                counted(self.pairs(&switched).len(), "pair"),
                counted(reads.len(), "step")
            ),
            false => "changed the replica on their way".to_string(),
        };
        format!(
            "{} {did}; what shows in more than {:.0} % of such journeys would have been seen with 95 % probability.{}",
            counted(switched.len(), "journey"),
            100.0 * rate_left_open(switched.len() as u64, 0.95),
            cuts.concat()
        )
    }

    /// ": r2 ended during the run".
    fn cause(&self) -> String {
        match self.history.fleet.died() {
            died if died.is_empty() => String::new(),
            died => format!(": {} ended during the run", listed(&died)),
        }
    }

    fn unanswered_note(&self) -> Option<String> {
        let count = self.unanswered.len();
        let first = self.unanswered.first().map(|journey| journey.reason()).filter(|reason| !reason.is_empty());
        let first = first.map_or(String::new(), |reason| format!(", the first with: {reason}"));
        (count > 0).then(|| format!("{} had no answer of a replica{first}", counted(count, "journey")))
    }

    /// "`GET /cart` on r2 failed for 1 of 2 users over the same replicas: HTTP 200: found 500".
    fn fickle_notes(&self) -> Vec<String> {
        let note = |attempt: &Attempt| {
            let failed = || attempt.0.iter().filter(|journey| journey.failed_step().is_some());
            let journey = failed().next()?;
            let request = journey.request(journey.failed_step()?)?;
            Some(format!(
                "{} failed for {} of {} over the same replicas: {}",
                place(journey, request),
                failed().count(),
                counted(attempt.0.len(), "user"),
                journey.reason()
            ))
        };
        self.fickle.iter().filter_map(note).collect()
    }

    /// The last lines of replicas that ended without being asked to.
    fn last_words(&self) -> Vec<String> {
        let died = self.history.fleet.exits.iter().filter(|exit| !exit.expected);
        let words = |exit: &Exited| {
            let last = exit.last_lines.iter().rev().find(|line| !line.trim().is_empty());
            let last = last.map_or(String::new(), |line| format!("; its last line: {line}"));
            format!("{} ended {}{last}", exit.replica, super::port::exit_in_words(exit.exit))
        };
        died.map(words).collect()
    }
}

/// Some step reads after one that wrote, and asserts more than a status.
fn asserts_what_was_written(scenario: &ScenarioSummary) -> bool {
    let after_a_write = scenario.steps.iter().skip_while(|step| step.kind != StepKind::Write).skip(1);
    after_a_write.into_iter().any(|step| step.kind == StepKind::Read && step.asserts_content)
}

/// The last step before `step` that another replica took; `None` when all was on one replica.
fn elsewhere(journey: &Journey, step: usize) -> Option<usize> {
    let reader = journey.replica(step)?;
    (0..step).rev().find(|earlier| journey.replica(*earlier).is_some_and(|name| name != reader))
}

/// "answers 401 instead of 200", where the status is what failed.
fn wrong_status(journey: &Journey, step: usize) -> Option<String> {
    let request = journey.request(step)?;
    let failed = request.assertions.iter().find(|assertion| !assertion.passed)?;
    let expected = failed.text.strip_prefix("HTTP")?.split_whitespace().next_back()?;
    Some(format!("answers {} instead of {expected}", status(request)?))
}
