//! Syntax to tree: what lowering a tree-sitter syntax tree needs, whatever the language.

use tree_sitter::{Node as Syntax, Tree};

use super::dialect::Dialect;
use super::grammar::{self, Cursors, DEPTH, Grammar, slice};
use super::lines::Lines;
use super::tree::{Form, Node};
use super::{Extracted, emit};

/// Where a lowering stands.
pub(super) struct Walk<'t, K: 'static> {
    pub text: &'t str,
    grammar: &'static Grammar<K>,
    cursors: Cursors<'t>,
    depth: u32,
    /// Where syntax is nested deeper than is analysed.
    too_deep: Option<u32>,
}

impl<'t, K> Walk<'t, K> {
    pub fn new(grammar: &'static Grammar<K>, text: &'t str) -> Self {
        Walk { text, grammar, cursors: Cursors::default(), depth: 0, too_deep: None }
    }

    /// The facts of the lowered tree, with what was wrong with its syntax.
    pub fn facts(
        &self,
        tree: &Node<'t>,
        syntax: &Tree,
        dialect: &'static Dialect,
        path: &str,
        lines: &Lines<'_>,
    ) -> Extracted {
        let mut facts = emit::facts(tree, dialect, path, lines);
        facts.directives = grammar::directives(syntax, self.text, lines);
        let mut problems: Vec<_> = grammar::first_error(syntax, path, self.text, lines).into_iter().collect();
        problems.extend(self.too_deep.map(|at| grammar::too_deep(at, path, self.text, lines)));
        Extracted { facts, problems }
    }
}

/// What a [`Lowering`] says whose kinds are [`kinds!`](super::grammar::kinds) and whose `walk` is a field.
macro_rules! walk_within {
    ($text:lifetime) => {
        type Kind = Kind;
        const UNLISTED: Kind = Kind::Unlisted;
        const SKIPPED: Kind = Kind::Skipped;

        fn walk(&self) -> &Walk<$text, Kind> {
            &self.walk
        }

        fn walk_mut(&mut self) -> &mut Walk<$text, Kind> {
            &mut self.walk
        }
    };
}
pub(super) use walk_within;

/// What each kind of syntax becomes is the adapter's to say; the rest is the same for all.
pub(super) trait Lowering<'t>: Sized {
    type Kind: Copy + PartialEq + 'static;
    /// Kinds that the adapter has no name for.
    const UNLISTED: Self::Kind;
    /// Kinds that say nothing: comments, types.
    const SKIPPED: Self::Kind;

    fn walk(&self) -> &Walk<'t, Self::Kind>;
    fn walk_mut(&mut self) -> &mut Walk<'t, Self::Kind>;
    fn form(&mut self, node: Syntax<'t>) -> Form<'t>;

    fn slice(&self, node: Syntax<'_>) -> &'t str {
        slice(self.walk().text, node)
    }

    fn kind(&self, node: Syntax<'_>) -> Self::Kind {
        self.walk().grammar.kind(node).unwrap_or(Self::UNLISTED)
    }

    fn children(&mut self, node: Syntax<'t>) -> Vec<Syntax<'t>> {
        let mut cursor = self.walk_mut().cursors.at(node);
        let found = node.named_children(&mut cursor).filter(|child| self.kind(*child) != Self::SKIPPED).collect();
        self.walk_mut().cursors.put(cursor);
        found
    }

    fn nodes(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        let mut cursor = self.walk_mut().cursors.at(node);
        let mut more = cursor.goto_first_child();
        while more {
            let child = cursor.node();
            if child.is_named() && self.kind(child) != Self::SKIPPED {
                found.push(self.node(child));
            }
            more = cursor.goto_next_sibling();
        }
        self.walk_mut().cursors.put(cursor);
        found
    }

    fn node(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        let form = self.deeper(node, |lower| lower.form(node));
        Node::new(start, end, form.unwrap_or(Form::Other(Vec::new())))
    }

    /// Goes one level down to `node`; `None` where that is deeper than is analysed.
    fn deeper<T>(&mut self, node: Syntax<'t>, lower: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let walk = self.walk_mut();
        if walk.depth >= DEPTH {
            walk.too_deep.get_or_insert(node.start_byte() as u32);
            return None;
        }
        walk.depth += 1;
        let lowered = lower(self);
        self.walk_mut().depth -= 1;
        Some(lowered)
    }

    fn field(&mut self, node: Syntax<'t>, field: u16) -> Option<Node<'t>> {
        node.child_by_field_id(field).map(|child| self.node(child))
    }

    /// The field, or nothing that counts where broken syntax has none.
    fn required(&mut self, node: Syntax<'t>, field: u16) -> Node<'t> {
        let at = node.start_byte() as u32;
        self.field(node, field).unwrap_or_else(|| Node::new(at, at, Form::Other(Vec::new())))
    }

    fn boxed(&mut self, node: Syntax<'t>, field: u16) -> Box<Node<'t>> {
        Box::new(self.required(node, field))
    }

    /// The text of a field; empty where there is none.
    fn name(&self, node: Syntax<'t>, field: u16) -> &'t str {
        node.child_by_field_id(field).map_or("", |name| self.slice(name))
    }

    /// The operands of a chain `a + b + c …` from the left, of which each link is what `links` says; it may be long.
    fn chain(
        &mut self,
        node: Syntax<'t>,
        left: u16,
        right: u16,
        links: impl Fn(&Self, Syntax<'t>) -> bool,
    ) -> Form<'t> {
        let mut parts = Vec::new();
        let mut current = node;
        while links(self, current) {
            parts.extend(self.field(current, right));
            match current.child_by_field_id(left) {
                Some(left) => current = left,
                None => return Form::Other(parts),
            }
        }
        parts.push(self.node(current));
        parts.reverse();
        Form::Other(parts)
    }
}
