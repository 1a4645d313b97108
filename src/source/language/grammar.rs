//! What the tree-sitter adapters share: node kinds and fields as numbers, parsers kept per thread, syntax errors.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::ControlFlow;

use tree_sitter::{Language, Node as Syntax, ParseOptions, ParseState, Parser, Point, Tree, TreeCursor};

use super::lines::Lines;
use crate::model::Name;
use crate::model::fact::Directive;
use crate::model::problem::Problem;

/// Deeper syntax is not analysed: the passes over a tree recurse, and no person writes such code.
pub(super) const DEPTH: u32 = 200;

/// A tree-sitter language with its node kinds translated to an enum.
pub(super) struct Grammar<K> {
    pub language: Language,
    kinds: Vec<K>,
}

impl<K: Copy> Grammar<K> {
    pub fn new(language: impl Into<Language>, kind: fn(&str) -> K) -> Self {
        let language = language.into();
        let kinds = (0..language.node_kind_count() as u16)
            .map(|id| kind(language.node_kind_for_id(id).filter(|_| language.node_kind_is_named(id)).unwrap_or("")))
            .collect();
        Grammar { language, kinds }
    }

    pub fn kind(&self, node: Syntax<'_>) -> Option<K> {
        self.kinds.get(node.kind_id() as usize).copied()
    }

    pub fn field(&self, name: &str) -> u16 {
        self.language.field_id_for_name(name).map_or(0, |id| id.get())
    }
}

/// Declares an enum of node kinds, and the way from their names.
macro_rules! kinds {
    ($($variant:ident = $($name:literal)|+,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Kind { $($variant,)* Unlisted }

        fn kind(name: &str) -> Kind {
            match name {
                $($($name)|+ => Kind::$variant,)*
                _ => Kind::Unlisted,
            }
        }
    };
}

/// Declares a struct of field numbers.
macro_rules! fields {
    ($($name:ident),* $(,)?) => {
        struct Fields { $($name: u16,)* }

        impl Fields {
            fn of<K: Copy>(grammar: &Grammar<K>) -> Self {
                Fields { $($name: grammar.field(stringify!($name).trim_start_matches("r#")),)* }
            }
        }
    };
}

pub(super) use {fields, kinds};

/// Cursors that are not in use: making one costs an allocation.
#[derive(Default)]
pub(super) struct Cursors<'t>(Vec<TreeCursor<'t>>);

impl<'t> Cursors<'t> {
    pub fn at(&mut self, node: Syntax<'t>) -> TreeCursor<'t> {
        match self.0.pop() {
            Some(mut cursor) => {
                cursor.reset(node);
                cursor
            }
            None => node.walk(),
        }
    }

    pub fn put(&mut self, cursor: TreeCursor<'t>) {
        self.0.push(cursor);
    }
}

thread_local! {
    static PARSERS: RefCell<Vec<(Language, Parser)>> = const { RefCell::new(Vec::new()) };
}

/// More brackets open at once are no code, and cost tree-sitter a gigabyte.
const BRACKETS: usize = 5_000;

/// Where more brackets are open than any code has. Those in texts and comments count as well: a rough guard is enough.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > BRACKETS {
            return Some(at);
        }
    }
    None
}

/// More signs without an operand between them are no code: each may open an operand of its own, and where a parser looks for a way
/// out of what it does not understand, it looks at all that is open for each of them.
const SIGNS: usize = 600;

/// Where more signs follow each other, with blanks at most between them, than in any code.
fn too_many_signs(text: &str) -> Option<usize> {
    let mut signs = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'-' | b'+' | b'~' | b'!' | b'<' | b'>' | b'&' | b'*' | b'^' | b'@' => signs += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => signs = 0,
        }
        if signs > SIGNS {
            return Some(at);
        }
    }
    None
}

/// The scanner of Python's grammar writes beyond its buffer where more lines than about five hundred are indented within each
/// other.
const INDENTS: usize = 400;

/// Where lines are indented within each other more often than in any code.
fn too_many_indents(text: &str) -> Option<usize> {
    let mut around: Vec<usize> = Vec::new();
    for line in text.split_inclusive('\n').filter(|line| !line.trim().is_empty()) {
        let width = line.len() - line.trim_start().len();
        while around.pop_if(|outer| *outer >= width).is_some() {}
        around.push(width);
        if around.len() > INDENTS {
            return Some(line.as_ptr() as usize - text.as_ptr() as usize);
        }
    }
    None
}

/// The syntax tree of a text, or why there is none.
pub(super) fn syntax(language: &Language, path: &str, text: &str, lines: &Lines<'_>) -> Result<Tree, Problem> {
    if let Some(at) = too_many_brackets(text).or_else(|| too_many_signs(text)).or_else(|| too_many_indents(text)) {
        let problem = Problem::new("nested too deeply, not analysed");
        return Err(problem.at(path, lines.span(at as u32, at as u32 + 1), text));
    }
    parse(language, text).ok_or_else(|| Problem::new("takes too long to parse, not analysed").in_file(path))
}

/// Steps of the parser (of a hundred operations each) that a text may take at once, and for each byte. Code takes less than a
/// fiftieth for each byte; what is ambiguous all along, as `a<a<a<…` in C#, costs the square of its length in time and memory.
const STEPS: usize = 400;
const BYTES_PER_STEP: usize = 20;

