//! Functions, classes and what is in them.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Declare, Form, Function, Node, Parameter, Pattern, Place};
use super::variables::Frame;
use super::{Enclosing, Kind, Lower, range};

impl<'t> Lower<'t> {
    // Functions

    pub(super) fn function(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new(self.name(node, self.fields.name));
        function.exported = true;
        self.signature(node, &mut function, Frame::default());
        let form = Form::Function(Box::new(function));
        self.decorated(node, form)
    }

    /// `function () use ($x, &$y) { … }` and `fn ($x) => …`.
    pub(super) fn closure(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut frame = Frame::default();
        frame.sees_all = self.kind(node) == Kind::Arrow;
        let clause = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::Captured);
        for captured in clause.map(|clause| self.children(clause)).unwrap_or_default() {
            match captured.named_child(0).filter(|_| self.kind(captured) == Kind::Through) {
                Some(name) => {
                    frame.capture(self.slice(name));
                    frame.share(self.slice(name));
                }
                None => frame.capture(self.slice(captured)),
            }
        }
        let mut function = Function::new("");
        self.signature(node, &mut function, frame);
        Form::Function(Box::new(function))
    }

    fn signature(&mut self, node: Syntax<'t>, function: &mut Function<'t>, frame: Frame<'t>) {
        self.frames.push(frame);
        let list = self.child(node, self.fields.parameters);
        for parameter in list.map(|list| self.children(list)).unwrap_or_default() {
            function.parameters.extend(self.parameter(parameter));
        }
        function.result = self.child(node, self.fields.return_type).and_then(|kind| self.type_name(kind));
        let body = self.child(node, self.fields.body);
        function.body.extend(body.map(|body| self.node(body)));
        let start = body.map_or(range(node).1, |body| range(body).0);
        self.leave(start, &mut function.body);
    }

    fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        let name = self.parameter_name(node)?;
        let (start, end) = range(name);
        let name = self.slice(name);
        if let Some(frame) = self.frames.last_mut() {
            frame.own(name);
        }
        let annotation = self.annotation(node);
        let default = self.field(node, self.fields.default_value);
        Some(Parameter { pattern: Pattern::Name(name, start, end), annotation, default, shape: None })
    }

    fn parameter_name(&self, node: Syntax<'t>) -> Option<Syntax<'t>> {
        let name = self.child(node, self.fields.name)?;
        if self.kind(name) == Kind::Through { name.named_child(0) } else { Some(name) }
    }

    fn annotation(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        self.child(node, self.fields.r#type).and_then(|kind| self.type_name(kind))
    }

    /// `#[Route('/cart')]`
    fn decorated(&mut self, node: Syntax<'t>, form: Form<'t>) -> Form<'t> {
        let Some(list) = self.child(node, self.fields.attributes) else { return form };
        let groups = self.children(list);
        let attributes: Vec<_> = groups.into_iter().flat_map(|group| self.children(group)).collect();
        let decorators = attributes.into_iter().map(|attribute| self.attribute(attribute)).collect();
        let (_, end) = range(node);
        let mut cursor = node.walk();
        let after = node.children(&mut cursor).find(|child| child.start_byte() >= list.end_byte());
        let start = after.map_or(end, |next| range(next).0);
        Form::Decorated(decorators, Box::new(Node::new(start, end, form)))
    }

    fn attribute(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let Some(name) = node.named_child(0) else { return self.node(node) };
        let callee = self.node(name);
        let arguments = self.child(node, self.fields.parameters);
        let arguments = self.arguments(arguments);
        Node::new(start, end, Form::call(callee, arguments))
    }

    // Classes

    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        let mut class = Class::new(name);
        class.exported = true;
        let clauses: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::Extends).collect();
        let base =
            clauses.first().filter(|clause| clause.kind() == "base_clause").and_then(|clause| clause.named_child(0));
        for clause in clauses {
            class.bases.extend(self.nodes(clause));
        }
        let body = self.child(node, self.fields.body);
        let members = body.map(|body| self.children(body)).unwrap_or_default();
        self.classes.push(Enclosing { name, base });
        // Methods see nothing of the function that an anonymous class stands in.
        let outside = std::mem::take(&mut self.frames);
        for member in members {
            self.class_member(member, &mut class);
        }
        self.frames = outside;
        self.classes.pop();
        let form = Form::Class(Box::new(class));
        self.decorated(node, form)
    }

    fn class_member(&mut self, node: Syntax<'t>, class: &mut Class<'t>) {
        match self.kind(node) {
            Kind::Property => self.property(node, &mut class.body),
            Kind::Const => {
                let constants = self.constants(node);
                class.body.extend(constants);
            }
            Kind::EnumCase => class.body.extend(self.constant(node)),
            Kind::Method => self.method(node, &mut class.body),
            Kind::TraitUse => {
                let traits: Vec<_> =
                    self.children(node).into_iter().filter(|child| self.kind(*child) != Kind::TraitRules).collect();
                class.bases.extend(traits.into_iter().map(|one| self.node(one)));
            }
            _ => {}
        }
    }

    fn is_static(&mut self, node: Syntax<'t>) -> bool {
        self.children(node).into_iter().any(|child| self.kind(child) == Kind::Static)
    }

    fn property(&mut self, node: Syntax<'t>, body: &mut Vec<Node<'t>>) {
        let place = Place::Field { is_static: self.is_static(node) };
        let elements: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::PropertyElement).collect();
        for element in elements {
            let Some(name) = self.child(element, self.fields.name) else { continue };
            let value = self.field(element, self.fields.default_value);
            let annotation = self.annotation(node);
            body.push(self.field_of(name, annotation, value, place, element));
        }
    }

    fn field_of(
        &self,
        name: Syntax<'t>,
        annotation: Option<Node<'t>>,
        value: Option<Node<'t>>,
        place: Place,
        whole: Syntax<'t>,
    ) -> Node<'t> {
        let (start, end) = range(name);
        let pattern = Pattern::Name(self.slice(name).trim_start_matches('$'), start, end);
        let (start, end) = range(whole);
        let declare = Declare { annotation, ..Declare::new(pattern, value, place) };
        Node::new(start, end, Form::Declare(Box::new(declare)))
    }

    fn method(&mut self, node: Syntax<'t>, body: &mut Vec<Node<'t>>) {
        let mut function = Function::new(self.name(node, self.fields.name));
        function.is_static = self.is_static(node);
        let shown = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::Private);
        function.exported = shown.is_none_or(|shown| self.slice(shown).eq_ignore_ascii_case("public"));
        self.promoted(node, body);
        self.signature(node, &mut function, Frame::default());
        let (start, end) = range(node);
        let form = Form::Function(Box::new(function));
        let form = self.decorated(node, form);
        body.push(Node::new(start, end, form));
    }

    /// `__construct(private Cart $cart)` declares a field as well.
    fn promoted(&mut self, node: Syntax<'t>, body: &mut Vec<Node<'t>>) {
        let list = self.child(node, self.fields.parameters);
        for parameter in list.map(|list| self.children(list)).unwrap_or_default() {
            if self.kind(parameter) == Kind::Promoted
                && let Some(name) = self.parameter_name(parameter)
            {
                let annotation = self.annotation(parameter);
                body.push(self.field_of(name, annotation, None, Place::Field { is_static: false }, parameter));
            }
        }
    }

    // Constants

    /// `const A = 1, B = 2;` of a file or a class.
    pub(super) fn constants(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let elements: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::ConstElement).collect();
        elements.into_iter().filter_map(|element| self.constant(element)).collect()
    }

    fn constant(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let name = self.child(node, self.fields.name).or_else(|| node.named_child(0))?;
        let (start, end) = range(name);
        let value =
            node.named_child((node.named_child_count() as u32).saturating_sub(1)).filter(|value| *value != name);
        let value = value.map(|value| self.node(value));
        let place = if self.classes.is_empty() { Place::Block } else { Place::Field { is_static: true } };
        let declare = Declare::new(Pattern::Name(self.slice(name), start, end), value, place);
        let (start, end) = range(node);
        Some(Node::new(start, end, Form::Declare(Box::new(Declare { constant: true, ..declare }))))
    }
}
