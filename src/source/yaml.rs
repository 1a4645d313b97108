//! YAML as a small tree in which every node knows its place.
//!
//! Deployment and configuration files lean on what most readers throw away: which service was merged from which anchor, and where a merged
//! key was really written. So anchors are shared nodes here, `<<` is resolved as YAML 1.1 says (a mapping's own keys win,
//! then the sources in their order), and a mapping remembers its sources. What is wrong becomes a [`Problem`]; an alias without an
//! anchor is one of these and the rest of the file is still read.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError};

use self::written::Written;
use crate::model::Name;
use crate::model::fact::Directive;
use crate::model::location::Span;
use crate::model::problem::Problem;

mod flat;
mod mend;
mod template;
mod written;

pub use flat::flat;

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

impl Comment {
    /// What it says to us, if it does.
    pub fn directive(&self) -> Option<Directive> {
        let text = self.text.trim_start().strip_prefix("scaleproof:")?;
        Some(Directive { text: Name::new(text.trim()), own_line: self.own_line, span: self.span })
    }
}

/// Nesting beyond this is nobody's deployment file; aliases count with what they stand for.
const MAX_DEPTH: u16 = 64;

/// Nodes that aliases and merges may add to a file ("billion laughs").
const MAX_EXPANSION: u64 = 200_000;

/// A file, read as far as it could be.
#[derive(Debug, Default)]
pub struct Tree {
    /// Those that could be read; where one is broken, the others.
    pub documents: Vec<Rc<Node>>,
    pub comments: Vec<Comment>,
    pub problems: Vec<Problem>,
    /// The lines of the keys whose values could not be read and are null.
    pub lost: Vec<u32>,
}

#[derive(Debug)]
pub struct Node {
    pub span: Span,
    pub content: Content,
    /// The name of its anchor, without `&`.
    pub anchor: Option<Name>,
    /// Its tag, where that is one of an application: `reset` of `!reset`.
    pub tag: Option<Name>,
    bytes: std::ops::Range<usize>,
    depth: u16,
    size: u64,
}

#[derive(Debug)]
pub enum Content {
    Scalar {
        text: Name,
        /// Neither quoted nor a block scalar, and so possibly null, a number or a boolean.
        plain: bool,
    },
    Sequence(Vec<Rc<Node>>),
    Mapping(Mapping),
    /// An alias that stands for nothing; a problem says why.
    Unresolved,
}

#[derive(Debug, Default)]
pub struct Mapping {
    /// The mapping's own entries in order, then those merged into it.
    pub entries: Vec<Entry>,
    /// The mappings that `<<` names, in order of precedence.
    pub sources: Vec<Rc<Node>>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Name,
    /// Where the key is written: for a merged entry, in the mapping that it comes from.
    pub key_span: Span,
    pub value: Rc<Node>,
    /// It came by `<<`.
    pub merged: bool,
}

