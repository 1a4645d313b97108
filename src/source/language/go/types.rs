//! What types say: the container that they are, the name that they have, the value that they begin with.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Kind, Lower, names, range};
use crate::model::fact::Shape;

/// Types within types are followed this far: `*(*T)`.
const DEPTH: u32 = 6;

impl<'t> Lower<'t> {
    /// The container or atomic value that a type is, if the text tells.
    pub(super) fn shape(&self, node: Syntax<'t>) -> Option<Shape> {
        let node = self.pointee(node);
        match self.kind(node) {
            Kind::MapType => Some(Shape::Map),
            Kind::ListType => Some(Shape::List),
            // In an expression the name of a type is a plain one.
            Kind::TypeName | Kind::Identifier => self.containers.get(self.slice(node)).cloned(),
            Kind::Qualified | Kind::Selector | Kind::Generic => {
                let name = self.slice(node).split('[').next().unwrap_or_default();
                names::SHARED_TYPES.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape.clone())
            }
            _ => None,
        }
    }

    /// The name of a type, whatever points to it: `*gin.Engine`, `Store[T]`.
    pub(super) fn type_name(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let node = self.pointee(node);
        let (start, end) = range(node);
        match self.kind(node) {
            Kind::TypeName | Kind::Identifier => {
                let name = self.slice(node);
                let plain = names::PLAIN_TYPES.contains(&name) || matches!(name, "any" | "error");
                (!plain).then(|| Node::new(start, end, Form::Name(name)))
            }
            Kind::Qualified => {
                let package = self.child(node, self.fields.package)?;
                let name = self.child(node, self.fields.name).map_or("", |name| self.slice(name));
                let (from, to) = range(package);
                let package = Node::new(from, to, Form::Name(self.slice(package)));
                Some(Node::new(start, end, Form::Member(Box::new(package), name)))
            }
            Kind::Selector => Some(Node::new(start, end, self.selector(node))),
            _ => None,
        }
    }

    /// Through pointers, parentheses and type arguments.
    fn pointee(&self, node: Syntax<'t>) -> Syntax<'t> {
        let mut node = node;
        for _ in 0..DEPTH {
            let inner = match self.kind(node) {
                Kind::Pointer => node.named_child(0),
                Kind::Generic | Kind::Instantiation => self.child(node, self.fields.r#type),
                _ => None,
            };
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// The value that a variable of the type has at first. An object of a named type is there from the beginning.
    pub(super) fn zero(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (_, end) = range(node);
        let form = match self.kind(node) {
            Kind::TypeName | Kind::Identifier => match self.slice(node) {
                "string" => Form::Text(Cow::Borrowed("")),
                "bool" => Form::Bool(false),
                "error" | "any" => Form::Null,
                name if names::PLAIN_TYPES.contains(&name) => Form::Number(0.0),
                _ => self.object(node),
            },
            Kind::Qualified | Kind::Generic => self.object(node),
            _ => Form::Null,
        };
        Node::new(end, end, form)
    }

    fn object(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.type_name(node) {
            Some(name) => Form::call(name, Vec::new()),
            None => Form::Null,
        }
    }
}
