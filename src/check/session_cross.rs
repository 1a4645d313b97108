//! `session-cross`: is a session that one replica began known to the others?
//!
//! A session is lost on a replica when
//! - it sets a cookie anew that another replica issued and the user sent along, to another value, at a step where one
//!   replica alone does not; or
//! - it answers 401 or 403 or redirects to a login at a step where one replica alone answers otherwise.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Name;
use crate::model::event::{Answer, Purpose, ReplicaName, Request};

use super::history::{History, Journey, answered, status};
use super::story::{place, routes, tell};
use super::{Finding, counted};

/// A session that was lost.
pub(super) struct Loss {
    /// Index of the request among the journey's requests.
    pub at: usize,
    pub issuer: ReplicaName,
    pub other: ReplicaName,
    /// "sets `sid` anew", "answers 401".
    pub what: String,
}

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    if fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "A session had nowhere else to go.");
    }
    let mut crossings = 0;
    let mut losses: Vec<(&Journey, Loss)> = Vec::new();
    let mut restless = BTreeSet::new();
    for journey in &fleet.journeys {
        let Some(reference) = Reference::of(history, journey) else { continue };
        crossings += crossed(journey, &reference, &mut restless);
        losses.extend(loss(journey, &reference).map(|loss| (journey, loss)));
    }
    let power = format!(
        "{} that one replica issued went to another one with the next request.",
        counted(crossings, "session cookie")
    );
    let shortest = losses.iter().min_by_key(|(journey, loss)| (journey.purpose != Purpose::Shrink, loss.at));
    if let Some((journey, loss)) = shortest {
        return lost(history, journey, loss, &losses, power);
    }
    let note = restless.iter().map(|name| format!("`{name}` is set anew with every answer, on one replica too"));
    match crossings {
        0 if restless.is_empty() => Finding::skipped(
            "no cookie was issued by one replica and sent to another",
            "Without a scenario only `GET /` is asked; a scenario that signs in shows more.",
        ),
        0 => Finding::unknown(
            "every cookie is set anew with each answer",
            "Whether another replica knows it cannot be told from outside.",
        )
        .evidence(note),
        _ => Finding::pass("sessions of one replica are accepted by the others", power).evidence(note),
    }
}

fn lost(history: &History, journey: &Journey, loss: &Loss, all: &[(&Journey, Loss)], power: String) -> Finding {
    let request = journey.requests[loss.at];
    let summary =
        format!("{} does not know the session that {} began: it {}", place(journey, request), loss.issuer, loss.what);
    let mut pairs: BTreeMap<(&ReplicaName, &ReplicaName), usize> = BTreeMap::new();
    for (_, loss) in all {
        *pairs.entry((&loss.issuer, &loss.other)).or_default() += 1;
    }
    let evidence = pairs
        .iter()
        .map(|((issuer, other), count)| format!("begun on {issuer}, lost on {other}: {}", counted(*count, "time")));
    let control = match journey.purpose {
        Purpose::Probe => "asked again, the replica that began the session keeps it".to_string(),
        _ => "on one replica the same steps keep the session".to_string(),
    };
    let story = tell(history, journey, loss.at, &loss.what, control);
    let mut finding = Finding::fail(summary, power).evidence(evidence.collect::<Vec<_>>());
    finding.routes = routes(&story);
    finding.story = Some(story);
    finding
}

/// What one replica alone does at each step.
pub(super) struct Reference<'a> {
    /// Names that it sets anew at a step, to another value, although they were sent.
    renewed: BTreeMap<u32, BTreeSet<&'a Name>>,
    /// Statuses and whether they lead to a login.
    seen: BTreeMap<u32, BTreeSet<(u16, bool)>>,
}

impl<'a> Reference<'a> {
    /// `None` when nothing was asked of one replica alone, or the story fails there.
    pub fn of(history: &History<'a>, journey: &Journey<'a>) -> Option<Self> {
        let mut reference = Reference { renewed: BTreeMap::new(), seen: BTreeMap::new() };
        if journey.purpose == Purpose::Probe {
            if journey.scenario != "session" {
                return None;
            }
            reference.take_probe(journey);
            for alone in history.control.of("session", Purpose::Probe) {
                reference.take(alone, 0);
            }
            return Some(reference);
        }
        let baselines = history
            .fleet
            .of(journey.scenario, Purpose::Baseline)
            .chain(history.control.of(journey.scenario, Purpose::Baseline));
        let mut any = false;
        for baseline in baselines.filter(|baseline| baseline.passed()) {
            any = true;
            reference.take(baseline, 0);
        }
        any.then_some(reference)
    }

