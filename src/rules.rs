//! L1, rule files as values, and the built-in set.
//!
//! A rule is one YAML file over facts: it reads from top to bottom as an explanation, then as a machine. Built-in rules take
//! the same road as a user's: [`parse`]. Adding one needs `rules/<family>/<id>.yaml` and a folder of fixtures, no Rust;
//! `rules/entry-points/` says, for each language, which functions handlers are.
//!
//! - [`rule`]: what a rule file says
//! - [`clause`]: what it looks for
//! - [`pattern`]: how symbols and values are matched
//! - [`version`]: versions of dependencies
//! - [`vocabulary`]: the words of rule files, for people
//! - [`entry_point`]: which calls make a function a handler, as data as well

pub mod clause;
pub mod connections;
pub mod deployed;
pub mod entry_point;
pub mod pattern;
pub mod rule;
pub mod version;
pub mod vocabulary;

mod builtin;
mod yaml;

pub use builtin::{builtin, fixtures};
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

    /// Adds what a file of the folder of rules says: `<family>/<id>.yaml` is a rule, `entry-points/<any>.yaml` tells handlers.
    ///
    /// # Errors
    /// A [`Problem`] of the file, or a rule whose id is taken.
    pub fn read(&mut self, text: &str, path: &str) -> Result<(), Problem> {
        if is_entry_points(path) {
            self.entry_points.extend(parse_entry_points(text, path)?);
            return Ok(());
        }
        self.add(parse(text, path)?).map_err(|problem| problem.in_file(path))
    }

    /// Adds the rules of another set whose ids are not taken, and its entry points where this one has none.
    pub fn fill_from(&mut self, other: RuleSet) {
        for rule in other.rules {
            // A rule with that id is there already and stays.
            let _ = self.add(rule);
        }
        if self.entry_points.is_empty() {
            self.entry_points = other.entry_points;
        }
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

/// True for a file that tells what handlers are, and is no rule.
pub fn is_entry_points(path: &str) -> bool {
    path.rsplit('/').nth(1) == Some("entry-points")
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
