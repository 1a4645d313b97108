//! Conclusions from logs of simulated stores.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::event::SCHEMA;
use crate::model::event::{
    Answer, Assertion, Event, Exit, FileChange, Isolation, JourneyResult, NotReady, Phase, Purpose, Request,
    RouteChoice, ScenarioSummary, StepKind, StepSummary,
};

use CheckVerdict::{Fail, Pass, Skipped, Unknown};

/// A store behind N replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Shared,
    /// Each replica keeps its own.
    Local,
    /// Shared, but this replica does not read what others wrote.
    Deaf(usize),
    /// Nothing is ever kept.
    Broken,
}

struct Log(Vec<Entry>, Phase);

impl Log {
    fn new(replicas: usize, scenarios: Vec<ScenarioSummary>) -> Self {
        let mut log = Log(Vec::new(), Phase::Setup);
        log.add(Event::RunStarted {
            schema: SCHEMA.into(),
            version: "0".into(),
            seed: 1,
            replicas: replicas as u32,
            app: "app".into(),
            command: vec!["app".into()],
            scenarios,
        });
        log
    }

    fn add(&mut self, event: Event) {
        let seq = self.0.len() as u64;
        self.0.push(Entry { seq, at_ms: seq as f64, phase: self.1, event });
    }

    fn phase(&mut self, phase: Phase, replicas: usize) {
        self.1 = phase;
        self.add(Event::PhaseStarted { replicas: replicas as u32 });
        for index in 0..replicas {
            let replica = name(index);
            let address = format!("127.0.0.1:{}", 4000 + index);
            let isolation = Isolation::Overlay;
            self.add(Event::ReplicaStarting { replica: replica.clone(), address, pid: 900 + index as u32, isolation });
            self.add(Event::ReplicaReady { replica, after_ms: 1.0 });
        }
    }

    fn end(&mut self, replicas: usize) {
        for index in 0..replicas {
            self.add(Event::ReplicaExited {
                replica: name(index),
                exit: Exit::Code(0),
                expected: true,
                after_signal_ms: Some(5.0),
                last_lines: Vec::new(),
            });
        }
        self.add(Event::PhaseFinished);
    }

    fn finish(mut self) -> Vec<Entry> {
        self.1 = Phase::Setup;
        self.add(Event::RunFinished { interrupted: false });
        self.0
    }

    /// Makes one journey over a store and writes it down.
    fn journey(&mut self, id: u32, purpose: Purpose, route: &[usize], steps: &[StepKind], store: Store) -> bool {
        self.add(Event::JourneyStarted {
            journey: id,
            scenario: "story".into(),
            user: id,
            purpose,
            route: route.iter().map(|replica| RouteChoice::Pinned(name(*replica))).collect(),
        });
        let mut written: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut result = JourneyResult::Passed;
        for (step, (replica, kind)) in route.iter().zip(steps).enumerate() {
            let seen = |writer: usize| match store {
                Store::Shared => true,
                Store::Local => writer == *replica,
                Store::Deaf(deaf) => *replica != deaf || writer == *replica,
                Store::Broken => false,
            };
            let passed = match kind {
                StepKind::Write => {
                    written.insert((step, *replica));
                    true
                }
                StepKind::Read => written.iter().all(|(_, writer)| seen(*writer)),
            };
            self.add(Event::Request(request(id, step, *kind, *replica, passed)));
            if !passed {
                result = JourneyResult::Failed { step: step as u32, reason: "count == 1: found 0".into() };
                break;
            }
        }
        let passed = result == JourneyResult::Passed;
        self.add(Event::JourneyFinished { journey: id, result });
        passed
    }
}

fn name(index: usize) -> Name {
    Name::from(format!("r{}", index + 1))
}

fn request(journey: u32, step: usize, kind: StepKind, replica: usize, passed: bool) -> Request {
    let assertion = Assertion { text: "count == 1".into(), line: 9, passed, actual: "0".into() };
    Request {
        journey,
        step: step as u32,
        user: journey,
        method: if kind == StepKind::Write { "POST".into() } else { "GET".into() },
        target: format!("/s{step}"),
        replica: Some(name(replica)),
        sent_ms: 0.0,
        done_ms: 1.0,
        answer: answer(200, "x"),
        cookies_sent: Vec::new(),
        cookies_set: Vec::new(),
        assertions: vec![assertion],
    }
}

fn answer(status: u16, text: &str) -> Answer {
    let (excerpt, digest) = (text.to_string(), format!("digest of {text}"));
    Answer::Response { status, bytes: text.len() as u64, excerpt, digest, location: None }
}

fn story(steps: &[StepKind]) -> ScenarioSummary {
    let step = |(index, kind): (usize, &StepKind)| StepSummary {
        line: index as u32 + 1,
        method: "GET".into(),
        path: format!("/s{index}"),
        kind: *kind,
        asserts_content: *kind == StepKind::Read,
    };
    ScenarioSummary {
        name: "story".into(),
        path: "story.hurl".into(),
        steps: steps.iter().enumerate().map(step).collect(),
    }
}

