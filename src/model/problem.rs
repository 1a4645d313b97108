//! Something that could not be read or understood. A problem never ends a run by itself.

use serde::{Deserialize, Serialize};

use super::location::{Excerpt, Location, Span};

/// What was wrong with an input, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `None` when the problem concerns no file, as with a command that does not exist.
    pub location: Option<Location>,
    /// What was seen, as a lower-case fragment: "mapping values are not allowed here".
    pub message: String,
    /// What to do next, as a sentence; empty where the message says it all.
    pub help: String,
    /// The offending lines, so that the problem can be shown with a caret.
    pub excerpt: Option<Excerpt>,
}

impl Problem {
    /// A problem with a whole file or with no file at all.
    pub fn new(message: impl Into<String>) -> Self {
        Problem { location: None, message: message.into(), help: String::new(), excerpt: None }
    }

    /// Places the problem; `text` is the whole file, out of which the lines around `span` are kept.
    pub fn at(mut self, path: &str, span: Span, text: &str) -> Self {
        let first_line = span.line.saturating_sub(1).max(1);
        let kept = text
            .lines()
            .skip(first_line as usize - 1)
            .take(3.max((span.end_line.saturating_sub(first_line) + 1).min(6) as usize))
            .map(|line| line.chars().take(400).collect::<String>() + "\n")
            .collect();
        self.location = Some(Location::new(path, span));
        self.excerpt = Some(Excerpt { first_line, text: kept });
        self
    }

    /// Places the problem in a file without a line.
    pub fn in_file(mut self, path: &str) -> Self {
        self.location = Some(Location::new(path, Span::default()));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.location {
            Some(at) if at.span.line > 0 => {
                write!(f, "{}:{}:{}: {}", at.path, at.span.line, at.span.column, self.message)
            }
            Some(at) => write!(f, "{}: {}", at.path, self.message),
            None => write!(f, "{}", self.message),
        }
    }
}

impl std::error::Error for Problem {}
