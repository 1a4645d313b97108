//! What one process keeps of a pool of connections: options of the call that makes it, settings, parameters of an address, defaults.

use std::collections::HashSet;
use std::sync::Arc;

use super::deployment::{self, DatabaseServer, Deployed, Excess, Fleet, Pool};
use super::project::{FileId, Project};
use super::settings::meaning;
use super::sight::{Fact, each_key};
use super::value::{self, Lookup};
use crate::model::Name;
use crate::model::fact::{Argument, FileFacts, Language, Setting, Value};
use crate::model::finding::Related;
use crate::model::location::{Location, Span};
use crate::rules::connections::{ConnectionsPattern, Part};
use crate::source::stage::{self, Stage};

/// Names that stand for values are followed this far.
const MOST_STEPS: u32 = 6;

/// Where a pool is made, and in what it is to be seen.
pub struct Pools<'p, 'a> {
    pub project: &'p Project<'a>,
    pub fleet: &'p Fleet<'p>,
    pub servers: &'p [DatabaseServer<'p>],
    /// Services that are meant to run once.
    pub singletons: &'p [Name],
}

/// A number, and where it is stated if it is not where the pool is made.
type Stated = (u32, Option<Location>);

impl Pools<'_, '_> {
    /// Are the connections of the pool that is made here, over all instances, more than the database takes?
    pub fn excess(
        &self,
        pattern: &ConnectionsPattern,
        options_at: Option<usize>,
        file: FileId,
        fact: &Fact,
    ) -> Option<Excess> {
        if !self.servers.iter().any(|server| pattern.to.contains(&server.database)) {
            return None;
        }
        let facts = &self.project.files[file];
        let made = Made {
            file,
            options_at,
            arguments: arguments(facts, fact),
            value: value(facts, fact),
            span: span(facts, fact),
            is_setting: !matches!(fact, Fact::Call(_)),
        };
        let texts = |app: &Deployed<'_>| self.texts(app, &made);
        let pool = |app: &Deployed<'_>, server: &DatabaseServer<'_>, texts: &[Name]| {
            self.pool(pattern, &made, app, server, texts)
        };
        deployment::excess(self.fleet, self.servers, &pattern.to, &facts.path, &texts, &pool, self.singletons)
    }

    /// Texts that may name the database: of the environment, of the files of settings, and what stands where the pool is made.
    fn texts(&self, app: &Deployed<'_>, made: &Made<'_>) -> Vec<Name> {
        let constants = |name: &str| self.project.constant(made.file, name);
        let mut texts = Vec::new();
        let variables = app.service.environment.iter().filter(|setting| !names_no_host(&setting.key));
        variables.for_each(|setting| value::texts(&setting.value, &constants, &mut texts));
        for file in self.files_of(app).filter(|file| file.language == Language::Settings) {
            file.settings.iter().for_each(|setting| value::texts(&setting.value, &|_| None, &mut texts));
        }
        made.arguments.iter().for_each(|argument| value::texts(&argument.value, &constants, &mut texts));
        made.value.iter().for_each(|value| value::texts(value, &constants, &mut texts));
        texts
    }