/// Parses with the thread's parser for the language. `None` where that takes too many steps.
fn parse(language: &Language, text: &str) -> Option<Tree> {
    PARSERS.with_borrow_mut(|parsers| {
        let at = match parsers.iter().position(|(known, _)| known == language) {
            Some(at) => at,
            None => {
                let mut parser = Parser::new();
                parser.set_language(language).ok()?;
                parsers.push((language.clone(), parser));
                parsers.len() - 1
            }
        };
        let parser = &mut parsers[at].1;
        parser.reset();
        let mut steps = 0;
        let mut bounded = |state: &ParseState| {
            steps += 1;
            match steps > STEPS + state.current_byte_offset() / BYTES_PER_STEP {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let options = ParseOptions::new().progress_callback(&mut bounded);
        let mut rest = |at: usize, _: Point| text.as_bytes().get(at..).unwrap_or_default();
        parser.parse_with_options(&mut rest, None, Some(options))
    })
}

/// The first syntax error of a tree, as a problem.
pub(super) fn first_error(tree: &Tree, path: &str, text: &str, lines: &Lines<'_>) -> Option<Problem> {
    if !tree.root_node().has_error() {
        return None;
    }
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            let message = match node.is_missing() {
                true => format!("failed to parse: `{}` is missing", node.kind()),
                false => {
                    let near: String =
                        slice(text, node).split_whitespace().next().unwrap_or_default().chars().take(40).collect();
                    if near.is_empty() {
                        "failed to parse".to_string()
                    } else {
                        format!("failed to parse near `{near}`")
                    }
                }
            };
            let start = node.start_byte() as u32;
            let first_line = slice(text, node).lines().next().unwrap_or_default().len() as u32;
            let span = lines.span(start, start + first_line);
            return Some(
                Problem::at(Problem::new(message), path, span, text).help("The rest of the file was analysed."),
            );
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

/// The problem of a file whose syntax is nested deeper than [`DEPTH`] at `offset`.
pub(super) fn too_deep(offset: u32, path: &str, text: &str, lines: &Lines<'_>) -> Problem {
    let message = format!("nested deeper than {DEPTH} levels; what is inside was not analysed");
    Problem::new(message).at(path, lines.span(offset, offset + 1), text)
}

/// The word with which comments speak to us.
pub(crate) const MARK: &str = "scaleproof:";

/// Comments that speak to us.
pub(super) fn directives(tree: &Tree, text: &str, lines: &Lines<'_>) -> Vec<Directive> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(MARK) {
        let Some(node) = tree.root_node().descendant_for_byte_range(at, at + MARK.len()) else { continue };
        if node.kind().contains("comment") {
            found.push(directive(text, at, node.start_byte(), node.end_byte(), lines));
        }
    }
    found
}

/// The directive at `at` within the comment from `start` to `end`.
pub(crate) fn directive(text: &str, at: usize, start: usize, end: usize, lines: &Lines<'_>) -> Directive {
    let rest = text.get(at + MARK.len()..end).unwrap_or_default();
    let said = rest.lines().next().unwrap_or_default().trim();
    let said = said.strip_suffix("*/").or(said.strip_suffix("-->")).unwrap_or(said).trim_end();
    let after = text.get(end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    // In JSX, a comment stands in braces.
    let own_line = match lines.before(start as u32).trim() {
        "{" => after.trim() == "}",
        before => before.is_empty(),
    };
    Directive { text: Name::new(said), own_line, span: lines.span(start as u32, end as u32) }
}

pub(super) fn slice<'t>(text: &'t str, node: Syntax<'_>) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// The text of a literal: common escapes are decoded, rare ones stay as written.
pub(super) fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') => {}
            Some(quoted @ ('\\' | '"' | '\'' | '`' | '$' | '/')) => out.push(quoted),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    Cow::Owned(out)
}

/// The number that a literal writes, in any of the notations that languages share.
pub(super) fn number(raw: &str) -> Option<f64> {
    let plain: String = raw.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    let radix = |prefix: &str, radix| plain.strip_prefix(prefix).map(|digits| (digits.to_string(), radix));
    if let Some((digits, radix)) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)) {
        let digits: String = digits.chars().take_while(|c| c.is_digit(radix)).collect();
        return u64::from_str_radix(&digits, radix).ok().map(|value| value as f64);
    }
    let end = plain
        .char_indices()
        .find(|(at, c)| {
            let signed = *at > 0 && plain.as_bytes()[at - 1] == b'e';
            !(c.is_ascii_digit() || *c == '.' || *c == 'e' || (matches!(c, '+' | '-') && signed))
        })
        .map_or(plain.len(), |(at, _)| at);
    plain[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_notation() {
        let cases =
            [("1_000", 1000.0), ("0x10", 16.0), ("10n", 10.0), ("1.5e3", 1500.0), ("5u64", 5.0), ("1e-3", 0.001)];
        for (raw, value) in cases {
            assert_eq!(number(raw), Some(value), "{raw}");
        }
        assert_eq!(number(""), None);
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(unescaped(r#"a\n\"b\"\d"#), "a\n\"b\"\\d");
    }
}
