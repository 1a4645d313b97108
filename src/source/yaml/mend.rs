//! What can still be read of a file that is no YAML as a whole.
//!
//! The part in which the error stands is blanked out, its letters turned into blanks so that all places stay, and the rest is read. A
//! part is a document, or where the format has a mapping of things that stand for themselves (`services` of Compose) one of these:
//! half a service would be read as one that lacks what the other half says.

use std::ops::Range;

use super::template::{self, Masked};
use super::{Attempt, Broken, ROOT, Tree, attempt};
use crate::model::location::Span;
use crate::model::problem::Problem;

/// A file with more errors than this is not read at all.
const MAX_PARTS: usize = 16;

/// What parsers say of an error, with what is shown instead and what to do about it. Empty where the parser's words stay.
const SAID: &[(&str, &str, &str)] = &[
    ("tab", "a tab indents this line, and YAML indents by spaces alone", "Put spaces in its place."),
    (
        "simple key",
        "this line is neither `key: value` nor a part of what stands above it",
        "Add the `:`, or indent it.",
    ),
    ("quoted scalar", "", "A quote that is opened at or above this line is not closed."),
    ("unclosed bracket", "", "Close the bracket."),
    ("expected ',' or", "", "A bracket is opened and not closed, or a comma is missing."),
    ("mapping values are not allowed", "", "Quote a value that has `: ` in it, or indent the key like its neighbours."),
    ("cannot start any token", "", "Quote a value that begins with this sign."),
    ("block mapping", "", "Indent this line like the keys that it belongs to."),
    ("block collection", "", "Indent this line like the items that it belongs to."),
    ("limit", "", "Nesting or comments beyond this are not read."),
];

/// Reads what `broken` leaves of `text`; `holders` are keys of the root whose entries stand for themselves.
pub(super) fn mended(path: &str, text: &str, holders: &[&str], broken: Broken) -> Tree {
    let masked = template::masked(text);
    let is_template = masked.is_some();
    let mut draft = Draft::new(text, holders, masked.as_ref());
    let mut next = if is_template { None } else { Some(broken.line) };
    let mut tree = Tree::default();
    for _ in 0..=MAX_PARTS {
        if let Some(line) = next {
            draft.lose(line);
        }
        let Attempt { tree: read, broken } = attempt(path, text, &draft.text);
        tree = read;
        next = broken.map(|broken| broken.line);
        if next.is_none() {
            break;
        }
    }
    if next.is_some() {
        tree = Tree::default();
        draft.lost = vec![(1..u32::MAX, None)];
    }
    let lost = draft.told();
    let problem = match masked {
        Some(masked) => Problem::new("this is the text of a template, which is no YAML before it is filled in")
            .at(path, masked.first, text)
            .help(format!("{lost} What the template fills in is unknown: lint the text that it gives.")),
        None => shown(path, text, &broken, &lost),
    };
    // What else is wrong with a template is mostly that it has several branches.
    tree.problems.retain(|_| !is_template);
    tree.problems.insert(0, problem);
    tree.lost = draft.lost.iter().filter(|(_, name)| name.is_some()).map(|(lines, _)| lines.start).collect();
    tree
}

fn shown(path: &str, text: &str, broken: &Broken, lost: &str) -> Problem {
    let row = SAID.iter().find(|(words, ..)| broken.message.contains(words));
    let (_, message, help) =
        row.copied().unwrap_or(("", "", "Correct this line: other readers of YAML refuse it too."));
    let place = row.filter(|row| row.0 == "tab").and_then(|_| tab(text, broken.line));
    let span = place.unwrap_or_else(|| Span::on_line(broken.line, broken.column, broken.column + 1));
    let message =
        if message.is_empty() || (place.is_none() && message.contains("a tab")) { &broken.message } else { message };
    Problem::new(message).at(path, span, text).help(format!("{help} {lost}"))
}

