//! `include`: files whose services run beside those of this one. They are read by themselves; here it is told where one is missing.
//!
//! Rules: <https://docs.docker.com/reference/compose-file/include/>.

use super::super::File;
use super::Reader;
use crate::model::Name;
use crate::model::deployment::{Attachment, Says, Target};
use crate::model::location::Span;
use crate::source::yaml::Node;

/// Files that include each other deeper than this are nobody's.
const MAX_DEPTH: usize = 32;

impl Reader<'_> {
    pub(super) fn include(&mut self, document: &Node) {
        let Some(included) = document.get("include") else { return };
        if included.sequence().is_none() {
            self.problem(included.span, "`include` is a list of files, and this is none", "");
        }
        for node in variables(document) {
            let Some(name) = self.text(&node).filter(|text| !text.unknown).map(|text| text.value) else { continue };
            if self.file.path_of(&name).is_some_and(|path| (self.file.beside)(&path).is_none()) {
                let what = "so the variables of what is included have no values";
                self.problem(node.span, format!("`{name}` is not here, {what}"), "");
            }
        }
        for (node, name) in files(document) {
            let Some(name) = self.text(&node).filter(|text| !text.unknown).map(|_| name) else { continue };
            match self.file.path_of(&name).filter(|path| self.other(path).is_some()) {
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

/// The files of variables, `env_file`, of what a document includes.
fn variables(document: &Node) -> Vec<std::rc::Rc<Node>> {
    let items = document.get("include").and_then(|node| node.sequence()).unwrap_or_default();
    let files = items.iter().filter_map(|item| item.get("env_file"));
    files.flat_map(|file| file.sequence().map_or_else(|| vec![file.clone()], <[_]>::to_vec)).collect()
}

/// The files that a document includes, those of other machines left out.
fn files(document: &Node) -> Vec<(std::rc::Rc<Node>, String)> {
    let items = document.get("include").and_then(|node| node.sequence()).unwrap_or_default();
    let named = items.iter().flat_map(|item| {
        let paths = item.get("path").unwrap_or(item);
        paths.sequence().map_or_else(|| vec![paths.clone()], <[_]>::to_vec)
    });
    let is_remote = |name: &str| name.contains("://") || name.starts_with("git@");
    named
        .filter_map(|node| Some((node.text()?.to_string(), node)))
        .filter(|(name, _)| !is_remote(name))
        .map(|(name, node)| (node, name))
        .collect()
}