impl Mapping {
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Node {
    /// A collection that stands in no file as such, put together from others.
    pub fn composed(span: Span, content: Content) -> Rc<Node> {
        Node::written(span, 0..0, content)
    }

    /// What another format has at these bytes of its text.
    pub fn written(span: Span, bytes: std::ops::Range<usize>, content: Content) -> Rc<Node> {
        let depth = deepest(&content) + 1;
        Rc::new(Node { span, content, anchor: None, tag: None, bytes, depth, size: 1 })
    }

    /// The value of `key`, where this is a mapping that has it and it is not null.
    pub fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.mapping()?.entry(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    pub fn mapping(&self) -> Option<&Mapping> {
        if let Content::Mapping(mapping) = &self.content { Some(mapping) } else { None }
    }

    pub fn sequence(&self) -> Option<&[Rc<Node>]> {
        if let Content::Sequence(items) = &self.content { Some(items) } else { None }
    }

    /// The text of a scalar, whatever its type.
    pub fn text(&self) -> Option<&Name> {
        if let Content::Scalar { text, .. } = &self.content { Some(text) } else { None }
    }

    /// A plain `true`.
    pub fn is_true(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if text.eq_ignore_ascii_case("true"))
    }

    pub fn is_null(&self) -> bool {
        let Content::Scalar { text, plain: true } = &self.content else { return false };
        matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The characters of a scalar, each with the place in `source` that it was written at. Characters that an escape
    /// made stand at the end of what is told apart before them.
    pub fn letters(&self, source: &str) -> Vec<(Place, char)> {
        let Some(text) = self.text() else { return Vec::new() };
        let raw = source.get(self.bytes.clone()).unwrap_or_default();
        let mut written = Written::new(raw, (self.span.line, self.span.column));
        text.chars().map(|char| (written.find(char), char)).collect()
    }
}

/// Among the holders: the root itself, whose entries stand for themselves.
pub const ROOT: &str = "";

/// Reads all documents of `text`.
pub fn parse(path: &str, text: &str) -> Tree {
    parse_parts(path, text, &[])
}

/// Reads all documents of `text`. An error within an entry of one of the `holders`, keys of the root whose entries stand for
/// themselves, loses that entry alone; any other loses its document.
pub fn parse_parts(path: &str, text: &str, holders: &[&str]) -> Tree {
    let Attempt { tree, broken } = attempt(path, text, text);
    match broken {
        None => tree,
        Some(broken) => mend::mended(path, text, holders, broken),
    }
}

/// A text, read up to its first error.
struct Attempt {
    tree: Tree,
    broken: Option<Broken>,
}

/// Where a text is no YAML, in the parser's words.
struct Broken {
    line: u32,
    column: u32,
    message: String,
}

/// Reads `text`, which stands for `source`, byte for byte.
fn attempt(path: &str, source: &str, text: &str) -> Attempt {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        max_buffered_comment_events: 10_000,
        flow_nesting_limit: MAX_DEPTH as usize,
        block_nesting_limit: MAX_DEPTH as usize,
    };
    let mut builder = Builder {
        path,
        source,
        text,
        tree: Tree::default(),
        open: Vec::new(),
        anchors: HashMap::new(),
        expanded: 0,
        broken: None,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) => builder.broken = Some(Broken::at(&error)),
        }
        if builder.broken.is_some() {
            break;
        }
    }
    Attempt { tree: builder.tree, broken: builder.broken }
}

impl Broken {
    fn at(error: &ScanError) -> Self {
        let at = error.marker();
        Broken { line: number(at.line()).max(1), column: number(at.col()) + 1, message: error.info().to_owned() }
    }
}

/// A collection whose end is still to come.
struct Open {
    start: granit_parser::Span,
    properties: Properties,
    items: Items,
}

/// What stands before a node.
#[derive(Default)]
struct Properties {
    /// 0 for none.
    anchor: usize,
    name: Option<Name>,
    tag: Option<Name>,
}

fn own_tag(tag: Option<&granit_parser::Tag>) -> Option<Name> {
    tag.filter(|tag| tag.handle() == "!").map(|tag| Name::new(tag.suffix()))
}

enum Items {
    Sequence(Vec<Rc<Node>>),
    Mapping(OpenMapping),
}

#[derive(Default)]
struct OpenMapping {
    mapping: Mapping,
    keys: HashSet<Name>,
    key: Option<Key>,
}

struct Key {
    /// `None` for a key that is no scalar; its value is passed over.
    text: Option<Name>,
    span: Span,
    merge: bool,
}

