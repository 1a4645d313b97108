//! Second pass over a tree: the facts, in the order of the text.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::dialect::Dialect;
use super::lines::Lines;
use super::resolve::{Found, Program, Root, Target};
use super::scope::{BindingId, Bindings, MODULE, Role, ScopeKind, join};
use super::tree::{Assign, Call, Declare, Form, Node, Parameter, Pattern, Place, ScopeId};
use crate::model::Name;
use crate::model::fact::{
    self, Access, AccessKind, FileFacts, FunctionId, Import, Level, Setting, Shape, State, Value,
};
use crate::model::location::Span;

/// The facts of a tree that an adapter has lowered `text` to.
pub(super) fn facts(tree: &Node<'_>, dialect: &'static Dialect, path: &str, lines: &Lines<'_>) -> FileFacts {
    let program = Program::new(Bindings::of(tree), dialect);
    let mut emitter = Emitter {
        out: FileFacts::empty(Arc::<str>::from(path), dialect.language),
        seen: vec![Use::default(); program.bindings.all.len()],
        program: &program,
        lines,
        local: Vec::new(),
        names: HashSet::new(),
    };
    emitter.node(tree, MODULE);
    emitter.finish()
}

/// How a binding turned out to be used.
#[derive(Clone, Copy, Default)]
struct Use {
    captured: bool,
    written_inside: bool,
}

struct Emitter<'p, 'a, 't> {
    program: &'p Program<'a, 't>,
    lines: &'p Lines<'p>,
    out: FileFacts,
    seen: Vec<Use>,
    /// Accesses to locals, which count only if an inner function captures the local.
    local: Vec<(BindingId, Access)>,
    names: HashSet<Name>,
}

impl<'p, 'a, 't> Emitter<'p, 'a, 't> {
    fn span(&self, node: &Node<'t>) -> Span {
        self.lines.span(node.start, node.end)
    }

    fn function(&self, scope: ScopeId) -> Option<FunctionId> {
        self.program.bindings.scopes[scope as usize].function
    }

    /// One allocation for all uses of a long symbol.
    fn shared(&mut self, name: Name) -> Name {
        if !name.is_heap_allocated() {
            return name;
        }
        match self.names.get(&name) {
            Some(known) => known.clone(),
            None => {
                self.names.insert(name.clone());
                name
            }
        }
    }

