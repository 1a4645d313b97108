//! Statements: what declares names, and how far they are visible.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Assign, Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn statement(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Block => Form::block(self.statements(node)),
            Kind::If | Kind::Switch | Kind::Case => Form::block(self.nodes(node)),
            Kind::For => self.for_loop(node),
            Kind::TypeSwitch => self.type_switch(node),
            Kind::Receive => self.receive(node),
            Kind::ShortVar => self.short_var(node),
            _ => Form::Other(self.nodes(node)),
        }
    }

    /// The statements of a block. An environment variable with a fallback is written as two of them:
    /// `port := os.Getenv("PORT"); if port == "" { port = "8080" }`.
    pub(super) fn statements(&mut self, block: Syntax<'t>) -> Vec<Node<'t>> {
        let mut found: Vec<Node<'t>> = Vec::new();
        for child in self.children(block) {
            match self.kind(child) {
                // The grammar has one list in each block.
                Kind::Unlisted if child.kind() == "statement_list" => found.extend(self.statements(child)),
                Kind::If => {
                    let before = found.last_mut();
                    if !before.is_some_and(|before| self.fallback(before, child)) {
                        found.push(self.node(child));
                    }
                }
                _ => found.push(self.node(child)),
            }
        }
        found
    }

    /// `if x == "" { x = fallback }` after the declaration of `x` belongs to its value.
    fn fallback(&mut self, before: &mut Node<'t>, node: Syntax<'t>) -> bool {
        let Form::Declare(declare) = &mut before.form else { return false };
        let (Pattern::Name(name, ..), Some(value)) = (&declare.pattern, &declare.value) else { return false };
        let Some(otherwise) = self.otherwise(name, node).filter(|_| matches!(value.form, Form::Call(_))) else {
            return false;
        };
        let fallback = self.node(otherwise);
        if let Some(first) = declare.value.take() {
            let (start, end) = (first.start, first.end);
            declare.value = Some(Node::new(start, end, Form::Either(Box::new([first, fallback]))));
        }
        true
    }

    fn otherwise(&mut self, name: &str, node: Syntax<'t>) -> Option<Syntax<'t>> {
        let condition = self.child(node, self.fields.condition)?;
        let (left, right) = (self.child(condition, self.fields.left)?, self.child(condition, self.fields.right)?);
        let operator = self.child(condition, self.fields.operator)?;
        let empty = matches!(self.slice(right), "\"\"" | "``");
        if self.slice(left) != name || !empty || self.slice(operator) != "==" {
            return None;
        }
        if self.child(node, self.fields.alternative).or(self.child(node, self.fields.initializer)).is_some() {
            return None;
        }
        let block = self.child(node, self.fields.consequence)?;
        let list = block.named_child(0).filter(|list| list.kind() == "statement_list")?;
        let [only] = self.children(list)[..] else { return None };
        if self.kind(only) != Kind::Assignment {
            return None;
        }
        let (targets, values) = (self.expressions(only, self.fields.left), self.expressions(only, self.fields.right));
        match (&targets[..], &values[..]) {
            ([target], [value]) if self.slice(*target) == name => Some(*value),
            _ => None,
        }
    }

    fn for_loop(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut body = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Range => body.push(self.each(child)),
                Kind::Block => {
                    let statements = self.statements(child);
                    body.extend(statements);
                }
                _ => body.push(self.node(child)),
            }
        }
        Form::block(body)
    }

    /// `for k, v := range xs`.
    fn each(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let source = self.required(node, self.fields.right);
        let declares = self.slice(node).split("range").next().is_some_and(|head| head.contains(":="));
        let names = self.expressions(node, self.fields.left);
        let mut patterns = Vec::new();
        for name in names {
            let (start, end) = range(name);
            patterns.push(match self.kind(name) {
                Kind::Identifier if declares => Pattern::Name(self.slice(name), start, end),
                Kind::Identifier if self.slice(name) == "_" => Pattern::Ignored,
                _ => Pattern::Target(Box::new(self.node(name))),
            });
        }
        let pattern = Pattern::Elements(patterns);
        Node::new(start, end, Form::Each(Box::new((pattern, source))))
    }

    /// `switch x := v.(type)`: in each case `x` has another type.
    fn type_switch(&mut self, node: Syntax<'t>) -> Form<'t> {
        let alias = self.child(node, self.fields.alias);
        let mut body = Vec::new();
        for child in self.children(node) {
            if Some(child) != alias {
                body.push(self.node(child));
                continue;
            }
            for name in self.expressions(node, self.fields.alias) {
                let (start, end) = range(name);
                let pattern = Pattern::Name(self.slice(name), start, end);
                let declare = Declare::new(pattern, None, Place::Following);
                body.push(Node::new(start, end, Form::Declare(Box::new(declare))));
            }
        }
        Form::block(body)
    }

    /// `case m, ok := <-channel`.
    fn receive(&mut self, node: Syntax<'t>) -> Form<'t> {
        let value = self.required(node, self.fields.right);
        let mut found = vec![value];
        let head = self.slice(node).split("<-").next().unwrap_or_default();
        for name in self.expressions(node, self.fields.left) {
            let (start, end) = range(name);
            let form = match head.contains(":=") {
                true => {
                    let pattern = Pattern::Name(self.slice(name), start, end);
                    Form::Declare(Box::new(Declare::new(pattern, None, Place::Following)))
                }
                false => Form::Assign(Box::new(Assign { target: self.node(name), value: None, update: false })),
            };
            found.push(Node::new(start, end, form));
        }
        Form::Other(found)
    }
}
