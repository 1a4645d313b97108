//! Chains to the state at their root, and what a binding holds.

use smol_str::format_smolstr;

use super::super::scope::{BindingId, MODULE, Role, ScopeKind, join};
use super::super::tree::{Form, Node, ScopeId};
use super::{ALIAS_DEPTH, Found, Program, Root, Target, is_wrapper};
use crate::model::Name;
use crate::model::fact::Shape;

impl<'a, 't> Program<'a, 't> {
    /// The state that an expression reaches into: `carts`, `carts[id]`, `carts.get(id).items`, or an alias of these.
    pub fn state_of(&self, node: &Node<'t>, scope: ScopeId) -> Option<Found> {
        self.state_within(node, scope, ALIAS_DEPTH)
    }

    fn state_within(&self, node: &Node<'t>, scope: ScopeId, depth: u32) -> Option<Found> {
        let depth = depth.checked_sub(1)?;
        let part = |found: Found| Found { part: true, ..found };
        match &node.peeled().form {
            Form::Name(name) => match self.bindings.lookup(name, scope, node.start) {
                Some(id) => self.binding_state(id, depth),
                None if self.dialect.roots.contains(name) || self.dialect.globals.contains(name) => {
                    Some(Found { target: Target::Imported(Name::new(name)), part: false, alias: false })
                }
                None if self.dialect.is_shared(name) => {
                    Some(Found { target: Target::Imported(format_smolstr!("~{name}")), part: false, alias: false })
                }
                // A constant or a global variable that another file declares.
                None if self.dialect.language.has_open_names()
                    && name.starts_with(|first: char| first.is_uppercase() || first == '$') =>
                {
                    Some(Found { target: Target::Imported(Name::new(name)), part: false, alias: false })
                }
                None => None,
            },
            Form::Member(..) | Form::Index(..) if self.carried(node.peeled(), scope).is_some() => {
                let symbol = self.carried(node.peeled(), scope)?;
                Some(Found { target: Target::Imported(symbol), part: false, alias: false })
            }
            Form::Member(object, name) => {
                if let Some((class, of_object)) = self.class_of(object, scope)
                    && let Some(field) = self.bindings.field(class, name, of_object)
                {
                    return self.binding_state(field, depth);
                }
                if let Some(found) = self.shared_field(node, scope) {
                    return Some(found);
                }
                let found = self.state_within(object, scope, depth)?;
                Some(match found.target {
                    Target::Imported(symbol) => Found { target: Target::Imported(join(&symbol, name)), ..found },
                    _ => part(found),
                })
            }
            Form::Index(object, _) => self.state_within(object, scope, depth + 1).map(part),
            Form::Call(call) => match &call.callee.form {
                Form::Member(object, name) if self.dialect.references.contains(name) => {
                    self.state_within(object, scope, depth).map(part)
                }
                Form::Member(object, name) if self.dialect.handles.contains(name) => {
                    // A copy of a part is no part of the state any more; a copy of a handle is another handle.
                    self.state_within(object, scope, depth + 1).filter(|found| *name != "clone" || !found.part)
                }
                _ => None,
            },
            Form::Either(parts) => self.state_within(&parts[0], scope, depth),
            _ => None,
        }
    }

    /// A variable that a framework's object carries to all handlers: `request.app.state.users`.
    fn carried(&self, node: &Node<'t>, scope: ScopeId) -> Option<Name> {
        let (object, name, keyed) = match &node.form {
            Form::Member(object, name) => (object, *name, false),
            Form::Index(object, key) => (object, key.text()?, true),
            _ => return None,
        };
        let (Form::Name(last) | Form::Member(_, last)) = object.peeled().form else { return None };
        let mut carriers =
            self.dialect.carriers.iter().filter(|carrier| carrier.keyed == keyed && carrier.is_named(last));
        let first = carriers.next()?;
        let (symbol, _) = self.symbol(object, scope)?;
        let carrier = std::iter::once(first).chain(carriers).find(|carrier| carrier.is(&symbol))?;
        Some(join(carrier.name, name))
    }

