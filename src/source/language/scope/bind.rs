//! The walk that finds the declarations.

mod names;

use std::borrow::Cow;
use std::collections::HashMap;

use smol_str::format_smolstr;

use super::super::dialect::Dialect;
use super::super::tree::{
    Assign, BLOCK, Call, Class, ClassId, Declare, Form, Function, Imported, Node, Parameter, Pattern, Place, Receiver,
    ScopeId,
};
use super::{Bindings, ClassInfo, FunctionInfo, MODULE, Role, Scope, ScopeKind, Step, join};
use crate::model::Name;
use crate::model::fact::FunctionId;

pub(super) fn bindings<'a, 't>(tree: &'a Node<'t>, dialect: &Dialect) -> Bindings<'a, 't> {
    let open_names = dialect.language.has_open_names();
    let out = Bindings { implicit_this: dialect.implicit_this, open_names, ..Bindings::default() };
    let mut binder = Binder { out, assigned: Vec::new(), exported: Vec::new(), hint: None, decorators: &[] };
    binder.scope(None, ScopeKind::Module, None, None);
    binder.node(tree, MODULE);
    binder.finish()
}

/// An assignment to a name that the assigning scope does not declare by it.
struct Assigned<'a, 't> {
    name: &'t str,
    scope: ScopeId,
    value: Option<&'a Node<'t>>,
    update: bool,
    at: u32,
}

struct Binder<'a, 't> {
    out: Bindings<'a, 't>,
    assigned: Vec<Assigned<'a, 't>>,
    exported: Vec<(&'t str, ScopeId)>,
    /// Symbol for a function without a name that is about to be bound to one, and whether it is exported.
    hint: Option<(Name, bool)>,
    /// Those of the class that comes next.
    decorators: &'a [Node<'t>],
}

impl<'a, 't> Binder<'a, 't> {
    fn scope(
        &mut self,
        parent: Option<ScopeId>,
        kind: ScopeKind,
        function: Option<FunctionId>,
        class: Option<ClassId>,
    ) -> ScopeId {
        self.out.scopes.push(Scope { parent, kind, function, class });
        self.out.scopes.len() as ScopeId - 1
    }

    fn inner(&mut self, parent: ScopeId, kind: ScopeKind) -> ScopeId {
        let outer = &self.out.scopes[parent as usize];
        let (function, class) = (outer.function, outer.class);
        self.scope(Some(parent), kind, function, class)
    }

