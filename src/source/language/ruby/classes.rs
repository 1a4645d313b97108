//! Classes, modules, methods, parameters.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Class, Declare, Form, Function, Node, Parameter, Pattern, Place};
use super::{Kind, Lower, names, range};

impl<'t> Lower<'t> {
    /// Both may be opened again, and `A::B` goes by `B`.
    pub(super) fn class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.child(node, self.fields.name).map_or("", |name| self.last_name(name));
        let superclass = self.child(node, self.fields.superclass);
        let bases = superclass.map(|superclass| self.nodes(superclass)).unwrap_or_default();
        let body = self.child(node, self.fields.body);
        self.class_of(name, bases, body)
    }

    fn last_name(&self, node: Syntax<'t>) -> &'t str {
        match self.kind(node) {
            Kind::Scope => self.name(node, self.fields.name),
            _ => self.slice(node),
        }
    }

    fn class_of(&mut self, name: &'t str, bases: Vec<Node<'t>>, body: Option<Syntax<'t>>) -> Form<'t> {
        let mut class = Class::new(name);
        class.extends_declared = self.scopes.reopens(name);
        class.exported = true;
        class.bases = bases;
        let statements = body.map(|body| self.children(body)).unwrap_or_default();
        let of_itself = statements.iter().any(|statement| self.extends_itself(*statement));
        let outside = self.scopes.enter_class(name, of_itself);
        let pending = std::mem::take(&mut self.pending);
        for statement in statements {
            self.mixins(statement, &mut class);
            let node = self.node(statement);
            class.body.push(node);
        }
        class.body.append(&mut self.pending);
        self.pending = pending;
        self.scopes.leave(outside);
        Form::Class(Box::new(class))
    }

    /// `Shop = Class.new(Base) do … end`, `Item = Struct.new(:a) do … end`.
    pub(super) fn made_class(&mut self, name: Syntax<'t>, value: Syntax<'t>) -> Option<Form<'t>> {
        let receiver = self.child(value, self.fields.receiver).filter(|_| self.kind(value) == Kind::Call)?;
        let maker = self.slice(receiver);
        let makes = self.name(value, self.fields.method) == "new" && names::CLASS_MAKERS.contains(&maker)
            || maker == "Data" && self.name(value, self.fields.method) == "define";
        if !makes {
            return None;
        }
        let arguments = self.child(value, self.fields.arguments).map(|list| self.children(list)).unwrap_or_default();
        let bases = arguments.into_iter().filter(|base| matches!(self.kind(*base), Kind::Constant | Kind::Scope));
        let bases = bases.collect::<Vec<_>>().into_iter().map(|base| self.node(base)).collect();
        let block = self.child(value, self.fields.block);
        let body = block.and_then(|block| self.child(block, self.fields.body));
        Some(self.class_of(self.slice(name), bases, body))
    }

    /// `class << self`.
    pub(super) fn singleton_class(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(body) = self.child(node, self.fields.body) else { return Form::Other(Vec::new()) };
        let outer = std::mem::replace(&mut self.scopes.place.defines_static, true);
        let nodes = self.nodes(body);
        self.scopes.place.defines_static = outer;
        Form::Other(nodes)
    }

    /// `extend self`, `module_function`: the methods of the module are called on itself.
    fn extends_itself(&self, statement: Syntax<'t>) -> bool {
        match self.kind(statement) {
            Kind::Identifier => self.slice(statement) == "module_function",
            Kind::Call => {
                let arguments = self.child(statement, self.fields.arguments);
                let of_self = arguments.and_then(|list| list.named_child(0)).map(|first| self.kind(first));
                self.name(statement, self.fields.method) == "extend" && of_self == Some(Kind::This)
            }
            _ => false,
        }
    }

    /// `include A, B`: what the class has from elsewhere. The only object of a `Singleton` is there from the beginning.
    fn mixins(&mut self, statement: Syntax<'t>, class: &mut Class<'t>) {
        let named = self.kind(statement) == Kind::Call && self.child(statement, self.fields.receiver).is_none();
        if !named || !names::MIXINS.contains(&self.name(statement, self.fields.method)) {
            return;
        }
        let arguments = self.child(statement, self.fields.arguments).map(|list| self.children(list));
        for base in arguments.unwrap_or_default() {
            if !matches!(self.kind(base), Kind::Constant | Kind::Scope) {
                continue;
            }
            let (start, end) = range(base);
            if self.slice(base) == "Singleton" {
                let object = Form::call(Node::new(start, start, Form::Name(class.name)), Vec::new());
                let pattern = Pattern::Name("instance", start, end);
                let place = Place::Field { is_static: true };
                let declare = Declare::new(pattern, Some(Node::new(end, end, object)), place);
                class.body.push(Node::new(start, end, Form::Declare(Box::new(declare))));
            }
            class.bases.push(self.node(base));
        }
    }

    /// A method. One that a block defines belongs to the class or file around the block.
    pub(super) fn method(&mut self, node: Syntax<'t>) -> Form<'t> {
        let place = self.scopes.place;
        let of_object = self.kind(node) == Kind::SingletonMethod;
        let mut function = Function::new(self.name(node, self.fields.name));
        function.is_static = place.class.is_some() && (of_object || place.defines_static);
        function.exported = true;
        let outside = self.scopes.enter_method(function.is_static);
        function.parameters =
            self.child(node, self.fields.parameters).map(|list| self.parameters(list)).unwrap_or_default();
        function.body.extend(self.field(node, self.fields.body));
        self.scopes.leave(outside);
        let form = Form::Function(Box::new(function));
        if !place.in_block {
            return form;
        }
        let (start, end) = range(node);
        self.pending.push(Node::new(start, end, form));
        Form::Other(Vec::new())
    }

    pub(super) fn parameters(&mut self, list: Syntax<'t>) -> Vec<Parameter<'t>> {
        let parameters = self.children(list);
        parameters.into_iter().map(|parameter| self.parameter(parameter)).collect()
    }

    fn parameter(&mut self, node: Syntax<'t>) -> Parameter<'t> {
        let default = match self.kind(node) {
            Kind::Optional => self.field(node, self.fields.value),
            _ => None,
        };
        let pattern = self.parameter_pattern(node);
        Parameter { pattern, annotation: None, default, shape: None }
    }

    pub(super) fn parameter_pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let name = match self.kind(node) {
            Kind::Identifier => Some(node),
            Kind::Optional | Kind::RestParameter => self.child(node, self.fields.name),
            Kind::Destructured => {
                let inner = self.children(node);
                let inner = inner.into_iter().map(|inner| {
                    self.deeper(inner, |lower| lower.parameter_pattern(inner)).unwrap_or(Pattern::Ignored)
                });
                return Pattern::Elements(inner.collect());
            }
            _ => None,
        };
        let Some(name) = name else { return Pattern::Ignored };
        let (start, end) = range(name);
        self.scopes.declare_here(self.slice(name));
        Pattern::Name(self.slice(name), start, end)
    }
}
