//! Assignments. The first one of a name declares it.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Assign, Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Sides { left, right } = self.sides(node);
        let (Some(left), Some(right)) = (left, right) else { return Form::Other(self.nodes(node)) };
        if self.kind(left) == Kind::Targets {
            return self.several(node, left, right);
        }
        if self.kind(left) == Kind::Constant
            && let Some(class) = self.made_class(left, right)
        {
            return class;
        }
        if let Some(named) = self.named_value(left, right) {
            return named;
        }
        let (right, frozen) = self.unfrozen(right);
        let value = self.node(right);
        self.set(left, value, frozen)
    }

    /// `config.cache_store = :memory_store, { size: 1 }`: what is chosen, and its options.
    fn named_value(&mut self, left: Syntax<'t>, right: Syntax<'t>) -> Option<Form<'t>> {
        let values = if self.kind(right) == Kind::Values { self.children(right) } else { Vec::new() };
        let (first, options) = values.split_first().filter(|_| self.kind(left) == Kind::Call)?;
        if self.kind(*first) != Kind::Symbol {
            return None;
        }
        let (start, end) = (range(left).0, range(*first).1);
        let value = self.node(*first);
        let chosen = Node::new(start, end, self.set(left, value, false));
        let options = options.iter().map(|option| self.node(*option)).collect::<Vec<_>>();
        Some(Form::Other(std::iter::once(chosen).chain(options).collect()))
    }

    fn sides(&self, node: Syntax<'t>) -> Sides<'t> {
        Sides { left: self.child(node, self.fields.left), right: self.child(node, self.fields.right) }
    }

    /// `{…}.freeze` cannot change any more.
    fn unfrozen(&self, node: Syntax<'t>) -> (Syntax<'t>, bool) {
        let receiver = self.child(node, self.fields.receiver);
        match receiver.filter(|_| self.kind(node) == Kind::Call && self.name(node, self.fields.method) == "freeze") {
            Some(receiver) => (receiver, true),
            None => (node, false),
        }
    }

    /// One target gets one value.
    fn set(&mut self, target: Syntax<'t>, value: Node<'t>, constant: bool) -> Form<'t> {
        match self.declared(target) {
            Some((pattern, place)) => {
                let declare = Declare { constant, ..Declare::new(pattern, Some(value), place) };
                Form::Declare(Box::new(declare))
            }
            None => {
                let target = self.target(target);
                Form::Assign(Box::new(Assign { target, value: Some(value), update: false }))
            }
        }
    }

    /// What an assignment to the target declares, and where it is visible; `None` for what is there already.
    fn declared(&mut self, target: Syntax<'t>) -> Option<(Pattern<'t>, Place)> {
        let (start, end) = range(target);
        let name = self.slice(target);
        let named = |name| Pattern::Name(name, start, end);
        let place = self.scopes.place;
        match self.kind(target) {
            Kind::Identifier => self.scopes.declare(name).then(|| (named(name), Place::Function)),
            Kind::Constant => Some((named(name), Place::Block)),
            Kind::GlobalVariable => Some((named(name), Place::Module)),
            Kind::InstanceVariable | Kind::ClassVariable if place.class.is_some() && !place.in_function => {
                Some((named(name.trim_start_matches('@')), Place::Field { is_static: true }))
            }
            Kind::InstanceVariable if place.class.is_none() && !place.in_function => {
                Some((named(name), Place::Function))
            }
            _ => None,
        }
    }

    /// `a.b`, `a[b]`, `@a`, or a local that is known.
    fn target(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        if self.kind(node) == Kind::Call
            && let Some(receiver) = self.child(node, self.fields.receiver)
        {
            let object = self.node(receiver);
            return Node::new(start, end, Form::Member(Box::new(object), self.name(node, self.fields.method)));
        }
        self.node(node)
    }

    /// `a, b = 1, 2`, `a, (b, *c) = f`.
    fn several(&mut self, node: Syntax<'t>, left: Syntax<'t>, right: Syntax<'t>) -> Form<'t> {
        let targets = self.children(left);
        let values = if self.kind(right) == Kind::Values { self.children(right) } else { Vec::new() };
        let simple =
            |lower: &Self, node: &Syntax<'t>| !matches!(lower.kind(*node), Kind::Targets | Kind::Rest | Kind::Splat);
        let paired = targets.len() == values.len() && targets.iter().chain(&values).all(|node| simple(self, node));
        if paired {
            let mut found = Vec::new();
            for (target, value) in targets.into_iter().zip(values) {
                let (start, end) = (range(target).0, range(value).1);
                let value = self.node(value);
                found.push(Node::new(start, end, self.set(target, value, false)));
            }
            return Form::Other(found);
        }
        let (start, end) = range(node);
        let value = self.node(right);
        let pattern = self.pattern(left);
        let declare = Declare::new(pattern, Some(value), Place::Function);
        Form::Through(Box::new(Node::new(start, end, Form::Declare(Box::new(declare)))))
    }

    /// A target among several.
    pub(super) fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        match self.kind(node) {
            Kind::Targets => {
                let targets = self.children(node);
                Pattern::Elements(targets.into_iter().map(|target| self.inner_pattern(target)).collect())
            }
            Kind::Rest => {
                let inner = self.children(node).first().copied();
                inner.map_or(Pattern::Ignored, |inner| self.inner_pattern(inner))
            }
            Kind::Identifier if self.scopes.declare(self.slice(node)) => {
                let (start, end) = range(node);
                Pattern::Name(self.slice(node), start, end)
            }
            _ => Pattern::Target(Box::new(self.target(node))),
        }
    }

    fn inner_pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        self.deeper(node, |lower| lower.pattern(node)).unwrap_or(Pattern::Ignored)
    }

    pub(super) fn update(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Sides { left, right } = self.sides(node);
        let (Some(left), Some(right)) = (left, right) else { return Form::Other(self.nodes(node)) };
        let (right, frozen) = self.unfrozen(right);
        let value = self.node(right);
        match self.operator(node) {
            "||=" => self.default(left, value, frozen),
            operator => {
                let target = self.target(left);
                let update = operator != "&&=";
                Form::Assign(Box::new(Assign { target, value: Some(value), update }))
            }
        }
    }

    /// `a ||= b` is `a = a || b`.
    fn default(&mut self, left: Syntax<'t>, value: Node<'t>, frozen: bool) -> Form<'t> {
        let (start, end) = range(left);
        if self.kind(left) == Kind::GlobalVariable {
            let name = self.slice(left);
            let declare = Declare::new(Pattern::Name(name, start, end), Some(value), Place::Module);
            self.globals.push(Node::new(start, end, Form::Declare(Box::new(declare))));
            return Form::Name(name);
        }
        if let Some((pattern, place)) = self.declared(left) {
            let declare = Declare { constant: frozen, ..Declare::new(pattern, Some(value), place) };
            return Form::Declare(Box::new(declare));
        }
        let (target, same) = (self.target(left), self.target(left));
        let (start, end) = (same.start, value.end);
        let value = Node::new(start, end, Form::Either(Box::new([same, value])));
        Form::Assign(Box::new(Assign { target, value: Some(value), update: false }))
    }

    /// `rescue => error`.
    pub(super) fn exception(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(name) = self.children(node).first().copied() else { return Form::Other(Vec::new()) };
        let pattern = self.pattern(name);
        Form::Declare(Box::new(Declare::new(pattern, None, Place::Function)))
    }

    /// `for x in xs do … end` declares in the method around it.
    pub(super) fn for_loop(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let source = self.required(node, self.fields.value);
        let pattern = self.child(node, self.fields.pattern).map_or(Pattern::Ignored, |pattern| self.pattern(pattern));
        let each = Node::new(start, end, Form::Each(Box::new((pattern, source))));
        let body = self.field(node, self.fields.body);
        Form::Other(std::iter::once(each).chain(body).collect())
    }

    /// `a rescue b`.
    pub(super) fn rescued(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (body, handler) = (self.required(node, self.fields.body), self.required(node, self.fields.handler));
        Form::Either(Box::new([body, handler]))
    }
}

/// The two sides of an assignment; broken syntax may lack one.
struct Sides<'t> {
    left: Option<Syntax<'t>>,
    right: Option<Syntax<'t>>,
}
