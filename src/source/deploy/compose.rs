//! Compose files: the Compose specification, versions 2 and 3, version 1 without `services:`, swarm stacks, and the stack
//! files of Docker Cloud.
//!
//! Reference: <https://docs.docker.com/reference/compose-file/>.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::{File, Found, Place, path_from};
use crate::model::Name;
use crate::model::deployment::{Attachment, Says, Service, Sharing, Target, UNREAD};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::source::settings;
use crate::source::yaml::{self, Entry, Node};

mod copies;
mod extends;
mod include;
mod interpolate;
mod labels;
mod mounts;
mod ports;
mod service;
mod values;

/// Files that Compose reads by itself, over which others are laid: <https://docs.docker.com/compose/intro/compose-application-model/>.
const BASES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Below these keys, one thing says nothing of its neighbour.
const PARTS: &[&str] = &[yaml::ROOT, "services"];

/// The variable that lists the files of a project: <https://docs.docker.com/compose/how-tos/environment-variables/envvars/#compose_file>.
const COMPOSE_FILE: &str = "COMPOSE_FILE";

/// Reads a Compose file, with what it extends, includes and takes its variables from. A file with services that cannot run by
/// themselves is laid over the one that says the rest.
pub fn read(file: &File<'_>) -> Found {
    let tree = yaml::parse_parts(&file.path, file.text, PARTS);
    let mut reader = Reader::new(file, tree.problems);
    let below = reader.below();
    let mut drafts = Vec::new();
    let mut is_overlay = reader.listed_below().is_some();
    for document in &tree.documents {
        reader.look_at(document);
        if let Some(services) = reader.services(document) {
            for entry in &services {
                if tree.lost.contains(&entry.key_span.line) {
                    let unread =
                        Service { kind: Name::new(UNREAD), ..Service::named(entry.key.clone(), entry.key_span) };
                    drafts.push(copies::Draft::new(unread, &entry.value, &entry.value));
                    continue;
                }
                let node = reader.extended(&entry.value, &services);
                is_overlay |= below.as_ref().is_some_and(|(_, names)| names.contains(&entry.key)) && is_part(&node);
                drafts.extend(reader.draft(entry, &node));
            }
        }
    }
    mark_jobs(&mut drafts);
    let mut attachments = std::mem::take(&mut reader.attachments);
    if let Some((path, names)) = below.filter(|_| is_overlay) {
        let (parts, own) = drafts.into_iter().partition(|draft| names.contains(&draft.service.name));
        drafts = own;
        attachments.extend(Vec::<copies::Draft>::into_iter(parts).map(|part| Attachment {
            target: Target::Declared { path: Arc::clone(&path), name: part.service.name.clone() },
            span: part.service.span,
            says: Says::Overlays(Box::new(part.service)),
        }));
    }
    let services = copies::gather(&file.path, drafts);
    let settings = tree.documents.iter().flat_map(|document| networks(document)).collect();
    Found { services, attachments, settings, comments: tree.comments, problems: reader.problems, ..Found::default() }
}

/// Others wait until a job has come to its end.
fn mark_jobs(drafts: &mut [copies::Draft]) {
    let awaited = |setting: &Setting| {
        let ends = matches!(&setting.value, Value::Text(text) if text == "service_completed_successfully");
        let name = setting.key.strip_prefix("depends_on.")?.strip_suffix(".condition")?;
        ends.then(|| Name::new(name))
    };
    let awaited: HashSet<Name> =
        drafts.iter().flat_map(|draft| draft.service.settings.iter().filter_map(awaited)).collect();
    drafts
        .iter_mut()
        .filter(|draft| awaited.contains(&draft.service.name))
        .for_each(|draft| draft.service.kind = Name::new(service::JOB));
}

/// Says neither what runs nor where that is said.
fn is_part(service: &Node) -> bool {
    service.mapping().is_some()
        && ["image", "build", "extends", "provider"].iter().all(|key| service.get(key).is_none())
}

