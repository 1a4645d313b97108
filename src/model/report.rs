//! Whole results, computed before anything is rendered.

use serde::{Deserialize, Serialize};

use super::Name;
use super::deployment::{Count, Number, ONE_PER_PROCESSOR, Role, SEVERAL_WORD};
use super::event::ReplicaName;
use super::fact::Language;
use super::finding::{Finding, ServiceName, Severity, Suppressed};
use super::location::Location;
use super::outcome::Outcome;
use super::problem::Problem;
use super::rule::RuleStory;
use super::verdict::{Gate, Readiness, Scalability};

/// What `lint` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LintReport {
    /// By path, line, column, rule.
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    pub services: Vec<ServiceRow>,
    pub problems: Vec<Problem>,
    /// Those of the problems that files could not be read for, or not in full.
    pub misread: Vec<Problem>,
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
    /// Numbers of instances and processes that went up with the changes.
    pub raised: Vec<Raise>,
    /// Why nobody can say of some number whether it went up: what is said of services and could be read before.
    pub unclear: Vec<Problem>,
    /// What was read, and what was not.
    pub coverage: Coverage,
    /// The rules that were asked, by family, then id.
    pub rules: Vec<RuleStory>,
    /// The least severity that fails; `None` when nothing does.
    pub fail_on: Option<Severity>,
    pub verdict: Gate,
}

/// What was read, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// What was analysed, the most lines first.
    pub languages: Vec<Volume>,
    /// Files that were analysed in part, because something in them could not be understood.
    pub in_part: usize,
    /// Of these files those in which nothing could be understood.
    #[serde(default)]
    pub lost: usize,
    /// Files that would have been read and were not, by path.
    pub passed_over: Vec<PassedOver>,
    /// What nobody here reads, though it may say something about instances, by name.
    pub not_understood: Vec<Foreign>,
}

/// How much of one language was analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub language: Language,
    pub files: usize,
    pub lines: u64,
}

/// A file that was not analysed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    pub path: String,
    pub reason: Reason,
}

/// Why a file was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    TooLarge,
    Minified,
    Binary,
    Unreadable,
    /// Named by the user, and no kind of file that is understood.
    NotUnderstood,
    /// The analysis itself failed.
    Failed,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Reason::TooLarge => "too large",
            Reason::Minified => "minified",
            Reason::Binary => "binary",
            Reason::Unreadable => "unreadable",
            Reason::NotUnderstood => "not understood",
            Reason::Failed => "failed in the analysis",
        })
    }
}

/// A language or a format that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    pub format: Name,
    pub files: usize,
}

/// One service as the deployment files configure it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    pub name: Name,
    pub role: Role,
    pub replicas: u32,
    /// The most instances that an autoscaler may make of it; `replicas` where there is none.
    pub most: u32,
    /// Worker processes over all replicas.
    pub processes: u32,
    /// Of replicas or of processes there are several, and no file says how many: the numbers are the least.
    pub at_least: AtLeast,
    pub location: Location,
    /// Worker processes in each replica.
    pub each: Number,
    /// What it is made of and what it starts: by this a service is known that got another name. Empty where no file says it.
    pub program: String,
    /// Its replicas are processes of one machine, and share its disk.
    pub shares_disk: bool,
    /// Where the number of replicas is stated; empty where nothing says it, which means one.
    pub instances: Vec<Count>,
    /// Where it is stated how many an autoscaler may make.
    pub ceiling: Option<Count>,
    /// Where the number of processes in each replica is stated.
    pub workers: Option<Count>,
    /// In words: "runs 3 instances: server :26, server2 :46, server3 :51".
    pub runs: String,
    pub verdict: Scalability,
    /// What the verdict rests on, the gravest first.
    pub reasons: Vec<Cause>,
}

impl ServiceRow {
    /// Where its numbers are stated.
    pub fn counts(&self) -> impl Iterator<Item = &Count> {
        self.instances.iter().chain(&self.ceiling).chain(&self.workers)
    }

    /// What findings call it by.
    pub fn service(&self) -> ServiceName {
        ServiceName { name: self.name.clone(), path: self.location.path.to_string(), line: self.location.span.line }
    }
}

/// Which numbers of a [`ServiceRow`] are the least that is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtLeast {
    pub replicas: bool,
    pub most: bool,
    pub processes: bool,
}

/// A reason for a verdict: what is there, and where, if it is somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub message: String,
    pub location: Option<Location>,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{} ({location})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A number of instances or processes that went up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    pub service: ServiceName,
    /// `instances`, `instances at most`, `processes`.
    pub what: Name,
    /// `None` where there was no such service.
    pub before: Option<Number>,
    pub now: Number,
    /// Those that there are more of share a disk, as processes of one machine do.
    pub shares_disk: bool,
    /// Where the number is stated.
    pub location: Location,
}

/// "`web`: 3 instances instead of 1 (docker-compose.yml:7)".
impl std::fmt::Display for Raise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Raise { service: ServiceName { name: service, .. }, what, now, location, .. } = self;
        let many = match now {
            Number::Exactly(number) => format!("{number} {what}"),
            Number::Several if what == "processes" => format!("{SEVERAL_WORD} {what} ({ONE_PER_PROCESSOR})"),
            Number::Several => format!("{SEVERAL_WORD} {what}, and no file says how many,"),
        };
        match self.before {
            Some(Number::Exactly(before)) => write!(f, "`{service}`: {many} instead of {before} ({location})"),
            Some(Number::Several) => write!(f, "`{service}`: {many} instead of {SEVERAL_WORD} ({location})"),
            None => write!(f, "`{service}` is new: {} ({location})", many.trim_end_matches(',')),
        }
    }
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
