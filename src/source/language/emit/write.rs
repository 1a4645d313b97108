//! Declarations and assignments: accesses that write, settings, and where the results of calls go.

use std::borrow::Cow;

use super::super::resolve::Root;
use super::super::scope::{BindingId, Role, ScopeKind, join};
use super::super::tree::{Assign, Declare, Form, Node, Pattern, Place, ScopeId};
use super::{Emitter, tells};
use crate::model::Name;
use crate::model::fact::{AccessKind, Level, Setting, State, Value};
use crate::model::location::Span;

impl<'p, 'a, 't> Emitter<'p, 'a, 't> {
    pub(super) fn declare(&mut self, declare: &Declare<'t>, scope: ScopeId) {
        self.pattern(&declare.pattern, scope);
        let Some(value) = &declare.value else { return };
        let bound_to = match &declare.pattern {
            // A name that stands where the value stands is none that the text gives.
            Pattern::Name(_, start, _) if *start == value.start => None,
            Pattern::Name(name, start, _) => {
                let at = if declare.place == Place::Following { u32::MAX } else { *start };
                self.binding_at(name, scope, at)
            }
            Pattern::Target(target) => {
                self.bound(target, value, scope);
                return self.global(target, value, scope);
            }
            _ => None,
        };
        self.value(value, scope, bound_to.map(|id| self.program.own_symbol(id)));
        let (Some(id), Pattern::Name(_, start, end)) = (bound_to, &declare.pattern) else { return };
        let binding = self.program.binding(id);
        let is_static = declare.place == Place::Module && !self.program.dialect.language.has_open_names();
        let function = if is_static { None } else { self.function(scope) };
        let kind = self.program.bindings.scopes[scope as usize].kind;
        if binding.function != function {
            let span = self.lines.span(*start, *end);
            if self.program.shape(id).is_some() {
                self.own_access(id, AccessKind::Assign, function, span);
            }
            if function.is_some() {
                return;
            }
        }
        if function.is_none() || kind == ScopeKind::Class {
            self.constant(id, value, self.lines.span(*start, value.end), scope);
        }
    }

    fn binding_at(&self, name: &str, scope: ScopeId, at: u32) -> Option<BindingId> {
        self.program.bindings.lookup(name, scope, at)
    }

    /// A constant of a module or a class is a setting, unless its value tells nothing.
    fn constant(&mut self, id: BindingId, value: &Node<'t>, span: Span, scope: ScopeId) {
        let name = self.program.binding(id).name;
        let loud = name.chars().all(|c| !c.is_lowercase());
        let unwritten = value.start == value.end;
        let value = self.program.value(value, scope);
        let keep = match &value {
            // The zero that a declaration without a value begins with.
            _ if unwritten => false,
            Value::Unknown | Value::Function(_) | Value::Null => false,
            Value::Name(_) => loud,
            Value::List(items) => loud || items.iter().any(|item| *item != Value::Unknown),
            Value::Object(entries) => loud || entries.iter().any(|(_, value)| *value != Value::Unknown),
            _ => true,
        };
        if keep {
            let key = self.program.own_symbol(id);
            let key = self.shared(key);
            let function = self.function(scope);
            self.out.settings.push(Setting { key, value, function, span });
        }
    }

    /// A value that goes to a name: a call learns where its result goes.
    fn value(&mut self, value: &Node<'t>, scope: ScopeId, bound_to: Option<Name>) {
        match &value.form {
            Form::Call(call) => self.call(value, call, scope, bound_to),
            Form::Through(inner) | Form::Exported(inner) => self.value(inner, scope, bound_to),
            Form::Either(parts) => {
                self.value(&parts[0], scope, bound_to.clone());
                self.value(&parts[1], scope, bound_to);
            }
            Form::Choice(parts) => {
                self.node(&parts[0], scope);
                self.value(&parts[1], scope, bound_to.clone());
                self.value(&parts[2], scope, bound_to);
            }
            _ => self.node(value, scope),
        }
    }

    pub(super) fn assign(&mut self, node: &Node<'t>, assign: &Assign<'t>, scope: ScopeId) {
        if assign.update {
            self.written(&assign.target, scope, true);
            if let Some(value) = &assign.value {
                self.node(value, scope);
            }
            return;
        }
        let Some(value) = &assign.value else { return self.written(&assign.target, scope, false) };
        // What is made when first needed changes nothing, unless it is one of many: `carts[id] ||= []`.
        if let Some(default) = assign.default() {
            self.read(&assign.target, scope);
            if matches!(assign.target.form, Form::Index(..)) {
                self.written(&assign.target, scope, false);
            }
            return self.bound(&assign.target, default, scope);
        }
        self.written(&assign.target, scope, false);
        self.bound(&assign.target, value, scope);
        self.global(&assign.target, value, scope);
        self.setting(node, &assign.target, value, scope);
    }

