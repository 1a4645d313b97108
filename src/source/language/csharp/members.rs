//! Fields, properties, constructors, methods.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Function, Node, Parameter, Pattern, Place};
use super::{Kind, Lower, range};

/// What the common machinery knows the method by that makes an object ready.
const CONSTRUCTOR: &str = "constructor";

impl<'t> Lower<'t> {
    pub(super) fn field_declaration(&mut self, node: Syntax<'t>) -> Form<'t> {
        let constant = self.has_modifier(node, "const") || self.is_of_thread(node);
        let is_static = constant || self.has_modifier(node, "static");
        let variables = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::Variables);
        let place = Place::Field { is_static };
        let mut fields = variables.map(|node| self.variables(node, place, constant)).unwrap_or_default();
        let kind = variables.and_then(|node| self.child(node, self.fields.r#type));
        if let Some(kind) = kind.filter(|_| !constant && self.is_open(node)) {
            fields.iter_mut().for_each(|field| self.open(field, kind));
        }
        Form::Other(fields)
    }

    /// May other classes change it? A field of an object is left out: objects of data are made of such fields.
    fn is_open(&self, node: Syntax<'t>) -> bool {
        let visible = self.has_modifier(node, "public") || self.has_modifier(node, "internal");
        visible && self.has_modifier(node, "static") && !self.has_modifier(node, "readonly")
    }

    /// A plain value counts as state where it changes: one that others may change does so in files that are not seen here.
    fn open(&self, field: &mut Node<'t>, kind: Syntax<'t>) {
        if let Form::Declare(declare) = &mut field.form {
            declare.shape = declare.shape.take().or_else(|| self.plain_shape(kind));
        }
    }

    /// `[ThreadStatic]`: what it holds is shared by nobody.
    fn is_of_thread(&mut self, node: Syntax<'t>) -> bool {
        let children = self.children(node);
        let mut lists = children.into_iter().filter(|child| self.kind(*child) == Kind::Attributes);
        lists.any(|list| self.slice(list).contains("ThreadStatic"))
    }

    /// A property that stores its value is a field, one that computes it a method.
    pub(super) fn property(&mut self, node: Syntax<'t>) -> Form<'t> {
        let accessors = self.child(node, self.fields.accessors);
        let accessors = accessors.map(|list| self.children(list)).unwrap_or_default();
        let computed = accessors.iter().any(|accessor| self.child(*accessor, self.fields.body).is_some());
        let value = self.child(node, self.fields.value);
        let form = match value.filter(|value| self.kind(*value) == Kind::Arrow) {
            Some(body) => self.computed(node, vec![body]),
            None if computed => self.computed(node, accessors),
            None => {
                let settable = accessors.iter().any(|accessor| self.name(*accessor, self.fields.name) == "set");
                self.stored(node, value, settable)
            }
        };
        self.decorated(node, form)
    }

    fn stored(&mut self, node: Syntax<'t>, value: Option<Syntax<'t>>, settable: bool) -> Form<'t> {
        let Some(name) = self.child(node, self.fields.name) else { return Form::Other(Vec::new()) };
        let (start, end) = range(name);
        let pattern = Pattern::Name(self.slice(name), start, end);
        let kind = self.child(node, self.fields.r#type);
        let value = value.map(|value| self.value_of(value, kind));
        let place = Place::Field { is_static: self.has_modifier(node, "static") };
        let declare = self.declare(pattern, kind, value, place);
        let mut field = Node::new(start, end, Form::Declare(Box::new(declare)));
        if let Some(kind) = kind.filter(|_| settable && self.is_open(node)) {
            self.open(&mut field, kind);
        }
        field.form
    }

    fn computed(&mut self, node: Syntax<'t>, bodies: Vec<Syntax<'t>>) -> Form<'t> {
        let mut function = self.declared_function(node, self.name(node, self.fields.name));
        let kind = self.child(node, self.fields.r#type);
        function.result = kind.and_then(|kind| self.result(kind));
        function.body = bodies.into_iter().map(|body| self.node(body)).collect();
        Form::Function(Box::new(function))
    }

    pub(super) fn constructor(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = self.declared_function(node, CONSTRUCTOR);
        let given = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::ConstructorInitializer);
        function.body.extend(given.map(|given| self.node(given)));
        function.body.extend(self.field(node, self.fields.body));
        Form::Function(Box::new(function))
    }

    pub(super) fn method(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = self.declared_function(node, self.name(node, self.fields.name));
        let kind = self.child(node, self.fields.returns).or(self.child(node, self.fields.r#type));
        function.result = kind.and_then(|kind| self.result(kind));
        function.body.extend(self.field(node, self.fields.body));
        self.decorated(node, Form::Function(Box::new(function)))
    }

    fn declared_function(&mut self, node: Syntax<'t>, name: &'t str) -> Function<'t> {
        let mut function = Function::new(name);
        function.is_static = self.has_modifier(node, "static");
        function.exported = self.has_modifier(node, "public") || self.has_modifier(node, "internal");
        if let Some(parameters) = self.child(node, self.fields.parameters) {
            function.parameters = self.parameters(parameters);
        }
        function
    }

    /// `(Shop shop, int n = 1)`, or the one name before `=>`.
    pub(super) fn parameters(&mut self, node: Syntax<'t>) -> Vec<Parameter<'t>> {
        if self.kind(node) == Kind::ImplicitParameter {
            let (start, end) = range(node);
            let pattern = Pattern::Name(self.slice(node), start, end);
            return vec![Parameter { pattern, annotation: None, default: None, shape: None }];
        }
        let parameters: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::Parameter).collect();
        parameters.into_iter().filter_map(|parameter| self.parameter(parameter)).collect()
    }

    fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        let name = self.child(node, self.fields.name)?;
        let kind = self.child(node, self.fields.r#type);
        let annotation = kind.and_then(|kind| self.type_name(kind));
        let (start, end) = range(name);
        let pattern = Pattern::Name(self.slice(name), start, end);
        let default = self.children(node).pop().filter(|last| *last != name && Some(*last) != kind);
        let default = default.map(|value| self.node(value));
        Some(Parameter { pattern, annotation, default, shape: None })
    }
}