    fn nodes(&mut self, nodes: &[Node<'t>], scope: ScopeId) {
        for node in nodes {
            self.node(node, scope);
        }
    }

    fn node(&mut self, node: &Node<'t>, scope: ScopeId) {
        match &node.form {
            Form::This | Form::Text(_) | Form::Number(_) | Form::Bool(_) | Form::Null | Form::Outer(_) => {}
            Form::Name(_) | Form::Member(..) | Form::Index(..) => self.read(node, scope),
            Form::Call(call) => self.call(node, call, scope, None),
            Form::List(nodes) | Form::Made(_, nodes) | Form::Other(nodes) => self.nodes(nodes, scope),
            Form::Map(entries) => entries.iter().for_each(|(_, value)| self.node(value, scope)),
            Form::Function(function) => {
                let inside = function.scope.get();
                for parameter in &function.parameters {
                    self.parameter(parameter, inside);
                }
                self.nodes(&function.body, inside);
            }
            Form::Class(class) => {
                self.nodes(&class.bases, scope);
                self.nodes(&class.body, class.scope.get());
            }
            Form::Declare(declare) => self.declare(declare, scope),
            Form::Assign(assign) => self.assign(node, assign, scope),
            Form::Delete(inner) => {
                let kind =
                    if matches!(inner.peeled().form, Form::Name(_)) { AccessKind::Assign } else { AccessKind::Remove };
                self.touch(inner, scope, kind);
            }
            Form::Either(parts) => self.nodes(&parts[..], scope),
            Form::Choice(parts) => self.nodes(&parts[..], scope),
            Form::Through(inner) | Form::Exported(inner) => self.node(inner, scope),
            Form::Each(each) => {
                self.node(&each.1, scope);
                self.pattern(&each.0, scope);
            }
            Form::Block(block) => self.nodes(&block.body, block.scope.get()),
            Form::Import(import) => {
                if !import.type_only {
                    let module = self.shared(Name::new(&import.module));
                    let span = self.span(node);
                    self.out.imports.push(Import { module, span });
                }
            }
            Form::Decorated(decorators, inner) => self.decorated(decorators, inner, scope),
        }
    }

    fn parameter(&mut self, parameter: &Parameter<'t>, scope: ScopeId) {
        if let Some(default) = &parameter.default {
            self.node(default, scope);
        }
        self.pattern(&parameter.pattern, scope);
    }

    fn pattern(&mut self, pattern: &Pattern<'t>, scope: ScopeId) {
        match pattern {
            Pattern::Name(..) | Pattern::Ignored => {}
            Pattern::Members(members) => members.iter().for_each(|(_, inner)| self.pattern(inner, scope)),
            Pattern::Elements(elements) => elements.iter().for_each(|inner| self.pattern(inner, scope)),
            Pattern::Default(inner, default) => {
                self.node(default, scope);
                self.pattern(inner, scope);
            }
            Pattern::Target(target) => self.written(target, scope, false),
        }
    }

    fn decorated(&mut self, decorators: &[Node<'t>], inner: &Node<'t>, scope: ScopeId) {
        let decorates = match &inner.peeled().form {
            Form::Function(function) => Some(function.id.get()),
            _ => None,
        };
        for decorator in decorators {
            match &decorator.form {
                Form::Call(call) => {
                    self.call(decorator, call, scope, None);
                    let span = self.span(decorator);
                    if let Some(call) = self.out.calls.last_mut().filter(|call| call.span == span) {
                        call.decorates = decorates;
                    }
                }
                _ => {
                    if let Some((callee, _)) = self.program.callee(decorator, scope) {
                        let (function, span) = (self.function(scope), self.span(decorator));
                        let callee = self.shared(callee);
                        let arguments = Vec::new();
                        self.out.calls.push(fact::Call {
                            callee,
                            arguments,
                            function,
                            decorates,
                            bound_to: None,
                            span,
                        });
                    }
                }
            }
        }
        self.node(inner, scope);
    }

    // Calls

    fn call(&mut self, node: &Node<'t>, call: &Call<'t>, scope: ScopeId, bound_to: Option<Name>) {
        if let Some(module) = self.program.loaded_module(call, scope) {
            let (module, span) = (self.shared(Name::new(module)), self.span(node));
            self.out.imports.push(Import { module, span });
            return;
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
    fn inside(&mut self, node: &Node<'t>, scope: ScopeId) {
        match &node.form {
            Form::Name(_) | Form::This => {}
            Form::Member(object, _) => self.inside(object, scope),
            Form::Index(object, key) => {
                self.node(key, scope);
                self.inside(object, scope);
            }
            Form::Through(inner) => self.inside(inner, scope),
            _ => self.node(node, scope),
        }
    }

    // State

    fn read(&mut self, node: &Node<'t>, scope: ScopeId) {
        if let Some(found) = self.program.state_of(node, scope) {
            self.access(found, AccessKind::Read, node, scope);
        }
        self.inside(node, scope);
    }

    fn touch(&mut self, node: &Node<'t>, scope: ScopeId, kind: AccessKind) {
        if let Some(found) = self.program.state_of(node, scope) {
            self.access(found, kind, node, scope);
        }
        self.inside(node, scope);
    }

    fn access(&mut self, found: Found, kind: AccessKind, node: &Node<'t>, scope: ScopeId) {
        // The alias of a part was made by a read.
        if found.alias && found.part && kind == AccessKind::Read {
            return;
        }
        let kind = if found.part && kind == AccessKind::Assign { AccessKind::Insert } else { kind };
        let (function, span) = (self.function(scope), self.span(node));
        match found.target {
            Target::Imported(state) => {
                if kind == AccessKind::Read && !(self.program.dialect.is_project_module)(&state) {
                    return;
                }
                let state = self.shared(state);
                self.out.accesses.push(Access { state, kind, function, span });
            }
            Target::Binding(id) => self.own_access(id, kind, function, span),
        }
    }

    fn own_access(&mut self, id: BindingId, kind: AccessKind, function: Option<FunctionId>, span: Span) {
        let binding = self.program.binding(id);
        let state = self.program.own_symbol(id);
        let state = self.shared(state);
        let access = Access { state, kind, function, span };
        if self.is_local(id) {
            let seen = &mut self.seen[id as usize];
            seen.captured |= function != binding.function;
            seen.written_inside |= function != binding.function && kind.is_write();
            self.local.push((id, access));
        } else {
            self.out.accesses.push(access);
        }
    }

    fn is_local(&self, id: BindingId) -> bool {
        let binding = self.program.binding(id);
        match binding.role {
            Role::Field { .. } => false,
            Role::Parameter => binding.shape.is_none(),
            _ => binding.function.is_some(),
        }
    }

    // Declarations and assignments

    fn declare(&mut self, declare: &Declare<'t>, scope: ScopeId) {
        self.pattern(&declare.pattern, scope);
        let Some(value) = &declare.value else { return };
        let bound_to = match &declare.pattern {
            // A name that stands where the value stands is none that the text gives.
            Pattern::Name(_, start, _) if *start == value.start => None,
            Pattern::Name(name, start, _) => {
                let at = if declare.place == Place::Following { u32::MAX } else { *start };
                self.binding_at(name, scope, at)
            }
            Pattern::Target(target) => return self.bound(target, value, scope),
            _ => None,
        };
        self.value(value, scope, bound_to.map(|id| self.program.own_symbol(id)));
        let (Some(id), Pattern::Name(_, start, end)) = (bound_to, &declare.pattern) else { return };
        let binding = self.program.binding(id);
        let function = if declare.place == Place::Module { None } else { self.function(scope) };
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
        let value = self.program.value(value, scope);
        let keep = match &value {
            Value::Unknown | Value::Function(_) | Value::Null => false,
            Value::Name(_) | Value::Call { .. } => loud,
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

    fn assign(&mut self, node: &Node<'t>, assign: &Assign<'t>, scope: ScopeId) {
        if assign.update {
            self.written(&assign.target, scope, true);
            if let Some(value) = &assign.value {
                self.node(value, scope);
            }
            return;
        }
        let Some(value) = &assign.value else { return self.written(&assign.target, scope, false) };
        self.written(&assign.target, scope, false);
        self.bound(&assign.target, value, scope);
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
    fn written(&mut self, target: &Node<'t>, scope: ScopeId, update: bool) {
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
                    let kind = if update { kind } else { AccessKind::Insert };
                    self.access(found, kind, target, scope);
                }
                self.inside(target, scope);
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
        // A property of a local object is no setting unless its value tells something.
        if matches!(value, Value::Unknown | Value::Function(_)) || root == Root::Local && !tells(&value) {
            return;
        }
        let key = self.shared(key);
        let (function, span) = (self.function(scope), self.span(node));
        self.out.settings.push(Setting { key, value, function, span });
    }

    // The end

    fn finish(mut self) -> FileFacts {
        let program = self.program;
        for function in &program.bindings.functions {
            let symbol = self.shared(function.symbol.clone());
            let span = self.lines.span(function.start, function.end);
            let (parent, exported) = (function.parent, function.exported);
            self.out.functions.push(fact::Function { symbol, parent, span, exported });
        }
        let mut captured = HashMap::new();
        for id in 0..program.bindings.all.len() as BindingId {
            if let Some(level) = self.level(id)
                && let Some(shape) = program.shape(id)
            {
                captured.insert(id, level);
                self.state(id, level, shape);
            }
        }
        let local = std::mem::take(&mut self.local);
        self.out
            .accesses
            .extend(local.into_iter().filter(|(id, _)| captured.contains_key(id)).map(|(_, access)| access));
        let out = &mut self.out;
        out.lines = self.lines.count();
        out.imports.sort_by_key(|import| import.span);
        out.calls.sort_by_key(|call| (call.span.line, call.span.column));
        out.states.sort_by_key(|state| state.span);
        out.accesses.sort_by_key(|access| access.span);
        out.settings.sort_by_key(|setting| setting.span);
        out.imports.shrink_to_fit();
        out.calls.shrink_to_fit();
        out.functions.shrink_to_fit();
        out.accesses.shrink_to_fit();
        out.settings.shrink_to_fit();
        self.out
    }

    fn state(&mut self, id: BindingId, level: Level, shape: Shape) {
        let binding = self.program.binding(id);
        let symbol = self.program.own_symbol(id);
        let symbol = self.shared(symbol);
        let span = self.lines.span(binding.start, binding.end);
        let twin = self.out.states.iter().any(|state| level == Level::Instance && state.symbol == symbol);
        if !twin {
            self.out.states.push(State { symbol, level, shape, function: binding.function, span });
        }
    }

    /// Where a binding lives, if it outlives a call.
    fn level(&self, id: BindingId) -> Option<Level> {
        let binding = self.program.binding(id);
        match &binding.role {
            Role::Field { is_static: true, .. } => Some(Level::ClassStatic),
            Role::Field { .. } => Some(Level::Instance),
            Role::Parameter => binding.shape.as_ref().map(|_| Level::Instance),
            Role::Variable if binding.function.is_none() => {
                let module = self.home(binding.scope) == ScopeKind::Module;
                (module && self.program.state_symbol(id)).then_some(Level::Module)
            }
            Role::Variable => {
                let seen = self.seen[id as usize];
                let shape = self.program.shape(id)?;
                let container = matches!(shape, Shape::Map | Shape::List | Shape::Set);
                (seen.captured && (container || seen.written_inside)).then_some(Level::Closure)
            }
            _ => None,
        }
    }

    /// The kind of the innermost scope that is no block.
    fn home(&self, scope: ScopeId) -> ScopeKind {
        let mut scope = &self.program.bindings.scopes[scope as usize];
        while let (ScopeKind::Block, Some(parent)) = (scope.kind, scope.parent) {
            scope = &self.program.bindings.scopes[parent as usize];
        }
        scope.kind
    }
}

/// A value that a rule can say something about: more than a number or a local name.
fn tells(value: &Value) -> bool {
    match value {
        Value::Unknown | Value::Number(_) | Value::Bool(_) | Value::Null => false,
        Value::Name(name) => !name.starts_with('~') || name.contains("()"),
        Value::Call { callee, .. } => !callee.starts_with('~') && !callee.starts_with('_'),
        Value::List(items) => items.iter().any(tells),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_local_methods_are_kept_when_they_tell_something() {
        assert!(!tells(&Value::Name("~x".into())));
        assert!(tells(&Value::Name("express-session".into())));
        assert!(tells(&Value::Function(3)));
        assert!(!tells(&Value::List(vec![Value::Number(1.0)])));
    }
}
