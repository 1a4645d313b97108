//! One way in which a hazard shows: a subject to look for, and the conditions under which it counts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::connections::ConnectionsPattern;
use super::deployed::{BalancerPattern, ServicePattern};
use super::pattern::{Patterns, ValuePattern};
use super::version::Version;
use crate::model::Name;
use crate::model::fact::{AccessKind, Language, Level};
use crate::model::finding::{Confidence, Severity};

/// One entry of `detect`. Clauses are tried in the order of the file; at one place only the first that fits speaks, so an
/// exception with a milder severity goes before the general case.
#[derive(Clone, Debug)]
pub struct Clause {
    /// Languages that it is about; empty for all. `javascript` means TypeScript as well.
    pub languages: Vec<Dialect>,
    pub subject: Subject,
    pub conditions: Conditions,
    /// What is here, as one sentence. `{name}`, `{callee}`, `{service}`, `{replicas}`, `{times}`, `{value}` and `{routes}` are filled in;
    /// `{routes}` is "handlers" where none is known.
    pub say: String,
    pub severity: Option<Severity>,
    pub confidence: Option<Confidence>,
    pub fix: Option<String>,
    /// One choice stands behind all of these places: one is reported, and the others are named with it.
    pub once: Option<Once>,
    /// The severity where the unsafe value is only what the environment or another branch falls back to.
    pub fallback: Option<Severity>,
}

impl Clause {
    pub fn speaks(&self, language: Language) -> bool {
        self.languages.is_empty() || self.languages.iter().any(|dialect| dialect.covers(language))
    }
}

/// What a clause looks for.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A call, a constructor call or a decorator, by the symbol of its callee.
    Call(Patterns),
    /// An import, by its module.
    Import(Patterns),
    /// An assignment in code or a line of configuration, by its key. Keys of nested objects are joined by dots.
    Setting {
        key: Patterns,
        value: Option<ValuePattern>,
    },
    /// A dependency in a manifest, by its name.
    Dependency(Patterns),
    Class(ClassPattern),
    State(StatePattern),
    Service(Box<ServicePattern>),
    Balancer(Box<BalancerPattern>),
}

/// Conditions on what surrounds the subject; all of them must hold.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// The position, from 0, of the argument that holds the options; where that is something that cannot be looked into, the
    /// clause stays silent. Not given: options are looked for in every argument.
    pub options_at: Option<usize>,
    /// Options of the same call and what each must be. A number names a position, `a.b` an option within an option,
    /// `path|0` either of the two.
    pub with: BTreeMap<Name, ValuePattern>,
    /// Options that the same call must not have.
    pub without: Vec<Name>,
    /// Like `with`; one that holds silences the clause.
    pub unless_with: BTreeMap<Name, ValuePattern>,
    pub place: Place,
    /// Files, by their paths, of which alone the clause speaks.
    pub path: Option<Patterns>,
    /// Files, by their paths, in which the clause stays silent.
    pub unless_path: Option<Patterns>,
    /// For a call: what the functions that it is handed must do, themselves or through others; for one that is handed none, what
    /// the function around it must do. All of these must be found.
    pub if_reaches: Vec<Evidence>,
    /// Like `if_reaches`; one that is found silences the clause.
    pub unless_reaches: Vec<Evidence>,
    pub if_function: Option<Evidence>,
    pub if_file: Option<Evidence>,
    pub if_project: Option<Evidence>,
    pub unless_function: Option<Evidence>,
    pub unless_file: Option<Evidence>,
    pub unless_project: Option<Evidence>,
    /// For a place in code: a service that runs this code, and that all of it fits.
    pub if_service: Option<ServicePattern>,
    /// For a service: must hold in a file of the code that it runs.
    pub if_code: Option<Evidence>,
    /// Like `if_code`; one that is found silences the clause.
    pub unless_code: Option<Evidence>,
    /// The subject makes a pool of connections; must be more, over all instances, than the database takes.
    pub connections: Option<ConnectionsPattern>,
}

/// Of what one finding is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Once {
    File,
    Project,
}

/// Where in the file the subject must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    #[default]
    Anywhere,
    /// Outside of every function.
    Module,
    /// In a handler or in something that a handler calls.
    Handler,
    /// Anywhere but in a handler and in what handlers call.
    Startup,
}

