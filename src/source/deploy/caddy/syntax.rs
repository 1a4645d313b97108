//! The syntax of a Caddyfile: a directive a line, a block where the line ends with `{`.
//!
//! <https://caddyserver.com/docs/caddyfile/concepts>.

use super::super::directive::{Directive, Word};
use super::super::page::Page;

/// Blocks within blocks; more are nobody's configuration.
const MAX_DEPTH: usize = 32;
/// More options of one directive are data.
pub(super) const MAX_OPTIONS: usize = 400;

pub(super) fn parse(page: &mut Page<'_>) -> Vec<Directive> {
    let text = page.file.text;
    let mut parser = Parser { page, text, at: 0, words: Vec::new(), open: vec![(Vec::new(), Vec::new())] };
    while parser.step() {}
    parser.finish()
}

struct Parser<'p, 't> {
    page: &'p mut Page<'t>,
    text: &'t str,
    at: usize,
    /// Those of this line.
    words: Vec<Word>,
    /// Blocks that are not closed: the line before each, and what it holds so far.
    open: Vec<(Vec<Word>, Vec<Directive>)>,
}

impl Parser<'_, '_> {
    /// One word, or the end of a line; false at the end.
    fn step(&mut self) -> bool {
        let rest = &self.text[self.at..];
        // All that ends a word, so that every step goes on.
        let trimmed = rest.trim_start_matches(|char: char| char != '\n' && char.is_whitespace());
        self.at += rest.len() - trimmed.len();
        match trimmed.bytes().next() {
            None => return false,
            Some(b'\n') => {
                self.at += 1;
                self.end_line();
            }
            Some(b'\\') if trimmed[1..].trim_start_matches('\r').starts_with('\n') => {
                self.at += trimmed.find('\n').unwrap_or(0) + 1
            }
            Some(b'#') => {
                let start = self.at;
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
                self.page.comment(start..self.at);
            }
            Some(quote @ (b'"' | b'`')) => self.quoted(quote),
            Some(_) => self.bare(trimmed),
        }
        true
    }

    fn quoted(&mut self, quote: u8) {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while end < bytes.len() && bytes[end] != quote {
            end += if bytes[end] == b'\\' && quote == b'"' { 2 } else { 1 };
        }
        if end >= bytes.len() {
            end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
            self.page.problem("this quote is never closed", "", &(start..end));
            self.at = end;
        } else {
            self.at = end + 1;
        }
        let text = self.text.get(start + 1..end).unwrap_or_default().to_owned();
        self.words.push(Word { text, place: start..self.at });
    }

    fn bare(&mut self, rest: &str) {
        let start = self.at;
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let text = &rest[..length];
        self.at += length;
        match text {
            "{" => self.begin_block(start),
            "}" => self.end_block(start),
            _ => {
                if let Some(mark) = text.strip_prefix("<<").filter(|mark| !mark.is_empty()) {
                    self.skip_text(mark);
                }
                self.words.push(Word { text: text.to_owned(), place: start..start + length });
            }
        }
    }

    /// A heredoc goes to a line that begins with its mark.
    fn skip_text(&mut self, mark: &str) {
        let rest = &self.text[self.at..];
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            if line.split_whitespace().next() == Some(mark) {
                length += line.find(mark).unwrap_or(0) + mark.len();
                break;
            }
            length += line.len();
        }
        self.at += length;
    }

    fn end_line(&mut self) {
        let mut words = std::mem::take(&mut self.words).into_iter();
        if let (Some(name), Some((_, inner))) = (words.next(), self.open.last_mut()) {
            inner.push(Directive { name, arguments: words.collect(), block: None });
        }
    }

    fn begin_block(&mut self, start: usize) {
        let mut line = std::mem::take(&mut self.words);
        if line.is_empty() {
            // Options of the whole server stand in a block without a name.
            line.push(Word { text: String::new(), place: start..self.at });
        }
        if self.open.len() > MAX_DEPTH {
            self.page.problem(format!("blocks nest deeper than {MAX_DEPTH} levels"), "", &(start..start + 1));
            self.at = self.text.len();
        } else {
            self.open.push((line, Vec::new()));
        }
    }

    fn end_block(&mut self, start: usize) {
        self.end_line();
        match self.open.pop_if(|(line, _)| !line.is_empty()) {
            Some((line, inner)) => self.close(line, inner),
            None => self.page.problem("this `}` closes nothing", "", &(start..start + 1)),
        }
    }

    fn close(&mut self, line: Vec<Word>, block: Vec<Directive>) {
        let mut words = line.into_iter();
        if let (Some(name), Some((_, outer))) = (words.next(), self.open.last_mut()) {
            outer.push(Directive { name, arguments: words.collect(), block: Some(block) });
        }
    }

    fn finish(mut self) -> Vec<Directive> {
        self.end_line();
        while self.open.len() > 1 {
            let Some((line, inner)) = self.open.pop() else { break };
            if let Some(first) = line.first() {
                self.page.problem("this block is never closed", "", &first.place.clone());
            }
            self.close(line, inner);
        }
        self.open.pop().map(|(_, inner)| inner).unwrap_or_default()
    }
}
