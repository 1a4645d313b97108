//! package.json, composer.json and composer.lock.

use super::Manifest;

/// Objects that name packages with their versions, and whether they are for development only.
const SECTIONS: &[(&str, bool)] = &[
    ("dependencies", false),
    ("peerDependencies", false),
    ("optionalDependencies", false),
    ("devDependencies", true),
    ("require", false),
    ("require-dev", true),
];

/// Lists of what composer has installed: `{"name": "laravel/framework", "version": "v11.0.0", …}`.
const INSTALLED: &[(&str, bool)] = &[("packages", false), ("packages-dev", true)];

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    read(manifest, |manifest, entry| {
        if let [_, section] = entry.objects
            && let Some((_, dev)) = SECTIONS.iter().find(|(known, _)| known == section)
        {
            manifest.add(entry.key, entry.value, *dev, entry.start, entry.end);
        }
    });
}

pub(super) fn installed(manifest: &mut Manifest<'_>) {
    let mut name: Option<(String, usize, usize)> = None;
    read(manifest, |manifest, entry| {
        let [_, list, _] = entry.objects else { return };
        let Some((_, dev)) = INSTALLED.iter().find(|(known, _)| known == list) else { return };
        match (entry.key, name.take()) {
            ("name", _) => name = Some((entry.value.to_owned(), entry.start, entry.end)),
            ("version", Some((name, start, end))) => manifest.add(&name, entry.value, *dev, start, end),
            (_, known) => name = known,
        }
    });
}

fn read<'t>(manifest: &mut Manifest<'t>, mut found: impl FnMut(&mut Manifest<'t>, &Entry<'_, 't>)) {
    let text = manifest.text;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let start = offset(text, error.line(), error.column());
        let message = error.to_string();
        // The place is told by the span.
        let message = message.split(" at line ").next().unwrap_or(&message).to_string();
        return manifest.problem(message, start, start + 1);
    }
    entries(text, &mut |entry| found(manifest, entry));
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

/// A text within an object.
struct Entry<'e, 't> {
    /// Names of the objects and lists around, from the outside in; the outermost has none.
    objects: &'e [&'t str],
    key: &'t str,
    value: &'t str,
    start: usize,
    end: usize,
}

/// Calls `found` with each text within the objects of a valid document. serde_json tells no positions, but a valid document has
/// structure only outside of its strings.
fn entries<'t>(text: &'t str, found: &mut dyn FnMut(&Entry<'_, 't>)) {
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
                    (true, Some((key, start))) => {
                        found(&Entry { objects: &objects, key, value: inner, start, end: end + 1 });
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
