//! Errors of the YAML reader and of our own checks, as problems with a caret.

use serde_saphyr::{Error, Location, MessageFormatter, UserMessageFormatter};

use crate::model::location::Span;
use crate::model::nearest::suggestion;
use crate::model::problem::Problem;

/// A file that is read, to point into.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

impl Source<'_> {
    pub fn yaml(&self, error: &Error) -> Problem {
        let error = error.without_snippet();
        let (message, help) = match error {
            Error::SerdeUnknownField { field, expected, .. } => {
                (format!("the key `{field}` is not known here"), suggestion(field, expected, "keys"))
            }
            Error::SerdeUnknownVariant { variant, expected, .. } => {
                (format!("`{variant}` is not known here"), suggestion(variant, expected, "values"))
            }
            _ => (UserMessageFormatter.format_message(error).into_owned(), String::new()),
        };
        match error.location().filter(|location| location.line() > 0) {
            Some(location) => self.at(location, message).help(help),
            None => Problem::new(message).in_file(self.path).help(help),
        }
    }

    pub fn at(&self, location: Location, message: impl Into<String>) -> Problem {
        Problem::new(message).at(self.path, self.span(location), self.text)
    }

    /// A problem with `part` of the value at `location`, or with all of it where `part` is not written there as such.
    pub fn at_part(&self, location: Location, part: &str, message: impl Into<String>) -> Problem {
        let whole = self.span(location);
        let first = whole.line.max(1) as usize - 1;
        let lines =
            self.text.lines().enumerate().skip(first).take(whole.end_line.saturating_sub(whole.line) as usize + 1);
        let from_column = |number: usize| if number == first { whole.column.max(1) as usize - 1 } else { 0 };
        let span = lines.into_iter().find_map(|(number, line)| {
            let skipped: usize = line.chars().take(from_column(number)).map(char::len_utf8).sum();
            let start = skipped + line[skipped..].find(part)?;
            let column = count(line[..start].chars().count()) + 1;
            Some(Span::on_line(count(number) + 1, column, column + count(part.chars().count())))
        });
        Problem::new(message).at(self.path, span.unwrap_or(whole), self.text)
    }

    /// A place without a message: the key that stands before a value on its line, or the value where it does not.
    pub fn before(&self, value: Location, key: &str) -> Problem {
        let span = self.span(value);
        let line = self.text.lines().nth(span.line.max(1) as usize - 1).unwrap_or_default();
        let before: String = line.chars().take(span.column.saturating_sub(1) as usize).collect();
        let key_span = before.rfind(key).map(|start| {
            let column = count(before[..start].chars().count()) + 1;
            Span::on_line(span.line, column, column + count(key.chars().count()))
        });
        Problem::new("").at(self.path, key_span.unwrap_or(span), self.text)
    }

    /// From a location's characters to its end; at least one character of its line.
    fn span(&self, location: Location) -> Span {
        let (line, column) = (clamp(location.line()).max(1), clamp(location.column()).max(1));
        let mut end = (line, column);
        let before = self.text.lines().nth(line as usize - 1).unwrap_or_default();
        let rest: usize = self.text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
        let start = rest + before.chars().take(column as usize - 1).map(char::len_utf8).sum::<usize>();
        let length = usize::try_from(location.span().len()).unwrap_or(0);
        let text: String = self.text.get(start..).unwrap_or_default().chars().take(length).collect();
        for char in text.trim_end().chars() {
            end = if char == '\n' { (end.0 + 1, 1) } else { (end.0, end.1 + 1) };
        }
        if end == (line, column) {
            let word =
                before.chars().skip(column as usize - 1).take_while(|char| !char.is_whitespace() && *char != ':');
            end.1 += count(word.count()).max(1);
        }
        Span { line, column, end_line: end.0, end_column: end.1 }
    }
}

fn clamp(number: u64) -> u32 {
    number.try_into().unwrap_or(u32::MAX - 1)
}

fn count(number: usize) -> u32 {
    number.try_into().unwrap_or(u32::MAX - 1)
}
