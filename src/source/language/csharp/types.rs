//! What types say: the container that they are, the name that they have, the value that they begin with.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Kind, Lower, names, range};
use crate::model::fact::Shape;

/// Types within types are followed this far: `Task<ActionResult<T?>>`.
const DEPTH: u32 = 6;

impl<'t> Lower<'t> {
    /// The name of a type or method without what surrounds it: `List` of `System.Collections.Generic.List<int>?`.
    pub(super) fn bare(&self, node: Syntax<'t>) -> &'t str {
        let node = self.named(node);
        match self.kind(node) {
            Kind::Generic => node.named_child(0).map_or("", |name| self.slice(name)),
            _ => self.slice(node),
        }
    }

    /// Through `?`, `ref` and the namespaces before a name.
    fn named(&self, node: Syntax<'t>) -> Syntax<'t> {
        let mut node = node;
        for _ in 0..DEPTH {
            let inner = match self.kind(node) {
                Kind::Nullable => self.child(node, self.fields.r#type),
                Kind::Qualified => self.child(node, self.fields.name),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    pub(super) fn name_of_type(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Name(self.bare(node))
    }

    /// The type that a declaration or `typeof` names.
    pub(super) fn type_field(&mut self, node: Syntax<'t>) -> Option<Form<'t>> {
        let kind = self.child(node, self.fields.r#type)?;
        Some(self.type_name(kind)?.form)
    }

    /// The name of a type that somebody declares: no array, no `int`.
    pub(super) fn type_name(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let (start, end) = range(node);
        let inner = self.named(node);
        let named = matches!(self.kind(inner), Kind::Identifier | Kind::Generic);
        named.then(|| Node::new(start, end, Form::Name(self.bare(inner))))
    }

    /// The name of the type that a method gives: what a task or an answer holds.
    pub(super) fn result(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let mut node = self.named(node);
        for _ in 0..DEPTH {
            if self.kind(node) != Kind::Generic || !names::CARRIERS.contains(&self.bare(node)) {
                break;
            }
            match self.type_arguments(node).first() {
                Some(inner) => node = self.named(*inner),
                None => break,
            }
        }
        self.type_name(node)
    }

    /// `ICart` and `Cart` of `AddSingleton<ICart, Cart>`.
    pub(super) fn type_arguments(&mut self, node: Syntax<'t>) -> Vec<Syntax<'t>> {
        let node = self.named(node);
        if self.kind(node) != Kind::Generic {
            return Vec::new();
        }
        let list = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::TypeArguments);
        list.map(|list| self.children(list)).unwrap_or_default()
    }

    /// The container that a type is, if it is one of the framework's.
    pub(super) fn shape(&self, node: Syntax<'t>) -> Option<Shape> {
        let inner = self.named(node);
        match self.kind(inner) {
            Kind::Array => Some(Shape::List),
            Kind::Identifier | Kind::Generic => {
                let name = self.bare(inner);
                names::CONTAINERS.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape.clone())
            }
            _ => None,
        }
    }

    /// The plain value that a type is.
    pub(super) fn plain_shape(&self, node: Syntax<'t>) -> Option<Shape> {
        let node = self.named(node);
        match self.slice(node) {
            _ if self.kind(node) != Kind::Predefined => None,
            "bool" => Some(Shape::Bool),
            "string" => Some(Shape::Text),
            "object" => None,
            _ => Some(Shape::Number),
        }
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
