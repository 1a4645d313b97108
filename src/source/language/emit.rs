//! Second pass over a tree: the facts, in the order of the text.

mod call;
mod write;

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::dialect::Dialect;
use super::lines::Lines;
use super::resolve::{Found, Program, Target};
use super::scope::{BindingId, Bindings, ClassInfo, MODULE, Role, ScopeKind};
use super::tree::{Form, Node, Parameter, Pattern, ScopeId};
use crate::model::Name;
use crate::model::fact::{self, Access, AccessKind, FileFacts, FunctionId, Import, Level, Shape, State, Value};
use crate::model::location::Span;

/// The facts of a tree that an adapter has lowered `text` to.
pub(super) fn facts(tree: &Node<'_>, dialect: &'static Dialect, path: &str, lines: &Lines<'_>) -> FileFacts {
    let program = Program::new(Bindings::of(tree, dialect), dialect);
    let mut emitter = Emitter {
        out: FileFacts::empty(Arc::<str>::from(path), dialect.language),
        seen: vec![Use::default(); program.bindings.all.len()],
        program: &program,
        lines,
        local: Vec::new(),
        names: HashSet::default(),
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
    names: HashSet<Name, FixedState>,
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
            Form::List(nodes) | Form::Made(_, nodes) | Form::Joined(nodes) | Form::Other(nodes) => {
                self.nodes(nodes, scope);
            }
            Form::Settings(entries) => self.settings(entries, scope),
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
                let dialect = self.program.dialect;
                if kind == AccessKind::Read && !dialect.is_process_wide(&state) && !(dialect.is_project_module)(&state)
                {
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

    fn finish(mut self) -> FileFacts {
        let program = self.program;
        for function in &program.bindings.functions {
            let symbol = self.shared(function.symbol.clone());
            let span = self.lines.span(function.start, function.end);
            let (parent, exported) = (function.parent, function.exported);
            let returns = function.result.and_then(|(result, scope)| program.type_symbol(result, scope));
            let returns = returns.map(|(symbol, _)| self.shared(symbol));
            self.out.functions.push(fact::Function { symbol, parent, span, exported, returns });
        }
        for class in &program.bindings.classes {
            self.class(class);
        }
        let mut kept = HashSet::with_hasher(FixedState::default());
        for id in 0..program.bindings.all.len() as BindingId {
            if let Some(level) = self.level(id)
                && let Some(shape) = program.shape(id)
            {
                kept.insert(id);
                self.state(id, level, shape);
            }
        }
        let local = std::mem::take(&mut self.local);
        self.out.accesses.extend(local.into_iter().filter(|(id, _)| kept.contains(id)).map(|(_, access)| access));
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

    fn class(&mut self, class: &ClassInfo<'a, 't>) {
        let program = self.program;
        let bases = class.bases.iter().filter_map(|(base, scope)| program.symbol(base, *scope));
        let bases = bases.map(|(symbol, _)| self.shared(symbol)).collect();
        let decorators = class.decorators.iter().filter_map(|(decorator, scope)| match &decorator.form {
            Form::Call(call) => program.callee(&call.callee, *scope),
            _ => program.callee(decorator, *scope),
        });
        let decorators = decorators.map(|(symbol, _)| self.shared(symbol)).collect();
        let span = self.lines.span(class.start, class.end);
        let symbol = self.shared(class.symbol.clone());
        self.out.classes.push(fact::Class { symbol, bases, decorators, span });
    }

    fn state(&mut self, id: BindingId, level: Level, shape: Shape) {
        let binding = self.program.binding(id);
        let symbol = self.program.own_symbol(id);
        let symbol = self.shared(symbol);
        let span = self.lines.span(binding.start, binding.end);
        let twin = self.out.states.iter().any(|state| level == Level::Instance && state.symbol == symbol);
        if !twin {
            let (function, owned) = (binding.function, binding.owned);
            self.out.states.push(State { symbol, level, shape, owned, function, span });
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
