//! The syntax of HAProxy: sections of lines of words.
//!
//! Quotes and backslashes: <https://docs.haproxy.org/3.2/configuration.html#2.2>.

use std::ops::Range;

use super::super::directive::Word;
use super::super::page::Page;

/// A line of a section; it has a word.
#[derive(Debug)]
pub(super) struct Line {
    pub words: Vec<Word>,
}

impl Line {
    pub fn place(&self) -> Range<usize> {
        super::place(&self.words)
    }

    pub fn text(&self) -> String {
        joined(&self.words)
    }

    /// Its key, what it says, and whether it is switched on: `no option x` is not. `option redispatch` goes by `option.redispatch`.
    pub fn meaning(&self) -> (String, String, bool) {
        let is_on = self.words[0].text != "no" || self.words.len() == 1;
        let words = if is_on { &self.words[..] } else { &self.words[1..] };
        let first = words[0].text.as_str();
        let named = ["option", "timeout", "stick", "stats", "acl", "server", "bind", "errorfile"].contains(&first);
        match words {
            [_, name, rest @ ..] if named => (format!("{first}.{}", name.text), joined(rest), is_on),
            [_, rest @ ..] => (first.to_owned(), joined(rest), is_on),
            [] => (String::new(), String::new(), is_on),
        }
    }
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// `backend name from defaults`, and its lines.
#[derive(Debug)]
pub(super) struct Section {
    pub kind: Word,
    pub name: Option<Word>,
    pub from: Option<Word>,
    pub lines: Vec<Line>,
}

const KINDS: [&str; 17] = [
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "peers",
    "resolvers",
    "userlist",
    "mailers",
    "program",
    "http-errors",
    "cache",
    "ring",
    "log-forward",
    "fcgi-app",
    "crt-store",
    "traces",
];

pub(super) fn parse(page: &mut Page<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut templated = false;
    let mut start = 0;
    for line in page.file.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let trimmed = line.trim();
        if ["{%", "{{", "{#", "<%"].iter().any(|mark| trimmed.starts_with(mark)) {
            if !std::mem::replace(&mut templated, true) {
                let begin = at + line.len() - line.trim_start().len();
                page.template(&(begin..begin + trimmed.len()));
            }
            continue;
        }
        let words = words(page, line, at);
        let Some(first) = words.first() else { continue };
        if KINDS.contains(&first.text.as_str()) {
            let from = words.iter().position(|word| word.text == "from").and_then(|from| words.get(from + 1)).cloned();
            let name = words.get(1).filter(|word| word.text != "from").cloned();
            sections.push(Section { kind: first.clone(), name, from, lines: Vec::new() });
        } else if first.text.starts_with('.') {
            // `.if` and the like: every branch is read.
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(Line { words });
        } else {
            let message = "this line stands in no section";
            page.problem(
                message,
                "Sections begin with `global`, `defaults`, `frontend`, `backend` or `listen`.",
                &super::place(&words),
            );
        }
    }
    sections
}

/// The words of a line that begins at `offset`; what follows `#` is a comment.
fn words(page: &mut Page<'_>, line: &str, offset: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<(char, usize)> = None;
    let end = line.trim_end().len();
    let mut chars = line[..end].char_indices();
    while let Some((at, char)) = chars.next() {
        let at = offset + at;
        let current = |word: &mut Option<Word>| word.take().unwrap_or(Word { text: String::new(), place: at..at });
        let mut add = |text: Option<char>, length: usize| {
            let mut it = current(&mut word);
            it.text.extend(text);
            it.place.end = at + length;
            word = Some(it);
        };
        match (char, quote) {
            (char, Some((open, _))) if char == open => {
                quote = None;
                add(None, 1);
            }
            ('\\', None | Some(('"', _))) => match chars.next() {
                Some((_, next)) => add(Some(next), 1 + next.len_utf8()),
                None => add(None, 1),
            },
            ('"' | '\'', None) => {
                quote = Some((char, at));
                add(None, 1);
            }
            ('#', None) => {
                page.comment(at..offset + end);
                break;
            }
            (char, None) if char.is_whitespace() => words.extend(word.take()),
            (char, _) => add(Some(char), char.len_utf8()),
        }
    }
    if let Some((_, at)) = quote {
        page.problem("this quote is never closed", "", &(at..offset + end));
    }
    words.extend(word);
    words
}
