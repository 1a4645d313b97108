//! `same-page`: does every replica give the same answer to the same question?
//!
//! Each page was asked for from every replica, twice and in turns, always by a new visitor. Lines that a replica does not
//! repeat itself (clocks, counters, random values) do not count, nor does a replica's own name, port or process number.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::{Answer, Purpose, ReplicaName, Request};

use super::history::{History, PhaseLog};
use super::{Finding, counted, listed};

/// Answers to one question: by replica, in the order of asking.
type Answers<'a> = BTreeMap<&'a ReplicaName, Vec<&'a Request>>;

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    if fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "There was nothing to compare.");
    }
    let mut pages: BTreeMap<&str, Answers> = BTreeMap::new();
    for journey in fleet.of("page", Purpose::Probe) {
        for request in &journey.requests {
            if let Some(replica) = journey.replica(request.step as usize) {
                pages.entry(&request.target).or_default().entry(replica).or_default().push(request);
            }
        }
    }
    let results: Vec<(&str, Comparison)> =
        pages.iter().map(|(page, answers)| (*page, compare(answers, fleet))).collect();
    let differing: Vec<_> =
        results.iter().filter_map(|(page, result)| result.difference().map(|what| (*page, what))).collect();
    let compared = results.iter().filter(|(_, result)| matches!(result, Comparison::Same { .. })).count();
    let changing: Vec<&str> = results
        .iter()
        .filter(|(_, result)| matches!(result, Comparison::Same { masked: true }))
        .map(|(page, _)| *page)
        .collect();
    let power = format!(
        "{} asked for twice from each replica: another status, or other text within the first 2 KiB, would have been seen.",
        counted(results.len(), "page")
    );
    let note = (!changing.is_empty()).then(|| format!("changes from request to request: {}", listed(&changing)));
    if let Some((page, what)) = differing.first() {
        let evidence = differing.iter().map(|(page, what)| format!("`GET {page}`: {what}"));
        let mut finding = Finding::fail(format!("`GET {page}` differs between replicas: {what}"), power)
            .evidence(evidence.collect::<Vec<_>>())
            .evidence(note);
        finding.routes =
            differing.iter().map(|(page, _)| format!("GET {}", page.split('?').next().unwrap_or("/")).into()).collect();
        return finding;
    }
    if compared == 0 {
        return Finding::unknown(
            "no page could be compared",
            "Every page needs two answers from each of two replicas.",
        );
    }
    Finding::pass(format!("{} the same from every replica", are(compared)), power).evidence(note)
}

fn are(pages: usize) -> String {
    if pages == 1 { "1 page is".to_string() } else { format!("{pages} pages are") }
}

enum Comparison {
    /// `masked`: apart from lines that change from request to request.
    Same {
        masked: bool,
    },
    Different(String),
    /// Too few answers, or nothing but changing text.
    Undecided,
}

impl Comparison {
    fn difference(&self) -> Option<&str> {
        match self {
            Comparison::Different(what) => Some(what),
            Comparison::Same { .. } | Comparison::Undecided => None,
        }
    }
}

/// One answer: the status, a digest of the whole, and the lines that the log kept.
#[derive(PartialEq)]
struct View {
    status: u16,
    digest: String,
    lines: Vec<String>,
    /// The log holds the whole body.
    whole: bool,
}

