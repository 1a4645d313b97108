//! Functions, classes, decorators, and the types that parameters are annotated with.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Assign, Class, Declare, Form, Function, Node, Parameter, Pattern, Place};
use super::{Kind, Lower};

impl<'t> Lower<'t> {
    pub(super) fn plain_function(&mut self, node: Syntax<'t>, name: &'t str) -> Function<'t> {
        let mut function = Function::new(name);
        if let Some(parameter) = node.child_by_field_id(self.fields.parameter) {
            let pattern = self.pattern(parameter);
            function.parameters.push(Parameter { pattern, annotation: None, default: None, shape: None });
        }
        if let Some(list) = node.child_by_field_id(self.fields.parameters) {
            function.parameters = self.children(list).into_iter().filter_map(|child| self.parameter(child)).collect();
        }
        function.result = node.child_by_field_id(self.fields.return_type).and_then(|kind| self.type_name(kind));
        function.body.extend(self.field(node, self.fields.body));
        function
    }

    pub(super) fn function(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        Form::Function(Box::new(self.plain_function(node, name)))
    }

    pub(super) fn method(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        let mut function = self.plain_function(node, name);
        function.is_static = self.has_word(node, "static");
        function.exported = true;
        if name == "constructor" {
            let fields = self.parameter_properties(node);
            function.body.splice(0..0, fields);
        }
        Form::Function(Box::new(function))
    }

    /// `constructor(private store: Store)` declares the field `store`.
    pub(super) fn parameter_properties(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let Some(list) = node.child_by_field_id(self.fields.parameters) else { return Vec::new() };
        let mut fields = Vec::new();
        for child in self.children(list) {
            let is_property = self.has_word(child, "readonly")
                || child.named_child(0).is_some_and(|first| self.kind(first) == Kind::Accessibility);
            let Some(name) = child.child_by_field_id(self.fields.pattern).filter(|_| is_property) else { continue };
            let (start, end) = (name.start_byte() as u32, name.end_byte() as u32);
            let this = Node::new(start, start, Form::This);
            let target = Node::new(start, end, Form::Member(Box::new(this), self.slice(name)));
            let value = Some(Node::new(start, end, Form::Name(self.slice(name))));
            fields.push(Node::new(start, end, Form::Assign(Box::new(Assign { target, value, update: false }))));
        }
        fields
    }

    pub(super) fn has_word(&self, node: Syntax<'t>, word: &str) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).take_while(|child| child.kind() != "(").any(|child| child.kind() == word)
    }

    pub(super) fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        if self.kind(node) != Kind::Parameter {
            return Some(Parameter { pattern: self.pattern(node), annotation: None, default: None, shape: None });
        }
        let pattern = self.pattern(node.child_by_field_id(self.fields.pattern)?);
        let annotation = self.annotation(node);
        let default = self.field(node, self.fields.value);
        Some(Parameter { pattern, annotation, default, shape: None })
    }

    /// The name of a simple type: `Server`, `ns.Server`, `Server | null`.
    pub(super) fn annotation(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        node.child_by_field_id(self.fields.r#type).and_then(|kind| self.type_name(kind))
    }

    /// The name in `: Server`; of a promise what it promises.
    fn type_name(&mut self, annotation: Syntax<'t>) -> Option<Node<'t>> {
        self.named_type(annotation.named_child(0)?)
    }

    fn named_type(&mut self, mut inner: Syntax<'t>) -> Option<Node<'t>> {
        if self.kind(inner) == Kind::UnionType {
            inner = inner.named_child(0)?;
        }
        if self.kind(inner) == Kind::GenericType && self.name(inner, self.fields.name) == "Promise" {
            inner = inner.child_by_field_id(self.fields.type_arguments)?.named_child(0)?;
        }
        if self.kind(inner) == Kind::GenericType {
            inner = inner.child_by_field_id(self.fields.name)?;
        }
        let (start, end) = (inner.start_byte() as u32, inner.end_byte() as u32);
        match self.kind(inner) {
            Kind::TypeIdentifier => Some(Node::new(start, end, Form::Name(self.slice(inner)))),
            Kind::NestedType => {
                let (module, name) = self.slice(inner).split_once('.')?;
                let module = Box::new(Node::new(start, start + module.len() as u32, Form::Name(module)));
                Some(Node::new(start, end, Form::Member(module, name)))
            }
            _ => None,
        }
    }

    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut class = Class::new(self.name(node, self.fields.name));
        let mut decorators = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::ClassBody => class.body = self.class_body(child),
                Kind::Decorator => decorators.extend(child.named_child(0).map(|inner| self.node(inner))),
                Kind::TypeIdentifier | Kind::Identifier => {}
                Kind::Heritage => class.bases.extend(self.heritage(child)),
                _ => class.bases.push(self.node(child)),
            }
        }
        decorated(decorators, node, Form::Class(Box::new(class)))
    }

    /// What a class extends, an expression, and the interfaces that it implements, whose names are types.
    fn heritage(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut bases = Vec::new();
        for clause in self.children(node) {
            match self.kind(clause) {
                Kind::Extends => bases.extend(self.field(clause, self.fields.value)),
                Kind::Implements => {
                    let types = self.children(clause);
                    bases.extend(types.into_iter().filter_map(|one| self.named_type(one)).collect::<Vec<_>>());
                }
                _ => bases.push(self.node(clause)),
            }
        }
        bases
    }

    /// Decorators stand as siblings before the method in TypeScript, and within a field.
    pub(super) fn class_body(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut body = Vec::new();
        let mut decorators = Vec::new();
        for child in self.children(node) {
            if self.kind(child) == Kind::Decorator {
                decorators.extend(child.named_child(0).map(|inner| self.node(inner)));
                continue;
            }
            let inner: Vec<_> = self.children(child).into_iter().filter(|c| self.kind(*c) == Kind::Decorator).collect();
            decorators
                .extend(inner.into_iter().filter_map(|c| c.named_child(0)).map(|c| self.node(c)).collect::<Vec<_>>());
            let member = self.node(child);
            let (start, end) = (member.start, member.end);
            let form = decorated(std::mem::take(&mut decorators), child, member.form);
            body.push(Node::new(start, end, form));
        }
        body
    }

    pub(super) fn class_field(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = node.child_by_field_id(self.fields.property).or(node.child_by_field_id(self.fields.name));
        let Some(name) = name else { return Form::Other(self.nodes(node)) };
        let (start, end) = (name.start_byte() as u32, name.end_byte() as u32);
        let pattern = Pattern::Name(self.slice(name), start, end);
        let annotation = self.annotation(node);
        let value = self.field(node, self.fields.value);
        let place = Place::Field { is_static: self.has_word(node, "static") };
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, value, place) }))
    }
}

pub(super) fn decorated<'t>(decorators: Vec<Node<'t>>, node: Syntax<'t>, form: Form<'t>) -> Form<'t> {
    match decorators.is_empty() {
        true => form,
        false => {
            let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
            Form::Decorated(decorators, Box::new(Node::new(start, end, form)))
        }
    }
}
