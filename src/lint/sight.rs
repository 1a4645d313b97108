//! One pass over all facts: which clauses, conditions and entry points may be about which fact.

use std::collections::{BTreeSet, HashSet};

use super::project::{FileId, FunctionRef};
use super::value::{Constants, Fit, fit, fit_each};
use crate::model::fact::{FileFacts, FunctionId, Setting, Value};
use crate::rules::clause::{Clause, Evidence, Subject};
use crate::rules::entry_point::{EntryPoint, Trigger};
use crate::rules::pattern::{Patterns, SymbolIndex};
use crate::rules::version::Version;
use crate::rules::{Rule, RuleSet};

/// A clause of a rule, by its number.
pub type ClauseId = usize;

/// What a pattern belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Clause(ClauseId),
    Evidence(usize),
    EntryPoint(usize),
}

/// All patterns of the rules, ready to be looked up by symbol.
pub struct Watch<'r> {
    pub clauses: Vec<(&'r Rule, &'r Clause)>,
    pub entry_points: &'r [EntryPoint],
    evidence: Vec<&'r Evidence>,
    calls: SymbolIndex<Target>,
    imports: SymbolIndex<Target>,
    settings: SymbolIndex<Target>,
    dependencies: SymbolIndex<Target>,
}

impl<'r> Watch<'r> {
    pub fn new(rules: &'r RuleSet) -> Self {
        let mut watch = Watch {
            clauses: Vec::new(),
            entry_points: rules.entry_points(),
            evidence: Vec::new(),
            calls: SymbolIndex::default(),
            imports: SymbolIndex::default(),
            settings: SymbolIndex::default(),
            dependencies: SymbolIndex::default(),
        };
        for rule in rules.rules() {
            for clause in &rule.detect {
                watch.add_clause(rule, clause);
            }
        }
        for (id, entry) in rules.entry_points().iter().enumerate() {
            match &entry.trigger {
                Trigger::Call { callee: calls, .. } | Trigger::Code { calls: Some(calls), .. } => {
                    watch.calls.insert(calls, Target::EntryPoint(id));
                }
                _ => {}
            }
            let evidence = [&entry.if_file, &entry.unless_file, &entry.if_project, &entry.unless_project];
            evidence.into_iter().flatten().for_each(|evidence| watch.add_evidence(evidence));
        }
        watch
    }

    fn add_clause(&mut self, rule: &'r Rule, clause: &'r Clause) {
        let target = Target::Clause(self.clauses.len());
        match &clause.subject {
            Subject::Call(patterns) => self.calls.insert(patterns, target),
            Subject::Import(patterns) => self.imports.insert(patterns, target),
            Subject::Setting { key, .. } => self.settings.insert(key, target),
            Subject::Dependency(patterns) => self.dependencies.insert(patterns, target),
            Subject::Class(_) | Subject::State(_) | Subject::Service(_) | Subject::Balancer(_) => {}
        }
        self.clauses.push((rule, clause));
        let conditions = &clause.conditions;
        let evidence = [
            &conditions.if_function,
            &conditions.if_file,
            &conditions.if_project,
            &conditions.unless_function,
            &conditions.unless_file,
            &conditions.unless_project,
            &conditions.if_code,
            &conditions.unless_code,
        ];
        let reached = conditions.if_reaches.iter().chain(&conditions.unless_reaches);
        evidence.into_iter().flatten().chain(reached).for_each(|evidence| self.add_evidence(evidence));
    }

    fn add_evidence(&mut self, evidence: &'r Evidence) {
        let target = Target::Evidence(self.evidence.len());
        let add = |index: &mut SymbolIndex<Target>, patterns: &Option<Patterns>| {
            patterns.iter().for_each(|patterns| index.insert(patterns, target));
        };
        add(&mut self.calls, &evidence.call);
        add(&mut self.imports, &evidence.import);
        add(&mut self.settings, &evidence.setting);
        add(&mut self.dependencies, &evidence.dependency);
        self.evidence.push(evidence);
    }

