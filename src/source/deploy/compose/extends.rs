//! `extends`: a service takes over another one and changes what it says itself.
//!
//! Rules: <https://docs.docker.com/reference/compose-file/services/#extends>.

use std::collections::HashSet;
use std::rc::Rc;

use super::Reader;
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
        if let Some(file) = extends.get("file") {
            let help = "Lint the file that `docker compose config` prints to see the whole.";
            self.problem(file.span, "what this service extends is in another file, and is not read", help);
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
