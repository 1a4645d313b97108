//! Names that are imported, and files that are included.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Import, Imported, Node};
use super::{Kind, Lower, range};

/// The files that `include 'inc/cart.php'` in `from` may mean: beside it, or below the folder that the server starts from.
/// Classes are no files: the project finds them by their names.
pub(super) fn module_candidates(from: &str, module: &str) -> Vec<String> {
    if ![".php", ".phtml", ".inc"].iter().any(|end| module.ends_with(end)) {
        return Vec::new();
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = normal(&format!("{folder}/{module}"));
    let below = normal(module).filter(|_| !module.starts_with("./"));
    beside.into_iter().chain(below).collect()
}

/// The path without `.` and `..`; `None` above the project.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl<'t> Lower<'t> {
    /// `use App\{Cart, Order as O};`
    pub(super) fn imports(&mut self, node: Syntax<'t>) -> Form<'t> {
        let parts = self.children(node);
        let prefix =
            parts.iter().find(|part| self.kind(**part) == Kind::NamespaceName).map_or("", |name| self.slice(*name));
        let group = parts.iter().find(|part| self.kind(**part) == Kind::UseGroup);
        let clauses = group.map_or_else(|| parts.clone(), |group| self.children(*group));
        let clauses = clauses.into_iter().filter(|clause| self.kind(*clause) == Kind::UseClause);
        let clauses: Vec<_> = clauses.collect();
        Form::Other(clauses.into_iter().filter_map(|clause| self.import(prefix, clause)).collect())
    }

    fn import(&self, prefix: &str, clause: Syntax<'t>) -> Option<Node<'t>> {
        let (start, end) = range(clause);
        let name = self.slice(clause.named_child(0)?);
        let alias = self.child(clause, self.fields.alias).map(|alias| self.slice(alias));
        let local = alias.or_else(|| name.rsplit('\\').next())?;
        let full = format!("{prefix}\\{name}");
        let module = Cow::Owned(full.trim_matches('\\').replace('\\', "."));
        let import = Import { module, names: vec![(Imported::Module, local)], type_only: false };
        Some(Node::new(start, end, Form::Import(Box::new(import))))
    }

    /// `require __DIR__ . '/inc/cart.php';`
    pub(super) fn include(&mut self, node: Syntax<'t>) -> Form<'t> {
        let inner = self.nodes(node);
        let path = inner.first().and_then(|path| self.included(path));
        match path {
            Some(module) => Form::Import(Box::new(Import { module, names: Vec::new(), type_only: false })),
            None => Form::Other(inner),
        }
    }

    /// The path of an included file, where the text tells; `./` before one that begins at the including file's folder.
    fn included(&self, path: &Node<'t>) -> Option<Cow<'t, str>> {
        match &path.peeled().form {
            Form::Text(text) => Some(text.clone()),
            Form::Joined(parts) => match &parts[..] {
                [folder, rest] if self.is_own_folder(folder) => {
                    Some(Cow::Owned(format!("./{}", rest.text()?.trim_start_matches('/'))))
                }
                // A constant or a function that names the root of the project.
                [_, rest] => rest.text().map(|rest| Cow::Owned(rest.trim_start_matches('/').to_owned())),
                _ => None,
            },
            _ => None,
        }
    }

    /// `__DIR__`, `dirname(__FILE__)`.
    fn is_own_folder(&self, node: &Node<'t>) -> bool {
        match &node.peeled().form {
            Form::Name(name) => name.eq_ignore_ascii_case("__DIR__"),
            Form::Call(call) => {
                let of_file = |node: &Node<'t>| matches!(node.form, Form::Name("__FILE__"));
                matches!(call.callee.form, Form::Name("dirname"))
                    && call.arguments.len() == 1
                    && of_file(&call.arguments[0].1)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::module_candidates;

    #[test]
    fn an_included_file_lies_beside_or_below_the_root() {
        assert_eq!(module_candidates("web/a/index.php", "../inc/db.php"), ["web/inc/db.php"]);
        assert_eq!(module_candidates("web/index.php", "inc/db.php"), ["web/inc/db.php", "inc/db.php"]);
        assert_eq!(module_candidates("web/index.php", "./db.php"), ["web/db.php"]);
        assert!(module_candidates("web/index.php", "App.Services.Cart").is_empty());
    }
}
