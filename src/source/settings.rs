//! Configuration files to facts: every value under the dotted key that its file gives it.
//!
//! Pure: text in, facts out. Which file is read, and as what, is told by `settings/files.tsv`. What the formats share stands here:
//!
//! - A key is written as its file nests it: `spring.session.store-type`, `production.adapter`,
//!   `configuration.system.web.sessionState.mode`. Elements of lists go by their number, from 0: `Serilog.WriteTo.0.Name`.
//! - A value that the environment gives is a [`Value::Environment`], with what it falls back to ([`placeholder`]).
//! - Of a key that a document has twice the later value counts, as it does for the programs that read these files. YAML refuses that.
//! - What a document says of tests or of a developer's machine (`when@test:`, `%dev.key`, a profile) is left out, and what it says
//!   of production goes by the key alone. A whole *file* for another [`stage`] keeps its facts: what they are worth is for `lint` to say.

mod dockerfile;
mod dotenv;
mod erb;
mod hocon;
mod ini;
mod json;
mod placeholder;
mod prisma;
mod properties;
mod shell;
#[cfg(test)]
mod tests;
mod xml;
mod yaml;

use std::collections::HashMap;
use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::language::Extracted;
use super::language::grammar::{MARK, directive};
use super::language::lines::Lines;
use super::{has_room, stage};
use crate::model::Name;
use crate::model::fact::{FileFacts, Language, Setting, Value};
use crate::model::location::Span;
use crate::model::problem::Problem;

/// Reads one format.
type Format = fn(&mut Sheet<'_>);

/// The formats, by their names in `files.tsv`.
const FORMATS: &[(&str, Format)] = &[
    ("dockerfile", dockerfile::read),
    ("dotenv", dotenv::read),
    ("hocon", hocon::read),
    ("ini", ini::read),
    ("json", json::read),
    ("prisma", prisma::read),
    ("properties", properties::read),
    ("shell", shell::read),
    ("xml", xml::read),
    ("yaml", yaml::read),
];

/// A key that is longer is the name of nothing.
const MAX_KEY: usize = 400;
/// More settings than this are data.
const MAX_SETTINGS: usize = 10_000;
/// Nesting beyond this is nobody's configuration.
const MAX_DEPTH: usize = 64;

struct Files {
    globs: GlobSet,
    formats: Vec<&'static (&'static str, Format)>,
}

static FILES: LazyLock<Files> = LazyLock::new(|| {
    let mut builder = GlobSetBuilder::new();
    let mut formats = Vec::new();
    for line in include_str!("settings/files.tsv").lines().filter(|line| !line.starts_with('#')) {
        let Some((name, pattern)) = line.split_once('\t') else { continue };
        let format = FORMATS.iter().find(|(known, _)| *known == name);
        let glob =
            GlobBuilder::new(pattern).literal_separator(true).empty_alternates(true).case_insensitive(true).build();
        // A test holds every line to name a format and a valid pattern.
        if let (Some(format), Ok(glob)) = (format, glob) {
            builder.add(glob);
            formats.push(format);
        }
    }
    Files { globs: builder.build().unwrap_or_default(), formats }
});

/// The format of a configuration file, and its name.
fn format(path: &str) -> Option<&'static (&'static str, Format)> {
    FILES.globs.matches(path).first().and_then(|first| FILES.formats.get(*first)).copied()
}

/// Who reads a configuration file, by its path.
pub fn reader(path: &str) -> Option<super::Reader> {
    format(path)?;
    Some(|path, text| {
        let mut sheet = Sheet::new(path, text);
        if let Some((_, read)) = format(path) {
            read(&mut sheet);
        }
        sheet.finish()
    })
}

/// One configuration file while it is read. Places are byte offsets.
struct Sheet<'t> {
    path: &'t str,
    text: &'t str,
    lines: Lines<'t>,
    facts: FileFacts,
    problems: Vec<Problem>,
    /// Where the document that is read now keeps its keys, and where it begins.
    known: HashMap<Name, usize>,
    document: usize,
}

impl<'t> Sheet<'t> {
    fn new(path: &'t str, text: &'t str) -> Self {
        let lines = Lines::new(text);
        let mut facts = FileFacts::empty(path, Language::Settings);
        facts.lines = lines.count();
        Sheet { path, text, lines, facts, problems: Vec::new(), known: HashMap::new(), document: 0 }
    }

