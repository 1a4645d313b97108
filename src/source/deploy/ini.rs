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
    let mut reader = Reader { path, text, style, found, sections: Vec::new(), goes_on: false, is_template: false };
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        let column = line.len() - line.trim_start().len();
        reader.line(&Line { number, line, content, column });
    }
    reader.sections
}

/// One line of a file; places are bytes within it.
struct Line<'t> {
    number: u32,
    line: &'t str,
    /// Without blanks around it.
    content: &'t str,
    /// Where that begins.
    column: usize,
}

impl Line<'_> {
    fn span(&self, from: usize, to: usize) -> Span {
        let count = |at: usize| self.line.get(..at).unwrap_or(self.line).chars().count() as u32 + 1;
        Span::on_line(self.number, count(from), count(to))
    }

    fn whole(&self) -> Span {
        self.span(self.column, self.column + self.content.len())
    }
}

struct Reader<'t, 'f> {
    path: &'t str,
    text: &'t str,
    style: Style,
    found: &'f mut Found,
    sections: Vec<Section>,
    /// The value of the last line goes on in this one.
    goes_on: bool,
    /// Lines of a template engine were met, and told of.
    is_template: bool,
}

impl Reader<'_, '_> {
    fn line(&mut self, line: &Line<'_>) {
        let content = line.content;
        if content.starts_with(['#', ';']) {
            let text = content[1..].to_owned();
            self.found.comments.push(Comment { text, own_line: true, span: line.whole() });
            return;
        }
        let more = (self.goes_on || self.style.indented_lines && line.column > 0) && !content.is_empty();
        let last = self.sections.last_mut().and_then(|section| section.entries.last_mut()).filter(|_| more);
        if let Some(entry) = last {
            self.goes_on = push(entry, content, (line.number, line.whole().column), self.style);
            return;
        }
        self.goes_on = false;
        let name = content.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name);
        if let Some(name) = name {
            self.sections.push(Section { name: name.trim().to_owned(), span: line.whole(), entries: Vec::new() });
        } else if TEMPLATE.iter().any(|sign| content.starts_with(sign)) {
            if !std::mem::replace(&mut self.is_template, true) {
                let help = "All that stands between them is read.";
                self.problem(line, "a template: what such lines decide is not known", help);
            }
        } else if !content.is_empty() {
            self.entry(line);
        }
    }

    fn entry(&mut self, line: &Line<'_>) {
        let content = line.content;
        let flag = (self.style.flags && !content.contains([' ', '\t'])).then_some(content.len());
        let Some(at) = content.find(self.style.separators).filter(|at| *at > 0).or(flag) else {
            let help = "A line is a `[section]`, a `key = value`, or a comment; it is passed over.";
            return self.problem(line, "this is no `key = value`", help);
        };
        let written = content.get(at + 1..).unwrap_or_default().trim_start();
        let value_at = line.column + content.len() - written.len();
        let (value, comment) = match self.style.inline_comment.and_then(|sign| written.find(sign)) {
            Some(end) => (written[..end].trim_end(), Some(written[end..].trim_start())),
            None => (written, None),
        };
        if let Some(comment) = comment {
            let span = line.span(value_at + written.len() - comment.len(), line.column + content.len());
            let text = comment.trim_start_matches([';', '#']).to_owned();
            self.found.comments.push(Comment { text, own_line: false, span });
        }
        let mut entry = Entry {
            key: content[..at].trim_end().to_owned(),
            value: String::new(),
            letters: Vec::new(),
            span: line.span(line.column, value_at + value.len()),
            value_span: line.span(value_at, value_at + value.len()),
        };
        let place = (line.number, entry.value_span.column);
        self.goes_on = push(&mut entry, value, place, self.style);
        match self.sections.last_mut() {
            Some(section) => section.entries.push(entry),
            None => self.problem(line, "this key stands before the first section", ""),
        }
    }

    fn problem(&mut self, line: &Line<'_>, message: &str, help: &str) {
        if has_room(&mut self.found.problems, self.path) {
            let problem = Problem::new(message).at(self.path, line.whole(), self.text);
            self.found.problems.push(problem.help(help));
        }
    }
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
