//! Which clauses hold, and what they say.

use std::collections::{BTreeSet, HashSet};

use super::deployment::{self, Certainty, DatabaseServer, Deployed, Excess, Fleet, Place as DeploymentPlace};
use super::edges::Edges;
use super::pool::Pools;
use super::project::{FileId, FunctionRef, Project};
use super::reach::{Reach, Reached, named_functions};
use super::settings::Overrides;
use super::sight::{ClauseId, Fact, Sightings, Watch};
use super::state::{self, States, Uses};
use super::value::{self, Constants, Fit, fit_options};
use super::wording::{self, Words};
use crate::model::Name;
use crate::model::fact::{Access, Call, FunctionId, Language, Value};
use crate::model::finding::{Confidence, Related, ServiceName, Severity};
use crate::model::location::{Location, Span};
use crate::rules::clause::{Clause, Conditions, Evidence, Occasion, Once, Place, Subject};
use crate::rules::pattern::ValuePattern;
use crate::rules::{Rule, RuleSet};
use crate::source::stage::{self, Stage};

/// A clause that holds at a place.
pub struct Hit<'r> {
    pub rule: &'r Rule,
    pub file: FileId,
    pub span: Span,
    pub function: Option<FunctionId>,
    pub severity: Severity,
    pub confidence: Confidence,
    pub words: Words<'r>,
    pub fix: String,
    pub related: Vec<Related>,
    pub routes: Vec<Name>,
    /// The occasions on which code gets to it; empty where none is known.
    pub occasions: BTreeSet<Occasion>,
    /// The variable of the environment that, where it is set, makes it harmless.
    pub variable: Option<Name>,
    /// Texts that stand in it: paths, addresses.
    pub texts: Vec<Name>,
    /// The services of a deployment that it is about. What is found of one may stand in another file than the one that declares it.
    pub services: Vec<ServiceName>,
}

/// Places of writing, and of reading, that one finding names.
const MOST_RELATED: usize = 3;
/// Places of one choice that one finding names.
const MOST_PLACES: usize = 8;

/// Other assignments to the same key in a file that are looked at.
const MOST_ALTERNATIVES: usize = 64;

/// All hits; at one place one per rule.
pub fn hits<'r>(project: &Project<'_>, fleet: &Fleet<'_>, rules: &'r RuleSet, singletons: &[Name]) -> Vec<Hit<'r>> {
    let watch = Watch::new(rules);
    let mut seen = Sightings::default();
    for (id, file) in project.files.iter().enumerate() {
        watch.look(id, file, &|name| project.constant(id, name), &mut seen);
    }
    let reach = Reach::new(project, &watch, &seen);
    let states = States::new(project, &reach, &watch, &seen);
    let mut judge = Judge {
        project,
        fleet,
        databases: deployment::databases(fleet, project.files),
        singletons,
        seen: &seen,
        reach: &reach,
        edges: Edges::new(project),
        overrides: Overrides::new(project.files),
        taken: HashSet::new(),
        hits: Vec::new(),
    };
    // Clauses of one rule stand side by side and are numbered in the order of the file, so the first that fits wins.
    let mut sightings: Vec<&(ClauseId, FileId, Fact)> = seen.clauses.iter().collect();
    // Of all places of one choice the one nearest to the root of the project speaks.
    let depth = |clause: ClauseId, file: FileId| match watch.clauses[clause].1.once {
        Some(Once::Project) => project.files[file].path.matches('/').count(),
        _ => 0,
    };
    sightings.sort_by_key(|(clause, file, _)| (*clause, depth(*clause, *file), *file));
    let mut next = 0;
    for (id, (rule, clause)) in watch.clauses.iter().enumerate() {
        while let Some((_, file, fact)) = sightings.get(next).filter(|(clause, _, _)| *clause == id) {
            judge.fact(rule, clause, *file, fact);
            next += 1;
        }
        match &clause.subject {
            Subject::State(_) => judge.states(rule, clause, &states),
            Subject::Class(_) => judge.classes(rule, clause),
            Subject::Service(_) => judge.services(rule, clause),
            Subject::Balancer(_) => judge.balancers(rule, clause),
            _ => {}
        }
    }
    judge.hits
}

