//! The shortest story that still fails across replicas and still passes on one.

use std::sync::Arc;

use crate::model::event::{JourneyResult, Purpose, RouteChoice};
use crate::scenario::Scenario;

use super::routes::{Switch, all_on};
use super::stage::Stage;

/// Journeys that one attempt takes: two users across, one alone.
const COST: usize = 3;

/// A story that fails across replicas, with steps left out.
#[derive(Clone)]
pub(super) struct Shrunk {
    pub scenario: Arc<Scenario>,
    pub kept: Vec<bool>,
}

/// A switch journey that failed at a step.
#[derive(Clone)]
pub(super) struct Failure {
    pub switch: Switch,
    pub step: usize,
}

/// The one to shorten: nothing between the switch and the failing step, then the earliest failing step.
pub(super) fn most_telling(failures: &[Failure]) -> Option<&Failure> {
    failures.iter().min_by_key(|failure| (failure.step.saturating_sub(failure.switch.point), failure.step))
}

/// Leaves out one earlier step after another and keeps it out when the rest still fails at the same step across the
/// replicas and still passes on the writer alone. A step whose captures a kept step needs stays.
pub(super) async fn shrink(stage: &Stage<'_>, scenario: &Arc<Scenario>, failure: &Failure) -> Shrunk {
    let mut kept: Vec<bool> = (0..scenario.steps.len()).map(|index| index <= failure.step).collect();
    let mut left = stage.plan.limits.shrinks;
    for index in 0..failure.step {
        if left < COST || stage.late() {
            break;
        }
        let mut fewer = kept.clone();
        fewer[index] = false;
        if !complete(scenario, &fewer) {
            continue;
        }
        left -= COST;
        if fails_across(stage, scenario, failure, &fewer).await && passes_alone(stage, scenario, failure, &fewer).await
        {
            kept = fewer;
        }
    }
    Shrunk { scenario: scenario.clone(), kept }
}

async fn fails_across(stage: &Stage<'_>, scenario: &Arc<Scenario>, failure: &Failure, kept: &[bool]) -> bool {
    let route = masked(failure.switch.route(scenario, &stage.names), kept);
    stage.fails_again(scenario, Purpose::Shrink, route).await == Some(failure.step)
}

async fn passes_alone(stage: &Stage<'_>, scenario: &Arc<Scenario>, failure: &Failure, kept: &[bool]) -> bool {
    let route = masked(all_on(scenario, &failure.switch.writer), kept);
    stage.travel(scenario, Purpose::Shrink, route).await.result == JourneyResult::Passed
}

pub(super) fn masked(route: Vec<RouteChoice>, kept: &[bool]) -> Vec<RouteChoice> {
    route.into_iter().zip(kept).map(|(choice, kept)| if *kept { choice } else { RouteChoice::Skipped }).collect()
}

/// True when every variable that a kept step uses is still defined by a kept step, as far as a step defines it at all.
fn complete(scenario: &Scenario, kept: &[bool]) -> bool {
    let defines = |index: usize, name: &str| {
        let step = &scenario.steps[index];
        step.captures().chain(step.defines()).any(|defined| defined == name)
    };
    let steps = scenario.steps.iter().enumerate();
    steps.filter(|(index, _)| kept[*index]).all(|(index, step)| {
        step.uses().into_iter().all(|name| {
            let mut sources = (0..=index).filter(|source| defines(*source, name)).peekable();
            sources.peek().is_none() || sources.any(|source| kept[source])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    #[test]
    fn a_step_whose_capture_is_needed_cannot_be_left_out() {
        let text =
            "GET /login\nHTTP 200\n[Captures]\ncsrf: regex \"v=(.)\"\n\nGET /news\n\nPOST /cart\nX-Csrf: {{csrf}}\n";
        let scenario = parse(text, "x.hurl").unwrap();
        assert!(!complete(&scenario, &[false, true, true]));
        assert!(complete(&scenario, &[true, false, true]));
        assert!(complete(&scenario, &[false, true, false]));
    }

    #[test]
    fn a_failure_right_behind_its_switch_tells_most() {
        let failure =
            |point, step| Failure { switch: Switch { point, writer: "r1".into(), reader: "r2".into() }, step };
        let all = [failure(1, 4), failure(3, 3), failure(2, 2), failure(1, 3)];
        let chosen = most_telling(&all).unwrap();
        assert_eq!((chosen.switch.point, chosen.step), (2, 2));
    }
}