    /// Passes over one file.
    pub fn look<'a>(&self, id: FileId, file: &'a FileFacts, constants: &Constants<'a>, seen: &mut Sightings<'r>) {
        for (index, call) in file.calls.iter().enumerate() {
            self.calls.each(&call.callee, |target| match target {
                Target::Clause(clause) => seen.clause(clause, id, Fact::Call(index)),
                Target::Evidence(evidence) => {
                    let evidence = self.evidence[evidence];
                    if fit_each(&evidence.with, &call.arguments, None, constants) != Fit::No {
                        // A decorator belongs to the function that it stands on.
                        seen.evidence(evidence, (id, file), call.decorates.or(call.function));
                    }
                }
                Target::EntryPoint(entry) => seen.entry_points.push((entry, id, index)),
            });
        }
        for (index, import) in file.imports.iter().enumerate() {
            self.imports.each(&import.module, |target| match target {
                Target::Clause(clause) => seen.clause(clause, id, Fact::Import(index)),
                Target::Evidence(evidence) => seen.evidence(self.evidence[evidence], (id, file), None),
                Target::EntryPoint(_) => {}
            });
        }
        for (index, dependency) in file.dependencies.iter().enumerate() {
            self.dependencies.each(&dependency.name, |target| match target {
                Target::Clause(clause) => seen.clause(clause, id, Fact::Dependency(index)),
                Target::Evidence(evidence) if is_of_version(self.evidence[evidence], &dependency.version) => {
                    seen.evidence(self.evidence[evidence], (id, file), None);
                }
                Target::Evidence(_) => {}
                Target::EntryPoint(_) => {}
            });
        }
        let settings = file.settings.iter().enumerate().filter(|(_, setting)| !is_for_tests(&setting.key));
        for (index, setting) in settings {
            each_key(setting, &mut |key, value| {
                self.look_at_setting((id, file), index, key, value, constants, setting, seen)
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one setting, seen from all sides")]
    fn look_at_setting<'a>(
        &self,
        (id, file): (FileId, &FileFacts),
        index: usize,
        key: &str,
        value: &'a Value,
        constants: &Constants<'a>,
        setting: &Setting,
        seen: &mut Sightings<'r>,
    ) {
        self.settings.each(key, |target| match target {
            Target::Clause(clause) => {
                if let Subject::Setting { value: Some(pattern), .. } = &self.clauses[clause].1.subject {
                    seen.clause(clause, id, Fact::Setting(index, fit(pattern, value, constants)));
                } else {
                    seen.clause(clause, id, Fact::Setting(index, Fit::Yes));
                }
            }
            Target::Evidence(evidence) => {
                let evidence = self.evidence[evidence];
                let fits = evidence.value.as_ref().is_none_or(|pattern| fit(pattern, value, constants) != Fit::No);
                if fits {
                    seen.evidence(evidence, (id, file), setting.function);
                }
            }
            Target::EntryPoint(_) => {}
        });
    }
}

/// A requirement that tells no version fits no bound.
fn is_of_version(evidence: &Evidence, requirement: &str) -> bool {
    if evidence.below.is_none() && evidence.from.is_none() {
        return true;
    }
    Version::least(requirement).is_some_and(|least| {
        evidence.below.is_none_or(|bound| least < bound) && evidence.from.is_none_or(|bound| least >= bound)
    })
}

/// `~TestingConfig.DATABASE_URI`: a class that is named after tests configures no deployment.
fn is_for_tests(key: &str) -> bool {
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with(|next: char| !next.is_lowercase());
    let is_word =
        |rest: &str| ["Testing", "Tests", "Test"].iter().any(|word| rest.strip_prefix(word).is_some_and(is_end));
    let owner = key.strip_prefix('~').and_then(|key| key.split_once('.')).map_or("", |(owner, _)| owner);
    owner.match_indices("Test").any(|(at, _)| is_word(&owner[at..]))
}

/// The setting and, where it holds an object, each of its fields under a dotted key.
pub fn each_key<'a>(setting: &'a Setting, found: &mut dyn FnMut(&str, &'a Value)) {
    fn descend<'a>(key: &str, value: &'a Value, found: &mut dyn FnMut(&str, &'a Value)) {
        found(key, value);
        if let Value::Object(fields) = value {
            for (name, value) in fields {
                descend(&format!("{key}.{name}"), value, found);
            }
        }
    }
    descend(&setting.key, &setting.value, found);
}

/// A fact by its place in its file.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Call(usize),
    Import(usize),
    Dependency(usize),
    /// With how its value fits the clause.
    Setting(usize, Fit),
}

/// What the pass saw.
#[derive(Default)]
pub struct Sightings<'r> {
    /// In the order of the files.
    pub clauses: Vec<(ClauseId, FileId, Fact)>,
    /// Entry point, file, index of the call.
    pub entry_points: Vec<(usize, FileId, usize)>,
    /// Conditions are told apart by their address: they stand still while the rules are borrowed.
    in_project: HashSet<*const Evidence>,
    in_file: HashSet<(*const Evidence, FileId)>,
    in_body: HashSet<(*const Evidence, FunctionRef)>,
    /// Also of the functions around those.
    in_function: HashSet<(*const Evidence, FunctionRef)>,
    phantom: std::marker::PhantomData<&'r Evidence>,
}