struct Judge<'j, 'a, 'r> {
    project: &'j Project<'a>,
    fleet: &'j Fleet<'j>,
    databases: Vec<DatabaseServer<'j>>,
    singletons: &'j [Name],
    seen: &'j Sightings<'r>,
    reach: &'j Reach,
    edges: Edges<'j, 'a>,
    overrides: Overrides<'a>,
    /// Rule, file and place that have been spoken of.
    taken: HashSet<(&'r str, FileId, Span)>,
    hits: Vec<Hit<'r>>,
}

/// What a hit is about, before it is put into words.
struct Subjects {
    file: FileId,
    span: Span,
    function: Option<FunctionId>,
    fit: Fit,
    words: Vec<(&'static str, String)>,
    related: Vec<Related>,
    routes: Vec<Name>,
    occasions: BTreeSet<Occasion>,
    texts: Vec<Name>,
    services: Vec<ServiceName>,
    /// How severe it may be at most.
    at_most: Severity,
}

impl Subjects {
    /// A place that nothing more is said of.
    fn at(file: FileId, span: Span) -> Self {
        Subjects {
            file,
            span,
            function: None,
            fit: Fit::Yes,
            words: Vec::new(),
            related: Vec::new(),
            routes: Vec::new(),
            occasions: BTreeSet::new(),
            texts: Vec::new(),
            services: Vec::new(),
            at_most: Severity::Error,
        }
    }

    /// What makes more connections than a database takes.
    fn exceeding(mut self, excess: Excess) -> Self {
        self.words.retain(|(word, _)| *word != "value");
        self.words.push(("value", excess.formula));
        self.related = excess.factors;
        self.services = excess.services;
        self.at_most = match excess.certainty {
            Certainty::Configured => Severity::Error,
            Certainty::AtMost => Severity::Warning,
            Certainty::Pooled | Certainty::Second => Severity::Info,
        };
        self
    }
}

impl<'r> Judge<'_, '_, 'r> {
    fn fact(&mut self, rule: &'r Rule, clause: &'r Clause, file: FileId, fact: &Fact) {
        let facts = &self.project.files[file];
        if !clause.speaks(facts.language) {
            return;
        }
        let mut texts = Vec::new();
        let (span, function, fit, words) = match fact {
            Fact::Call(index) => {
                let call = &facts.calls[*index];
                let constants = |name: &str| self.project.constant(file, name);
                let fit = fit_options(&clause.conditions, &call.arguments, &constants);
                let name = call.bound_to.as_deref().unwrap_or(&call.callee);
                call.arguments.iter().for_each(|argument| value::texts(&argument.value, &constants, &mut texts));
                let words = vec![("callee", wording::readable(&call.callee)), ("name", state::name(name).to_owned())];
                (call.span, call.function, fit, words)
            }
            Fact::Import(index) => {
                let import = &facts.imports[*index];
                (import.span, None, Fit::Yes, vec![("name", import.module.to_string())])
            }
            Fact::Dependency(index) => {
                let dependency = &facts.dependencies[*index];
                (dependency.span, None, Fit::Yes, vec![("name", dependency.name.to_string())])
            }
            Fact::Setting(index, fit) => {
                let setting = &facts.settings[*index];
                value::texts(&setting.value, &|name| self.project.constant(file, name), &mut texts);
                let words =
                    vec![("name", state::name(&setting.key).to_owned()), ("value", wording::shown(&setting.value))];
                let fit = match clause.conditions.connections {
                    None => self.with_alternatives(file, *index, fit, &clause.subject),
                    // Which of them counts, the database tells that the service names.
                    Some(_) if *fit == Fit::No => Fit::No,
                    Some(_) => Fit::Yes,
                };
                (setting.span, setting.function, fit, words)
            }
        };
        if fit == Fit::No || !self.surroundings(&clause.conditions, file, function) {
            return;
        }
        if let Fact::Call(index) = fact
            && !self.reaches(&clause.conditions, file, &facts.calls[*index])
        {
            return;
        }
        let reached = self.reach.get(file, function);
        let routes = reached.map(|reached| reached.routes.iter().cloned().collect()).unwrap_or_default();
        let occasions = reached.map(|reached| reached.occasions.clone()).unwrap_or_default();
        let subjects = Subjects { function, fit, words, routes, occasions, texts, ..Subjects::at(file, span) };
        match &clause.conditions.connections {
            None => self.add(rule, clause, subjects),
            Some(pattern) => {
                let pools = Pools {
                    project: self.project,
                    fleet: self.fleet,
                    servers: &self.databases,
                    singletons: self.singletons,
                };
                if let Some(excess) = pools.excess(pattern, clause.conditions.options_at, file, fact) {
                    self.add(rule, clause, subjects.exceeding(excess));
                }
            }
        }
    }

