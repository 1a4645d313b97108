//! What is to be done.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::load;
use crate::model::finding::Finding;
use crate::model::problem::Problem;
use crate::scenario::{Scenario, Variables};

/// A whole run, decided before it starts.
#[derive(Clone)]
pub struct Plan {
    /// The app's name, for reports.
    pub app: String,
    pub command: Vec<String>,
    pub scenarios: Vec<Arc<Scenario>>,
    /// The folder that the scenarios' paths are relative to.
    pub folder: PathBuf,
    /// Values for the scenarios' own variables.
    pub variables: BTreeMap<String, String>,
    pub replicas: u32,
    /// Users that travel at once in spread journeys.
    pub users: u32,
    /// Decides tokens and UUIDs.
    pub seed: u64,
    pub limits: Limits,
    /// What lint says of the same folder; kept in the log, so that every report can be made from it.
    pub findings: Vec<Finding>,
    pub problems: Vec<Problem>,
    /// Cancelled when somebody presses Ctrl-C.
    pub interrupted: CancellationToken,
}

/// What keeps a run finite, whatever the app does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Switches for one scenario; at least one point is tried with every pair of replicas, however many these are.
    pub switches: usize,
    /// Journeys spent on shortening one failing story.
    pub shrinks: usize,
    /// After this time a phase starts no further journey.
    pub phase: Duration,
    /// For one request with its answer.
    pub request: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { switches: 200, shrinks: 60, phase: Duration::from_secs(120), request: Duration::from_secs(30) }
    }
}

impl Plan {
    /// What the user of journey `id` knows from the start.
    pub(super) fn variables_for(&self, id: u32) -> Variables {
        load::variables(&self.variables, self.seed, id)
    }

    /// The same plan with a name of its own for each scenario, since the log tells them apart by name: a second `shop`
    /// becomes `shop (2)`.
    pub(super) fn with_unique_names(&self) -> Plan {
        let mut plan = self.clone();
        for index in 1..plan.scenarios.len() {
            let (before, rest) = plan.scenarios.split_at_mut(index);
            let taken = |name: &str| before.iter().any(|other| other.name == name);
            let name = rest[0].name.clone();
            let names = std::iter::once(name.clone()).chain((2u32..).map(|number| format!("{name} ({number})").into()));
            if let Some(free) = names.into_iter().find(|name: &crate::model::Name| !taken(name)) {
                Arc::make_mut(&mut rest[0]).name = free;
            }
        }
        plan
    }

    /// Where files named by the scenario lie.
    pub(super) fn folder_of(&self, scenario: &Scenario) -> PathBuf {
        self.folder.join(Path::new(&scenario.path).parent().unwrap_or(Path::new("")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_of_one_name_are_told_apart() {
        let shop = || Arc::new(crate::scenario::parse("GET /\n", "a/shop.hurl").unwrap());
        let plan = Plan {
            app: String::new(),
            command: Vec::new(),
            scenarios: vec![shop(), shop(), shop()],
            folder: PathBuf::new(),
            variables: BTreeMap::new(),
            replicas: 2,
            users: 1,
            seed: 1,
            limits: Limits::default(),
            findings: Vec::new(),
            problems: Vec::new(),
            interrupted: CancellationToken::new(),
        };
        let names: Vec<_> = plan.with_unique_names().scenarios.iter().map(|scenario| scenario.name.clone()).collect();
        assert_eq!(names, ["shop", "shop (2)", "shop (3)"]);
    }
}
