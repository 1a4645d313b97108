//! Literals, arrays, and texts that are put together.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::grammar;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Fields, Kind, Lower};
use crate::model::fact::Shape;

impl<'t> Lower<'t> {
    pub(super) fn text(&mut self, node: Syntax<'t>) -> Form<'t> {
        let raw = self.slice(node);
        if let Some(block) = raw.strip_prefix("\"\"\"") {
            return Form::Text(Cow::Borrowed(block.strip_suffix("\"\"\"").unwrap_or(block).trim()));
        }
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        Form::Text(grammar::unescaped(inner))
    }

    /// `new int[3]`, `new int[] { 1, 2 }`.
    pub(super) fn array(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.child(node, self.fields.value) {
            Some(elements) => Form::List(self.nodes(elements)),
            None => Form::Made(Shape::List, Vec::new()),
        }
    }

    /// `"jdbc:" + path` is a text; any other chain of operators only holds its operands.
    pub(super) fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Fields { left, right, operator, .. } = *self.fields;
        let sum = self.name(node, operator) == "+";
        let links =
            move |lower: &Self, link| lower.kind(link) == Kind::Binary && (lower.name(link, operator) == "+") == sum;
        match self.chain(node, left, right, links) {
            Form::Other(parts) if sum && parts.iter().any(is_text) => Form::Joined(parts),
            form => form,
        }
    }
}

fn is_text(node: &Node<'_>) -> bool {
    matches!(node.form, Form::Text(_))
}