/// What a run over such a store leaves.
fn run(replicas: usize, steps: &[StepKind], store: Store) -> Vec<Entry> {
    let mut log = Log::new(replicas, vec![story(steps)]);
    let mut id = 0;
    log.phase(Phase::Fleet, replicas);
    for replica in 0..replicas {
        id += 1;
        log.journey(id, Purpose::Baseline, &vec![replica; steps.len()], steps, store);
    }
    for point in 1..steps.len() {
        for writer in 0..replicas {
            for reader in (0..replicas).filter(|reader| *reader != writer) {
                id += 1;
                let route: Vec<usize> =
                    (0..steps.len()).map(|step| if step < point { writer } else { reader }).collect();
                if !log.journey(id, Purpose::Switch, &route, steps, store) {
                    id += 1;
                    log.journey(id, Purpose::Switch, &route, steps, store);
                }
            }
        }
    }
    log.end(replicas);
    log.phase(Phase::Control, 1);
    for _ in 0..3 {
        id += 1;
        log.journey(id, Purpose::Baseline, &vec![0; steps.len()], steps, store);
    }
    log.end(1);
    log.finish()
}

fn outcome(log: &[Entry], id: &str) -> Outcome {
    evaluate(log).into_iter().find(|outcome| outcome.id == id).unwrap()
}

const STEPS: &[StepKind] = &[StepKind::Write, StepKind::Read];

