//! Names to symbols, chains to the state at their root, expressions to values.

mod state;
mod value;

use std::cell::{Cell, RefCell};

use super::dialect::Dialect;
use super::scope::{Binding, BindingId, Bindings, Role, Step, join};
use super::tree::{BLOCK, Call, ClassId, Form, Node, SPREAD, ScopeId};
use crate::model::Name;
use crate::model::fact::{AccessKind, Shape};

/// A longer symbol names a chain that no rule speaks of.
const SYMBOL_LENGTH: usize = 200;
/// A variable that is defined by a variable that is defined by … is followed this far.
const BINDING_DEPTH: u32 = 24;
/// Aliases of aliases are followed this far.
const ALIAS_DEPTH: u32 = 8;

/// What stands at the beginning of a symbol.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Root {
    /// Imported, or a global of the language.
    Known,
    /// A function or class of this file.
    Declared,
    /// A parameter, or a variable whose value is not known.
    Local,
}

/// The state that an expression is, or is a part of.
pub(super) struct Found {
    pub target: Target,
    /// A part of the state and not all of it.
    pub part: bool,
    /// Reached through a local variable.
    pub alias: bool,
}

pub(super) enum Target {
    Binding(BindingId),
    /// State of another file.
    Imported(Name),
}

#[derive(Clone)]
enum Memo {
    Open,
    Busy,
    Known(Name, Root),
}

pub(super) struct Program<'a, 't> {
    pub bindings: Bindings<'a, 't>,
    pub dialect: &'static Dialect,
    symbols: RefCell<Vec<Memo>>,
    shapes: RefCell<Vec<Option<Option<Shape>>>>,
    /// How many bindings are being resolved through one another right now.
    depth: Cell<u32>,
}

impl<'a, 't> Program<'a, 't> {
    pub fn new(bindings: Bindings<'a, 't>, dialect: &'static Dialect) -> Self {
        let count = bindings.all.len();
        let (symbols, shapes) = (RefCell::new(vec![Memo::Open; count]), RefCell::new(vec![None; count]));
        Program { bindings, dialect, symbols, shapes, depth: Cell::new(0) }
    }

    pub fn binding(&self, id: BindingId) -> &Binding<'a, 't> {
        &self.bindings.all[id as usize]
    }

    // Symbols

    /// The symbol of an expression, as `model::fact` defines it; `None` where it has no name.
    pub fn symbol(&self, node: &Node<'t>, scope: ScopeId) -> Option<(Name, Root)> {
        let mut out = String::new();
        let root = self.write_symbol(node, scope, &mut out)?;
        Some((Name::new(&out), root))
    }

    /// The symbol of a callee; an unknown receiver is written `_`.
    pub fn callee(&self, node: &Node<'t>, scope: ScopeId) -> Option<(Name, Root)> {
        if let Some(known) = self.symbol(node, scope) {
            return Some(known);
        }
        match &node.peeled().form {
            Form::Member(_, name) => Some((join("_", name), Root::Local)),
            _ => None,
        }
    }

    fn write_symbol(&self, node: &Node<'t>, scope: ScopeId, out: &mut String) -> Option<Root> {
        if out.len() > SYMBOL_LENGTH {
            return None;
        }
        match &node.form {
            Form::Name(name) => match self.bindings.lookup(name, scope, node.start) {
                Some(id) => {
                    let (symbol, root) = self.binding_symbol(id);
                    out.push_str(&symbol);
                    Some(root)
                }
                None if self.bindings.method(name, scope).is_some() => {
                    out.push_str(&self.bindings.method(name, scope)?);
                    Some(Root::Declared)
                }
                None if self.dialect.is_shared(name) => {
                    out.push('~');
                    out.push_str(name);
                    Some(Root::Declared)
                }
                None => {
                    out.push_str(name);
                    Some(Root::Known)
                }
            },
            Form::This => match self.bindings.scopes[scope as usize].class {
                Some(class) => {
                    out.push_str(&self.bindings.classes[class as usize].symbol);
                    out.push_str("()");
                    Some(Root::Declared)
                }
                None => {
                    out.push_str("~this");
                    Some(Root::Local)
                }
            },
            Form::Member(object, name) => {
                if let Some((class, of_object)) = self.class_of(object, scope) {
                    if let Some(field) = self.bindings.field(class, name, of_object) {
                        let (symbol, root) = self.binding_symbol(field);
                        out.push_str(&symbol);
                        return Some(root);
                    }
                    // However the object was made, its methods go by the name of the class.
                    out.push_str(&self.bindings.classes[class as usize].symbol);
                    out.push_str(if of_object { "()" } else { "" });
                    self.push_member(out, name);
                    return Some(Root::Declared);
                }
                let root = self.write_symbol(object, scope, out)?;
                self.push_member(out, name);
                Some(root)
            }
            Form::Index(object, key) => {
                let root = self.write_symbol(object, scope, out)?;
                let key = key.text().filter(|key| !key.is_empty() && key.len() < 64);
                self.push_member(out, key.unwrap_or("_"));
                Some(root)
            }
            Form::Call(call) => self.write_call_symbol(call, scope, out),
            Form::Through(inner) => self.write_symbol(inner, scope, out),
            Form::Declare(_) | Form::Assign(_) if !std::ptr::eq(node.peeled(), node) => {
                self.write_symbol(node.peeled(), scope, out)
            }
            _ => None,
        }
    }

