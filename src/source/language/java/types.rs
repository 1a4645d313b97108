//! Types: the name that they have, the container that they are, the value that they begin with.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::jvm;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Kind, Lower, range};
use crate::model::fact::Shape;

/// Types within types are followed this far.
const DEPTH: u32 = 6;

impl<'t> Lower<'t> {
    /// The name that a type has, without what it is made of: `Map` of `java.util.Map<K, V>`.
    pub(super) fn bare(&self, node: Syntax<'t>) -> &'t str {
        let named = self.named(node);
        match self.kind(named) {
            Kind::Scope => self.slice(named).rsplit('.').next().unwrap_or_default(),
            _ => self.slice(named),
        }
    }

    /// Through annotations and type arguments.
    fn named(&self, node: Syntax<'t>) -> Syntax<'t> {
        let mut node = node;
        for _ in 0..DEPTH {
            let count = node.named_child_count();
            let inner = match self.kind(node) {
                Kind::Generic => node.named_child(0),
                Kind::Annotated => node.named_child(count.saturating_sub(1) as u32),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    pub(super) fn type_form(&mut self, node: Syntax<'t>) -> Form<'t> {
        self.type_name(node).map_or(Form::Other(Vec::new()), |name| name.form)
    }

    /// The name of a type that somebody declares: no array, no `int`, no `var`.
    pub(super) fn type_name(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let (start, end) = range(node);
        let named = self.named(node);
        let form = match self.kind(named) {
            Kind::Identifier if self.slice(named) == "var" => return None,
            Kind::Identifier => Form::Name(self.slice(named)),
            Kind::Scope => jvm::type_name(self.slice(named)),
            _ => return None,
        };
        Some(Node::new(start, end, form))
    }

    /// What a variable of the type is an object of. A plain value tells more by itself.
    pub(super) fn annotation_of(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        match self.plain_shape(node) {
            Some(_) => None,
            None => self.type_name(node),
        }
    }

    /// The name of the type that a method gives: what an optional or an answer holds.
    pub(super) fn result(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let mut node = node;
        for _ in 0..DEPTH {
            if self.kind(node) != Kind::Generic || !jvm::carries(self.bare(node)) {
                break;
            }
            let arguments = self.child_of(node, Kind::TypeArguments);
            match arguments.and_then(|list| list.named_child(0)) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        self.type_name(node)
    }

    /// The container that a type is.
    pub(super) fn shape(&self, node: Syntax<'t>) -> Option<Shape> {
        match self.kind(self.named(node)) {
            Kind::Array => Some(Shape::List),
            _ => jvm::shape(self.bare(node)),
        }
    }

    /// The plain value that a type is.
    pub(super) fn plain_shape(&self, node: Syntax<'t>) -> Option<Shape> {
        Some(match self.slice(node) {
            "boolean" | "Boolean" => Shape::Bool,
            "String" => Shape::Text,
            "Integer" | "Long" => Shape::Number,
            _ if self.kind(node) == Kind::Primitive => Shape::Number,
            _ => return None,
        })
    }

    /// The value that a field of the type has at first, where that is a plain one.
    pub(super) fn zero(&self, node: Syntax<'t>) -> Option<Node<'t>> {
        let (_, end) = range(node);
        let form = match self.plain_shape(node)? {
            Shape::Bool => Form::Bool(false),
            Shape::Text => Form::Text(Cow::Borrowed("")),
            _ => Form::Number(0.0),
        };
        Some(Node::new(end, end, form))
    }
}
