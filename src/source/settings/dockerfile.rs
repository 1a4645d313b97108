//! `ENV` and the commands of a Dockerfile: <https://docs.docker.com/reference/dockerfile/>. `CMD` and `ENTRYPOINT` are settings as
//! [`shell`] writes them; what else is said of containers makes the service that [`image`] puts together.

use super::placeholder::{Syntax, value};
use super::{Sheet, shell};
use crate::model::fact::Value;
use crate::model::location::Span;
use crate::source::deploy::image::{self, CRONTAB, Line, Program, Stage};

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let mut goes_on = false;
    let mut document: Option<String> = None;
    let mut instruction = Instruction::default();
    let mut stages: Vec<Stage> = Vec::new();
    for (number, (at, line)) in (1..).zip(sheet.each_line()) {
        if let Some(end) = &document {
            if line.trim() == end {
                document = None;
            }
            continue;
        }
        let start = at + line.len() - line.trim_start().len();
        let content = line.trim();
        if content.starts_with('#') || (goes_on && content.is_empty()) {
            sheet.comment(start, at + line.len());
            continue;
        }
        let continued = std::mem::replace(&mut goes_on, content.ends_with(['\\', '`']));
        let content = content.trim_end_matches(['\\', '`']).trim_end();
        let (word, rest) = match continued {
            true => ("", content),
            false => content.split_once([' ', '\t']).map_or((content, ""), |(word, rest)| (word, rest.trim_start())),
        };
        if !continued {
            instruction = Instruction { name: word.to_ascii_uppercase(), ..Instruction::default() };
            look_at(sheet, word, start);
        }
        let rest_at = start + content.len() - rest.len();
        if instruction.name == "ENV" {
            variables(sheet, rest, rest_at, continued);
        }
        let column = 1 + sheet.text[at..rest_at].chars().count() as u32;
        instruction.line.push(((number, column), ' '));
        instruction.line.extend(shell::letters(rest, number, column));
        if matches!(instruction.name.as_str(), "RUN" | "COPY" | "ADD") {
            document = shell::here_document(rest);
        }
        if !goes_on {
            instruction.apply(sheet, &mut stages, number);
        }
    }
    let commands = stages.last().map(Stage::commands).unwrap_or_default();
    sheet.facts.services = image::services(sheet.path, &stages, &sheet.facts.settings);
    commands.iter().enumerate().for_each(|(number, words)| shell::set(sheet, number, words));
}

/// <https://docs.docker.com/reference/dockerfile/#overview>
const INSTRUCTIONS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Tells what no builder understands; `INCLUDE` and the like are extensions of some, and templates are filled in before.
fn look_at(sheet: &mut Sheet<'_>, word: &str, start: usize) {
    let is_known = word.is_empty() || INSTRUCTIONS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let is_word = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'+');
    let message = match word {
        _ if is_known || is_word => return,
        word if ["{%", "{{", "{#", "<%"].iter().any(|mark| word.starts_with(mark)) => {
            "a template: what such lines decide is not known".to_owned()
        }
        word => format!("`{word}` is no instruction of a Dockerfile"),
    };
    sheet.problem(message, start, start + word.len());
}

/// One instruction, put together from its lines.
#[derive(Default)]
struct Instruction {
    name: String,
    line: Line,
}

impl Instruction {
    fn apply(&self, sheet: &mut Sheet<'_>, stages: &mut Vec<Stage>, last_line: u32) {
        let text: String = self.line.iter().map(|(_, char)| *char).collect();
        let text = text.trim();
        let first = self.line.first().map_or((last_line, 1), |(at, _)| *at);
        let last = self.line.last().map_or(first, |(at, _)| *at);
        let span = Span { line: first.0, column: first.1, end_line: last.0, end_column: last.1 + 1 };
        if self.name == "FROM" {
            stages.push(stage(text, stages, span));
            return;
        }
        // A fragment without FROM has commands as well.
        if stages.is_empty() && self.name != "ARG" {
            stages.push(Stage::default());
        }
        let Some(stage) = stages.last_mut() else { return };
        match self.name.as_str() {
            "CMD" => stage.run(program(sheet, &self.line)),
            "ENTRYPOINT" => stage.enter(program(sheet, &self.line)),
            "HEALTHCHECK" => stage.health_check = Some(!text.eq_ignore_ascii_case("NONE")),
            "EXPOSE" => stage.expose(text, span),
            "VOLUME" => stage.keep(&self.line, span),
            "USER" | "STOPSIGNAL" => stage.set(&self.name, text, span),
            "COPY" | "ADD" | "RUN" if image::installs_crontab(&self.name, text) => stage.set(CRONTAB, text, span),
            _ => {}
        }
    }
}

/// `FROM [--platform=…] image [AS name]`.
fn stage(text: &str, stages: &[Stage], span: Span) -> Stage {
    let words: Vec<&str> = text.split_whitespace().filter(|word| !word.starts_with("--")).collect();
    let name = words.get(2).filter(|_| words[1].eq_ignore_ascii_case("as")).map(|name| name.to_ascii_lowercase());
    let image = words.first().map(|base| base.to_ascii_lowercase()).unwrap_or_default();
    let base = stages.iter().rev().find(|stage| stage.name.as_ref() == Some(&image));
    Stage::after(base, &image, name, span)
}

fn program(sheet: &mut Sheet<'_>, line: &Line) -> Option<Program> {
    let program = Program::new(line)?;
    if let Some(span) = program.broken_list() {
        sheet.problem_at("this list is no JSON, so a shell runs it as it stands: words stand in double quotes", span);
    }
    Some(program)
}

/// `KEY=value OTHER="some words"`, or the old `KEY some words`.
fn variables(sheet: &mut Sheet<'_>, text: &str, at: usize, continued: bool) {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if let Some((name, words)) = text.split_once([' ', '\t']).filter(|(name, _)| is_name(name) && !continued) {
        sheet.set(name, value(words.trim(), Syntax::Shell), at, at + text.len());
        return;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let start = at + text.len() - rest.len();
        let end = word_end(rest);
        if let Some((name, written)) = rest[..end].split_once('=').filter(|(name, _)| is_name(name)) {
            sheet.set(name, unquoted(written), start, start + end);
        }
        rest = rest[end..].trim_start();
    }
}

/// Where the first word ends; blanks in quotes or behind a backslash are part of it.
fn word_end(text: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

fn unquoted(written: &str) -> Value {
    match written.as_bytes() {
        [b'\'', inner @ .., b'\''] => Value::Text(String::from_utf8_lossy(inner).into()),
        [b'"', .., b'"'] if written.len() > 1 => value(&written[1..written.len() - 1], Syntax::Shell),
        _ => value(&written.replace("\\ ", " "), Syntax::Shell),
    }
}