    fn push_member(&self, out: &mut String, name: &str) {
        if !out.ends_with('.') {
            out.push('.');
        }
        out.push_str(name);
    }

    fn write_call_symbol(&self, call: &Call<'t>, scope: ScopeId, out: &mut String) -> Option<Root> {
        if let Some(module) = self.loaded_module(call, scope) {
            out.push_str(module);
            return Some(Root::Known);
        }
        if let Some((given, root)) = self.given_by(&call.callee, scope) {
            out.push_str(&given);
            return Some(root);
        }
        let start = out.len();
        let root = self.write_symbol(&call.callee, scope, out)?;
        // A function that is wrapped stands for itself: `asyncHandler((req, res) => …)`.
        if out.len() == start {
            return None;
        }
        out.push_str("()");
        Some(root)
    }

    /// The symbol of what a function of this file gives, where it declares that.
    fn given_by(&self, callee: &Node<'t>, scope: ScopeId) -> Option<(Name, Root)> {
        let (result, scope) = self.result_of(callee, scope)?;
        self.type_symbol(result, scope)
    }

    fn result_of(&self, callee: &Node<'t>, scope: ScopeId) -> Option<(&'a Node<'t>, ScopeId)> {
        let Form::Name(name) = callee.form else { return None };
        match self.binding(self.bindings.lookup(name, scope, callee.start)?).role {
            Role::Function(function) => self.bindings.functions[function as usize].result,
            _ => None,
        }
    }

    /// The module of `require("module")`.
    pub fn loaded_module<'n>(&self, call: &'n Call<'t>, scope: ScopeId) -> Option<&'n str> {
        let Form::Name(name) = call.callee.form else { return None };
        if !self.dialect.loaders.contains(&name) || self.bindings.lookup(name, scope, call.callee.start).is_some() {
            return None;
        }
        match call.arguments.first() {
            Some((None, module)) => module.text(),
            _ => None,
        }
    }

    pub fn binding_symbol(&self, id: BindingId) -> (Name, Root) {
        match &self.symbols.borrow()[id as usize] {
            Memo::Known(symbol, root) => return (symbol.clone(), *root),
            Memo::Busy => return (self.own_symbol(id), Root::Local),
            Memo::Open => {}
        }
        if self.depth.get() > BINDING_DEPTH {
            return (self.own_symbol(id), Root::Local);
        }
        self.symbols.borrow_mut()[id as usize] = Memo::Busy;
        self.depth.set(self.depth.get() + 1);
        let known = self.find_symbol(id);
        self.depth.set(self.depth.get() - 1);
        self.symbols.borrow_mut()[id as usize] = Memo::Known(known.0.clone(), known.1);
        known
    }

    /// The symbol of the binding itself, whatever its value: `~carts`, `~Shop().items`.
    pub fn own_symbol(&self, id: BindingId) -> Name {
        let binding = self.binding(id);
        match &binding.role {
            Role::Field { class, is_static } => {
                let mut symbol = self.bindings.classes[*class as usize].symbol.to_string();
                symbol.push_str(if *is_static { "." } else { "()." });
                symbol.push_str(binding.name);
                // A class is a field of nothing when its container has no name.
                Name::from(symbol.trim_end_matches('.'))
            }
            _ => smol_str::format_smolstr!("~{}", binding.name),
        }
    }