/// Something that is somewhere in the function, the file or the project. One field that is satisfied is enough.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub call: Option<Patterns>,
    /// Options of that call and what each must be, as in [`Conditions::with`].
    #[serde(default)]
    pub with: BTreeMap<Name, ValuePattern>,
    pub import: Option<Patterns>,
    pub setting: Option<Patterns>,
    /// Files, by their paths, in which it counts.
    pub path: Option<Patterns>,
    /// What the setting must be.
    pub value: Option<ValuePattern>,
    pub dependency: Option<Patterns>,
    /// Versions of that dependency: the least that its requirement allows is below this one, `3.4`.
    pub below: Option<Version>,
    /// Versions of that dependency: the least that its requirement allows is this one or a later one.
    pub from: Option<Version>,
    /// A function that answers requests, messages or events.
    #[serde(default)]
    pub handler: bool,
}

/// Languages as rules name them. `javascript` means TypeScript as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    Python,
    JavaScript,
    Rust,
    Go,
    Java,
    Kotlin,
    Ruby,
    Php,
    CSharp,
    Compose,
    Procfile,
    Gunicorn,
    Kubernetes,
    Helm,
    Platform,
    Terraform,
    Supervisor,
    Systemd,
    Cron,
    Workers,
    Nginx,
    HaProxy,
    Traefik,
    Caddy,
    Envoy,
    Manifest,
    Settings,
}

impl Dialect {
    fn language(self) -> Language {
        match self {
            Dialect::Python => Language::Python,
            Dialect::JavaScript => Language::JavaScript,
            Dialect::Rust => Language::Rust,
            Dialect::Go => Language::Go,
            Dialect::Java => Language::Java,
            Dialect::Kotlin => Language::Kotlin,
            Dialect::Ruby => Language::Ruby,
            Dialect::Php => Language::Php,
            Dialect::CSharp => Language::CSharp,
            Dialect::Compose => Language::Compose,
            Dialect::Procfile => Language::Procfile,
            Dialect::Gunicorn => Language::Gunicorn,
            Dialect::Kubernetes => Language::Kubernetes,
            Dialect::Helm => Language::Helm,
            Dialect::Platform => Language::Platform,
            Dialect::Terraform => Language::Terraform,
            Dialect::Supervisor => Language::Supervisor,
            Dialect::Systemd => Language::Systemd,
            Dialect::Cron => Language::Cron,
            Dialect::Workers => Language::Workers,
            Dialect::Nginx => Language::Nginx,
            Dialect::HaProxy => Language::HaProxy,
            Dialect::Traefik => Language::Traefik,
            Dialect::Caddy => Language::Caddy,
            Dialect::Envoy => Language::Envoy,
            Dialect::Manifest => Language::Manifest,
            Dialect::Settings => Language::Settings,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        if self == Dialect::JavaScript { "JavaScript/TypeScript" } else { self.language().name() }
    }

    pub fn covers(self, language: Language) -> bool {
        self.language() == language || self == Dialect::JavaScript && language == Language::TypeScript
    }
}

/// What kind of occasion runs a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// An HTTP request.
    Request,
    /// A message of a chat, a queue or a topic.
    Message,
    /// An event of a library: a connection, a change.
    Event,
    /// Something on a WebSocket.
    Websocket,
    /// A clock.
    Timer,
}

/// Process state: a binding that outlives a request.
///
/// It counts when a function that serves the given occasions, or one that such a function calls, writes to it; never by its
/// declaration alone. Fields of objects count when the object is made once, outside of the handlers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatePattern {
    /// Where it lives; empty for everywhere.
    #[serde(default)]
    pub level: Vec<Level>,
    /// What it holds at the beginning; empty for any of these.
    #[serde(default)]
    pub shape: Vec<ShapeName>,
    /// The callee whose result it holds, instead of a shape: `cachetools.TTLCache`.
    pub made_by: Option<Patterns>,
    /// Its name in lower case and without its class: `carts` for `~Shop().carts`.
    pub named: Option<Patterns>,
    pub not_named: Option<Patterns>,
    /// Kinds of writing, one of which must happen; empty for any.
    #[serde(default)]
    pub writes: Vec<AccessKind>,
    /// Occasions that write to it; empty for all but the clock.
    #[serde(default)]
    pub written_on: Vec<Occasion>,
    /// Must it be read back by such a function as well? A write that gives the old value counts as reading.
    #[serde(default = "yes")]
    pub read: bool,
    /// Does something count that one function alone fills and reads, as a memo of a computation does?
    #[serde(default)]
    pub memo: bool,
}

