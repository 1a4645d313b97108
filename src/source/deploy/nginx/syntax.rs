//! The syntax of nginx: directives of words, ended by `;` or followed by a block.
//!
//! <https://nginx.org/en/docs/beginners_guide.html#conf_structure>. Files that a template writes (Jinja, ERB, Go, envsubst) are
//! read as if every branch were there; what is written between their marks stays in the words.

use std::ops::Range;

use super::super::directive::{Directive, Word};
use super::super::page::Page;

/// Blocks within blocks; more are nobody's configuration.
const MAX_DEPTH: usize = 32;

pub(super) fn parse(page: &mut Page<'_>, text: &str) -> Vec<Directive> {
    let mut parser = Parser { page, text, at: 0, words: Vec::new(), open: vec![Open::default()], tag: None };
    while parser.step() {}
    parser.finish()
}

/// A block that is not closed yet, and the directive before it.
#[derive(Default)]
struct Open {
    words: Vec<Word>,
    inner: Vec<Directive>,
}

struct Parser<'p, 't> {
    page: &'p mut Page<'t>,
    text: &'p str,
    at: usize,
    /// Those of the directive that is not ended yet.
    words: Vec<Word>,
    open: Vec<Open>,
    /// The first mark of a template.
    tag: Option<Range<usize>>,
}

/// Marks between which templates say what to do.
const TAGS: [(&str, &str); 3] = [("{%", "%}"), ("{#", "#}"), ("<%", "%>")];

impl Parser<'_, '_> {
    /// One word or sign; false at the end.
    fn step(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        let start = self.at;
        if let Some((_, end)) = TAGS.iter().find(|(begin, _)| trimmed.starts_with(begin) && !trimmed.starts_with("<%="))
        {
            self.skip_tag(end);
        } else if trimmed.starts_with("{{") && self.words.is_empty() {
            self.skip_tag("}}");
        } else {
            match trimmed.bytes().next() {
                None => return false,
                Some(b'#') => {
                    self.at += trimmed.find('\n').unwrap_or(trimmed.len());
                    self.page.comment(start..self.at);
                }
                Some(b';') => {
                    self.at += 1;
                    self.end_directive();
                }
                Some(b'{') if !trimmed.starts_with("{{") => self.begin_block(),
                Some(b'}') => {
                    self.at += 1;
                    self.end_block(start);
                }
                Some(quote @ (b'"' | b'\'')) => self.quoted(quote),
                Some(_) => self.bare(),
            }
        }
        true
    }

    fn skip_tag(&mut self, end: &str) {
        let start = self.at;
        self.at = self.text[start..].find(end).map_or(self.text.len(), |at| start + at + end.len());
        self.tag.get_or_insert(start..self.at);
    }

