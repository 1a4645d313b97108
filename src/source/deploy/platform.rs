//! Files of platforms: what their readers share.
//!
//! A platform's own defaults count where a file says nothing. Where the platform by itself runs more than the file says, that is a
//! service's `ceiling`.

use std::rc::Rc;
use std::sync::Arc;

use super::{Beside, File, Found, command, has_room, processes, role, toml};
use crate::model::Name;
use crate::model::command_line::{self, Letter};
use crate::model::deployment::{Count, Mount, Number, Port, Role, Service, Sharing};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::source::settings::plain;
use crate::source::yaml::{self, Content, Entry, Node, Tree, flat};

pub mod amvera;
pub mod app_engine;
pub mod app_json;
pub mod digital_ocean;
pub mod fly;
pub mod heroku;
pub mod railway;
pub mod render;
pub mod tako;
#[cfg(test)]
mod tests;

/// Processes of one app beyond this many are nobody's: each is told all that its file says.
const MAX_PROCESSES: usize = 50;

/// What every part of a file is read with, and what is found in it.
pub(super) struct Reader<'a> {
    pub(super) path: Arc<str>,
    text: &'a str,
    pub(super) beside: Beside<'a>,
    pub(super) found: Found,
}

/// What the command of a service says.
#[derive(Default)]
pub(super) struct Told {
    text: Option<Name>,
    span: Option<Span>,
    commands: Vec<command::Command>,
}

impl<'a> Reader<'a> {
    /// Reads YAML, and JSON, which is YAML.
    fn yaml(file: &File<'a>) -> (Self, Vec<Rc<Node>>) {
        Reader::new(file, yaml::parse(&file.path, file.text))
    }

    /// The same, where the keys of the root stand for themselves.
    fn yaml_of_parts(file: &File<'a>) -> (Self, Vec<Rc<Node>>) {
        Reader::new(file, yaml::parse_parts(&file.path, file.text, &[yaml::ROOT]))
    }

    fn toml(file: &File<'a>) -> (Self, Vec<Rc<Node>>) {
        Reader::new(file, toml::parse(&file.path, file.text))
    }

    pub(super) fn new(file: &File<'a>, tree: Tree) -> (Self, Vec<Rc<Node>>) {
        let found = Found { comments: tree.comments, problems: tree.problems, ..Found::default() };
        let reader = Reader { path: Arc::clone(&file.path), text: file.text, beside: file.beside, found };
        (reader, tree.documents)
    }

    pub(super) fn problem(&mut self, span: Span, message: impl Into<String>, help: &str) {
        if has_room(&mut self.found.problems, &self.path) {
            self.found.problems.push(Problem::new(message).at(&self.path, span, self.text).help(help));
        }
    }

    pub(super) fn count_of(&self, value: impl Into<Number>, stated_as: impl Into<Name>, span: Span) -> Count {
        Count::new(value, stated_as, Location::new(Arc::clone(&self.path), span))
    }

    /// The whole number under a key; `None` where there is none, and a problem where something else is there.
    fn count(&mut self, node: &Node, key: &str, stated_as: impl Into<Name>) -> Option<Count> {
        let value = node.get(key)?;
        let stated_as = stated_as.into();
        let text = value.text().map(|text| text.trim());
        if let Some(number) = text.and_then(|text| text.parse::<u32>().ok()) {
            return Some(self.count_of(number, stated_as, value.span));
        }
        if text.is_some_and(|text| text.contains(['$', '{'])) {
            let message = format!("`{stated_as}` is a variable, so the number of instances is unknown");
            self.problem(value.span, message, "Until it is a number here, what the platform does by itself counts.");
        } else if !matches!(value.content, Content::Unresolved) {
            self.problem(value.span, format!("`{stated_as}` is a whole number, and this is none"), "");
        }
        None
    }

