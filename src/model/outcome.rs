//! What a check concluded from the run log.

use serde::{Deserialize, Serialize};

use super::Name;
use super::event::ReplicaName;
use super::finding::Severity;
use super::verdict::CheckVerdict;

/// One check's conclusion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The check's id: `port`, `session-cross`, `ryw`, `fs-isolated`, `distribution` …
    pub id: Name,
    pub verdict: CheckVerdict,
    /// How much a failure weighs: an error means that N instances give wrong results.
    pub severity: Severity,
    /// One sentence: what was seen.
    pub summary: String,
    /// What it rests on, most telling first.
    pub evidence: Vec<String>,
    /// What it would have seen, as a sentence; for `unknown` and `skipped` why it could not.
    pub power: String,
    /// The smallest failing story, for a check that failed on one.
    pub story: Option<Story>,
    /// Routes that the verdict speaks of, as `METHOD /path`, to match with findings: of a failure those of its story, of a
    /// pass those that would have shown one. Empty where the check asks no particular route.
    pub routes: Vec<Name>,
    /// What it says holds for the app as a whole, and so for findings whose routes are not known: a port, a session.
    pub whole_app: bool,
}

/// A failing story, told request by request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Story {
    pub scenario: Name,
    /// Path of the scenario file; empty for the tool's own probes.
    pub path: String,
    pub user: u32,
    pub steps: Vec<StoryStep>,
    /// What the same steps did on one replica: "passes on one replica".
    pub control: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryStep {
    /// Milliseconds since the story's first request was sent.
    pub at_ms: f64,
    pub line: u32,
    pub method: String,
    pub target: String,
    pub replica: Option<ReplicaName>,
    /// `None` when there was no response.
    pub status: Option<u16>,
    /// "sets sid", "expected 1 item, found 0"; empty where there is nothing to say.
    pub note: String,
    pub failed: bool,
}
