//! What manifests in XML share.

use roxmltree::{Document, Node};

use super::Manifest;

/// The document of the manifest; a problem where it is none.
pub(super) fn document<'t>(manifest: &mut Manifest<'t>) -> Option<Document<'t>> {
    let text = manifest.text;
    match Document::parse(text) {
        Ok(document) => Some(document),
        Err(error) => {
            let at = offset(text, error.pos());
            manifest.problem(format!("failed to parse: {error}"), at, at + 1);
            None
        }
    }
}

pub(super) fn child<'a, 't>(node: Node<'a, 't>, name: &str) -> Option<Node<'a, 't>> {
    node.children().find(|child| child.tag_name().name() == name)
}

pub(super) fn child_text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim)
}

/// Where in the text a row and a column, both from 1, are.
fn offset(text: &str, at: roxmltree::TextPos) -> usize {
    let line = text.split_inclusive('\n').take(at.row.saturating_sub(1) as usize).map(str::len).sum::<usize>();
    let column = text.get(line..).unwrap_or_default().char_indices().nth(at.col.saturating_sub(1) as usize);
    column.map_or(text.len(), |(column, _)| line + column)
}
