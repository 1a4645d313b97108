//! Deployment files to facts: which services there are, how many of each run, and what they hold on to.

use crate::model::location::Span;

pub mod yaml;

/// Line and column of one character, from 1.
pub type Place = (u32, u32);

/// A comment without its `#`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub text: String,
    /// It stands alone on its line.
    pub own_line: bool,
    pub span: Span,
}
