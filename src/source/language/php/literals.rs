//! Texts and arrays.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::grammar;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node, SPREAD};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn text(&mut self, node: Syntax<'t>) -> Form<'t> {
        let body = self.child(node, self.fields.value).unwrap_or(node);
        let parts = self.children(body);
        if parts.iter().all(|part| matches!(self.kind(*part), Kind::Content | Kind::Unlisted)) {
            let raw = self.raw(node, &parts);
            // Single quotes keep all but `\\` and `\'` as it is.
            let decodes = raw.contains("\\\\") || raw.contains("\\'") || self.kind(node) == Kind::Interpolated;
            return Form::Text(if decodes { grammar::unescaped(raw) } else { Cow::Borrowed(raw) });
        }
        Form::Joined(parts.into_iter().map(|part| self.part(part)).collect())
    }

    fn part(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        match self.kind(node) {
            Kind::Content => Node::new(start, end, Form::Text(grammar::unescaped(self.slice(node)))),
            _ => self.node(node),
        }
    }

    /// From the first to the last piece of the text.
    fn raw(&self, node: Syntax<'t>, parts: &[Syntax<'t>]) -> &'t str {
        match (parts.first(), parts.last()) {
            (Some(first), Some(last)) => self.walk().text.get(first.start_byte()..last.end_byte()).unwrap_or_default(),
            _ if self.kind(node) == Kind::Text || self.kind(node) == Kind::Interpolated => "",
            _ => self.slice(node),
        }
    }

    /// The text of a literal that stands in the file as it is meant.
    pub(super) fn plain_text(&self, node: Syntax<'t>) -> Option<&'t str> {
        if !matches!(node.kind(), "string" | "encapsed_string") {
            return None;
        }
        match node.named_child_count() {
            0 => Some(""),
            1 => node.named_child(0).filter(|content| content.kind() == "string_content").map(|only| self.slice(only)),
            _ => None,
        }
    }

    /// A list where no element has a key.
    pub(super) fn array(&mut self, node: Syntax<'t>) -> Form<'t> {
        let elements = self.children(node);
        if elements.iter().any(|element| key_of(*element).is_some()) {
            return Form::Map(elements.into_iter().enumerate().map(|(at, one)| self.entry(at, one)).collect());
        }
        Form::List(elements.into_iter().map(|element| self.value_of(element)).collect())
    }

    fn entry(&mut self, at: usize, element: Syntax<'t>) -> (Cow<'t, str>, Node<'t>) {
        let key = match key_of(element) {
            Some(key) => self.plain_text(key).map_or(Cow::Borrowed(self.slice(key)), Cow::Borrowed),
            None if element.named_child(0).is_some_and(|one| self.kind(one) == Kind::Spread) => Cow::Borrowed(SPREAD),
            None => Cow::Owned(at.to_string()),
        };
        (key, self.value_of(element))
    }

    fn value_of(&mut self, element: Syntax<'t>) -> Node<'t> {
        let last = (element.named_child_count() as u32).saturating_sub(1);
        match element.named_child(last).filter(|_| self.kind(element) == Kind::Element) {
            Some(value) => self.node(value),
            None => self.node(element),
        }
    }

    /// What a configuration file gives, `return ['stores' => ['file' => […]]]`: its settings under dotted keys.
    pub(super) fn settings(&mut self, array: Syntax<'t>, prefix: &str, found: &mut Vec<(Cow<'t, str>, Node<'t>)>) {
        let elements = self.children(array);
        for (at, element) in elements.into_iter().enumerate() {
            let value = element.named_child((element.named_child_count() as u32).saturating_sub(1));
            let Some(value) = value.filter(|_| self.kind(element) == Kind::Element) else { continue };
            let key = match key_of(element) {
                Some(key) => self.plain_text(key).unwrap_or(self.slice(key)).to_owned(),
                None => at.to_string(),
            };
            let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
            if self.is_keyed(value) {
                self.deeper(value, |lower| lower.settings(value, &key, found));
                continue;
            }
            let (start, end) = range(element);
            let value = self.node(value);
            found.push((Cow::Owned(key), Node::new(start, end, Form::Through(Box::new(value)))));
        }
    }

    pub(super) fn is_keyed(&mut self, node: Syntax<'t>) -> bool {
        self.kind(node) == Kind::Array && self.children(node).into_iter().any(|one| key_of(one).is_some())
    }
}

/// The key of `'a' => 1`. To ask a node for its siblings means to look for it from the root of the tree.
fn key_of(element: Syntax<'_>) -> Option<Syntax<'_>> {
    let is_pair = element.child(1).is_some_and(|arrow| arrow.kind() == "=>");
    element.child(0).filter(|_| is_pair && element.kind() == "array_element_initializer")
}
