//! First pass over a tree: which names are declared where, and from what each of them gets its value.
//!
//! Names are resolved only after this pass, so that a function may speak of what the module declares below it.

mod bind;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use smol_str::format_smolstr;

use super::dialect::Dialect;
use super::tree::{ClassId, Node, ScopeId};
use crate::model::Name;
use crate::model::fact::{FunctionId, Shape};

pub(super) type BindingId = u32;

pub(super) const MODULE: ScopeId = 0;

pub(super) struct Scope {
    pub parent: Option<ScopeId>,
    pub kind: ScopeKind,
    pub function: Option<FunctionId>,
    /// The class that `this` is an object of.
    pub class: Option<ClassId>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum ScopeKind {
    Module,
    Function,
    Block,
    Class,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    /// The symbol of what is imported.
    Import(Name),
    Function(FunctionId),
    Class(ClassId),
    /// `self` as a parameter.
    Object(ClassId),
    Parameter,
    Variable,
    Field {
        class: ClassId,
        is_static: bool,
    },
}

/// How to get from a value to the part of it that a name is bound to.
#[derive(Clone, Copy)]
pub(super) enum Step<'t> {
    Member(&'t str),
    Element,
}

pub(super) struct Origin<'a, 't> {
    pub node: &'a Node<'t>,
    pub scope: ScopeId,
    pub steps: Vec<Step<'t>>,
}

pub(super) struct Binding<'a, 't> {
    pub name: &'t str,
    pub role: Role,
    pub scope: ScopeId,
    /// The function that declares it, for a field the one that initialises it.
    pub function: Option<FunctionId>,
    pub start: u32,
    pub end: u32,
    /// Visible from here on in its scope.
    pub from: u32,
    /// Assignments of something other than null.
    pub values: u32,
    /// Declared without a value, or as null.
    pub starts_null: bool,
    /// Some function that does not declare it assigns it.
    pub assigned_inside: bool,
    /// The first value that is not null.
    pub origin: Option<Origin<'a, 't>>,
    /// Name of its type, and where it is written.
    pub annotation: Option<(&'a Node<'t>, ScopeId)>,
    pub shape: Option<Shape>,
    pub constant: bool,
    /// As in [`Declare`](super::tree::Declare).
    pub owned: bool,
}

pub(super) struct ClassInfo<'a, 't> {
    /// `~Shop`.
    pub symbol: Name,
    pub fields: HashMap<&'t str, BindingId, FixedState>,
    pub statics: HashMap<&'t str, BindingId, FixedState>,
    /// Methods, and whether each belongs to the class and not to its objects.
    pub methods: HashMap<&'t str, bool, FixedState>,
    pub start: u32,
    pub end: u32,
    pub bases: Vec<(&'a Node<'t>, ScopeId)>,
    pub decorators: Vec<(&'a Node<'t>, ScopeId)>,
}

pub(super) struct FunctionInfo<'a, 't> {
    pub symbol: Name,
    pub parent: Option<FunctionId>,
    pub exported: bool,
    /// Name of the type that it gives, and where it is written.
    pub result: Option<(&'a Node<'t>, ScopeId)>,
    pub start: u32,
    pub end: u32,
}

/// Everything that a file declares.
#[derive(Default)]
pub(super) struct Bindings<'a, 't> {
    pub scopes: Vec<Scope>,
    pub all: Vec<Binding<'a, 't>>,
    pub classes: Vec<ClassInfo<'a, 't>>,
    pub functions: Vec<FunctionInfo<'a, 't>>,
    names: HashMap<(ScopeId, &'t str), BindingId, FixedState>,
    /// Declarations that a later one of the same name in the same scope shadows, in the order of the text.
    shadowed: HashMap<(ScopeId, &'t str), Vec<BindingId>, FixedState>,
    /// As in [`Dialect`](super::dialect::Dialect).
    implicit_this: bool,
    /// Constants and classes in the body of a class are known to what is written within it.
    open_names: bool,
}

impl<'a, 't> Bindings<'a, 't> {
    pub fn of(tree: &'a Node<'t>, dialect: &Dialect) -> Self {
        bind::bindings(tree, dialect)
    }

    /// The symbol of the method that a bare name means at a place.
    pub fn method(&self, name: &str, scope: ScopeId) -> Option<Name> {
        if !self.implicit_this {
            return None;
        }
        let scopes = std::iter::successors(Some(&self.scopes[scope as usize]), |scope| {
            scope.parent.map(|parent| &self.scopes[parent as usize])
        });
        let mut classes = scopes.filter_map(|scope| scope.class).map(|class| &self.classes[class as usize]);
        classes.find_map(|class| {
            let is_static = class.methods.get(name)?;
            Some(format_smolstr!("{}{}.{name}", class.symbol, if *is_static { "" } else { "()" }))
        })
    }

    /// The binding that a name means at a place. Class bodies are not searched from the functions in them, unless the language
    /// means members by bare names.
    pub fn lookup(&self, name: &str, scope: ScopeId, at: u32) -> Option<BindingId> {
        let mut current = Some(scope);
        while let Some(id) = current {
            let found = &self.scopes[id as usize];
            let constant = self.open_names && name.starts_with(char::is_uppercase);
            if found.kind != ScopeKind::Class || id == scope || constant {
                let is_visible = |binding: &BindingId| self.all[*binding as usize].from <= at;
                let last = self.names.get(&(id, name));
                let shadowed = || {
                    let earlier = self.shadowed.get(&(id, name))?;
                    earlier[..earlier.partition_point(is_visible)].last()
                };
                if let Some(binding) = last.and_then(|last| if is_visible(last) { Some(last) } else { shadowed() }) {
                    return Some(*binding);
                }
            }
            if self.implicit_this && found.kind == ScopeKind::Class {
                let field = found.class.and_then(|class| self.field(class, name, true));
                if field.is_some() {
                    return field;
                }
            }
            current = found.parent;
        }
        None
    }

    /// The binding that the name of a type means at a place. Where bare names mean members, a field may be called as its type is.
    pub fn lookup_type(&self, name: &str, scope: ScopeId, at: u32) -> Option<BindingId> {
        if !self.implicit_this {
            return self.lookup(name, scope, at);
        }
        let scopes = std::iter::successors(Some(scope), |scope| self.scopes[*scope as usize].parent);
        let mut declared = scopes.filter_map(|scope| self.names.get(&(scope, name)).copied());
        declared.find(|id| matches!(self.all[*id as usize].role, Role::Class(_) | Role::Import(_)))
    }

    /// The member of a class, of the object before that of the class itself.
    pub fn field(&self, class: ClassId, name: &str, of_object: bool) -> Option<BindingId> {
        let class = &self.classes[class as usize];
        let own = if of_object { class.fields.get(name) } else { None };
        own.or_else(|| class.statics.get(name)).copied()
    }
}

/// `a` and `b` to `a.b`, `.` and `b` to `.b`.
pub(super) fn join(base: &str, member: &str) -> Name {
    match base.ends_with('.') && !base.ends_with("().") {
        true => format_smolstr!("{base}{member}"),
        false => format_smolstr!("{base}.{member}"),
    }
}
