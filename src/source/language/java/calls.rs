//! Calls, objects that are made, functions as values.

use tree_sitter::Node as Syntax;

use super::super::jvm;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Function, Node};
use super::{Kind, Lower, range};

/// Calls that give what they are given, or nothing in its place.
const PASSES: &[&str] = &["Optional.ofNullable", "Optional.of", "Objects.requireNonNull"];

impl<'t> Lower<'t> {
    pub(super) fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        let object = self.child(node, self.fields.object);
        let mut arguments = self.child(node, self.fields.arguments).map(|list| self.nodes(list)).unwrap_or_default();
        let is_pass = |object| PASSES.iter().any(|pass| pass.split_once('.') == Some((self.slice(object), name)));
        if object.is_some_and(is_pass) && !arguments.is_empty() {
            return Form::Through(Box::new(arguments.swap_remove(0)));
        }
        let (start, end) = object.map_or_else(|| range(node), range);
        let callee = match object {
            Some(object) if jvm::is_package(self.slice(object)) => Form::Name(name),
            Some(object) => Form::Member(Box::new(self.node(object)), name),
            None => Form::Name(name),
        };
        Form::call(Node::new(start, end, callee), arguments.into_iter().map(|value| (None, value)).collect())
    }

    /// `new Shop(a)`, `new Shop(a) { … }`.
    pub(super) fn creation(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(kind) = self.child(node, self.fields.r#type) else { return Form::Other(self.nodes(node)) };
        let arguments = self.child(node, self.fields.arguments);
        let mut arguments = arguments.map(|list| self.nodes(list)).unwrap_or_default();
        if let Some(body) = self.child_of(node, Kind::Members) {
            let base = self.type_name(kind);
            arguments.push(self.anonymous(body, base));
        }
        match (self.shape(kind), self.type_name(kind)) {
            (Some(shape), _) => Form::Made(shape, arguments),
            (None, Some(callee)) => Form::call(callee, arguments.into_iter().map(|value| (None, value)).collect()),
            (None, None) => Form::Other(arguments),
        }
    }

    /// `this::add`, `Shop::add`; `Shop::new` is the class.
    pub(super) fn reference(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(object) = node.child(0) else { return Form::Other(Vec::new()) };
        let object = self.node(object);
        match node.child(node.child_count().saturating_sub(1)) {
            Some(method) if self.kind(method) == Kind::Identifier => Form::Member(Box::new(object), self.slice(method)),
            _ => object.form,
        }
    }

    /// `Shop.class` is the class.
    pub(super) fn class_literal(&mut self, node: Syntax<'t>) -> Form<'t> {
        match node.named_child(0) {
            Some(kind) => self.type_form_or_name(kind),
            None => Form::Other(Vec::new()),
        }
    }

    fn type_form_or_name(&mut self, kind: Syntax<'t>) -> Form<'t> {
        self.type_name(kind).map_or(Form::Other(Vec::new()), |name| name.form)
    }

    /// `(a, b) -> …`, `x -> …`.
    pub(super) fn lambda(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new("");
        if let Some(parameters) = self.child(node, self.fields.parameters) {
            function.parameters = self.parameters(parameters);
        }
        function.body.extend(self.field(node, self.fields.body));
        Form::Function(Box::new(function))
    }
}
