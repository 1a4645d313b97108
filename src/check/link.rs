//! What a journey can tell about read-your-writes: a step that wrote, a step that reads, and the replica of each.

use crate::model::event::{ReplicaName, ScenarioSummary, StepKind};

use super::history::Journey;

/// Two steps of a journey: the last that wrote, and one that shows whether the write is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    pub write: usize,
    pub writer: &'a ReplicaName,
    pub read: usize,
    pub reader: &'a ReplicaName,
    pub passed: bool,
}

impl Link<'_> {
    /// Written on one replica and read on another one.
    pub fn crosses(&self) -> bool {
        self.writer != self.reader
    }
}

/// What the journey showed: every reading step that asserts content, with the last writing step before it; and the step
/// that failed, whatever its kind, with the writing step to blame.
pub(super) fn links<'a>(journey: &Journey<'a>, scenario: &ScenarioSummary) -> Vec<Link<'a>> {
    let failed = journey.failed_step();
    let reached = failed.unwrap_or(if journey.passed() { scenario.steps.len() } else { 0 });
    let mut shown: Vec<Link> = planned(journey, scenario).into_iter().filter(|link| link.read < reached).collect();
    shown.extend(failed.and_then(|step| failing(journey, scenario, step)));
    shown
}

/// What the journey would show if it went on to its end.
pub(super) fn planned<'a>(journey: &Journey<'a>, scenario: &ScenarioSummary) -> Vec<Link<'a>> {
    let reading = (0..scenario.steps.len()).filter(|step| {
        let step = &scenario.steps[*step];
        step.kind == StepKind::Read && step.asserts_content
    });
    let link = |read: usize| {
        let reader = journey.replica(read)?;
        let (write, writer) = writes_before(journey, scenario, read).next()?;
        Some(Link { write, writer, read, reader, passed: true })
    };
    reading.filter_map(link).collect()
}

/// The writing step to blame for the failure of `step`: the last before it that another replica took, because each replica
/// passes the story alone and so sees what it wrote itself; else the last one. `None` when nothing was written before.
fn failing<'a>(journey: &Journey<'a>, scenario: &ScenarioSummary, step: usize) -> Option<Link<'a>> {
    let reader = journey.replica(step)?;
    let elsewhere = writes_before(journey, scenario, step).find(|(_, name)| *name != reader);
    let (write, writer) = elsewhere.or_else(|| writes_before(journey, scenario, step).next())?;
    Some(Link { write, writer, read: step, reader, passed: false })
}

/// Writing steps before `step` that were sent, the last one first.
fn writes_before<'a>(
    journey: &Journey<'a>,
    scenario: &ScenarioSummary,
    step: usize,
) -> impl Iterator<Item = (usize, &'a ReplicaName)> {
    let writes = (0..step).rev().filter(|at| scenario.steps.get(*at).is_some_and(|step| step.kind == StepKind::Write));
    writes.filter_map(|at| Some((at, journey.replica(at)?)))
}