    /// Where the same key is also set to something sound, in this file or in one that configures the same, the unsafe value is what one branch falls back to.
    fn with_alternatives(&self, file: FileId, index: usize, fit: &Fit, subject: &Subject) -> Fit {
        let settings = &self.project.files[file].settings;
        let Subject::Setting { value: Some(pattern), .. } = subject else { return fit.clone() };
        let constants = |name: &str| self.project.constant(file, name);
        if *fit != Fit::Yes {
            return fit.clone();
        }
        let here = self.project.settings_of(file, &settings[index].key).iter().filter(|other| **other != index);
        let elsewhere = self.overrides.of(file, &settings[index]);
        let mut others = here.take(MOST_ALTERNATIVES).map(|other| &settings[*other]).chain(elsewhere);
        match others.find(|other| is_sound(pattern, &other.value, &constants)) {
            Some(other) => Fit::Fallback(value::environment(&other.value)),
            None => Fit::Yes,
        }
    }

    fn states(&mut self, rule: &'r Rule, clause: &'r Clause, states: &States<'_>) {
        let Subject::State(pattern) = &clause.subject else { return };
        for at in states.iter() {
            let file = at.0;
            if !clause.speaks(self.project.files[file].language) {
                continue;
            }
            let Some(uses) = states.fits(self.project, self.reach, at, pattern) else { continue };
            let state = self.project.state_facts(at);
            if !self.surroundings(&clause.conditions, file, state.function) {
                continue;
            }
            let routes = self.reached(&uses, |reached| &reached.routes).into_iter().cloned().collect::<Vec<_>>();
            let occasions = self.reached(&uses, |reached| &reached.occasions).into_iter().copied().collect();
            let words = vec![
                ("name", state::name(&state.symbol).to_owned()),
                ("routes", wording::routes(&routes, MOST_RELATED)),
            ];
            let related = self.related(&uses, file, state.span);
            let function = state.function;
            let subjects = Subjects { function, words, related, routes, occasions, ..Subjects::at(file, state.span) };
            self.add(rule, clause, subjects);
        }
    }

    fn classes(&mut self, rule: &'r Rule, clause: &'r Clause) {
        let Subject::Class(pattern) = &clause.subject else { return };
        for at in self.project.classes_like(pattern, &|language| clause.speaks(language)) {
            let class = self.project.class_facts(at);
            if !self.surroundings(&clause.conditions, at.0, None) {
                continue;
            }
            let words = vec![("name", state::name(&class.symbol).to_owned())];
            self.add(rule, clause, Subjects { words, ..Subjects::at(at.0, class.span) });
        }
    }

    fn services(&mut self, rule: &'r Rule, clause: &'r Clause) {
        let (fleet, singletons) = (self.fleet, self.singletons);
        let Subject::Service(pattern) = &clause.subject else { return };
        for deployed in fleet.services.iter().filter(|deployed| clause.speaks(deployed.language)) {
            let Some(home) = self.project.file(&deployed.path) else { continue };
            if self.surroundings(&clause.conditions, home, None) && self.runs(&clause.conditions, deployed) {
                let places = deployment::of_service(deployed, fleet, pattern, singletons);
                let (replicas, times) = deployment::how_many(&deployed.service);
                let name = deployed.service.name.to_string();
                let words = [("service", name), ("replicas", replicas), ("times", times)];
                self.places(rule, clause, places, &words, Some(&deployed.name()));
            }
        }
    }

