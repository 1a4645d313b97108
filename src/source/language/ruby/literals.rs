//! Texts, symbols, numbers, hashes.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::grammar;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node, SPREAD};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    /// A symbol is a text.
    pub(super) fn literal(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::Symbol | Kind::KeySymbol => Form::Text(Cow::Borrowed(self.slice(node).trim_start_matches(':'))),
            Kind::Content | Kind::Escape => Form::Text(grammar::unescaped(self.slice(node))),
            Kind::StringArray => Form::List(self.nodes(node)),
            Kind::Chained => self.chained(node),
            _ => self.string(node),
        }
    }

    fn chained(&mut self, node: Syntax<'t>) -> Form<'t> {
        let parts = self.nodes(node);
        let texts: Option<String> = parts.iter().map(|part| part.text()).collect();
        texts.map_or(Form::Other(parts), |text| Form::Text(Cow::Owned(text)))
    }

    /// The text of a string, or what it is put together from.
    fn string(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let plain = |lower: &Self, child: &Syntax<'t>| matches!(lower.kind(*child), Kind::Content | Kind::Escape);
        if !children.iter().all(|child| plain(self, child)) {
            return Form::Joined(self.nodes(node));
        }
        match &children[..] {
            [] => Form::Text(Cow::Borrowed("")),
            [one] => Form::Text(grammar::unescaped(self.slice(*one))),
            parts => Form::Text(Cow::Owned(parts.iter().map(|part| grammar::unescaped(self.slice(*part))).collect())),
        }
    }

    pub(super) fn hash(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut entries = Vec::new();
        for child in self.children(node) {
            if self.kind(child) != Kind::Pair {
                entries.push((Cow::Borrowed(SPREAD), self.node(child)));
                continue;
            }
            let value = self.pair_value(child);
            match self.key(child) {
                Some(key) => entries.push((Cow::Borrowed(key), value)),
                None => {
                    let key = self.required(child, self.fields.key);
                    let (start, end) = range(child);
                    entries.push((Cow::Borrowed(""), Node::new(start, end, Form::Other(vec![key, value]))));
                }
            }
        }
        Form::Map(entries)
    }

    /// The key of `a: 1`, `:a => 1`, `"a" => 1`, `A => 1` as the text has it.
    pub(super) fn key(&self, pair: Syntax<'t>) -> Option<&'t str> {
        let key = self.child(pair, self.fields.key)?;
        match self.kind(key) {
            Kind::KeySymbol | Kind::Constant | Kind::Number => Some(self.slice(key)),
            Kind::Symbol => Some(self.slice(key).trim_start_matches(':')),
            Kind::String => match (key.named_child(0), key.named_child_count()) {
                (Some(content), 1) if self.kind(content) == Kind::Content => Some(self.slice(content)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `a: 1`, or `a:` for `a: a`.
    pub(super) fn pair_value(&mut self, pair: Syntax<'t>) -> Node<'t> {
        if let Some(value) = self.field(pair, self.fields.value) {
            return value;
        }
        let (start, end) = range(pair);
        let form = match self.key(pair) {
            Some(name) => self.own_method(pair, name),
            None => Form::Other(Vec::new()),
        };
        Node::new(start, end, form)
    }
}