fn compare(answers: &Answers, fleet: &PhaseLog) -> Comparison {
    let mut views: BTreeMap<&ReplicaName, Vec<View>> = BTreeMap::new();
    for (replica, requests) in answers {
        views.insert(replica, requests.iter().filter_map(|request| view(request, replica, fleet)).collect());
    }
    views.retain(|_, views| views.len() >= 2);
    if views.len() < 2 {
        return Comparison::Undecided;
    }
    let Some(statuses) = constant(&views, |view| Some(view.status)) else { return Comparison::Undecided };
    if statuses.values().collect::<BTreeSet<_>>().len() > 1 {
        let told: Vec<String> = statuses.iter().map(|(replica, status)| format!("{status} on {replica}")).collect();
        return Comparison::Different(told.join(", "));
    }
    if let Some(digests) = constant(&views, |view| Some(view.digest.clone())) {
        if digests.values().collect::<BTreeSet<_>>().len() == 1 {
            return Comparison::Same { masked: false };
        }
        // Each replica repeats itself, and they differ: where?
        let all_whole = views.values().flatten().all(|view| view.whole);
        return match lines(&views) {
            Lines::Differ(what) => Comparison::Different(what),
            Lines::Same if all_whole => Comparison::Same { masked: false },
            Lines::Same | Lines::Shifting => {
                let told: Vec<String> =
                    digests.iter().map(|(replica, digest)| format!("{digest} on {replica}")).collect();
                Comparison::Different(format!(
                    "the bodies differ beyond what the log shows, by digest {}",
                    told.join(", ")
                ))
            }
        };
    }
    match lines(&views) {
        Lines::Differ(what) => Comparison::Different(what),
        Lines::Same => Comparison::Same { masked: true },
        Lines::Shifting => Comparison::Undecided,
    }
}

/// What each replica says every time it is asked; `None` when one of them contradicts itself.
fn constant<'a, T: PartialEq>(
    views: &BTreeMap<&'a ReplicaName, Vec<View>>,
    of: impl Fn(&View) -> Option<T>,
) -> Option<BTreeMap<&'a ReplicaName, T>> {
    let mut said = BTreeMap::new();
    for (replica, views) in views {
        let first = of(views.first()?)?;
        if views.iter().any(|view| of(view).as_ref() != Some(&first)) {
            return None;
        }
        said.insert(*replica, first);
    }
    Some(said)
}

enum Lines {
    Same,
    Differ(String),
    /// Even the number of lines changes, or every line does.
    Shifting,
}

fn lines(views: &BTreeMap<&ReplicaName, Vec<View>>) -> Lines {
    let counts: BTreeSet<usize> = views.values().flatten().map(|view| view.lines.len()).collect();
    let (Some(count), 1) = (counts.first(), counts.len()) else { return Lines::Shifting };
    let mut steady = 0;
    for index in 0..*count {
        let Some(texts) = constant(views, |view| view.lines.get(index).cloned()) else { continue };
        steady += 1;
        let mut said = texts.iter();
        if let Some((first, text)) = said.next()
            && let Some((other, another)) = said.find(|(_, another)| *another != text)
        {
            let (text, another) = around_difference(text, another);
            return Lines::Differ(format!("line {} is `{text}` on {first} and `{another}` on {other}", index + 1));
        }
    }
    if steady == 0 { Lines::Shifting } else { Lines::Same }
}

/// Both texts cut to what surrounds their first difference.
fn around_difference(left: &str, right: &str) -> (String, String) {
    const BEFORE: usize = 20;
    const SHOWN: usize = 60;
    let same = left.chars().zip(right.chars()).take_while(|(left, right)| left == right).count();
    let cut =
        |text: &str| text.chars().skip(same.saturating_sub(BEFORE)).take(SHOWN).collect::<String>().trim().to_string();
    (cut(left), cut(right))
}

fn view(request: &Request, replica: &ReplicaName, fleet: &PhaseLog) -> Option<View> {
    let Answer::Response { status, bytes, excerpt, digest, .. } = &request.answer else { return None };
    request.replica.as_ref()?;
    let mut text = excerpt.clone();
    if let Some(starting) = fleet.starting.iter().find(|starting| starting.replica == replica) {
        let port = starting.address.rsplit(':').next().unwrap_or_default().to_string();
        for own in [starting.address.to_string(), port, starting.pid.to_string(), replica.to_string()] {
            if own.len() > 1 {
                text = replace_word(&text, &own);
            }
        }
    }
    let whole = excerpt.len() as u64 == *bytes;
    Some(View { status: *status, digest: digest.clone(), lines: text.lines().map(str::to_string).collect(), whole })
}

/// Puts `…` where `word` stands alone, not as a part of a longer word or number.
fn replace_word(text: &str, word: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in text.match_indices(word) {
        let joined = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
        if joined(text[..at].chars().next_back()) || joined(text[at + word.len()..].chars().next()) {
            continue;
        }
        replaced.push_str(&text[end..at]);
        replaced.push('…');
        end = at + word.len();
    }
    replaced + &text[end..]
}
