//! Names of classes, as expressions and as types.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Node};
use super::{Kind, Lower, range};

/// Types within types are followed this far: `(A&B)|null`.
const DEPTH: u32 = 4;

impl<'t> Lower<'t> {
    /// `Cart`, `App\Cart`, `self`; also the name of a function or a constant.
    pub(super) fn class_name(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.slice(node);
        let enclosing = self.classes.last().copied();
        match name.to_ascii_lowercase().as_str() {
            "self" | "static" => match enclosing.filter(|class| !class.name.is_empty()) {
                Some(class) => Form::Name(class.name),
                None => Form::Name("static"),
            },
            "parent" => match enclosing.and_then(|class| class.base) {
                Some(base) if self.slice(base) != name => self.class_name(base),
                _ => Form::Name("parent"),
            },
            _ => self.qualified(node),
        }
    }

    /// `App\Services\Cart` as a chain of members; `namespace\Cart` begins with its next part.
    fn qualified(&self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let mut parts =
            self.slice(node).split('\\').map(str::trim).filter(|part| !part.is_empty() && *part != "namespace");
        let first = Form::Name(parts.next().unwrap_or_default());
        parts.fold(first, |owner, part| Form::Member(Box::new(Node::new(start, end, owner)), part))
    }

    /// The first class that a type names: `?Cart`, `Cart|null`.
    pub(super) fn type_name(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        self.named_type(node, DEPTH)
    }

    fn named_type(&mut self, node: Syntax<'t>, depth: u32) -> Option<Node<'t>> {
        let depth = depth.checked_sub(1)?;
        if self.kind(node) == Kind::NamedType {
            let (start, end) = range(node);
            let form = self.class_name(node);
            return Some(Node::new(start, end, form));
        }
        (0..node.named_child_count() as u32)
            .filter_map(|at| node.named_child(at))
            .find_map(|inner| self.named_type(inner, depth))
    }
}