    fn quoted(&mut self, quote: u8) {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while end < bytes.len() && bytes[end] != quote {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        if end >= bytes.len() {
            let line = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
            self.problem("this quote is never closed", start..line);
            // What follows is read as if the quote had ended with its line.
            end = line;
        }
        let text = self.text.get(start + 1..end).unwrap_or_default().to_owned();
        self.at = (end + 1).min(bytes.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        self.words.push(Word { text, place: start..self.at });
    }

    /// A word without quotes: to a blank, `;` or a brace, those of `${name}` and of templates aside.
    fn bare(&mut self) {
        let start = self.at;
        let mut rest = self.text[start..].char_indices();
        let mut end = self.text.len();
        let mut inside: Option<&str> = None;
        while let Some((offset, char)) = rest.next() {
            let here = &self.text[start + offset..];
            if let Some(close) = inside {
                if here.starts_with(close) {
                    for _ in 1..close.len() {
                        rest.next();
                    }
                    inside = None;
                }
                continue;
            }
            let opened = [("${", "}"), ("{{", "}}"), ("<%", "%>")].into_iter().find(|(open, _)| here.starts_with(open));
            match (opened, char) {
                // Where nothing closes it, a brace is a brace.
                (Some((_, close)), _) if closes(here, close) => inside = Some(close),
                (_, '\\') => drop(rest.next()),
                (_, char) if char.is_whitespace() || matches!(char, ';' | '{' | '}') => {
                    end = start + offset;
                    break;
                }
                _ => {}
            }
        }
        // A sign that begins no word is one by itself.
        let end = if end == start { start + self.text[start..].chars().next().map_or(0, char::len_utf8) } else { end };
        self.at = end;
        self.words.push(Word { text: self.text[start..end].to_owned(), place: start..end });
    }

    fn end_directive(&mut self) {
        let mut words = std::mem::take(&mut self.words).into_iter();
        if let (Some(name), Some(open)) = (words.next(), self.open.last_mut()) {
            open.inner.push(Directive { name, arguments: words.collect(), block: None });
        }
    }

    fn begin_block(&mut self) {
        let start = self.at;
        self.at += 1;
        let words = std::mem::take(&mut self.words);
        if words.first().is_some_and(|name| name.text.ends_with("_by_lua_block")) {
            self.skip_lua(start);
        } else if self.open.len() > MAX_DEPTH {
            self.problem(format!("blocks nest deeper than {MAX_DEPTH} levels"), start..start + 1);
            self.at = self.text.len();
        } else {
            self.open.push(Open { words, inner: Vec::new() });
        }
    }

    /// To the brace that ends a block of Lua: <https://github.com/openresty/lua-nginx-module#content_by_lua_block>.
    fn skip_lua(&mut self, start: usize) {
        let bytes = self.text.as_bytes();
        let mut depth = 1_usize;
        while depth > 0 && self.at < bytes.len() {
            let rest = &bytes[self.at..];
            self.at += match rest[0] {
                b'-' if rest.starts_with(b"--") => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
                quote @ (b'"' | b'\'') => {
                    let is_end = |at: &usize| rest[*at] == quote && rest[at - 1] != b'\\' || rest[*at] == b'\n';
                    (1..rest.len()).find(is_end).map_or(rest.len(), |at| at + 1)
                }
                b'{' => {
                    depth += 1;
                    1
                }
                b'}' => {
                    depth -= 1;
                    1
                }
                _ => 1,
            };
        }
        if depth > 0 {
            self.problem("this block of Lua is never closed", start..start + 1);
        }
    }

    fn end_block(&mut self, at: usize) {
        self.unended();
        match self.open.pop_if(|open| !open.words.is_empty()) {
            Some(block) => self.close(block),
            // One without a name, or none at all.
            None if self.open.len() > 1 => drop(self.open.pop()),
            None => self.problem("this `}` closes nothing", at..at + 1),
        }
    }

    fn close(&mut self, block: Open) {
        let mut words = block.words.into_iter();
        if let (Some(name), Some(outer)) = (words.next(), self.open.last_mut()) {
            outer.inner.push(Directive { name, arguments: words.collect(), block: Some(block.inner) });
        }
    }

    /// What stands before the end of a block or of the file without its `;`.
    fn unended(&mut self) {
        if let (Some(first), Some(last)) = (self.words.first(), self.words.last()) {
            let place = first.place.start..last.place.end;
            self.problem("this directive is not ended by `;`", place);
        }
        self.end_directive();
    }

    fn problem(&mut self, message: impl Into<String>, place: Range<usize>) {
        // Branches of a template need not close what they open.
        if self.tag.is_none() {
            self.page.problem(message, "", &place);
        }
    }

    fn finish(mut self) -> Vec<Directive> {
        self.unended();
        while self.open.len() > 1 {
            let Some(block) = self.open.pop() else { break };
            if let Some(name) = block.words.first() {
                self.problem(format!("the block of `{}` is never closed", name.text), name.place.clone());
            }
            self.close(block);
        }
        if let Some(place) = self.tag.take() {
            self.page.template(&place);
        }
        self.open.pop().map(|open| open.inner).unwrap_or_default()
    }
}

/// Names of variables and expressions of templates are short.
fn closes(text: &str, close: &str) -> bool {
    let near = &text.as_bytes()[..text.len().min(200)];
    let near = near.split(|byte| *byte == b'\n').next().unwrap_or_default();
    memchr::memmem::find(near, close.as_bytes()).is_some()
}
