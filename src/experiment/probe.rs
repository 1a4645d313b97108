//! What can be asked without a scenario, by plain GETs.
//!
//! - `page`: `/` and the links on it, from every replica, twice in turns: r1 r2 r3 r1 r2 r3. Asking in turns makes whatever
//!   changes with time differ for a replica with itself as well.
//! - `session`: `/` twice from one replica and then from another, with one cookie jar, for each ordered pair.
//! - `spread`: ten balanced requests for each replica.

use std::sync::Arc;

use regex::Regex;

use crate::model::event::{Purpose, ReplicaName, RouteChoice};
use crate::scenario::{ResponseParts, Scenario};

use super::routes::pairs;
use super::stage::Stage;

/// Names that the journeys carry in the log.
pub const PAGE: &str = "page";
pub const SESSION: &str = "session";
pub const SPREAD: &str = "spread";

const MAX_LINKS: usize = 10;
const ROUNDS: usize = 2;
const BALANCED_PER_REPLICA: usize = 10;

pub(super) async fn pages_and_sessions(stage: &Stage<'_>) {
    let Some(first) = stage.names.first() else { return };
    let root = Arc::new(Scenario::of_gets(PAGE, &["/".to_string()]));
    let trip = stage.travel(&root, Purpose::Probe, vec![pinned(first)]).await;
    let Some(response) = trip.response else { return };
    let mut pages = vec![root];
    pages.extend(links(&response).into_iter().map(|link| Arc::new(Scenario::of_gets(PAGE, &[link]))));
    for page in &pages {
        for name in stage.names.iter().cycle().take(stage.names.len() * ROUNDS) {
            if stage.late() {
                return;
            }
            stage.travel(page, Purpose::Probe, vec![pinned(name)]).await;
        }
    }
    if response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
        sessions(stage).await;
    }
}

async fn sessions(stage: &Stage<'_>) {
    let thrice = Arc::new(Scenario::of_gets(SESSION, &vec!["/".to_string(); 3]));
    if let [only] = stage.names.as_slice() {
        stage.travel(&thrice, Purpose::Probe, vec![pinned(only); 3]).await;
    }
    for (issuer, other) in pairs(&stage.names) {
        if stage.late() {
            return;
        }
        let route = vec![pinned(issuer), pinned(issuer), pinned(other)];
        let trip = stage.travel(&thrice, Purpose::Probe, route.clone()).await;
        // Once more, lest an accident is taken for a loss.
        if trip.response.is_none_or(|response| response.status >= 300) {
            stage.travel(&thrice, Purpose::Probe, route).await;
        }
    }
}

pub(super) async fn spread(stage: &Stage<'_>) {
    let root = Arc::new(Scenario::of_gets(SPREAD, &["/".to_string()]));
    for _ in 0..stage.names.len() * BALANCED_PER_REPLICA {
        if stage.late() {
            return;
        }
        stage.travel(&root, Purpose::Probe, vec![RouteChoice::Balanced]).await;
    }
}

fn pinned(name: &ReplicaName) -> RouteChoice {
    RouteChoice::Pinned(name.clone())
}

/// Paths on the same host that a page links to, in its order. A link that sounds as if it changed something is left alone.
fn links(response: &ResponseParts) -> Vec<String> {
    let body = String::from_utf8_lossy(&response.body);
    let (Ok(link), Ok(deed)) = (
        Regex::new(r#"(?i)\b(?:href|src)\s*=\s*["']?(/[^/"'\s<>#][^"'\s<>#]*)"#),
        Regex::new(r"(?i)log.?out|sign.?out|delete|remove|destroy|unsubscribe|logoff|reset|toggle"),
    ) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    for link in link.captures_iter(&body).filter_map(|found| found.get(1)) {
        let path = link.as_str().replace("&amp;", "&");
        if found.len() < MAX_LINKS && !deed.is_match(&path) && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_local_unique_and_harmless() {
        let body = r##"<a href="/a?x=1&amp;y=2">a</a><a href='/a?x=1&amp;y=2'>again</a><a href="https://example.org/">out</a>
            <a href="//cdn.example.org/x.js">cdn</a><a href="/logout">bye</a><script src=/app.js></script><a href="#top">top</a>
            <a href="/item/3#reviews">item</a>"##;
        let response = ResponseParts { body: body.into(), ..ResponseParts::default() };
        assert_eq!(links(&response), ["/a?x=1&y=2", "/app.js", "/item/3"]);
    }
}
