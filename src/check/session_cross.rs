//! `session-cross`: is a session that one replica began known to the others?
//!
//! A session is lost on a replica when
//! - it sets a cookie anew that another replica issued and the user sent along, to another value, at a step where one
//!   replica alone does not; or
//! - it answers 401 or 403 or redirects to a login at a step where one replica alone answers otherwise, and does so again to
//!   a new user; or
//! - it fails a step that needs the session, again and again, when nothing but the session can be missing: all that was
//!   written before was the sign-in.
//!
//! It is known on a replica that passes a step which needs the session: one that fails, on one replica, for a user who does
//! not send the cookies that were set.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Name;
use crate::model::event::{Answer, Purpose, ReplicaName, Request, StepKind, sounds_like_a_sign_in};

use super::history::{Attempt, History, Journey, answered, status};
use super::story::{place, route_of, routes, tell};
use super::{Finding, counted, listed, undermined};

/// A session that was lost.
pub(super) struct Loss {
    /// Index of the request among the journey's requests.
    pub at: usize,
    pub issuer: ReplicaName,
    pub other: ReplicaName,
    /// "sets `sid` anew", "answers 401".
    pub what: String,
    /// Told by a cookie that was set anew, which no server does by accident.
    certain: bool,
}

/// What the journeys say together.
#[derive(Default)]
struct Tally<'a, 'b> {
    crossings: usize,
    restless: BTreeSet<&'a Name>,
    losses: Vec<(&'b Journey<'a>, Loss)>,
    /// Losses that a new user over the same route did not meet again.
    once: Vec<(&'b Journey<'a>, Loss)>,
    /// Issuer and other one, where a step that needs the session passed.
    known: BTreeSet<(&'a ReplicaName, &'a ReplicaName)>,
    routes: BTreeSet<Name>,
    /// Where such a step failed for a reason that may be another one.
    unclear: Vec<(&'a ReplicaName, String)>,
}

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    if fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "A session had nowhere else to go.");
    }
    if let Some(why) = undermined(history) {
        return why;
    }
    let mut tally = Tally::default();
    let mut attempts = fleet.probes("session");
    for scenario in history.scenarios {
        attempts.extend(fleet.attempts(&scenario.name));
        attempts.extend(fleet.of(&scenario.name, Purpose::Spread).map(|journey| Attempt(vec![journey])));
    }
    for attempt in attempts {
        tally.take(history, attempt);
    }
    let power = format!(
        "{} that one replica issued went to another one with the next request.",
        counted(tally.crossings, "session cookie")
    );
    let shortest = tally.losses.iter().min_by_key(|(journey, loss)| (journey.purpose != Purpose::Shrink, loss.at));
    match shortest {
        Some((journey, loss)) => lost(history, journey, loss, &tally.losses, power),
        None => tally.no_loss(history, power),
    }
}

impl<'a, 'b> Tally<'a, 'b> {
    fn take(&mut self, history: &History<'a>, attempt: Attempt<'a, 'b>) {
        let Some(reference) = Reference::of(history, attempt.first()) else { return };
        let fails = attempt.fails();
        let mut losses: Vec<(&Journey, Loss)> = Vec::new();
        for journey in &attempt.0 {
            self.crossings += crossed(journey, &reference, &mut self.restless);
            match loss(journey, &reference) {
                Some(loss) => losses.push((journey, loss)),
                None if journey.purpose != Purpose::Shrink => self.take_need(journey, &reference, fails),
                None => {}
            }
        }
        let again = attempt.0.len() > 1
            && losses.len() == attempt.0.len()
            && losses.iter().all(|(_, loss)| loss.at == losses[0].1.at);
        for (journey, loss) in losses {
            match journey.purpose {
                _ if loss.certain || again => self.losses.push((journey, loss)),
                // Users at once are not sent twice over the same route; what is true of them shows in switches as well.
                Purpose::Spread | Purpose::Shrink => {}
                _ => self.once.push((journey, loss)),
            }
        }
    }

    /// A step that needs the session, on another replica than the one that began it.
    fn take_need(&mut self, journey: &Journey<'a>, reference: &Reference, fails: bool) {
        let Some(need) = &reference.need else { return };
        let Some((issuer, request)) = carried(journey, need.step) else { return };
        let Some(other) = request.replica.as_ref() else { return };
        let reached = journey.failed_step();
        if journey.passed() || reached.is_some_and(|step| step > need.step) {
            self.known.insert((issuer, other));
            let told = journey
                .requests
                .iter()
                .filter(|request| request.step as usize == need.step || !request.cookies_set.is_empty());
            self.routes.extend(told.map(|request| route_of(request)));
        } else if fails && reached == Some(need.step) {
            self.unclear.push((issuer, place(journey, request)));
        }
    }

