//! Classes and their like, annotations.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut class = Class::new(self.name(node, self.fields.name));
        class.exported = true;
        for child in self.children(node) {
            if self.kind(child) == Kind::Bases {
                class.bases.extend(self.bases(child));
            }
        }
        if let Some(parameters) = self.child(node, self.fields.parameters) {
            class.body.extend(self.components(parameters));
        }
        if let Some(body) = self.child(node, self.fields.body) {
            class.body.extend(self.members(body));
        }
        self.decorated(node, Form::Class(Box::new(class)))
    }

    /// What a body declares; that of an enum does so behind its constants.
    pub(super) fn members(&mut self, body: Syntax<'t>) -> Vec<Node<'t>> {
        let mut members = Vec::new();
        for child in self.children(body) {
            match self.kind(child) {
                Kind::Members => members.extend(self.nodes(child)),
                Kind::Constant => members.extend(self.constant(child)),
                _ => members.push(self.node(child)),
            }
        }
        members
    }

    /// A constant of an enum is no state; what it is made of counts.
    fn constant(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let arguments = self.child(node, self.fields.arguments);
        let mut parts = arguments.map(|list| self.nodes(list)).unwrap_or_default();
        parts.extend(self.child(node, self.fields.body).map(|body| self.anonymous(body, None)));
        parts
    }

    /// A class without a name, with what it extends.
    pub(super) fn anonymous(&mut self, body: Syntax<'t>, base: Option<Node<'t>>) -> Node<'t> {
        let (start, end) = range(body);
        let mut class = Class::new("");
        class.bases.extend(base);
        class.body = self.members(body);
        Node::new(start, end, Form::Class(Box::new(class)))
    }

    fn bases(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut bases = Vec::new();
        for base in self.children(node) {
            match self.kind(base) {
                Kind::Bases => bases.extend(self.bases(base)),
                _ => bases.extend(self.type_name(base)),
            }
        }
        bases
    }

    /// The fields that a record declares before its body.
    fn components(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut fields = Vec::new();
        for component in self.children(node) {
            let Some(name) = self.child(component, self.fields.name) else { continue };
            let (start, end) = range(name);
            let pattern = Pattern::Name(self.slice(name), start, end);
            let annotation = self.child(component, self.fields.r#type).and_then(|kind| self.annotation_of(kind));
            let declare = Declare { annotation, ..Declare::new(pattern, None, Place::Field { is_static: false }) };
            fields.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        fields
    }

    pub(super) fn modifiers(&mut self, node: Syntax<'t>) -> Option<Syntax<'t>> {
        self.child_of(node, Kind::Modifiers)
    }

    /// The word among the modifiers of a declaration.
    pub(super) fn modifier(&mut self, node: Syntax<'t>, word: &str) -> Option<Syntax<'t>> {
        let modifiers = self.modifiers(node)?;
        let mut cursor = modifiers.walk();
        modifiers.children(&mut cursor).find(|child| child.kind() == word)
    }

    /// What it is annotated with, and itself.
    pub(super) fn decorated(&mut self, node: Syntax<'t>, form: Form<'t>) -> Form<'t> {
        let annotations = self.modifiers(node).map(|modifiers| self.nodes(modifiers)).unwrap_or_default();
        match annotations.is_empty() {
            true => form,
            false => {
                let (_, end) = range(node);
                Form::Decorated(annotations, Box::new(Node::new(self.undecorated(node), end, form)))
            }
        }
    }

    /// Where a declaration begins behind its annotations.
    fn undecorated(&mut self, node: Syntax<'t>) -> u32 {
        let mut cursor = node.walk();
        let mut parts: Vec<Syntax<'t>> = Vec::new();
        for child in node.children(&mut cursor) {
            match self.kind(child) {
                Kind::Modifiers => parts.extend(child.children(&mut child.walk())),
                _ => parts.push(child),
            }
        }
        let annotation = |part: &&Syntax<'t>| matches!(self.kind(**part), Kind::Marker | Kind::Annotation);
        let skipped = |part: &&Syntax<'t>| annotation(part) || self.kind(**part) == Kind::Skipped;
        parts.iter().find(|part| !skipped(part)).map_or_else(|| range(node).0, |part| range(*part).0)
    }

    /// `@GetMapping`, `@GetMapping("/carts")`, `@GetMapping(value = "/carts", produces = JSON)`.
    pub(super) fn annotation(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(named) = self.child(node, self.fields.name) else { return Form::Other(Vec::new()) };
        let callee = self.type_name(named).unwrap_or_else(|| self.node(named));
        let arguments = self.child(node, self.fields.arguments).map(|list| self.children(list)).unwrap_or_default();
        let arguments = arguments.into_iter().map(|argument| self.annotated_with(argument)).collect();
        Form::call(callee, arguments)
    }

    /// `value` is the name of what is given without one.
    fn annotated_with(&mut self, node: Syntax<'t>) -> (Option<&'t str>, Node<'t>) {
        if self.kind(node) != Kind::Pair {
            return (None, self.node(node));
        }
        let key = self.name(node, self.fields.key);
        (Some(key).filter(|key| *key != "value"), self.required(node, self.fields.value))
    }
}
