//! A fleet with a balancer in front, and the journeys that are made over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::load::{Journey, Road, Trip};
use crate::model::event::{JourneyResult, Purpose, ReplicaName, RouteChoice};
use crate::scenario::Scenario;

use super::plan::Plan;
use super::probe;
use super::routes::{all_on, balanced, switches};
use super::shrink::{Failure, Shrunk, masked, most_telling, shrink};

pub(super) struct Stage<'a> {
    pub plan: &'a Plan,
    pub road: Road,
    /// The replicas that are ready.
    pub names: Vec<ReplicaName>,
    /// The next journey's number, over all phases.
    pub ids: &'a AtomicU32,
    pub deadline: Instant,
}

impl Stage<'_> {
    /// Everything that is done to N replicas. Returns the shortened stories that fail.
    pub async fn fleet(&self) -> Vec<Shrunk> {
        let mut shrunk = Vec::new();
        probe::pages_and_sessions(self).await;
        for scenario in &self.plan.scenarios {
            let mut sound = 0;
            for name in &self.names {
                let trip = self.travel(scenario, Purpose::Baseline, all_on(scenario, name)).await;
                sound += usize::from(trip.result == JourneyResult::Passed);
            }
            // A story that does not hold on two replicas alone has nothing to say about pairs of them.
            let failures = if sound < 2 { Vec::new() } else { self.switch(scenario).await };
            if let Some(failure) = most_telling(&failures) {
                shrunk.push(shrink(self, scenario, failure).await);
            }
            self.spread(scenario).await;
        }
        probe::spread(self).await;
        shrunk
    }

    /// The same stories on one replica.
    pub async fn control(&self, shrunk: &[Shrunk]) {
        let Some(name) = self.names.first() else { return };
        let count = self.plan.replicas * self.plan.replicas.saturating_sub(1);
        probe::pages_and_sessions(self).await;
        for scenario in &self.plan.scenarios {
            for _ in 0..count.max(1) {
                if self.late() {
                    break;
                }
                self.travel(scenario, Purpose::Baseline, all_on(scenario, name)).await;
            }
            for story in shrunk.iter().filter(|story| Arc::ptr_eq(&story.scenario, scenario)) {
                self.travel(scenario, Purpose::Shrink, masked(all_on(scenario, name), &story.kept)).await;
            }
            self.spread(scenario).await;
        }
    }

    async fn switch(&self, scenario: &Arc<Scenario>) -> Vec<Failure> {
        let mut failures = Vec::new();
        for switch in switches(scenario, &self.names).into_iter().take(self.plan.limits.switches) {
            if self.late() {
                break;
            }
            let route = switch.route(scenario, &self.names);
            if let JourneyResult::Failed { step, .. } = self.travel(scenario, Purpose::Switch, route).await.result {
                // A story that breaks before the switch broke on one replica.
                if step as usize >= switch.point {
                    failures.push(Failure { switch, step: step as usize });
                }
            }
        }
        failures
    }

    async fn spread(&self, scenario: &Arc<Scenario>) {
        let mut users = JoinSet::new();
        for turn in 0..self.plan.users as usize {
            let journey = self.journey(scenario, Purpose::Spread, balanced(scenario, &self.names, turn));
            let road = self.road.clone();
            users.spawn(async move { road.travel(journey).await });
        }
        while users.join_next().await.is_some() {}
    }

    pub async fn travel(&self, scenario: &Arc<Scenario>, purpose: Purpose, route: Vec<RouteChoice>) -> Trip {
        self.road.travel(self.journey(scenario, purpose, route)).await
    }

    fn journey(&self, scenario: &Arc<Scenario>, purpose: Purpose, route: Vec<RouteChoice>) -> Journey {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        Journey {
            id,
            user: id + 1,
            scenario: scenario.clone(),
            purpose,
            fresh_connections: route.contains(&RouteChoice::Balanced),
            route,
            variables: self.plan.variables_for(id),
            folder: self.plan.folder_of(scenario),
        }
    }

    /// True when no further journey should start.
    pub fn late(&self) -> bool {
        Instant::now() >= self.deadline
    }
}
