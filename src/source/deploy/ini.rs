//! Sections with keys, as supervisor, systemd and uWSGI write them: `[program:web]`, then `command = …`.
//!
//! What differs is told by a [`Style`]. No file is refused: lines that are nothing are told.

use super::{Comment, Found, Place};
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::source::has_room;

/// Lines of Jinja, Go templates and ERB.
const TEMPLATE: [&str; 3] = ["{%", "{{", "<%"];

/// How a format writes what they share.
#[derive(Clone, Copy)]
pub struct Style {
    /// What separates keys from values.
    pub separators: &'static [char],
    /// Begins a comment on the line of a value: ` ;` with a blank before it.
    pub inline_comment: Option<&'static str>,
    /// A line that begins with blanks goes on with the value before it.
    pub indented_lines: bool,
    /// A backslash at the end goes on in the next line.
    pub backslash: bool,
    /// A key alone is true.
    pub flags: bool,
}

/// `[name]` with what stands in it.
#[derive(Debug)]
pub struct Section {
    pub name: String,
    pub span: Span,
    pub entries: Vec<Entry>,
}

/// `key = value`.
#[derive(Debug)]
pub struct Entry {
    pub key: String,
    pub value: String,
    /// The value, letter by letter.
    pub letters: Vec<(Place, char)>,
    /// Of the key and the value; of what goes on in further lines only the first.
    pub span: Span,
    pub value_span: Span,
}

impl Section {
    /// The last value of a key; keys are as good in capitals.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(key))
    }

    /// All values of a key.
    pub fn all<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s Entry> {
        self.entries.iter().filter(move |entry| entry.key.eq_ignore_ascii_case(key))
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).map(|entry| entry.value.as_str()).filter(|value| !value.is_empty())
    }
}

/// The sections of a file; comments and problems go to `found`.
pub fn sections(path: &str, text: &str, style: Style, found: &mut Found) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut goes_on = false;
    let mut is_template = false;
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        let column = line.len() - line.trim_start().len();
        let span = |from: usize, to: usize| {
            let count = |at: usize| line.get(..at).unwrap_or(line).chars().count() as u32 + 1;
            Span::on_line(number, count(from), count(to))
        };
        let whole = span(column, column + content.len());
        if content.starts_with(['#', ';']) {
            let text = content[1..].to_owned();
            found.comments.push(Comment { text, own_line: true, span: whole });
            continue;
        }
        let more = goes_on || style.indented_lines && column > 0;
        let last =
            sections.last_mut().and_then(|section| section.entries.last_mut()).filter(|_| more && !content.is_empty());
        if let Some(entry) = last {
            goes_on = push(entry, content, (number, whole.column), style);
            continue;
        }
        goes_on = false;
        if content.is_empty() {
            continue;
        }
        if let Some(name) =
            content.strip_prefix('[').and_then(|rest| rest.split(']').next().filter(|_| rest.contains(']')))
        {
            sections.push(Section { name: name.trim().to_owned(), span: whole, entries: Vec::new() });
            continue;
        }
        if TEMPLATE.iter().any(|sign| content.starts_with(sign)) {
            if !std::mem::replace(&mut is_template, true) && has_room(&mut found.problems, path) {
                let problem = Problem::new("a template: what such lines decide is not known").at(path, whole, text);
                found.problems.push(problem.help("All that stands between them is read."));
            }
            continue;
        }
        let problem = |message: &str| Problem::new(message).at(path, whole, text);
        let flag = (style.flags && !content.contains([' ', '\t'])).then_some(content.len());
        let Some(at) = content.find(style.separators).filter(|at| *at > 0).or(flag) else {
            if has_room(&mut found.problems, path) {
                let help = "A line is a `[section]`, a `key = value`, or a comment; it is passed over.";
                found.problems.push(problem("this is no `key = value`").help(help));
            }
            continue;
        };
        let Some(section) = sections.last_mut() else {
            if has_room(&mut found.problems, path) {
                found.problems.push(problem("this key stands before the first section"));
            }
            continue;
        };
        let written = content.get(at + 1..).unwrap_or_default().trim_start();
        let value_at = column + content.len() - written.len();
        let (value, comment) = match style.inline_comment.and_then(|sign| written.find(sign)) {
            Some(end) => (written[..end].trim_end(), Some(&written[end..])),
            None => (written, None),
        };
        if let Some(comment) = comment {
            let start = value_at + written.len() - comment.trim_start().len();
            let text = comment.trim_start().trim_start_matches([';', '#']).to_owned();
            found.comments.push(Comment { text, own_line: false, span: span(start, column + content.len()) });
        }
        let mut entry = Entry {
            key: content[..at].trim_end().to_owned(),
            value: String::new(),
            letters: Vec::new(),
            span: span(column, value_at + value.len()),
            value_span: span(value_at, value_at + value.len()),
        };
        let place = (number, entry.value_span.column);
        goes_on = push(&mut entry, value, place, style);
        section.entries.push(entry);
    }
    sections
}

/// Adds a line to a value; true where the next line goes on with it.
fn push(entry: &mut Entry, line: &str, (number, column): Place, style: Style) -> bool {
    let line = match style.inline_comment.and_then(|sign| line.find(sign)) {
        Some(end) => line[..end].trim_end(),
        None => line,
    };
    let goes_on = style.backslash && line.ends_with('\\');
    let line = if goes_on { line[..line.len() - 1].trim_end() } else { line };
    if !entry.value.is_empty() {
        entry.value.push(' ');
        entry.letters.push(((number, column), ' '));
    }
    entry.value.push_str(line);
    entry.letters.extend((column..).zip(line.chars()).map(|(column, char)| ((number, column), char)));
    goes_on
}
