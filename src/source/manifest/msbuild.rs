//! Projects of MSBuild, and the lists of packages before them: <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files>.

use roxmltree::Node;

use super::Manifest;
use super::xml::{child_text, document};

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let Some(document) = document(manifest) else { return };
    for node in document.descendants().filter(Node::is_element) {
        let (name, version) = match node.tag_name().name() {
            // What kind of program it is decides what it may use.
            "Project" => (node.attribute("Sdk"), None),
            "PackageReference" | "PackageVersion" | "FrameworkReference" => {
                (node.attribute("Include"), node.attribute("Version").or_else(|| child_text(node, "Version")))
            }
            "package" => (node.attribute("id"), node.attribute("version")),
            _ => (None, None),
        };
        let dev = node.attribute("PrivateAssets").is_some_and(|assets| assets.eq_ignore_ascii_case("all"));
        if let Some(name) = name {
            let of_project = node.attribute_node("Sdk").filter(|_| node.has_tag_name("Project"));
            let range = of_project.map_or(node.range(), |sdk| sdk.range());
            manifest.add(name, version.unwrap_or_default(), dev, range.start, range.end);
        }
    }
}
