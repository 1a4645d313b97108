//! What a language calls things: the tables by which the common machinery reads its names.

use crate::model::fact::{AccessKind, Language, Shape};

pub(super) struct Dialect {
    pub language: Language,
    /// Methods of the language's containers, and what they do to the container.
    pub methods: &'static [(&'static str, AccessKind)],
    /// Methods that hand out the container itself and say nothing about what is done to it: `lock`, `unwrap`, `clone`.
    pub handles: &'static [&'static str],
    /// Methods that hand out a part of the container that can be changed in place: `get`, `setdefault`.
    pub references: &'static [&'static str],
    /// Functions that change their first argument.
    pub mutators: &'static [(&'static str, AccessKind)],
    /// Calls that make containers and plain values, by symbol.
    pub constructors: &'static [(&'static str, Shape)],
    /// Calls that read an environment variable: the name comes first, a fallback may follow.
    pub environment_calls: &'static [&'static str],
    /// Objects whose members are environment variables.
    pub environment_objects: &'static [&'static str],
    /// Methods on what an environment read returns that give its value: `strip`, `expect`.
    pub environment_passes: &'static [&'static str],
    /// Methods on what an environment read returns that give its value or their argument: `unwrap_or`.
    pub environment_fallbacks: &'static [&'static str],
    /// The global that loads a module named by its argument: `require`.
    pub loaders: &'static [&'static str],
    /// Names at the beginning of a path that mean modules of this project without an import: `crate`.
    pub roots: &'static [&'static str],
    /// Objects whose members are variables of the whole process: `globalThis`.
    pub globals: &'static [&'static str],
    /// Objects that a framework hands to every handler; their members are variables of the whole process as well.
    pub carriers: &'static [Carrier],
    /// The language's own names, where the files of a folder share theirs: what a file neither declares nor finds here is
    /// declared by another file of its folder.
    pub predeclared: Option<&'static [&'static str]>,
    /// A type that the file neither declares nor imports goes by its bare name: another file may declare it.
    pub open_types: bool,
    /// A bare name in a method may be a member of the class: `items` for `this.items`.
    pub implicit_this: bool,
    /// True for a module that can be a file of the project and no library.
    pub is_project_module: fn(&str) -> bool,
}

/// An object of the application, by which its handlers share things: `request.app.state`.
pub(super) struct Carrier {
    /// What its members go by: `app.state` for `app.state.users`.
    pub name: &'static str,
    /// How symbols of it end.
    pub ends: &'static [&'static str],
    /// It is a mapping: `request.app["users"]`.
    pub keyed: bool,
}

impl Carrier {
    pub fn is(&self, symbol: &str) -> bool {
        let before = |end: &str| symbol.strip_suffix(end);
        self.ends.iter().any(|end| before(end).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '~'])))
    }

    /// The last segment of each of its symbols.
    pub fn is_named(&self, name: &str) -> bool {
        self.ends.iter().any(|end| end.rsplit('.').next() == Some(name))
    }
}

impl Dialect {
    /// True for the symbol of a variable that the whole process shares.
    pub fn is_process_wide(&self, symbol: &str) -> bool {
        symbol.split_once('.').is_some_and(|(first, _)| self.globals.contains(&first))
            || self
                .carriers
                .iter()
                .any(|carrier| symbol.strip_prefix(carrier.name).is_some_and(|rest| rest.starts_with('.')))
    }

    /// True for a name that another file of the folder declares, if this one does not.
    pub fn is_shared(&self, name: &str) -> bool {
        self.predeclared.is_some_and(|names| !names.contains(&name) && name != "_")
    }

    pub fn method(&self, name: &str) -> Option<AccessKind> {
        self.methods.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    pub fn mutator(&self, symbol: &str) -> Option<AccessKind> {
        self.mutators.iter().find(|(known, _)| *known == symbol).map(|(_, kind)| *kind)
    }

    pub fn constructor(&self, symbol: &str) -> Option<Shape> {
        self.constructors.iter().find(|(known, _)| *known == symbol).map(|(_, shape)| shape.clone())
    }
}