fn stories() -> impl Strategy<Value = Vec<StepKind>> {
    let kind = prop_oneof![Just(StepKind::Write), Just(StepKind::Read)];
    proptest::collection::vec(kind, 0..4).prop_map(|mut steps| {
        steps.insert(0, StepKind::Write);
        steps.push(StepKind::Read);
        steps
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_shared_store_passes_and_a_local_one_fails(replicas in 2usize..6, steps in stories()) {
        let shared = outcome(&run(replicas, &steps, Store::Shared), "ryw");
        prop_assert_eq!(shared.verdict, Pass, "{:#?}", shared);
        let local = outcome(&run(replicas, &steps, Store::Local), "ryw");
        prop_assert_eq!(local.verdict, Fail, "{:#?}", local);
        let told = local.story.unwrap();
        let (last, writers) = told.steps.split_last().unwrap();
        prop_assert!(last.failed);
        prop_assert!(writers.iter().any(|step| step.method == "POST" && step.replica != last.replica));
    }

    #[test]
    fn only_the_deaf_replica_is_blamed(replicas in 2usize..6, deaf in 0usize..6, steps in stories()) {
        let deaf = deaf % replicas;
        let found = outcome(&run(replicas, &steps, Store::Deaf(deaf)), "ryw");
        prop_assert_eq!(found.verdict, Fail);
        let place = format!(" on {} ", name(deaf));
        prop_assert!(found.summary.contains(&place), "{}", found.summary);
        for line in found.evidence.iter().filter(|line| line.contains("FAILED")) {
            let own = format!("{} ", name(deaf));
            let columns = line.split("read on ").nth(1).unwrap();
            for cell in columns.split(" · ") {
                prop_assert_eq!(cell.contains("FAILED"), cell.starts_with(&own), "{}", line);
            }
        }
    }

    #[test]
    fn a_store_that_keeps_nothing_is_no_matter_of_scaling(replicas in 2usize..6, steps in stories()) {
        let found = outcome(&run(replicas, &steps, Store::Broken), "ryw");
        prop_assert_eq!(found.verdict, Unknown);
        prop_assert!(found.summary.contains("fails on one replica too"), "{}", found.summary);
    }

    #[test]
    fn a_log_with_holes_breaks_no_check_and_a_cut_one_passes_nothing(
        cut in 0usize..200, holes in proptest::collection::vec(0usize..200, 0..20), local: bool,
    ) {
        let whole = run(3, STEPS, if local { Store::Local } else { Store::Shared });
        let kept: Vec<Entry> = whole.iter().enumerate().filter(|(index, _)| !holes.contains(index)).map(|(_, entry)| entry.clone()).collect();
        for outcome in evaluate(&kept) {
            prop_assert!(!outcome.summary.contains("the check itself"), "{:?}", outcome);
        }
        let cut = cut.min(whole.len() - 1);
        for outcome in evaluate(&whole[..cut]) {
            prop_assert_ne!(outcome.verdict, Pass, "{:?}", outcome);
        }
    }
}

#[test]
fn every_check_gives_one_outcome_in_a_fixed_order() {
    let found: Vec<Name> = evaluate(&run(2, STEPS, Store::Shared)).into_iter().map(|outcome| outcome.id).collect();
    assert_eq!(found, ids().map(Name::from).collect::<Vec<_>>());
    assert_eq!(evaluate(&[]).len(), ids().count());
}

#[test]
fn a_check_that_panics_is_unknown() {
    fn panics(_: &History) -> Finding {
        panic!("an index out of range")
    }
    let found = conclude("port", Severity::Error, panics, &History::of(&[]));
    assert_eq!((found.verdict, found.power.as_str()), (Unknown, "an index out of range"));
}

#[test]
fn without_a_control_a_failure_is_not_believed() {
    let log: Vec<Entry> =
        run(2, STEPS, Store::Local).into_iter().filter(|entry| entry.phase != Phase::Control).collect();
    assert_eq!(outcome(&log, "ryw").verdict, Unknown);
}

#[test]
fn a_scenario_that_asserts_nothing_after_its_write_passes_nothing() {
    let mut log = run(2, STEPS, Store::Shared);
    for entry in &mut log {
        if let Event::RunStarted { scenarios, .. } = &mut entry.event {
            scenarios[0].steps[1].asserts_content = false;
        }
    }
    let found = outcome(&log, "ryw");
    assert_eq!(found.verdict, Unknown);
    assert!(found.summary.contains("asserts nothing"), "{}", found.summary);
}

#[test]
fn failures_of_users_at_once_count_when_they_are_no_accident() {
    let with = |failed: u32| {
        let mut log = run(2, STEPS, Store::Shared);
        log.pop();
        let mut log = Log(log, Phase::Fleet);
        for (id, phase) in (1000..1020).map(|id| (id, Phase::Fleet)).chain((1020..1040).map(|id| (id, Phase::Control)))
        {
            log.1 = phase;
            let breaks = phase == Phase::Fleet && id < 1000 + failed;
            log.journey(id, Purpose::Spread, &[0, 1], STEPS, if breaks { Store::Local } else { Store::Shared });
        }
        outcome(&log.finish(), "ryw")
    };
    assert_eq!(with(0).verdict, Pass);
    assert_eq!(with(2).verdict, Unknown);
    assert_eq!(with(12).verdict, Fail);
    assert!(with(12).summary.contains("12 of 20 failed over 2 replicas and 0 of 20 on one"), "{}", with(12).summary);
}

/// A fleet of `replicas` in which nothing happened but `events`.
fn fleet(replicas: usize, events: Vec<Event>) -> Vec<Entry> {
    let mut log = Log::new(replicas, Vec::new());
    log.phase(Phase::Fleet, replicas);
    events.into_iter().for_each(|event| log.add(event));
    log.finish()
}

fn asked(id: u32, scenario: &str, requests: Vec<Request>, route: Vec<RouteChoice>) -> Vec<Event> {
    let start =
        Event::JourneyStarted { journey: id, scenario: scenario.into(), user: id, purpose: Purpose::Probe, route };
    let end = Event::JourneyFinished { journey: id, result: JourneyResult::Passed };
    std::iter::once(start).chain(requests.into_iter().map(Event::Request)).chain([end]).collect()
}

fn written(replica: usize, path: &str, bytes: u64) -> Event {
    file(replica, path, bytes, "digest", false)
}

fn file(replica: usize, path: &str, bytes: u64, digest: &str, after_ready: bool) -> Event {
    let (replica, change, digest) = (name(replica), FileChange::Created, Some(digest.to_string()));
    Event::FileWritten { replica, path: path.into(), bytes, change, digest, after_ready }
}

#[test]
fn files_are_judged_by_what_they_are_and_who_has_them() {
    let verdict = |events| {
        let found = outcome(&fleet(2, events), "fs-isolated");
        (found.verdict, found.summary)
    };
    assert_eq!(verdict(vec![]).0, Skipped);
    assert_eq!(verdict(vec![written(0, "logs/app.log", 9), written(1, "cache/x", 3)]).0, Pass);
    assert_eq!(verdict(vec![written(0, "generated.json", 9), written(1, "generated.json", 9)]).0, Pass);
    let other = vec![file(0, "notes.json", 9, "ab", false), file(1, "notes.json", 9, "cd", false)];
    assert_eq!(verdict(other).0, Fail, "the same size is not the same content");
    let later = vec![file(0, "notes.json", 9, "ab", true), file(1, "notes.json", 9, "ab", true)];
    assert_eq!(verdict(later).0, Fail, "written when users came, and not at the start");
    assert_eq!(
        verdict(vec![written(0, "data.json", 900), written(1, "data.json", 800)]),
        (Fail, "each of r1 and r2 wrote its own copy of data.json (900 bytes)".into())
    );
    assert_eq!(
        verdict(vec![written(1, "notes.txt", 9)]),
        (Fail, "r2 wrote notes.txt (9 bytes); r1 does not have it".into())
    );
    assert_eq!(
        verdict(vec![written(0, "app.sqlite", 8192), written(1, "app.sqlite", 8192)]),
        (Fail, "each of r1 and r2 wrote its own copy of the database app.sqlite (9 kB)".into())
    );
    assert_eq!(verdict(vec![written(0, "sessions/0a1b.json", 9)]).0, Fail);
}

#[test]
fn shared_disks_leave_nothing_to_judge() {
    let mut log = fleet(2, vec![written(0, "app.sqlite", 1)]);
    for entry in &mut log {
        if let Event::ReplicaStarting { isolation, .. } = &mut entry.event {
            *isolation = Isolation::Shared;
        }
    }
    assert_eq!(outcome(&log, "fs-isolated").verdict, Skipped);
}

/// Pages as `(replica, text)`, in the order of asking.
fn pages(asked_for: &[(usize, &str)]) -> Outcome {
    let mut events = Vec::new();
    for (id, (replica, text)) in asked_for.iter().enumerate() {
        let mut page = request(id as u32, 0, StepKind::Read, *replica, true);
        page.answer = answer(200, text);
        events.extend(asked(id as u32, "page", vec![page], vec![RouteChoice::Pinned(name(*replica))]));
    }
    outcome(&fleet(2, events), "same-page")
}

#[test]
fn a_clock_that_strikes_between_two_replicas_is_no_difference() {
    assert_eq!(
        pages(&[(0, "at 12:00:01\nhi"), (1, "at 12:00:02\nhi"), (0, "at 12:00:02\nhi"), (1, "at 12:00:02\nhi")])
            .verdict,
        Pass
    );
    assert_eq!(pages(&[(0, "at 1\nhi"), (1, "at 1\nhi"), (0, "at 1\nhi"), (1, "at 2\nhi")]).verdict, Pass);
}

#[test]
fn a_name_a_port_and_a_process_number_are_no_difference() {
    assert_eq!(
        pages(&[(0, "r1 900 :4000"), (1, "r2 901 :4001"), (0, "r1 900 :4000"), (1, "r2 901 :4001")]).verdict,
        Pass
    );
    assert_eq!(pages(&[(0, "v14000"), (1, "v14001"), (0, "v14000"), (1, "v14001")]).verdict, Fail);
}

#[test]
fn pages_that_differ_by_replica_fail_and_too_few_answers_decide_nothing() {
    let found = pages(&[(0, "a\nbuild 1"), (1, "a\nbuild 2"), (0, "a\nbuild 1"), (1, "a\nbuild 2")]);
    assert_eq!(found.verdict, Fail);
    assert!(found.summary.contains("line 2 is `build 1` on r1 and `build 2` on r2"), "{}", found.summary);
    assert_eq!(pages(&[(0, "a"), (1, "b"), (0, "a")]).verdict, Unknown);
    assert_eq!(pages(&[(0, "a\nb"), (1, "a"), (0, "c\nd"), (1, "e\nf\ng")]).verdict, Unknown);
}

/// Three answers to one visitor, as the cookies that they set.
fn session(replicas: [usize; 3], set: [Option<&str>; 3]) -> CheckVerdict {
    let visit = |step: usize| {
        let mut request = request(0, step, StepKind::Read, replicas[step], true);
        request.cookies_sent = if step == 0 { vec![] } else { vec!["sid".into()] };
        request.cookies_set = set[step].iter().map(|digest| ("sid".into(), digest.to_string())).collect();
        request
    };
    let route = replicas.iter().map(|replica| RouteChoice::Pinned(name(*replica))).collect();
    outcome(&fleet(2, asked(0, "session", (0..3).map(visit).collect(), route)), "session-cross").verdict
}

#[test]
fn a_cookie_set_anew_elsewhere_is_a_lost_session() {
    assert_eq!(session([0, 0, 1], [Some("a"), None, Some("b")]), Fail);
    assert_eq!(session([0, 0, 1], [Some("a"), None, None]), Skipped, "no step needs the session");
    assert_eq!(session([0, 0, 1], [Some("a"), Some("a"), Some("a")]), Skipped, "rolling sessions keep their value");
    assert_eq!(session([0, 0, 1], [Some("a"), Some("b"), Some("c")]), Unknown, "the issuer sets it anew as well");
}

fn port(not_ready: &[(usize, NotReady)], replicas: usize) -> Outcome {
    let mut log = Log::new(replicas, Vec::new());
    log.1 = Phase::Fleet;
    log.add(Event::PhaseStarted { replicas: replicas as u32 });
    for index in 0..replicas {
        match not_ready.iter().find(|(its, _)| *its == index) {
            Some((_, reason)) => {
                let last_lines = vec!["listening on 3000".into()];
                log.add(Event::ReplicaNotReady { replica: name(index), reason: reason.clone(), last_lines });
            }
            None => log.add(Event::ReplicaReady { replica: name(index), after_ms: 1.0 }),
        }
    }
    outcome(&log.finish(), "port")
}

#[test]
fn a_fixed_port_is_told_from_an_app_that_does_not_start() {
    let elsewhere = NotReady::OtherPort { expected: 4711, listening: vec![3000] };
    let ended = NotReady::Exited { exit: Exit::Code(1) };
    let late = NotReady::Deadline { seconds: 30.0, last_answer: "503".into() };
    assert_eq!(port(&[], 3).verdict, Pass);
    let found = port(&[(0, elsewhere), (1, ended.clone()), (2, ended.clone())], 3);
    assert_eq!(
        (found.verdict, found.summary.as_str()),
        (Fail, "r1 was told to use port 4711 and listens on 3000 instead")
    );
    assert!(found.evidence.iter().any(|line| line == "r1: listening on 3000"));
    assert_eq!(port(&[(2, ended.clone())], 3).verdict, Fail);
    assert_eq!(port(&[(0, ended.clone()), (1, ended)], 2).verdict, Unknown);
    assert_eq!(port(&[(0, late.clone()), (1, late)], 2).verdict, Unknown);
}

#[test]
fn a_replica_that_must_be_killed_fails_sigterm() {
    let ended = |exit: Exit, ms: f64| {
        let (replica, last_lines) = (name(0), Vec::new());
        let exited = Event::ReplicaExited { replica, exit, expected: true, after_signal_ms: Some(ms), last_lines };
        outcome(&fleet(1, vec![exited]), "sigterm")
    };
    assert_eq!(ended(Exit::Code(0), 20.0).verdict, Pass);
    assert_eq!(ended(Exit::Signal(9), 10_000.0).verdict, Fail);
    assert_eq!(ended(Exit::Code(0), 12_000.0).verdict, Fail);
    let unhandled = ended(Exit::Signal(15), 2.0);
    assert_eq!(unhandled.verdict, Pass);
    assert!(unhandled.power.contains("process 1 of a container"), "{}", unhandled.power);
}

#[test]
fn shares_count_balanced_requests_only() {
    let spread = |counts: [usize; 2]| {
        let mut events = Vec::new();
        let replicas = counts.iter().enumerate().flat_map(|(replica, count)| vec![replica; *count]);
        for (id, replica) in replicas.enumerate() {
            let request = request(id as u32, 0, StepKind::Read, replica, true);
            events.extend(asked(id as u32, "spread", vec![request], vec![RouteChoice::Balanced]));
        }
        let pinned = request(999, 0, StepKind::Read, 0, true);
        events.extend(asked(999, "page", vec![pinned], vec![RouteChoice::Pinned(name(0))]));
        outcome(&fleet(2, events), "distribution").verdict
    };
    let mut log = run(2, STEPS, Store::Shared);
    log.pop();
    let mut log = Log(log, Phase::Fleet);
    for (id, replica) in [(900, 0), (901, 1), (902, 0)] {
        asked(id, "spread", vec![request(id, 0, StepKind::Read, replica, true)], vec![RouteChoice::Balanced])
            .into_iter()
            .for_each(|event| log.add(event));
    }
    let shares: Vec<_> = shares(&log.finish()).into_iter().map(|share| (share.replica, share.requests)).collect();
    assert_eq!(shares, [(name(0), 2), (name(1), 1)], "pinned requests are not counted");
    assert_eq!(spread([10, 10]), Pass);
    assert_eq!(spread([10, 9]), Pass);
    assert_eq!(spread([12, 8]), Fail);
    assert_eq!(spread([20, 0]), Fail);
    assert_eq!(spread([1, 1]), Unknown);
}

/// A story of which every journey is told request by request.
struct Tale {
    log: Log,
    steps: Vec<StepSummary>,
    next: u32,
}

/// What one step of a journey met: `(replica, status, passed, cookies set)`.
type Met = (usize, u16, bool, &'static [(&'static str, &'static str)]);

impl Tale {
    /// Steps as `(method, path, asserts content)`.
    fn of(steps: &[(&str, &str, bool)]) -> Tale {
        let step = |(method, path, asserts): &(&str, &str, bool)| StepSummary {
            line: 1,
            method: method.to_string(),
            path: path.to_string(),
            kind: if *method == "GET" { StepKind::Read } else { StepKind::Write },
            asserts_content: *asserts,
        };
        let steps: Vec<StepSummary> = steps.iter().map(step).collect();
        let summary = ScenarioSummary { name: "story".into(), path: "story.hurl".into(), steps: steps.clone() };
        let mut log = Log::new(2, vec![summary]);
        log.phase(Phase::Fleet, 2);
        Tale { log, steps, next: 0 }
    }

    /// One journey; the last step told is the one that failed, if it did. `skipped` steps are left out of `met`.
    fn goes(&mut self, purpose: Purpose, route: &[Option<usize>], met: &[Met]) -> &mut Self {
        self.next += 1;
        let choice = |at: &Option<usize>| at.map_or(RouteChoice::Skipped, |at| RouteChoice::Pinned(name(at)));
        self.log.add(Event::JourneyStarted {
            journey: self.next,
            scenario: "story".into(),
            user: self.next,
            purpose,
            route: route.iter().map(choice).collect(),
        });
        let mut jar: BTreeSet<Name> = BTreeSet::new();
        let mut result = JourneyResult::Passed;
        let sent = (0..route.len()).filter(|step| route[*step].is_some());
        for (step, (replica, status, passed, cookies)) in sent.zip(met) {
            let known = &self.steps[step];
            let mut sent = request(self.next, step, known.kind, *replica, *passed);
            (sent.method, sent.target) = (known.method.clone(), known.path.clone());
            sent.answer = answer(*status, "x");
            if *status != 200 {
                sent.assertions[0].text = "HTTP 200".into();
            }
            sent.cookies_sent = if purpose == Purpose::Stranger { vec![] } else { jar.iter().cloned().collect() };
            sent.cookies_set = cookies.iter().map(|(name, value)| (Name::from(*name), value.to_string())).collect();
            jar.extend(cookies.iter().map(|(name, _)| Name::from(*name)));
            self.log.add(Event::Request(sent));
            if !passed {
                result = JourneyResult::Failed { step: step as u32, reason: "count == 1: found 0".into() };
            }
        }
        self.log.add(Event::JourneyFinished { journey: self.next, result });
        self
    }

    /// The same on each replica alone, and in the control.
    fn holds_alone(&mut self, statuses: &[(u16, &'static [(&'static str, &'static str)])]) -> &mut Self {
        for (phase, replica) in [(Phase::Control, 0), (Phase::Control, 0), (Phase::Fleet, 0), (Phase::Fleet, 1)] {
            self.log.1 = phase;
            let route = vec![Some(replica); self.steps.len()];
            let met: Vec<Met> = statuses.iter().map(|(status, set)| (replica, *status, true, *set)).collect();
            self.goes(Purpose::Baseline, &route, &met);
        }
        self
    }

    /// Without its cookies a user gets as far as this.
    fn strangers(&mut self, met: &[Met]) -> &mut Self {
        self.log.1 = Phase::Control;
        let route = vec![Some(0); self.steps.len()];
        self.goes(Purpose::Stranger, &route, met).goes(Purpose::Stranger, &route, met);
        self.log.1 = Phase::Fleet;
        self
    }

    /// Twice from one replica to the other and back, with the switch before `point`.
    fn switches(&mut self, point: usize, met: impl Fn(usize, usize) -> Vec<Met>) -> &mut Self {
        for (writer, reader) in [(0, 1), (1, 0)] {
            let route: Vec<_> =
                (0..self.steps.len()).map(|step| Some(if step < point { writer } else { reader })).collect();
            self.goes(Purpose::Switch, &route, &met(writer, reader));
            self.goes(Purpose::Switch, &route, &met(writer, reader));
        }
        self
    }

    fn outcome(&self, id: &str) -> Outcome {
        outcome(&Log(self.log.0.clone(), Phase::Setup).finish(), id)
    }
}

const SID: &[(&str, &str)] = &[("sid", "a")];

#[test]
fn a_cookie_that_goes_elsewhere_with_a_failing_step_is_no_known_session() {
    let mut cart = Tale::of(&[("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, SID), (200, &[])]).strangers(&[(0, 200, true, SID), (0, 200, false, &[])]);
    cart.switches(1, |writer, reader| vec![(writer, 200, true, SID), (reader, 200, false, &[])]);
    let found = cart.outcome("session-cross");
    assert_eq!(found.verdict, Unknown, "{found:#?}");
    assert!(found.summary.starts_with("`GET /cart` on r2 fails with the session that r1 began"), "{}", found.summary);
    assert_eq!(cart.outcome("ryw").verdict, Fail);
}

#[test]
fn a_step_that_fails_without_its_cookie_and_passes_elsewhere_with_it_shows_that_the_session_is_known() {
    let mut cart = Tale::of(&[("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, SID), (200, &[])]).strangers(&[(0, 200, true, SID), (0, 200, false, &[])]);
    cart.switches(1, |writer, reader| vec![(writer, 200, true, SID), (reader, 200, true, &[])]);
    let found = cart.outcome("session-cross");
    assert_eq!((found.verdict, found.whole_app), (Pass, true), "{found:#?}");
    assert_eq!(found.routes, ["GET /cart", "POST /cart"]);
}

#[test]
fn a_step_that_passes_without_its_cookie_shows_nothing_of_the_session() {
    let mut page = Tale::of(&[("POST", "/login", false), ("GET", "/", true)]);
    page.holds_alone(&[(200, SID), (200, &[])]).strangers(&[(0, 200, true, SID), (0, 200, true, &[])]);
    page.switches(1, |writer, reader| vec![(writer, 200, true, SID), (reader, 200, true, &[])]);
    assert_eq!(page.outcome("session-cross").verdict, Skipped);
}

#[test]
fn who_is_signed_in_here_and_a_stranger_there_has_lost_the_session() {
    let me = |status: u16| {
        let mut me = Tale::of(&[("POST", "/login", false), ("GET", "/me", true)]);
        me.holds_alone(&[(200, SID), (200, &[])]).strangers(&[(0, 200, true, SID), (0, status, false, &[])]);
        me.switches(1, |writer, reader| vec![(writer, 200, true, SID), (reader, status, false, &[])]);
        me.outcome("session-cross")
    };
    assert_eq!(me(401).verdict, Fail);
    assert!(me(401).summary.ends_with("it answers 401"), "{}", me(401).summary);
    assert_eq!(me(200).verdict, Fail, "another identity");
    assert!(me(200).summary.contains("answers as to somebody without it"), "{}", me(200).summary);
}

#[test]
fn a_story_that_was_shortened_too_much_loses_no_session() {
    let mut shop = Tale::of(&[("POST", "/login", false), ("POST", "/public", false), ("GET", "/secret", true)]);
    shop.holds_alone(&[(200, SID), (200, &[]), (200, &[])]);
    shop.switches(2, |writer, reader| {
        vec![(writer, 200, true, SID), (writer, 200, true, &[]), (reader, 200, false, &[])]
    });
    for _ in 0..2 {
        shop.goes(Purpose::Shrink, &[None, Some(0), Some(1)], &[(0, 200, true, &[]), (1, 401, false, &[])]);
    }
    shop.goes(Purpose::Shrink, &[None, Some(0), Some(0)], &[(0, 200, true, &[]), (0, 401, false, &[])]);
    let found = shop.outcome("session-cross");
    assert_ne!(found.verdict, Fail, "{found:#?}");
}

#[test]
fn a_failure_that_the_next_user_does_not_meet_is_reported_and_decides_nothing() {
    let mut cart = Tale::of(&[("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, &[]), (200, &[])]);
    cart.switches(1, |writer, reader| vec![(writer, 200, true, &[]), (reader, 200, true, &[])]);
    cart.goes(Purpose::Switch, &[Some(0), Some(1)], &[(0, 200, true, &[]), (1, 500, false, &[])]);
    let found = cart.outcome("ryw");
    assert_eq!(found.verdict, Unknown, "{found:#?}");
    assert!(found.summary.contains("`GET /cart` on r2 failed for 1 of 3 users"), "{}", found.summary);
}

#[test]
fn writer_and_reader_are_those_of_the_write_and_the_read() {
    let mut cart = Tale::of(&[("GET", "/", false), ("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, &[]), (200, &[]), (200, &[])]);
    cart.switches(1, |writer, reader| {
        vec![(writer, 200, true, &[]), (reader, 200, true, &[]), (reader, 200, true, &[])]
    });
    assert_eq!(cart.outcome("ryw").verdict, Skipped, "nothing was read elsewhere");
    cart.switches(2, |writer, reader| {
        vec![(writer, 200, true, &[]), (writer, 200, true, &[]), (reader, 200, false, &[])]
    });
    let found = cart.outcome("ryw");
    assert_eq!(found.verdict, Fail);
    let row = found.evidence.iter().find(|line| line.starts_with("written on r1")).unwrap();
    assert!(row.ends_with("r1 3/3 · r2 0/1 FAILED"), "{row}");
    assert!(
        found.power.starts_with("2 journeys wrote on one replica and read on another, over 2 pairs"),
        "{}",
        found.power
    );
}

#[test]
fn a_pass_names_the_routes_that_wrote_and_read_across_replicas() {
    let mut cart = Tale::of(&[("GET", "/", false), ("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, &[]), (200, &[]), (200, &[])]);
    cart.switches(2, |writer, reader| {
        vec![(writer, 200, true, &[]), (writer, 200, true, &[]), (reader, 200, true, &[])]
    });
    let found = cart.outcome("ryw");
    assert_eq!(found.verdict, Pass, "{found:#?}");
    assert_eq!(found.routes, ["GET /cart", "POST /cart"]);
}

#[test]
fn a_failed_status_is_named() {
    let mut cart = Tale::of(&[("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, &[]), (200, &[])]);
    cart.switches(1, |writer, reader| vec![(writer, 200, true, &[]), (reader, 404, false, &[])]);
    let found = cart.outcome("ryw");
    assert_eq!(found.summary, "`GET /cart` on r2 answers 404 instead of 200 after `POST /cart` on r1");
}

#[test]
fn what_a_service_took_down_with_it_says_nothing_of_replicas() {
    let mut log = run(2, STEPS, Store::Local);
    let reason = "it ended while the replicas ran: exited with code 1".to_string();
    let failed = Event::ServiceFailed { name: "redis".into(), reason, last_lines: Vec::new() };
    let place = log.iter().position(|entry| matches!(entry.event, Event::JourneyStarted { .. })).unwrap();
    log.insert(place, Entry { seq: 0, at_ms: 0.0, phase: Phase::Fleet, event: failed });
    for id in ["ryw", "session-cross"] {
        let found = outcome(&log, id);
        assert_eq!(found.verdict, Unknown, "{found:#?}");
        assert!(found.summary.contains("`redis` failed during the run"), "{}", found.summary);
    }
    assert_eq!(outcome(&log, "port").verdict, Pass);
}

#[test]
fn a_request_that_went_astray_makes_its_run_no_evidence() {
    let mut log = run(2, STEPS, Store::Shared);
    let request = log.iter_mut().find_map(|entry| match &mut entry.event {
        Event::Request(request) if request.replica == Some(name(1)) => Some(request),
        _ => None,
    });
    request.unwrap().replica = Some(name(0));
    let found = outcome(&log, "ryw");
    assert_eq!(found.verdict, Unknown);
    assert_eq!(found.summary, "`POST /s0` was meant for r2 and answered by r1");
}

#[test]
fn what_was_cut_is_quoted_and_leaves_no_pair_out_in_silence() {
    let cut = |log: &mut Vec<Entry>| {
        let reason = "After 120 s no further journey was started.".to_string();
        let place = log.iter().position(|entry| entry.phase == Phase::Control).unwrap();
        log.insert(place, Entry { seq: 0, at_ms: 0.0, phase: Phase::Fleet, event: Event::PhaseCut { reason } });
    };
    let mut whole = run(2, STEPS, Store::Shared);
    cut(&mut whole);
    let found = outcome(&whole, "ryw");
    assert_eq!(found.verdict, Pass, "all pairs were tried before");
    assert!(found.power.ends_with("After 120 s no further journey was started."), "{}", found.power);
    let is_switch = |entry: &Entry| matches!(entry.event, Event::JourneyStarted { purpose: Purpose::Switch, .. });
    let last = whole.iter().rposition(is_switch).unwrap();
    whole.remove(last);
    let found = outcome(&whole, "ryw");
    assert_eq!(found.verdict, Unknown);
    assert!(found.summary.contains("1 of 2 pairs"), "{}", found.summary);
}

#[test]
fn a_read_that_passes_without_the_write_shows_no_write() {
    let verdict = |passes_unwritten: bool| {
        let mut todo = Tale::of(&[("POST", "/todos", false), ("GET", "/todos", true)]);
        todo.holds_alone(&[(200, &[]), (200, &[])]);
        todo.goes(Purpose::Unwritten, &[None, Some(0)], &[(0, 200, passes_unwritten, &[])]);
        todo.switches(1, |writer, reader| vec![(writer, 200, true, &[]), (reader, 200, true, &[])]);
        todo.outcome("ryw")
    };
    assert_eq!(verdict(false).verdict, Pass);
    let found = verdict(true);
    assert_eq!(found.verdict, Unknown, "{found:#?}");
    assert_eq!(found.summary, "scenario `story`: `GET /todos` passes without `POST /todos` too");
}

#[test]
fn one_replica_that_loses_it_at_times_is_no_matter_of_scaling() {
    let mut cart = Tale::of(&[("POST", "/cart", false), ("GET", "/cart", true)]);
    cart.holds_alone(&[(200, &[]), (200, &[])]);
    cart.goes(Purpose::Baseline, &[Some(1), Some(1)], &[(1, 200, true, &[]), (1, 200, false, &[])]);
    cart.switches(1, |writer, reader| vec![(writer, 200, true, &[]), (reader, 200, false, &[])]);
    let found = cart.outcome("ryw");
    assert_eq!(found.verdict, Unknown, "{found:#?}");
    assert!(found.summary.contains("fails on one replica too, at times: `GET /cart` on r2"), "{}", found.summary);
    assert!(found.power.contains("several processes in one replica?"), "{}", found.power);
}

#[test]
fn a_story_that_writes_nothing_is_told_when_it_fails() {
    let mut count = Tale::of(&[("GET", "/next", true), ("GET", "/next", true)]);
    count.holds_alone(&[(200, &[]), (200, &[])]);
    assert_eq!(count.outcome("ryw").verdict, Skipped);
    count.switches(1, |writer, reader| vec![(writer, 200, true, &[]), (reader, 200, false, &[])]);
    let found = count.outcome("ryw");
    assert_eq!(found.verdict, Fail, "{found:#?}");
    assert_eq!(found.story.unwrap().steps.len(), 2);
    let mut page = Tale::of(&[("GET", "/", true)]);
    page.goes(Purpose::Baseline, &[Some(0)], &[(0, 200, false, &[])]);
    let found = page.outcome("ryw");
    assert_eq!(found.verdict, Unknown);
    assert!(found.summary.contains("fails on one replica too: `GET /` on r1 (line 1)"), "{}", found.summary);
}
