//! A journey told request by request.

use crate::model::Name;
use crate::model::event::{Answer, Request};
use crate::model::outcome::{Story, StoryStep};

use super::history::{History, Journey, path, status};

/// Tells a journey up to and with its request number `last`, which is the one that went wrong.
pub(super) fn tell(history: &History, journey: &Journey, last: usize, why: &str, control: String) -> Story {
    let summary = history.summary(journey.scenario);
    let line = |request: &Request| {
        summary.and_then(|known| known.steps.get(request.step as usize)).map_or(0, |step| step.line)
    };
    let began = journey.requests.first().map_or(0.0, |request| request.sent_ms);
    let steps = journey.requests.iter().take(last + 1).enumerate().map(|(index, request)| StoryStep {
        at_ms: request.sent_ms - began,
        line: line(request),
        method: request.method.clone(),
        target: request.target.clone(),
        replica: request.replica.clone(),
        status: status(request),
        note: if index == last { why.to_string() } else { note(request) },
        failed: index == last,
    });
    Story {
        scenario: journey.scenario.clone(),
        path: summary.map_or(String::new(), |known| known.path.clone()),
        user: journey.user,
        steps: steps.collect(),
        control,
    }
}

/// `METHOD /path` of every request told, each once.
pub(super) fn routes(story: &Story) -> Vec<Name> {
    let mut routes: Vec<Name> = Vec::new();
    for step in &story.steps {
        let route = route(&step.method, &step.target);
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    routes
}

/// `METHOD /path` of one request.
pub(super) fn route_of(request: &Request) -> Name {
    route(&request.method, &request.target)
}

fn route(method: &str, target: &str) -> Name {
    Name::from(format!("{method} {}", target.split('?').next().unwrap_or("/")))
}

fn note(request: &Request) -> String {
    let names: Vec<&str> = request.cookies_set.iter().map(|(name, _)| name.as_str()).collect();
    if !names.is_empty() {
        return format!("sets {}", names.join(", "));
    }
    match &request.answer {
        Answer::Response { location: Some(location), .. } => format!("to {location}"),
        _ => String::new(),
    }
}

/// "`GET /cart` on r2".
pub(super) fn place(journey: &Journey, request: &Request) -> String {
    let replica = request.replica.as_ref().or(journey.replica(request.step as usize));
    format!("`{} {}` on {}", request.method, path(request), replica.map_or("no replica", |name| name.as_str()))
}

/// Index of the last request of a step among the journey's requests.
pub(super) fn index_of(journey: &Journey, step: usize) -> usize {
    journey.requests.iter().rposition(|request| request.step as usize == step).unwrap_or(0)
}
