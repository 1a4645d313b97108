//! Imports and exports, and the files that they may mean.

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Import, Imported, Node};
use super::functions::decorated;
use super::{Kind, Lower};

const ENDINGS: &[&str] = &["ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts"];

/// What an import may begin with instead of a path, and the folders that this means by the custom of build tools and frameworks,
/// in the folder of the package: `@/` of Vite and Next.js, `~/` of Remix and Nuxt, `$lib/` of SvelteKit, `#` of AdonisJS.
const ALIASES: &[(&str, &[&str])] = &[
    ("@/", &["src/", "", "app/"]),
    ("~~/", &[""]),
    ("~/", &["app/", "src/", ""]),
    ("$lib/", &["src/lib/"]),
    ("$lib", &["src/lib/"]),
    ("#", &["app/", "src/", ""]),
    ("src/", &["src/"]),
];

/// Is it a symbol of a file of the project, or of a package?
pub(super) fn is_project_module(symbol: &str) -> bool {
    symbol.starts_with('.') || ALIASES.iter().any(|(prefix, _)| symbol.starts_with(prefix))
}

/// The files that `module`, imported in `from`, may be. A package is none of them.
pub(super) fn module_candidates(from: &str, module: &str) -> Vec<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    if module.starts_with('.') {
        return relative(folder, module).map(|stem| files(&stem)).unwrap_or_default();
    }
    let alias = ALIASES.iter().find_map(|(prefix, homes)| Some((module.strip_prefix(prefix)?, *homes)));
    let Some((inner, homes)) = alias else { return Vec::new() };
    let inner = inner.trim_start_matches('/');
    // The package is one of the folders around the file, the nearest most likely.
    let around = std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
        Some((outer, _)) => Some(outer),
        None => (!folder.is_empty()).then_some(""),
    });
    let stems = around.flat_map(|outer| {
        let separator = if outer.is_empty() { "" } else { "/" };
        homes.iter().map(move |home| format!("{outer}{separator}{home}{inner}"))
    });
    stems.flat_map(|stem| files(stem.trim_end_matches('/'))).collect()
}

/// The path that a relative import means, without its ending.
fn relative(folder: &str, module: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in module.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What a path without an ending may be.
fn files(stem: &str) -> Vec<String> {
    let mut found = vec![stem.to_owned()];
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
                    parts.push(match is_value {
                        true => given(inner),
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

/// What the module itself gives, `export default x` and `module.exports = x`. Where that is data it is a setting as well.
pub(super) fn given(value: Node<'_>) -> Node<'_> {
    let (start, end) = (value.start, value.end);
    let data = matches!(value.form, Form::Map(_) | Form::List(_) | Form::Name(_) | Form::Call(_));
    let exported = Node::new(start, end, Form::Exported(Box::new(value)));
    match data {
        true => Node::new(start, end, Form::Settings(vec![("~".into(), exported)])),
        false => exported,
    }
}

/// `module.exports`.
pub(super) fn is_module(target: &Node<'_>) -> bool {
    matches!(&target.form, Form::Member(object, "exports") if matches!(object.form, Form::Name("module")))
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
