//! `volumes`: `[source:]target[:options]` or a mapping of `type`, `source`, `target`, `read_only`.
//!
//! Syntax: <https://docs.docker.com/reference/compose-file/services/#volumes>.

use super::Reader;
use crate::model::Name;
use crate::model::deployment::{Mount, Sharing};
use crate::source::yaml::Node;

impl Reader<'_> {
    pub(super) fn mounts(&mut self, service: &Node) -> Vec<Mount> {
        let items = self.items(service, "volumes");
        items
            .iter()
            .filter_map(|item| if item.mapping().is_some() { self.long_mount(item) } else { self.short_mount(item) })
            .collect()
    }

    fn short_mount(&mut self, item: &Node) -> Option<Mount> {
        let text = self.scalar(item, "volumes")?.value;
        let parts = parts(&text);
        let (source, target, options) = match parts.as_slice() {
            [target] => ("", *target, ""),
            [source, target] => (*source, *target, ""),
            [source, target, options, ..] => (*source, *target, *options),
            [] => return None,
        };
        Some(Mount {
            source: source.into(),
            target: target.into(),
            read_only: options.split(',').any(|option| matches!(option, "ro" | "readonly")),
            sharing: if is_path(source) { Sharing::Bind } else { Sharing::Host },
            span: item.span,
        })
    }

    /// A tmpfs is private to its container and mounts nothing.
    fn long_mount(&mut self, item: &Node) -> Option<Mount> {
        let kind = item.get("type").and_then(|kind| self.text(kind)).map(|text| text.value).unwrap_or_default();
        if kind == "tmpfs" {
            return None;
        }
        let source = item.get("source").or_else(|| item.get("src")).and_then(|source| self.scalar(source, "source"));
        let target = item.get("target").or_else(|| item.get("dst")).or_else(|| item.get("destination"));
        let Some(target) = target else {
            self.problem(item.span, "this volume has no `target`", "");
            return None;
        };
        let source = source.map(|text| text.value).unwrap_or_default();
        Some(Mount {
            target: self.scalar(target, "target")?.value,
            read_only: item.get("read_only").is_some_and(|read_only| read_only.is_true()),
            sharing: match kind == "bind" || kind.is_empty() && is_path(&source) {
                true => Sharing::Bind,
                false => Sharing::Host,
            },
            span: item.span,
            source: Name::clone(&source),
        })
    }
}

/// Parts between colons; one after a drive letter (`C:\data`) or within a variable (`${A:?b}`) parts nothing.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0u32);
    for (index, char) in text.char_indices() {
        let is_drive = text[start..index].len() == 1
            && text[start..index].chars().all(|char| char.is_ascii_alphabetic())
            && text[index + 1..].starts_with(['\\', '/'])
            && (start > 0 || text[index + 1..].starts_with('\\') || text[index + 1..].contains(':'));
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && !is_drive => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A path of the host, as opposed to the name of a volume. A variable is taken for a path: names are seldom kept in one.
fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~', '$', '\\']) || source.get(1..2) == Some(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_part_source_target_and_options() {
        assert_eq!(parts("data:/var/lib:ro"), ["data", "/var/lib", "ro"]);
        assert_eq!(parts("/data"), ["/data"]);
        assert_eq!(parts("${DIR:?set it}/x:/data"), ["${DIR:?set it}/x", "/data"]);
        assert_eq!(parts(r"C:\data:/data:rw"), [r"C:\data", "/data", "rw"]);
        assert_eq!(parts("c:/data:/data"), ["c:/data", "/data"]);
        assert_eq!(parts("d:/data"), ["d", "/data"]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn paths_are_told_from_names() {
        for path in ["./x", "../x", ".", "/x", "~/x", "${PWD}/x", r"C:\x"] {
            assert!(is_path(path), "{path}");
        }
        for name in ["data", "pg_data", ""] {
            assert!(!is_path(name), "{name}");
        }
    }
}
