//! The run log: what happened, in one order, as JSON lines. Checks and reports read it and nothing else.
//!
//! The first entry is [`Event::RunStarted`], the last [`Event::RunFinished`]; a log without the last was cut off.

use serde::{Deserialize, Serialize};

use super::Name;
use super::finding::Finding;
use super::problem::Problem;

/// The version of the log's format, written into [`Event::RunStarted`].
pub const SCHEMA: &str = "scaleproof.run/1";

/// Name of a replica: `r1`, `r2` … In the control run there is only `r1`.
pub type ReplicaName = Name;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 0 without gaps.
    pub seq: u64,
    /// Milliseconds since the run started, on a monotonic clock.
    pub at_ms: f64,
    pub phase: Phase,
    #[serde(flatten)]
    pub event: Event,
}

/// Which fleet an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Setup,
    /// N replicas.
    Fleet,
    /// One replica, same seed, same requests.
    Control,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    RunStarted {
        schema: String,
        version: String,
        seed: u64,
        replicas: u32,
        /// Name of the app: the folder's name unless configured.
        app: String,
        command: Vec<String>,
        scenarios: Vec<ScenarioSummary>,
    },
    /// What lint found in the same folder, so that any report can be made from the log alone.
    Linted {
        findings: Vec<Finding>,
        problems: Vec<Problem>,
    },
    PhaseStarted {
        replicas: u32,
    },
    /// A shared dependency is up.
    ServiceReady {
        name: Name,
        after_ms: f64,
    },
    ServiceFailed {
        name: Name,
        reason: String,
        last_lines: Vec<String>,
    },
    /// `isolation`: how its private disk was made.
    ReplicaStarting {
        replica: ReplicaName,
        address: String,
        pid: u32,
        isolation: Isolation,
    },
    ReplicaReady {
        replica: ReplicaName,
        after_ms: f64,
    },
    ReplicaNotReady {
        replica: ReplicaName,
        reason: NotReady,
        last_lines: Vec<String>,
    },
    /// `expected`: we ended it.
    ReplicaExited {
        replica: ReplicaName,
        exit: Exit,
        expected: bool,
        after_signal_ms: Option<f64>,
        last_lines: Vec<String>,
    },
    /// What a replica left on its private disk.
    FileWritten {
        replica: ReplicaName,
        path: String,
        bytes: u64,
        change: FileChange,
        /// Of its first MiB; `None` for what was deleted or could not be read.
        digest: Option<String>,
        /// It was last changed after its replica was ready, and so not by its start.
        after_ready: bool,
    },
    JourneyStarted {
        journey: u32,
        scenario: Name,
        user: u32,
        purpose: Purpose,
        route: Vec<RouteChoice>,
    },
    Request(Request),
    JourneyFinished {
        journey: u32,
        result: JourneyResult,
    },
    /// Something that was planned was left out, and why, as a sentence.
    PhaseCut {
        reason: String,
    },
    /// What a reader of the report has to know about how the run was made, in a sentence.
    Noted {
        text: String,
    },
    PhaseFinished,
    /// `interrupted`: somebody pressed Ctrl-C; checks then say unknown.
    RunFinished {
        interrupted: bool,
    },
}

/// What a scenario's file promises, so that checks can name its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScenarioSummary {
    pub name: Name,
    pub path: String,
    pub steps: Vec<StepSummary>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepSummary {
    /// Line of the method in the scenario file.
    pub line: u32,
    pub method: String,
    /// The URL's path as written, templates not filled in.
    pub path: String,
    pub kind: StepKind,
    /// Something beyond the status is asserted: only then can a lost write show in a `200`.
    pub asserts_content: bool,
}

impl ScenarioSummary {
    /// The steps whose writing a later read should show, by index: all that write but sign-ins, or the sign-ins where nothing else
    /// is written.
    pub fn told_writes(&self) -> Vec<usize> {
        let writes = |index: &usize| self.steps[*index].kind == StepKind::Write;
        let all: Vec<usize> = (0..self.steps.len()).filter(writes).collect();
        let others: Vec<usize> =
            all.iter().copied().filter(|index| !sounds_like_a_sign_in(&self.steps[*index].path)).collect();
        if others.is_empty() { all } else { others }
    }
}

/// By the words of a path: `/login`, `/session/new`.
pub fn sounds_like_a_sign_in(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["login", "log-in", "log_in", "signin", "sign-in", "sign_in", "auth", "session"]
        .iter()
        .any(|word| path.contains(word))
}

/// What a step does to the state of the app: by its hint (`@write`, `@read`), else by its method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    Write,
    Read,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    Overlay,
    Reflink,
    Copy,
    /// No private disk: asked for by the user.
    Shared,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum NotReady {
    /// The command could not be started at all.
    NotStarted {
        error: String,
    },
    Exited {
        exit: Exit,
    },
    /// It listens, but not where it was told to.
    OtherPort {
        expected: u16,
        listening: Vec<u16>,
    },
    /// The deadline passed; `last_answer` is what the readiness probe saw last.
    Deadline {
        seconds: f64,
        last_answer: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileChange {
    Created,
    Modified,
    Deleted,
}

/// Why a journey was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Every step on the same replica: does the story hold at all?
    Baseline,
    /// Steps before a chosen one on one replica, the chosen one and the rest on another. One that fails is made once more
    /// over the same route, by a new user.
    Switch,
    /// Through the balancer, without pins, many users at once.
    Spread,
    /// A failing story with a step left out: is it still needed?
    Shrink,
    /// All on one replica, without the cookies that answers set: which step needs them?
    Stranger,
    /// All on one replica after others wrote, and up to one reading step, without the steps that wrote what it reads: a read that
    /// passes here cannot show a write.
    Unwritten,
    /// Without a scenario: what the tool asks by itself.
    Probe,
}

/// Where one step was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteChoice {
    Pinned(ReplicaName),
    Balanced,
    /// Left out, in a [`Purpose::Shrink`] or [`Purpose::Unwritten`] journey.
    Skipped,
}

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Request {
    pub journey: u32,
    /// Index into [`ScenarioSummary::steps`].
    pub step: u32,
    pub user: u32,
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The replica that the balancer says it asked; `None` where there was no answer from one.
    pub replica: Option<ReplicaName>,
    pub sent_ms: f64,
    pub done_ms: f64,
    pub answer: Answer,
    /// Names of the cookies that were sent.
    pub cookies_sent: Vec<Name>,
    /// Cookies that the answer sets: name and a digest of the value. Never the value.
    pub cookies_set: Vec<(Name, String)>,
    /// Assertions of the step, in the order of the file; the implicit one on the status first.
    pub assertions: Vec<Assertion>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Answer {
    Response {
        status: u16,
        /// Body length in bytes.
        bytes: u64,
        /// The first 2 KiB, as text; empty for a binary body.
        excerpt: String,
        /// Digest of the whole body.
        digest: String,
        /// `Location` of a redirect.
        location: Option<String>,
    },
    /// No complete response; in words, with the layer that failed: "connection refused".
    Failed { error: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Assertion {
    /// As written in the file: `jsonpath "$.items" count == 1`.
    pub text: String,
    pub line: u32,
    pub passed: bool,
    /// What was found instead; empty when it passed.
    pub actual: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum JourneyResult {
    Passed,
    /// An assertion, a capture or the request itself failed at this step.
    Failed {
        step: u32,
        reason: String,
    },
}

/// Takes events in; whoever implements it gives them their number, time and phase.
pub trait Sink: Send + Sync {
    fn emit(&self, event: Event);
}
