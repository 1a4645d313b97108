//! Files of one folder that share their names, as those of a package of Go do.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{FileId, Tables, folder, head};
use crate::model::fact::{FileFacts, Value};

/// What the files of a folder declare together: for each name the first of them, so that many files cost no search through all.
#[derive(Default)]
pub struct Package<'a> {
    pub files: Vec<FileId>,
    pub constants: HashMap<&'a str, &'a Value>,
    declared: HashMap<&'a str, FileId>,
    /// What holds the result of a call, and by that everything below it.
    bound: HashMap<&'a str, FileId>,
}

impl<'a> Package<'a> {
    /// The first file that declares what a symbol of theirs names.
    pub fn declaring(&self, local: &str) -> Option<FileId> {
        let found = [self.declared.get(local), self.bound.get(head(local))];
        found.into_iter().flatten().min().copied()
    }

    fn add(&mut self, file: FileId, tables: &Tables<'a>) {
        self.files.push(file);
        let names = tables.functions.keys().chain(tables.states.keys()).chain(&tables.classes);
        names.for_each(|name| keep_first(&mut self.declared, name, file));
        tables.bindings.keys().for_each(|name| keep_first(&mut self.bound, name, file));
        tables.constants.iter().for_each(|(name, value)| keep_first(&mut self.constants, name, *value));
    }
}

fn keep_first<'a, T>(table: &mut HashMap<&'a str, T>, name: &'a str, value: T) {
    if let Entry::Vacant(place) = table.entry(name) {
        place.insert(value);
    }
}

/// The packages by their folders.
pub fn packages<'a>(files: &'a [FileFacts], tables: &[Tables<'a>]) -> HashMap<&'a str, Package<'a>> {
    let mut packages: HashMap<&str, Package<'_>> = HashMap::new();
    for (id, file) in files.iter().enumerate().filter(|(_, file)| file.language.shares_names()) {
        packages.entry(folder(&file.path)).or_default().add(id, &tables[id]);
    }
    packages
}
