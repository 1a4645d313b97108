//! `include`: files whose services run beside those of this one. They are read by themselves; here it is told where one is missing.
//!
//! Rules: <https://docs.docker.com/reference/compose-file/include/>.

use std::rc::Rc;

use super::super::{File, path_from};
use super::Reader;
use crate::model::Name;
use crate::model::deployment::{Attachment, Says, Target};
use crate::model::location::Span;
use crate::source::yaml::Node;

/// Files that include each other deeper than this are nobody's.
const MAX_DEPTH: usize = 32;

/// From where the paths and variables of a file are seen.
pub(super) struct Context {
    pub folder: String,
    /// Files of variables; what an earlier one says counts.
    pub variables: Vec<String>,
}

impl Context {
    fn of(folder: String) -> Self {
        let variables = path_from(&folder, VARIABLES).into_iter().collect();
        Context { folder, variables }
    }
}

/// The file of variables that Compose reads by itself.
const VARIABLES: &str = ".env";

impl Reader<'_> {
    /// Of a file that the project's own file includes, as that has it; of any other one its own folder. "The local project's environment
    /// has precedence over the values set by the Compose file."
    pub(super) fn context(&self) -> Context {
        let own = || Context::of(self.file.folder().to_owned());
        let included = self.bases(0).filter(|path| **path != *self.path).find_map(|path| {
            let other = self.other(&path)?;
            let file = File { path: path.as_str().into(), text: &other.text, beside: self.file.beside };
            let mut items = other.documents.iter().flat_map(|document| items(document).to_vec());
            let item = items.find(|item| {
                paths(item).iter().any(|node| named(node, &file).is_some_and(|path| *path == *self.path))
            })?;
            let folder = item.get("project_directory").and_then(|folder| named(folder, &file));
            let mut context = folder.map_or_else(own, Context::of);
            let stated = item.get("env_file").map(listed).unwrap_or_default();
            if !stated.is_empty() {
                context.variables = stated.iter().rev().filter_map(|node| named(node, &file)).collect();
            }
            context.variables.splice(0..0, file.path_of(VARIABLES));
            Some(context)
        });
        included.unwrap_or_else(own)
    }

    pub(super) fn include(&mut self, document: &Node) {
        let Some(included) = document.get("include") else { return };
        if included.sequence().is_none() {
            self.problem(included.span, "`include` is a list of files, and this is none", "");
        }
        for node in variables(document) {
            let Some(name) = self.text(&node).filter(|text| !text.unknown).map(|text| text.value) else { continue };
            if self.path_of(&name).is_some_and(|path| (self.file.beside)(&path).is_none()) {
                let what = "so the variables of what is included have no values";
                self.problem(node.span, format!("`{name}` is not here, {what}"), "");
            }
        }
        for (node, name) in files(document) {
            let Some(name) = self.text(&node).filter(|text| !text.unknown).map(|_| name) else { continue };
            match self.path_of(&name).filter(|path| self.other(path).is_some()) {
                None => self.problem(node.span, format!("`{name}` is not here, so its services are not read"), ""),
                Some(path) if self.leads_back(&path) => {
                    self.problem(
                        node.span,
                        format!("`{name}` includes this file in turn"),
                        "Compose refuses such a circle.",
                    );
                }
                Some(path) => self.replace(document, &path, node.span),
            }
        }
    }

    /// A service that this file declares as well is this file's.
    fn replace(&mut self, document: &Node, path: &str, span: Span) {
        let own: Vec<Name> = names(document).collect();
        let Some(other) = self.other(path) else { return };
        let both = other.documents.iter().flat_map(|document| names(document)).filter(|name| own.contains(name));
        self.attachments.extend(both.map(|name| Attachment {
            target: Target::Declared { path: path.into(), name },
            says: Says::Replaces,
            span,
        }));
    }

    /// Does a file include this one, itself or through others?
    fn leads_back(&self, path: &str) -> bool {
        let mut seen = vec![path.to_owned()];
        let mut next = 0;
        while let Some(path) = seen.get(next).cloned().filter(|_| next < MAX_DEPTH) {
            if *path == *self.path {
                return true;
            }
            next += 1;
            let Some(other) = self.other(&path) else { continue };
            let file = File { path: path.as_str().into(), text: &other.text, beside: self.file.beside };
            let named =
                other.documents.iter().flat_map(|document| files(document)).filter_map(|(_, name)| file.path_of(&name));
            seen.extend(named.filter(|path| !seen.contains(path)).collect::<Vec<_>>());
        }
        false
    }
}

fn names(document: &Node) -> impl Iterator<Item = Name> {
    let services = document.get("services").and_then(|services| services.mapping());
    services.into_iter().flat_map(|services| &services.entries).map(|entry| entry.key.clone())
}

fn items(document: &Node) -> &[Rc<Node>] {
    document.get("include").and_then(|node| node.sequence()).unwrap_or_default()
}

/// A list, or the only element of one.
fn listed(node: &Rc<Node>) -> Vec<Rc<Node>> {
    node.sequence().map_or_else(|| vec![node.clone()], <[_]>::to_vec)
}

/// The paths of one element of `include`.
fn paths(item: &Rc<Node>) -> Vec<Rc<Node>> {
    listed(item.get("path").unwrap_or(item))
}

fn named(node: &Rc<Node>, file: &File<'_>) -> Option<String> {
    file.path_of(node.text()?)
}

/// The files of variables, `env_file`, of what a document includes.
fn variables(document: &Node) -> Vec<Rc<Node>> {
    items(document).iter().filter_map(|item| item.get("env_file")).flat_map(listed).collect()
}

/// The files that a document includes, those of other machines left out.
fn files(document: &Node) -> Vec<(Rc<Node>, String)> {
    let is_remote = |name: &str| name.contains("://") || name.starts_with("git@");
    let named = items(document).iter().flat_map(paths).filter_map(|node| Some((node.text()?.to_string(), node)));
    named.filter(|(name, _)| !is_remote(name)).map(|(name, node)| (node, name)).collect()
}
