//! Calls, objects that are made, and what they are given.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Assign, Declare, Form, Function, Node, Pattern, Place};
use super::{Kind, Lower, names, range};

/// The keyword of a type argument.
const TYPE_ARGUMENT: &str = "<>";

type Arguments<'t> = Vec<(Option<&'t str>, Node<'t>)>;

impl<'t> Lower<'t> {
    pub(super) fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(function) = self.child(node, self.fields.function) else { return Form::Other(self.nodes(node)) };
        let name = match self.kind(function) {
            Kind::Member => self.child(function, self.fields.name),
            Kind::ConditionalMember => {
                self.children(function).pop().and_then(|access| self.child(access, self.fields.name))
            }
            _ => Some(function),
        };
        let word = name.map_or("", |name| self.bare(name));
        if names::WAITS.contains(&word) && self.kind(function) == Kind::Member {
            return Form::Through(self.boxed(function, self.fields.expression));
        }
        let list = self.child(node, self.fields.arguments);
        if word == "nameof" && self.kind(function) == Kind::Identifier {
            let named = list.map_or("", |list| self.slice(list).trim_matches(['(', ')']));
            return Form::Text(named.rsplit('.').next().unwrap_or_default().trim().into());
        }
        let whole = self.slice(function).trim_start_matches("System.Threading.");
        if let (Some((_, update)), Some(list)) = (names::ATOMIC.iter().find(|(known, _)| *known == whole), list) {
            return self.atomic(list, *update);
        }
        let looked_up = match names::LOOKUPS.contains(&word) {
            true => self.child(function, self.fields.expression),
            false => None,
        };
        let mut arguments = list.map(|list| self.arguments(list, looked_up)).unwrap_or_default();
        if let Some(name) = name {
            self.add_type_arguments(name, &mut arguments);
        }
        Form::call(self.node(function), arguments)
    }

    /// `Interlocked.Increment(ref n)` is what `n++` is elsewhere.
    fn atomic(&mut self, list: Syntax<'t>, update: bool) -> Form<'t> {
        let mut arguments = self.arguments(list, None).into_iter().map(|(_, value)| value);
        match (arguments.next(), arguments.next()) {
            (Some(target), value) => Form::Assign(Box::new(Assign { target, value, update })),
            (None, _) => Form::Other(Vec::new()),
        }
    }

    fn add_type_arguments(&mut self, node: Syntax<'t>, arguments: &mut Arguments<'t>) {
        for argument in self.type_arguments(node) {
            let (start, end) = range(argument);
            let name = Node::new(start, end, Form::Name(self.bare(argument)));
            arguments.push((Some(TYPE_ARGUMENT), name));
        }
    }

    /// `looked_up` is the container of which an `out` argument gets a part.
    fn arguments(&mut self, list: Syntax<'t>, looked_up: Option<Syntax<'t>>) -> Arguments<'t> {
        let arguments = self.children(list);
        arguments.into_iter().map(|argument| self.passed(argument, looked_up)).collect()
    }

    fn passed(&mut self, node: Syntax<'t>, looked_up: Option<Syntax<'t>>) -> (Option<&'t str>, Node<'t>) {
        let declared = node.named_child(0).filter(|inner| self.kind(*inner) == Kind::Declared);
        match (declared, looked_up) {
            (Some(declared), Some(container)) => {
                let (start, end) = range(node);
                let container = self.node(container);
                let rest = Node::new(start, start, Form::Other(Vec::new()));
                let part = Node::new(start, start, Form::Index(Box::new(container), Box::new(rest)));
                (None, Node::new(start, end, self.declared(declared, Some(part))))
            }
            _ => self.argument(node),
        }
    }

    /// `x`, `name: x`, `ref x`, `out var x`.
    pub(super) fn argument(&mut self, node: Syntax<'t>) -> (Option<&'t str>, Node<'t>) {
        if self.kind(node) != Kind::Argument {
            return (None, self.node(node));
        }
        let name = self.child(node, self.fields.name);
        let keyword = name.map(|name| self.slice(name));
        let count = node.child_count();
        // `this` is a word, and so no named child.
        let value = node.child(count.saturating_sub(1)).filter(|value| Some(*value) != name);
        match value {
            Some(value) if self.kind(value) == Kind::Declared => {
                let (start, end) = range(value);
                (keyword, Node::new(start, end, self.declared(value, None)))
            }
            Some(value) => (keyword, self.node(value)),
            None => (keyword, self.node(node)),
        }
    }

    /// `out var x`, `out int x`.
    fn declared(&mut self, node: Syntax<'t>, value: Option<Node<'t>>) -> Form<'t> {
        let Some(name) = self.child(node, self.fields.name) else { return Form::Other(Vec::new()) };
        let (start, end) = range(name);
        let pattern = Pattern::Name(self.slice(name), start, end);
        let annotation = self.child(node, self.fields.r#type).and_then(|kind| self.type_name(kind));
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, value, Place::Block) }))
    }

    // Objects

    /// `new Shop<T>(a) { B = c }`.
    pub(super) fn creation(&mut self, node: Syntax<'t>) -> Form<'t> {
        let kind = self.child(node, self.fields.r#type);
        let list = self.child(node, self.fields.arguments);
        let contents = self.child(node, self.fields.initializer);
        self.made(kind, list, contents)
    }

    /// `new(a) { B = c }`, where the type is told elsewhere.
    pub(super) fn implicit_creation(&mut self, node: Syntax<'t>, kind: Option<Syntax<'t>>) -> Form<'t> {
        let children = self.children(node);
        let of_kind = |kind| children.iter().copied().find(|child| self.kind(*child) == kind);
        let (list, contents) = (of_kind(Kind::Arguments), of_kind(Kind::Initializer));
        self.made(kind, list, contents)
    }

    fn made(&mut self, kind: Option<Syntax<'t>>, list: Option<Syntax<'t>>, contents: Option<Syntax<'t>>) -> Form<'t> {
        let mut arguments = list.map(|list| self.arguments(list, None)).unwrap_or_default();
        if let Some(shape) = kind.and_then(|kind| self.shape(kind)) {
            return self.container(shape, arguments, contents);
        }
        arguments.extend(contents.map(|contents| (None, self.node(contents))));
        match kind.and_then(|kind| Some((kind, self.type_name(kind)?))) {
            Some((kind, callee)) => {
                self.add_type_arguments(kind, &mut arguments);
                Form::call(callee, arguments)
            }
            None => Form::Other(arguments.into_iter().map(|(_, value)| value).collect()),
        }
    }

    /// A value for a place of a known type.
    pub(super) fn value_of(&mut self, value: Syntax<'t>, kind: Option<Syntax<'t>>) -> Node<'t> {
        let (start, end) = range(value);
        match self.kind(value) {
            Kind::ImplicitNew => Node::new(start, end, self.implicit_creation(value, kind)),
            _ => self.node(value),
        }
    }

    /// `(a, b) => …`, `x => …`, `delegate { … }`.
    pub(super) fn lambda(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new("");
        if let Some(parameters) = self.child(node, self.fields.parameters) {
            function.parameters = self.parameters(parameters);
        }
        let body = self.child(node, self.fields.body);
        let body = body.or_else(|| self.children(node).into_iter().find(|child| self.kind(*child) == Kind::Block));
        function.body.extend(body.map(|body| self.node(body)));
        Form::Function(Box::new(function))
    }
}
