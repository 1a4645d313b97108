//! Variables: which function each belongs to, and what is assigned to them.
//!
//! A function sees its own variables only. What the tree calls scopes may see those around them, so a variable that a function
//! uses without assigning it is declared where the function begins.

use std::collections::{BTreeSet, HashSet};

use foldhash::fast::FixedState;
use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Assign, Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

/// The variables of a function while its body is lowered.
#[derive(Default)]
pub(super) struct Frame<'t> {
    /// Parameters, and what the function assigns.
    own: HashSet<&'t str, FixedState>,
    /// What it shares with others: `global`, `static`, `use (&$x)`.
    shared: HashSet<&'t str, FixedState>,
    /// What a closure is given at its making.
    captured: HashSet<&'t str, FixedState>,
    used: BTreeSet<&'t str>,
    /// An arrow function sees all that is around it.
    pub sees_all: bool,
}

impl<'t> Frame<'t> {
    pub fn own(&mut self, name: &'t str) {
        self.own.insert(name);
    }

    pub fn share(&mut self, name: &'t str) {
        self.shared.insert(name);
    }

    pub fn capture(&mut self, name: &'t str) {
        self.captured.insert(name);
    }
}

impl<'t> Lower<'t> {
    pub(super) fn variable(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.slice(node) {
            "$this" => Form::This,
            name => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.used.insert(name);
                }
                Form::Name(name)
            }
        }
    }

    /// Ends a function that begins at `start`: declares what it uses and nobody declared.
    pub(super) fn leave(&mut self, start: u32, body: &mut Vec<Node<'t>>) {
        let Some(frame) = self.frames.pop() else { return };
        let foreign = |name: &&&'t str| !frame.own.contains(**name);
        if let Some(outer) = self.frames.last_mut() {
            let from_outside = frame.used.iter().filter(|name| frame.sees_all && foreign(name));
            outer.used.extend(from_outside.chain(&frame.captured));
        }
        if frame.sees_all {
            return;
        }
        let undeclared = frame.used.iter().filter(foreign).filter(|name| {
            !frame.shared.contains(*name) && !frame.captured.contains(*name) && !super::names::is_superglobal(name)
        });
        let declarations = undeclared.map(|name| {
            let unknown = Node::new(start, start, Form::Other(Vec::new()));
            let declare = Declare::new(Pattern::Name(name, start, start), Some(unknown), Place::Function);
            Node::new(start, start, Form::Declare(Box::new(declare)))
        });
        body.splice(0..0, declarations);
    }

    /// True for a variable that the function around declares by assigning it.
    fn declares(&mut self, name: &'t str) -> bool {
        if super::names::is_superglobal(name) {
            return false;
        }
        match self.frames.last_mut() {
            Some(frame) if frame.shared.contains(name) => false,
            Some(frame) => {
                frame.own(name);
                true
            }
            None => true,
        }
    }

    pub(super) fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (Some(left), Some(right)) = (self.child(node, self.fields.left), self.child(node, self.fields.right))
        else {
            return Form::Other(self.nodes(node));
        };
        let value = self.node(right);
        self.assign(left, value)
    }

    fn assign(&mut self, left: Syntax<'t>, value: Node<'t>) -> Form<'t> {
        let declares = match self.kind(left) {
            Kind::Variable => self.declares(self.slice(left)),
            Kind::List | Kind::Array => true,
            _ => false,
        };
        match declares {
            true => {
                let pattern = self.pattern(left);
                Form::Declare(Box::new(Declare::new(pattern, Some(value), Place::Function)))
            }
            false => {
                let target = self.node(left);
                Form::Assign(Box::new(Assign { target, value: Some(value), update: false }))
            }
        }
    }

    /// What gets a value: a variable, a list of them, a property.
    pub(super) fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let (start, end) = range(node);
        match self.kind(node) {
            Kind::Variable if self.declares(self.slice(node)) => Pattern::Name(self.slice(node), start, end),
            Kind::Through => match node.named_child(0) {
                Some(inner) => self.pattern(inner),
                None => Pattern::Ignored,
            },
            Kind::List | Kind::Array => {
                Pattern::Elements(self.elements(node).into_iter().map(|element| self.pattern(element)).collect())
            }
            Kind::Element => match node.named_child((node.named_child_count() as u32).saturating_sub(1)) {
                Some(last) => self.pattern(last),
                None => Pattern::Ignored,
            },
            _ => Pattern::Target(Box::new(self.node(node))),
        }
    }

    /// The members of a list, without the `'k'` of `'k' => $v`.
    fn elements(&mut self, list: Syntax<'t>) -> Vec<Syntax<'t>> {
        let mut found = Vec::new();
        let mut cursor = list.walk();
        for child in list.children(&mut cursor) {
            match child.kind() {
                "=>" => drop(found.pop()),
                _ if child.is_named() => found.push(child),
                _ => {}
            }
        }
        found
    }

    pub(super) fn augmented(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (Some(left), Some(right)) = (self.child(node, self.fields.left), self.child(node, self.fields.right))
        else {
            return Form::Other(self.nodes(node));
        };
        let value = self.node(right);
        if self.operator(node) == "??=" {
            return self.assign(left, value);
        }
        let target = self.node(left);
        Form::Assign(Box::new(Assign { target, value: Some(value), update: true }))
    }

    pub(super) fn step(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.nodes(node).pop() {
            Some(target) => Form::Assign(Box::new(Assign { target, value: None, update: true })),
            None => Form::Other(Vec::new()),
        }
    }

    pub(super) fn unset(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let gone = self.nodes(node).into_iter().map(|gone| Node::new(start, end, Form::Delete(Box::new(gone))));
        Form::Other(gone.collect())
    }

    /// `global $a, $b;`
    pub(super) fn globals(&mut self, node: Syntax<'t>) -> Form<'t> {
        let names = self.children(node).into_iter().filter(|name| self.kind(*name) == Kind::Variable);
        let names: Vec<&'t str> = names.map(|name| self.slice(name)).collect();
        let Some(frame) = self.frames.last_mut() else { return Form::Other(Vec::new()) };
        names.iter().for_each(|name| frame.share(name));
        Form::Outer(names)
    }

    /// `static $calls = 0;` is there from one call of the function to the next.
    pub(super) fn statics(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut found = Vec::new();
        for variable in self.children(node) {
            let Some(name) = self.child(variable, self.fields.name) else { continue };
            let (start, end) = range(name);
            let name = self.slice(name);
            let value = self.field(variable, self.fields.value);
            if let Some(frame) = self.frames.last_mut() {
                frame.share(name);
            }
            let declare = Declare::new(Pattern::Name(name, start, end), value, Place::Module);
            let (start, end) = range(variable);
            found.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        Form::Other(found)
    }
}
