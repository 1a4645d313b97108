//! web.config and app.config: <https://learn.microsoft.com/dotnet/framework/configure-apps/file-schema/>.
//!
//! Elements nest with dots, and an attribute is the last part: `configuration.system.web.sessionState.mode`. An element of a list
//! goes by its own name: `<add key="Mode" value="x"/>` of `appSettings` is `configuration.appSettings.Mode`, and
//! `<add name="Shop" connectionString="x"/>` of `connectionStrings` is `configuration.connectionStrings.Shop.connectionString`.

use roxmltree::{Document, Node, ParsingOptions};

use super::{MAX_DEPTH, MAX_KEY, Sheet, plain};

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let text = sheet.text;
    let options = ParsingOptions { nodes_limit: 200_000, ..ParsingOptions::default() };
    let document = match Document::parse_with_options(text, options) {
        Ok(document) => document,
        Err(error) => {
            let place = error.pos();
            let at: usize = text.split_inclusive('\n').take(place.row.saturating_sub(1) as usize).map(str::len).sum();
            let message = error.to_string();
            // The place is told by the span.
            let message = message.rsplit_once(" at ").map_or(message.as_str(), |(message, _)| message);
            return sheet.problem(message, at, at + 1);
        }
    };
    for comment in document.descendants().filter(Node::is_comment) {
        let range = comment.range();
        sheet.comment(range.start, range.end);
    }
    let mut open = vec![(document.root_element(), String::new())];
    while let Some((element, parent)) = open.pop() {
        let key = key(element, &parent);
        if key.len() > MAX_KEY || key.matches('.').count() > MAX_DEPTH {
            continue;
        }
        settings(sheet, element, &key);
        open.extend(element.children().filter(Node::is_element).map(|child| (child, key.clone())));
    }
}

fn key(element: Node<'_, '_>, parent: &str) -> String {
    let own = element.attributes().find(|attribute| is_name(element, attribute.name()));
    let own = own.map_or(element.tag_name().name(), |attribute| attribute.value());
    if parent.is_empty() { own.to_owned() } else { format!("{parent}.{own}") }
}

/// Does this attribute name an element of a list?
fn is_name(element: Node<'_, '_>, attribute: &str) -> bool {
    ["add", "setting"].contains(&element.tag_name().name()) && ["key", "name"].contains(&attribute)
}

fn settings(sheet: &mut Sheet<'_>, element: Node<'_, '_>, key: &str) {
    for attribute in element.attributes().filter(|attribute| !is_name(element, attribute.name())) {
        let range = attribute.range();
        match attribute.name() {
            "value" if element.has_tag_name("add") => sheet.set(key, plain(attribute.value()), range.start, range.end),
            name => sheet.set(&format!("{key}.{name}"), plain(attribute.value()), range.start, range.end),
        }
    }
    let text =
        element.children().find(|child| child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()));
    if let Some(text) = text.filter(|_| !element.children().any(|child| child.is_element())) {
        let range = text.range();
        sheet.set(key, plain(text.text().unwrap_or_default().trim()), range.start, range.end);
    }
}
