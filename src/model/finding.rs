//! What lint has to say about one place.

use serde::{Deserialize, Serialize};

use super::Name;
use super::location::{Excerpt, Location};

/// How bad it is with two or more instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Degraded, stale, weakened.
    Warning,
    /// Wrong results, lost or duplicated data or effects.
    Error,
}

/// How sure we are that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Heuristics; shown only with `--pedantic`.
    Low,
    /// Absence proven over the project, or state mutated in a handler.
    Medium,
    /// Symbol resolved through an import, and the unsafe option literal or a documented default.
    High,
}

impl Confidence {
    /// One step less.
    pub fn lower(self) -> Self {
        match self {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

impl std::fmt::Display for Confidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        })
    }
}

/// What running the app said about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The check that the finding names failed.
    Confirmed,
    /// The check ran and passed.
    NotReproduced,
    /// Nothing exercised it.
    NotTried,
}

/// Another place that belongs to the story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    pub location: Location,
    /// "written here", "read here", "already 3 instances".
    pub message: String,
    /// The lines at the location, where they add something to the story.
    pub excerpt: Option<Excerpt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id: `express-session-memory`.
    pub rule: Name,
    pub family: Name,
    pub severity: Severity,
    pub confidence: Confidence,
    pub location: Location,
    /// The lines at the location; filled in once, after matching.
    pub excerpt: Option<Excerpt>,
    /// What is here: "`session()` without `store` keeps sessions in the memory of one replica".
    pub message: String,
    /// The two-request story.
    pub breaks: String,
    pub fix: String,
    /// Stable while the enclosing function and the text of the line stay: 16 hexadecimal digits.
    pub fingerprint: String,
    /// The same without the path and without telling equal lines apart: it recognises a finding whose file got another name.
    #[serde(default)]
    pub content: String,
    pub related: Vec<Related>,
    /// Why this is not only a matter of tomorrow: the places that already run several instances or processes.
    pub context: Vec<Related>,
    /// The services that it is about: the one that its file declares, or those that run the code.
    #[serde(default)]
    pub services: Vec<ServiceName>,
    /// Id of the check that would confirm it.
    pub confirm: Option<Name>,
    /// The routes whose handlers touch it, as `METHOD /path`; empty where unknown.
    pub routes: Vec<Name>,
    /// `None` until a run was compared with it.
    pub proof: Option<Proof>,
}

/// Families of what breaks only where instances do not share a disk and an address: several processes of one machine do.
pub const SHARED_ON_ONE_DISK: &[&str] = &["local-file", "embedded-db", "self-address", "local-volume"];

/// A service, told from others of its name by its file and the line that names it: of one file, two namespaces may have the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceName {
    pub name: Name,
    pub path: String,
    #[serde(default)]
    pub line: u32,
}

/// A finding that a comment or the configuration silenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    pub finding: Finding,
    pub reason: String,
    /// Where it is said.
    pub said_at: Location,
}
