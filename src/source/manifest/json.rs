//! package.json.

use super::Manifest;

const SECTIONS: &[(&str, bool)] =
    &[("dependencies", false), ("peerDependencies", false), ("optionalDependencies", false), ("devDependencies", true)];

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let text = manifest.text;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let start = offset(text, error.line(), error.column());
        let message = error.to_string();
        // The place is told by the span.
        let message = message.split(" at line ").next().unwrap_or(&message).to_string();
        return manifest.problem(message, start, start + 1);
    }
    for (section, name, version, start, end) in entries(text) {
        if let Some((_, dev)) = SECTIONS.iter().find(|(known, _)| *known == section) {
            manifest.add(name, version, *dev, start, end);
        }
    }
}

/// The byte offset of a line and a byte column as serde_json counts them, both from 1; never within a character.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The texts within the objects of a valid document: name of the object, key, value, and where both stand.
/// serde_json tells no positions, but a valid document has structure only outside of its strings.
fn entries(text: &str) -> Vec<(&str, &str, &str, usize, usize)> {
    let mut found = Vec::new();
    let mut objects: Vec<&str> = Vec::new();
    let mut key: Option<(&str, usize)> = None;
    let mut is_value = false;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                let end = string_end(text, at);
                let inner = text.get(at + 1..end).unwrap_or_default();
                match (is_value, key) {
                    (true, Some((name, start))) if objects.len() == 2 => {
                        found.push((objects[1], name, inner, start, end + 1));
                    }
                    (false, _) => key = Some((inner, at)),
                    _ => {}
                }
                at = end;
            }
            b':' => is_value = true,
            b',' => is_value = false,
            b'{' | b'[' => {
                objects.push(key.map_or("", |(name, _)| name));
                is_value = false;
            }
            b'}' | b']' => {
                objects.pop();
                is_value = false;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Where the string that begins at `start` has its closing quote.
fn string_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}
