//! For people at a terminal: code frames, the two-request story, the verdict last, where the eye stops.
//!
//! Everything is written with ANSI styles; the caller strips them where they are not wanted.

pub mod bench;
pub mod comparison;
pub mod explain;
mod frame;
pub mod lint;
mod style;
pub mod test;

pub use frame::error;

use std::io::{self, Write};

use anstream::adapter::strip_str;
use unicode_width::UnicodeWidthStr;

use super::text;
use crate::model::verdict::Gate;

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Look { width: 100 }
    }
}

/// What a gate says: its verdict, and the paragraph that gives the reason.
pub fn gate(reason: &str, verdict: Gate, look: Look, out: &mut dyn Write) -> io::Result<()> {
    hanging(&format!("{}  ", style::gate(verdict)), &text::visible(reason), look, out)
}

/// Writes `head`, then `text` wrapped beside it.
fn hanging(head: &str, text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let indent = strip_str(head).to_string().width();
    let lines = textwrap::wrap(text, whole_words(look.width.saturating_sub(indent).max(30)));
    for (number, line) in lines.iter().enumerate() {
        match number {
            0 => writeln!(out, "{head}{line}")?,
            _ => writeln!(out, "{}{line}", " ".repeat(indent))?,
        }
    }
    Ok(())
}

/// Lines are broken at blanks alone: what has a hyphen is most often the name of something.
fn whole_words(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}
