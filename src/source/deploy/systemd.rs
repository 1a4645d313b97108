//! systemd units that start something: <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html>.
//!
//! A service whose timer stands beside it is a cron. How many units are started of a template, `web@.service`, no file says.

use super::ini::{self, Entry, Section, Style};
use super::{File, Found, program};
use crate::model::Name;
use crate::model::deployment::{Role, Service};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::model::problem::Problem;

const STYLE: Style =
    Style { separators: &['='], inline_comment: None, indented_lines: false, backslash: true, flags: false };

/// Files of variables that are read.
const MAX_FILES: usize = 8;

/// What may stand before the program: <https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines>.
const PREFIXES: &[char] = &['@', '-', ':', '+', '!', '|'];

pub fn read(file: &File<'_>) -> Found {
    let mut found = Found::default();
    let sections = ini::sections(&file.path, file.text, STYLE, &mut found);
    let all: Vec<&Section> = sections.iter().filter(|section| section.name == "Service").collect();
    // A section may be written in parts, and drop-ins are none of the unit.
    if let Some(start) = all.iter().find_map(|section| last(section, "ExecStart")) {
        found.services.push(service(file, &sections, &all, start));
        return found;
    }
    let is_whole = !file.path.contains(".d/") && !is_template_text(file.text);
    let only_stops = all.iter().any(|section| section.get("ExecStop").is_some());
    if let Some(section) = all.first().filter(|_| is_whole && !only_stops) {
        let problem = Problem::new("this service has no `ExecStart`").at(&file.path, section.span, file.text);
        found.problems.push(problem.help("systemd refuses a service that starts nothing."));
    }
    found
}

/// `{{ … }}` and `<%= … %>`: somebody fills it in before systemd reads it.
fn is_template_text(text: &str) -> bool {
    text.contains("{{") || text.contains("<%") || text.contains("{%")
}

/// The last value of a key. An empty one takes back what was said before.
fn last<'s>(section: &'s Section, key: &str) -> Option<&'s Entry> {
    section.entries.iter().rev().filter(|entry| entry.key == key).take_while(|entry| !entry.value.is_empty()).last()
}

fn service(file: &File<'_>, sections: &[Section], parts: &[&Section], start: &Entry) -> Service {
    let name = unit_name(&file.path);
    let line = start.value.trim_start_matches(PREFIXES);
    let letters = start.letters.get(start.value.chars().count() - line.chars().count()..).unwrap_or_default();
    let environment = environment(file, parts);
    let mut service = program::service(&file.path, "unit", (name, start.span), letters, environment);
    if is_started_by_timer(file, name) {
        service.role = Role::Cron;
    }
    let folder = parts.iter().find_map(|section| section.text("WorkingDirectory"));
    service.build = folder.filter(|folder| !folder.starts_with(['/', '%', '~', '-'])).map(Name::new);
    let settings =
        sections.iter().flat_map(|section| section.entries.iter().map(|entry| setting(&section.name, entry)));
    service.settings = settings.collect();
    service
}

/// `web` of `etc/web.service`, `web@` of a template, `web@1` of one of its units.
fn unit_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".service").next().unwrap_or(file)
}

fn is_started_by_timer(file: &File<'_>, name: &str) -> bool {
    let timer = file.path_of(&format!("{name}.timer"));
    timer.is_some_and(|timer| (file.beside)(&timer).is_some())
}

/// `Environment="KEY=value" OTHER=1`, and what files of variables beside the unit say, which comes last.
fn environment(file: &File<'_>, parts: &[&Section]) -> Vec<Setting> {
    let mut settings = Vec::new();
    for entry in parts.iter().flat_map(|section| section.all("Environment")) {
        for word in words(&entry.value) {
            settings.extend(assignment(&word, entry.value_span));
        }
    }
    let files = parts.iter().flat_map(|section| section.all("EnvironmentFile")).take(MAX_FILES);
    for entry in files {
        let name = entry.value.trim_start_matches('-');
        let name = if name.starts_with('/') { name.rsplit('/').next().unwrap_or_default() } else { name };
        let text = file.path_of(name).filter(|_| !name.is_empty()).and_then(|path| (file.beside)(&path));
        for line in
            text.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.starts_with(['#', ';']))
        {
            settings.extend(assignment(line, entry.value_span));
        }
    }
    settings
}

fn assignment(word: &str, span: Span) -> Option<Setting> {
    let (key, value) = word.split_once('=')?;
    let value = value.trim().trim_matches(['"', '\'']);
    let value = if value.contains(['%', '$']) { Value::Unknown } else { Value::Text(Name::new(value)) };
    Some(Setting { key: Name::new(key.trim()), value, function: None, span })
}

fn words(text: &str) -> Vec<String> {
    let letters = text.chars().map(|char| ((), char));
    let words = crate::model::command_line::split(letters, &[]).unwrap_or_default();
    words.iter().map(|word| crate::model::command_line::text(word)).collect()
}

/// `Service.KillMode`.
fn setting(section: &str, entry: &Entry) -> Setting {
    let value = match entry.value.as_str() {
        "true" | "yes" | "on" => Value::Bool(true),
        "false" | "no" | "off" => Value::Bool(false),
        text => text.parse().map_or_else(|_| Value::Text(Name::new(text)), Value::Number),
    };
    Setting { key: Name::new(format!("{section}.{}", entry.key)), value, function: None, span: entry.span }
}

#[cfg(test)]
mod tests;
