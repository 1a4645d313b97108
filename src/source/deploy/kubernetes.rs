//! Manifests of Kubernetes, and of what extends it: documents by their `kind`, alone, several in a file, or within a `List`.
//!
//! Workloads become services ([`workload`], [`pod`], [`volumes`]). What other documents say of them (autoscalers, Services,
//! Ingresses, claims, ConfigMaps) becomes attachments ([`said`], [`routes`]), and so does what a [`kustomize`] overlay changes.
//!
//! Reference: <https://kubernetes.io/docs/reference/kubernetes-api/>.

use std::rc::Rc;
use std::sync::Arc;

use super::{File, Found};
use crate::model::Name;
use crate::model::deployment::{Attachment, Count, Number, Says, Target};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::source::settings;
use crate::source::yaml::{self, Node};

mod kustomize;
mod pod;
mod routes;
mod said;
mod volumes;
mod workload;

#[cfg(test)]
mod tests;

/// A `List` within a `List` is followed this far.
const MAX_LISTS: u8 = 4;

/// Reads all documents of a file.
pub fn read(file: &File<'_>) -> Found {
    let tree = yaml::parse(&file.path, file.text);
    let found = Found { comments: tree.comments, problems: tree.problems, ..Found::default() };
    let mut reader = Reader { file, found };
    for document in &tree.documents {
        reader.document(document, MAX_LISTS);
    }
    reader.found
}

/// The parts of a document that all kinds have.
struct Document<'n> {
    node: &'n Node,
    kind: Name,
    version: Name,
    name: Name,
    /// Where the name is written, or else the kind.
    span: Span,
}

/// What every part of a file is read with.
struct Reader<'r> {
    file: &'r File<'r>,
    found: Found,
}

impl Reader<'_> {
    fn document(&mut self, node: &Node, lists: u8) {
        if kustomize::is_kustomization(&self.file.path, node) {
            return self.kustomization(node);
        }
        let Some(kind) = node.get("kind") else { return };
        let Some(kind_name) = kind.text() else { return };
        if kind_name.ends_with("List") && lists > 0 {
            for item in list(node, "items") {
                self.document(item, lists - 1);
            }
            return;
        }
        let named = at(node, "metadata.name").or_else(|| at(node, "metadata.generateName"));
        let document = Document {
            node,
            kind: kind_name.clone(),
            version: text(node, "apiVersion").cloned().unwrap_or_default(),
            name: named.and_then(|name| name.text()).cloned().unwrap_or_default(),
            span: named.map_or(kind.span, |name| name.span),
        };
        if !self.workload(&document) && !self.said(&document) {
            self.routes(&document);
        }
    }

    fn count(&self, value: impl Into<Number>, stated_as: &str, span: Span) -> Count {
        Count::new(value, stated_as, Location::new(Arc::clone(&self.file.path), span))
    }

    /// The whole number under `keys`, named after the last part of the document's key.
    fn number(&mut self, node: &Node, keys: &str) -> Option<Count> {
        let stated = at(node, keys)?;
        let text = stated.text().map(|text| text.trim()).unwrap_or_default();
        match text.parse::<u32>() {
            Ok(value) => Some(self.count(value, keys, stated.span)),
            Err(_) => {
                let what =
                    if text.contains("${") { "is filled in elsewhere" } else { "is a whole number, and this is none" };
                let help = "Until it is one, the number of instances is unknown and counts as not stated.";
                self.problem(stated.span, format!("`{keys}` {what}"), help);
                None
            }
        }
    }

    fn attach(&mut self, target: Target, says: Says, span: Span) {
        self.found.attachments.push(Attachment { target, says, span });
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, help: &str) {
        let path = &self.file.path;
        if super::has_room(&mut self.found.problems, path) {
            self.found.problems.push(Problem::new(message).at(path, span, self.file.text).help(help));
        }
    }
}

/// The value under keys that are joined by dots.
fn at<'n>(node: &'n Node, keys: &str) -> Option<&'n Rc<Node>> {
    let (first, rest) = keys.split_once('.').map_or((keys, None), |(first, rest)| (first, Some(rest)));
    let value = node.get(first)?;
    rest.map_or(Some(value), |rest| at(value, rest))
}

fn text<'n>(node: &'n Node, keys: &str) -> Option<&'n Name> {
    at(node, keys)?.text()
}

/// The elements of the list under `keys`; none where there is no list.
fn list<'n>(node: &'n Node, keys: &str) -> &'n [Rc<Node>] {
    at(node, keys).and_then(|list| list.sequence()).unwrap_or_default()
}

/// The pairs of the mapping under `keys` whose values are scalars.
fn pairs(node: &Node, keys: &str) -> Vec<(Name, Name)> {
    let mapping = at(node, keys).and_then(|node| node.mapping());
    let entries = mapping.into_iter().flat_map(|mapping| &mapping.entries);
    entries.filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.clone()))).collect()
}

/// Everything below `node` as settings, under keys after `prefix`.
fn flat(prefix: &str, node: &Node) -> Vec<Setting> {
    yaml::flat(prefix, node, &|text, plain| match plain {
        true => settings::plain(text),
        false => Value::Text(text.into()),
    })
}
