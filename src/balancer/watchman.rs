//! Active health checks: asks every replica at intervals, whether or not clients come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::{Either, Empty};
use hyper::Request;
use hyper::header::{CONNECTION, HOST, HeaderValue};

use super::Shared;
use super::backend::{Backend, RequestBody};

/// What is asked, and how often. 2xx and 3xx within `timeout` are well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveCheck {
    pub path: String,
    pub interval: Duration,
    pub timeout: Duration,
}

/// Asks until the task is aborted.
pub(super) async fn watch(shared: Arc<Shared>, check: ActiveCheck) {
    loop {
        for backend in shared.backends().iter() {
            let (shared, backend, check) = (shared.clone(), backend.clone(), check.clone());
            tokio::spawn(async move {
                let well = tokio::time::timeout(check.timeout, ask(&backend, &check)).await.unwrap_or(false);
                let rules = &shared.settings.health;
                if well {
                    backend.health().succeeded(rules);
                } else {
                    backend.health().failed(rules, Instant::now());
                }
            });
        }
        tokio::time::sleep(check.interval).await;
    }
}

async fn ask(backend: &Backend, check: &ActiveCheck) -> bool {
    let body: RequestBody = Either::Right(Empty::new());
    let head = Request::get(&check.path).header(CONNECTION, HeaderValue::from_static("close"));
    let Ok(request) = head.header(HOST, backend.upstream.address.to_string()).body(body) else { return false };
    let Ok(mut sender) = backend.open(check.timeout).await else { return false };
    let answer = sender.send_request(request).await;
    answer.is_ok_and(|answer| answer.status().is_success() || answer.status().is_redirection())
}
