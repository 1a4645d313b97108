//! Whole results, computed before anything is rendered.

use serde::{Deserialize, Serialize};

use super::Name;
use super::deployment::Role;
use super::event::ReplicaName;
use super::finding::{Finding, Suppressed};
use super::location::Location;
use super::outcome::Outcome;
use super::problem::Problem;
use super::verdict::Readiness;

/// What `lint` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LintReport {
    /// By path, line, column, rule.
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    pub services: Vec<ServiceRow>,
    pub problems: Vec<Problem>,
    /// Files that were analysed.
    pub files: usize,
    /// Lines in them.
    pub lines: u64,
    /// Low-confidence findings that `--pedantic` would show.
    pub hidden: usize,
    /// Findings that the baseline knows.
    pub known: usize,
    /// Findings that have nothing to do with what changed.
    pub unchanged: usize,
}

/// One service as the deployment files configure it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    pub name: Name,
    pub role: Role,
    pub replicas: u32,
    /// Worker processes over all replicas.
    pub processes: u32,
    pub location: Location,
    /// In words: "runs 3 instances: server :26, server2 :46, server3 :51".
    pub verdict: String,
}

/// What `test` found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    pub app: String,
    pub verdict: Readiness,
    /// One sentence that gives the reason for the verdict.
    pub reason: String,
    pub replicas: u32,
    pub seed: u64,
    pub command: Vec<String>,
    /// In a fixed order, the same in every report.
    pub checks: Vec<Outcome>,
    pub distribution: Vec<Share>,
    /// Lint's findings on the same folder, each with its proof.
    pub findings: Vec<Finding>,
    /// What must be said beside the checks: replicas that exited, bugs that one replica has as well.
    pub notes: Vec<String>,
    pub problems: Vec<Problem>,
    pub seconds: f64,
    /// Where the run log lies, to render it again.
    pub log: Option<String>,
}

/// Balanced requests that one replica served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub replica: ReplicaName,
    pub requests: u64,
}
