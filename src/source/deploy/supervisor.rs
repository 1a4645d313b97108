//! supervisor: <https://supervisord.org/configuration.html>.
//!
//! `numprocs` are instances: each is a process of its own that listens, if at all, for itself.

use std::collections::HashSet;

use super::ini::{self, Entry, Section, Style};
use super::{File, Found, program};
use crate::model::Name;
use crate::model::deployment::{Count, Service};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::source::has_room;

/// "Comments … begin with a semicolon, on a line with a value behind a blank."
const STYLE: Style =
    Style { separators: &['=', ':'], inline_comment: Some(" ;"), indented_lines: true, backslash: false, flags: false };

/// Files that include files that include files.
const MAX_INCLUDES: usize = 50;

/// Kinds of sections that start something, and what their services are called.
const PROGRAMS: [&str; 3] = ["program", "fcgi-program", "eventlistener"];

pub fn read(file: &File<'_>) -> Found {
    let mut found = Found::default();
    let sections = ini::sections(&file.path, file.text, STYLE, &mut found);
    let mut seen = HashSet::new();
    for section in &sections {
        let (kind, name) = section.name.split_once(':').unwrap_or((&section.name, ""));
        match kind {
            "include" => includes(file, section, &mut found),
            _ => {
                let Some(kind) = PROGRAMS.into_iter().find(|known| *known == kind) else { continue };
                if !seen.insert(&section.name) {
                    let message = format!("`{}` is here a second time", section.name);
                    tell(file, &mut found, section.span, message, "");
                }
                let service = service(file, section, kind, name, &mut found);
                found.services.extend(service);
            }
        }
    }
    found
}

fn service(file: &File<'_>, section: &Section, kind: &'static str, name: &str, found: &mut Found) -> Option<Service> {
    let span = Span {
        column: section.span.column + 1 + kind.len() as u32 + 1,
        end_column: section.span.end_column - 1,
        ..section.span
    };
    let Some(command) = section.get("command").filter(|command| !command.value.is_empty()) else {
        tell(
            file,
            found,
            section.span,
            format!("`{}` has no `command`", section.name),
            "supervisor does not start without one.",
        );
        return None;
    };
    let environment = section.get("environment").map(environment).unwrap_or_default();
    let mut service = program::service(&file.path, kind, (name, span), &command.letters, environment);
    service.build = section.text("directory").filter(|folder| !folder.starts_with(['/', '%', '~'])).map(Name::new);
    service.instances = instances(file, section, found).into_iter().collect();
    service.settings = section.entries.iter().map(setting).collect();
    Some(service)
}

fn instances(file: &File<'_>, section: &Section, found: &mut Found) -> Option<Count> {
    let entry = section.get("numprocs")?;
    let location = Location::new(file.path.clone(), entry.span);
    match entry.value.parse::<u32>() {
        Ok(value) => Some(Count::new(value, Name::new("numprocs"), location)),
        Err(_) if is_outside(&entry.value) => {
            let message = "`numprocs` is a variable, so the number of instances is unknown";
            tell(file, found, entry.span, message.to_owned(), "It counts as one.");
            None
        }
        Err(_) => {
            tell(file, found, entry.span, "`numprocs` is a whole number, and this is none".to_owned(), "");
            None
        }
    }
    .filter(|count| count.value != 1)
}

/// `%(ENV_NUMPROCS)s`, or a template's `{{ numprocs }}`, `<%= n %>`, `${N}`.
fn is_outside(value: &str) -> bool {
    value.contains("%(") || value.contains("{{") || value.contains("<%") || value.contains('$')
}

fn setting(entry: &Entry) -> Setting {
    let value = match entry.value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" => Value::Bool(true),
        "false" | "no" | "off" => Value::Bool(false),
        text => text.parse().map_or_else(|_| Value::Text(Name::new(&entry.value)), Value::Number),
    };
    Setting { key: Name::new(entry.key.to_ascii_lowercase()), value, function: None, span: entry.span }
}

/// `KEY="value",OTHER=%(ENV_OTHER)s`.
fn environment(entry: &Entry) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut quote = None;
    let is_comma = |c: char| {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        c == ',' && quote.is_none()
    };
    for pair in entry.value.split(is_comma) {
        let Some((key, value)) = pair.split_once('=') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        let outside = value.strip_prefix("%(ENV_").and_then(|rest| rest.strip_suffix(")s"));
        let value = match outside {
            Some(name) => Value::Environment { name: Name::new(name), fallback: None },
            None => Value::Text(Name::new(value)),
        };
        settings.push(Setting { key: Name::new(key.trim()), value, function: None, span: entry.span });
    }
    settings
}

/// Files that are included are read for themselves where they lie in the project; one that is missing is told, patterns aside.
fn includes(file: &File<'_>, section: &Section, found: &mut Found) {
    let Some(entry) = section.get("files") else { return };
    for name in entry.value.split_whitespace().take(MAX_INCLUDES) {
        let is_pattern = name.contains(['*', '?', '[', '%', '{', '$']);
        let Some(path) = file.path_of(name).filter(|_| !is_pattern) else { continue };
        if path == *file.path {
            tell(file, found, entry.span, format!("`{name}` includes itself"), "supervisor reads it once.");
        } else if (file.beside)(&path).is_none() {
            tell(file, found, entry.span, format!("`{name}` is included, and there is no such file"), "");
        }
    }
}

fn tell(file: &File<'_>, found: &mut Found, span: Span, message: String, help: &str) {
    if has_room(&mut found.problems, &file.path) {
        let problem = Problem::new(message).at(&file.path, span, file.text);
        found.problems.push(if help.is_empty() { problem } else { problem.help(help) });
    }
}

#[cfg(test)]
mod tests;
