//! The log, gathered by what checks ask for.

use std::collections::{BTreeMap, HashMap};

use crate::model::Name;
use crate::model::event::{
    Answer, Entry, Event, Exit, FileChange, Isolation, JourneyResult, NotReady, Phase, Purpose, ReplicaName, Request,
    RouteChoice, ScenarioSummary,
};

#[derive(Default)]
pub(super) struct History<'a> {
    pub scenarios: &'a [ScenarioSummary],
    /// As asked for, of the fleet phase.
    pub replicas: u32,
    /// Interrupted, or cut off before its end.
    pub interrupted: bool,
    pub fleet: PhaseLog<'a>,
    pub control: PhaseLog<'a>,
}

/// One phase.
#[derive(Default)]
pub(super) struct PhaseLog<'a> {
    pub started: bool,
    pub starting: Vec<Starting<'a>>,
    pub ready: Vec<&'a ReplicaName>,
    pub not_ready: Vec<Failed<'a>>,
    pub exits: Vec<Exited<'a>>,
    pub files: Vec<Written<'a>>,
    pub services_failed: Vec<(&'a Name, &'a str)>,
    /// What was left out, and why.
    pub cuts: Vec<&'a str>,
    /// In the order of their start.
    pub journeys: Vec<Journey<'a>>,
}

pub(super) struct Starting<'a> {
    pub replica: &'a ReplicaName,
    pub address: &'a str,
    pub pid: u32,
    pub isolation: Isolation,
}

pub(super) struct Failed<'a> {
    pub replica: &'a ReplicaName,
    pub reason: &'a NotReady,
    pub last_lines: &'a [String],
}

pub(super) struct Exited<'a> {
    pub replica: &'a ReplicaName,
    pub exit: Exit,
    pub expected: bool,
    pub after_signal_ms: Option<f64>,
    pub last_lines: &'a [String],
}

pub(super) struct Written<'a> {
    pub replica: &'a ReplicaName,
    pub path: &'a str,
    pub bytes: u64,
    pub change: FileChange,
    pub digest: Option<&'a str>,
    pub after_ready: bool,
}

pub(super) struct Journey<'a> {
    pub scenario: &'a Name,
    pub user: u32,
    pub purpose: Purpose,
    pub route: &'a [RouteChoice],
    pub requests: Vec<&'a Request>,
    /// `None`: the run ended first.
    pub result: Option<&'a JourneyResult>,
}

impl<'a> History<'a> {
    pub fn of(entries: &'a [Entry]) -> Self {
        let mut history = History { interrupted: true, ..History::default() };
        let mut places: BTreeMap<u32, (Phase, usize)> = BTreeMap::new();
        for entry in entries {
            match &entry.event {
                Event::RunStarted { scenarios, replicas, .. } => {
                    history.scenarios = scenarios;
                    history.replicas = *replicas;
                }
                Event::RunFinished { interrupted } => history.interrupted = *interrupted,
                event => {
                    if let Some(log) = history.phase(entry.phase) {
                        log.take(entry.phase, event, &mut places);
                    }
                }
            }
        }
        history
    }

    pub fn summary(&self, scenario: &str) -> Option<&'a ScenarioSummary> {
        self.scenarios.iter().find(|known| known.name == scenario)
    }

    fn phase(&mut self, phase: Phase) -> Option<&mut PhaseLog<'a>> {
        match phase {
            Phase::Setup => None,
            Phase::Fleet => Some(&mut self.fleet),
            Phase::Control => Some(&mut self.control),
        }
    }
}