    fn files_of<'s>(&'s self, app: &'s Deployed<'_>) -> impl Iterator<Item = &'s FileFacts> {
        let files = self.project.files.iter();
        let configures = |file: &&FileFacts| file.language.is_code() || file.language == Language::Settings;
        files.filter(configures).filter(|file| {
            stage::of(&file.path) == Stage::Deployed && deployment::runs_code(self.fleet, app, &file.path)
        })
    }

    fn pool(
        &self,
        pattern: &ConnectionsPattern,
        made: &Made<'_>,
        app: &Deployed<'_>,
        server: &DatabaseServer<'_>,
        texts: &[Name],
    ) -> Option<Pool> {
        let home = &self.project.files[made.file].path;
        if !made.is_setting && !self.may_run(app, made.file) {
            return None;
        }
        let mut pool = Pool::default();
        for part in &pattern.pool {
            let stated = self.part(part, made, app, server, texts)?;
            let by_default = stated.is_none();
            let (value, place) = stated.or_else(|| Some((part.default?, None)))?;
            let location = place.unwrap_or_else(|| Location::new(Arc::clone(home), made.span));
            let message = match by_default {
                true => format!("`{}` is {value} by default", part.name),
                false => format!("`{}` is {value}", part.name),
            };
            pool.parts.push(value);
            pool.stated.push(Related { location, message, excerpt: None });
        }
        Some(pool)
    }

    /// Do the programs that the service's command names import the file, or is that not known?
    fn may_run(&self, app: &Deployed<'_>, file: FileId) -> bool {
        let files = self.project.files;
        let is_script =
            |file: &FileFacts| matches!(file.language, Language::Python | Language::JavaScript | Language::TypeScript);
        let is_program = |file: &FileFacts| {
            is_script(file)
                && deployment::starts(&app.service, &file.path)
                && deployment::runs_code(self.fleet, app, &file.path)
        };
        let mut open: Vec<FileId> = (0..files.len()).filter(|id| is_program(&files[*id])).collect();
        if open.is_empty() || !is_script(&files[file]) {
            return true;
        }
        let mut found: HashSet<FileId> = open.iter().copied().collect();
        while let Some(next) = open.pop() {
            let imported = files[next].imports.iter().flat_map(|import| self.project.module(next, &import.module));
            for file in imported.flat_map(|file| self.with_package(file)) {
                if found.insert(file) {
                    open.push(file);
                }
            }
        }
        found.contains(&file)
    }

    /// `from shop import db` may mean any file of the package.
    fn with_package(&self, file: FileId) -> Vec<FileId> {
        let Some(folder) = self.project.files[file].path.strip_suffix("__init__.py") else { return vec![file] };
        let is_within = |path: &str| path.strip_prefix(folder).is_some_and(|name| !name.contains('/'));
        (0..self.project.files.len()).filter(|other| is_within(&self.project.files[*other].path)).collect()
    }

    /// What is stated of a part: `Some(None)` where nothing is, `None` where it is not known.
    fn part(
        &self,
        part: &Part,
        made: &Made<'_>,
        app: &Deployed<'_>,
        server: &DatabaseServer<'_>,
        texts: &[Name],
    ) -> Option<Option<Stated>> {
        let constants = |name: &str| self.project.constant(made.file, name);
        if let Some(option) = &part.option {
            match value::look_up(made.arguments, option, made.options_at, &constants) {
                Lookup::Found(value) => return Some(Some(self.number(value, made.file, app, MOST_STEPS)?)),
                Lookup::Opaque => return None,
                // `create_engine(url, **options)`
                Lookup::Absent if made.arguments.iter().any(|argument| argument.name.as_deref() == Some("...")) => {
                    return None;
                }
                Lookup::Absent => {}
            }
        }
        if let Some(keys) = &part.setting
            && let Some(stated) = self.setting(&|key| keys.matches(key), made, app)
        {
            return stated.map(Some);
        }
        if let Some(names) = &part.parameter {
            let addresses: Vec<&Name> =
                texts.iter().filter(|text| deployment::is_named(&server.deployed.service, text)).collect();
            let stated =
                names.iter().flat_map(|name| addresses.iter().filter_map(|text| parameter(text, name.as_str())));
            // Of several the smallest is certain.
            return match stated.min_by_key(|value| value.unwrap_or(0)) {
                Some(value) => value.map(|value| Some((value, None))),
                None if addresses.is_empty() => None,
                None => Some(None),
            };
        }
        Some(None)
    }

    /// A setting of the program: the service's own variables come before files. `Some(None)` where what it is is not known.
    fn setting(&self, is_meant: &dyn Fn(&str) -> bool, made: &Made<'_>, app: &Deployed<'_>) -> Option<Option<Stated>> {
        let mut found: Option<Option<Stated>> = None;
        let mut keys: Vec<String> = Vec::new();
        for file in self.files_of(app) {
            for setting in &file.settings {
                each_key(setting, &mut |key, value| {
                    if is_meant(key) {
                        keys.push(meaning(key));
                        let id = self.project.file(&file.path).unwrap_or(made.file);
                        let place = Location::new(Arc::clone(&file.path), setting.span);
                        let stated = self
                            .number(value, id, app, MOST_STEPS)
                            .map(|(value, other)| (value, other.or(Some(place))));
                        // Of several the smallest is certain.
                        let smaller = |known: &Option<Stated>| match (known, &stated) {
                            (Some(known), Some(stated)) => stated.0 < known.0,
                            (known, _) => known.is_some(),
                        };
                        if found.as_ref().is_none_or(smaller) {
                            found = Some(stated);
                        }
                    }
                });
            }
        }
        let is_variable = |setting: &&Setting| is_meant(&setting.key) || keys.contains(&meaning(&setting.key));
        match app.service.environment.iter().rev().find(is_variable) {
            Some(setting) => Some(
                self.number(&setting.value, made.file, app, MOST_STEPS)
                    .map(|(value, _)| (value, Some(app.place(setting.span)))),
            ),
            None => found,
        }
    }

    /// The number that a value stands for, as the service has it.
    fn number(&self, value: &Value, file: FileId, app: &Deployed<'_>, steps: u32) -> Option<Stated> {
        let steps = steps.checked_sub(1)?;
        match value {
            Value::Number(number) if number.fract() == 0.0 && (0.0..=1_000_000.0).contains(number) => {
                Some((*number as u32, None))
            }
            Value::Text(text) => Some((text.trim().parse().ok()?, None)),
            Value::Name(name) => {
                let (home, value) = match self.project.constant(file, name) {
                    Some(value) => (file, value),
                    None => self.project.held(file, name)?,
                };
                let setting =
                    self.project.files[home].settings.iter().find(|setting| std::ptr::eq(&setting.value, value));
                let place =
                    setting.map(|setting| Location::new(Arc::clone(&self.project.files[home].path), setting.span));
                let (number, other) = self.number(value, home, app, steps)?;
                Some((number, other.or(place)))
            }
            // `int(os.environ.get("POOL_SIZE", 5))`, `parseInt(process.env.POOL_MAX, 10)`
            Value::Call { arguments, .. } => match arguments.first() {
                Some(Argument {
                    value: value @ (Value::Environment { .. } | Value::OneOf(_) | Value::Number(_)),
                    ..
                }) => self.number(value, file, app, steps),
                _ => None,
            },
            Value::Environment { name, fallback } => {
                match app.service.environment.iter().rev().find(|setting| setting.key == *name) {
                    Some(setting) => match &setting.value {
                        Value::Environment { fallback: None, .. } => None,
                        value => Some((self.number(value, file, app, steps)?.0, Some(app.place(setting.span)))),
                    },
                    None => self.number(fallback.as_deref()?, file, app, steps),
                }
            }
            Value::OneOf(values) => {
                let numbers: Option<Vec<Stated>> =
                    values.iter().map(|value| self.number(value, file, app, steps)).collect();
                numbers?.into_iter().min_by_key(|(number, _)| *number)
            }
            _ => None,
        }
    }
}

