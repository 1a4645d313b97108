//! Patterns: what each of them binds or assigns to.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Node, Pattern};
use super::{Kind, Lower};

impl<'t> Lower<'t> {
    pub(super) fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        self.deeper(node, |lower| lower.pattern_form(node)).unwrap_or(Pattern::Ignored)
    }

    fn pattern_form(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        match self.kind(node) {
            Kind::Identifier | Kind::Shorthand => Pattern::Name(self.slice(node), start, end),
            Kind::ObjectPattern | Kind::Object => {
                let members = self.children(node).into_iter().filter_map(|child| self.member_pattern(child));
                Pattern::Members(members.collect())
            }
            Kind::ArrayPattern | Kind::Array => {
                Pattern::Elements(self.children(node).into_iter().map(|child| self.pattern(child)).collect())
            }
            Kind::Default => self.default_pattern(node),
            Kind::Rest => match node.named_child(0) {
                Some(inner) => Pattern::Elements(vec![self.pattern(inner)]),
                None => Pattern::Ignored,
            },
            Kind::This => Pattern::Ignored,
            _ => Pattern::Target(Box::new(self.node(node))),
        }
    }

    fn default_pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Pattern::Ignored };
        let inner = self.pattern(left);
        Pattern::Default(Box::new(inner), self.boxed(node, self.fields.right))
    }

    fn member_pattern(&mut self, node: Syntax<'t>) -> Option<(&'t str, Pattern<'t>)> {
        match self.kind(node) {
            Kind::Shorthand => Some((self.slice(node), self.pattern(node))),
            Kind::PairPattern | Kind::Pair => {
                let key = self.name(node, self.fields.key).trim_matches(['"', '\'']);
                let value = node.child_by_field_id(self.fields.value)?;
                Some((key, self.pattern(value)))
            }
            Kind::ObjectDefault => {
                let key = self.name(node, self.fields.left);
                Some((key, self.default_pattern(node)))
            }
            Kind::Rest => Some(("", self.pattern(node))),
            _ => None,
        }
    }

    /// What a destructuring assignment assigns to.
    pub(super) fn targets(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::ObjectPattern | Kind::ArrayPattern => {
                    found.extend(self.deeper(child, |lower| lower.targets(child)).into_iter().flatten());
                }
                Kind::PairPattern => found.extend(self.field(child, self.fields.value)),
                Kind::ObjectDefault | Kind::Default => found.extend(self.field(child, self.fields.left)),
                Kind::Identifier | Kind::Shorthand | Kind::Member | Kind::Subscript => found.push(self.node(child)),
                _ => {}
            }
        }
        found
    }
}
