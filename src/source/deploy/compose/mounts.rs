//! `volumes`: `[source:]target[:options]` or a mapping of `type`, `source`, `target`, `read_only`.
//!
//! Syntax: <https://docs.docker.com/reference/compose-file/services/#volumes>.

use std::rc::Rc;

use super::Reader;
use crate::model::Name;
use crate::model::deployment::{Mount, Sharing};
use crate::source::yaml::Node;

impl Reader<'_> {
    pub(super) fn mounts(&mut self, service: &Node) -> Vec<Mount> {
        let items = self.items(service, "volumes");
        let mut mounts: Vec<Mount> = items
            .iter()
            .filter_map(|item| if item.mapping().is_some() { self.long_mount(item) } else { self.short_mount(item) })
            .collect();
        let memory = service.get("tmpfs").map(|node| node.sequence().map_or_else(|| vec![node.clone()], <[_]>::to_vec));
        mounts.extend(memory.unwrap_or_default().iter().filter_map(|item| self.memory(item)));
        mounts
    }

    /// `/run:size=64m` under `tmpfs`.
    fn memory(&mut self, item: &Node) -> Option<Mount> {
        let text = self.scalar(item, "tmpfs")?.value;
        let target = text.split(':').next().unwrap_or(&text).into();
        Some(Mount { source: Name::default(), target, read_only: false, sharing: Sharing::Ephemeral, span: item.span })
    }

    /// How the volumes under the file's own `volumes` are shared.
    pub(super) fn declared_volumes(&self, document: &Node) -> Vec<(Name, Sharing)> {
        // In version 1 every key is a service.
        let volumes = document.get("services").and_then(|_| document.get("volumes")).and_then(|node| node.mapping());
        let entries = volumes.into_iter().flat_map(|volumes| &volumes.entries);
        entries.map(|entry| (entry.key.clone(), self.sharing(&entry.value))).collect()
    }

    /// A volume of the `local` driver is a folder of the host unless its options say NFS or the like, one of another driver is
    /// reached over the network: <https://docs.docker.com/reference/compose-file/volumes/#driver_opts>.
    fn sharing(&self, volume: &Node) -> Sharing {
        let text = |node: Option<&Rc<Node>>| node.and_then(|node| self.text(node));
        let driver = text(volume.get("driver"));
        let options = volume.get("driver_opts");
        let kind = text(options.and_then(|options| options.get("type")));
        let is_bound = text(options.and_then(|options| options.get("o")))
            .is_some_and(|o| o.value.split(',').any(|o| o.trim() == "bind"));
        match (driver, kind) {
            _ if volume.get("external").is_some_and(|external| external.is_true() || external.mapping().is_some()) => {
                Sharing::Unknown
            }
            (Some(driver), _) if driver.unknown => Sharing::Unknown,
            (Some(driver), _) if driver.value != "local" => Sharing::Network,
            (_, Some(kind)) if ["nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs"].contains(&&*kind.value) => {
                Sharing::Network
            }
            (_, Some(kind)) if kind.value == "tmpfs" => Sharing::Ephemeral,
            _ if is_bound => Sharing::Bind,
            _ => Sharing::Host,
        }
    }

    /// Who shares what is mounted from there.
    fn shared(&self, source: &str, is_bind: bool) -> Sharing {
        match self.volumes.get(source).filter(|_| !is_bind) {
            Some(sharing) => *sharing,
            None if is_bind => Sharing::Bind,
            // A volume without a name goes with its container.
            None if source.is_empty() => Sharing::Ephemeral,
            None => Sharing::Host,
        }
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
            sharing: self.shared(source, is_path(source)),
            span: item.span,
        })
    }

    fn long_mount(&mut self, item: &Node) -> Option<Mount> {
        let kind = item.get("type").and_then(|kind| self.text(kind)).map(|text| text.value).unwrap_or_default();
        let source = item.get("source").or_else(|| item.get("src")).and_then(|source| self.scalar(source, "source"));
        let target = item.get("target").or_else(|| item.get("dst")).or_else(|| item.get("destination"));
        let Some(target) = target else {
            self.problem(item.span, "this volume has no `target`", "");
            return None;
        };
        let source = source.map(|text| text.value).unwrap_or_default();
        Some(Mount {
            target: self.scalar(target, "target")?.value,
            // An image is mounted for reading only.
            read_only: kind == "image"
                || ["read_only", "readonly"].iter().any(|key| item.get(key).is_some_and(|it| it.is_true())),
            sharing: match &*kind {
                "tmpfs" => Sharing::Ephemeral,
                "cluster" => Sharing::Network,
                _ => self.shared(&source, kind == "bind" || kind.is_empty() && is_path(&source)),
            },
            span: item.span,
            source,
        })
    }
}

/// Parts between colons; one after a drive letter (`C:\data`) or within a variable (`${A:?b}`) parts nothing.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0u32);
    for (index, char) in text.char_indices() {
        // Asked of a colon alone, which is one byte long.
        let is_drive = || {
            let (before, after) = (&text[start..index], &text[index + 1..]);
            before.len() == 1
                && before.chars().all(|char| char.is_ascii_alphabetic())
                && after.starts_with(['\\', '/'])
                && (start > 0 || after.starts_with('\\') || after.contains(':'))
        };
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && !is_drive() => {
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
        assert_eq!(parts("d\u{741}:/data"), ["d\u{741}", "/data"]);
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
