//! L2, load: virtual users, who travel a scenario's steps over chosen replicas, and the generator that [`bench`] is.

pub mod bench;
mod clock;
mod cookies;
mod user;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::event::{JourneyResult, Purpose, RouteChoice, Sink};
use crate::scenario::{ResponseParts, Scenario, Variables};

/// Where users travel.
#[derive(Clone)]
pub struct Road {
    /// The balancer, as `http://127.0.0.1:4711`.
    pub base: String,
    /// When the run started; times in events count from here.
    pub started: Instant,
    pub sink: Arc<dyn Sink>,
    /// For one request with its answer.
    pub timeout: Duration,
}

/// One user, one story, one way through the replicas.
#[derive(Clone)]
pub struct Journey {
    pub id: u32,
    pub user: u32,
    pub scenario: Arc<Scenario>,
    pub purpose: Purpose,
    /// One choice for each step.
    pub route: Vec<RouteChoice>,
    pub variables: Variables,
    /// A new connection for each request, so that a balancer of connections decides each time.
    pub fresh_connections: bool,
    /// The folder of the scenario's file; bodies from files are read below it.
    pub folder: PathBuf,
}

/// How a journey ended.
#[derive(Clone, Debug)]
pub struct Trip {
    pub result: JourneyResult,
    /// The last response that was judged.
    pub response: Option<ResponseParts>,
}

impl Road {
    /// Milliseconds since the run started, to the microsecond: finer digits say nothing and make lines longer.
    fn now_ms(&self) -> f64 {
        self.started.elapsed().as_micros() as f64 / 1000.0
    }

    /// Sends one user through one story, with a cookie jar and connections of its own, and stops at the first step that
    /// fails. Emits `JourneyStarted`, a `Request` for each request, redirects that are followed included, and
    /// `JourneyFinished`.
    pub async fn travel(&self, journey: Journey) -> Trip {
        user::travel(self, journey).await
    }
}