impl<'a> PhaseLog<'a> {
    fn take(&mut self, phase: Phase, event: &'a Event, places: &mut BTreeMap<u32, (Phase, usize)>) {
        match event {
            Event::PhaseStarted { .. } => self.started = true,
            Event::ServiceFailed { name, reason, .. } => self.services_failed.push((name, reason)),
            Event::ReplicaStarting { replica, address, pid, isolation } => {
                self.starting.push(Starting { replica, address, pid: *pid, isolation: *isolation });
            }
            Event::ReplicaReady { replica, .. } => self.ready.push(replica),
            Event::ReplicaNotReady { replica, reason, last_lines } => {
                self.not_ready.push(Failed { replica, reason, last_lines });
            }
            Event::ReplicaExited { replica, exit, expected, after_signal_ms, last_lines } => self.exits.push(Exited {
                replica,
                exit: *exit,
                expected: *expected,
                after_signal_ms: *after_signal_ms,
                last_lines,
            }),
            Event::FileWritten { replica, path, bytes, change, digest, after_ready } => self.files.push(Written {
                replica,
                path,
                bytes: *bytes,
                change: *change,
                digest: digest.as_deref(),
                after_ready: *after_ready,
            }),
            Event::JourneyStarted { journey, scenario, user, purpose, route } => {
                places.insert(*journey, (phase, self.journeys.len()));
                self.journeys.push(Journey {
                    scenario,
                    user: *user,
                    purpose: *purpose,
                    route,
                    requests: Vec::new(),
                    result: None,
                });
            }
            Event::Request(request) => {
                if let Some(journey) = self.known(phase, request.journey, places) {
                    journey.requests.push(request);
                }
            }
            Event::JourneyFinished { journey, result } => {
                if let Some(journey) = self.known(phase, *journey, places) {
                    journey.result = Some(result);
                }
            }
            Event::PhaseCut { reason } => self.cuts.push(reason),
            Event::RunStarted { .. }
            | Event::Linted { .. }
            | Event::RunFinished { .. }
            | Event::ServiceReady { .. }
            | Event::Noted { .. }
            | Event::PhaseFinished => {}
        }
    }

    fn known(&mut self, phase: Phase, id: u32, places: &BTreeMap<u32, (Phase, usize)>) -> Option<&mut Journey<'a>> {
        let (_, index) = places.get(&id).filter(|(its, _)| *its == phase)?;
        self.journeys.get_mut(*index)
    }

    pub fn of<'b>(&'b self, scenario: &'b str, purpose: Purpose) -> impl Iterator<Item = &'b Journey<'a>> {
        self.journeys.iter().filter(move |journey| journey.purpose == purpose && journey.scenario == scenario)
    }

    /// Journeys across replicas that count, gathered by what they did alike. A story with steps left out counts only when
    /// the rest of it passes on one replica; else it was shortened too much, and says nothing.
    pub fn attempts<'b>(&'b self, scenario: &'b str) -> Vec<Attempt<'a, 'b>> {
        let alone: Vec<&Journey> =
            self.of(scenario, Purpose::Shrink).filter(|journey| !journey.crosses() && journey.passed()).collect();
        let shortened =
            self.of(scenario, Purpose::Shrink).filter(|journey| alone.iter().any(|alone| alone.skips_like(journey)));
        gather(self.of(scenario, Purpose::Switch).chain(shortened).filter(|journey| journey.crosses()))
    }

    /// The tool's own journeys of a name, gathered likewise.
    pub fn probes<'b>(&'b self, name: &'b str) -> Vec<Attempt<'a, 'b>> {
        gather(self.of(name, Purpose::Probe))
    }

    /// The first request that was answered by another replica than the one it was meant for, and that one.
    pub fn misrouted(&self) -> Option<(&'a Request, &'a ReplicaName)> {
        self.journeys.iter().find_map(|journey| {
            journey.requests.iter().find_map(|request| match journey.route.get(request.step as usize) {
                Some(RouteChoice::Pinned(meant)) if request.replica.as_ref().is_some_and(|name| name != meant) => {
                    Some((*request, meant))
                }
                _ => None,
            })
        })
    }

    /// Replicas that ended without being asked to.
    pub fn died(&self) -> Vec<&ReplicaName> {
        self.exits.iter().filter(|exit| !exit.expected).map(|exit| exit.replica).collect()
    }
}

