//! The scalars of a tree as settings.

use super::{Content, Node};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;

/// Nesting beyond this is data.
const MAX_DEPTH: usize = 40;
/// A key that is longer is the name of nothing.
const MAX_KEY: usize = 400;
/// More settings than this are data.
const MAX_SETTINGS: usize = 20_000;

/// Every scalar below `node`, each under the keys that lead to it, joined by dots after `prefix`. Elements of lists go by their
/// number, from 0. `value` is told the text of a scalar and whether it is plain.
pub fn flat(prefix: &str, node: &Node, value: &dyn Fn(&str, bool) -> Value) -> Vec<Setting> {
    let mut flat = Flat { value, settings: Vec::new() };
    flat.collect(prefix, node, node.span, 0);
    flat.settings
}

struct Flat<'v> {
    value: &'v dyn Fn(&str, bool) -> Value,
    settings: Vec<Setting>,
}

impl Flat<'_> {
    /// `at` is the key, or the element of a list.
    fn collect(&mut self, key: &str, node: &Node, at: Span, depth: usize) {
        if depth > MAX_DEPTH || key.len() > MAX_KEY || self.settings.len() == MAX_SETTINGS {
            return;
        }
        let within = |step: &str| if key.is_empty() { step.to_owned() } else { format!("{key}.{step}") };
        match &node.content {
            Content::Mapping(mapping) => {
                for entry in mapping.entries.iter().filter(|entry| entry.key.len() <= MAX_KEY) {
                    self.collect(&within(&entry.key), &entry.value, entry.key_span, depth + 1);
                }
            }
            Content::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.collect(&within(&index.to_string()), item, item.span, depth + 1);
                }
            }
            Content::Scalar { text, plain } => {
                // An alias's value stands elsewhere, above its key.
                let end = Span { end_line: node.span.end_line, end_column: node.span.end_column, ..at };
                let follows = (node.span.line, node.span.column) >= (at.line, at.column);
                let span = if follows { end } else { at };
                let value = (self.value)(text, *plain);
                self.settings.push(Setting { key: key.into(), value, function: None, span });
            }
            Content::Unresolved => {}
        }
    }
}