    fn find_symbol(&self, id: BindingId) -> (Name, Root) {
        let binding = self.binding(id);
        let own = || self.own_symbol(id);
        match &binding.role {
            Role::Import(symbol) => (symbol.clone(), Root::Known),
            Role::Function(_) => (own(), Root::Declared),
            Role::Class(class) => (self.bindings.classes[*class as usize].symbol.clone(), Root::Declared),
            Role::Object(class) => {
                (smol_str::format_smolstr!("{}()", self.bindings.classes[*class as usize].symbol), Root::Declared)
            }
            Role::Parameter | Role::Variable | Role::Field { .. } => {
                // A container goes by its own name: what made it says nothing.
                if binding.shape.is_some() {
                    return (own(), Root::Declared);
                }
                let value = if binding.values == 1 { self.value_symbol(binding) } else { None };
                let value = value.filter(|(symbol, _)| {
                    symbol.strip_suffix("()").is_none_or(|callee| self.dialect.constructor(callee).is_none())
                });
                let typed = self.annotated_symbol(binding);
                // Where a type is written down it says more than a call does, but less than the class that is made.
                let value = match typed.is_some() && self.dialect.open_types {
                    true => value.filter(|(symbol, _)| symbol.strip_suffix("()").is_some_and(is_class)),
                    false => value,
                };
                value.or(typed).unwrap_or_else(|| match binding.role {
                    Role::Field { .. } => (own(), Root::Declared),
                    _ if matches!(
                        binding.origin.as_ref().map(|origin| &origin.node.peeled().form),
                        Some(Form::Function(_))
                    ) =>
                    {
                        (own(), Root::Declared)
                    }
                    _ => (own(), Root::Local),
                })
            }
        }
    }

    fn value_symbol(&self, binding: &Binding<'a, 't>) -> Option<(Name, Root)> {
        let origin = binding.origin.as_ref()?;
        let node = origin.node.peeled();
        let mut out = String::new();
        let root = match &node.form {
            Form::Call(call) if is_wrapper(call) => return None,
            Form::Class(class) => {
                let symbol = self.bindings.classes.get(class.id.get() as usize)?.symbol.clone();
                return Some((symbol, Root::Declared));
            }
            Form::Call(_) | Form::Name(_) | Form::Member(..) | Form::Index(..) => {
                self.write_symbol(node, origin.scope, &mut out)?
            }
            // `client = client or Client()` and the like: what is made when there is none.
            _ => return None,
        };
        for step in &origin.steps {
            match step {
                Step::Member(name) => self.push_member(&mut out, name),
                Step::Element => return None,
            }
        }
        let is_result = out.contains("()");
        match root {
            Root::Known => Some((Name::from(out), root)),
            Root::Declared if is_result => Some((Name::from(out), root)),
            _ => None,
        }
    }

    pub(super) fn annotated_symbol(&self, binding: &Binding<'a, 't>) -> Option<(Name, Root)> {
        let (annotation, scope) = binding.annotation?;
        self.type_symbol(annotation, scope)
    }

    /// The symbol of an object of the type.
    pub fn type_symbol(&self, annotation: &Node<'t>, scope: ScopeId) -> Option<(Name, Root)> {
        let mut base = annotation;
        while let Form::Member(object, _) = &base.form {
            base = object;
        }
        let Form::Name(name) = base.form else { return None };
        // A type that is neither imported nor declared here is one of the language: it says nothing.
        let declared = self.bindings.lookup_type(name, scope, annotation.start);
        if declared.is_none() && !self.dialect.is_shared(name) && !self.dialect.open_types {
            return None;
        }
        let (symbol, root) = match (declared, &annotation.form) {
            (Some(id), Form::Name(_)) => self.binding_symbol(id),
            (None, Form::Name(name)) if !self.dialect.is_shared(name) => (Name::new(name), Root::Known),
            _ => self.symbol(annotation, scope)?,
        };
        match root {
            Root::Local => None,
            _ => Some((smol_str::format_smolstr!("{symbol}()"), root)),
        }
    }

