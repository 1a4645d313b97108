//! Calls and functions as values.

use tree_sitter::Node as Syntax;

use super::super::jvm;
use super::super::lowering::Lowering;
use super::super::tree::{Form, Function, Node, Parameter, Pattern, SPREAD};
use super::{Kind, Lower, range};

pub(super) type Arguments<'t> = Vec<(Option<&'t str>, Node<'t>)>;

impl<'t> Lower<'t> {
    /// `f(a) { … }`: the grammar calls what `f(a)` gives.
    pub(super) fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some((callee, mut arguments)) = self.parts(node) else { return Form::Other(self.nodes(node)) };
        let inner = (self.kind(callee) == Kind::Call && self.child_of(node, Kind::TrailingLambda).is_some())
            .then(|| self.parts(callee))
            .flatten();
        let callee = match inner {
            Some((callee, mut first)) => {
                first.append(&mut arguments);
                arguments = first;
                callee
            }
            None => callee,
        };
        let callee = self.node(callee);
        Form::call(callee, arguments)
    }

    /// What is called, and with what.
    fn parts(&mut self, node: Syntax<'t>) -> Option<(Syntax<'t>, Arguments<'t>)> {
        let children = self.children(node);
        let (callee, rest) = children.split_first()?;
        let mut arguments = Vec::new();
        for child in rest {
            match self.kind(*child) {
                Kind::Arguments => arguments.extend(self.arguments(*child)),
                Kind::TrailingLambda | Kind::Lambda => arguments.push((None, self.node(*child))),
                _ => {}
            }
        }
        Some((*callee, arguments))
    }

    pub(super) fn arguments(&mut self, node: Syntax<'t>) -> Arguments<'t> {
        let arguments = self.children(node);
        arguments.into_iter().filter_map(|argument| self.argument(argument)).collect()
    }

    /// `a`, `port = 8080`, `*args`.
    fn argument(&mut self, node: Syntax<'t>) -> Option<(Option<&'t str>, Node<'t>)> {
        let children = self.children(node);
        let is_named = node.child(1).is_some_and(|sign| sign.kind() == "=");
        match children[..] {
            [keyword, value] if is_named => Some((Some(self.slice(keyword)), self.node(value))),
            [value] => {
                let spread = self.kind(value) == Kind::Spread || self.slice(node).starts_with('*');
                Some((spread.then_some(SPREAD), self.node(value)))
            }
            _ => None,
        }
    }

    pub(super) fn trailing_lambda(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.child_of(node, Kind::Lambda) {
            Some(lambda) => self.lambda(lambda),
            None => Form::Other(self.nodes(node)),
        }
    }

    /// `{ a, b -> … }`; without parameters it may have one, `it`.
    pub(super) fn lambda(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut function = Function::new("");
        let (start, _) = range(node);
        for child in self.children(node) {
            match self.kind(child) {
                Kind::LambdaParameters => {
                    let parameters = self.children(child);
                    function
                        .parameters
                        .extend(parameters.into_iter().map(|parameter| self.lambda_parameter(parameter)));
                }
                _ => function.body.push(self.node(child)),
            }
        }
        if function.parameters.is_empty() {
            let pattern = Pattern::Name("it", start, start + 1);
            function.parameters.push(Parameter { pattern, annotation: None, default: None, shape: None });
        }
        Form::Function(Box::new(function))
    }

    fn lambda_parameter(&mut self, node: Syntax<'t>) -> Parameter<'t> {
        let annotation = self.variable_type(node).and_then(|kind| self.type_name(kind));
        Parameter { pattern: self.pattern(node), annotation, default: None, shape: None }
    }

    /// `::add`, `Shop::add`.
    pub(super) fn reference(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        match children[..] {
            [method] => Form::Name(self.slice(method)),
            [object, method] => match self.type_name(object) {
                Some(object) => Form::Member(Box::new(object), self.slice(method)),
                None => Form::Name(self.slice(method)),
            },
            _ => Form::Other(Vec::new()),
        }
    }

    /// `Base(a)` among what a class extends, `Scheduled(fixedRate = 5)` as an annotation.
    pub(super) fn construction(&mut self, node: Syntax<'t>) -> Option<(Node<'t>, Arguments<'t>)> {
        let kind = self.child_of(node, Kind::UserType)?;
        let arguments = self.child_of(node, Kind::Arguments).map(|list| self.arguments(list)).unwrap_or_default();
        Some((self.type_name(kind)?, arguments))
    }

    /// The value of `lazy { x }` is `x`.
    pub(super) fn lazy(&mut self, node: Syntax<'t>) -> Node<'t> {
        let mut value = self.node(node);
        if let Form::Call(call) = &mut value.form
            && matches!(call.callee.form, Form::Name("lazy"))
            && let Some((_, Node { form: Form::Function(function), .. })) = call.arguments.last_mut()
            && function.body.len() == 1
            && let Some(made) = function.body.pop()
        {
            return made;
        }
        value
    }

    /// What is given to whatever a block returns or throws is no value of its own.
    pub(super) fn is_jump(&mut self, node: Syntax<'t>) -> bool {
        let kind = self.kind(node);
        kind == Kind::Jump || kind == Kind::Call && jvm::FAILURES.iter().any(|name| self.slice(node).starts_with(name))
    }
}