fn yes() -> bool {
    true
}

/// Shapes as rules name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShapeName {
    Map,
    List,
    Set,
    Number,
    Text,
    Bool,
    Null,
}

/// A class, by what it extends or by how it is decorated; of the fields that are given all must fit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPattern {
    /// What it extends, implements or mixes in, directly or through classes of the project.
    pub extends: Option<Patterns>,
    /// A decorator, annotation or attribute that it has.
    pub decorated: Option<Patterns>,
    /// Its name.
    pub named: Option<Patterns>,
}

impl ClassPattern {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self.extends.is_some() || self.decorated.is_some() || self.named.is_some() {
            true => Ok(()),
            false => Err("a class is told by `extends`, `decorated` or `named`"),
        }
    }
}

/// What a clause says where the unsafe value is only a fallback.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fallback {
    /// A default that the configuration is there to override is no hazard.
    Silent,
    Info,
    Warning,
    Error,
}

impl Fallback {
    fn severity(self) -> Option<Severity> {
        match self {
            Fallback::Silent => None,
            Fallback::Info => Some(Severity::Info),
            Fallback::Warning => Some(Severity::Warning),
            Fallback::Error => Some(Severity::Error),
        }
    }
}

/// A clause as the file writes it; [`RawClause::check`] turns it into a [`Clause`] or says why it is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClause {
    #[serde(default, rename = "in")]
    languages: Vec<Dialect>,
    call: Option<Patterns>,
    import: Option<Patterns>,
    setting: Option<Patterns>,
    value: Option<ValuePattern>,
    dependency: Option<Patterns>,
    class: Option<ClassPattern>,
    state: Option<StatePattern>,
    service: Option<ServicePattern>,
    balancer: Option<BalancerPattern>,
    options_at: Option<usize>,
    #[serde(default)]
    with: BTreeMap<Name, ValuePattern>,
    #[serde(default)]
    without: Vec<Name>,
    #[serde(default)]
    unless_with: BTreeMap<Name, ValuePattern>,
    #[serde(default)]
    at: Place,
    path: Option<Patterns>,
    unless_path: Option<Patterns>,
    #[serde(default)]
    if_reaches: Vec<Evidence>,
    #[serde(default)]
    unless_reaches: Vec<Evidence>,
    if_function: Option<Evidence>,
    if_file: Option<Evidence>,
    if_project: Option<Evidence>,
    unless_function: Option<Evidence>,
    unless_file: Option<Evidence>,
    unless_project: Option<Evidence>,
    if_service: Option<ServicePattern>,
    if_code: Option<Evidence>,
    unless_code: Option<Evidence>,
    connections: Option<ConnectionsPattern>,
    say: String,
    severity: Option<Severity>,
    confidence: Option<Confidence>,
    fix: Option<String>,
    once: Option<Once>,
    fallback: Option<Fallback>,
}

/// The words in braces that `say` may use.
pub const PLACEHOLDERS: [&str; 7] = ["name", "callee", "service", "replicas", "times", "value", "routes"];

