//! Literals, plain and composite.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::grammar;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Kind, Lower, range};
use crate::model::fact::Shape;

impl<'t> Lower<'t> {
    pub(super) fn literal(&mut self, node: Syntax<'t>) -> Form<'t> {
        let raw = self.slice(node);
        let inner = || raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        match self.kind(node) {
            Kind::Text => Form::Text(grammar::unescaped(inner())),
            Kind::RawText => Form::Text(Cow::Borrowed(inner())),
            _ => grammar::number(raw).map_or(Form::Other(Vec::new()), Form::Number),
        }
    }

    /// `T{…}`: a map, a list, or an object of a named type: a call of the type with its fields as options.
    pub(super) fn composite(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(kind) = self.child(node, self.fields.r#type) else { return Form::Other(self.nodes(node)) };
        let Some(body) = self.child(node, self.fields.body) else { return Form::Other(Vec::new()) };
        match self.shape(kind) {
            Some(Shape::Map) => Form::Map(self.entries(body)),
            Some(Shape::List) => Form::List(self.elements(body)),
            _ => match self.type_name(kind) {
                Some(callee) => {
                    let (start, end) = range(body);
                    let fields = match self.body(body) {
                        Form::Map(fields) if fields.is_empty() => Vec::new(),
                        Form::List(values) => values.into_iter().map(|value| (None, value)).collect(),
                        fields => vec![(None, Node::new(start, end, fields))],
                    };
                    Form::call(callee, fields)
                }
                None => self.body(body),
            },
        }
    }

    /// What stands in braces, where the type is told elsewhere.
    pub(super) fn body(&mut self, node: Syntax<'t>) -> Form<'t> {
        let keyed = self.children(node).first().is_none_or(|first| self.kind(*first) == Kind::Keyed);
        if keyed { Form::Map(self.entries(node)) } else { Form::List(self.elements(node)) }
    }

    fn entries(&mut self, node: Syntax<'t>) -> Vec<(Cow<'t, str>, Node<'t>)> {
        let mut entries = Vec::new();
        for child in self.children(node) {
            let key = self.child(child, self.fields.key);
            let literal = key.and_then(|key| key.named_child(0));
            let name = match literal.map(|literal| (self.kind(literal), literal)) {
                Some((Kind::Text | Kind::RawText, literal)) => match self.literal(literal) {
                    Form::Text(text) => text,
                    _ => Cow::Borrowed(""),
                },
                _ => Cow::Borrowed(key.map_or("", |key| self.slice(key))),
            };
            let value = match self.child(child, self.fields.value) {
                Some(value) => self.node(value),
                None => self.node(child),
            };
            entries.push((name, value));
        }
        entries
    }

    fn elements(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut elements = Vec::new();
        for child in self.children(node) {
            match self.child(child, self.fields.value) {
                Some(value) => elements.push(self.node(value)),
                None => elements.push(self.node(child)),
            }
        }
        elements
    }
}
