//! Imports, and the folders that they may mean.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Import, Imported, Node};
use super::{Kind, Lower, range};

/// The folders that `module`, imported in `from`, may be, with a `/` at the end: the files of a package share their names.
/// The name of the project's own module stands in go.mod, so any of the path's ends may be a folder; the longest counts.
pub(super) fn module_candidates(_from: &str, module: &str) -> Vec<String> {
    let slashes = module.match_indices('/').map(|(at, _)| at + 1);
    let ends = slashes.filter(|at| *at < module.len()).map(|at| format!("{}/", &module[at..]));
    std::iter::once(format!("{module}/")).chain(ends).collect()
}

/// Packages that are called otherwise than the last part of their path tells.
const IRREGULAR: &[(&str, &str)] = &[("github.com/go-telegram-bot-api/telegram-bot-api", "tgbotapi")];

/// The name that a package most likely has, as goimports assumes it: without a version, `go-` and what is no identifier.
fn package_name(path: &str) -> &str {
    let mut parts = path.rsplit('/');
    let mut base = parts.next().unwrap_or(path);
    let is_version = base.strip_prefix('v').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if is_version && let Some(before) = parts.next() {
        base = before;
    }
    if let Some((_, name)) = IRREGULAR.iter().find(|(known, _)| path.starts_with(known)) {
        return name;
    }
    let base = base.strip_prefix("go-").unwrap_or(base);
    base.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or(base)
}

impl<'t> Lower<'t> {
    pub(super) fn imports(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut imports = Vec::new();
        for child in self.children(node) {
            let specs = if self.kind(child) == Kind::ImportList { self.children(child) } else { vec![child] };
            imports.extend(specs.into_iter().filter_map(|spec| self.import(spec)));
        }
        Form::Other(imports)
    }

    fn import(&mut self, node: Syntax<'t>) -> Option<Node<'t>> {
        let (start, end) = range(node);
        let path = self.slice(self.child(node, self.fields.path)?).trim_matches(['"', '`']);
        let alias = self.child(node, self.fields.name).map(|name| self.slice(name));
        let names = match alias {
            // For its side effects, or all of its names at once.
            Some("_" | ".") => Vec::new(),
            alias => vec![(Imported::Module, alias.unwrap_or_else(|| package_name(path)))],
        };
        let import = Import { module: Cow::Borrowed(path), names, type_only: false };
        (!path.is_empty()).then(|| Node::new(start, end, Form::Import(Box::new(import))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_go_by_the_end_of_their_path() {
        let cases = [
            ("net/http", "http"),
            ("github.com/labstack/echo/v4", "echo"),
            ("gopkg.in/telebot.v3", "telebot"),
            ("github.com/mattn/go-sqlite3", "sqlite3"),
            ("github.com/nats-io/nats.go", "nats"),
            ("github.com/go-telegram-bot-api/telegram-bot-api/v5", "tgbotapi"),
            ("v2", "v2"),
            ("", ""),
        ];
        for (path, name) in cases {
            assert_eq!(package_name(path), name, "{path}");
        }
    }

    #[test]
    fn an_import_may_be_any_folder_at_the_end_of_its_path() {
        let found = module_candidates("cmd/main.go", "github.com/me/shop/internal/store");
        assert_eq!(found[1..], ["me/shop/internal/store/", "shop/internal/store/", "internal/store/", "store/"]);
    }
}