    /// The class of this file that an expression is an object of (true), or is (false).
    pub fn class_of(&self, node: &Node<'t>, scope: ScopeId) -> Option<(ClassId, bool)> {
        self.class_within(node, scope, ALIAS_DEPTH)
    }

    fn class_within(&self, node: &Node<'t>, scope: ScopeId, depth: u32) -> Option<(ClassId, bool)> {
        if depth == 0 || self.bindings.classes.is_empty() {
            return None;
        }
        match &node.peeled().form {
            Form::This => self.bindings.scopes[scope as usize].class.map(|class| (class, true)),
            Form::Name(name) => {
                let binding = self.binding(self.bindings.lookup(name, scope, node.start)?);
                match (&binding.role, &binding.origin) {
                    (Role::Class(class), _) => Some((*class, false)),
                    (Role::Object(class), _) => Some((*class, true)),
                    (_, Some(origin)) if binding.values == 1 && origin.steps.is_empty() => self
                        .class_within(origin.node, origin.scope, depth - 1)
                        .or_else(|| self.annotated(binding, depth)),
                    _ => self.annotated(binding, depth),
                }
            }
            Form::Member(object, name) => {
                let (class, of_object) = self.class_within(object, scope, depth - 1)?;
                let field = self.binding(self.bindings.field(class, name, of_object)?);
                if let Role::Class(inner) = field.role {
                    return Some((inner, false));
                }
                match &field.origin {
                    Some(origin) if field.values == 1 && origin.steps.is_empty() => {
                        self.class_within(origin.node, origin.scope, depth - 1).or_else(|| self.annotated(field, depth))
                    }
                    _ => self.annotated(field, depth),
                }
            }
            Form::Call(call) => match &call.callee.form {
                // `Shop::new()`, `Shop::default()`, `state.clone()`, `carts.lock()`.
                Form::Member(object, name) => {
                    let (class, of_object) = self.class_within(object, scope, depth - 1)?;
                    let makes = !of_object && matches!(*name, "new" | "default");
                    (makes || of_object && self.dialect.handles.contains(name)).then_some((class, true))
                }
                callee => {
                    let made = match (callee, self.result_of(&call.callee, scope)) {
                        (Form::Name(_), Some((result, scope))) => self.class_within(result, scope, depth - 1)?,
                        _ => self.class_within(&call.callee, scope, depth - 1)?,
                    };
                    (!made.1).then_some((made.0, true))
                }
            },
            _ => None,
        }
    }

    /// True when the class that this file declares for an object has a method of its own by that name.
    pub fn has_method(&self, object: &Node<'t>, method: &str, scope: ScopeId) -> bool {
        let class = self.class_of(object, scope).map(|(class, _)| &self.bindings.classes[class as usize]);
        class.is_some_and(|class| class.methods.contains_key(method))
    }

    fn annotated(&self, binding: &Binding<'a, 't>, depth: u32) -> Option<(ClassId, bool)> {
        let (annotation, scope) = binding.annotation?;
        if let Form::Name(name) = annotation.form
            && let Role::Class(class) = self.binding(self.bindings.lookup_type(name, scope, annotation.start)?).role
        {
            return Some((class, true));
        }
        match self.class_within(annotation, scope, depth - 1)? {
            (class, false) => Some((class, true)),
            _ => None,
        }
    }

    /// What a method does to the state that it is called on.
    pub fn effect(&self, method: &str) -> Option<AccessKind> {
        self.dialect.method(method)
    }
}

/// Not `inject`, and not `Shop.make`.
fn is_class(made: &str) -> bool {
    !made.contains('.') && made.trim_start_matches('~').starts_with(char::is_uppercase)
}

/// `asyncHandler((req, res) => …)`: a call whose only argument is a function gives that function, dressed. What a
/// constructor makes is an object of its own.
fn is_wrapper(call: &Call<'_>) -> bool {
    let [(name, value)] = &call.arguments[..] else { return false };
    let callee = match &call.callee.form {
        Form::Name(name) | Form::Member(_, name) => *name,
        _ => return false,
    };
    !matches!(name, Some(SPREAD | BLOCK))
        && matches!(value.form, Form::Function(_))
        && !callee.starts_with("create")
        && callee != "new"
        && !callee.starts_with(|first: char| first.is_uppercase())
}
