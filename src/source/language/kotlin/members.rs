//! Members of classes: properties, functions, what makes an object ready.

use tree_sitter::Node as Syntax;

use super::super::jvm;
use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Function, Node, Parameter, Pattern, Place};
use super::{Kind, Lower, range};
use crate::model::fact::Shape;

impl<'t> Lower<'t> {
    /// What a body declares, with what the companion does, which is static.
    pub(super) fn members(&mut self, body: Syntax<'t>, is_static: bool) -> Vec<Node<'t>> {
        let mut members = Vec::new();
        for child in self.children(body) {
            let (start, end) = range(child);
            let form = match self.kind(child) {
                Kind::Property => self.property(child, Place::Field { is_static }),
                Kind::Function => self.function(child, is_static),
                Kind::Initializer | Kind::SecondaryConstructor => self.constructor(child),
                Kind::Companion => {
                    if let Some(body) = self.child_of(child, Kind::Members) {
                        let of_companion = self.deeper(body, |lower| lower.members(body, true));
                        members.extend(of_companion.unwrap_or_default());
                    }
                    continue;
                }
                Kind::Entry => Form::Other(self.entry(child)),
                _ => {
                    members.push(self.node(child));
                    continue;
                }
            };
            members.push(Node::new(start, end, form));
        }
        members
    }

    /// An entry of an enum is no state; what it is made of counts.
    fn entry(&mut self, node: Syntax<'t>) -> Vec<Node<'t>> {
        let arguments = self.child_of(node, Kind::Arguments).map(|list| self.arguments(list)).unwrap_or_default();
        arguments.into_iter().map(|(_, argument)| argument).collect()
    }

    /// `constructor(a: A) : this(a) { … }`, `init { … }`.
    fn constructor(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new(jvm::CONSTRUCTOR);
        function.exported = true;
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Parameters => function.parameters = self.parameters(child),
                Kind::DelegationCall => {
                    let list = self.child_of(child, Kind::Arguments).map(|list| self.arguments(list));
                    function.body.extend(list.unwrap_or_default().into_iter().map(|(_, argument)| argument));
                }
                Kind::Block => function.body.push(self.node(child)),
                _ => {}
            }
        }
        self.decorated(node, Form::Function(Box::new(function)))
    }

    pub(super) fn function(&mut self, node: Syntax<'t>, is_static: bool) -> Form<'t> {
        let mut function = Function::new(self.name(node, self.fields.name).trim_matches('`'));
        function.is_static = is_static;
        function.exported = !self.has_modifier(node, "private");
        let mut after = false;
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Parameters => {
                    function.parameters = self.parameters(child);
                    after = true;
                }
                Kind::FunctionBody => function.body = self.nodes(child),
                _ if after && self.is_type(child) => function.result = self.result(child),
                _ => {}
            }
        }
        self.decorated(node, Form::Function(Box::new(function)))
    }

    /// `(a: A, vararg b: B = c)`: defaults stand beside the parameters.
    fn parameters(&mut self, node: Syntax<'t>) -> Vec<Parameter<'t>> {
        let mut parameters: Vec<Parameter<'t>> = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Parameter => parameters.extend(self.parameter(child)),
                Kind::ParameterModifiers => {}
                _ => {
                    let default = self.node(child);
                    if let Some(parameter) = parameters.last_mut() {
                        parameter.default = Some(default);
                    }
                }
            }
        }
        parameters
    }

    fn parameter(&mut self, node: Syntax<'t>) -> Option<Parameter<'t>> {
        let name = self.child_of(node, Kind::Identifier)?;
        let (start, end) = range(name);
        let kind = self.variable_type(node);
        let annotation = kind.and_then(|kind| self.type_name(kind));
        Some(Parameter { pattern: Pattern::Name(self.slice(name), start, end), annotation, default: None, shape: None })
    }

    /// `val x: T = value`, `val x by lazy { value }`, `val x: T get() = value`, which is a function.
    pub(super) fn property(&mut self, node: Syntax<'t>, place: Place) -> Form<'t> {
        let (mut variable, mut value, mut accessors) = (None, None, Vec::new());
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Variable | Kind::Variables => variable = Some(child),
                Kind::Getter | Kind::Setter => accessors.push(child),
                Kind::Delegate => value = self.children(child).first().map(|made| self.lazy(*made)),
                Kind::Modifiers => {}
                // The type of what an extension property is one of.
                _ if self.is_type(child) => {}
                _ => value = Some(self.node(child)),
            }
        }
        let Some(variable) = variable else { return Form::Other(value.into_iter().collect()) };
        let is_static = matches!(place, Place::Field { is_static: true });
        let computed = value.is_none() && !accessors.is_empty();
        let accessors: Vec<_> =
            accessors.into_iter().map(|accessor| self.accessor(accessor, variable, is_static)).collect();
        if computed {
            return Form::Other(accessors);
        }
        let declare = self.declare(node, variable, value, place);
        let (start, end) = range(node);
        match accessors.is_empty() {
            true => Form::Declare(Box::new(declare)),
            false => {
                let declared = Node::new(start, end, Form::Declare(Box::new(declare)));
                Form::Other([declared].into_iter().chain(accessors).collect())
            }
        }
    }

    fn declare(
        &mut self,
        node: Syntax<'t>,
        variable: Syntax<'t>,
        value: Option<Node<'t>>,
        place: Place,
    ) -> Declare<'t> {
        let kind = self.variable_type(variable);
        // A local is often another name for what is there already: then its value tells more than its type.
        let is_field = matches!(place, Place::Field { .. });
        let declared = kind.and_then(|kind| self.shape(kind)).filter(|_| is_field || value.is_none());
        let shape = declared.or_else(|| made(value.as_ref()?));
        let annotation = kind.and_then(|kind| self.type_name(kind));
        let exported = !self.has_modifier(node, "private");
        let constant = self.has_modifier(node, "const");
        Declare { annotation, shape, exported, constant, ..Declare::new(self.pattern(variable), value, place) }
    }

    /// What runs when a property is read goes by its name; what runs when it is written has none.
    fn accessor(&mut self, node: Syntax<'t>, variable: Syntax<'t>, is_static: bool) -> Node<'t> {
        let (start, end) = range(node);
        let name = match (self.kind(node), self.pattern(variable)) {
            (Kind::Getter, Pattern::Name(name, ..)) => name,
            _ => "",
        };
        let mut function = Function::new(name);
        function.is_static = is_static;
        function.exported = true;
        function.result = self.variable_type(variable).and_then(|kind| self.result(kind));
        function.body = self.child_of(node, Kind::FunctionBody).map(|body| self.nodes(body)).unwrap_or_default();
        Node::new(start, end, Form::Function(Box::new(function)))
    }
}

/// The container that a value is made as.
fn made(value: &Node<'_>) -> Option<Shape> {
    match &value.form {
        Form::Call(call) => match call.callee.form {
            Form::Name(name) => jvm::shape(name),
            _ => None,
        },
        _ => None,
    }
}