    /// A value that goes to an existing place.
    fn bound(&mut self, target: &Node<'t>, value: &Node<'t>, scope: ScopeId) {
        let bound_to = match &target.form {
            Form::Name(name) => self.binding_at(name, scope, target.start).map(|id| self.program.own_symbol(id)),
            Form::Member(object, name) => match self.program.class_of(object, scope) {
                Some((class, of_object)) => {
                    self.program.bindings.field(class, name, of_object).map(|id| self.program.own_symbol(id))
                }
                None => self.program.symbol(object, scope).map(|(symbol, _)| join(&symbol, name)),
            },
            _ => None,
        };
        self.value(value, scope, bound_to);
    }

    /// The target of an assignment.
    pub(super) fn written(&mut self, target: &Node<'t>, scope: ScopeId, update: bool) {
        let kind = if update { AccessKind::Increment } else { AccessKind::Assign };
        match &target.form {
            Form::Name(name) => {
                let Some(id) = self.binding_at(name, scope, target.start) else { return };
                let variable = matches!(self.program.binding(id).role, Role::Variable | Role::Field { .. });
                if variable && self.program.shape(id).is_some() {
                    let (function, span) = (self.function(scope), self.span(target));
                    self.own_access(id, kind, function, span);
                }
            }
            Form::Member(object, name) => {
                if let Some((class, of_object)) = self.program.class_of(object, scope)
                    && let Some(id) = self.program.bindings.field(class, name, of_object)
                {
                    self.field_written(id, kind, target, scope);
                } else if let Some(found) = self.program.state_of(target, scope) {
                    let whole = self.program.dialect.open_types && !found.part;
                    let kind = if update || whole { kind } else { AccessKind::Insert };
                    self.access(found, kind, target, scope);
                }
                self.inside(object, scope);
            }
            Form::Index(..) => {
                let kind = if update { kind } else { AccessKind::Insert };
                self.touch(target, scope, kind);
            }
            Form::List(nodes) | Form::Other(nodes) => {
                nodes.iter().for_each(|inner| self.written(inner, scope, update));
            }
            Form::Through(inner) => self.written(inner, scope, update),
            _ => self.node(target, scope),
        }
    }

    fn field_written(&mut self, id: BindingId, kind: AccessKind, target: &Node<'t>, scope: ScopeId) {
        let binding = self.program.binding(id);
        let function = self.function(scope);
        // The first assignment is the declaration.
        let declares = binding.start == target.start && binding.end == target.end;
        if !declares && self.program.shape(id).is_some() {
            let span = self.span(target);
            self.own_access(id, kind, function, span);
        }
    }

    /// `globalThis.users = {}` and `app.state.users = {}` declare state of the process.
    fn global(&mut self, target: &Node<'t>, value: &Node<'t>, scope: ScopeId) {
        if let Some(symbol) = self.program.process_wide(target, scope)
            && let Some(shape) = self.program.shape_of(value, scope)
            && !self.out.states.iter().any(|state| state.symbol == symbol)
        {
            let (function, span) = (self.function(scope), self.span(target));
            self.out.states.push(State { symbol, level: Level::Module, shape, owned: false, function, span });
        }
    }

    /// `app.secret_key = value`.
    fn setting(&mut self, node: &Node<'t>, target: &Node<'t>, value: &Node<'t>, scope: ScopeId) {
        let object = match &target.form {
            Form::Member(object, _) => object,
            Form::Index(object, key) if key.text().is_some() => object,
            _ => return,
        };
        if self.program.class_of(object, scope).is_some_and(|(_, of_object)| of_object) {
            return;
        }
        let Some((key, root)) = self.program.symbol(target, scope) else { return };
        if matches!(value.form, Form::Exported(_)) {
            return;
        }
        let value = self.program.value(value, scope);
        // What is added to an object of options is one of them, whatever it is. A property of another local object is no setting
        // unless its value tells something.
        let is_option = self.is_literal(object, scope);
        let says_nothing = matches!(value, Value::Unknown) || root == Root::Local && !tells(&value);
        if matches!(value, Value::Function(_)) || says_nothing && !is_option {
            return;
        }
        let key = self.shared(key);
        let (function, span) = (self.function(scope), self.span(node));
        self.out.settings.push(Setting { key, value, function, span });
    }

    /// What a configuration file gives, or what is configured by a call.
    pub(super) fn settings(&mut self, entries: &[(Cow<'t, str>, Node<'t>)], scope: ScopeId) {
        for (key, value) in entries {
            self.node(value, scope);
            let (key, span) = (self.shared(Name::new(key)), self.span(value));
            let (value, function) = (self.program.value(value, scope), self.function(scope));
            if value != Value::Unknown {
                self.out.settings.push(Setting { key, value, function, span });
            }
        }
    }

    /// A variable that holds an object as it is written down: `const options = {…}`.
    fn is_literal(&self, node: &Node<'t>, scope: ScopeId) -> bool {
        let Form::Name(name) = node.form else { return false };
        let Some(id) = self.binding_at(name, scope, node.start) else { return false };
        let binding = self.program.binding(id);
        let origin = binding.origin.as_ref().filter(|origin| binding.values == 1 && origin.steps.is_empty());
        origin.is_some_and(|origin| matches!(origin.node.peeled().form, Form::Map(_)))
    }
}