impl<'r> Sightings<'r> {
    fn clause(&mut self, clause: ClauseId, file: FileId, fact: Fact) {
        self.clauses.push((clause, file, fact));
    }

    fn evidence(&mut self, evidence: &'r Evidence, (file, facts): (FileId, &FileFacts), function: Option<FunctionId>) {
        if evidence.path.as_ref().is_some_and(|paths| !paths.matches(&facts.path)) {
            return;
        }
        let key = std::ptr::from_ref(evidence);
        self.in_project.insert(key);
        self.in_file.insert((key, file));
        let Some(function) = function else { return };
        self.in_body.insert((key, FunctionRef { file, function }));
        let mut around = ancestors(facts, function);
        // Where one is known, those around it are.
        while around.next().is_some_and(|function| self.in_function.insert((key, FunctionRef { file, function }))) {}
    }

    pub fn in_project(&self, evidence: &'r Evidence) -> bool {
        self.in_project.contains(&std::ptr::from_ref(evidence))
    }

    /// In the body of one of the functions.
    pub fn in_any(&self, evidence: &'r Evidence, functions: &BTreeSet<FunctionRef>) -> bool {
        let key = std::ptr::from_ref(evidence);
        self.in_project.contains(&key) && functions.iter().any(|at| self.in_body.contains(&(key, *at)))
    }

    /// Does the entry point count in that file?
    pub fn counts_in(&self, entry: &'r EntryPoint, file: FileId) -> bool {
        let in_file = |evidence| self.in_file(evidence, file);
        entry.if_file.as_ref().is_none_or(in_file)
            && !entry.unless_file.as_ref().is_some_and(in_file)
            && entry.if_project.as_ref().is_none_or(|evidence| self.in_project(evidence))
            && !entry.unless_project.as_ref().is_some_and(|evidence| self.in_project(evidence))
    }

    pub fn in_file(&self, evidence: &'r Evidence, file: FileId) -> bool {
        self.in_file.contains(&(std::ptr::from_ref(evidence), file))
    }

    /// In that function, or in one that is written within it.
    pub fn in_function(&self, evidence: &'r Evidence, function: FunctionRef) -> bool {
        self.in_function.contains(&(std::ptr::from_ref(evidence), function))
    }
}

/// The function itself, and those that it is written in, from the inside out.
pub fn ancestors(file: &FileFacts, function: FunctionId) -> impl Iterator<Item = FunctionId> {
    let parent = |id: &FunctionId| file.functions.get(*id as usize).and_then(|function| function.parent);
    // A parent is written before its children, so a well-formed file ends by itself; the bound is for the others.
    std::iter::successors(Some(function), parent).take(file.functions.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_tests_are_known_by_whole_words() {
        for key in ["~TestConfig.X", "~ConfigTest.X", "~TestingConfig.a.b", "~UnitTests.X"] {
            assert!(is_for_tests(key), "{key}");
        }
        for key in ["~Config.TestX", "~LatestConfig.X", "~TestimonialConfig.X", "flask.Test.X", "~Test", ""] {
            assert!(!is_for_tests(key), "{key}");
        }
    }
}
