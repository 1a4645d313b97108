//! Functions, classes, decorators, and the types that parameters are annotated with.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Form, Function, Node, Parameter, Pattern, Receiver};
use super::{Kind, Lower};

impl<'t> Lower<'t> {
    pub(super) fn lambda(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new("");
        function.parameters = self.parameters(node);
        function.body.extend(self.field(node, self.fields.body));
        Form::Function(Box::new(function))
    }

    pub(super) fn function(&mut self, node: Syntax<'t>, decorators: &[&str]) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        let in_class = std::mem::replace(&mut self.in_class, false);
        let mut function = Function::new(name);
        function.parameters = self.parameters(node);
        function.exported = !name.starts_with('_');
        if in_class {
            let first = function.parameters.first().and_then(|first| match first.pattern {
                Pattern::Name(name, ..) => Some(name),
                _ => None,
            });
            let of_class = decorators.contains(&"classmethod") || name == "__init_subclass__";
            function.is_static = of_class || decorators.contains(&"staticmethod");
            function.receiver = match first {
                Some(first) if of_class => Receiver::Class(first),
                Some(first) if !function.is_static => Receiver::Object(first),
                _ => Receiver::None,
            };
        }
        function.body.extend(self.field(node, self.fields.body));
        self.in_class = in_class;
        Form::Function(Box::new(function))
    }

    pub(super) fn parameters(&mut self, node: Syntax<'t>) -> Vec<Parameter<'t>> {
        let Some(list) = node.child_by_field_id(self.fields.parameters) else { return Vec::new() };
        self.children(list).into_iter().filter_map(|child| self.parameter(child)).collect()
    }

    pub(super) fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        let annotation = node.child_by_field_id(self.fields.r#type).and_then(|kind| self.type_name(kind));
        let (pattern, default) = match self.kind(node) {
            Kind::Identifier | Kind::SplatPattern => (self.pattern(node), None),
            Kind::TypedParameter => (self.pattern(node.named_child(0)?), None),
            Kind::DefaultParameter => {
                let name = node.child_by_field_id(self.fields.name)?;
                (self.pattern(name), self.field(node, self.fields.value))
            }
            _ => return None,
        };
        Some(Parameter { pattern, annotation, default, shape: None })
    }

    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        let mut class = Class::new(name);
        class.exported = !name.starts_with('_');
        if let Some(bases) = node.child_by_field_id(self.fields.superclasses) {
            class.bases = self.nodes(bases);
        }
        let outer = std::mem::replace(&mut self.in_class, true);
        class.body.extend(self.field(node, self.fields.body));
        self.in_class = outer;
        Form::Class(Box::new(class))
    }

    pub(super) fn decorated(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut decorators = Vec::new();
        let mut names = Vec::new();
        let Some(definition) = node.child_by_field_id(self.fields.definition) else { return Form::Other(Vec::new()) };
        for child in self.children(node) {
            if self.kind(child) == Kind::Decorator
                && let Some(inner) = child.named_child(0)
            {
                names.push(self.slice(inner));
                decorators.push(self.node(inner));
            }
        }
        let (start, end) = (definition.start_byte() as u32, definition.end_byte() as u32);
        let form = match self.kind(definition) {
            Kind::Function => self.function(definition, &names),
            _ => self.form(definition),
        };
        Form::Decorated(decorators, Box::new(Node::new(start, end, form)))
    }

    /// The name in a simple annotation: `FastAPI`, `aiogram.Bot`, `"Bot"`, `Bot | None`, `Optional[Bot]`.
    pub(super) fn type_name(&mut self, annotation: Syntax<'t>) -> Option<Node<'t>> {
        let mut node = annotation;
        for _ in 0..6 {
            match self.kind(node) {
                Kind::Identifier | Kind::Attribute => return Some(self.node(node)),
                Kind::String => {
                    let content = self.children(node).into_iter().find(|child| self.kind(*child) == Kind::Content)?;
                    let name = self.slice(content);
                    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
                    let (start, end) = (content.start_byte() as u32, content.end_byte() as u32);
                    return plain.then(|| Node::new(start, end, Form::Name(name)));
                }
                Kind::Subscript => return None,
                _ => {}
            }
            let optional = node.kind() == "generic_type"
                && node.named_child(0).is_some_and(|name| matches!(self.slice(name), "Optional" | "Annotated"));
            let inner = if optional { node.named_child(1)?.named_child(0)? } else { node.named_child(0)? };
            if node.kind() == "generic_type" && !optional {
                return None;
            }
            node = inner;
        }
        None
    }
}