impl RawClause {
    pub(super) fn check(self) -> Result<Clause, String> {
        check_placeholders(&self.say)?;
        let about_options = !self.with.is_empty() || !self.without.is_empty() || !self.unless_with.is_empty();
        if self.call.is_none() && about_options {
            return Err("`with`, `without` and `unless_with` speak of a call: this clause has no `call`".into());
        }
        if self.call.is_none() && !(self.if_reaches.is_empty() && self.unless_reaches.is_empty()) {
            return Err("`if_reaches` and `unless_reaches` speak of a call: this clause has no `call`".into());
        }
        if self.service.is_none() && (self.if_code.is_some() || self.unless_code.is_some()) {
            return Err(
                "`if_code` and `unless_code` speak of the code of a service: this clause has no `service`".into()
            );
        }
        if self.service.is_some() && self.if_service.is_some() {
            return Err("`if_service` speaks of what runs a place in code: this clause has a `service` itself".into());
        }
        if self.setting.is_none() && self.value.is_some() {
            return Err("`value` speaks of a setting: this clause has no `setting`".into());
        }
        if let Some(connections) = &self.connections {
            connections.check()?;
            if self.call.is_none() && self.setting.is_none() && self.dependency.is_none() {
                return Err("`connections` speaks of what makes a pool: a `call`, a `setting` or a `dependency`".into());
            }
        }
        let mut subjects = Vec::new();
        subjects.extend(self.call.map(Subject::Call));
        subjects.extend(self.import.map(Subject::Import));
        subjects.extend(self.setting.map(|key| Subject::Setting { key, value: self.value }));
        subjects.extend(self.dependency.map(Subject::Dependency));
        if let Some(class) = &self.class {
            class.check()?;
        }
        subjects.extend(self.class.map(Subject::Class));
        subjects.extend(self.state.map(Subject::State));
        subjects.extend(self.service.map(|service| Subject::Service(Box::new(service))));
        subjects.extend(self.balancer.map(|balancer| Subject::Balancer(Box::new(balancer))));
        let subject = match (subjects.pop(), subjects.pop()) {
            (Some(subject), None) => subject,
            (None, _) => {
                return Err(
                    "a clause needs one of `call`, `import`, `setting`, `dependency`, `class`, `state`, `service`, `balancer`"
                        .into(),
                );
            }
            _ => return Err("a clause has one subject: make two clauses of this one".into()),
        };
        let evidence = [
            &self.if_function,
            &self.if_file,
            &self.if_project,
            &self.unless_function,
            &self.unless_file,
            &self.unless_project,
            &self.if_code,
            &self.unless_code,
        ];
        let reached = self.if_reaches.iter().chain(&self.unless_reaches);
        evidence.into_iter().flatten().chain(reached).try_for_each(Evidence::check)?;

        Ok(Clause {
            languages: self.languages,
            subject,
            conditions: Conditions {
                options_at: self.options_at,
                with: self.with,
                without: self.without,
                unless_with: self.unless_with,
                place: self.at,
                path: self.path,
                unless_path: self.unless_path,
                if_reaches: self.if_reaches,
                unless_reaches: self.unless_reaches,
                if_function: self.if_function,
                if_file: self.if_file,
                if_project: self.if_project,
                unless_function: self.unless_function,
                unless_file: self.unless_file,
                unless_project: self.unless_project,
                if_service: self.if_service,
                if_code: self.if_code,
                unless_code: self.unless_code,
                connections: self.connections,
            },
            say: self.say.trim().to_owned(),
            severity: self.severity,
            confidence: self.confidence,
            fix: self.fix.map(|fix| fix.trim().to_owned()),
            once: self.once,
            fallback: self.fallback.unwrap_or(Fallback::Info).severity(),
        })
    }
}

impl Evidence {
    fn check(&self) -> Result<(), String> {
        let named = [&self.call, &self.import, &self.setting, &self.dependency].into_iter().any(Option::is_some);
        if self.call.is_none() && !self.with.is_empty() {
            return Err("`with` speaks of a call: this condition has no `call`".into());
        }
        if self.dependency.is_none() && (self.below.is_some() || self.from.is_some()) {
            return Err("`below` and `from` speak of a dependency: this condition has no `dependency`".into());
        }
        if !(named || self.handler) {
            return Err("a condition needs one of `call`, `import`, `setting`, `dependency`, `handler`".into());
        }
        Ok(())
    }
}

fn check_placeholders(say: &str) -> Result<(), String> {
    if say.trim().is_empty() {
        return Err("`say` is empty: every clause says what it has found".into());
    }
    let mut rest = say;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else { return Ok(()) };
        let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if is_word && !PLACEHOLDERS.contains(&word) {
            return Err(format!("`{{{word}}}` is unknown in `say`: known are {}", PLACEHOLDERS.join(", ")));
        }
        rest = after;
    }
    Ok(())
}
