//! `extends`: a service takes over another one and changes what it says itself.
//!
//! Rules: <https://docs.docker.com/reference/compose-file/services/#extends>.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::super::File;
use super::Reader;
use super::service::is_replacement;
use crate::model::Name;
use crate::model::deployment::{Attachment, Says, Service, Target};
use crate::source::yaml::{Content, Entry, Mapping, Node};

/// Lists that are joined; other lists (`command`, `entrypoint`) are replaced.
const JOINED: &[&str] =
    &["ports", "expose", "volumes", "environment", "depends_on", "links", "external_links", "dns", "tmpfs", "profiles"];

/// A chain of `extends` longer than this is nobody's file.
const MAX_CHAIN: usize = 32;

impl Reader<'_> {
    /// The service with all that it extends within this file. The services it extends become sources of the mapping, as
    /// those that `<<` names are.
    pub(super) fn extended(&mut self, service: &Rc<Node>, services: &[&Entry]) -> Rc<Node> {
        let mut chain = vec![Rc::clone(service)];
        while let Some(base) = self.base(&chain[chain.len() - 1], services) {
            let is_circle = chain.iter().any(|node| Rc::ptr_eq(node, &base));
            if is_circle || chain.len() == MAX_CHAIN {
                let what = if is_circle { "lead back to themselves" } else { "are too many" };
                self.problem(service.span, format!("the services that this one extends {what}"), "");
                break;
            }
            chain.push(base);
        }
        let Some(mut whole) = chain.pop() else { return Rc::clone(service) };
        while let Some(next) = chain.pop() {
            whole = laid_over(&next, &whole, true);
        }
        whole
    }

    fn base(&mut self, service: &Node, services: &[&Entry]) -> Option<Rc<Node>> {
        let extends = service.get("extends")?;
        // What is in another file has a text of its own, and is laid under the service when that is read.
        if self.named_file(service).is_some() {
            return None;
        }
        let named = extends.get("service").unwrap_or(extends);
        let name = self.scalar(named, "extends")?.value;
        let base = services.iter().find(|entry| entry.key == name).map(|entry| Rc::clone(&entry.value));
        if base.is_none() {
            self.problem(named.span, format!("no service `{name}` is in this file"), "");
        }
        base
    }
}

/// A service of another file, as `(path, name)`.
type Foreign = (String, Name);

impl Reader<'_> {
    /// The file that a service extends, unless that is this very file.
    fn named_file(&self, service: &Node) -> Option<Rc<Node>> {
        let file = service.get("extends")?.get("file")?;
        let is_here = |name: &Name| self.path_of(name).is_some_and(|path| *path == *self.path);
        file.text().is_none_or(|name| !is_here(name)).then(|| Rc::clone(file))
    }

    /// What the service extends of another file, as this file has it. `chain` is what has been followed so far.
    pub(super) fn foreign(&mut self, node: &Node, chain: &mut Vec<Foreign>) -> Result<Option<Service>, String> {
        let Some(file) = self.named_file(node) else { return Ok(None) };
        let named = node.get("extends").and_then(|extends| extends.get("service"));
        let (Some(file), Some(name)) = (self.text(&file), named.and_then(|named| self.text(named))) else {
            return Err("`extends` names a `file` and a `service`".to_owned());
        };
        let path =
            self.path_of(&file.value).ok_or_else(|| format!("`{}` is outside of what is analysed", file.value))?;
        let other =
            self.other(&path).ok_or_else(|| format!("`{}`, which this service extends, is not here", file.value))?;
        let step = (path, name.value);
        if chain.contains(&step) || chain.len() == MAX_CHAIN {
            return Err("the services that this one extends lead back to themselves".to_owned());
        }
        let (path, name) = (Arc::<str>::from(step.0.as_str()), step.1.clone());
        chain.push(step);
        let file = File { path: Arc::clone(&path), text: &other.text, beside: self.file.beside };
        let mut reader = self.of_other(&file);
        let mut found = None;
        for document in &other.documents {
            let services = reader.services(document).unwrap_or_default();
            let Some(entry) = services.iter().find(|entry| entry.key == name) else { continue };
            reader.look_at_volumes(document);
            let node = reader.extended(&entry.value, &services);
            found = Some(reader.service(entry, &node, chain)?);
        }
        self.attachments.append(&mut reader.attachments);
        let service = found.ok_or_else(|| format!("no service `{name}` is in `{path}`"))?;
        let target = Target::Declared { path: Arc::clone(&path), name };
        self.attachments.push(Attachment { target, says: Says::Replaces, span: service.span });
        Ok(Some(service.seen_from(&path, &self.path)))
    }
}

/// `upper` with what only `lower` has; mappings are laid over each other, the lists of [`JOINED`] joined.
fn laid_over(upper: &Rc<Node>, lower: &Rc<Node>, is_service: bool) -> Rc<Node> {
    let (Some(over), Some(under)) = (upper.mapping(), lower.mapping()) else { return Rc::clone(upper) };
    let mut mapping = Mapping { entries: over.entries.clone(), sources: over.sources.clone() };
    if is_service {
        mapping.sources.push(Rc::clone(lower));
    }
    for entry in &under.entries {
        match mapping.entries.iter_mut().find(|own| own.key == entry.key) {
            None if entry.key == "extends" => {}
            None => mapping.entries.push(Entry { merged: true, ..entry.clone() }),
            Some(own) => own.value = joined(&own.key, &own.value, &entry.value),
        }
    }
    Node::composed(upper.span, Content::Mapping(mapping))
}

fn joined(key: &str, upper: &Rc<Node>, lower: &Rc<Node>) -> Rc<Node> {
    if is_replacement(upper) {
        return Rc::clone(upper);
    }
    match (&upper.content, &lower.content) {
        (Content::Sequence(over), Content::Sequence(under)) if JOINED.contains(&key) => {
            let mut seen: HashSet<_> = over.iter().filter_map(|item| item.text().cloned()).collect();
            let new = under.iter().filter(|item| item.text().is_none_or(|text| seen.insert(text.clone())));
            Node::composed(upper.span, Content::Sequence(new.chain(over).cloned().collect()))
        }
        (Content::Mapping(_), Content::Mapping(_)) => laid_over(upper, lower, false),
        _ => Rc::clone(upper),
    }
}