    /// A probe asks the issuer twice, so that the second answer stands for what the third should be.
    fn take_probe(&mut self, journey: &Journey<'a>) {
        self.take(journey, 1);
        if let (Some(renewed), Some(seen)) = (self.renewed.get(&1).cloned(), self.seen.get(&1).cloned()) {
            self.renewed.insert(2, renewed);
            self.seen.insert(2, seen);
        }
    }

    fn take(&mut self, journey: &Journey<'a>, only_up_to: u32) {
        let mut jar = Jar::default();
        for request in &journey.requests {
            if only_up_to == 0 || request.step <= only_up_to {
                let renewed = jar.renewed(request).map(|(name, _)| name);
                self.renewed.entry(request.step).or_default().extend(renewed);
                let told = status(request).map(|status| (status, leads_to_login(request)));
                self.seen.entry(request.step).or_default().extend(told);
            }
            jar.take(request);
        }
    }
}

/// Who issued which cookie last, and the digest of its value.
#[derive(Default)]
struct Jar<'a>(BTreeMap<&'a Name, (Option<&'a ReplicaName>, &'a str)>);

impl<'a> Jar<'a> {
    fn take(&mut self, request: &'a Request) {
        for (name, digest) in &request.cookies_set {
            self.0.insert(name, (request.replica.as_ref(), digest));
        }
    }

    /// Cookies that were sent and are set to another value, each with its former issuer.
    fn renewed(&self, request: &'a Request) -> impl Iterator<Item = (&'a Name, Option<&'a ReplicaName>)> {
        request.cookies_set.iter().filter_map(|(name, digest)| {
            let (issuer, value) = self.0.get(name)?;
            (request.cookies_sent.contains(name) && value != digest).then_some((name, *issuer))
        })
    }

    /// Cookies that were sent and that another replica issued.
    fn foreign(&self, request: &'a Request) -> Vec<(&'a Name, &'a ReplicaName)> {
        let foreign = |name: &'a Name| {
            let issuer = self.0.get(name)?.0?;
            (request.replica.as_ref() != Some(issuer)).then_some((name, issuer))
        };
        request.cookies_sent.iter().filter_map(foreign).collect()
    }
}

/// The first request of a journey at which a session is lost.
pub(super) fn loss(journey: &Journey, reference: &Reference) -> Option<Loss> {
    let mut jar = Jar::default();
    let mut before: Option<&ReplicaName> = None;
    for (at, request) in journey.requests.iter().enumerate() {
        if let Some(other) = request.replica.as_ref().filter(|_| answered(request)) {
            let usual = reference.renewed.get(&request.step);
            let renewed = jar.renewed(request).find_map(|(name, issuer)| {
                let issuer = issuer.filter(|issuer| *issuer != other)?;
                (!usual.is_some_and(|usual| usual.contains(name))).then(|| (issuer, format!("sets `{name}` anew")))
            });
            let from = jar.foreign(request).first().map(|(_, issuer)| *issuer).or(before.filter(|name| *name != other));
            let found = renewed.or_else(|| from.zip(refused(request, reference)));
            if let Some((issuer, what)) = found {
                return Some(Loss { at, issuer: issuer.clone(), other: other.clone(), what });
            }
            before = Some(other);
        }
        jar.take(request);
    }
    None
}

/// 401, 403 or the way to a login, where one replica alone answers otherwise.
fn refused(request: &Request, reference: &Reference) -> Option<String> {
    let code = status(request)?;
    let login = leads_to_login(request);
    let unusual =
        reference.seen.get(&request.step).is_some_and(|seen| !seen.is_empty() && !seen.contains(&(code, login)));
    if !unusual {
        return None;
    }
    match (code, &request.answer) {
        (401 | 403, _) => Some(format!("answers {code}")),
        (_, Answer::Response { location: Some(to), .. }) if login => Some(format!("redirects to `{to}`")),
        _ => None,
    }
}

fn leads_to_login(request: &Request) -> bool {
    let Answer::Response { status: 300..=399, location: Some(location), .. } = &request.answer else { return false };
    let path = location.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    ["login", "log-in", "log_in", "signin", "sign-in", "sign_in", "auth", "session"]
        .iter()
        .any(|word| path.contains(word))
}

/// Cookies of the journey that reached another replica than their issuer, and were not of the kind that changes anyway.
fn crossed<'a>(journey: &Journey<'a>, reference: &Reference, restless: &mut BTreeSet<&'a Name>) -> usize {
    let mut jar = Jar::default();
    let mut crossings = 0;
    for request in &journey.requests {
        for (name, _) in jar.foreign(request) {
            let usual = reference.renewed.get(&request.step).is_some_and(|usual| usual.contains(name));
            if usual {
                restless.insert(name);
            } else if answered(request) {
                crossings += 1;
            }
        }
        jar.take(request);
    }
    crossings
}
