//! Files, functions, types, variables.

use std::num::NonZeroU16;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Declare, Form, Function, Node, Parameter, Pattern, Place, Receiver};
use super::{Kind, Lower, range};
use crate::model::fact::Shape;

impl<'t> Lower<'t> {
    /// Types first: methods may stand before the type that they belong to.
    pub(super) fn file(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let (types, others): (Vec<_>, Vec<_>) =
            self.children(node).into_iter().partition(|child| self.kind(*child) == Kind::Type);
        for node in &types {
            self.note_containers(*node);
        }
        let body = types.into_iter().chain(others).map(|child| self.node(child)).collect();
        Node::new(start, end, Form::Other(body))
    }

    // Types

    /// Remembers which named types are maps or lists.
    fn note_containers(&mut self, node: Syntax<'t>) {
        for spec in self.children(node) {
            let (name, kind) = (self.child(spec, self.fields.name), self.child(spec, self.fields.r#type));
            if let (Some(name), Some(kind)) = (name, kind)
                && let Some(shape) = self.shape(kind)
            {
                self.containers.insert(self.slice(name), shape);
            }
        }
    }

    pub(super) fn types(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let specs: Vec<_> = self.children(node).into_iter().filter(|spec| self.kind(*spec) == Kind::TypeSpec).collect();
        specs.into_iter().map(|spec| self.type_spec(spec)).collect()
    }

    fn type_spec(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let mut class = Class::new(self.child(node, self.fields.name).map_or("", |name| self.slice(name)));
        class.exported = is_exported(class.name);
        let structure = self.child(node, self.fields.r#type).filter(|kind| self.kind(*kind) == Kind::Struct);
        let list = structure.and_then(|structure| structure.named_child(0));
        for field in list.map(|list| self.children(list)).unwrap_or_default() {
            self.struct_field(field, &mut class);
        }
        Node::new(start, end, Form::Class(Box::new(class)))
    }

    /// `a, b T`, or an embedded `*pkg.T`, which goes by the name of its type.
    /// The methods of an embedded type are the struct's own.
    fn struct_field(&mut self, node: Syntax<'t>, class: &mut Class<'t>) {
        let Some(kind) = self.child(node, self.fields.r#type) else { return };
        let mut names = self.named(node);
        if names.is_empty() {
            class.bases.extend(self.type_name(kind));
            names.extend(self.child(kind, self.fields.name).or(Some(kind)));
        }
        for name in names {
            let (start, end) = range(name);
            let pattern = Pattern::Name(self.slice(name), start, end);
            let shape = self.shape(kind);
            // A field of a plain type begins as its zero; other fields are what their type says.
            let value = Some(self.zero(kind)).filter(|zero| !matches!(zero.form, Form::Call(_) | Form::Null));
            let place = Place::Field { is_static: false };
            let annotation = self.type_name(kind);
            let declare = Declare { annotation, shape, ..Declare::new(pattern, value, place) };
            let (start, end) = range(node);
            class.body.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
    }

    /// The names of a field, a parameter or a variable: there may be several of one type.
    fn named(&mut self, node: Syntax<'t>) -> Vec<Syntax<'t>> {
        let mut cursor = node.walk();
        let Some(field) = NonZeroU16::new(self.fields.name) else { return Vec::new() };
        node.children_by_field_id(field, &mut cursor).filter(|name| name.is_named()).collect()
    }

    // Functions

    pub(super) fn function(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Function(Box::new(self.declared_function(node)))
    }

    fn declared_function(&mut self, node: Syntax<'t>) -> Function<'t> {
        let mut function = Function::new(self.child(node, self.fields.name).map_or("", |name| self.slice(name)));
        function.exported = is_exported(function.name);
        self.signature(node, &mut function);
        function
    }

    pub(super) fn closure(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new("");
        self.signature(node, &mut function);
        Form::Function(Box::new(function))
    }

    fn signature(&mut self, node: Syntax<'t>, function: &mut Function<'t>) {
        let lists = [self.child(node, self.fields.parameters), self.child(node, self.fields.result)];
        for list in lists.into_iter().flatten() {
            if self.kind(list) == Kind::ParameterList {
                self.children(list).into_iter().for_each(|one| self.parameter(one, &mut function.parameters));
            }
        }
        function.result = self.result(node);
        if let Some(body) = self.child(node, self.fields.body) {
            let outside = std::mem::replace(&mut self.in_function, true);
            function.body = self.statements(body);
            self.in_function = outside;
        }
    }

    fn parameter(&mut self, node: Syntax<'t>, found: &mut Vec<Parameter<'t>>) {
        let kind = self.child(node, self.fields.r#type);
        for name in self.named(node) {
            let (start, end) = range(name);
            let annotation = kind.and_then(|kind| self.type_name(kind));
            let pattern = Pattern::Name(self.slice(name), start, end);
            found.push(Parameter { pattern, annotation, default: None, shape: None });
        }
    }

    /// The first type that a function gives.
    fn result(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let mut result = self.child(node, self.fields.result)?;
        if self.kind(result) == Kind::ParameterList {
            let first = result.named_child(0)?;
            result = self.child(first, self.fields.r#type)?;
        }
        self.type_name(result)
    }

    /// A method adds to the class of its receiver.
    pub(super) fn method(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = self.declared_function(node);
        let receiver = self.child(node, self.fields.receiver).and_then(|list| list.named_child(0));
        let kind = receiver.and_then(|receiver| self.child(receiver, self.fields.r#type));
        let name = match kind.and_then(|kind| self.type_name(kind)).map(|name| name.form) {
            Some(Form::Name(name)) => name,
            _ => return Form::Function(Box::new(function)),
        };
        let mut parameters = Vec::new();
        if let Some(receiver) = receiver {
            self.parameter(receiver, &mut parameters);
        }
        if let Some(Pattern::Name(receiver, ..)) = parameters.first().map(|parameter| &parameter.pattern) {
            function.receiver = Receiver::Object(receiver);
        }
        parameters.append(&mut function.parameters);
        function.parameters = parameters;
        let (start, end) = range(node);
        let mut class = Class::new(name);
        class.extends_declared = true;
        class.body.push(Node::new(start, end, Form::Function(Box::new(function))));
        Form::Class(Box::new(class))
    }

    // Variables

    pub(super) fn specs(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut found = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::VarList => found.extend(self.specs(child)),
                Kind::VarSpec | Kind::ConstSpec => self.spec(child, &mut found),
                _ => {}
            }
        }
        found
    }

    fn spec(&mut self, node: Syntax<'t>, found: &mut Vec<Node<'t>>) {
        let constant = self.kind(node) == Kind::ConstSpec;
        let kind = self.child(node, self.fields.r#type);
        let names = self.named(node);
        let values = self.expressions(node, self.fields.value);
        let paired = values.len() == names.len();
        // In a function a name is visible from its declaration on, in a package everywhere.
        let place = if self.in_function { Place::Following } else { Place::Block };
        for (at, name) in names.into_iter().enumerate() {
            let value = values.get(at).filter(|_| paired || at == 0).map(|value| self.node(*value));
            let zero = kind.filter(|_| values.is_empty() && !constant).map(|kind| self.zero(kind));
            // A plain variable without a value is there to get one.
            let plain = zero.as_ref().and_then(|zero| plain_shape(&zero.form));
            let value = value.or(zero.filter(|_| plain.is_none()));
            let shape = kind.and_then(|kind| self.shape(kind)).or(plain);
            let annotation = kind.and_then(|kind| self.type_name(kind));
            let (start, end) = range(name);
            let exported = is_exported(self.slice(name));
            let pattern = Pattern::Name(self.slice(name), start, end);
            let declare = Declare { annotation, shape, constant, exported, ..Declare::new(pattern, value, place) };
            let (_, end) = range(node);
            found.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
    }

    /// `a, err := f()`: the first name gets what the call gives.
    pub(super) fn short_var(&mut self, node: Syntax<'t>) -> Form<'t> {
        let values = self.expressions(node, self.fields.right);
        let names = self.expressions(node, self.fields.left);
        let paired = values.len() == names.len();
        let mut found = Vec::new();
        for (at, name) in names.into_iter().enumerate() {
            let value = values.get(at).filter(|_| paired || at == 0).map(|value| self.node(*value));
            let (start, end) = range(name);
            if self.slice(name) == "_" {
                found.extend(value);
                continue;
            }
            let pattern = Pattern::Name(self.slice(name), start, end);
            let (_, end) = range(node);
            let declare = Declare::new(pattern, value, Place::Following);
            found.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        match found.len() {
            1 => found.pop().map_or(Form::Null, |one| one.form),
            _ => Form::Other(found),
        }
    }
}

fn plain_shape(zero: &Form<'_>) -> Option<Shape> {
    match zero {
        Form::Number(_) => Some(Shape::Number),
        Form::Text(_) => Some(Shape::Text),
        Form::Bool(_) => Some(Shape::Bool),
        _ => None,
    }
}

/// Go's rule: a capital at the beginning.
fn is_exported(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}
