//! Fields, constructors, methods.

use tree_sitter::Node as Syntax;

use super::super::jvm;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Function, Node, Parameter, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn field_declaration(&mut self, node: Syntax<'t>) -> Form<'t> {
        // A field of an interface is static.
        let of_interface = node.parent().is_some_and(|body| body.kind() == "interface_body");
        let is_static = of_interface || self.modifier(node, "static").is_some();
        let place = Place::Field { is_static };
        let mut fields = self.variables(node, place);
        if is_static && self.is_open(node) {
            let kind = self.child(node, self.fields.r#type);
            fields.iter_mut().for_each(|field| self.open(field, kind));
        }
        Form::Other(fields)
    }

    /// May other classes change it?
    fn is_open(&mut self, node: Syntax<'t>) -> bool {
        self.modifier(node, "final").is_none() && self.modifier(node, "private").is_none()
    }

    /// A plain value counts as state where it changes: one that others may change does so in files that are not seen here.
    fn open(&self, field: &mut Node<'t>, kind: Option<Syntax<'t>>) {
        if let Form::Declare(declare) = &mut field.form {
            declare.shape = declare.shape.take().or_else(|| self.plain_shape(kind?));
        }
    }

    pub(super) fn constructor(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = self.declared_function(node, jvm::CONSTRUCTOR);
        function.body.extend(self.field(node, self.fields.body));
        self.decorated(node, Form::Function(Box::new(function)))
    }

    pub(super) fn method(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = self.declared_function(node, self.name(node, self.fields.name));
        let kind = self.child(node, self.fields.r#type);
        function.result = kind.and_then(|kind| self.result(kind));
        function.body.extend(self.modifier(node, "synchronized").map(|word| self.locked(word)));
        function.body.extend(self.field(node, self.fields.body));
        self.decorated(node, Form::Function(Box::new(function)))
    }

    /// `synchronized` before a method locks it as a call would.
    fn locked(&self, word: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(word);
        Node::new(start, end, Form::call(Node::new(start, end, Form::Name("synchronized")), Vec::new()))
    }

    fn declared_function(&mut self, node: Syntax<'t>, name: &'t str) -> Function<'t> {
        let mut function = Function::new(name);
        function.is_static = self.modifier(node, "static").is_some();
        function.exported = self.modifier(node, "private").is_none();
        if let Some(parameters) = self.child(node, self.fields.parameters) {
            function.parameters = self.parameters(parameters);
        }
        function
    }

    /// `(Shop shop, int... n)`, `(a, b)`, or the one name before `->`.
    pub(super) fn parameters(&mut self, node: Syntax<'t>) -> Vec<Parameter<'t>> {
        match self.kind(node) {
            Kind::Parameters => {
                let parameters = self.children(node);
                parameters.into_iter().filter_map(|parameter| self.parameter(parameter)).collect()
            }
            _ => vec![self.named_parameter(node, None)],
        }
    }

    fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        match self.kind(node) {
            Kind::Identifier => Some(self.named_parameter(node, None)),
            _ => {
                let declarator = self.child_of(node, Kind::Declarator).unwrap_or(node);
                let name = self.child(declarator, self.fields.name)?;
                Some(self.named_parameter(name, self.child(node, self.fields.r#type)))
            }
        }
    }

    fn named_parameter(&mut self, name: Syntax<'t>, kind: Option<Syntax<'t>>) -> Parameter<'t> {
        let (start, end) = range(name);
        let pattern = Pattern::Name(self.slice(name), start, end);
        let annotation = kind.and_then(|kind| self.annotation_of(kind));
        Parameter { pattern, annotation, default: None, shape: None }
    }
}
