//! A deployment file while it is read: places are byte offsets of its text, and what is found is gathered.

use std::ops::Range;

use super::{File, Found};
use crate::model::Name;
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::source::has_room;
use crate::source::language::lines::Lines;
use crate::source::yaml::Comment;

/// More settings than this are data.
const MAX_SETTINGS: usize = 20_000;
/// A key that is longer is the name of nothing.
const MAX_KEY: usize = 400;

pub(super) struct Page<'t> {
    pub file: &'t File<'t>,
    pub found: Found,
    lines: Lines<'t>,
}

impl<'t> Page<'t> {
    pub fn new(file: &'t File<'t>) -> Self {
        Page { file, found: Found::default(), lines: Lines::new(file.text) }
    }

    pub fn span(&self, place: &Range<usize>) -> Span {
        let length = self.file.text.len();
        let start = place.start.min(length);
        self.lines.span(start as u32, place.end.clamp(start, length) as u32)
    }

    /// Takes note of a comment, its sign included.
    pub fn comment(&mut self, place: Range<usize>) {
        let text = self.file.text.get(place.clone()).unwrap_or_default().trim_start_matches('#').to_owned();
        let own_line = self.lines.before(place.start as u32).trim().is_empty();
        self.found.comments.push(Comment { text, own_line, span: self.span(&place) });
    }

    pub fn problem(&mut self, message: impl Into<String>, help: &str, place: &Range<usize>) {
        if has_room(&mut self.found.problems, &self.file.path) {
            let problem = Problem::new(message).at(&self.file.path, self.span(place), self.file.text);
            self.found.problems.push(problem.help(help));
        }
    }

    /// Tells that a template writes the file, of which all branches are read.
    pub fn template(&mut self, place: &Range<usize>) {
        let message = "a template writes this file: what it leaves out or repeats is not known";
        self.problem(message, "The rest was read as if every branch were there.", place);
    }

    /// Keeps a setting of the file.
    pub fn set(&mut self, key: &str, value: Value, span: Span) {
        if self.found.settings.len() < MAX_SETTINGS && key.len() <= MAX_KEY {
            self.found.settings.push(setting(key, value, span));
        }
    }
}

pub(super) fn setting(key: impl Into<Name>, value: Value, span: Span) -> Setting {
    Setting { key: key.into(), value, function: None, span }
}

/// The value that a word of a configuration stands for: a number, a switch or a text.
pub(super) fn value(text: &str) -> Value {
    let is_number = !text.is_empty() && text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "" | "on" | "true" => Value::Bool(true),
        "off" | "false" => Value::Bool(false),
        text => match text.parse() {
            Ok(number) if is_number => Value::Number(number),
            _ => Value::Text(text.into()),
        },
    }
}
