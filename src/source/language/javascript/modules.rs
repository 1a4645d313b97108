//! Imports and exports, and the files that they may mean.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Import, Imported, Node};
use super::functions::decorated;
use super::{Kind, Lower};

const ENDINGS: &[&str] = &["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];

/// The files that `module`, imported in `from`, may be. A package is none of them.
pub(super) fn module_candidates(from: &str, module: &str) -> Vec<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    if let Some(inner) = module.strip_prefix("@/").or_else(|| module.strip_prefix("~/")) {
        // By custom `@/` is the folder of the sources.
        parts.push("src");
        parts.extend(inner.split('/'));
    } else if module.starts_with('.') {
        parts.extend(folder.split('/').filter(|part| !part.is_empty()));
        for part in module.split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    if parts.pop().is_none() {
                        return Vec::new();
                    }
                }
                part => parts.push(part),
            }
        }
    } else {
        return Vec::new();
    }
    let stem = parts.join("/");
    let mut found = vec![stem.clone()];
    // TypeScript's modules are imported by the name that they will have as JavaScript.
    if let Some(bare) = [".js", ".mjs", ".cjs", ".jsx"].iter().find_map(|ending| stem.strip_suffix(ending)) {
        found.extend(["ts", "tsx", "mts", "cts"].iter().map(|ending| format!("{bare}.{ending}")));
    }
    found.extend(ENDINGS.iter().map(|ending| format!("{stem}.{ending}")));
    let inside = if stem.is_empty() { String::new() } else { format!("{stem}/") };
    found.extend(ENDINGS.iter().map(|ending| format!("{inside}index.{ending}")));
    found
}

impl<'t> Lower<'t> {
    pub(super) fn import(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let type_only = self.is_type_only(node);
        let require = children.iter().find(|child| self.kind(**child) == Kind::ImportRequire).copied();
        let source = require.unwrap_or(node).child_by_field_id(self.fields.source);
        let Some(Form::Text(module)) = source.map(|source| self.string(source)) else { return Form::Other(Vec::new()) };
        let mut names = Vec::new();
        if let Some(require) = require {
            names.extend(require.named_child(0).map(|name| (Imported::Module, self.slice(name))));
        }
        let mut only_types = false;
        let clauses = children.into_iter().filter(|child| self.kind(*child) == Kind::ImportClause);
        for clause in clauses.collect::<Vec<_>>() {
            for part in self.children(clause) {
                match self.kind(part) {
                    Kind::Identifier => names.push((Imported::Module, self.slice(part))),
                    Kind::NamespaceImport => {
                        names.extend(part.named_child(0).map(|name| (Imported::Module, self.slice(name))));
                    }
                    Kind::NamedImports => {
                        let specifiers = self.children(part);
                        only_types = !specifiers.is_empty() && specifiers.iter().all(|one| self.is_type_only(*one));
                        names.extend(specifiers.into_iter().map(|one| self.specifier(one)));
                    }
                    _ => {}
                }
            }
        }
        let type_only =
            type_only || only_types && names.iter().all(|(imported, _)| matches!(imported, Imported::Member(_)));
        Form::Import(Box::new(Import { module, names, type_only }))
    }

    pub(super) fn is_type_only(&self, node: Syntax<'t>) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).take(3).any(|child| matches!(child.kind(), "type" | "typeof"))
    }

    pub(super) fn specifier(&self, node: Syntax<'t>) -> (Imported<'t>, &'t str) {
        let name = self.name(node, self.fields.name);
        let alias = self.name(node, self.fields.alias);
        let local = if alias.is_empty() { name } else { alias };
        (if name == "default" { Imported::Module } else { Imported::Member(name) }, local)
    }

    pub(super) fn export(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        if let Some(source) = node.child_by_field_id(self.fields.source) {
            let Form::Text(module) = self.string(source) else { return Form::Other(Vec::new()) };
            return Form::Import(Box::new(Import { module, names: Vec::new(), type_only: self.is_type_only(node) }));
        }
        let mut decorators = Vec::new();
        let mut parts = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Decorator => decorators.extend(child.named_child(0).map(|inner| self.node(inner))),
                Kind::ExportClause => {
                    for one in self.children(child) {
                        let name = Node::new(start, end, Form::Name(self.name(one, self.fields.name)));
                        parts.push(Node::new(start, end, Form::Exported(Box::new(name))));
                    }
                }
                _ => {
                    let mut inner = self.node(child);
                    mark_exported(&mut inner);
                    let is_value = node.child_by_field_id(self.fields.value).is_some_and(|value| value == child)
                        || child.child_by_field_id(self.fields.name).is_none();
                    let (start, end) = (inner.start, inner.end);
                    parts.push(match is_value {
                        true => Node::new(start, end, Form::Exported(Box::new(inner))),
                        false => inner,
                    });
                }
            }
        }
        match parts.pop() {
            Some(last) if parts.is_empty() => decorated(decorators, node, last.form),
            Some(last) => {
                parts.push(last);
                Form::Other(parts)
            }
            None => Form::Other(decorators),
        }
    }
}

/// `exports.x`, `module.exports`, `module.exports.x`.
pub(super) fn is_exports(target: &Node<'_>) -> bool {
    match &target.form {
        Form::Member(object, name) => match &object.form {
            Form::Name(object) => *object == "exports" || *object == "module" && *name == "exports",
            Form::Member(..) => is_exports(object),
            _ => false,
        },
        _ => false,
    }
}

fn mark_exported(node: &mut Node<'_>) {
    match &mut node.form {
        Form::Function(function) => function.exported = true,
        Form::Class(class) => class.exported = true,
        Form::Declare(declare) => declare.exported = true,
        Form::Other(nodes) => nodes.iter_mut().for_each(mark_exported),
        Form::Decorated(_, inner) => mark_exported(inner),
        _ => {}
    }
}