    /// The entries of a mapping; anything else is a problem.
    fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        match &node.content {
            Content::Mapping(mapping) => &mapping.entries,
            Content::Unresolved => &[],
            _ if node.is_null() => &[],
            _ => {
                self.problem(node.span, format!("`{what}` is a mapping, and this is none"), "");
                &[]
            }
        }
    }

    /// The items under a key, of which one may stand alone; no list and no mapping is a problem.
    fn items<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Rc<Node>] {
        let Some(value) = node.get(key) else { return &[] };
        match &value.content {
            Content::Sequence(items) => items,
            Content::Mapping(_) => std::slice::from_ref(value),
            Content::Unresolved => &[],
            Content::Scalar { .. } => {
                self.problem(value.span, format!("`{key}` is a list, and this is none"), "");
                &[]
            }
        }
    }

    /// A command line: a text, or a list of words.
    pub(super) fn command(&self, node: Option<&Rc<Node>>) -> Told {
        let Some(node) = node else { return Told::default() };
        let quoted = |item: &Rc<Node>| {
            let letters = item.letters(self.text).into_iter();
            letters.map(|(at, char)| Letter { char, at, quoted: true }).collect()
        };
        let words: command::Command = match node.sequence() {
            Some(items) => items.iter().filter(|item| item.text().is_some()).map(quoted).collect(),
            None => command::words(&node.letters(self.text)),
        };
        let text = match node.text() {
            Some(text) => text.trim().into(),
            None => words.iter().map(|word| command_line::text(word)).collect::<Vec<_>>().join(" ").into(),
        };
        let told = !Name::is_empty(&text);
        Told { text: told.then_some(text), span: told.then_some(node.span), commands: command::simple_commands(&words) }
    }

    /// A service with what its command, its image and its name tell, where the platform does not tell the role.
    pub(super) fn service(
        &self,
        (name, span): (impl Into<Name>, Span),
        kind: &str,
        role: Option<Role>,
        image: Option<Name>,
        told: Told,
        environment: Vec<Setting>,
    ) -> Service {
        let name = name.into();
        // An app that is built here and called after its database is none.
        let is_store = |role: &Role| matches!(role, Role::Database | Role::Cache | Role::Broker | Role::Balancer);
        let by_name =
            || role::of(image.as_deref(), &told.commands, &name).filter(|role| image.is_some() || !is_store(role));
        // What the platform starts by a schedule runs to its end.
        let is_scheduled = role == Some(Role::Cron);
        let role = role.or_else(by_name).unwrap_or(Role::Unknown);
        Service {
            kind: if is_scheduled { Name::new_static("job") } else { kind.into() },
            role,
            image,
            processes: processes::of(&self.path, &told.commands, &environment).filter(|count| count.value != 1),
            command: told.text,
            command_span: told.span,
            environment,
            ..Service::named(name, span)
        }
    }
}

/// Variables as a mapping of names to values.
fn environment(node: Option<&Rc<Node>>) -> Vec<Setting> {
    let entries = node.and_then(|node| node.mapping()).map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
    let variable = |entry: &Entry| Setting {
        key: entry.key.clone(),
        value: text_value(&entry.value),
        function: None,
        span: from_key(entry),
    };
    entries.iter().map(variable).collect()
}

/// Variables as a list of names and values.
fn variables(node: &Node, list: &str) -> Vec<Setting> {
    let items = node.get(list).and_then(|items| items.sequence()).unwrap_or_default();
    items.iter().filter_map(|item| named_value(item, "key")).collect()
}

/// A variable as an item that has a name and a value. What the platform takes from elsewhere, or makes itself, is known to nobody here.
pub(super) fn named_value(item: &Node, name: &str) -> Option<Setting> {
    let (key, span) = name_of(item, name)?;
    let value = item.mapping().and_then(|item| item.entry("value"));
    let (value, span) = value.map_or((Value::Unknown, span), |entry| (text_value(&entry.value), from_key(entry)));
    Some(Setting { key, value, function: None, span })
}

/// From a key to the end of its value, unless that stands elsewhere, as an alias's does.
fn from_key(entry: &Entry) -> Span {
    let (key, end) = (entry.key_span, entry.value.span);
    let follows = (end.line, end.column) >= (key.line, key.column);
    if follows { Span { end_line: end.end_line, end_column: end.end_column, ..key } } else { key }
}

/// What else a tree says, under the keys of its format.
pub(super) fn settings(node: &Node) -> Vec<Setting> {
    flat("", node, &|text, unquoted| if unquoted { plain(text) } else { Value::Text(text.into()) })
}

/// Variables are texts, whatever they look like; what holds a variable of the platform is known to nobody here.
fn text_value(node: &Node) -> Value {
    match node.text() {
        Some(text) if !text.contains("${") => Value::Text(text.clone()),
        _ => Value::Unknown,
    }
}

fn name_of(node: &Node, key: &str) -> Option<(Name, Span)> {
    let value = node.get(key)?;
    Some((value.text()?.clone(), value.span))
}

/// The folder of a file that does not name its app.
fn folder_name(path: &str) -> Option<Name> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.rsplit('/').find(|part| !part.is_empty() && !part.starts_with('.')).map(Name::new)
}

/// What an app is called that nobody names; it tells no role.
const NAMELESS: Name = Name::new_static("app");

/// The port that the app listens on, which the platform maps by itself.
fn port(node: &Node, key: &str) -> Option<Port> {
    let value = node.get(key)?;
    let container = value.text()?.trim().parse().ok()?;
    Some(Port { host: None, container, span: value.span })
}

fn mount(source: &str, target: &Node, sharing: Sharing) -> Option<Mount> {
    let path = target.text()?;
    Some(Mount { source: source.into(), target: path.clone(), read_only: false, sharing, span: target.span })
}
