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
