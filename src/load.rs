//! L2, load: virtual users, who travel a scenario's steps over chosen replicas, and the generator that [`bench`] is.

pub mod bench;
mod clock;
mod cookies;
mod user;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};

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
    pub way: Way,
    /// Sees more than the log has.
    pub witness: Option<Arc<dyn Witness>>,
}

/// How connections to the base are made.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// Where the host of the base is; `None` for what the system says.
    pub endpoint: Option<Endpoint>,
    /// The local address of connections; `None` for what the system takes.
    pub source: Option<IpAddr>,
    /// Whom to believe where the base is https; `None` for nobody.
    pub tls: Option<Arc<ClientConfig>>,
}

/// A client that believes these. Left to itself it would read the system's certificates, each time that one is made.
pub fn client(tls: Option<&ClientConfig>) -> reqwest::ClientBuilder {
    static NOBODY: LazyLock<ClientConfig> = LazyLock::new(|| {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the versions that rustls takes for safe")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    });
    reqwest::Client::builder().tls_backend_preconfigured(tls.unwrap_or(&NOBODY).clone())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Is told of requests and answers while they happen; the log's event about both follows.
pub trait Witness: Send + Sync {
    /// A request is about to be sent.
    fn sending(&self);
    /// An answer is there.
    fn received(&self, answer: &ResponseParts);
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

/// What the user of journey `id` knows from the start, beside `given`. Numbers and tokens are never used twice in a run, so that two
/// journeys never meet in the app's data; the same seed gives the same ones again.
pub fn variables(given: &BTreeMap<String, String>, seed: u64, id: u32) -> Variables {
    let mut variables = Variables::new(seed ^ (u64::from(id) << 32));
    for (name, value) in given {
        variables.set(name.clone(), value.clone());
    }
    variables.set("vu", id + 1);
    variables.set("iteration", 0);
    variables.set("run_id", format!("{seed:016x}"));
    variables.set("token", token(seed, id));
    variables
}

/// Twelve characters: `t` and eleven hexadecimal digits, fit for names, mail addresses and codes.
fn token(seed: u64, id: u32) -> String {
    let hash = Sha256::digest(format!("{seed}/{id}").as_bytes());
    let digits: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("t{}", &digits[..11])
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_are_unique_and_repeatable() {
        let all: HashSet<String> = (0..10_000).map(|id| token(7, id)).collect();
        assert_eq!(all.len(), 10_000);
        assert_eq!(token(7, 3), token(7, 3));
        assert_ne!(token(7, 3), token(8, 3));
        assert!(all.iter().all(|token| token.len() == 12));
    }
}
