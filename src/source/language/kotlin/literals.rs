//! Texts with what is put into them, and chains of operators.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::grammar;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Fields, Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn text(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut parts: Vec<Node<'t>> = Vec::new();
        let mut name_follows = false;
        for child in self.children(node) {
            let (start, end) = range(child);
            let raw = self.slice(child);
            match self.kind(child) {
                Kind::Interpolation => parts.extend(self.nodes(child)),
                // The grammar reads `$name` as two texts.
                Kind::Content if raw == "$" => name_follows = true,
                Kind::Content if std::mem::take(&mut name_follows) => {
                    let length = raw.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(raw.len());
                    let middle = start + length as u32;
                    parts.push(Node::new(start, middle, Form::Name(&raw[..length])));
                    parts.push(Node::new(middle, end, Form::Text(Cow::Borrowed(&raw[length..]))));
                }
                _ => parts.push(Node::new(start, end, Form::Text(grammar::unescaped(raw)))),
            }
        }
        if parts.iter().any(|part| !matches!(part.form, Form::Text(_))) {
            return Form::Joined(parts);
        }
        let whole: String = parts.iter().filter_map(Node::text).collect();
        Form::Text(Cow::Owned(whole))
    }

    /// `a ?: b`; `"jdbc:" + path` is a text; any other chain of operators only holds its operands.
    pub(super) fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Fields { left, right, operator, .. } = *self.fields;
        let sign = self.name(node, operator);
        if sign == "?:" {
            return self.elvis(node);
        }
        if let Some(call) = self.call_with_type(node) {
            return call;
        }
        let sum = sign == "+";
        let links = move |lower: &Self, link: Syntax<'t>| {
            lower.kind(link) == Kind::Binary
                && (lower.name(link, operator) == "+") == sum
                && lower.name(link, operator) != "?:"
        };
        match self.chain(node, left, right, links) {
            Form::Other(parts)
                if sum && parts.iter().any(|part| matches!(part.form, Form::Text(_) | Form::Joined(_))) =>
            {
                Form::Joined(parts)
            }
            form => form,
        }
    }

    /// The grammar reads `get<Cart> { … }` as two comparisons.
    fn call_with_type(&mut self, node: Syntax<'t>) -> Option<Form<'t>> {
        let Fields { left, right, operator, .. } = *self.fields;
        let (inner, lambda) = (node.child_by_field_id(left)?, node.child_by_field_id(right)?);
        let compares = self.name(node, operator) == ">" && self.name(inner, operator) == "<";
        if !compares || !matches!(self.kind(lambda), Kind::Lambda | Kind::TrailingLambda) {
            return None;
        }
        let callee = self.required(inner, left);
        Some(Form::call(callee, vec![(None, self.node(lambda))]))
    }

    /// What fails where there is no value gives none.
    fn elvis(&mut self, node: Syntax<'t>) -> Form<'t> {
        let value = self.required(node, self.fields.left);
        match node.child_by_field_id(self.fields.right) {
            Some(right) if self.is_jump(right) => Form::Through(Box::new(value)),
            _ => Form::Either(Box::new([value, self.required(node, self.fields.right)])),
        }
    }
}
