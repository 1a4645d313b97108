//! Statements: what declares names, and how far they are visible.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Node, Pattern, Place};
use super::{Kind, Lower, range};

impl<'t> Lower<'t> {
    pub(super) fn statement(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Block | Kind::Scoped => Form::block(self.nodes(node)),
            Kind::Local => Form::Other(self.variables(node, Place::Block)),
            Kind::ForEach => self.for_each(node),
            Kind::Synchronized => self.synchronized(node),
            Kind::Resource | Kind::Parameter => self.resource(node),
            Kind::TypePattern => self.type_pattern(node),
            Kind::InstanceOf => self.instance_of(node),
            _ => Form::Other(self.nodes(node)),
        }
    }

    /// `T a = x, b = y;`, as locals or as fields.
    pub(super) fn variables(&mut self, node: Syntax<'t>, place: Place) -> Vec<Node<'t>> {
        let kind = self.child(node, self.fields.r#type);
        let children = self.children(node);
        let declarators = children.into_iter().filter(|child| child.kind() == "variable_declarator");
        declarators.map(|declarator| self.variable(declarator, kind, place)).collect()
    }

    fn variable(&mut self, node: Syntax<'t>, kind: Option<Syntax<'t>>, place: Place) -> Node<'t> {
        let (start, end) = range(node);
        let pattern = self.child(node, self.fields.name).map_or(Pattern::Ignored, |name| self.pattern(name));
        let value = self.field(node, self.fields.value);
        let declare = self.declare(pattern, kind, value, place);
        Node::new(start, end, Form::Declare(Box::new(declare)))
    }

    /// A variable or field of a type.
    fn declare(
        &mut self,
        pattern: Pattern<'t>,
        kind: Option<Syntax<'t>>,
        value: Option<Node<'t>>,
        place: Place,
    ) -> Declare<'t> {
        let is_field = matches!(place, Place::Field { .. });
        // A local is often another name for what is there already: then its value tells more than its type. A field that is
        // nothing at first is made when it is first needed.
        let told = value.as_ref().is_some_and(|value| !is_field || matches!(value.form, Form::Null));
        let shape = kind.filter(|_| !told).and_then(|kind| self.shape(kind));
        let zero = kind.filter(|_| is_field && value.is_none()).and_then(|kind| self.zero(kind));
        let annotation = kind.and_then(|kind| self.annotation_of(kind));
        Declare { annotation, shape, ..Declare::new(pattern, value.or(zero), place) }
    }

    fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let (start, end) = range(node);
        match self.kind(node) {
            Kind::Identifier => Pattern::Name(self.slice(node), start, end),
            _ => Pattern::Ignored,
        }
    }

    fn for_each(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let source = self.required(node, self.fields.value);
        let pattern = self.child(node, self.fields.name).map_or(Pattern::Ignored, |name| self.pattern(name));
        let mut body = vec![Node::new(start, end, Form::Each(Box::new((pattern, source))))];
        body.extend(self.field(node, self.fields.body));
        Form::block(body)
    }

    /// `synchronized (x) { … }` takes the lock as a call would.
    fn synchronized(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, _) = range(node);
        let mut parts = self.nodes(node).into_iter();
        let Some(object) = parts.next() else { return Form::Other(Vec::new()) };
        let end = object.end;
        let callee = Node::new(start, start + "synchronized".len() as u32, Form::Name("synchronized"));
        let call = Node::new(start, end, Form::call(callee, vec![(None, object)]));
        Form::Other([call].into_iter().chain(parts).collect())
    }

    /// `try (T x = y)`, `catch (T x)`.
    fn resource(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(name) = self.child(node, self.fields.name) else { return Form::Other(self.nodes(node)) };
        let pattern = self.pattern(name);
        let value = self.field(node, self.fields.value);
        let kind = self.child(node, self.fields.r#type);
        Form::Declare(Box::new(self.declare(pattern, kind, value, Place::Block)))
    }

    /// `case Shop shop`.
    fn type_pattern(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        match children[..] {
            [kind, name] => self.named_as(kind, name),
            _ => Form::Other(Vec::new()),
        }
    }

    /// `x instanceof Shop shop`.
    fn instance_of(&mut self, node: Syntax<'t>) -> Form<'t> {
        match (self.child(node, self.fields.right), self.child(node, self.fields.name)) {
            (Some(kind), Some(name)) => {
                let (start, end) = range(name);
                let object = self.required(node, self.fields.left);
                let declared = self.named_as(kind, name);
                Form::Other(vec![object, Node::new(start, end, declared)])
            }
            _ => Form::Other(self.nodes(node)),
        }
    }

    fn named_as(&mut self, kind: Syntax<'t>, name: Syntax<'t>) -> Form<'t> {
        let annotation = self.type_name(kind);
        let pattern = self.pattern(name);
        // Where it ends is where the name is known from on, whatever a branch before it called so.
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, None, Place::Following) }))
    }
}
