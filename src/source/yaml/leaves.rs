//! A tree as a list of scalars under dotted keys.

use super::{Content, Node};
use crate::model::location::Span;

/// Nesting beyond this, and a longer key, is the name of nothing.
const MAX_DEPTH: usize = 64;
const MAX_KEY: usize = 400;

/// A scalar of a tree.
pub struct Leaf<'n> {
    /// `a.b.0.c`: elements of lists go by their number.
    pub key: &'n str,
    pub node: &'n Node,
    /// From its key, or its element, to its end.
    pub span: Span,
}

impl Node {
    /// Shows each scalar below this node to `visit`, under `key`, until that one has seen enough; `at` is where the node's own key
    /// stands. Gives whether all were seen.
    pub fn leaves(&self, key: &str, at: Span, visit: &mut dyn FnMut(Leaf<'_>) -> bool) -> bool {
        self.leaves_within(key, at, 0, visit)
    }

    fn leaves_within(&self, key: &str, at: Span, depth: usize, visit: &mut dyn FnMut(Leaf<'_>) -> bool) -> bool {
        if depth > MAX_DEPTH || key.len() > MAX_KEY {
            return true;
        }
        let within = |step: &str| if key.is_empty() { step.to_owned() } else { format!("{key}.{step}") };
        match &self.content {
            Content::Mapping(mapping) => mapping
                .entries
                .iter()
                .filter(|entry| entry.key.len() <= MAX_KEY)
                .all(|entry| entry.value.leaves_within(&within(&entry.key), entry.key_span, depth + 1, visit)),
            Content::Sequence(items) => items
                .iter()
                .enumerate()
                .all(|(index, item)| item.leaves_within(&within(&index.to_string()), item.span, depth + 1, visit)),
            Content::Scalar { .. } => visit(Leaf { key, node: self, span: self.since(at) }),
            Content::Unresolved => true,
        }
    }

    /// From `key` to the end of this node; an alias's value stands elsewhere, above its key.
    pub fn since(&self, key: Span) -> Span {
        let follows = (self.span.line, self.span.column) >= (key.line, key.column);
        if follows { Span { end_line: self.span.end_line, end_column: self.span.end_column, ..key } } else { key }
    }
}
