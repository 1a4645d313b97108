//! Types: the name that they have, the container that they are.

use tree_sitter::Node as Syntax;

use super::super::jvm;
use super::super::lowering::Lowering;
use super::super::tree::Node;
use super::{Kind, Lower, range};
use crate::model::fact::Shape;

/// Types within types are followed this far.
const DEPTH: u32 = 6;

/// Types of plain values: nobody declares them.
const PLAIN: &[&str] = &["Any", "Unit", "String", "Char", "Boolean", "Byte", "Short", "Int", "Long", "Float", "Double"];

impl<'t> Lower<'t> {
    /// Through `?` and parentheses.
    fn named(&mut self, node: Syntax<'t>) -> Syntax<'t> {
        let mut node = node;
        for _ in 0..DEPTH {
            let inner = (self.kind(node) == Kind::Nullable).then(|| self.children(node).first().copied()).flatten();
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// `java.util.Map` of `java.util.Map<K, V>?`.
    fn full(&mut self, node: Syntax<'t>) -> Option<&'t str> {
        let named = self.named(node);
        let text = self.slice(named);
        (self.kind(named) == Kind::UserType).then(|| text.split('<').next().unwrap_or(text).trim())
    }

    /// The name of a type that somebody declares.
    pub(super) fn type_name(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let (start, end) = range(node);
        let full = self.full(node).filter(|full| !PLAIN.contains(full))?;
        Some(Node::new(start, end, jvm::type_name(full)))
    }

    /// The name of the type that a function gives: what an answer holds.
    pub(super) fn result(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let mut node = self.named(node);
        for _ in 0..DEPTH {
            let carries = self.full(node).is_some_and(jvm::carries);
            let arguments = self.child_of(node, Kind::TypeArguments).filter(|_| carries);
            let first = arguments.and_then(|list| self.child_of(list, Kind::Projection));
            match first.and_then(|projection| self.children(projection).last().copied()) {
                Some(inner) => node = self.named(inner),
                None => break,
            }
        }
        self.type_name(node)
    }

    /// The container that a type is.
    pub(super) fn shape(&mut self, node: Syntax<'t>) -> Option<Shape> {
        jvm::shape(self.full(node)?.rsplit('.').next()?)
    }

    pub(super) fn is_type(&self, node: Syntax<'t>) -> bool {
        matches!(self.kind(node), Kind::UserType | Kind::Nullable | Kind::FunctionType)
    }

    /// The type that is written behind the name of a variable.
    pub(super) fn variable_type(&mut self, node: Syntax<'t>) -> Option<Syntax<'t>> {
        self.children(node).into_iter().find(|child| self.is_type(*child))
    }
}