    /// Does the code that the service runs do what the conditions ask for?
    fn runs(&self, conditions: &'r Conditions, deployed: &Deployed<'_>) -> bool {
        let in_code = |evidence: &'r Evidence| {
            let mut files = self.project.files.iter().enumerate().filter(|(_, file)| file.language.is_code());
            files.any(|(id, file)| {
                self.seen.in_file(evidence, id) && deployment::runs_code(self.fleet, deployed, &file.path)
            })
        };
        conditions.if_code.as_ref().is_none_or(in_code) && !conditions.unless_code.as_ref().is_some_and(in_code)
    }

    fn balancers(&mut self, rule: &'r Rule, clause: &'r Clause) {
        let fleet = self.fleet;
        let Subject::Balancer(pattern) = &clause.subject else { return };
        for (id, facts) in self.project.files.iter().enumerate().filter(|(_, facts)| clause.speaks(facts.language)) {
            if !facts.balancers.is_empty() && self.surroundings(&clause.conditions, id, None) {
                for balancer in &facts.balancers {
                    let places = deployment::of_balancer(balancer, &facts.path, fleet, pattern);
                    self.places(rule, clause, places, &[("name", balancer.name.to_string())], None);
                }
            }
        }
    }

    fn places(
        &mut self,
        rule: &'r Rule,
        clause: &'r Clause,
        places: Vec<DeploymentPlace>,
        words: &[(&'static str, String)],
        service: Option<&ServiceName>,
    ) {
        for DeploymentPlace { location, value } in places {
            let Some(file) = self.project.file(&location.path) else { continue };
            let words = words.iter().cloned().chain([("value", value)]).collect();
            let services = service.cloned().into_iter().collect();
            self.add(rule, clause, Subjects { words, services, ..Subjects::at(file, location.span) });
        }
    }

    fn add(&mut self, rule: &'r Rule, clause: &'r Clause, subjects: Subjects) {
        let file = &self.project.files[subjects.file];
        let stated = clause.severity.unwrap_or(rule.severity).min(subjects.at_most);
        let stated = match stage::of(&file.path) {
            Stage::Deployed => stated,
            // What is meant to be copied shows what is meant to run, and no more.
            Stage::Sample => stated.min(Severity::Info),
            Stage::Workplace => return,
        };
        let (severity, provided) = match (&subjects.fit, clause.fallback) {
            (Fit::Fallback(_), None) => return,
            (Fit::Fallback(Some(name)), Some(fallback)) => {
                (fallback.min(stated), format!(", when `{name}` is not set"))
            }
            (Fit::Fallback(None), Some(fallback)) => {
                let provided = match file.language {
                    Language::Settings => ", where no other file says otherwise",
                    _ => ", in one of its branches",
                };
                (fallback.min(stated), provided.to_owned())
            }
            _ => (stated, String::new()),
        };
        if !self.taken.insert((&rule.id, subjects.file, subjects.span)) {
            // A start script, say, that several services share.
            let is_same =
                |hit: &&mut Hit<'r>| hit.rule.id == rule.id && hit.file == subjects.file && hit.span == subjects.span;
            if let Some(hit) = self.hits.iter_mut().find(is_same).filter(|_| !subjects.services.is_empty()) {
                let new: Vec<_> = subjects.services.into_iter().filter(|it| !hit.services.contains(it)).collect();
                hit.services.extend(new);
            }
            return;
        }
        let same = |hit: &&mut Hit<'r>, once| {
            std::ptr::eq(hit.words.say, clause.say.as_str()) && (once == Once::Project || hit.file == subjects.file)
        };
        let earlier = clause.once.and_then(|once| self.hits.iter_mut().find(|hit| same(hit, once)));
        if let Some(earlier) = earlier {
            if earlier.related.len() < MOST_PLACES {
                let location = Location::new(self.project.files[subjects.file].path.clone(), subjects.span);
                earlier.related.push(Related { location, message: "here as well".to_owned(), excerpt: None });
            }
            return;
        }
        let confidence = clause.confidence.unwrap_or(rule.confidence);
        self.hits.push(Hit {
            rule,
            file: subjects.file,
            span: subjects.span,
            function: subjects.function,
            severity,
            confidence: if file.is_assumed { confidence.lower() } else { confidence },
            words: Words { say: &clause.say, values: subjects.words, provided },
            fix: clause.fix.clone().unwrap_or_else(|| rule.fix.clone()),
            related: subjects.related,
            routes: subjects.routes,
            occasions: subjects.occasions,
            variable: if let Fit::Fallback(name) = subjects.fit { name } else { None },
            texts: subjects.texts,
            services: subjects.services,
        });
    }

    /// Does what a call sets going do what the conditions ask for?
    fn reaches(&mut self, conditions: &'r Conditions, file: FileId, call: &Call) -> bool {
        if conditions.if_reaches.is_empty() && conditions.unless_reaches.is_empty() {
            return true;
        }
        let arguments = call.arguments.iter();
        let mut start: Vec<FunctionRef> =
            arguments.flat_map(|argument| named_functions(self.project, file, &argument.value)).collect();
        let around = call.decorates.or(call.function.filter(|_| start.is_empty()));
        start.extend(around.map(|function| FunctionRef { file, function }));
        let reached = self.edges.reached_from(start);
        conditions.if_reaches.iter().all(|evidence| self.seen.in_any(evidence, &reached))
            && !conditions.unless_reaches.iter().any(|evidence| self.seen.in_any(evidence, &reached))
    }

    fn surroundings(&self, conditions: &'r Conditions, file: FileId, function: Option<FunctionId>) -> bool {
        let facts = &self.project.files[file];
        let in_handler = || self.reach.get(file, function).is_some();
        let place = match conditions.place {
            Place::Anywhere => true,
            Place::Module => function.is_none(),
            Place::Handler => in_handler(),
            Place::Startup => !in_handler(),
        };
        let in_function = |evidence: &'r Evidence| match function {
            Some(function) => self.seen.in_function(evidence, FunctionRef { file, function }),
            None => self.seen.in_file(evidence, file),
        };
        let in_file = |evidence: &'r Evidence| {
            self.seen.in_file(evidence, file) || evidence.handler && self.reach.any_in(Some(file))
        };
        let in_project =
            |evidence: &'r Evidence| self.seen.in_project(evidence) || evidence.handler && self.reach.any_in(None);
        let here = conditions.path.as_ref().is_none_or(|paths| paths.matches(&facts.path));
        let elsewhere = !conditions.unless_path.as_ref().is_some_and(|paths| paths.matches(&facts.path));
        place
            && here
            && elsewhere
            && conditions.if_function.as_ref().is_none_or(in_function)
            && conditions.if_file.as_ref().is_none_or(in_file)
            && conditions.if_project.as_ref().is_none_or(in_project)
            && !conditions.unless_function.as_ref().is_some_and(in_function)
            && !conditions.unless_file.as_ref().is_some_and(in_file)
            && !conditions.unless_project.as_ref().is_some_and(in_project)
            && conditions
                .if_service
                .as_ref()
                .is_none_or(|pattern| deployment::is_run_by(self.fleet, &facts.path, pattern, self.singletons))
    }

    /// What is known of the functions that use a state.
    fn reached<'u, T: Ord>(
        &'u self,
        uses: &Uses<'_>,
        known: impl Fn(&'u Reached) -> &'u BTreeSet<T>,
    ) -> BTreeSet<&'u T> {
        let accesses = uses.writes.iter().chain(&uses.reads);
        let reached = accesses.filter_map(|(file, access)| self.reach.get(*file, access.function));
        reached.flat_map(known).collect()
    }

    fn related(&self, uses: &Uses<'_>, file: FileId, declared: Span) -> Vec<Related> {
        let mut lines = HashSet::from([(file, declared.line)]);
        let mut related = Vec::new();
        let mut name = |accesses: &[(FileId, &Access)], message: &str| {
            let new = accesses.iter().filter(|(file, access)| lines.insert((*file, access.span.line)));
            related.extend(new.take(MOST_RELATED).map(|(file, access)| Related {
                location: Location::new(self.project.files[*file].path.clone(), access.span),
                message: message.to_owned(),
                excerpt: None,
            }));
        };
        name(&uses.writes, "written here");
        name(&uses.reads, "read here");
        related
    }
}

/// A value that was chosen, and that does not fit what the clause warns of.
fn is_sound<'a>(pattern: &ValuePattern, value: &'a Value, constants: &Constants<'a>) -> bool {
    !matches!(value, Value::Null | Value::Unknown) && value::fit(pattern, value, constants) == Fit::No
}
