//! Where something stands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A stretch of text in one file. Lines and columns count from 1; columns count characters, not bytes.
/// The end column is exclusive: the span of `ab` at the start of a file is 1:1 to 1:3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
}

impl Span {
    /// A span within one line.
    pub fn on_line(line: u32, column: u32, end_column: u32) -> Self {
        Span { line, column, end_line: line, end_column }
    }

    /// True when `other` lies within this span.
    pub fn contains(&self, other: &Span) -> bool {
        (self.line, self.column) <= (other.line, other.column)
            && (other.end_line, other.end_column) <= (self.end_line, self.end_column)
    }
}

/// A span in a named file. The path is relative to the folder that was asked about and uses `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    pub path: Arc<str>,
    pub span: Span,
}

impl Location {
    pub fn new(path: impl Into<Arc<str>>, span: Span) -> Self {
        Location { path: path.into(), span }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.span.line)
    }
}

/// Some lines of a file, kept so that a report can show them without reading the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// Number of the first line in `text`, from 1.
    pub first_line: u32,
    /// The lines, each ended by `\n`.
    pub text: String,
}