    fn finish(mut self) -> Extracted {
        self.facts.settings.sort_by_key(|setting| setting.span);
        Extracted { facts: self.facts, problems: self.problems }
    }

    fn set(&mut self, key: &str, value: Value, start: usize, end: usize) {
        let span = self.span(start, end);
        self.set_at(key, value, span);
    }

    fn set_at(&mut self, key: &str, value: Value, span: Span) {
        let Some(key) = deployed(key).filter(|key| !key.is_empty() && key.len() <= MAX_KEY) else { return };
        let setting = Setting { key: Name::new(key), value, function: None, span };
        if let Some(known) = self.known.get(key).and_then(|at| self.facts.settings.get_mut(*at)) {
            *known = setting;
        } else if self.facts.settings.len() < MAX_SETTINGS {
            self.known.insert(setting.key.clone(), self.facts.settings.len());
            self.facts.settings.push(setting);
            if self.facts.settings.len() == MAX_SETTINGS {
                self.problem_at(format!("further settings, beyond the first {MAX_SETTINGS}, are not read"), span);
            }
        }
    }

    /// What this document says so far of a key.
    fn get(&self, key: &str) -> Option<&Value> {
        self.known.get(key).and_then(|at| self.facts.settings.get(*at)).map(|setting| &setting.value)
    }

    /// The file goes on with another document; what the last one says counts unless it speaks of no deployment.
    fn end_document(&mut self) {
        // https://docs.spring.io/spring-boot/reference/features/external-config.html: a document for some profiles only.
        const PROFILES: [&str; 3] = ["spring.config.activate.on-profile", "spring.profiles", "micronaut.environments"];
        let profile = PROFILES.iter().find_map(|key| match self.get(key) {
            Some(Value::Text(text)) => Some(
                text.split([',', '&', '|', ' '])
                    .map(str::trim)
                    .all(|profile| profile.is_empty() || stage::is_workplace(profile)),
            ),
            _ => None,
        });
        if profile == Some(true) {
            self.facts.settings.truncate(self.document);
        }
        self.known.clear();
        self.document = self.facts.settings.len();
    }

    /// Takes note of a comment, from its sign to its end.
    fn comment(&mut self, start: usize, end: usize) {
        let text = self.text.get(start..end).unwrap_or_default();
        if let Some(at) = text.find(MARK) {
            self.facts.directives.push(directive(self.text, start + at, start, end, &self.lines));
        }
    }

    fn problem(&mut self, message: impl Into<String>, start: usize, end: usize) {
        let span = self.span(start, end);
        self.problem_at(message, span);
    }

    fn problem_at(&mut self, message: impl Into<String>, span: Span) {
        if has_room(&mut self.problems, self.path) {
            self.problems.push(Problem::new(message).at(self.path, span, self.text));
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let (start, end) = (start.min(self.text.len()), end.min(self.text.len()));
        self.lines.span(start as u32, end.max(start) as u32)
    }

    /// The lines with where each begins, their ends left out.
    fn each_line(&self) -> impl Iterator<Item = (usize, &'t str)> + use<'t> {
        let mut start = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let at = start;
            start += line.len();
            (at, line.trim_end_matches(['\n', '\r']))
        })
    }
}

/// A key without the environment that it is for: `when@prod.framework.cache.app` (Symfony), `%prod.quarkus.datasource.jdbc.url`
/// (Quarkus). `None` where nothing is deployed there.
fn deployed(key: &str) -> Option<&str> {
    let Some(rest) = key.strip_prefix("when@").or_else(|| key.strip_prefix('%')) else { return Some(key) };
    let (environments, key) = rest.split_once('.')?;
    let is_workplace = |name: &str| stage::is_workplace(name.trim_matches('%'));
    (!environments.trim_matches('"').split(',').all(is_workplace)).then_some(key)
}

/// A value that is written without quotes.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" => Value::Null,
        _ if text.eq_ignore_ascii_case("null") => Value::Null,
        _ if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        _ if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::Text(text.into())),
    }
}

/// A decimal number; `inf`, `nan` and what begins with `+` or a superfluous zero (a phone number, a mode of a file) is text.
fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.starts_with(|first: char| first.is_ascii_digit())
        && !(digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."));
    text.parse().ok().filter(|_| is_plain && digits.len() < 16).map(Value::Number)
}
