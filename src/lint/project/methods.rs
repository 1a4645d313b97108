//! Methods by their own names, and what is called on an object whose class nobody names.

use std::collections::{HashMap, HashSet};

use super::{FileId, FunctionRef, MOST_HEIRS, Project};
use crate::model::fact::{FileFacts, FunctionId};

/// Methods of one name of more classes that have nothing in common tell nothing: `get`, `save`, `handle`.
const MOST_ALIKE: usize = 2;

impl Project<'_> {
    /// The only method of the project by the name that is called on something unknown, where the name is of several words and so
    /// is hardly anybody else's.
    pub(super) fn sole_method(&self, file: FileId, callee: &str) -> Vec<FunctionRef> {
        match method(callee, &['~', '_']).filter(|name| is_compound(name)).map(|name| self.methods_named(name)) {
            Some([one]) if self.files[one.file].language.calls(self.files[file].language) => vec![*one],
            _ => Vec::new(),
        }
    }

    /// The methods by the name that is called on something unknown, where programs do not tell types and few classes have one.
    pub fn methods_alike(&self, file: FileId, callee: &str) -> Vec<FunctionRef> {
        let language = self.files[file].language;
        let Some(name) = method(callee, &['~', '$', '_']).filter(|_| language.leaves_types_open()) else {
            return Vec::new();
        };
        if let Some(known) = self.alike.borrow().get(&(language, name.into())) {
            return known.clone();
        }
        let of_language = |method: &&FunctionRef| self.files[method.file].language == language;
        let found: Vec<_> = self.methods_named(name).iter().filter(of_language).copied().collect();
        let found = if self.families(&found) > MOST_ALIKE { Vec::new() } else { found };
        self.alike.borrow_mut().insert((language, name.into()), found.clone());
        found
    }

    fn methods_named(&self, name: &str) -> &[FunctionRef] {
        self.methods.get(name).map_or(&[], Vec::as_slice)
    }

    /// Those that the file itself declares.
    pub(super) fn methods_here(&self, file: FileId, name: &str) -> &[FunctionRef] {
        let all = self.methods_named(name);
        let start = all.partition_point(|method| method.file < file);
        let end = all.partition_point(|method| method.file <= file);
        &all[start..end]
    }

    /// The functions of a file whose symbols begin with `owner`.
    pub(super) fn functions_below(&self, file: FileId, owner: &str) -> Vec<FunctionRef> {
        let symbol = |id: &FunctionId| self.files[file].functions[*id as usize].symbol.as_str();
        let sorted = self.tables[file].sorted.get_or_init(|| {
            let mut ids: Vec<FunctionId> = (0..self.files[file].functions.len() as FunctionId).collect();
            ids.sort_by_key(|id| (symbol(id), *id));
            ids
        });
        let start = sorted.partition_point(|id| symbol(id) < owner);
        let mut found: Vec<FunctionId> =
            sorted[start..].iter().copied().take_while(|id| symbol(id).starts_with(owner)).collect();
        found.sort_unstable();
        found.into_iter().map(|function| FunctionRef { file, function }).collect()
    }

    /// How many classes that have nothing to do with each other declare the methods.
    fn families(&self, methods: &[FunctionRef]) -> usize {
        if methods.len() > MOST_HEIRS {
            return methods.len();
        }
        let family = |method: &FunctionRef| {
            let symbol = &self.files[method.file].functions[method.function as usize].symbol;
            let class = symbol.rsplit_once("().").and_then(|(class, _)| self.tables[method.file].by_class.get(class));
            class.and_then(|class| self.ancestry((method.file, *class)).last().copied())
        };
        methods.iter().map(family).collect::<HashSet<_>>().len()
    }
}

/// The name of the method that is called, where what it is called on begins with one of the signs of the unknown.
fn method<'c>(callee: &'c str, unknown: &[char]) -> Option<&'c str> {
    callee.rsplit_once('.').map(|(_, name)| name).filter(|_| callee.starts_with(unknown))
}

/// `addToCart`, `add_to_cart`: more than one word.
fn is_compound(name: &str) -> bool {
    let inner = name.trim_matches('_');
    inner.contains('_') || inner.chars().skip(1).any(char::is_uppercase)
}

/// All methods by their own names, in the order of the files.
pub fn by_name(files: &[FileFacts]) -> HashMap<&str, Vec<FunctionRef>> {
    let mut methods: HashMap<&str, Vec<FunctionRef>> = HashMap::new();
    for (file, facts) in files.iter().enumerate() {
        for (id, function) in facts.functions.iter().enumerate() {
            if let Some((_, name)) = function.symbol.rsplit_once("().") {
                methods.entry(name).or_default().push(FunctionRef { file, function: id as FunctionId });
            }
        }
    }
    methods
}
