//! Names and fields that come to be, and the values that they get.

use smol_str::format_smolstr;

use super::super::super::tree::{ClassId, Form, Node, Place, ScopeId};
use super::super::{Binding, BindingId, MODULE, Origin, Role, ScopeKind, Step};
use super::Binder;
use crate::model::Name;
use crate::model::fact::FunctionId;

impl<'a, 't> Binder<'a, 't> {
    /// The binding that a declaration of the name in this scope makes or means again.
    pub(super) fn declare_name(
        &mut self,
        name: &'t str,
        scope: ScopeId,
        place: Place,
        start: u32,
        end: u32,
    ) -> BindingId {
        let mut home = if place == Place::Module { MODULE } else { scope };
        if place == Place::Function {
            while self.out.scopes[home as usize].kind == ScopeKind::Block {
                let Some(parent) = self.out.scopes[home as usize].parent else { break };
                home = parent;
            }
        }
        let (kind, function, class) = {
            let home = &self.out.scopes[home as usize];
            (home.kind, home.function, home.class)
        };
        let known = self.out.names.get(&(home, name)).copied();
        if let Some(id) = known
            && place != Place::Following
        {
            return id;
        }
        let role = match (kind, class, place) {
            (ScopeKind::Class, Some(class), Place::Field { is_static }) => Role::Field { class, is_static },
            (ScopeKind::Class, Some(class), _) => Role::Field { class, is_static: true },
            _ => Role::Variable,
        };
        let id = self.new_binding(name, role.clone(), home, function, start, end);
        if let Some(known) = known {
            self.out.shadowed.entry((home, name)).or_default().push(known);
        }
        self.out.names.insert((home, name), id);
        if let Role::Field { class, is_static } = role {
            let class = &mut self.out.classes[class as usize];
            let members = if is_static { &mut class.statics } else { &mut class.fields };
            members.insert(name, id);
        }
        id
    }

    fn new_binding(
        &mut self,
        name: &'t str,
        role: Role,
        scope: ScopeId,
        function: Option<FunctionId>,
        start: u32,
        end: u32,
    ) -> BindingId {
        self.out.all.push(Binding {
            name,
            role,
            scope,
            function,
            start,
            end,
            from: 0,
            values: 0,
            starts_null: false,
            assigned_inside: false,
            origin: None,
            annotation: None,
            shape: None,
            constant: false,
            owned: false,
        });
        self.out.all.len() as BindingId - 1
    }

    /// Records that a binding gets a value, in `by`.
    pub(super) fn gets(&mut self, id: BindingId, value: &'a Node<'t>, scope: ScopeId, steps: &[Step<'t>], by: ScopeId) {
        let function = self.out.scopes[by as usize].function;
        let binding = &mut self.out.all[id as usize];
        binding.assigned_inside |= binding.function != function;
        if steps.is_empty() && matches!(value.peeled().form, Form::Null) {
            binding.starts_null |= binding.values == 0;
            return;
        }
        binding.values += 1;
        if binding.origin.is_none() {
            binding.origin = Some(Origin { node: value, scope, steps: steps.to_vec() });
        }
    }

    /// Records that a binding gets a value that comes out of its old one, in `by`.
    pub(super) fn updated(&mut self, id: BindingId, by: ScopeId) {
        let function = self.out.scopes[by as usize].function;
        let binding = &mut self.out.all[id as usize];
        // Twice, so that what comes out of an update never counts as the one known value.
        binding.values += 2;
        binding.assigned_inside |= binding.function != function;
    }

    /// A member that a class declares for itself, named by the class: `Shop.items`.
    pub(super) fn static_field(&self, object: &Node<'t>, name: &str, scope: ScopeId) -> Option<BindingId> {
        let Form::Name(class) = object.form else { return None };
        match self.out.all[self.out.lookup(class, scope, object.start)? as usize].role {
            Role::Class(class) => self.out.classes[class as usize].statics.get(name).copied(),
            _ => None,
        }
    }

    /// The name of a function that is assigned to a member: `exports.add`, `this.add`, `Shop.prototype.add`.
    pub(super) fn member_hint(&self, object: &Node<'t>, name: &str, scope: ScopeId) -> Option<(Name, bool)> {
        if let Some((class, true)) = self.class_of(object, scope) {
            return Some((format_smolstr!("{}().{name}", self.out.classes[class as usize].symbol), false));
        }
        match &object.form {
            Form::Name("exports" | "module") => Some((format_smolstr!("~{name}"), true)),
            Form::Name(object) => Some((format_smolstr!("~{object}.{name}"), false)),
            Form::Member(inner, "prototype") => match inner.form {
                Form::Name(object) => Some((format_smolstr!("~{object}().{name}"), false)),
                _ => None,
            },
            Form::Member(inner, "exports") if matches!(inner.form, Form::Name("module")) => {
                Some((format_smolstr!("~{name}"), true))
            }
            _ => None,
        }
    }

    /// The class that a node is an object of (true), or is (false), as far as this pass can tell.
    pub(super) fn class_of(&self, node: &Node<'t>, scope: ScopeId) -> Option<(ClassId, bool)> {
        match &node.form {
            Form::This => self.out.scopes[scope as usize].class.map(|class| (class, true)),
            Form::Name(name) => {
                match self.out.lookup(name, scope, node.start).map(|id| &self.out.all[id as usize].role) {
                    Some(Role::Object(class)) => Some((*class, true)),
                    Some(Role::Class(class)) => Some((*class, false)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `self.x = value` declares a field of the object, `Shop.x = value` one of the class.
    pub(super) fn field_target(&mut self, target: &'a Node<'t>, scope: ScopeId, value: Option<&'a Node<'t>>) {
        let Form::Member(object, name) = &target.form else { return };
        let Some((class, of_object)) = self.class_of(object, scope) else { return };
        let name: &'t str = name;
        let function = self.out.scopes[scope as usize].function;
        let known = self.out.field(class, name, of_object);
        let id = known.unwrap_or_else(|| {
            let role = Role::Field { class, is_static: !of_object };
            let id = self.new_binding(name, role, scope, function, target.start, target.end);
            let class = &mut self.out.classes[class as usize];
            let members = if of_object { &mut class.fields } else { &mut class.statics };
            members.insert(name, id);
            id
        });
        match value {
            Some(value) => self.gets(id, value, scope, &[], scope),
            None => self.out.all[id as usize].values += 2,
        }
    }

    pub(super) fn outer(&mut self, names: &[&'t str], scope: ScopeId, node: &Node<'t>) {
        for name in names {
            let parent = self.out.scopes[scope as usize].parent.unwrap_or(MODULE);
            let id = match self.out.lookup(name, parent, node.start) {
                Some(id) => id,
                None => self.declare_name(name, MODULE, Place::Function, node.start, node.end),
            };
            self.out.names.insert((scope, name), id);
        }
    }
}