/// The tab that indents this line or the next one.
fn tab(text: &str, line: u32) -> Option<Span> {
    (line..).zip(text.lines().skip(line as usize - 1).take(2)).find_map(|(line, content)| {
        let indent: Vec<char> = content.chars().take_while(|char| char.is_whitespace()).collect();
        let at = u32::try_from(indent.iter().position(|char| *char == '\t')?).ok()? + 1;
        Some(Span::on_line(line, at, at + 1))
    })
}

/// The text with what cannot be read blanked out.
struct Draft {
    text: String,
    /// The bytes of each line.
    lines: Vec<Range<usize>>,
    parts: Vec<Part>,
    /// The lines of what was blanked out, and its name where it has one.
    lost: Vec<(Range<u32>, Option<String>)>,
}

/// Lines that stand for themselves, from 0: a document, or an entry of one.
struct Part {
    lines: Range<usize>,
    /// The length of `  name:` on the first line.
    name: Option<Range<usize>>,
}

impl Draft {
    fn new(source: &str, holders: &[&str], masked: Option<&Masked>) -> Self {
        let text = masked.map_or(source, |masked| &masked.text).to_owned();
        let mut start = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            start += line.len();
            start - line.len()..start
        });
        let lines: Vec<_> = lines.collect();
        let parts = parts(&text, holders);
        let mut draft = Draft { text, lines, parts, lost: Vec::new() };
        for line in masked.into_iter().flat_map(|masked| &masked.branches) {
            if let Some(part) =
                draft.part(*line).filter(|part| draft.stands_for_itself(*part) && draft.reaches(*part, *line))
            {
                draft.blank(part);
            }
        }
        draft
    }

    /// The smallest part that has this line, from 0.
    fn part(&self, line: usize) -> Option<usize> {
        let around = self.parts.iter().enumerate().filter(|(_, part)| part.lines.contains(&line));
        around.min_by_key(|(_, part)| part.lines.len()).map(|(index, _)| index)
    }

    /// A document of entries is what they are, and so is an entry of entries.
    fn stands_for_itself(&self, part: usize) -> bool {
        let whole = &self.parts[part];
        let is_within = |other: &Part| {
            other.name.is_some() && whole.lines.contains(&other.lines.start) && other.lines.len() < whole.lines.len()
        };
        !self.parts.iter().any(is_within)
    }

    /// Has the part something to say both before this line and behind it?
    fn reaches(&self, part: usize, line: usize) -> bool {
        let says = |mut lines: Range<usize>| lines.any(|line| is_said(&self.text[self.lines[line].clone()]));
        let lines = &self.parts[part].lines;
        says(lines.start..line) && says(line + 1..lines.end)
    }

    /// Blanks out the part that has this line, from 1. Where that is blank already, a bracket or a quote is open since before: then the
    /// part before it, and where there is none the document.
    fn lose(&mut self, line: u32) {
        let line = (line as usize - 1).min(self.lines.len().saturating_sub(1));
        let lost = |draft: &Draft, index: usize| {
            let first = draft.parts[index].lines.start;
            draft.lost.iter().any(|(lines, name)| lines.start as usize == first + 1 && name.is_some())
        };
        let smallest = |is_meant: &dyn Fn(&Part) -> bool| {
            let meant = (0..self.parts.len()).filter(|part| is_meant(&self.parts[*part]));
            meant.min_by_key(|part| self.parts[*part].lines.len())
        };
        let mut part = smallest(&|part| part.name.is_some() && part.lines.contains(&line));
        while let Some(known) = part.filter(|part| lost(self, *part)) {
            let start = self.parts[known].lines.start;
            part = smallest(&|part| part.name.is_some() && part.lines.end == start);
        }
        if let Some(part) = part.or_else(|| smallest(&|part| part.name.is_none() && part.lines.contains(&line))) {
            self.blank(part);
        }
    }

    fn blank(&mut self, part: usize) {
        let Part { lines, name } = &self.parts[part];
        let Some(bytes) = self.lines.get(lines.clone()).and_then(|all| Some(all.first()?.start..all.last()?.end))
        else {
            return;
        };
        let kept = name.as_ref().map_or(0, |name| name.end + 1);
        let from = (bytes.start + kept).min(bytes.end);
        let blanked: String =
            self.text[from..bytes.end].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
        let name = name.as_ref().map(|name| self.text[bytes.start..bytes.end][name.clone()].to_owned());
        let number = |line: usize| u32::try_from(line).unwrap_or(u32::MAX - 1) + 1;
        let lines = number(lines.start)..number(lines.end);
        self.text.replace_range(from..bytes.end, &blanked);
        self.lost.retain(|(known, _)| !(lines.start <= known.start && known.end <= lines.end));
        self.lost.push((lines, name));
    }

    fn told(&self) -> String {
        let named: Vec<String> =
            self.lost.iter().filter_map(|(_, name)| Some(format!("`{}`", name.as_ref()?))).collect();
        let documents = self.parts.iter().filter(|part| part.name.is_none()).count();
        let whole = self.lost.iter().find(|(_, name)| name.is_none());
        match (named.is_empty(), whole) {
            (true, None) => "The file was read without it.".to_owned(),
            (false, None) => format!("{} was not read, the rest of the file was.", named.join(", ")),
            (_, Some((lines, _))) if documents > 1 && lines.end != u32::MAX => {
                format!("Lines {} to {} were not read, the other documents were.", lines.start, lines.end - 1)
            }
            _ => "Until then nothing of this file is read.".to_owned(),
        }
    }
}

