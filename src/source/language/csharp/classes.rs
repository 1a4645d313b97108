//! Classes and their like, attributes.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut class = Class::new(self.name(node, self.fields.name));
        class.exported = self.has_modifier(node, "public");
        class.extends_declared = self.has_modifier(node, "partial");
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Bases => class.bases.extend(self.bases(child)),
                // Of a primary constructor, whose parameters all members see.
                Kind::Parameters => class.body.extend(self.captured(child)),
                _ => {}
            }
        }
        if let Some(body) = self.child(node, self.fields.body) {
            class.body.extend(self.nodes(body));
        }
        self.decorated(node, Form::Class(Box::new(class)))
    }

    /// The types that it extends and implements; what a base is constructed with follows it.
    fn bases(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let mut bases = Vec::new();
        for base in self.children(node) {
            let named = match self.kind(base) {
                Kind::PrimaryBase => self.child(base, self.fields.r#type),
                _ => Some(base),
            };
            bases.extend(named.and_then(|named| self.type_name(named)));
        }
        bases
    }

    fn captured(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let parameters: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::Parameter).collect();
        let mut fields = Vec::new();
        for parameter in parameters {
            let Some(name) = self.child(parameter, self.fields.name) else { continue };
            let (start, end) = range(name);
            let pattern = Pattern::Name(self.slice(name), start, end);
            let annotation = self.child(parameter, self.fields.r#type).and_then(|kind| self.type_name(kind));
            let declare = Declare { annotation, ..Declare::new(pattern, None, Place::Field { is_static: false }) };
            fields.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        fields
    }

    pub(super) fn has_modifier(&self, node: Syntax<'t>, word: &str) -> bool {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).any(|child| self.kind(child) == Kind::Modifier && self.slice(child) == word)
    }

    /// What it is decorated with, and itself.
    pub(super) fn decorated(&mut self, node: Syntax<'t>, form: Form<'t>) -> Form<'t> {
        let lists: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::Attributes).collect();
        let mut decorators = Vec::new();
        for list in lists {
            let attributes = self.children(list);
            decorators.extend(attributes.into_iter().filter_map(|attribute| self.attribute(attribute)));
        }
        match decorators.is_empty() {
            true => form,
            false => {
                let (start, end) = range(node);
                Form::Decorated(decorators, Box::new(Node::new(start, end, form)))
            }
        }
    }

    /// `[HttpGet("/carts", Name = "carts")]`.
    fn attribute(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let (start, end) = range(node);
        let named = self.child(node, self.fields.name).filter(|_| self.kind(node) == Kind::Attribute)?;
        let name = self.bare(named);
        let name = name.strip_suffix("Attribute").filter(|rest| !rest.is_empty()).unwrap_or(name);
        let (from, to) = range(named);
        let callee = Node::new(from, to, Form::Name(name));
        let list = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::AttributeArguments);
        let Some(list) = list else { return Some(callee) };
        let mut arguments = Vec::new();
        for argument in self.children(list) {
            let keyword = self.child(argument, self.fields.name);
            let value = self.children(argument).pop().filter(|value| Some(*value) != keyword);
            arguments.extend(value.map(|value| (keyword.map(|keyword| self.slice(keyword)), self.node(value))));
        }
        Some(Node::new(start, end, Form::call(callee, arguments)))
    }
}
