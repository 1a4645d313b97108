//! Statements. No block has variables of its own.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn statement(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Use => self.imports(node),
            Kind::Include => self.include(node),
            Kind::Const => Form::Other(self.constants(node)),
            Kind::Global => self.globals(node),
            Kind::StaticVariables => self.statics(node),
            Kind::Unset => self.unset(node),
            Kind::Foreach => self.each(node),
            Kind::Catch => self.catch(node),
            Kind::Return if self.frames.is_empty() => self.given_by_the_file(node),
            Kind::NamespaceName | Kind::TraitUse => Form::Other(Vec::new()),
            _ => Form::Other(self.nodes(node)),
        }
    }

    /// A file that returns an array configures something.
    fn given_by_the_file(&mut self, node: Syntax<'t>) -> Form<'t> {
        match node.named_child(0).filter(|value| self.is_keyed(*value)) {
            Some(array) => {
                let mut found = Vec::new();
                self.settings(array, "", &mut found);
                Form::Settings(found)
            }
            None => Form::Other(self.nodes(node)),
        }
    }

    /// `foreach ($xs as $k => $v)`; the body follows.
    fn each(&mut self, node: Syntax<'t>) -> Form<'t> {
        let parts = self.children(node);
        let [source, target, body @ ..] = &parts[..] else { return Form::Other(self.nodes(node)) };
        let (start, end) = (range(*source).0, range(*target).1);
        let iterable = self.node(*source);
        let targets = if self.kind(*target) == Kind::Pair { self.children(*target) } else { vec![*target] };
        let patterns = targets.into_iter().map(|target| self.pattern(target)).collect();
        let each = Form::Each(Box::new((Pattern::Elements(patterns), iterable)));
        let mut found = vec![Node::new(start, end, each)];
        found.extend(body.iter().map(|statement| self.node(*statement)));
        Form::Other(found)
    }

    fn catch(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut found = Vec::new();
        if let Some(name) = self.child(node, self.fields.name) {
            let (start, end) = range(name);
            let pattern = self.pattern(name);
            let annotation = self.child(node, self.fields.r#type).and_then(|kind| self.type_name(kind));
            let declare = Declare { annotation, ..Declare::new(pattern, None, Place::Function) };
            found.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        found.extend(self.field(node, self.fields.body));
        Form::Other(found)
    }

    /// Each arm but the last may be the value.
    pub(super) fn matched(&mut self, node: Syntax<'t>) -> Form<'t> {
        let condition = self.required(node, self.fields.condition);
        let Some(block) = self.child(node, self.fields.body) else { return Form::Other(vec![condition]) };
        let arms = self.children(block).into_iter().filter(|arm| self.kind(*arm) == Kind::Arm);
        let arms: Vec<_> = arms.filter_map(|arm| self.child(arm, self.fields.return_expression)).collect();
        let mut values: Vec<_> = arms.into_iter().map(|value| self.node(value)).collect();
        let Some(mut value) = values.pop() else { return Form::Other(vec![condition]) };
        while let Some(other) = values.pop() {
            let (start, end) = (other.start, value.end);
            let nothing = Node::new(start, start, Form::Other(Vec::new()));
            value = Node::new(start, end, Form::Choice(Box::new([nothing, other, value])));
        }
        Form::Choice(match value.form {
            Form::Choice(mut parts) => {
                parts[0] = condition;
                parts
            }
            form => {
                let (start, end) = (value.start, value.end);
                let nothing = Node::new(start, start, Form::Null);
                Box::new([condition, Node::new(start, end, form), nothing])
            }
        })
    }
}