struct Builder<'a> {
    path: &'a str,
    /// What is quoted where something is wrong.
    source: &'a str,
    text: &'a str,
    tree: Tree,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    expanded: u64,
    broken: Option<Broken>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, at: &granit_parser::Span) {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Comment(..) => self.comment(at),
            Event::Scalar(text, style, anchor, tag) => {
                if style == ScalarStyle::Plain && text.contains("<%=") {
                    return self.is_template(span(at));
                }
                let content = Content::Scalar { text: text.into(), plain: style == ScalarStyle::Plain };
                self.add(content, at, Properties { anchor, name: None, tag: own_tag(tag.as_deref()) });
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(at, anchor, tag.as_deref(), Items::Sequence(Vec::new())),
            Event::MappingStart(_, anchor, tag) => {
                self.begin(at, anchor, tag.as_deref(), Items::Mapping(OpenMapping::default()));
            }
            Event::Anchor(id, name) => self.name_anchor(id, name.into()),
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            Event::Alias(id) => self.alias(id, at),
            Event::UnresolvedAlias(name) => {
                self.problem_with_help(
                    span(at),
                    format!("`*{name}` refers to an anchor that this file does not define above it"),
                    format!("Define `&{name}` before its first use; the rest of the file was read without it."),
                );
                self.add(Content::Unresolved, at, Properties::default());
            }
            _ => {}
        }
    }

    fn begin(&mut self, at: &granit_parser::Span, anchor: usize, tag: Option<&granit_parser::Tag>, items: Items) {
        let properties = Properties { anchor, name: None, tag: own_tag(tag) };
        self.open.push(Open { start: *at, properties, items });
    }

    /// Anchor events follow the scalar or the collection's start that they name.
    fn name_anchor(&mut self, id: usize, name: Name) {
        if let Some(open) = self.open.iter_mut().rev().find(|open| open.properties.anchor == id) {
            open.properties.name = Some(name);
        }
    }

    fn end(&mut self, at: &granit_parser::Span) {
        let Some(open) = self.open.pop() else { return };
        let content = match open.items {
            Items::Sequence(items) => Content::Sequence(items),
            Items::Mapping(OpenMapping { mapping, keys, .. }) => Content::Mapping(self.merge(mapping, keys)),
        };
        let mut whole = open.start;
        whole.end = at.end;
        self.add(content, &whole, open.properties);
    }

    fn add(&mut self, content: Content, at: &granit_parser::Span, properties: Properties) {
        let Properties { anchor, name, tag } = properties;
        // Compose: what it says below is taken back.
        let is_reset = tag.as_ref().is_some_and(|tag| tag == "reset");
        let content = if is_reset { Content::Scalar { text: Name::default(), plain: true } } else { content };
        let size = 1 + children(&content).map(|child| child.size).sum::<u64>();
        let depth = deepest(&content) + 1;
        let bytes = at.byte_range().unwrap_or_default();
        let node = Rc::new(Node { span: span(at), content, anchor: name, tag, bytes, depth, size });
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node, span(at));
    }

    /// Puts a node where it is used; `at` is the place of its alias, if it stands there by one.
    fn place(&mut self, node: Rc<Node>, at: Span) {
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.tree.documents.push(node),
            Some(Items::Sequence(items)) => items.push(node),
            Some(Items::Mapping(open)) => match open.key.take() {
                None => self.key(&node, at),
                Some(key) => self.value(key, node, at),
            },
        }
    }

    fn key(&mut self, node: &Node, at: Span) {
        let key = Key {
            text: node.text().cloned(),
            span: at,
            merge: matches!(&node.content, Content::Scalar { text, plain: true } if text == "<<"),
        };
        if key.text.is_none() && !matches!(node.content, Content::Unresolved) {
            // `{{ image }}` is a mapping with a mapping as its key.
            if template::opens(self.text, node.bytes.start) {
                return self.is_template(at);
            }
            self.problem(at, "a key that is no plain value is passed over, with its value");
        }
        if let Some(Open { items: Items::Mapping(open), .. }) = self.open.last_mut() {
            open.key = Some(key);
        }
    }

    /// It parses, and yet is no YAML before it is filled in.
    fn is_template(&mut self, at: Span) {
        self.broken = Some(Broken { line: at.line, column: at.column, message: String::new() });
    }

    fn value(&mut self, key: Key, value: Rc<Node>, at: Span) {
        let Some(text) = key.text else { return };
        let Some(Open { items: Items::Mapping(open), .. }) = self.open.last_mut() else { return };
        let known = !open.keys.insert(text.clone());
        if key.merge {
            self.merge_value(&value, at);
        } else if !known {
            open.mapping.entries.push(Entry { key: text.clone(), key_span: key.span, value, merged: false });
        }
        if known {
            let help = if key.merge {
                "Merge several mappings with one list: `<<: [*a, *b]`."
            } else {
                "Keep one of them; the first was read."
            };
            self.problem_with_help(key.span, format!("the key `{text}` is here a second time"), help);
        }
    }

    fn merge_value(&mut self, value: &Rc<Node>, at: Span) {
        let sources = match &value.content {
            Content::Mapping(_) => vec![Rc::clone(value)],
            Content::Sequence(items) => items.clone(),
            Content::Unresolved => Vec::new(),
            Content::Scalar { .. } => {
                self.problem(at, "`<<` merges mappings, and this is none");
                Vec::new()
            }
        };
        for source in sources {
            match (&source.content, self.open.last_mut()) {
                (Content::Mapping(_), Some(Open { items: Items::Mapping(open), .. })) => {
                    open.mapping.sources.push(source)
                }
                (Content::Unresolved, _) => {}
                _ => {
                    self.problem(source.span, "`<<` merges mappings, and this is none");
                }
            }
        }
    }

    /// Adds what the sources have and the mapping has not.
    fn merge(&mut self, mut mapping: Mapping, mut keys: HashSet<Name>) -> Mapping {
        let sources = std::mem::take(&mut mapping.sources);
        for source in &sources {
            for entry in source.mapping().into_iter().flat_map(|mapping| &mapping.entries) {
                if self.within_budget(1, source.span) && keys.insert(entry.key.clone()) {
                    mapping.entries.push(Entry { merged: true, ..entry.clone() });
                }
            }
        }
        mapping.sources = sources;
        mapping
    }

    fn alias(&mut self, id: usize, at: &granit_parser::Span) {
        let here = span(at);
        let Some(node) = self.anchors.get(&id).cloned() else {
            self.problem(here, "this alias stands within the node that it refers to");
            return self.add(Content::Unresolved, at, Properties::default());
        };
        let depth = node.depth.saturating_add(self.open.len().try_into().unwrap_or(u16::MAX));
        if depth > MAX_DEPTH {
            self.problem(here, format!("aliases nest deeper than {MAX_DEPTH} levels"));
            return self.add(Content::Unresolved, at, Properties::default());
        }
        if !self.within_budget(node.size, here) {
            return self.add(Content::Unresolved, at, Properties::default());
        }
        self.place(node, here);
    }

    /// Accounts for nodes that stand in the file more than once. The first that is too many is a problem.
    fn within_budget(&mut self, nodes: u64, at: Span) -> bool {
        let before = self.expanded;
        self.expanded = self.expanded.saturating_add(nodes);
        if before <= MAX_EXPANSION && self.expanded > MAX_EXPANSION {
            self.problem(at, format!("aliases and merges make more than {MAX_EXPANSION} nodes of this file"));
        }
        self.expanded <= MAX_EXPANSION
    }

    fn comment(&mut self, at: &granit_parser::Span) {
        let span = span(at);
        let raw = at.slice(self.text).unwrap_or_default();
        let own_line = self
            .text
            .get(..at.byte_range().unwrap_or_default().start)
            .is_none_or(|before| before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty()));
        self.tree.comments.push(Comment { text: raw.trim_start_matches('#').into(), own_line, span });
    }

    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problem_with_help(span, message, "");
    }

    fn problem_with_help(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        if super::has_room(&mut self.tree.problems, self.path) {
            self.tree.problems.push(Problem::new(message).at(self.path, span, self.source).help(help));
        }
    }
}

fn children(content: &Content) -> impl Iterator<Item = &Rc<Node>> {
    let (items, entries): (&[Rc<Node>], &[Entry]) = match content {
        Content::Sequence(items) => (items, &[]),
        Content::Mapping(mapping) => (&[], &mapping.entries),
        Content::Scalar { .. } | Content::Unresolved => (&[], &[]),
    };
    items.iter().chain(entries.iter().map(|entry| &entry.value))
}

fn deepest(content: &Content) -> u16 {
    children(content).map(|child| child.depth).max().unwrap_or(0)
}

fn span(at: &granit_parser::Span) -> Span {
    Span {
        line: number(at.start.line()),
        column: number(at.start.col()) + 1,
        end_line: number(at.end.line()),
        end_column: number(at.end.col()) + 1,
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests;