fn is_said(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// The documents of a text, and the entries below `holders` in each.
fn parts(text: &str, holders: &[&str]) -> Vec<Part> {
    let lines: Vec<&str> = text.lines().collect();
    let ends = (0..lines.len()).filter(|line| lines[*line].starts_with("---") && *line > 0).chain([lines.len()]);
    let mut start = 0;
    let mut parts = Vec::new();
    for end in ends {
        // The line of dashes stays, so that the next document begins.
        let first = start + usize::from(lines.get(start).is_some_and(|line| line.starts_with("---")));
        parts.extend(entries(&lines, first..end, holders));
        if holders.contains(&ROOT) {
            let said = (first..end).find(|line| is_said(lines[*line]));
            parts.extend(said.map(|first| named(&lines, first..end, 0)).unwrap_or_default());
        }
        parts.push(Part { lines: first..end, name: None });
        start = end;
    }
    parts
}

fn entries(lines: &[&str], document: Range<usize>, holders: &[&str]) -> Vec<Part> {
    let indent = |line: usize| lines[line].chars().take_while(|char| *char == ' ').count();
    let said = |line: &usize| is_said(lines[*line]);
    let is_holder = |line: &usize| holders.iter().any(|key| lines[*line].trim_end().strip_suffix(':') == Some(key));
    let Some(holder) = document.clone().find(is_holder) else { return Vec::new() };
    let end =
        (holder + 1..document.end).find(|line| said(line) && indent(*line) == 0 && !lines[*line].starts_with('\t'));
    let end = end.unwrap_or(document.end);
    let Some(first) = (holder + 1..end).find(said) else { return Vec::new() };
    named(lines, first..end, indent(first))
}

/// The entries of a mapping whose keys stand at this depth.
fn named(lines: &[&str], mapping: Range<usize>, depth: usize) -> Vec<Part> {
    let indent = |line: usize| lines[line].chars().take_while(|char| *char == ' ').count();
    let starts: Vec<_> = mapping
        .clone()
        .filter(|line| is_said(lines[*line]) && indent(*line) == depth)
        .filter_map(|line| {
            let name = lines[line].trim_start_matches(' ').split_once(':')?.0;
            let is_name =
                !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "_.-${}".contains(char));
            is_name.then(|| (line, depth..depth + name.len()))
        })
        .collect();
    let ends = starts.iter().skip(1).map(|(line, _)| *line).chain([mapping.end]);
    starts.iter().zip(ends).map(|((line, name), end)| Part { lines: *line..end, name: Some(name.clone()) }).collect()
}