    fn nodes(&mut self, nodes: &'a [Node<'t>], scope: ScopeId) {
        for node in nodes {
            self.node(node, scope);
        }
    }

    fn node(&mut self, node: &'a Node<'t>, scope: ScopeId) {
        let hint = self.hint.take();
        match &node.form {
            Form::Name(_) | Form::This | Form::Text(_) | Form::Number(_) | Form::Bool(_) | Form::Null => {}
            Form::Member(object, _) => self.node(object, scope),
            Form::Index(object, key) => {
                self.node(object, scope);
                self.node(key, scope);
            }
            Form::Call(call) => self.call(call, scope, hint),
            Form::List(nodes) | Form::Made(_, nodes) | Form::Joined(nodes) | Form::Other(nodes) => {
                self.nodes(nodes, scope);
            }
            Form::Map(entries) => self.map(entries, scope, hint),
            Form::Settings(entries) => entries.iter().for_each(|(_, value)| self.node(value, scope)),
            Form::Function(function) => self.function(node, function, scope, hint),
            Form::Class(class) => self.class(node, class, scope, hint),
            Form::Declare(declare) => self.declare(node, declare, scope),
            Form::Assign(assign) => self.assign(assign, node, scope),
            Form::Delete(inner) => self.node(inner, scope),
            Form::Either(parts) => self.nodes(&parts[..], scope),
            Form::Choice(parts) => self.nodes(&parts[..], scope),
            Form::Through(inner) => {
                self.hint = hint;
                self.node(inner, scope);
            }
            Form::Each(each) => {
                self.node(&each.1, scope);
                let source = Source { place: Place::Block, node: Some(&each.1), scope };
                self.pattern(&each.0, scope, &source, &mut vec![Step::Element]);
            }
            Form::Block(block) => {
                let id = self.inner(scope, ScopeKind::Block);
                block.scope.set(id);
                self.nodes(&block.body, id);
            }
            Form::Import(import) => {
                for (imported, local) in &import.names {
                    let symbol = match imported {
                        Imported::Module => Name::new(&import.module),
                        Imported::Prefix(prefix) => Name::new(prefix),
                        Imported::Member(member) => join(&import.module, member),
                    };
                    let id = self.declare_name(local, scope, Place::Function, node.start, node.end);
                    self.out.all[id as usize].role = Role::Import(symbol);
                }
            }
            Form::Outer(names) => self.outer(names, scope, node),
            Form::Decorated(decorators, inner) => {
                self.nodes(decorators, scope);
                if matches!(inner.peeled().form, Form::Class(_)) {
                    self.decorators = decorators;
                }
                self.hint = hint;
                self.node(inner, scope);
            }
            Form::Exported(inner) => self.exported(inner, scope, hint),
        }
    }

    fn call(&mut self, call: &'a Call<'t>, scope: ScopeId, mut hint: Option<(Name, bool)>) {
        self.node(&call.callee, scope);
        for (keyword, value) in &call.arguments {
            // `const add = wrap((req) => …)`: the function goes by the name of the variable.
            if matches!(value.form, Form::Function(_)) && *keyword != Some(BLOCK) {
                self.hint = hint.take();
            }
            self.node(value, scope);
        }
    }

    fn map(&mut self, entries: &'a [(Cow<'t, str>, Node<'t>)], scope: ScopeId, hint: Option<(Name, bool)>) {
        for (key, value) in entries {
            if let Some((base, exported)) = &hint
                && matches!(value.form, Form::Function(_))
            {
                let symbol = if base == "~" { format_smolstr!("~{key}") } else { format_smolstr!("{base}.{key}") };
                self.hint = Some((symbol, *exported));
            }
            self.node(value, scope);
        }
    }

    fn exported(&mut self, inner: &'a Node<'t>, scope: ScopeId, hint: Option<(Name, bool)>) {
        match &inner.form {
            Form::Name(name) => self.exported.push((name, scope)),
            Form::Map(entries) => {
                let names = entries.iter().filter_map(|(_, value)| match value.form {
                    Form::Name(name) => Some((name, scope)),
                    _ => None,
                });
                self.exported.extend(names);
                self.hint = Some((Name::new_static("~"), true));
            }
            _ => self.hint = Some((hint.map_or(Name::new_static("~default"), |(symbol, _)| symbol), true)),
        }
        self.node(inner, scope);
    }

    fn function(&mut self, node: &'a Node<'t>, function: &'a Function<'t>, scope: ScopeId, hint: Option<(Name, bool)>) {
        let outer = &self.out.scopes[scope as usize];
        let (parent, class, in_class) = (outer.function, outer.class, outer.kind == ScopeKind::Class);
        let id = self.out.functions.len() as FunctionId;
        let mut exported = function.exported;
        let symbol = match class {
            // A block in the body of a class is no method.
            Some(class) if in_class && !function.name.is_empty() => {
                self.out.classes[class as usize].methods.insert(function.name, function.is_static);
                let owner = &self.out.classes[class as usize].symbol;
                match function.is_static {
                    true => format_smolstr!("{owner}.{}", function.name),
                    false => format_smolstr!("{owner}().{}", function.name),
                }
            }
            _ => match hint {
                Some((symbol, export)) if function.name.is_empty() || symbol == "~default" && export => {
                    exported |= export;
                    if function.name.is_empty() { symbol } else { format_smolstr!("~{}", function.name) }
                }
                _ if function.name.is_empty() => Name::default(),
                _ => format_smolstr!("~{}", function.name),
            },
        };
        let result = function.result.as_ref().map(|result| (result, scope));
        self.out.functions.push(FunctionInfo { symbol, parent, exported, result, start: node.start, end: node.end });
        if !in_class && !function.name.is_empty() {
            let binding = self.declare_name(function.name, scope, Place::Block, node.start, node.end);
            let binding = &mut self.out.all[binding as usize];
            binding.role = Role::Function(id);
            binding.values += 1;
        }
        let inside = self.scope(Some(scope), ScopeKind::Function, Some(id), class);
        function.id.set(id);
        function.scope.set(inside);
        for parameter in &function.parameters {
            self.parameter(parameter, function.receiver, class, inside);
        }
        self.nodes(&function.body, inside);
    }

    fn parameter(
        &mut self,
        parameter: &'a Parameter<'t>,
        receiver: Receiver<'t>,
        class: Option<ClassId>,
        scope: ScopeId,
    ) {
        if let Some(default) = &parameter.default {
            self.node(default, scope);
        }
        let before = self.out.all.len();
        let source = Source { place: Place::Block, node: None, scope };
        self.pattern(&parameter.pattern, scope, &source, &mut Vec::new());
        let is_name = matches!(&parameter.pattern, Pattern::Name(..) | Pattern::Default(..));
        for binding in &mut self.out.all[before..] {
            binding.role = match (receiver, class) {
                (Receiver::Object(name), Some(class)) if name == binding.name => Role::Object(class),
                (Receiver::Class(name), Some(class)) if name == binding.name => Role::Class(class),
                _ => Role::Parameter,
            };
            if is_name {
                binding.annotation = parameter.annotation.as_ref().map(|annotation| (annotation, scope));
                binding.shape = parameter.shape.clone();
            }
        }
    }

    fn class(&mut self, node: &'a Node<'t>, class: &'a Class<'t>, scope: ScopeId, hint: Option<(Name, bool)>) {
        let decorators = std::mem::take(&mut self.decorators);
        self.nodes(&class.bases, scope);
        let declared = self.out.lookup(class.name, scope, u32::MAX).map(|id| &self.out.all[id as usize].role);
        let bases = class.bases.iter().map(|base| (base, scope));
        let decorators = decorators.iter().map(|decorator| (decorator, scope));
        let id = match declared {
            Some(Role::Class(id)) if class.extends_declared => {
                let id = *id;
                let known = &mut self.out.classes[id as usize];
                known.bases.extend(bases);
                known.decorators.extend(decorators);
                id
            }
            _ => {
                let symbol = match hint {
                    Some((symbol, _)) if class.name.is_empty() => symbol,
                    // Where classes without names are objects of interfaces, a file has many.
                    _ if class.name.is_empty() && self.out.implicit_this => {
                        format_smolstr!("~class{}", self.out.classes.len() + 1)
                    }
                    _ => format_smolstr!("~{}", class.name),
                };
                self.out.classes.push(ClassInfo {
                    symbol,
                    fields: HashMap::default(),
                    statics: HashMap::default(),
                    methods: HashMap::default(),
                    start: node.start,
                    end: node.end,
                    bases: bases.collect(),
                    decorators: decorators.collect(),
                });
                let id = self.out.classes.len() as ClassId - 1;
                if !class.name.is_empty() {
                    let binding = self.declare_name(class.name, scope, Place::Block, node.start, node.end);
                    self.out.all[binding as usize].role = Role::Class(id);
                }
                id
            }
        };
        let function = self.out.scopes[scope as usize].function;
        let inside = self.scope(Some(scope), ScopeKind::Class, function, Some(id));
        class.id.set(id);
        class.scope.set(inside);
        self.nodes(&class.body, inside);
    }

    /// What a function that is declared as a value goes by, and whether it can be imported: in a field of a class as a method does.
    fn name_of(&self, name: &str, declare: &Declare<'t>, scope: ScopeId) -> (Name, bool) {
        let class = self.out.scopes[scope as usize].class;
        match (declare.place, class) {
            (Place::Field { is_static }, Some(class)) => {
                let owner = &self.out.classes[class as usize].symbol;
                (format_smolstr!("{owner}{}.{name}", if is_static { "" } else { "()" }), true)
            }
            _ => (format_smolstr!("~{name}"), declare.exported),
        }
    }

    fn declare(&mut self, node: &'a Node<'t>, declare: &'a Declare<'t>, scope: ScopeId) {
        if let Some(value) = &declare.value {
            if let Pattern::Name(name, ..) = &declare.pattern {
                self.hint = Some(self.name_of(name, declare, scope));
            }
            self.node(value, scope);
            self.hint = None;
        }
        let from = if declare.place == Place::Following { node.end } else { 0 };
        let source = Source { place: declare.place, node: declare.value.as_ref(), scope };
        let before = self.out.all.len();
        self.pattern(&declare.pattern, scope, &source, &mut Vec::new());
        for binding in &mut self.out.all[before..] {
            binding.from = from;
        }
        if let Pattern::Name(name, start, end) = &declare.pattern
            && (declare.annotation.is_some() || declare.shape.is_some() || declare.constant)
        {
            // A name that is visible from here on has a binding of its own already.
            let id = match declare.place {
                Place::Following => before as u32,
                place => self.declare_name(name, scope, place, *start, *end),
            };
            let binding = &mut self.out.all[id as usize];
            binding.annotation =
                binding.annotation.or(declare.annotation.as_ref().map(|annotation| (annotation, scope)));
            binding.constant |= declare.constant;
            binding.owned |= declare.owned;
            binding.shape = binding.shape.take().or_else(|| declare.shape.clone());
        }
    }

    fn pattern(
        &mut self,
        pattern: &'a Pattern<'t>,
        scope: ScopeId,
        source: &Source<'a, 't>,
        steps: &mut Vec<Step<'t>>,
    ) {
        match pattern {
            Pattern::Name(name, start, end) => {
                let id = self.declare_name(name, scope, source.place, *start, *end);
                match source.node {
                    // A static of a function has its value before the function runs; a global of Ruby gets it there.
                    Some(value) if source.place == Place::Module && !self.out.open_names => {
                        self.gets(id, value, source.scope, steps, MODULE)
                    }
                    Some(value) => self.gets(id, value, source.scope, steps, scope),
                    None => self.out.all[id as usize].starts_null = true,
                }
            }
            Pattern::Members(members) => {
                for (key, inner) in members {
                    steps.push(Step::Member(key));
                    self.pattern(inner, scope, source, steps);
                    steps.pop();
                }
            }
            Pattern::Elements(elements) => {
                for inner in elements {
                    steps.push(Step::Element);
                    self.pattern(inner, scope, source, steps);
                    steps.pop();
                }
            }
            Pattern::Default(inner, default) => {
                self.node(default, scope);
                self.pattern(inner, scope, source, steps);
            }
            Pattern::Target(node) => {
                self.node(node, scope);
                self.field_target(node, scope, source.node.filter(|_| steps.is_empty()));
            }
            Pattern::Ignored => {}
        }
    }

    fn assign(&mut self, assign: &'a Assign<'t>, node: &'a Node<'t>, scope: ScopeId) {
        self.node(&assign.target, scope);
        if let Some(value) = &assign.value {
            self.hint = match &assign.target.form {
                Form::Name(name) => Some((format_smolstr!("~{name}"), false)),
                Form::Member(object, name) => self.member_hint(object, name, scope),
                _ => None,
            };
            self.node(value, scope);
            self.hint = None;
        }
        let value = assign.default().or(assign.value.as_ref());
        if let Form::Member(object, name) = &assign.target.form
            && let Some(id) = self.static_field(object, name, scope)
        {
            return match value.filter(|_| !assign.update) {
                Some(value) => self.gets(id, value, scope, &[], scope),
                None => self.updated(id, scope),
            };
        }
        match &assign.target.form {
            Form::Name(name) => {
                self.assigned.push(Assigned { name, scope, value, update: assign.update, at: node.start })
            }
            Form::Member(..) if !assign.update => self.field_target(&assign.target, scope, value),
            Form::Member(object, name) => {
                let class = self.class_of(object, scope);
                if let Some(id) = class.and_then(|(class, of_object)| self.out.field(class, name, of_object)) {
                    let function = self.out.scopes[scope as usize].function;
                    let binding = &mut self.out.all[id as usize];
                    binding.values += 1;
                    binding.assigned_inside |= binding.function != function;
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Bindings<'a, 't> {
        for Assigned { name, scope, value, update, at } in std::mem::take(&mut self.assigned) {
            let Some(id) = self.out.lookup(name, scope, at) else { continue };
            match value {
                Some(value) if !update => self.gets(id, value, scope, &[], scope),
                _ => self.updated(id, scope),
            }
        }
        for (name, scope) in std::mem::take(&mut self.exported) {
            let Some(id) = self.out.lookup(name, scope, u32::MAX) else { continue };
            if let Role::Function(function) = self.out.all[id as usize].role {
                self.out.functions[function as usize].exported = true;
            } else if let Some(Form::Function(function)) =
                self.out.all[id as usize].origin.as_ref().map(|origin| &origin.node.peeled().form)
            {
                self.out.functions[function.id.get() as usize].exported = true;
            }
        }
        self.out
    }
}

/// Where the names of a pattern get their values from.
struct Source<'a, 't> {
    place: Place,
    node: Option<&'a Node<'t>>,
    scope: ScopeId,
}
