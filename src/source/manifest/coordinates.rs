//! `group:artifact:version`, as all build tools of the Java virtual machine write it.

use std::ops::Range;

use super::Manifest;

pub(super) struct Found {
    /// `group:artifact`.
    pub name: String,
    pub version: String,
    pub dev: bool,
    /// What else of its group has no version has this one: a parent, a list of versions (BOM), a plugin.
    pub gives_versions: bool,
    pub range: Range<usize>,
}

pub(super) fn add_all(manifest: &mut Manifest<'_>, found: Vec<Found>) {
    for one in &found {
        let given = || {
            let mut givers = found.iter().filter(|giver| giver.gives_versions && !giver.version.is_empty());
            givers.find(|giver| group(&giver.name) == group(&one.name)).map(|giver| giver.version.as_str())
        };
        let version = if one.version.is_empty() { given().unwrap_or_default() } else { &one.version };
        // What cannot be told is left out.
        let version = if version.contains('$') { "" } else { version };
        manifest.add(&one.name, version, one.dev, one.range.start, one.range.end);
    }
}

fn group(name: &str) -> &str {
    name.split(':').next().unwrap_or(name)
}

/// The name and the version of `group:artifact:version:classifier@type`; the version may be missing.
pub(super) fn split(text: &str) -> Option<(String, String)> {
    let mut parts = text.split('@').next()?.split(':');
    let (group, artifact) = (parts.next()?, parts.next()?);
    let is_name = |part: &str| {
        let known = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '$' | '{' | '}');
        !part.is_empty() && part.chars().all(known)
    };
    let version = parts.next().unwrap_or_default();
    (is_name(group) && is_name(artifact)).then(|| (format!("{group}:{artifact}"), version.to_owned()))
}

/// The artifact by which a plugin of Gradle is found: <https://docs.gradle.org/current/userguide/plugins.html#sec:plugin_markers>.
pub(super) fn of_plugin(id: &str) -> String {
    format!("{id}:{id}.gradle.plugin")
}