/// What makes a pool.
struct Made<'m> {
    file: FileId,
    options_at: Option<usize>,
    arguments: &'m [Argument],
    value: Option<&'m Value>,
    span: Span,
    /// It is not made by code, but by a framework that reads a file.
    is_setting: bool,
}

fn arguments<'m>(facts: &'m FileFacts, fact: &Fact) -> &'m [Argument] {
    match fact {
        Fact::Call(index) => &facts.calls[*index].arguments,
        _ => &[],
    }
}

fn value<'m>(facts: &'m FileFacts, fact: &Fact) -> Option<&'m Value> {
    match fact {
        Fact::Setting(index, _) => Some(&facts.settings[*index].value),
        _ => None,
    }
}

fn span(facts: &FileFacts, fact: &Fact) -> Span {
    match fact {
        Fact::Call(index) => facts.calls[*index].span,
        Fact::Import(index) => facts.imports[*index].span,
        Fact::Dependency(index) => facts.dependencies[*index].span,
        Fact::Setting(index, _) => facts.settings[*index].span,
    }
}

/// `POSTGRES_DB=db` names a database and no host, and so do its users.
fn names_no_host(variable: &str) -> bool {
    ["_DB", "_NAME", "_DATABASE", "_USER", "_USERNAME", "_PASSWORD"].iter().any(|end| variable.ends_with(end))
}

/// The number of a parameter of an address: `?connection_limit=5`, `;Maximum Pool Size=50`. `Some(None)` where it is none.
fn parameter(address: &str, name: &str) -> Option<Option<u32>> {
    let address = address.to_ascii_lowercase();
    let (_, rest) = address.split_once(&format!("{}=", name.to_ascii_lowercase()))?;
    let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    Some(rest[..end].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_addresses_are_numbers() {
        for (address, name, expected) in [
            ("postgres://shop@db/shop?connection_limit=15", "connection_limit", Some(Some(15))),
            ("postgres://shop@db/shop?schema=public&connection_limit=5&x=1", "connection_limit", Some(Some(5))),
            ("Host=db;Maximum Pool Size=40;Username=shop", "maximum pool size", Some(Some(40))),
            ("postgres://shop@db/shop?connection_limit=${LIMIT}", "connection_limit", Some(None)),
            ("postgres://shop@db/shop", "connection_limit", None),
        ] {
            assert_eq!(parameter(address, name), expected, "{address}");
        }
    }

    #[test]
    fn variables_that_name_databases_and_users_name_no_host() {
        assert!(names_no_host("POSTGRES_DB") && names_no_host("DB_USER"));
        assert!(!names_no_host("DB_HOST") && !names_no_host("DATABASE_URL"));
    }
}
