//! Calls: with and without parentheses, of what the language itself gives a meaning.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{BLOCK, Declare, Form, Node, Pattern, Place, SPREAD};
use super::{Kind, Lower, modules, names, range};

/// The keyword of what a heredoc computes: its text stands apart from the argument.
const HEREDOC: &str = "<<";

type Arguments<'t> = Vec<(Option<&'t str>, Node<'t>)>;

impl<'t> Lower<'t> {
    pub(super) fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.method);
        let receiver = self.child(node, self.fields.receiver);
        let block = self.child(node, self.fields.block);
        if let Some(special) = self.special(node, name, receiver) {
            return special;
        }
        if let Some(block) = block
            && let Some(inlined) = self.inlined(node, name, receiver, block)
        {
            return inlined;
        }
        let callee = self.callee(node, name, receiver);
        let list = self.child(node, self.fields.arguments);
        // `shop.items` may be a field; what it turns out to be is found out later.
        let is_member = matches!(callee.form, Form::Member(_, last) if last == name);
        if list.is_none() && block.is_none() && receiver.is_some() && is_member {
            return callee.form;
        }
        let mut arguments = list.map(|list| self.arguments(list)).unwrap_or_default();
        if let Some(block) = block {
            let outer = self.scopes.place;
            self.scopes.place.defines_static |= name == names::STATIC_METHODS;
            arguments.push((Some(BLOCK), self.node(block)));
            self.scopes.place = outer;
        }
        Form::call(callee, arguments)
    }

    /// What is called: `Shop.new` makes what `Shop()` makes elsewhere.
    pub(super) fn callee(&mut self, node: Syntax<'t>, name: &'t str, receiver: Option<Syntax<'t>>) -> Node<'t> {
        let (start, _) = range(node);
        let end = self.child(node, self.fields.method).map_or(start, |method| range(method).1);
        let Some(receiver) = receiver else {
            let own_class = self.scopes.place.class.filter(|_| name == "new" && self.scopes.place.of_class);
            let form = own_class.map_or_else(|| self.own_method(node, name), Form::Name);
            return Node::new(start, end, form);
        };
        let object = self.node(receiver);
        let makes = name == "new" && matches!(self.kind(receiver), Kind::Constant | Kind::Scope);
        // `shop.(x)` calls the object itself.
        if makes || name.is_empty() {
            return object;
        }
        Node::new(start, end, Form::Member(Box::new(object), name))
    }

    /// Calls that the language itself gives a meaning to.
    fn special(&mut self, node: Syntax<'t>, name: &'t str, receiver: Option<Syntax<'t>>) -> Option<Form<'t>> {
        let list = self.child(node, self.fields.arguments);
        let first = list.and_then(|list| list.named_child(0));
        let block = self.child(node, self.fields.block);
        match (receiver, name) {
            (None, "require" | "require_relative") => {
                let module = first.filter(|first| self.kind(*first) == Kind::String)?;
                Some(modules::import(name, self.slice(module.named_child(0)?)))
            }
            (None, "lambda" | "proc") => block.map(|block| self.block_function(block)),
            (Some(proc), "new") if self.slice(proc) == "Proc" => block.map(|block| self.block_function(block)),
            // `method(:add)`: the method itself.
            (None, "method") => {
                let first = first.filter(|first| self.kind(*first) == Kind::Symbol)?;
                Some(self.own_method(node, self.slice(first).trim_start_matches(':')))
            }
            (None, macros) if names::VARIABLE_MACROS.contains(&macros) => self.declaring_macro(node, macros, list?),
            (None, "attr_accessor") if self.scopes.place.defines_static => self.declaring_macro(node, name, list?),
            // What `set` declared outside of a class.
            (Some(settings), _) if self.is_settings(settings) && list.is_none() => Some(Form::Name(name)),
            (Some(this), "class") if self.kind(this) == Kind::This => self.scopes.place.class.map(Form::Name),
            (Some(_), "fetch") => self.fetch(node, receiver?, list?, block?),
            _ => None,
        }
    }

    fn is_settings(&self, node: Syntax<'t>) -> bool {
        let is_name = self.kind(node) == Kind::Identifier && self.slice(node) == names::SETTINGS;
        is_name && self.scopes.place.class.is_none() && !self.scopes.is_local(names::SETTINGS)
    }

    /// `ENV.fetch("X") { fallback }`.
    fn fetch(
        &mut self,
        node: Syntax<'t>,
        receiver: Syntax<'t>,
        list: Syntax<'t>,
        block: Syntax<'t>,
    ) -> Option<Form<'t>> {
        let callee = self.callee(node, "fetch", Some(receiver));
        let arguments = self.arguments(list);
        let (start, end) = range(node);
        let body = self.child(block, self.fields.body).map(|body| self.node(body));
        let fallback = body.unwrap_or_else(|| Node::new(end, end, Form::Null));
        let call = Node::new(start, fallback.start, Form::call(callee, arguments));
        Some(Form::Either(Box::new([call, fallback])))
    }

    /// `mattr_accessor :carts, default: {}`, `set :carts, {}`: variables of the class, by what its body says. The call itself
    /// stays: rules may know the macro.
    fn declaring_macro(&mut self, node: Syntax<'t>, name: &'t str, list: Syntax<'t>) -> Option<Form<'t>> {
        let place = self.scopes.place;
        if place.in_function && !place.in_block {
            return None;
        }
        let declared = match place.class {
            Some(_) => Place::Field { is_static: true },
            None => Place::Module,
        };
        let (symbols, others): (Vec<_>, Vec<_>) =
            self.children(list).into_iter().partition(|argument| self.kind(*argument) == Kind::Symbol);
        let value = others.into_iter().next();
        let mut found = Vec::new();
        for symbol in symbols.into_iter().take(if name == names::SET { 1 } else { usize::MAX }) {
            let (start, end) = range(symbol);
            let pattern = Pattern::Name(self.slice(symbol).trim_start_matches(':'), start + 1, end);
            let value = value.map(|value| match self.kind(value) {
                Kind::Pair => self.pair_value(value),
                _ => self.node(value),
            });
            let declare = Declare::new(pattern, value, declared);
            found.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        let callee = self.callee(node, name, None);
        let (start, end) = range(node);
        let arguments = self.arguments(list);
        found.push(Node::new(start, end, Form::call(callee, arguments)));
        Some(Form::Other(found))
    }

    pub(super) fn arguments(&mut self, list: Syntax<'t>) -> Arguments<'t> {
        let mut arguments = Vec::new();
        for child in self.children(list) {
            match self.kind(child) {
                Kind::Pair => {
                    let key = self.key(child);
                    arguments.push((key, self.pair_value(child)));
                }
                Kind::Splat => arguments.push((Some(SPREAD), self.node(child))),
                Kind::BlockArgument => arguments.push((Some(BLOCK), self.node(child))),
                Kind::HeredocBody => arguments.push((Some(HEREDOC), self.node(child))),
                _ => arguments.push((None, self.node(child))),
            }
        }
        arguments
    }

    /// `a[b]`.
    pub(super) fn element(&mut self, node: Syntax<'t>) -> Form<'t> {
        let object = self.child(node, self.fields.object);
        let keys: Vec<_> = self.children(node).into_iter().filter(|child| Some(*child) != object).collect();
        let mut keys: Vec<_> = keys.into_iter().map(|key| self.node(key)).collect();
        let object = self.required(node, self.fields.object);
        let (_, end) = range(node);
        let key = match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => key,
            (last, _) => Node::new(object.end, end, Form::Other(keys.into_iter().chain(last).collect())),
        };
        Form::Index(Box::new(object), Box::new(key))
    }
}