/// Journeys of different users over the same steps and replicas.
pub(super) struct Attempt<'a, 'b>(pub Vec<&'b Journey<'a>>);

fn gather<'a: 'b, 'b>(journeys: impl Iterator<Item = &'b Journey<'a>>) -> Vec<Attempt<'a, 'b>> {
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut places: HashMap<(Purpose, &[RouteChoice]), usize> = HashMap::new();
    for journey in journeys {
        let place = *places.entry((journey.purpose, journey.route)).or_insert(attempts.len());
        if place == attempts.len() {
            attempts.push(Attempt(Vec::new()));
        }
        attempts[place].0.push(journey);
    }
    attempts
}

impl<'a, 'b> Attempt<'a, 'b> {
    pub fn first(&self) -> &'b Journey<'a> {
        self.0[0]
    }

    pub fn passed(&self) -> bool {
        self.0.iter().all(|journey| journey.passed())
    }

    /// Failed at the same step whenever it was made, twice at least, with an answer: no accident.
    pub fn fails(&self) -> bool {
        let step = self.first().failed_step();
        self.0.len() > 1
            && step.is_some()
            && self.0.iter().all(|journey| journey.failed_step() == step && journey.failure_was_answered())
    }

    /// A failure without an answer of a replica, or a journey without an end.
    pub fn unanswered(&self) -> Option<&'b Journey<'a>> {
        self.0.iter().copied().find(|journey| !journey.passed() && !journey.failure_was_answered())
    }
}

impl<'a> Journey<'a> {
    /// The last request of a step, redirects followed.
    pub fn request(&self, step: usize) -> Option<&'a Request> {
        self.requests.iter().rev().find(|request| request.step as usize == step).copied()
    }

    /// Where the step was pinned to, else who answered.
    pub fn replica(&self, step: usize) -> Option<&'a ReplicaName> {
        match self.route.get(step) {
            Some(RouteChoice::Pinned(replica)) => Some(replica),
            Some(RouteChoice::Balanced) => self.request(step).and_then(|request| request.replica.as_ref()),
            Some(RouteChoice::Skipped) | None => None,
        }
    }

    /// More than one replica is on the route.
    pub fn crosses(&self) -> bool {
        let mut pins = (0..self.route.len()).filter_map(|step| self.replica(step));
        let first = pins.next();
        pins.any(|pin| Some(pin) != first)
    }

    pub fn failed_step(&self) -> Option<usize> {
        match self.result {
            Some(JourneyResult::Failed { step, .. }) => Some(*step as usize),
            _ => None,
        }
    }

    pub fn reason(&self) -> &str {
        match self.result {
            Some(JourneyResult::Failed { reason, .. }) => reason,
            _ => "",
        }
    }

    pub fn passed(&self) -> bool {
        self.result == Some(&JourneyResult::Passed)
    }

    /// The failing step was answered by a replica: not by silence and not by the balancer for it.
    pub fn failure_was_answered(&self) -> bool {
        self.failed_step().and_then(|step| self.request(step)).is_some_and(answered)
    }

    /// The same steps are left out.
    pub fn skips_like(&self, other: &Journey) -> bool {
        let skipped = |journey: &Journey| -> Vec<bool> {
            journey.route.iter().map(|choice| *choice == RouteChoice::Skipped).collect()
        };
        skipped(self) == skipped(other)
    }

    pub fn kept_steps(&self) -> usize {
        self.route.iter().filter(|choice| **choice != RouteChoice::Skipped).count()
    }
}

pub(super) fn answered(request: &Request) -> bool {
    request.replica.is_some() && matches!(request.answer, Answer::Response { .. })
}

pub(super) fn status(request: &Request) -> Option<u16> {
    match request.answer {
        Answer::Response { status, .. } => Some(status),
        Answer::Failed { .. } => None,
    }
}

/// The path of a request's target.
pub(super) fn path(request: &Request) -> &str {
    request.target.split('?').next().unwrap_or("/")
}