/// `networks.<name>.external`: services of other files are reached there by their names. `networks.<name>.driver`: how far it reaches.
fn networks(document: &Node) -> Vec<Setting> {
    let networks = document.get("networks").and_then(|networks| networks.mapping());
    let told = networks.into_iter().flat_map(|networks| &networks.entries).flat_map(|network| {
        let setting = |key: &str, value: Value, span: Span| {
            let key = Name::new(format!("networks.{}.{key}", network.key));
            Setting { key, value, function: None, span }
        };
        let external = network.value.get("external").filter(|it| it.text().is_none_or(|text| text != "false"));
        let external = external.map(|node| setting("external", Value::Bool(true), node.span));
        let driver = network.value.get("driver").and_then(|node| Some((node.text()?, node.span)));
        let driver = driver.map(|(text, span)| setting("driver", Value::Text(text.clone()), span));
        [external, driver].into_iter().flatten()
    });
    told.collect()
}

/// What every part of a file is read with.
struct Reader<'a> {
    path: Arc<str>,
    text: &'a str,
    file: &'a File<'a>,
    problems: Vec<Problem>,
    attachments: Vec<Attachment>,
    /// The folder from which its relative paths are seen: its own, unless a file that includes it says otherwise.
    home: String,
    /// What the files say that Compose takes the values of variables from: `.env` of that folder, and of the file that includes this one.
    variables: Rc<Variables>,
    /// How the named volumes are shared, where the file tells.
    volumes: HashMap<Name, Sharing>,
    others: Rc<RefCell<HashMap<String, Option<Rc<Other>>>>>,
}

/// Another Compose file.
struct Other {
    text: String,
    documents: Vec<Rc<Node>>,
}

/// Variables, and where their values stand.
#[derive(Default)]
struct Variables(HashMap<Name, (Name, Location)>);

/// A scalar after interpolation.
struct Text {
    letters: Vec<(Place, char)>,
    value: Name,
    /// Holds a variable without default.
    unknown: bool,
    /// Is nothing but this variable.
    variable: Option<String>,
}

impl Text {
    /// The number, where it is one and known.
    fn number<N: std::str::FromStr>(&self) -> Option<N> {
        self.value.trim().parse().ok().filter(|_| !self.unknown)
    }
}

impl<'a> Reader<'a> {
    fn new(file: &'a File<'a>, problems: Vec<Problem>) -> Self {
        let mut reader = Reader {
            path: Arc::clone(&file.path),
            text: file.text,
            file,
            problems,
            attachments: Vec::new(),
            home: file.folder().to_owned(),
            variables: Rc::default(),
            volumes: HashMap::new(),
            others: Rc::default(),
        };
        let context = reader.context();
        reader.home = context.folder;
        reader.variables = Rc::new(Variables::of(&context.variables, file));
        reader
    }

    /// Reads the file `other`, which this one names.
    fn of_other<'o>(&self, file: &'o File<'o>) -> Reader<'o> {
        Reader {
            path: Arc::clone(&file.path),
            text: file.text,
            file,
            problems: Vec::new(),
            attachments: Vec::new(),
            home: file.folder().to_owned(),
            variables: Rc::clone(&self.variables),
            volumes: HashMap::new(),
            others: Rc::clone(&self.others),
        }
    }

    /// The path of a file that this one names.
    fn path_of(&self, named: &str) -> Option<String> {
        path_from(&self.home, named)
    }

    /// The Compose file of this path; `None` where there is none.
    fn other(&self, path: &str) -> Option<Rc<Other>> {
        if let Some(known) = self.others.borrow().get(path) {
            return known.clone();
        }
        let text = (self.file.beside)(path);
        let other =
            text.map(|text| Rc::new(Other { documents: yaml::parse_parts(path, &text, PARTS).documents, text }));
        self.others.borrow_mut().insert(path.to_owned(), other.clone());
        other
    }

