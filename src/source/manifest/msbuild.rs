//! Projects of MSBuild, and the lists of packages before them: <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files>.

use roxmltree::{Document, Node};

use super::Manifest;

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let text = manifest.text;
    let document = match Document::parse(text.trim_start_matches('\u{feff}')) {
        Ok(document) => document,
        Err(error) => {
            let at = offset(text, error.pos());
            return manifest.problem(format!("failed to parse: {error}"), at, at + 1);
        }
    };
    let skipped = text.len() - document.input_text().len();
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
            manifest.add(name, version.unwrap_or_default(), dev, range.start + skipped, range.end + skipped);
        }
    }
}

fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children().find(|child| child.has_tag_name(name))?.text()
}

/// Where in the text a row and a column, both from 1, are.
fn offset(text: &str, at: roxmltree::TextPos) -> usize {
    let line = text.split_inclusive('\n').take(at.row.saturating_sub(1) as usize).map(str::len).sum::<usize>();
    let column = text.get(line..).unwrap_or_default().char_indices().nth(at.col.saturating_sub(1) as usize);
    column.map_or(text.len(), |(column, _)| line + column)
}