    fn no_loss(self, history: &History, power: String) -> Finding {
        let fleet = &history.fleet;
        let note =
            self.restless.iter().map(|name| format!("`{name}` is set anew with every answer, on one replica too"));
        let help =
            "A step that fails without the cookie, such as a page for signed-in users with [Asserts], would show it.";
        if let Some((issuer, place)) = self.unclear.first() {
            return Finding::unknown(
                format!("{place} fails with the session that {issuer} began: the session or its data is missing there"),
                "Whether the session is missing or what was written under it cannot be told apart; `ryw` tells of the failure. \
                 A step that asserts who is signed in, before anything else is written, would tell.",
            );
        }
        if let Some((journey, loss)) = self.once.first() {
            let place = place(journey, journey.requests[loss.at]);
            return Finding::unknown(
                format!("{place} {} once, and not again for the next user", loss.what),
                "A loss counts when a new user over the same replicas meets it again.",
            );
        }
        let possible = fleet.ready.len() * (fleet.ready.len() - 1);
        let cut = fleet.cuts.first().map(|cut| cut.to_string());
        let died = (!fleet.died().is_empty()).then(|| format!("{} ended during the run.", listed(&fleet.died())));
        if let Some(reason) = cut.or(died).filter(|_| !self.known.is_empty() && self.known.len() < possible) {
            let summary = format!("sessions were tried over {} of {possible} pairs of replicas", self.known.len());
            return Finding::unknown(summary, reason);
        }
        if !self.known.is_empty() {
            let pairs = counted(self.known.len(), "pair");
            let power = format!("{power} A step that fails without the session was passed over {pairs} of replicas.");
            return Finding::pass("sessions of one replica are accepted by the others", power)
                .of_the_whole_app()
                .over(self.routes.into_iter().collect())
                .evidence(note);
        }
        match self.crossings {
            0 if self.restless.is_empty() => Finding::skipped(
                "no cookie was issued by one replica and sent to another",
                "Without a scenario only `GET /` is asked; a scenario that signs in shows more.",
            ),
            0 => Finding::unknown(
                "every cookie is set anew with each answer",
                format!("Whether another replica knows it cannot be told from outside. {help}"),
            )
            .evidence(note),
            _ => Finding::skipped(
                "cookies of one replica went to others, but no step there shows that the session is known",
                format!("{power} {help}"),
            )
            .evidence(note),
        }
    }
}

/// The request of a step that carried another replica's cookie, and that replica.
fn carried<'a>(journey: &Journey<'a>, step: usize) -> Option<(&'a ReplicaName, &'a Request)> {
    let mut jar = Jar::default();
    for request in &journey.requests {
        if request.step as usize == step
            && let Some((_, issuer)) = jar.foreign(request).first()
        {
            return answered(request).then_some((*issuer, *request));
        }
        jar.take(request);
    }
    None
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
    need: Option<Need>,
}

/// The first step that needs the session.
struct Need {
    step: usize,
    /// Nothing but sign-ins was written before it, so that only the session can be missing.
    only_the_session: bool,
}

impl Need {
    fn of(history: &History, scenario: &str) -> Option<Need> {
        let strangers = Attempt(history.control.of(scenario, Purpose::Stranger).collect());
        let step = strangers.0.first()?.failed_step().filter(|_| strangers.fails())?;
        let before = history.summary(scenario)?.steps.get(..step)?;
        let mut writes = before.iter().filter(|step| step.kind == StepKind::Write);
        Some(Need { step, only_the_session: writes.all(|step| sounds_like_a_sign_in(&step.path)) })
    }
}

impl<'a> Reference<'a> {
    /// `None` when nothing was asked of one replica alone, or the story fails there.
    pub fn of(history: &History<'a>, journey: &Journey<'a>) -> Option<Self> {
        let mut reference = Reference { renewed: BTreeMap::new(), seen: BTreeMap::new(), need: None };
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
        reference.need = Need::of(history, journey.scenario);
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
            let certain = renewed.is_some();
            let owner = jar.foreign(request).first().map(|(_, issuer)| *issuer);
            let from = owner.or(before.filter(|name| *name != other));
            let found = renewed
                .or_else(|| from.zip(refused(request, reference)))
                .or_else(|| owner.zip(unknown(journey, request, reference)));
            if let Some((issuer, what)) = found {
                return Some(Loss { at, issuer: issuer.clone(), other: other.clone(), what, certain });
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

/// The journey fails at the step that needs the session, where only the session can be missing.
fn unknown(journey: &Journey, request: &Request, reference: &Reference) -> Option<String> {
    let need = reference.need.as_ref().filter(|need| need.only_the_session)?;
    (journey.failed_step() == Some(need.step) && request.step as usize == need.step)
        .then(|| format!("answers as to somebody without it ({})", journey.reason()))
}

fn leads_to_login(request: &Request) -> bool {
    let Answer::Response { status: 300..=399, location: Some(location), .. } = &request.answer else { return false };
    sounds_like_a_sign_in(location.split(['?', '#']).next().unwrap_or_default())
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