    /// A variable that the whole process shares, by a name that stands in every file for the same.
    pub fn process_wide(&self, node: &Node<'t>, scope: ScopeId) -> Option<Name> {
        let is_global = || {
            let Form::Member(object, _) = &node.form else { return None };
            let Form::Name(name) = object.form else { return None };
            let global =
                self.dialect.globals.contains(&name) && self.bindings.lookup(name, scope, object.start).is_none();
            self.symbol(node, scope).filter(|_| global).map(|(symbol, _)| symbol)
        };
        self.carried(node, scope).or_else(is_global)
    }

    /// A field of an object, or of a class, whose type another file declares: `~Shop().items`, `shop/store.Store().items`,
    /// `Shop.items`.
    fn shared_field(&self, node: &Node<'t>, scope: ScopeId) -> Option<Found> {
        if self.dialect.predeclared.is_none() && !self.dialect.open_types {
            return None;
        }
        let (symbol, root) = self.symbol(node, scope)?;
        let of_class =
            |owner: &str| self.dialect.open_types && !owner.contains('.') && owner.starts_with(char::is_uppercase);
        let known = symbol.rsplit_once('.').is_some_and(|(owner, _)| owner.ends_with("()") || of_class(owner));
        (known && root != Root::Local && (self.dialect.is_project_module)(&symbol)).then_some(Found {
            target: Target::Imported(symbol),
            part: false,
            alias: false,
        })
    }

    fn binding_state(&self, id: BindingId, depth: u32) -> Option<Found> {
        let binding = self.binding(id);
        let own = Found { target: Target::Binding(id), part: false, alias: false };
        match &binding.role {
            Role::Import(symbol) => Some(Found { target: Target::Imported(symbol.clone()), ..own }),
            Role::Function(_) | Role::Class(_) | Role::Object(_) => None,
            Role::Field { class, is_static } => {
                if self.bindings.classes[*class as usize].symbol.is_empty() && !is_static {
                    return None;
                }
                self.shape(id).map(|_| own).or_else(|| self.of_imported_type(id))
            }
            Role::Parameter => {
                if binding.shape.is_some() {
                    return Some(own);
                }
                // A parameter whose type is a container that this file names: `Carts = Arc<Mutex<…>>`.
                let (annotation, scope) = binding.annotation?;
                if let Some((class, false)) = self.class_of(annotation, scope) {
                    let field = self.bindings.field(class, "", true)?;
                    return Some(Found { target: Target::Binding(field), ..own });
                }
                self.of_imported_type(id)
            }
            // Its declared type says what it holds; whatever it is initialised with is no other name for it.
            Role::Variable if binding.shape.is_some() => Some(own),
            Role::Variable => {
                if let Some(origin) = binding.origin.as_ref().filter(|_| binding.values == 1) {
                    if let Some((symbol, Root::Known)) = self.import_like(id) {
                        return Some(Found { target: Target::Imported(symbol), ..own });
                    }
                    let leads = matches!(
                        origin.node.peeled().form,
                        Form::Name(_) | Form::Member(..) | Form::Index(..) | Form::Call(_) | Form::Either(_)
                    );
                    if leads && let Some(found) = self.state_within(origin.node, origin.scope, depth) {
                        let part = found.part || !origin.steps.is_empty();
                        return Some(Found { part, alias: true, ..found });
                    }
                }
                self.shape(id).map(|_| own)
            }
        }
    }

    /// An object of a type that another file of the project declares.
    fn of_imported_type(&self, id: BindingId) -> Option<Found> {
        let (symbol, root) = self.annotated_symbol(self.binding(id))?;
        let is_project = root == Root::Known && (self.dialect.is_project_module)(&symbol);
        is_project.then_some(Found { target: Target::Imported(symbol), part: false, alias: false })
    }

