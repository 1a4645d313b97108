//! HCL as the tree that YAML is read into: blocks are mappings below their labels, lists are lists, and what is no literal is a
//! plain scalar with the text of its expression.
//!
//! Tolerant: what is no HCL is passed over with a problem. Syntax:
//! <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>.

use std::rc::Rc;

use crate::model::Name;
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::source::has_room;
use crate::source::language::grammar::MARK;
use crate::source::language::lines::Lines;
use crate::source::yaml::{Comment, Content, Entry, Mapping, Node, Tree};

/// Nesting beyond this is nobody's file; what is deeper is a scalar.
const MAX_DEPTH: u8 = 32;

/// Functions that change nothing that matters here.
const TRANSPARENT: [&str; 4] = ["jsonencode", "tostring", "tonumber", "yamlencode"];

/// Reads a file as far as it can be read. Blocks of one name are entries of one name.
pub fn parse(path: &str, text: &str) -> Tree {
    let mut parser = Parser { path, text, at: 0, depth: 0, lines: Lines::new(text), tree: Tree::default() };
    let entries = parser.body(None);
    let root = parser.node(0, Content::Mapping(Mapping { entries, sources: Vec::new() }));
    parser.tree.documents.push(root);
    parser.tree
}

struct Parser<'t> {
    path: &'t str,
    text: &'t str,
    at: usize,
    depth: u8,
    lines: Lines<'t>,
    tree: Tree,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        self.lines.span(start as u32, end as u32)
    }

    fn node(&self, start: usize, content: Content) -> Rc<Node> {
        Node::written(self.span(start, self.at), start..self.at, content)
    }

    fn problem(&mut self, start: usize, message: &str) {
        if has_room(&mut self.tree.problems, self.path) {
            let end = self.text[start..].chars().next().map_or(start, |first| start + first.len_utf8());
            let span = self.span(start, end);
            self.tree.problems.push(Problem::new(message).at(self.path, span, self.text));
        }
    }

    /// Passes one character, which may have several bytes.
    fn step(&mut self) {
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
    }

    fn passes(&mut self, while_true: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|char| !while_true(char)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Passes blanks and comments, line breaks as well where `lines` says so.
    fn skip_blank(&mut self, lines: bool) {
        loop {
            self.passes(|char| char.is_whitespace() && (lines || char != '\n'));
            let start = self.at;
            match self.rest() {
                rest if rest.starts_with('#') || rest.starts_with("//") => drop(self.passes(|char| char != '\n')),
                rest if rest.starts_with("/*") => {
                    self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
                }
                _ => return,
            }
            self.comment(start);
        }
    }

    fn comment(&mut self, start: usize) {
        let text = self.text[start..self.at].trim_start_matches(['#', '/', '*']).trim_end_matches(['/', '*']);
        if text.contains(MARK) {
            let own_line = self.lines.before(start as u32).trim().is_empty();
            let span = self.span(start, self.at);
            self.tree.comments.push(Comment { text: text.to_owned(), own_line, span });
        }
    }

    /// The attributes and blocks up to the brace that closes those that `open` opens.
    fn body(&mut self, open: Option<usize>) -> Vec<Entry> {
        let mut entries = Vec::new();
        loop {
            self.skip_blank(true);
            match (self.peek(), open) {
                (None, None) => return entries,
                (None, Some(open)) => {
                    self.problem(open, "nothing closes this brace");
                    return entries;
                }
                (Some(b'}'), Some(_)) => {
                    self.at += 1;
                    return entries;
                }
                (Some(b','), _) => self.at += 1,
                (Some(_), _) => {
                    let start = self.at;
                    match self.entry() {
                        Some(entry) => entries.push(entry),
                        None => {
                            self.problem(start, "this is neither an attribute nor a block");
                            self.at = self.at.max(start);
                            self.passes(|char| !matches!(char, '\n' | '{' | '}'));
                            if self.peek() == Some(b'{') || self.at == start {
                                self.step();
                            }
                        }
                    }
                }
            }
        }
    }

    fn entry(&mut self) -> Option<Entry> {
        let start = self.at;
        let key = self.word()?;
        let key_span = self.span(start, self.at);
        self.skip_blank(false);
        let is_attribute = matches!(self.peek(), Some(b'=' | b':')) && !self.rest().starts_with("==");
        if is_attribute {
            self.at += 1;
            self.skip_blank(false);
            let value = self.expression();
            return Some(Entry { key, key_span, value, merged: false });
        }
        let mut labels = Vec::new();
        while self.peek() != Some(b'{') {
            let start = self.at;
            let label = self.word()?;
            labels.push((label, self.span(start, self.at)));
            self.skip_blank(false);
        }
        let open = self.at;
        let mut value = self.braced();
        for (label, span) in labels.into_iter().rev() {
            let entry = Entry { key: label, key_span: span, value, merged: false };
            value = self.node(open, Content::Mapping(Mapping { entries: vec![entry], sources: Vec::new() }));
        }
        Some(Entry { key, key_span, value, merged: false })
    }

    /// An identifier, or a text in quotes.
    fn word(&mut self) -> Option<Name> {
        if self.peek() == Some(b'"') {
            return Some(self.text_in_quotes().into());
        }
        let word = self.passes(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'));
        (!word.is_empty()).then(|| word.into())
    }

    /// A block or an object; too deep down, its text.
    fn braced(&mut self) -> Rc<Node> {
        let start = self.at;
        if self.depth == MAX_DEPTH {
            return self.raw(start);
        }
        self.at += 1;
        self.depth += 1;
        let entries = self.body(Some(start));
        self.depth -= 1;
        self.node(start, Content::Mapping(Mapping { entries, sources: Vec::new() }))
    }

    fn expression(&mut self) -> Rc<Node> {
        let start = self.at;
        let problems = self.tree.problems.len();
        let is_for = |rest: &str| rest[1..].trim_start().starts_with("for ");
        let node = match self.peek() {
            Some(b'"') => {
                let text = self.text_in_quotes().into();
                self.node(start, Content::Scalar { text, plain: false })
            }
            Some(b'[') if self.depth < MAX_DEPTH && !is_for(self.rest()) => self.list(),
            Some(b'{') if !is_for(self.rest()) => self.braced(),
            Some(b'<') if self.rest().starts_with("<<") => self.heredoc(),
            _ => match self.call() {
                Some(argument) => argument,
                None => return self.raw(start),
            },
        };
        self.skip_blank(false);
        if matches!(self.peek(), None | Some(b'\n' | b',' | b'}' | b']' | b')')) {
            return node;
        }
        // An operator follows: it is more than this.
        self.tree.problems.truncate(problems);
        self.at = start;
        self.raw(start)
    }

    fn list(&mut self) -> Rc<Node> {
        let start = self.at;
        self.at += 1;
        self.depth += 1;
        let mut items = Vec::new();
        loop {
            self.skip_blank(true);
            match self.peek() {
                None => {
                    self.problem(start, "nothing closes this bracket");
                    break;
                }
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    items.push(self.expression());
                    if self.at == before {
                        self.step();
                    }
                }
            }
        }
        self.depth -= 1;
        self.node(start, Content::Sequence(items))
    }

    /// The argument of a function that changes nothing.
    fn call(&mut self) -> Option<Rc<Node>> {
        let name = TRANSPARENT
            .iter()
            .find(|name| self.rest().strip_prefix(**name).is_some_and(|rest| rest.starts_with('(')))?;
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.at += name.len() + 1;
        self.depth += 1;
        self.skip_blank(true);
        let argument = self.expression();
        self.depth -= 1;
        self.skip_blank(true);
        if self.peek() == Some(b')') {
            self.at += 1;
        }
        Some(argument)
    }

    /// The text of an expression up to the end of its line, or to what ends the list or object around it.
    fn raw(&mut self, start: usize) -> Rc<Node> {
        let mut depth = 0_u32;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.text_in_quotes();
                    continue;
                }
                b'<' if self.rest().starts_with("<<") => {
                    self.heredoc();
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' if depth == 0 => break,
                b')' | b']' | b'}' => depth -= 1,
                b'\n' | b',' if depth == 0 => break,
                b'#' if depth == 0 => break,
                b'/' if depth == 0 && self.rest()[1..].starts_with(['/', '*']) => break,
                _ => {}
            }
            self.step();
        }
        let text = self.text[start..self.at].trim_end();
        let end = start + text.len();
        Node::written(self.span(start, end), start..end, Content::Scalar { text: text.into(), plain: true })
    }

    /// A text in quotes, escapes resolved and templates as they are written; what is not closed ends with its line.
    fn text_in_quotes(&mut self) -> String {
        self.at += 1;
        let mut text = String::new();
        let mut templates = 0_u32;
        while let Some(char) = self.rest().chars().next() {
            match char {
                '"' if templates == 0 => {
                    self.at += 1;
                    break;
                }
                '\n' => break,
                '\\' => {
                    self.at += 1;
                    let escaped = self.rest().chars().next().filter(|char| *char != '\n');
                    text.extend(escaped.map(|char| if char == 'n' { '\n' } else { char }));
                    if escaped.is_none() {
                        continue;
                    }
                }
                '{' if templates > 0 || text.ends_with(['$', '%']) => {
                    templates += 1;
                    text.push(char);
                }
                '}' if templates > 0 => {
                    templates -= 1;
                    text.push(char);
                }
                _ => text.push(char),
            }
            self.step();
        }
        text
    }

    /// `<<-END` up to the line that is nothing but `END`.
    fn heredoc(&mut self) -> Rc<Node> {
        let start = self.at;
        self.at += 2;
        self.passes(|char| char == '-');
        let end = self.passes(|char| char.is_alphanumeric() || char == '_');
        self.passes(|char| char != '\n');
        let body = self.at;
        let mut last = self.at;
        while !end.is_empty() && self.at < self.text.len() {
            last = self.at;
            self.step();
            if self.passes(|char| char != '\n').trim() == end {
                break;
            }
        }
        let text = self.text[body..last].trim_start_matches('\n').into();
        self.node(start, Content::Scalar { text, plain: false })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(node: &Node) -> String {
        match &node.content {
            Content::Scalar { text, plain: true } => text.to_string(),
            Content::Scalar { text, .. } => format!("{text:?}"),
            Content::Sequence(items) => {
                format!("[{}]", items.iter().map(|item| shown(item)).collect::<Vec<_>>().join(", "))
            }
            Content::Mapping(mapping) => {
                let entry = |entry: &Entry| format!("{}: {}", entry.key, shown(&entry.value));
                format!("{{{}}}", mapping.entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            Content::Unresolved => "?".into(),
        }
    }

    fn read(text: &str) -> String {
        let tree = parse("main.tf", text);
        assert!(tree.problems.is_empty(), "{:?}", tree.problems);
        shown(&tree.documents[0])
    }

    #[test]
    fn blocks_stand_below_their_labels() {
        let text = "# a\nresource \"aws_ecs_service\" \"web\" {\n  desired_count = 3 // three\n  tags = {\n    \"a/b\" = \"x\", c: true\n  }\n}\n";
        assert_eq!(read(text), "{resource: {aws_ecs_service: {web: {desired_count: 3, tags: {a/b: \"x\", c: true}}}}}");
        let tree = parse("main.tf", text);
        let web = tree.documents[0].get("resource").unwrap().get("aws_ecs_service").unwrap().get("web").unwrap();
        let count = web.get("desired_count").unwrap();
        assert_eq!((count.span.line, count.span.column, count.span.end_column), (3, 19, 20));
    }

    #[test]
    fn what_is_no_literal_keeps_its_text() {
        for (expression, expected) in [
            ("var.count", "var.count"),
            ("var.prod ? 3 : 1", "var.prod ? 3 : 1"),
            ("\"${var.name}-\\\"a\\\"\"", "\"${var.name}-\\\"a\\\"\""),
            ("\"service/${aws_ecs_cluster.a[\"x\"].name}/y\"", "\"service/${aws_ecs_cluster.a[\\\"x\\\"].name}/y\""),
            ("[1, \"a\",\n 2]", "[1, \"a\", 2]"),
            ("[for x in y : x]", "[for x in y : x]"),
            ("jsonencode([{ name = \"a\" }])", "[{name: \"a\"}]"),
            ("max(1,\n 2)", "max(1,\n 2)"),
            ("\"a\" == var.b ? 1 : 2", "\"a\" == var.b ? 1 : 2"),
            ("<<-EOT\n  a {\n  EOT\n", "\"  a {\""),
            ("concat([1], [2])", "concat([1], [2])"),
        ] {
            assert_eq!(read(&format!("a = {expression}\nb = 1\n")), format!("{{a: {expected}, b: 1}}"), "{expression}");
        }
    }

    #[test]
    fn what_is_no_hcl_is_a_problem_and_the_rest_is_read() {
        let tree = parse("main.tf", "???\nresource \"a\" \"b\" {\n  x = 1\n  ]\n  y = 2\n");
        let told: Vec<_> = tree.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "main.tf:1:1: this is neither an attribute nor a block",
                "main.tf:4:3: this is neither an attribute nor a block",
                "main.tf:2:18: nothing closes this brace",
            ]
        );
        assert_eq!(shown(&tree.documents[0]), "{resource: {a: {b: {x: 1, y: 2}}}}");
    }

    #[test]
    fn deep_nesting_ends() {
        parse("main.tf", &"a = [".repeat(20_000));
        parse("main.tf", &"a {".repeat(20_000));
        parse("main.tf", &"jsonencode(".repeat(20_000));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|a|=|\"|\\$\\{|\\{|\\}|\\[|\\]|\\(|<<-?E\n|E\n|#|/\\*|jsonencode\\(|for |\\\\|ä){0,60}") {
            parse("main.tf", &text);
        }
    }
}
