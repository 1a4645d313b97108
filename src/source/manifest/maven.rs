//! pom.xml: <https://maven.apache.org/pom.html>. A dependency is named `group:artifact`.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::Manifest;
use super::coordinates::{Found, add_all};
use super::xml::{child, child_text, document};

/// A property may be made of others: how often they are filled in.
const DEPTH: usize = 4;

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let Some(document) = document(manifest) else { return };
    let properties = properties(&document);
    let mut found = Vec::new();
    let mut managed = HashMap::new();
    for node in document.descendants().filter(Node::is_element) {
        let read = |name| child_text(node, name).map(|text| filled(text, &properties));
        let (Some(group), Some(artifact)) = (read("groupId"), read("artifactId")) else { continue };
        let name = format!("{group}:{artifact}");
        let version = read("version").unwrap_or_default();
        let scope = child_text(node, "scope").unwrap_or_default();
        let is_management = is_within(node, "dependencyManagement");
        let gives_versions = match node.tag_name().name() {
            "parent" => true,
            "dependency" if is_management && scope == "import" => true,
            "dependency" if is_management => {
                managed.insert(name, version);
                continue;
            }
            "dependency" if !is_within(node, "plugin") => false,
            _ => continue,
        };
        found.push(Found { name, version, dev: scope == "test", gives_versions, range: node.range() });
    }
    for one in found.iter_mut().filter(|one| one.version.is_empty()) {
        one.version = managed.get(&one.name).cloned().unwrap_or_default();
    }
    add_all(manifest, found);
}

/// Is it within an element of that name, whatever its namespace?
fn is_within(node: Node<'_, '_>, name: &str) -> bool {
    node.ancestors().any(|above| above.tag_name().name() == name)
}

/// What `${…}` stands for: `<properties>`, and what the project says of itself and of its parent.
fn properties(document: &Document<'_>) -> HashMap<String, String> {
    let root = document.root_element();
    let mut out = HashMap::new();
    for property in child(root, "properties").into_iter().flat_map(|list| list.children()) {
        if let Some(text) = property.text().filter(|_| property.is_element()) {
            out.insert(property.tag_name().name().to_owned(), text.trim().to_owned());
        }
    }
    let parent = child(root, "parent");
    for name in ["version", "groupId"] {
        let of_parent = parent.and_then(|parent| child_text(parent, name));
        let own = child_text(root, name).or(of_parent);
        out.extend(own.map(|text| (format!("project.{name}"), text.to_owned())));
        out.extend(of_parent.map(|text| (format!("project.parent.{name}"), text.to_owned())));
    }
    out
}

/// The text with its `${…}`; what is unknown stays as it is written.
fn filled(text: &str, properties: &HashMap<String, String>) -> String {
    let mut text = text.to_owned();
    for _ in 0..DEPTH {
        let Some(from) = text.find("${") else { break };
        let Some(end) = text[from..].find('}').map(|length| from + length) else { break };
        let Some(value) = properties.get(&text[from + 2..end]) else { break };
        text.replace_range(from..=end, value);
    }
    text
}
