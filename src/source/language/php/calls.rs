//! Calls, members, objects.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Declare, Form, Node, Pattern, Place, SPREAD};
use super::{Kind, Lower, names, range};

type Arguments<'t> = Vec<(Option<&'t str>, Node<'t>)>;

impl<'t> Lower<'t> {
    pub(super) fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let arguments = self.child(node, self.fields.arguments);
        if let Some(declared) = arguments.and_then(|list| self.declared(node, list)) {
            return declared;
        }
        let callee = self.required(node, self.fields.function);
        self.called(callee, arguments)
    }

    /// `f(…)` is the function itself.
    fn called(&mut self, callee: Node<'t>, list: Option<Syntax<'t>>) -> Form<'t> {
        let given = list.map(|list| self.children(list)).unwrap_or_default();
        if given.iter().any(|one| self.kind(*one) == Kind::Placeholder) {
            return Form::Through(Box::new(callee));
        }
        let arguments = given.into_iter().map(|one| self.argument(one)).collect();
        Form::call(callee, arguments)
    }

    /// `define('NAME', value)` at any place declares a constant of the whole program, `ini_set('name', value)` what php.ini says.
    fn declared(&mut self, node: Syntax<'t>, list: Syntax<'t>) -> Option<Form<'t>> {
        let function = self.name(node, self.fields.function);
        if !matches!(function, "define" | "ini_set") {
            return None;
        }
        let [name, value, ..] = self.children(list)[..] else { return None };
        let name = name.named_child(0)?;
        let (start, end) = range(name);
        let text = self.plain_text(name)?;
        let value = self.argument(value).1;
        if function == "ini_set" {
            return Some(Form::Settings(vec![(Cow::Borrowed(text), value)]));
        }
        let declare = Declare::new(Pattern::Name(text, start, end), Some(value), Place::Module);
        Some(Form::Declare(Box::new(Declare { constant: true, ..declare })))
    }

    fn argument(&mut self, node: Syntax<'t>) -> (Option<&'t str>, Node<'t>) {
        let keyword = self.child(node, self.fields.name).map(|name| self.slice(name));
        let Some(value) = node.named_child((node.named_child_count() as u32).saturating_sub(1)) else {
            return (keyword, self.node(node));
        };
        match self.kind(value) {
            Kind::Spread => {
                let (start, end) = range(value);
                let form = self.through(value);
                (Some(SPREAD), Node::new(start, end, form))
            }
            _ => (keyword, self.node(value)),
        }
    }

    pub(super) fn arguments(&mut self, list: Option<Syntax<'t>>) -> Arguments<'t> {
        let given = list.map(|list| self.children(list)).unwrap_or_default();
        given.into_iter().map(|one| self.argument(one)).collect()
    }

    /// `$cart->add($x)`, `Cache::lock($x)`, `parent::boot()`.
    pub(super) fn method_call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let owner = match self.child(node, self.fields.scope) {
            Some(scope) => self.node(scope),
            None => self.required(node, self.fields.object),
        };
        let callee = self.part_of(node, owner);
        let list = self.child(node, self.fields.arguments);
        self.called(callee, list)
    }

    /// The member that the node names, by a word or by a value.
    fn part_of(&mut self, node: Syntax<'t>, owner: Node<'t>) -> Node<'t> {
        let (start, end) = (owner.start, self.child(node, self.fields.name).map_or(owner.end, |name| range(name).1));
        let form = match self.child(node, self.fields.name) {
            Some(name) if self.kind(name) == Kind::Name => Form::Member(Box::new(owner), self.slice(name)),
            Some(name) => Form::Index(Box::new(owner), Box::new(self.node(name))),
            None => Form::Other(vec![owner]),
        };
        Node::new(start, end, form)
    }

    pub(super) fn member(&mut self, node: Syntax<'t>) -> Form<'t> {
        let owner = self.required(node, self.fields.object);
        self.part_of(node, owner).form
    }

    /// `self::$items`, `Cart::$items`.
    pub(super) fn static_member(&mut self, node: Syntax<'t>) -> Form<'t> {
        let owner = self.boxed(node, self.fields.scope);
        match self.child(node, self.fields.name) {
            Some(name) if self.kind(name) == Kind::Variable => {
                Form::Member(owner, self.slice(name).trim_start_matches('$'))
            }
            Some(name) => Form::Index(owner, Box::new(self.node(name))),
            None => Form::Other(vec![*owner]),
        }
    }

    /// `Cart::LIMIT`; `Cart::class` is the class itself.
    pub(super) fn class_constant(&mut self, node: Syntax<'t>) -> Form<'t> {
        let parts = self.children(node);
        let [owner, name] = parts[..] else { return Form::Other(self.nodes(node)) };
        let owner = Box::new(self.node(owner));
        match self.slice(name) {
            "class" => Form::Through(owner),
            name => Form::Member(owner, name),
        }
    }

    pub(super) fn subscript(&mut self, node: Syntax<'t>) -> Form<'t> {
        let parts = self.children(node);
        let Some(object) = parts.first() else { return Form::Other(Vec::new()) };
        let owner = Box::new(self.node(*object));
        let Some(key) = parts.get(1) else {
            // `$xs[] = x`
            let (_, end) = range(node);
            return Form::Index(owner, Box::new(Node::new(end, end, Form::Other(Vec::new()))));
        };
        // What the server, the environment and an upload say go by their own names.
        match (names::NAMED_MEMBERS.contains(&self.slice(*object)), self.plain_text(*key)) {
            (true, Some(key)) if !key.is_empty() => Form::Member(owner, key),
            _ => Form::Index(owner, Box::new(self.node(*key))),
        }
    }

    pub(super) fn new_object(&mut self, node: Syntax<'t>) -> Form<'t> {
        let parts = self.children(node);
        let Some(class) = parts.first() else { return Form::Other(Vec::new()) };
        let list = match self.kind(*class) {
            Kind::AnonymousClass => self.children(*class).into_iter().find(|one| self.kind(*one) == Kind::Arguments),
            _ => parts.get(1).copied(),
        };
        let callee = self.node(*class);
        let arguments = self.arguments(list);
        Form::call(callee, arguments)
    }
}
