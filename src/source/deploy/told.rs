//! Numbers that programs are told, or have a default for: `gunicorn --threads 4`, the graceful timeout of one that is told nothing.

use super::processes;
use crate::model::Name;
use crate::model::deployment::{Number, Service};
use crate::model::fact::{SCRIPT, Setting, Value};
use crate::model::location::Span;

/// A table of programs, its columns parted by tabs: the name, the number by default, options, variables and settings that state it, and
/// words with which it means nothing; `-` for nothing of a kind.
pub struct Programs(Vec<Program>);

/// A row of the table.
pub struct Program {
    name: &'static str,
    by_default: Option<u32>,
    options: Vec<&'static str>,
    variables: Vec<&'static str>,
    settings: Vec<&'static str>,
    unless: Vec<&'static str>,
}

/// What a program is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `None` where it is stated in a way that cannot be looked into.
    pub value: Option<u32>,
    /// `gunicorn --threads`, "the default of gunicorn".
    pub stated_as: Name,
    pub span: Span,
    pub by_default: bool,
}

impl Programs {
    /// Rows with too few columns are left out, and so are lines that begin with `#`.
    pub fn read(table: &'static str) -> Self {
        let words = |column: &'static str| column.split(' ').filter(|word| *word != "-").collect::<Vec<_>>();
        let rows = table.lines().filter(|line| !line.starts_with('#')).map(|row| row.split('\t'));
        let programs = rows.filter_map(|mut columns| {
            let (name, by_default) = (columns.next()?, columns.next()?.parse().ok());
            let mut words = || columns.next().map(words);
            let (options, variables, settings, unless) = (words()?, words()?, words()?, words()?);
            Some(Program { name, by_default, options, variables, settings, unless })
        });
        Programs(programs.collect())
    }

    /// The first program of the table that a command line starts, and the words behind it.
    pub fn started<'w, 'l>(&self, words: &'w [&'l str]) -> Option<(&Program, &'w [&'l str])> {
        let program = |word: &str| {
            let name = word.rsplit('/').next().unwrap_or(word).to_ascii_lowercase();
            self.0.iter().find(|program| program.name == name)
        };
        words.iter().enumerate().find_map(|(at, word)| Some((program(word)?, &words[at + 1..])))
    }
}

impl Program {
    /// The number that a service tells the program, whose name these words follow; `None` where it means nothing, or where there is none.
    pub fn told(&self, words: &[&str], service: &Service) -> Option<Told> {
        let is_class = |setting: &&Setting| setting.key == "worker_class";
        let class = service.settings.iter().find(is_class).and_then(|setting| text(&setting.value)).unwrap_or_default();
        let is_other = |word: &str| self.unless.iter().any(|other| word.to_ascii_lowercase().contains(other));
        if words.iter().any(|word| is_other(word)) || is_other(&class) {
            return None;
        }
        let command = service.command_span.unwrap_or(service.span);
        let told =
            |value, stated_as: String, span| Told { value, stated_as: stated_as.into(), span, by_default: false };
        if let Some(at) = words.iter().rposition(|word| self.options.contains(word)) {
            let value = words.get(at + 1).and_then(|word| most(word));
            return Some(told(value, format!("{} {}", self.name, words[at]), command));
        }
        let stated = |settings: &'_ [Setting], keys: &[&str]| {
            let setting = settings.iter().rev().find(|setting| keys.contains(&setting.key.as_str()))?;
            // `threads = 1` may read like a truth.
            let value = match &setting.value {
                Value::Bool(_) => None,
                value => processes::number_of(self.name, value).map(Number::least),
            };
            Some(told(value, format!("{} {}", self.name, setting.key), setting.span))
        };
        let by_default = || {
            let value = Some(self.by_default?);
            Some(Told { by_default: true, ..told(value, format!("the default of {}", self.name), command) })
        };
        stated(&service.settings, &self.settings)
            .or_else(|| stated(&service.environment, &self.variables))
            .or_else(by_default)
    }
}

/// Command lines: that of the service, and what a script runs that it names.
pub fn lines(service: &Service) -> Vec<String> {
    let is_line = |setting: &&Setting| setting.key == "ENTRYPOINT" || setting.key.starts_with(SCRIPT);
    let stated = service.settings.iter().filter(is_line).filter_map(|setting| text(&setting.value));
    service.command.iter().map(ToString::to_string).chain(stated).collect()
}

/// The words of command lines; `--threads=4` is two of them.
pub fn words(lines: &[String]) -> Vec<&str> {
    let parts = lines.iter().flat_map(|line| line.split([' ', '\n', '=', '"', '\'', ',']));
    parts.filter(|word| !word.is_empty()).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// `4`, and `1:5` for Puma's fewest and most.
fn most(word: &str) -> Option<u32> {
    word.rsplit(':').next()?.parse().ok().filter(|number| *number > 0)
}
