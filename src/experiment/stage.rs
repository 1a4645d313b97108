//! A fleet with a balancer in front, and the journeys that are made over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::load::{Journey, Road, Trip};
use crate::model::event::{Event, JourneyResult, Purpose, ReplicaName, RouteChoice};
use crate::scenario::Scenario;

use super::plan::Plan;
use super::probe;
use super::routes::{all_on, balanced, pairs, switches, without_writes};
use super::shrink::{Failure, Shrunk, masked, most_telling, shrink};

/// Users that must meet a failure for it to be no accident.
const TRIES: usize = 2;

pub(super) struct Stage<'a> {
    pub plan: &'a Plan,
    pub road: Road,
    /// The replicas that are ready.
    pub names: Vec<ReplicaName>,
    /// The next journey's number, over all phases.
    pub ids: &'a AtomicU32,
    pub deadline: Instant,
    /// It was said that the time is over.
    pub said_late: AtomicBool,
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
            let mut failures = Vec::new();
            if sound > 1 {
                self.unwritten(scenario).await;
                failures = self.switch(scenario).await;
            }
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
            for _ in 0..TRIES {
                if !self.late() {
                    self.travel(scenario, Purpose::Stranger, all_on(scenario, name)).await;
                }
            }
            for story in shrunk.iter().filter(|story| Arc::ptr_eq(&story.scenario, scenario)) {
                self.travel(scenario, Purpose::Shrink, masked(all_on(scenario, name), &story.kept)).await;
            }
            self.spread(scenario).await;
        }
    }

    /// Asks each replica, which has by now taken the writes of a whole journey, for what a user reads who wrote nothing.
    async fn unwritten(&self, scenario: &Arc<Scenario>) {
        for kept in without_writes(&scenario.summary()) {
            for name in &self.names {
                if self.late() {
                    return;
                }
                self.travel(scenario, Purpose::Unwritten, masked(all_on(scenario, name), &kept)).await;
            }
        }
    }

    async fn switch(&self, scenario: &Arc<Scenario>) -> Vec<Failure> {
        let planned = switches(scenario, &self.names);
        // The first points tell most; each of them is tried with every pair.
        let limit = self.plan.limits.switches.max(pairs(&self.names).count());
        if planned.len() > limit {
            let name = &scenario.name;
            self.cut(format!("Of {} switches of scenario `{name}` the first {limit} were made.", planned.len()));
        }
        let mut failures = Vec::new();
        for switch in planned.into_iter().take(limit) {
            if self.late() {
                break;
            }
            // A story that breaks before the switch broke on one replica.
            let failed = self.fails_again(scenario, Purpose::Switch, switch.route(scenario, &self.names)).await;
            if let Some(step) = failed.filter(|step| *step >= switch.point) {
                failures.push(Failure { switch, step });
            }
        }
        failures
    }

    /// The step at which every new user over the route fails; the next user goes only after a failure.
    pub async fn fails_again(
        &self,
        scenario: &Arc<Scenario>,
        purpose: Purpose,
        route: Vec<RouteChoice>,
    ) -> Option<usize> {
        let mut failed = None;
        for _ in 0..TRIES {
            match self.travel(scenario, purpose, route.clone()).await.result {
                JourneyResult::Failed { step, .. } if failed.is_none_or(|before| before == step) => failed = Some(step),
                _ => return None,
            }
        }
        failed.map(|step| step as usize)
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

    /// True when no further journey should start; the log is told the first time.
    pub fn late(&self) -> bool {
        let late = Instant::now() >= self.deadline;
        if late && !self.said_late.swap(true, Ordering::Relaxed) {
            let seconds = self.plan.limits.phase.as_secs_f64();
            self.cut(format!("After {seconds:.0} s no further journey was started."));
        }
        late
    }

    pub fn cut(&self, reason: String) {
        self.road.sink.emit(Event::PhaseCut { reason });
    }
}
