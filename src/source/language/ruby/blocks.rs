//! Blocks: functions that a call is handed, unless it is known to run them at once.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Node, Pattern, Place};
use super::{Lower, names, range};

impl<'t> Lower<'t> {
    pub(super) fn block_function(&mut self, block: Syntax<'t>) -> Form<'t> {
        let parameters = self.child(block, self.fields.parameters);
        Form::Function(Box::new(self.closure(block, parameters)))
    }

    /// `xs.each { |x| … }` is `for x in xs`; `File.open(path) { |file| … }` is an assignment and what follows it.
    pub(super) fn inlined(
        &mut self,
        node: Syntax<'t>,
        name: &'t str,
        receiver: Option<Syntax<'t>>,
        block: Syntax<'t>,
    ) -> Option<Form<'t>> {
        let iterates = receiver.is_some() && names::ITERATORS.contains(&name);
        let of_running_class = receiver.is_some_and(|class| names::RUNNING_CLASSES.contains(&self.slice(class)));
        let runs = of_running_class || names::RUNNERS.contains(&name);
        if !iterates && !runs || !self.scopes.place.in_function && self.scopes.place.class.is_some() {
            return None;
        }
        let mut found = Vec::new();
        let list = self.child(node, self.fields.arguments);
        let mut subject = match receiver.filter(|_| iterates) {
            Some(receiver) => {
                let arguments = list.map(|list| self.arguments(list)).unwrap_or_default();
                found.extend(arguments.into_iter().map(|(_, argument)| argument));
                self.node(receiver)
            }
            None => {
                let callee = self.callee(node, name, receiver);
                let arguments = list.map(|list| self.arguments(list)).unwrap_or_default();
                let (start, end) = (range(node).0, range(block).0);
                Node::new(start, end, Form::call(callee, arguments))
            }
        };
        let mut patterns = self.block_patterns(block);
        let (start, end) = (subject.start, subject.end);
        if iterates {
            let pattern = if patterns.len() == 1 { patterns.pop() } else { None };
            let pattern = pattern.unwrap_or(Pattern::Elements(patterns));
            found.push(Node::new(start, end, Form::Each(Box::new((pattern, subject)))));
        } else {
            for pattern in patterns.drain(..).take(1) {
                let value = std::mem::replace(&mut subject, Node::new(end, end, Form::Null));
                let declare = Declare::new(pattern, Some(value), Place::Following);
                found.push(Node::new(start, end, Form::Declare(Box::new(declare))));
            }
            found.push(subject);
        }
        found.extend(self.field(block, self.fields.body));
        Some(Form::block(found))
    }

    fn block_patterns(&mut self, block: Syntax<'t>) -> Vec<Pattern<'t>> {
        let Some(list) = self.child(block, self.fields.parameters) else { return Vec::new() };
        let parameters = self.children(list);
        parameters.into_iter().map(|parameter| self.parameter_pattern(parameter)).collect()
    }
}
