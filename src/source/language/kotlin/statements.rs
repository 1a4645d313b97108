//! Statements: what declares names, and how far they are visible; choices as values.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

/// A choice between more values tells nothing.
const MOST_CASES: usize = 8;

impl<'t> Lower<'t> {
    pub(super) fn statement(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Block | Kind::Scoped => Form::block(self.nodes(node)),
            Kind::Catch => self.catch(node),
            Kind::ForEach => self.for_each(node),
            Kind::If => self.choice(node),
            Kind::When => self.when(node),
            _ => Form::Other(self.nodes(node)),
        }
    }

    /// `x`, `x: T`, `(x, y)`.
    pub(super) fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        match self.kind(node) {
            Kind::Variables => {
                let variables = self.children(node);
                Pattern::Elements(variables.into_iter().map(|variable| self.pattern(variable)).collect())
            }
            Kind::Variable => match self.child_of(node, Kind::Identifier) {
                Some(name) => {
                    let (start, end) = range(name);
                    Pattern::Name(self.slice(name).trim_matches('`'), start, end)
                }
                None => Pattern::Ignored,
            },
            _ => Pattern::Ignored,
        }
    }

    fn for_each(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let mut body = Vec::new();
        let mut pattern = None;
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Variable | Kind::Variables if pattern.is_none() => pattern = Some(self.pattern(child)),
                _ => body.push(self.node(child)),
            }
        }
        if let (Some(pattern), false) = (pattern, body.is_empty()) {
            let source = body.remove(0);
            body.insert(0, Node::new(start, end, Form::Each(Box::new((pattern, source)))));
        }
        Form::block(body)
    }

    fn choice(&mut self, node: Syntax<'t>) -> Form<'t> {
        let condition = self.required(node, self.fields.condition);
        let branches: Vec<_> = self.children(node).into_iter().skip(1).map(|branch| self.branch(branch)).collect();
        match <[Node<'t>; 2]>::try_from(branches) {
            Ok([first, second]) => Form::Choice(Box::new([condition, first, second])),
            Err(branches) => Form::Other([condition].into_iter().chain(branches).collect()),
        }
    }

    /// A block of one expression has its value.
    fn branch(&mut self, node: Syntax<'t>) -> Node<'t> {
        let children = self.children(node);
        match children[..] {
            [only] if self.kind(node) == Kind::Block && self.kind(only) != Kind::Property => self.node(only),
            _ => self.node(node),
        }
    }

    /// One of the values behind the arrows, unless its subject has a name, which is known within only.
    fn when(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let (mut subject, mut cases, mut named) = (Vec::new(), Vec::new(), false);
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Case => cases.push(self.case(child)),
                _ => {
                    named |= self.child_of(child, Kind::Variable).is_some();
                    subject.push(self.subject(child));
                }
            }
        }
        if named || !(2..=MOST_CASES).contains(&cases.len()) {
            subject.extend(cases.into_iter().flat_map(|(conditions, value)| [conditions, value]));
            return Form::block(subject);
        }
        let mut rest = None;
        for (conditions, value) in cases.into_iter().rev() {
            rest = Some(match rest {
                None => value,
                Some(rest) => Node::new(start, end, Form::Choice(Box::new([conditions, value, rest]))),
            });
        }
        match rest.map(|rest| rest.form) {
            Some(Form::Choice(mut parts)) => {
                subject.push(std::mem::replace(&mut parts[0], Node::new(start, start, Form::Null)));
                parts[0].form = Form::Other(subject);
                Form::Choice(parts)
            }
            _ => Form::Other(subject),
        }
    }

    fn subject(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let children = self.children(node);
        let form = match children[..] {
            [variable, value] if self.kind(variable) == Kind::Variable => {
                let value = self.node(value);
                let declare = Declare::new(self.pattern(variable), Some(value), Place::Block);
                Form::Declare(Box::new(declare))
            }
            _ => Form::Other(self.nodes(node)),
        };
        Node::new(start, end, form)
    }

    /// `catch (e: E) { … }`.
    fn catch(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut parts = Vec::new();
        for child in self.children(node) {
            let (start, end) = range(child);
            parts.push(match self.kind(child) {
                Kind::Identifier => {
                    let declare = Declare::new(Pattern::Name(self.slice(child), start, end), None, Place::Block);
                    Node::new(start, end, Form::Declare(Box::new(declare)))
                }
                _ => self.node(child),
            });
        }
        Form::block(parts)
    }

    /// The conditions of a case, and its value.
    fn case(&mut self, node: Syntax<'t>) -> (Node<'t>, Node<'t>) {
        let (start, end) = range(node);
        let mut children = self.children(node);
        let value = children.pop().map(|value| self.branch(value));
        let conditions = children.into_iter().map(|condition| self.node(condition)).collect();
        let empty = || Node::new(end, end, Form::Other(Vec::new()));
        (Node::new(start, end, Form::Other(conditions)), value.unwrap_or_else(empty))
    }
}
