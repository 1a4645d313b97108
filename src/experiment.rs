//! L3, what is done to the fleet, and the run log that it leaves.
//!
//! A run has two phases. In the *fleet* phase N replicas stand behind the balancer, and users travel the scenarios over
//! chosen replicas. In the *control* phase the same stories go to one replica, with the same seed. What fails in the first
//! and passes in the second is a matter of scaling.
//!
//! | journeys | fleet | control |
//! |---|---|---|
//! | baseline | each scenario, all on one replica, once for each replica | the same, on `r1`, once for each pair of replicas |
//! | switch | for each step but the first and each ordered pair (w, r): the steps before it on w, it and the rest on r; once more where it fails | none: on one replica a switch is a baseline |
//! | unwritten | after the baselines, on each replica: each asserting read without the writes before it | none |
//! | stranger | none | each scenario twice, all on `r1`, without the cookies that answers set |
//! | shrink | the shortest failing switch with steps left out, across and on the writer alone | the shortest story once more |
//! | spread | `users` users at once, no pins, a new connection for each request | the same |
//! | probe | what can be asked without a scenario: see [`probe`] | the same |

mod plan;
mod probe;
mod recorder;
mod routes;
mod shrink;
mod stage;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::balancer::{Balancer, Policy};
use crate::load::{Road, Way};
use crate::model::event::{Event, Phase, SCHEMA, Sink};
use crate::model::fleet::Upstream;
use crate::replica::Launcher;

pub use plan::{Limits, Plan};
pub use recorder::{Recorder, read};

use shrink::Shrunk;
use stage::Stage;

/// Carries out a plan and writes everything that happens to `recorder`. Whatever happens, what was started is stopped.
///
/// A fleet of which fewer than two replicas become ready is stopped again without traffic, and there is no control: the log
/// then says why they were not ready. Cancelling `plan.interrupted` ends the run soon, with `RunFinished { interrupted }`.
///
/// # Errors
/// The balancer could not listen. A log that cannot be written is no reason to stop: see [`Recorder::written`].
pub async fn run(launcher: &dyn Launcher, plan: &Plan, recorder: Arc<Recorder>) -> io::Result<()> {
    let plan = &plan.with_unique_names();
    recorder.emit(Event::RunStarted {
        schema: SCHEMA.to_string(),
        version: env!("CARGO_PKG_VERSION").to_string(),
        seed: plan.seed,
        replicas: plan.replicas,
        app: plan.app.clone(),
        command: plan.command.clone(),
        scenarios: plan.scenarios.iter().map(|scenario| scenario.summary()).collect(),
    });
    recorder.emit(Event::Linted { findings: plan.findings.clone(), problems: plan.problems.clone() });
    let ids = AtomicU32::new(0);
    let mut shrunk = Vec::new();
    let result = phases(launcher, plan, &recorder, &ids, &mut shrunk).await;
    recorder.set_phase(Phase::Setup);
    recorder.emit(Event::RunFinished { interrupted: plan.interrupted.is_cancelled() });
    result
}

async fn phases(
    launcher: &dyn Launcher,
    plan: &Plan,
    recorder: &Arc<Recorder>,
    ids: &AtomicU32,
    shrunk: &mut Vec<Shrunk>,
) -> io::Result<()> {
    let tried = phase(launcher, plan, recorder, Phase::Fleet, ids, shrunk).await?;
    if tried && !plan.interrupted.is_cancelled() {
        phase(launcher, plan, recorder, Phase::Control, ids, shrunk).await?;
    }
    Ok(())
}

/// One fleet from start to stop. True when there was traffic.
async fn phase(
    launcher: &dyn Launcher,
    plan: &Plan,
    recorder: &Arc<Recorder>,
    phase: Phase,
    ids: &AtomicU32,
    shrunk: &mut Vec<Shrunk>,
) -> io::Result<bool> {
    let (replicas, needed) = if phase == Phase::Control { (1, 1) } else { (plan.replicas, plan.replicas.min(2)) };
    recorder.set_phase(phase);
    recorder.emit(Event::PhaseStarted { replicas });
    let sink: Arc<dyn Sink> = recorder.clone();
    let fleet = launcher.start(replicas, sink, plan.interrupted.clone()).await;
    let mut result = Ok(false);
    let upstreams = fleet.upstreams();
    if upstreams.len() >= needed as usize && !plan.interrupted.is_cancelled() {
        result = traffic(plan, recorder, phase, upstreams, ids, shrunk).await.map(|()| true);
    }
    fleet.stop().await;
    recorder.emit(Event::PhaseFinished);
    result
}

async fn traffic(
    plan: &Plan,
    recorder: &Arc<Recorder>,
    phase: Phase,
    upstreams: Vec<Upstream>,
    ids: &AtomicU32,
    shrunk: &mut Vec<Shrunk>,
) -> io::Result<()> {
    let names = upstreams.iter().map(|upstream| upstream.name.clone()).collect();
    let balancer = Balancer::start(upstreams, Policy::RoundRobin, plan.seed)?;
    let road = Road {
        base: format!("http://{}", balancer.address()),
        started: recorder.started(),
        sink: recorder.clone(),
        timeout: plan.limits.request,
        way: Way::default(),
        witness: None,
    };
    let deadline = tokio::time::Instant::now() + plan.limits.phase;
    let stage = Stage { plan, road, names, ids, deadline, said_late: AtomicBool::new(false) };
    let work = async {
        match phase {
            Phase::Control => stage.control(shrunk).await,
            Phase::Fleet | Phase::Setup => *shrunk = stage.fleet().await,
        }
    };
    // Requests have their own limit, so a phase may end this much after its deadline.
    let all = tokio::time::timeout(plan.limits.phase + plan.limits.request + Duration::from_secs(5), work);
    if let Some(Err(_)) = unless(&plan.interrupted, all).await {
        let reason = "A journey did not end long after the time limit, and was broken off.".to_string();
        recorder.emit(Event::PhaseCut { reason });
    }
    balancer.stop().await;
    Ok(())
}

/// The future's output, or `None` when the run was interrupted first.
async fn unless<T>(interrupted: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = interrupted.cancelled() => None,
        output = future => Some(output),
    }
}

#[cfg(test)]
mod tests;
