//! Imports, and the files that they may mean.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Import, Imported, Node};
use super::{Kind, Lower};

/// The files that `module`, imported in `from`, may be.
pub(super) fn module_candidates(from: &str, module: &str) -> Vec<String> {
    let dots = module.chars().take_while(|c| *c == '.').count();
    let inner = module[dots..].replace('.', "/");
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut bases = Vec::new();
    if dots > 0 {
        let mut base = folder;
        for _ in 1..dots {
            base = base.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        bases.push(base);
    } else {
        // An absolute import starts at some folder above the file: the root of the sources.
        let mut base = folder;
        bases.push(base);
        while !base.is_empty() {
            base = base.rsplit_once('/').map_or("", |(parent, _)| parent);
            bases.push(base);
        }
    }
    let join = |base: &str, rest: &str| match (base, rest) {
        ("", rest) => rest.to_string(),
        (base, "") => base.to_string(),
        (base, rest) => format!("{base}/{rest}"),
    };
    bases
        .into_iter()
        .flat_map(|base| {
            let stem = join(base, &inner);
            let package = join(&stem, "__init__.py");
            if inner.is_empty() { vec![package] } else { vec![format!("{stem}.py"), package] }
        })
        .collect()
}

impl<'t> Lower<'t> {
    pub(super) fn import(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut imports = Vec::new();
        for child in self.children(node) {
            let (start, end) = (child.start_byte() as u32, child.end_byte() as u32);
            let (module, name) = match self.kind(child) {
                Kind::AliasedImport => {
                    let module = child.child_by_field_id(self.fields.name).map_or("", |name| self.slice(name));
                    let alias = child.child_by_field_id(self.fields.alias).map_or("", |alias| self.slice(alias));
                    (module, (Imported::Module, alias))
                }
                _ => {
                    let module = self.slice(child);
                    let first = module.split('.').next().unwrap_or(module);
                    (module, (Imported::Prefix(first), first))
                }
            };
            let import = Import { module: Cow::Borrowed(module), names: vec![name], type_only: self.type_only };
            imports.push(Node::new(start, end, Form::Import(Box::new(import))));
        }
        Form::Other(imports)
    }

    pub(super) fn import_from(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(module) = node.child_by_field_id(self.fields.module_name) else { return Form::Other(Vec::new()) };
        let mut names = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                _ if child == module => {}
                Kind::DottedName => names.push((Imported::Member(self.slice(child)), self.slice(child))),
                Kind::AliasedImport => {
                    let name = child.child_by_field_id(self.fields.name).map_or("", |name| self.slice(name));
                    let alias = child.child_by_field_id(self.fields.alias).map_or("", |alias| self.slice(alias));
                    names.push((Imported::Member(name), alias));
                }
                _ => {}
            }
        }
        let module = Cow::Borrowed(self.slice(module));
        Form::Import(Box::new(Import { module, names, type_only: self.type_only }))
    }
}
