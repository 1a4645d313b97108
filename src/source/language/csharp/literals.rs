//! Literals: texts, arrays, initialisers.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::grammar;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Kind, Lower, range};
use crate::model::fact::Shape;

impl<'t> Lower<'t> {
    pub(super) fn text(&mut self, node: Syntax<'t>) -> Form<'t> {
        let raw = self.slice(node);
        let quoted = |raw: &'t str, opening: usize| {
            let end = raw.rfind(['"', '\'']).unwrap_or(raw.len());
            raw.get(opening..end).unwrap_or_default()
        };
        match self.kind(node) {
            Kind::Verbatim => {
                let inner = quoted(raw, 2);
                Form::Text(if inner.contains("\"\"") { inner.replace("\"\"", "\"").into() } else { inner.into() })
            }
            Kind::Raw => {
                let content = node.named_child(1).map_or("", |content| self.slice(content));
                Form::Text(Cow::Borrowed(content.trim()))
            }
            Kind::Interpolated => self.interpolated(node, raw),
            _ => Form::Text(grammar::unescaped(quoted(raw, 1))),
        }
    }

    fn interpolated(&mut self, node: Syntax<'t>, raw: &'t str) -> Form<'t> {
        let holes: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::Interpolation).collect();
        if holes.is_empty() {
            return Form::Text(Cow::Borrowed(raw.trim_matches(['$', '@', '"'])));
        }
        Form::Other(holes.into_iter().flat_map(|hole| self.nodes(hole)).collect())
    }

    /// `new int[3]`, `new[] { 1, 2 }`.
    pub(super) fn array(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        match children.into_iter().find(|child| self.kind(*child) == Kind::Initializer) {
            Some(elements) => Form::List(self.nodes(elements)),
            None => Form::Made(Shape::List, Vec::new()),
        }
    }

    /// `{ A = 1, ["b"] = 2, { "c", 3 } }` gives names to values, `{ 1, 2 }` none.
    pub(super) fn initializer(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let named = children.iter().all(|child| self.kind(*child) == Kind::Assignment);
        if !named {
            return Form::List(children.into_iter().map(|child| self.node(child)).collect());
        }
        Form::Map(children.into_iter().map(|child| self.entry(child)).collect())
    }

    fn entry(&mut self, node: Syntax<'t>) -> (Cow<'t, str>, Node<'t>) {
        let value = self.required(node, self.fields.right);
        let Some(left) = self.child(node, self.fields.left) else { return (Cow::Borrowed(""), value) };
        if self.kind(left) != Kind::ElementBinding {
            return (Cow::Borrowed(self.slice(left)), value);
        }
        let key = self.key(left);
        match key.form {
            Form::Text(text) => (text, value),
            _ => {
                let (start, end) = (key.start, value.end);
                (Cow::Borrowed(""), Node::new(start, end, Form::Other(vec![key, value])))
            }
        }
    }

    /// `new { id, Name = x, user.Email }`: names stand before `=`, or are those of what is given.
    pub(super) fn named_values(&mut self, node: Syntax<'t>) -> Vec<(Cow<'t, str>, Node<'t>)> {
        let mut entries: Vec<(Cow<'t, str>, Node<'t>)> = Vec::new();
        let mut key = None;
        let children = self.children(node);
        for child in children {
            if child.next_sibling().is_some_and(|next| next.kind() == "=") {
                key = Some(self.slice(child));
                continue;
            }
            let name = key.take().unwrap_or_else(|| self.slice(child).rsplit('.').next().unwrap_or_default());
            entries.push((Cow::Borrowed(name), self.node(child)));
        }
        entries
    }

    /// A container as it is made: with what it holds from the beginning, or from `arguments`.
    pub(super) fn container(
        &mut self,
        shape: Shape,
        arguments: Vec<(Option<&'t str>, Node<'t>)>,
        contents: Option<Syntax<'t>>,
    ) -> Form<'t> {
        let contents = contents.map(|contents| {
            let (start, end) = range(contents);
            Node::new(start, end, self.initializer(contents))
        });
        match contents {
            Some(Node { form: form @ (Form::Map(_) | Form::List(_)), .. }) if arguments.is_empty() => {
                match (shape, form) {
                    (Shape::Map, form @ Form::Map(_)) | (Shape::List, form @ Form::List(_)) => form,
                    (shape, Form::Map(entries)) => {
                        Form::Made(shape, entries.into_iter().map(|(_, value)| value).collect())
                    }
                    (shape, Form::List(values)) => Form::Made(shape, values),
                    (shape, _) => Form::Made(shape, Vec::new()),
                }
            }
            contents => Form::Made(shape, arguments.into_iter().map(|(_, value)| value).chain(contents).collect()),
        }
    }
}
