//! Three values, never two: unknown is never pass.

use serde::{Deserialize, Serialize};

/// What one check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    Pass,
    Fail,
    /// It ran and could not decide.
    Unknown,
    /// It had nothing to look at: no write in the scenario, no session cookie.
    Skipped,
}

/// What the whole run says about raising the number of replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    Ready,
    NotReady,
    Unknown,
}

/// What a run says to a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    Pass,
    Fail,
    /// Nothing was analysed.
    #[default]
    Unknown,
}

/// What raising the number of instances of one service would do, as far as its code and its files tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scalability {
    Ready,
    /// As long as the requests of one client stay with one instance.
    StickySessions,
    SingleInstance,
    /// A database or another thing that keeps data of its own: a number is not how it scales.
    NotByCount,
    Unknown,
}

impl std::fmt::Display for Scalability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Scalability::Ready => "ready",
            Scalability::StickySessions => "ready with sticky sessions only",
            Scalability::SingleInstance => "single instance only",
            Scalability::NotByCount => "not an app to scale by count",
            Scalability::Unknown => "unknown",
        })
    }
}
