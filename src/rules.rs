//! L1, rule files as values, and the built-in set.
//!
//! A rule is one YAML file over facts: it reads from top to bottom as an explanation, then as a machine. Built-in rules take
//! the same road as a user's: [`parse`]. Adding one needs `rules/<family>/<id>.yaml` and a folder of fixtures, no Rust.
//!
//! - [`rule`]: what a rule file says
//! - [`clause`]: what it looks for
//! - [`pattern`]: how symbols and values are matched
//! - [`entry_point`]: which calls make a function a handler, as data as well

pub mod clause;
pub mod entry_point;
pub mod pattern;
pub mod rule;

mod builtin;
mod yaml;

pub use builtin::builtin;
pub use clause::Clause;
pub use entry_point::EntryPoint;
pub use rule::Rule;

use crate::model::problem::Problem;

/// All rules of a run, and the entry points that they rely on.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// By family, then id.
    rules: Vec<Rule>,
    entry_points: Vec<EntryPoint>,
}

impl RuleSet {
    /// The rules, by family, then id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn entry_points(&self) -> &[EntryPoint] {
        &self.entry_points
    }

    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// When there is one with the same id already.
    pub fn add(&mut self, rule: Rule) -> Result<(), Problem> {
        if self.get(&rule.id).is_some() {
            return Err(Problem::new(format!("there is already a rule `{}`", rule.id))
                .help("Give the rule an id of its own; a built-in rule cannot be replaced."));
        }
        let place = self.rules.partition_point(|other| (&other.family, &other.id) < (&rule.family, &rule.id));
        self.rules.insert(place, rule);
        Ok(())
    }

    pub fn add_entry_points(&mut self, entry_points: Vec<EntryPoint>) {
        self.entry_points.extend(entry_points);
    }
}

/// Reads one rule file. `path` is `…/<family>/<id>.yaml`; the id in the file must be the file's name.
///
/// # Errors
/// A [`Problem`] with line, column and the offending lines.
pub fn parse(text: &str, path: &str) -> Result<Rule, Problem> {
    rule::parse(text, path)
}

/// Reads a file of entry points.
///
/// # Errors
/// A [`Problem`] with line, column and the offending lines.
pub fn parse_entry_points(text: &str, path: &str) -> Result<Vec<EntryPoint>, Problem> {
    entry_point::parse(text, path)
}
