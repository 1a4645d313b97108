//! The file as it is written, and its way to a [`Config`].

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::problem::Source;
use super::values::{parse_duration, placeholders};
use super::{
    Accepted, Config, Isolation, Lint, Mention, REPLICA_PLACEHOLDERS, SERVICE_PLACEHOLDERS, Service, Start, split_words,
};
use crate::model::finding::Severity;
use crate::model::nearest::suggestion;
use crate::model::problem::Problem;

/// Reads scaleproof.yaml. `path` is only what problems call it; no file is opened.
pub fn parse(text: &str, path: &str) -> Result<Config, Problem> {
    let source = Source { path, text };
    // A file of nothing but comments has no document, and `null` is one with nothing in it.
    let file: Option<File> = serde_saphyr::from_str(text).map_err(|error| source.yaml(&error))?;
    file.unwrap_or_default().check(source)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    name: Option<Spanned<String>>,
    command: Option<Spanned<Words>>,
    env: Option<Ordered<Spanned<String>>>,
    ready: Option<Spanned<String>>,
    ready_timeout: Option<Spanned<String>>,
    replicas: Option<Spanned<u32>>,
    start: Option<StartName>,
    isolation: Option<IsolationName>,
    services: Option<Ordered<Spanned<ServiceFile>>>,
    scenarios: Option<Vec<Spanned<String>>>,
    shared: Option<Vec<Spanned<String>>>,
    singletons: Option<Vec<Spanned<String>>>,
    lint: Option<LintFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFile {
    command: Spanned<Words>,
    env: Option<Ordered<Spanned<String>>>,
    ready_timeout: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LintFile {
    fail_on: Option<Severity>,
    exclude: Option<Vec<Spanned<String>>>,
    rules: Option<Vec<Spanned<String>>>,
    severity: Option<Ordered<Spanned<SeverityName>>>,
    ignore: Option<Vec<Spanned<AcceptedFile>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptedFile {
    rule: Spanned<String>,
    paths: Spanned<Vec<Spanned<String>>>,
    reason: Spanned<String>,
}

/// What a finding weighs, or that it does not count at all.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SeverityName {
    Error,
    Warning,
    Info,
    Off,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StartName {
    Parallel,
    Sequential,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IsolationName {
    Private,
    Shared,
}

/// A command as one text or as a list. Not an untagged enum, which would lose the places of the list's items.
enum Words {
    Line(String),
    List(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command as a text or a list of texts")
            }

            fn visit_str<E>(self, line: &str) -> Result<Words, E> {
                Ok(Words::Line(line.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Words::List(words))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A mapping in the order of the text.
struct Ordered<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Ordered<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
            type Value = Ordered<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl File {
    fn check(self, source: Source<'_>) -> Result<Config, Problem> {
        let default = Config::default();
        let lint = self.lint.unwrap_or_default();
        Ok(Config {
            name: self.name.map(|name| filled(name, "name", source)).transpose()?,
            command: self
                .command
                .map(|words| command(words, REPLICA_PLACEHOLDERS, source))
                .transpose()?
                .unwrap_or_default(),
            env: environment(self.env, REPLICA_PLACEHOLDERS, source)?,
            ready: self.ready.map(|ready| path_to_ask(ready, source)).transpose()?,
            ready_timeout: duration(self.ready_timeout, default.ready_timeout, source)?,
            replicas: self
                .replicas
                .map(|replicas| at_least_one(&replicas, source))
                .transpose()?
                .unwrap_or(default.replicas),
            start: match self.start {
                Some(StartName::Sequential) => Start::Sequential,
                Some(StartName::Parallel) | None => Start::Parallel,
            },
            isolation: match self.isolation {
                Some(IsolationName::Shared) => Isolation::Shared,
                Some(IsolationName::Private) | None => Isolation::Private,
            },
            services: services(self.services, source)?,
            scenarios: globs(self.scenarios, "scenarios", source)?,
            shared: texts(self.shared, "shared", source)?,
            singletons: mentions(self.singletons, "singletons", source)?,
            lint: Lint {
                fail_on: lint.fail_on.unwrap_or(default.lint.fail_on),
                exclude: globs(lint.exclude, "exclude", source)?,
                rules: texts(lint.rules, "rules", source)?,
                severity: severities(lint.severity, source),
                ignore: accepted(lint.ignore, source)?,
            },
        })
    }
}

fn services(services: Option<Ordered<Spanned<ServiceFile>>>, source: Source<'_>) -> Result<Vec<Service>, Problem> {
    let entries = services.map(|services| services.0).unwrap_or_default();
    let service = |(name, service): (String, Spanned<ServiceFile>)| {
        if name.is_empty() {
            return Err(source.at(service.referenced, "a service needs a name"));
        }
        Ok(Service {
            name,
            command: command(service.value.command, SERVICE_PLACEHOLDERS, source)?,
            env: environment(service.value.env, SERVICE_PLACEHOLDERS, source)?,
            ready_timeout: duration(service.value.ready_timeout, Service::READY_TIMEOUT, source)?,
        })
    };
    entries.into_iter().map(service).collect()
}

fn severities(
    severities: Option<Ordered<Spanned<SeverityName>>>,
    source: Source<'_>,
) -> Vec<(Mention, Option<Severity>)> {
    let entry = |(rule, named): (String, Spanned<SeverityName>)| {
        let severity = match named.value {
            SeverityName::Error => Some(Severity::Error),
            SeverityName::Warning => Some(Severity::Warning),
            SeverityName::Info => Some(Severity::Info),
            SeverityName::Off => None,
        };
        // The reader tells where the value stands; the rule's name is before it, on the same line in every usual notation.
        let place = source.before(named.referenced, &rule);
        (Mention { name: rule, place }, severity)
    };
    severities.map(|severities| severities.0).unwrap_or_default().into_iter().map(entry).collect()
}

fn accepted(entries: Option<Vec<Spanned<AcceptedFile>>>, source: Source<'_>) -> Result<Vec<Accepted>, Problem> {
    let entry = |entry: Spanned<AcceptedFile>| {
        let AcceptedFile { rule, paths, reason } = entry.value;
        if paths.value.is_empty() {
            return Err(source
                .at(paths.referenced, "`paths` is empty")
                .help("Write the places, as in `paths: [\"legacy/**\"]`; `severity` switches a rule off everywhere."));
        }
        Ok(Accepted {
            rule: mention(rule, "rule", source)?,
            paths: globs(Some(paths.value), "paths", source)?,
            reason: filled(reason, "reason", source).map_err(|it| it.help("Say why it does no harm there."))?,
        })
    };
    entries.unwrap_or_default().into_iter().map(entry).collect()
}

fn mentions(names: Option<Vec<Spanned<String>>>, key: &str, source: Source<'_>) -> Result<Vec<Mention>, Problem> {
    names.unwrap_or_default().into_iter().map(|name| mention(name, key, source)).collect()
}

fn mention(name: Spanned<String>, key: &str, source: Source<'_>) -> Result<Mention, Problem> {
    let place = source.at(name.referenced, "");
    Ok(Mention { name: filled(name, key, source)?, place })
}

fn command(words: Spanned<Words>, known: &[&str], source: Source<'_>) -> Result<Vec<String>, Problem> {
    let at = words.referenced;
    let words: Vec<(String, Location)> = match words.value {
        Words::List(words) => words.into_iter().map(|word| (word.value, word.referenced)).collect(),
        Words::Line(line) => {
            let words = split_words(&line).map_err(|message| source.at(at, message))?;
            only_arguments(&words, at, source)?;
            words.into_iter().map(|word| (word, at)).collect()
        }
    };
    if words.first().is_none_or(|(program, _)| program.is_empty()) {
        return Err(source
            .at(at, "the command is empty")
            .help("Write the program and its arguments, or leave the key out."));
    }
    words.iter().try_for_each(|(word, at)| only_known_placeholders(word, known, *at, source))?;
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

/// Who writes `a && b` expects a shell. In a list, an operator is an argument and meant to be.
fn only_arguments(words: &[String], at: Location, source: Source<'_>) -> Result<(), Problem> {
    let is_operator = |word: &&String| matches!(word.as_str(), "&&" | "||" | "|" | ";" | "&" | ">" | ">>" | "<");
    let Some(operator) = words.iter().find(is_operator) else { return Ok(()) };
    let problem =
        source.at_part(at, operator, format!("no shell runs the command, so `{operator}` would be an argument"));
    Err(problem.help("Write `sh -c '…'` to have a shell, with `exec` before the last program."))
}

fn environment(
    env: Option<Ordered<Spanned<String>>>,
    known: &[&str],
    source: Source<'_>,
) -> Result<Vec<(String, String)>, Problem> {
    let entries = env.map(|env| env.0).unwrap_or_default();
    let variable = |(name, value): (String, Spanned<String>)| {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(source.at(value.referenced, format!("`{name}` cannot name a variable")));
        }
        only_known_placeholders(&value.value, known, value.referenced, source)?;
        Ok((name, value.value))
    };
    entries.into_iter().map(variable).collect()
}

fn only_known_placeholders(text: &str, known: &[&str], at: Location, source: Source<'_>) -> Result<(), Problem> {
    match placeholders(text).find(|placeholder| !known.contains(placeholder)) {
        None => Ok(()),
        Some(unknown) => {
            let written = format!("{{{unknown}}}");
            let problem = source.at_part(at, &written, format!("the placeholder `{written}` is not known here"));
            Err(problem.help(suggestion(unknown, known, "placeholders")))
        }
    }
}

fn path_to_ask(ready: Spanned<String>, source: Source<'_>) -> Result<String, Problem> {
    if ready.value.starts_with('/') && !ready.value.contains(char::is_whitespace) {
        return Ok(ready.value);
    }
    Err(source
        .at(ready.referenced, "`ready` is a path that starts with `/`")
        .help("Write the path alone, as in `ready: /healthz`."))
}

fn duration(text: Option<Spanned<String>>, default: Duration, source: Source<'_>) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(default) };
    parse_duration(&text.value).map_err(|message| source.at(text.referenced, message))
}

fn at_least_one(replicas: &Spanned<u32>, source: Source<'_>) -> Result<u32, Problem> {
    match replicas.value {
        0 => Err(source.at(replicas.referenced, "at least one replica has to run")),
        replicas => Ok(replicas),
    }
}

fn texts(texts: Option<Vec<Spanned<String>>>, key: &str, source: Source<'_>) -> Result<Vec<String>, Problem> {
    texts.unwrap_or_default().into_iter().map(|text| filled(text, key, source)).collect()
}

fn filled(text: Spanned<String>, key: &str, source: Source<'_>) -> Result<String, Problem> {
    if text.value.trim().is_empty() {
        return Err(source.at(text.referenced, format!("nothing is in this text of `{key}`")));
    }
    Ok(text.value)
}

fn globs(globs: Option<Vec<Spanned<String>>>, key: &str, source: Source<'_>) -> Result<Vec<String>, Problem> {
    let checked = |glob: Spanned<String>| match globset::Glob::new(&glob.value) {
        Ok(_) => filled(glob, key, source),
        Err(error) => Err(source.at(glob.referenced, format!("`{}` is no glob: {}", glob.value, error.kind()))),
    };
    globs.unwrap_or_default().into_iter().map(checked).collect()
}
