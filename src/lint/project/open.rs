//! What a symbol means where the text does not tell: functions that every file may call, variables that included files set.

use std::collections::HashMap;

use super::{FileId, Project, head};
use crate::model::Name;
use crate::model::fact::FileFacts;

/// Files that a script includes, through all steps, that are looked at.
const MOST_INCLUDED: usize = 64;

/// The first declaration of each state whose name is the same in every file.
pub(super) fn process_wide(files: &[FileFacts]) -> HashMap<&str, (FileId, usize)> {
    let mut found = HashMap::new();
    for (id, file) in files.iter().enumerate() {
        for (at, state) in file.states.iter().enumerate().filter(|(_, state)| !state.symbol.starts_with('~')) {
            found.entry(state.symbol.as_str()).or_insert((id, at));
        }
    }
    found
}

impl Project<'_> {
    /// A variable that a script uses without giving it a value has one from a file that it includes.
    pub(super) fn resolve_included(&self, file: FileId, symbol: &str) -> Option<(FileId, Name)> {
        let local = Name::from(format!("~{symbol}"));
        let head = head(&local);
        let mut included = vec![file];
        let mut next = 0;
        while let Some(current) = included.get(next).copied().filter(|_| next < MOST_INCLUDED) {
            if self.tables[current].bindings.contains_key(head) || self.tables[current].states.contains_key(head) {
                return Some((current, local));
            }
            for import in &self.files[current].imports {
                let files = self.module(current, &import.module);
                included.extend(files.into_iter().filter(|file| !included.contains(file)).collect::<Vec<_>>());
            }
            next += 1;
        }
        None
    }

    pub(super) fn has_open_names(&self, file: FileId) -> bool {
        self.files[file].language.has_open_names()
    }

    /// A constant or global variable that another file declares: `CARTS`, `$carts`.
    pub(super) fn resolve_open(&self, file: FileId, symbol: &str) -> Option<(FileId, Name)> {
        let head = symbol.split(['.', '(']).next().unwrap_or(symbol);
        let home = self.open_names.get(head).filter(|_| self.has_open_names(file))?;
        Some((*home, Name::from(format!("~{symbol}"))))
    }

    /// A file that writes more of the class at the head of the symbol, and in it what the symbol names.
    pub(super) fn reopening(&self, file: FileId, local: &str) -> Option<FileId> {
        let class = local.split(['.', '(']).next().map(|head| head.trim_start_matches('~'))?;
        let files = self.classes.get(class).filter(|_| self.has_open_names(file))?.iter().map(|class| class.0);
        self.declaring(files.filter(|other| self.has_open_names(*other)), local)
    }

    /// The only file that declares the function, where files share theirs: by its bare name, or as it is imported.
    pub(super) fn resolve_function(&self, file: FileId, symbol: &str) -> Option<(FileId, Name)> {
        let facts = &self.files[file];
        let is_name = || !symbol.contains('.') || facts.imports.iter().any(|import| import.module == symbol);
        let name = symbol.rsplit('.').next().filter(|_| facts.language.shares_functions() && is_name())?;
        match self.shared_functions.get(name)?[..] {
            [home] => Some((home, Name::from(format!("~{name}")))),
            _ => None,
        }
    }
}

/// Functions outside of classes by their own names, of files that share them.
pub(super) fn shared_functions(files: &[FileFacts]) -> HashMap<&str, Vec<FileId>> {
    let mut functions: HashMap<&str, Vec<FileId>> = HashMap::new();
    for (file, facts) in files.iter().enumerate().filter(|(_, facts)| facts.language.shares_functions()) {
        let names = facts.functions.iter().filter_map(|function| function.symbol.strip_prefix('~'));
        for name in names.filter(|name| !name.contains(['.', '$'])) {
            functions.entry(name).or_default().push(file);
        }
    }
    functions
}

/// Constants and global variables by their own names, of files that share them.
pub(super) fn open_names(files: &[FileFacts]) -> HashMap<&str, FileId> {
    let mut names = HashMap::new();
    for (id, file) in files.iter().enumerate().filter(|(_, file)| file.language.has_open_names()) {
        // A plain local of a file is not seen by others.
        let is_shared = |first: char| first.is_uppercase() || first == '$';
        let symbols = file.states.iter().filter_map(|state| state.symbol.strip_prefix('~'));
        let shared = symbols.filter(|name| name.starts_with(is_shared) && !name.contains(['.', '(']));
        shared.for_each(|name| {
            names.entry(name).or_insert(id);
        });
    }
    names
}