    /// The file over which this one is laid where `.env` lists both, as [`COMPOSE_FILE`].
    fn listed_below(&self) -> Option<String> {
        let value = |name: &str| self.variables.0.get(name).map(|(value, _)| value.clone());
        let separator = value("COMPOSE_PATH_SEPARATOR").unwrap_or_else(|| ":".into());
        let files = value(COMPOSE_FILE)?;
        let files: Vec<_> = files.split(separator.as_str()).map(|name| self.file.path_of(name.trim())).collect();
        let own = files.iter().position(|path| path.as_deref() == Some(&*self.path)).filter(|own| *own > 0)?;
        files.into_iter().take(own).next()?
    }

    /// The file that Compose reads by itself in this folder, else in one above, and the names of its services.
    fn below(&self) -> Option<(Arc<str>, HashSet<Name>)> {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        let nearest = usize::from(BASES.contains(&name));
        let mut paths = self.listed_below().into_iter().chain(self.bases(nearest));
        let (path, other) = paths.find_map(|path| {
            let other = self.other(&path)?;
            Some((path, other))
        })?;
        let services =
            other.documents.iter().filter_map(|document| document.get("services").unwrap_or(document).mapping());
        let names = services.flat_map(|services| services.entries.iter().map(|entry| entry.key.clone())).collect();
        Some((path.into(), names))
    }

    /// Where the files may lie that Compose reads by itself: in this folder, and in those above; the first `up` of these left out.
    fn bases(&self, up: usize) -> impl Iterator<Item = String> {
        let folders = up..=self.path.matches('/').count();
        let bases = folders.flat_map(|up| BASES.map(|base| "../".repeat(up) + base));
        bases.filter_map(|base| self.file.path_of(&base))
    }

    /// What a document says beside its services.
    fn look_at(&mut self, document: &Node) {
        self.look_at_version(document);
        self.include(document);
        self.look_at_volumes(document);
    }

    /// Compose has ignored `version` since its second one, whatever it says: <https://docs.docker.com/reference/compose-file/version-and-name/>.
    /// What never was a version is told, as it may be another tool's.
    fn look_at_version(&mut self, document: &Node) {
        let Some(node) = document.get("services").and_then(|_| document.get("version")) else { return };
        let Some(version) = self.text(node).filter(|text| !text.unknown).map(|text| text.value) else { return };
        let (major, minor) = version.split_once('.').unwrap_or((&version, "0"));
        let is_known = ["1", "2", "3"].contains(&major) && (minor == "x" || minor.parse::<u32>().is_ok());
        if !is_known {
            let help =
                "Compose ignores this key and reads every file by its newest rules, as is done here: drop the line.";
            self.problem(node.span, format!("there is no version `{version}` of Compose files"), help);
        }
    }

    fn look_at_volumes(&mut self, document: &Node) {
        self.volumes.extend(self.declared_volumes(document));
    }

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

    fn interpolated<P: Copy>(&self, letters: &[(P, char)]) -> interpolate::Interpolated<P> {
        let known = |name: &str| self.variables.0.get(name).map(|(value, _)| value.clone());
        interpolate::interpolate(letters, &known)
    }

    fn text(&self, node: &Node) -> Option<Text> {
        node.text()?;
        let interpolated = self.interpolated(&node.letters(self.text));
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

impl Variables {
    /// Those of these files, as far as they are there; what an earlier one says counts.
    fn of(paths: &[String], file: &File<'_>) -> Self {
        let mut values = HashMap::new();
        for path in paths {
            let Some(text) = (file.beside)(path) else { continue };
            let path: Arc<str> = path.as_str().into();
            for Setting { key, value, span, .. } in settings::variables(&path, &text) {
                if let Some(value) = values::written(&value) {
                    let place = Location::new(Arc::clone(&path), span);
                    // Within a file the last one counts.
                    match values.get(&key) {
                        Some((_, Location { path: other, .. })) if *other != path => {}
                        _ => drop(values.insert(key, (value, place))),
                    }
                }
            }
        }
        Variables(values)
    }

    /// Where this variable has its value from.
    fn place(&self, name: &str) -> Option<Location> {
        self.0.get(name).map(|(_, place)| place.clone())
    }
}

#[cfg(test)]
mod tests;
