//! A rule as it is told to people: what reports, `explain` and the reference page say of it.

use serde::{Deserialize, Serialize};

use super::Name;
use super::finding::{Confidence, Severity};
use super::location::Excerpt;

/// What a rule says, without the machinery that finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStory {
    pub id: Name,
    pub family: Name,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub breaks: String,
    pub fix: String,
    /// How it shows, in the order in which it is looked for.
    pub ways: Vec<Way>,
    /// Id of the check that would confirm it on real replicas.
    pub confirm: Option<Name>,
    pub read: Vec<Reading>,
}

/// One way in which a hazard shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Languages and formats that it is looked for in; empty for all.
    pub languages: Vec<Name>,
    /// What is there, with `{name}` where the finding names something.
    pub say: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// Where it is another one than the rule's.
    pub fix: Option<String>,
}

/// Documentation that proves a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub title: String,
    pub address: String,
}

/// Some lines that a rule was tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// "Python", as people write it.
    pub language: Name,
    /// The case and the file in it: `flask-cart/shop.py`.
    pub path: String,
    pub excerpt: Excerpt,
    /// How a comment begins in it; empty where there are none.
    pub comment: &'static str,
    /// Lines on which the rule finds something, by their numbers in the file.
    pub guilty: Vec<u32>,
    /// Lines that look like it and are sound, with the reason where the fixture gives one.
    pub innocent: Vec<(u32, String)>,
}
