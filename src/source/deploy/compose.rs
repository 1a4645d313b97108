//! Compose files: the Compose specification, versions 2 and 3, version 1 without `services:`, swarm stacks, and the stack
//! files of Docker Cloud.
//!
//! Reference: <https://docs.docker.com/reference/compose-file/>.

use std::rc::Rc;
use std::sync::Arc;

use super::{File, Found, Place};
use crate::model::Name;
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::source::yaml::{self, Entry, Node};

mod copies;
mod extends;
mod interpolate;
mod mounts;
mod ports;
mod service;

/// Reads a Compose file by itself; files that it includes, extends or is laid over are not known here.
pub fn read(File { path, text, .. }: &File<'_>) -> Found {
    let tree = yaml::parse(path, text);
    let mut reader = Reader { path: Arc::clone(path), text, problems: tree.problems };
    let mut drafts = Vec::new();
    for document in &tree.documents {
        if let Some(services) = reader.services(document) {
            for entry in &services {
                let node = reader.extended(&entry.value, &services);
                drafts.extend(reader.service(entry, &node));
            }
        }
    }
    let services = copies::gather(path, drafts);
    Found { services, comments: tree.comments, problems: reader.problems, ..Found::default() }
}

/// What every part of a file is read with.
struct Reader<'a> {
    path: Arc<str>,
    text: &'a str,
    problems: Vec<Problem>,
}

/// A scalar after interpolation.
struct Text {
    letters: Vec<(Place, char)>,
    value: Name,
    /// Holds a variable without default.
    unknown: bool,
    /// Is nothing but this variable without default.
    variable: Option<String>,
}

impl Text {
    /// The number, where it is one and known.
    fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.value.trim().parse().ok().filter(|_| !self.unknown)
    }
}

impl Reader<'_> {
    /// The entries that are services: those under `services`, else (version 1) those of the file that have an image or a
    /// build.
    fn services<'n>(&mut self, document: &'n Node) -> Option<Vec<&'n Entry>> {
        if document.is_null() {
            return None;
        }
        let Some(root) = document.mapping() else {
            self.problem(document.span, "a Compose file is a mapping, and this is none", "");
            return None;
        };
        let candidates = match root.entry("services") {
            Some(entry) if entry.value.is_null() => return None,
            Some(entry) => {
                let services = entry.value.mapping();
                if services.is_none() {
                    self.problem(
                        entry.value.span,
                        "`services` is a mapping of names to services, and this is none",
                        "",
                    );
                }
                services?
            }
            None => root,
        };
        let nested = root.entry("services").is_some();
        let named = candidates.entries.iter().filter(|entry| !entry.key.starts_with("x-"));
        let services: Vec<_> = named
            .filter(|entry| nested || ["image", "build"].iter().any(|key| entry.value.get(key).is_some()))
            .collect();
        // A file may hold only networks, volumes or an `include`.
        let others = ["version", "name", "include", "networks", "volumes", "configs", "secrets"];
        if services.is_empty()
            && !nested
            && !root.entries.iter().all(|e| others.contains(&e.key.as_str()) || e.key.starts_with("x-"))
        {
            self.problem(document.span, "no services are in this file", "Services stand under `services:`.");
        }
        Some(services)
    }

    fn text(&self, node: &Node) -> Option<Text> {
        node.text()?;
        let interpolated = interpolate::interpolate(&node.letters(self.text));
        let value = interpolated.text().into();
        Some(Text {
            letters: interpolated.letters,
            value,
            unknown: interpolated.unknown,
            variable: interpolated.variable,
        })
    }

    /// The text of a scalar; anything else is a problem.
    fn scalar(&mut self, node: &Node, what: &str) -> Option<Text> {
        let text = self.text(node);
        if text.is_none() && !matches!(node.content, yaml::Content::Unresolved) {
            self.problem(node.span, format!("`{what}` is one value, and this is none"), "");
        }
        text
    }

    fn name(&mut self, service: &Node, key: &str) -> Option<(Name, Span)> {
        let node = service.get(key)?;
        self.scalar(node, key).map(|text| (text.value, node.span))
    }

    /// The items of a list; anything else is a problem.
    fn items(&mut self, service: &Node, key: &str) -> Vec<Rc<Node>> {
        let Some(node) = service.get(key) else { return Vec::new() };
        match node.sequence() {
            Some(items) => items.to_vec(),
            None => {
                if !matches!(node.content, yaml::Content::Unresolved) {
                    self.problem(node.span, format!("`{key}` is a list, and this is none"), "");
                }
                Vec::new()
            }
        }
    }

    fn problem(&mut self, span: Span, message: impl Into<String>, help: &str) {
        if super::has_room(&mut self.problems, &self.path) {
            self.problems.push(Problem::new(message).at(&self.path, span, self.text).help(help));
        }
    }
}

#[cfg(test)]
mod tests;
