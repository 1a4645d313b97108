//! Calls: what is called with what, and what a method does to the state that it is called on.

use smol_str::format_smolstr;

use super::super::resolve::{Found, Root, Target};
use super::super::scope::Role;
use super::super::tree::{Call, Form, Node, ScopeId};
use super::{Emitter, tells};
use crate::model::Name;
use crate::model::fact::{self, AccessKind, Import, Shape};

impl<'p, 'a, 't> Emitter<'p, 'a, 't> {
    pub(super) fn call(&mut self, node: &Node<'t>, call: &Call<'t>, scope: ScopeId, bound_to: Option<Name>) {
        if let Some(module) = self.program.loaded_module(call, scope) {
            let module = self.shared(Name::new(module));
            let span = self.span(node);
            return self.out.imports.push(Import { module, span });
        }
        let known = self.program.callee(&call.callee, scope);
        let mut arguments = &call.arguments[..];
        match &call.callee.peeled().form {
            Form::Member(object, method) => self.method(object, method, scope),
            Form::Name(_) => {}
            _ => self.node(&call.callee, scope),
        }
        if let (Some((callee, _)), Some((first, rest))) = (&known, arguments.split_first())
            && let Some(kind) = self.program.dialect.mutator(callee)
        {
            self.touch(&first.1, scope, kind);
            arguments = rest;
        }
        for (_, argument) in arguments {
            self.node(argument, scope);
        }
        let Some((callee, root)) = known else { return };
        let mut arguments = self.program.call_arguments(call, scope);
        if root == Root::Local && bound_to.is_none() && !arguments.iter().any(|argument| tells(&argument.value)) {
            arguments.clear();
        }
        arguments.shrink_to_fit();
        let (function, span) = (self.function(scope), self.span(node));
        let callee = self.shared(callee);
        self.out.calls.push(fact::Call { callee, arguments, function, decorates: None, bound_to, span });
    }

    /// A method call's effect on the state that it is called on.
    fn method(&mut self, object: &Node<'t>, method: &str, scope: ScopeId) {
        let effect = self.program.effect(method);
        let found = match effect {
            None if self.program.dialect.handles.contains(&method) => None,
            // What a method of a class of this file does, its body says.
            Some(_) if self.program.has_method(object, method, scope) => None,
            Some(_) => self.program.state_of(object, scope),
            None => self.program.state_of(object, scope).filter(|found| self.is_container(found)),
        };
        if let Some(found) = found {
            self.access(found, effect.unwrap_or(AccessKind::Read), object, scope);
        }
        self.inside(object, scope);
    }

    /// A method that no container has says nothing about a client, a logger or an app, but reads a list.
    fn is_container(&self, found: &Found) -> bool {
        match &found.target {
            Target::Binding(id) => !matches!(self.program.shape(*id), Some(Shape::Result(_) | Shape::Null) | None),
            Target::Imported(_) => false,
        }
    }

    /// What stands within a chain: keys, arguments, calls.
    pub(super) fn inside(&mut self, node: &Node<'t>, scope: ScopeId) {
        match &node.form {
            Form::This => {}
            Form::Name(_) => self.bare_call(node, scope),
            Form::Member(object, _) => {
                self.bare_call(node, scope);
                self.inside(object, scope);
            }
            Form::Index(object, key) => {
                self.node(key, scope);
                self.inside(object, scope);
            }
            Form::Through(inner) => self.inside(inner, scope),
            _ => self.node(node, scope),
        }
    }

    /// In some languages a name is a call as well, if it is no variable and no field.
    fn bare_call(&mut self, node: &Node<'t>, scope: ScopeId) {
        if !self.program.dialect.language.calls_without_parentheses() {
            return;
        }
        let Some(callee) = self.called_by_name(node, scope) else { return };
        if let Form::Member(object, method) = &node.form
            && let Some(effect) = self.program.effect(method).filter(|effect| effect.is_write())
            && !self.program.has_method(object, method, scope)
            && let Some(found) = self.program.state_of(object, scope)
        {
            self.access(found, effect, object, scope);
        }
        let callee = self.shared(callee);
        let (function, span) = (self.function(scope), self.span(node));
        let arguments = Vec::new();
        self.out.calls.push(fact::Call { callee, arguments, function, decorates: None, bound_to: None, span });
    }

    fn called_by_name(&self, node: &Node<'t>, scope: ScopeId) -> Option<Name> {
        let program = self.program;
        match &node.form {
            Form::Name(name) if is_method(name) => match program.bindings.lookup(name, scope, node.start) {
                None => Some(Name::new(name)),
                Some(id) => match program.binding(id).role {
                    Role::Function(_) => Some(program.own_symbol(id)),
                    _ => None,
                },
            },
            Form::Member(object, name) if is_method(name) => {
                let Some((class, of_object)) = program.class_of(object, scope) else {
                    return program.callee(node, scope).map(|(symbol, _)| symbol);
                };
                let info = &program.bindings.classes[class as usize];
                let is_field = program.bindings.field(class, name, of_object).is_some();
                let is_called = info.methods.contains_key(name) || !is_field;
                is_called.then(|| format_smolstr!("{}{}.{name}", info.symbol, if of_object { "()" } else { "" }))
            }
            _ => None,
        }
    }
}

/// False for constants and for variables with a sign before their name.
fn is_method(name: &str) -> bool {
    name.starts_with(|first: char| first.is_lowercase() || first == '_')
}
