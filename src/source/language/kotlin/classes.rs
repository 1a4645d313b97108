//! Classes, objects, what they are annotated with.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Declare, Form, Node, Pattern, Place};
use super::calls::Arguments;
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut class = Class::new(self.name(node, self.fields.name));
        class.exported = true;
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Bases => self.bases(child, &mut class),
                Kind::PrimaryConstructor => {
                    if let Some(parameters) = self.child_of(child, Kind::ClassParameters) {
                        class.body.extend(self.class_parameters(parameters));
                    }
                }
                Kind::Members => class.body.extend(self.members(child, false)),
                _ => {}
            }
        }
        self.decorated(node, Form::Class(Box::new(class)))
    }

    /// `object Shop { … }`, of which there is one.
    pub(super) fn object(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut class = Class::new(self.name(node, self.fields.name));
        class.exported = true;
        self.fill(node, &mut class, true);
        self.decorated(node, Form::Class(Box::new(class)))
    }

    /// `object : Listener(a) { … }` is a call of what it extends with the class that it is.
    pub(super) fn object_literal(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let first = self.child_of(node, Kind::Bases).and_then(|bases| self.child_of(bases, Kind::Base));
        let mut class = Class::new("");
        self.fill(node, &mut class, false);
        let class = Node::new(start, end, Form::Class(Box::new(class)));
        let construction = first.and_then(|base| self.base(base));
        match construction {
            Some((base, mut arguments)) => {
                arguments.push((None, class));
                Form::call(base, arguments)
            }
            None => class.form,
        }
    }

    fn fill(&mut self, node: Syntax<'t>, class: &mut Class<'t>, is_static: bool) {
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Bases => self.bases(child, class),
                Kind::Members => class.body.extend(self.members(child, is_static)),
                _ => {}
            }
        }
    }

    /// What a class extends; what the bases are made from counts as well.
    fn bases(&mut self, node: Syntax<'t>, class: &mut Class<'t>) {
        for base in self.children(node) {
            if let Some((base, arguments)) = self.base(base) {
                class.bases.push(base);
                class.body.extend(arguments.into_iter().map(|(_, argument)| argument));
            }
        }
    }

    /// `Base(a)`, `Listener`, `Store by store`.
    fn base(&mut self, node: Syntax<'t>) -> Option<(Node<'t>, Arguments<'t>)> {
        let inner = self.children(node).into_iter().find(|child| self.kind(*child) != Kind::Annotation)?;
        match self.kind(inner) {
            Kind::Construction => self.construction(inner),
            Kind::Delegation => {
                let parts = self.children(inner);
                let base = self.type_name(*parts.first()?)?;
                Some((base, parts.get(1).map(|delegate| (None, self.delegate(*delegate))).into_iter().collect()))
            }
            _ => Some((self.type_name(inner)?, Vec::new())),
        }
    }

    /// The grammar reads `Store by store { … }` as a call of `store` with the body of the class.
    fn delegate(&mut self, node: Syntax<'t>) -> Node<'t> {
        let body = self.child_of(node, Kind::TrailingLambda).and_then(|lambda| self.child_of(lambda, Kind::Lambda));
        match (self.kind(node), body) {
            (Kind::Call, Some(body)) => {
                let (start, end) = range(node);
                Node::new(start, end, Form::Other(self.members(body, false)))
            }
            _ => self.node(node),
        }
    }

    /// Fields that a class declares before its body; a parameter that is none is known to its initializers only.
    fn class_parameters(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut fields = Vec::new();
        for parameter in self.children(node) {
            let Some(name) = self.child_of(parameter, Kind::Identifier) else { continue };
            let (start, end) = range(name);
            let kind = self.children(parameter).into_iter().find(|child| self.is_type(*child));
            let default = self.children(parameter).into_iter().rfind(|child| {
                child.start_byte() > name.start_byte() && Some(*child) != kind && self.kind(*child) != Kind::Modifiers
            });
            let pattern = Pattern::Name(self.slice(name), start, end);
            let value = default.map(|default| self.node(default));
            let annotation = kind.and_then(|kind| self.type_name(kind));
            let place = Place::Field { is_static: false };
            let declare = Declare { annotation, ..Declare::new(pattern, value, place) };
            fields.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        fields
    }

    /// The word among the modifiers of a declaration.
    pub(super) fn has_modifier(&mut self, node: Syntax<'t>, word: &str) -> bool {
        let modifiers = self.child_of(node, Kind::Modifiers);
        let modifiers = modifiers.map(|modifiers| self.children(modifiers)).unwrap_or_default();
        modifiers.into_iter().any(|modifier| self.slice(modifier) == word)
    }

    /// What it is annotated with, and itself.
    pub(super) fn decorated(&mut self, node: Syntax<'t>, form: Form<'t>) -> Form<'t> {
        let modifiers = self.child_of(node, Kind::Modifiers);
        let modifiers = modifiers.map(|modifiers| self.children(modifiers)).unwrap_or_default();
        let annotations: Vec<_> = modifiers.into_iter().filter_map(|modifier| self.annotation(modifier)).collect();
        match annotations.is_empty() {
            true => form,
            false => {
                let (start, end) = range(node);
                Form::Decorated(annotations, Box::new(Node::new(start, end, form)))
            }
        }
    }

    /// `@GetMapping`, `@GetMapping("/carts")`, `@GetMapping(value = ["/carts"])`, where `value` is the name of what is given without one.
    fn annotation(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        if self.kind(node) != Kind::Annotation {
            return None;
        }
        let (start, end) = range(node);
        let (callee, mut arguments) = match self.child_of(node, Kind::Construction) {
            Some(construction) => self.construction(construction)?,
            None => {
                let kind = self.child_of(node, Kind::UserType)?;
                (self.type_name(kind)?, Vec::new())
            }
        };
        arguments.iter_mut().for_each(|(keyword, _)| *keyword = keyword.filter(|keyword| *keyword != "value"));
        Some(Node::new(start, end, Form::call(callee, arguments)))
    }
}
