//! Kustomizations: what an overlay says of workloads that its base declares.
//!
//! Files that it lists as resources or as patches are read by themselves; here are what only the kustomization says, and patches that
//! name what they speak of here. Reference: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>.

use std::rc::Rc;
use std::sync::Arc;

use super::pod::from_outside;
use super::said::is_variable;
use super::{MAX_LISTS, Reader, at, list, text};
use crate::model::Name;
use crate::model::deployment::{Count, Says, Target};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::source::deploy::{File, Found, path_from};
use crate::source::file_name;
use crate::source::yaml::{self, Node};

/// Is this a kustomization or a component, by its kind or, as it may leave that out, by the name of its file?
pub(super) fn is_kustomization(path: &str, document: &Node) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("kustomization.")
        || text(document, "apiVersion").is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
}

/// Kustomizations below one that are looked into.
const MAX_BASES: usize = 32;

/// What a folder's own kustomization may be called.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Another machine has it: <https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md>.
fn is_remote(name: &str) -> bool {
    name.contains("://") || name.contains("?ref=") || name.starts_with("git@") || name.starts_with("github.com/")
}

impl Reader<'_> {
    /// Is this file a resource of the kustomization beside it, or of none at all, as opposed to a patch?
    pub(super) fn is_resource(&self) -> bool {
        let folders: Vec<&str> =
            std::iter::successors(Some(self.file.folder()), |folder| folder.rsplit_once('/').map(|(above, _)| above))
                .collect();
        let read = |folder: &str| KUSTOMIZATIONS.iter().find_map(|name| (self.file.beside)(&join(folder, name)));
        let own = folders.first().and_then(|folder| read(folder));
        let name = file_name(&self.file.path);
        let lists = |document: &Rc<Node>| {
            let mut items = ["resources", "bases"].iter().flat_map(|key| list(document, key));
            items.any(|item| item.text().is_some_and(|text| text.trim_start_matches("./") == name))
        };
        match own {
            Some(text) => yaml::parse(&self.file.path, &text).documents.iter().any(lists),
            None => {
                !name.contains("patch") && !folders.iter().skip(1).chain(&[""]).any(|folder| read(folder).is_some())
            }
        }
    }

    pub(super) fn kustomization(&mut self, document: &Node) {
        for item in list(document, "replicas") {
            if let (Some(name), Some(count)) = (text(item, "name"), self.number(item, "count")) {
                let count = Count { stated_as: Name::new("replicas"), ..count };
                self.attach(named("", name), Says::Replicas(count), item.span);
            }
        }
        let resources = self.resources(document);
        self.renamed(document, resources);
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
            list(document, key).iter().for_each(|patch| self.patch_of(patch));
        }
        for chart in list(document, "helmCharts") {
            let help = "Lint what `kustomize build --enable-helm` gives to see them.";
            self.problem(
                chart.span,
                "charts of a kustomization are not rendered, so their services are not read",
                help,
            );
        }
        for item in list(document, "configMapGenerator") {
            self.generated(item, &|_, value| Value::Text(value.into()));
        }
        for item in list(document, "secretGenerator") {
            self.generated(item, &|key, _| from_outside(key));
        }
    }

    /// The files and folders that it takes resources from; what is missing is told.
    fn resources(&mut self, document: &Node) -> Vec<Arc<str>> {
        let mut found = Vec::new();
        for item in ["resources", "bases", "components"].iter().flat_map(|key| list(document, key)) {
            let Some(name) = item.text().filter(|name| !is_remote(name)) else { continue };
            // What lies outside of what is analysed may be there.
            let Some(path) = self.file.path_of(name) else { continue };
            let is_file = (self.file.beside)(&path).is_some();
            let has_kustomization =
                || KUSTOMIZATIONS.iter().any(|name| (self.file.beside)(&join(&path, name)).is_some());
            if is_file || has_kustomization() {
                if self.leads_back(&path) {
                    let help = "Kustomize refuses such a circle.";
                    self.problem(item.span, format!("`{name}` takes this kustomization in turn"), help);
                }
                found.push(path.into());
            } else {
                self.problem(item.span, format!("`{name}` is not here, so nothing of it is read"), "");
            }
        }
        found
    }

    /// Does the kustomization of a folder take this one, itself or through others?
    fn leads_back(&self, folder: &str) -> bool {
        let mut open = vec![folder.to_owned()];
        let mut next = 0;
        while let Some(folder) = open.get(next).cloned().filter(|_| next < MAX_BASES) {
            if folder == self.file.folder() {
                return true;
            }
            next += 1;
            let Some(text) = KUSTOMIZATIONS.iter().find_map(|name| (self.file.beside)(&join(&folder, name))) else {
                continue;
            };
            for document in &yaml::parse(&folder, &text).documents {
                let items = ["resources", "bases", "components"].iter().flat_map(|key| list(document, key));
                let folders = items.filter_map(|item| item.text()).filter_map(|name| path_from(&folder, name));
                let new: Vec<String> = folders.filter(|folder| !open.contains(folder)).take(MAX_BASES).collect();
                open.extend(new);
            }
        }
        false
    }

    /// `namePrefix`, `nameSuffix` and `images`, which hold for all that it takes in.
    fn renamed(&mut self, document: &Node, resources: Vec<Arc<str>>) {
        let said = |key: &str| text(document, key).cloned().unwrap_or_default();
        let (prefix, suffix) = (said("namePrefix"), said("nameSuffix"));
        let image = |item: &Rc<Node>| {
            let name = text(item, "name")?.clone();
            let new = text(item, "newName").unwrap_or(&name);
            let new = match (text(item, "digest"), text(item, "newTag")) {
                (Some(digest), _) => format!("{new}@{digest}"),
                (None, Some(tag)) => format!("{new}:{tag}"),
                (None, None) => new.to_string(),
            };
            Some((name, Name::new(new)))
        };
        let images: Vec<_> = list(document, "images").iter().filter_map(image).collect();
        let changes = !prefix.is_empty() || !suffix.is_empty() || !images.is_empty();
        if changes && !resources.is_empty() {
            self.attach(Target::Below(resources), Says::Renames { prefix, suffix, images }, document.span);
        }
    }

    /// A patch that stands right here, or one in a file that does not say what it speaks of: others are read by themselves.
    fn patch_of(&mut self, patch: &Rc<Node>) {
        let is_inline = |text: &Rc<Node>| text.text().is_some_and(|text| text.contains('\n'));
        // `patchesStrategicMerge` has paths and texts side by side.
        let inline = patch.get("patch").or(Some(patch).filter(|patch| is_inline(patch)));
        let target = patch.get("target").and_then(|target| {
            let kind = text(target, "kind").map(|kind| kind.to_lowercase()).unwrap_or_default();
            Some(named(&kind, text(target, "name")?))
        });
        let (content, place) = match (inline, patch.get("path")) {
            (Some(inline), _) => (inline.text().map(|text| text.to_string()), inline.span),
            (None, Some(path)) if target.is_some() => (self.beside(path), path.span),
            _ => return,
        };
        let content = content.unwrap_or_default();
        for document in &yaml::parse(&self.file.path, &content).documents {
            let own = || Some(named(&text(document, "kind")?.to_lowercase(), text(document, "metadata.name")?));
            if let (Some(value), Some(target)) = (replicas(document), target.clone().or_else(own)) {
                let count = self.count(value, "spec.replicas of a patch", place);
                self.attach(target, Says::Replicas(count), patch.span);
            }
        }
        if inline.is_some() && target.is_none() {
            self.laid_over(&content, place);
        }
    }

    fn beside(&self, path: &Node) -> Option<String> {
        (self.file.beside)(&self.file.path_of(path.text()?)?)
    }

    /// What a patch says beside the number of replicas, at the place of the patch.
    fn laid_over(&mut self, content: &str, place: Span) {
        let file = File { path: self.file.path.clone(), text: content, beside: self.file.beside };
        let mut inner = Reader { file: &file, found: Found::default() };
        for document in &yaml::parse(&self.file.path, content).documents {
            if !is_kustomization("", document) {
                inner.document(document, MAX_LISTS);
            }
        }
        for attachment in inner.found.attachments {
            let says = match attachment.says {
                Says::Settings(settings) => Says::Settings(placed(settings, place)),
                Says::Environment(settings) => Says::Environment(placed(settings, place)),
                _ => continue,
            };
            self.attach(attachment.target, says, place);
        }
    }

    /// `literals` and `envs` of a generator.
    fn generated(&mut self, item: &Node, value: &dyn Fn(&Name, &str) -> Value) {
        let Some(name) = text(item, "name") else { return };
        let setting = |line: &str, span: Span| {
            let (key, text) = line.split_once('=').filter(|(key, _)| is_variable(key.trim()))?;
            let key = Name::new(key.trim());
            Some(Setting { value: value(&key, text.trim().trim_matches(['"', '\''])), key, function: None, span })
        };
        let literals = list(item, "literals").iter();
        let mut settings: Vec<Setting> =
            literals.filter_map(|literal| setting(literal.text()?, literal.span)).collect();
        for file in list(item, "envs").iter().chain(at(item, "env")) {
            let content = self.beside(file);
            settings
                .extend(content.iter().flat_map(|content| content.lines()).filter_map(|line| setting(line, file.span)));
        }
        if !settings.is_empty() {
            self.found.settings.extend(settings.iter().cloned());
            self.attach(Target::Configured(name.clone()), Says::Environment(settings), item.span);
        }
    }
}

fn named(kind: &str, name: &Name) -> Target {
    Target::Named { kind: Name::new(kind), name: name.clone() }
}

fn placed(settings: Vec<Setting>, span: Span) -> Vec<Setting> {
    settings.into_iter().map(|setting| Setting { span, ..setting }).collect()
}

/// The replicas that a patch sets, as a part of the document or as an operation on it.
fn replicas(patch: &Node) -> Option<u32> {
    let operation = |item: &Rc<Node>| {
        let sets = text(item, "path").is_some_and(|path| path == "/spec/replicas");
        text(item, "value").filter(|_| sets)?.trim().parse().ok()
    };
    match patch.sequence() {
        Some(operations) => operations.iter().find_map(operation),
        None => text(patch, "spec.replicas")?.trim().parse().ok(),
    }
}
