//! Imports, and the files that they may mean.

use std::borrow::Cow;

use syn::{Item, UseTree};

use super::super::tree::{Import, Imported};
use super::Lower;

impl<'t> Lower<'t> {
    pub(super) fn use_tree(&mut self, tree: &UseTree, path: &mut Vec<&'t str>, found: &mut Vec<Import<'t>>) {
        match tree {
            UseTree::Path(inner) => {
                let word = self.word(&inner.ident);
                // `mod store; use store::Cart;`
                if path.is_empty() && self.modules.iter().any(|module| module == word) {
                    self.use_tree(&inner.tree, &mut vec!["self", word], found);
                    return;
                }
                path.push(word);
                self.use_tree(&inner.tree, path, found);
                path.pop();
            }
            UseTree::Name(name) => {
                let word = self.word(&name.ident);
                self.use_name(word, word, path, found);
            }
            UseTree::Rename(rename) => {
                let (word, local) = (self.word(&rename.ident), self.word(&rename.rename));
                self.use_name(word, local, path, found);
            }
            UseTree::Glob(_) => {
                let module = Cow::Owned(path.join("."));
                found.push(Import { module, names: Vec::new(), type_only: false });
            }
            UseTree::Group(group) => group.items.iter().for_each(|inner| self.use_tree(inner, path, found)),
        }
    }

    fn use_name(&mut self, word: &'t str, local: &'t str, path: &[&'t str], found: &mut Vec<Import<'t>>) {
        let of_project = matches!(path.first(), Some(&("crate" | "self" | "super")));
        let (module, imported, local) = match word {
            "self" => {
                let last = path.last().copied().unwrap_or(word);
                (path.join("."), Imported::Module, if local == "self" { last } else { local })
            }
            // It may be a module itself: the path as a whole is what can be looked for.
            _ if path.is_empty() || of_project => {
                let full: Vec<_> = path.iter().copied().chain([word]).collect();
                (full.join("."), Imported::Module, local)
            }
            _ => (path.join("."), Imported::Member(word), local),
        };
        match found.iter_mut().find(|import| import.module == module) {
            Some(import) => import.names.push((imported, local)),
            None => found.push(Import { module: Cow::Owned(module), names: vec![(imported, local)], type_only: false }),
        }
    }
}

/// The modules that the items declare and that files of their own hold.
pub(super) fn declared(items: &[Item]) -> Vec<String> {
    let held_elsewhere = |item: &Item| match item {
        Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
        _ => None,
    };
    items.iter().filter_map(held_elsewhere).collect()
}

/// The files that `module`, imported in `from`, may be: `crate.store` is `src/store.rs`. An item in it has no file of its own.
pub(super) fn module_candidates(from: &str, module: &str) -> Vec<String> {
    let (folder, file) = from.rsplit_once('/').unwrap_or(("", from));
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let owns_folder = matches!(stem, "mod" | "lib" | "main");
    let join = |base: &str, name: &str| if base.is_empty() { name.to_string() } else { format!("{base}/{name}") };
    let above = |folder: &str| folder.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_string());
    let mut names: Vec<&str> = module.split('.').collect();
    // The folder that submodules of the module named first lie in.
    let mut base = if owns_folder { folder.to_string() } else { join(folder, stem) };
    match names.remove(0) {
        "crate" => {
            let parts: Vec<&str> = folder.split('/').collect();
            let at = parts.iter().rposition(|part| *part == "src");
            base = at.map_or(folder.to_string(), |at| parts[..=at].join("/"));
        }
        "self" => {}
        "super" => {
            base = above(&base);
            while names.first() == Some(&"super") {
                base = above(&base);
                names.remove(0);
            }
        }
        _ => return Vec::new(),
    }
    if names.is_empty() {
        let file = (!base.is_empty()).then(|| format!("{base}.rs"));
        return ["lib.rs", "main.rs", "mod.rs"].iter().map(|name| join(&base, name)).chain(file).collect();
    }
    let stem = join(&base, &names.join("/"));
    vec![format!("{stem}.rs"), format!("{stem}/mod.rs")]
}
