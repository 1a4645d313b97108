//! A place in the text, and what every part of the parser does there.

use crate::model::location::Span;
use crate::model::problem::Problem;

/// What is wrong, before it is tied to a file.
#[derive(Debug)]
pub(super) struct Fault {
    pub span: Span,
    pub message: String,
    pub help: String,
}

impl Fault {
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub fn into_problem(self, path: &str, text: &str) -> Problem {
        Problem::new(self.message).help(self.help).at(path, self.span, text)
    }
}

pub(super) type Parsed<T> = Result<T, Fault>;

/// A mark to come back to or to measure from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    index: usize,
    line: u32,
    column: u32,
}

impl Mark {
    pub fn line(&self) -> u32 {
        self.line
    }
}

/// Reads characters, counting lines and columns.
pub(super) struct Cursor {
    chars: Vec<char>,
    at: Mark,
    /// Comments that begin with `@`, not yet taken: the text behind the `@`, and where it stands.
    pub hints: Vec<(String, Span)>,
}

impl Cursor {
    pub fn new(text: &str) -> Self {
        // Hurl ignores a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Cursor { chars: text.chars().collect(), at: Mark { index: 0, line: 1, column: 1 }, hints: Vec::new() }
    }

    pub fn mark(&self) -> Mark {
        self.at
    }

    pub fn reset(&mut self, mark: Mark) {
        self.at = mark;
    }

    pub fn peek(&self) -> Option<char> {
        self.chars.get(self.at.index).copied()
    }

    pub fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at.index += 1;
        if char == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(char)
    }

    pub fn at_end(&self) -> bool {
        self.at.index >= self.chars.len()
    }

    pub fn sees(&self, text: &str) -> bool {
        let rest = &self.chars[self.at.index..];
        let mut count = 0;
        text.chars().all(|char| {
            count += 1;
            rest.get(count - 1) == Some(&char)
        })
    }

    pub fn eat(&mut self, text: &str) -> bool {
        let seen = self.sees(text);
        if seen {
            text.chars().for_each(|_| {
                self.next();
            });
        }
        seen
    }

    pub fn take_while(&mut self, accept: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(char) = self.peek().filter(|char| accept(*char)) {
            taken.push(char);
            self.next();
        }
        taken
    }

    pub fn skip_spaces(&mut self) -> bool {
        !self.take_while(|char| char == ' ' || char == '\t').is_empty()
    }

    /// The rest of the line without moving.
    pub fn rest_of_line(&self) -> String {
        self.chars[self.at.index..].iter().take_while(|char| **char != '\n').collect()
    }

    /// The text from `mark` to here, without blanks at its end.
    pub fn since(&self, mark: Mark) -> String {
        let text: String = self.chars[mark.index..self.at.index].iter().collect();
        text.trim_end().to_string()
    }

    pub fn span_since(&self, mark: Mark) -> Span {
        Span { line: mark.line, column: mark.column, end_line: self.at.line, end_column: self.at.column }
    }

    /// The span of the word here, at least one character wide.
    pub fn span_of_word(&self) -> Span {
        let rest = &self.chars[self.at.index..];
        let width = rest.iter().take_while(|char| !char.is_whitespace()).count().clamp(1, 400) as u32;
        Span::on_line(self.at.line, self.at.column, self.at.column + width)
    }

    pub fn fault(&self, message: impl Into<String>) -> Fault {
        self.fault_at(self.span_of_word(), message)
    }

    pub fn fault_since(&self, mark: Mark, message: impl Into<String>) -> Fault {
        let mut span = self.span_since(mark);
        if (span.end_line, span.end_column) <= (span.line, span.column) {
            span = Span::on_line(span.line, span.column, span.column + 1);
        }
        self.fault_at(span, message)
    }

    pub fn fault_at(&self, span: Span, message: impl Into<String>) -> Fault {
        Fault { span, message: message.into(), help: String::new() }
    }

    /// Blanks, an optional comment, and the end of the line or of the text.
    pub fn end_of_line(&mut self) -> Parsed<()> {
        self.skip_spaces();
        self.comment();
        self.eat("\r");
        if self.at_end() || self.eat("\n") {
            return Ok(());
        }
        Err(self
            .fault(format!("unexpected `{}`", shorten(&self.rest_of_line())))
            .help("Nothing more is expected on this line."))
    }

    /// Blank lines and comment lines; stops at the first character of something else.
    pub fn skip_blank_lines(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.comment() {
                return;
            }
        }
    }

    fn comment(&mut self) -> bool {
        if !self.eat("#") {
            return false;
        }
        self.skip_spaces();
        let mark = self.mark();
        let text = self.take_while(|char| char != '\n');
        if let Some(hint) = text.strip_prefix('@') {
            let span = self.span_since(mark);
            self.hints.push((hint.trim_end().to_string(), span));
        }
        true
    }
}

/// At most 40 characters of a text, for a message.
pub(super) fn shorten(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= 40 { text.to_string() } else { text.chars().take(39).collect::<String>() + "…" }
}
