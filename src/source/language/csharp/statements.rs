//! Statements: what declares names, and how far they are visible.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, names, range};

impl<'t> Lower<'t> {
    pub(super) fn statement(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Block | Kind::Scoped => Form::block(self.nodes(node)),
            Kind::ForEach => self.for_each(node),
            Kind::Lock => self.lock(node),
            Kind::From => self.from(node),
            Kind::NamedPattern => self.named_pattern(node),
            Kind::Variables => Form::Other(self.variables(node, Place::Block, false)),
            _ => Form::Other(self.nodes(node)),
        }
    }

    /// `T a = x, b = y`, as locals or as fields.
    pub(super) fn variables(&mut self, node: Syntax<'t>, place: Place, constant: bool) -> Vec<Node<'t>> {
        let kind = self.child(node, self.fields.r#type);
        let declarators: Vec<_> =
            self.children(node).into_iter().filter(|child| self.kind(*child) == Kind::Declarator).collect();
        declarators.into_iter().map(|declarator| self.variable(declarator, kind, place, constant)).collect()
    }

    fn variable(&mut self, node: Syntax<'t>, kind: Option<Syntax<'t>>, place: Place, constant: bool) -> Node<'t> {
        let (start, end) = range(node);
        let parts = self.children(node);
        let (first, given) = (parts.first().copied(), parts.get(1..).and_then(|rest| rest.last()).copied());
        let value = given.map(|value| self.value_of(value, kind));
        let kind = given.and_then(|value| self.service(value)).or(kind);
        let pattern = match first {
            Some(name) => self.pattern(name),
            None => Pattern::Ignored,
        };
        let declare = self.declare(pattern, kind, value, place);
        Node::new(start, end, Form::Declare(Box::new(Declare { constant, ..declare })))
    }

    /// The type of `services.GetRequiredService<Shop>()`.
    fn service(&mut self, value: Syntax<'t>) -> Option<Syntax<'t>> {
        let function = self.child(value, self.fields.function)?;
        let name = self.child(function, self.fields.name).unwrap_or(function);
        let asked = names::SERVICES.contains(&self.bare(name));
        self.type_arguments(name).first().copied().filter(|_| asked)
    }

    /// A variable or field of a type.
    pub(super) fn declare(
        &mut self,
        pattern: Pattern<'t>,
        kind: Option<Syntax<'t>>,
        value: Option<Node<'t>>,
        place: Place,
    ) -> Declare<'t> {
        let is_field = matches!(place, Place::Field { .. });
        let shape = kind.and_then(|kind| self.shape(kind));
        // A local is often another name for what is there already: then its value tells more than its type.
        let shape = shape.filter(|_| is_field || value.is_none());
        // An array that has no room is one that another takes the place of: nothing is put into it.
        let is_array = kind.is_some_and(|kind| self.kind(kind) == Kind::Array);
        let value = value.filter(|value| !is_array || !matches!(&value.form, Form::List(items) if items.is_empty()));
        let shape = shape.filter(|_| !is_array || value.is_some());
        let zero = kind.filter(|_| is_field && value.is_none()).and_then(|kind| self.zero(kind));
        let annotation = kind.and_then(|kind| self.type_name(kind));
        Declare { annotation, shape, ..Declare::new(pattern, value.or(zero), place) }
    }

    /// `x`, `(x, y)`.
    fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let (start, end) = range(node);
        match self.kind(node) {
            Kind::Identifier => Pattern::Name(self.slice(node), start, end),
            Kind::TuplePattern => {
                let names = self.children(node);
                Pattern::Elements(names.into_iter().map(|name| self.pattern(name)).collect())
            }
            _ => Pattern::Ignored,
        }
    }

    fn for_each(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let source = self.required(node, self.fields.right);
        let pattern = match self.child(node, self.fields.left) {
            Some(left) => self.pattern(left),
            None => Pattern::Ignored,
        };
        let mut body = vec![Node::new(start, end, Form::Each(Box::new((pattern, source))))];
        body.extend(self.field(node, self.fields.body));
        Form::block(body)
    }

    /// `lock (x) { … }` takes the lock as a call would.
    fn lock(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, _) = range(node);
        let mut parts = self.nodes(node).into_iter();
        let Some(object) = parts.next() else { return Form::Other(Vec::new()) };
        let end = object.end;
        let callee = Node::new(start, start + "lock".len() as u32, Form::Name("lock"));
        let call = Node::new(start, end, Form::call(callee, vec![(None, object)]));
        Form::Other([call].into_iter().chain(parts).collect())
    }

    /// `from x in xs`.
    fn from(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.child(node, self.fields.name);
        let pattern = name.map_or(Pattern::Ignored, |name| self.pattern(name));
        match self.nodes(node).pop() {
            Some(source) => Form::Each(Box::new((pattern, source))),
            None => Form::Other(Vec::new()),
        }
    }

    /// `x is Shop shop`, `case Shop shop`, `catch (Problem problem)`.
    fn named_pattern(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(name) = self.child(node, self.fields.name) else { return Form::Other(self.nodes(node)) };
        let annotation = self.child(node, self.fields.r#type).and_then(|kind| self.type_name(kind));
        let pattern = self.pattern(name);
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, None, Place::Block) }))
    }
}