    /// The symbol of a variable that holds what a module exports: `const { carts } = require("./store")`.
    fn import_like(&self, id: BindingId) -> Option<(Name, Root)> {
        let origin = self.binding(id).origin.as_ref()?;
        let Form::Call(call) = &origin.node.peeled().form else { return None };
        self.loaded_module(call, origin.scope)?;
        Some(self.binding_symbol(id)).filter(|(symbol, _)| !symbol.contains("()"))
    }

    /// False for a module variable that is only another name: of an import, of other state, of a module.
    pub fn state_symbol(&self, id: BindingId) -> bool {
        match self.binding_state(id, ALIAS_DEPTH) {
            Some(Found { target: Target::Binding(found), .. }) => found == id,
            _ => false,
        }
    }

    /// What a binding holds, if it can be state at all. Scalars that nothing assigns again cannot.
    pub fn shape(&self, id: BindingId) -> Option<Shape> {
        if let Some(known) = &self.shapes.borrow()[id as usize] {
            return known.clone();
        }
        // While it is being found out, a binding that is defined by itself has no shape.
        self.shapes.borrow_mut()[id as usize] = Some(None);
        let shape = self.find_shape(id);
        self.shapes.borrow_mut()[id as usize] = Some(shape.clone());
        shape
    }

    fn find_shape(&self, id: BindingId) -> Option<Shape> {
        let binding = self.binding(id);
        if binding.constant {
            return None;
        }
        if let Some(shape) = &binding.shape {
            return Some(shape.clone());
        }
        if !matches!(binding.role, Role::Variable | Role::Field { .. }) {
            return None;
        }
        let again = binding.values > 1 || binding.assigned_inside;
        // Where types are declared, they say what will be held.
        if binding.starts_null
            && (self.dialect.predeclared.is_some() || self.dialect.open_types)
            && let Some((symbol, _)) = self.annotated_symbol(binding)
        {
            return symbol.strip_suffix("()").map(|made| Shape::Result(Name::new(made)));
        }
        if binding.starts_null {
            return (again || binding.values > 0).then_some(Shape::Null);
        }
        let Some(origin) = &binding.origin else { return again.then_some(Shape::Null) };
        if !origin.steps.is_empty() {
            return again.then_some(Shape::Null);
        }
        match self.shape_of(origin.node, origin.scope) {
            Some(Shape::Number | Shape::Text | Shape::Bool | Shape::Null) if !again => None,
            Some(shape) => Some(shape),
            None if matches!(origin.node.peeled().form, Form::Function(_) | Form::Class(_)) => None,
            None => (again
                && self.bindings.scopes[binding.scope as usize].kind == ScopeKind::Module
                && binding.scope == MODULE)
                .then_some(Shape::Null),
        }
    }

    pub fn shape_of(&self, node: &Node<'t>, scope: ScopeId) -> Option<Shape> {
        match &node.peeled().form {
            Form::Map(_) => Some(Shape::Map),
            Form::List(_) => Some(Shape::List),
            Form::Made(shape, _) => Some(shape.clone()),
            Form::Number(_) => Some(Shape::Number),
            Form::Text(_) | Form::Joined(_) => Some(Shape::Text),
            Form::Bool(_) => Some(Shape::Bool),
            Form::Null => Some(Shape::Null),
            Form::Either(parts) => self.shape_of(&parts[1], scope).or_else(|| self.shape_of(&parts[0], scope)),
            Form::Choice(parts) => match self.shape_of(&parts[1], scope) {
                None | Some(Shape::Null) => self.shape_of(&parts[2], scope),
                shape => shape,
            },
            Form::Call(call) => {
                let (symbol, _) = self.symbol(node.peeled(), scope)?;
                let callee = symbol.strip_suffix("()")?;
                Some(self.dialect.constructor(callee).unwrap_or_else(|| Shape::Result(Name::new(callee))))
                    .filter(|_| !is_wrapper(call))
            }
            _ => None,
        }
    }
}
