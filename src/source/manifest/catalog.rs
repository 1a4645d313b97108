//! Version catalogs of Gradle, gradle/libs.versions.toml: <https://docs.gradle.org/current/userguide/version_catalogs.html>.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::coordinates::{Found, add_all, of_plugin, split};
use super::{Manifest, is_development};

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    // What can be read of a broken file is read.
    let (document, errors) = DeTable::parse_recoverable(manifest.text);
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or_default();
        manifest.problem(error.message().to_string(), span.start, span.end);
    }
    let document = document.get_ref();
    let mut found = Vec::new();
    for (section, is_plugin) in [("libraries", false), ("plugins", true)] {
        for (alias, value) in table(document, section).into_iter().flat_map(DeTable::iter) {
            let named = if is_plugin { plugin(value.get_ref()) } else { library(value.get_ref()) };
            let Some((name, version)) = named else { continue };
            let version = version.or_else(|| referred(document, value.get_ref())).unwrap_or_default();
            let gives_versions = is_plugin || name.ends_with("-bom") || name.ends_with("-dependencies");
            let range = alias.span().start..value.span().end.max(alias.span().end);
            found.push(Found { name, version, dev: is_development(alias.get_ref()), gives_versions, range });
        }
    }
    add_all(manifest, found);
}

/// `"g:a:v"`, `{ module = "g:a", … }`, `{ group = "g", name = "a", … }`.
fn library(value: &DeValue<'_>) -> Option<(String, Option<String>)> {
    if let Some(text) = value.as_str() {
        return split(text).map(|(name, version)| (name, Some(version)));
    }
    let entry = value.as_table()?;
    let name = match (text(entry, "module"), text(entry, "group"), text(entry, "name")) {
        (Some(module), ..) => module.to_owned(),
        (None, Some(group), Some(name)) => format!("{group}:{name}"),
        _ => return None,
    };
    Some((name, entry.get("version").and_then(plain)))
}

/// `"id:version"`, `{ id = "io.ktor.plugin", … }`.
fn plugin(value: &DeValue<'_>) -> Option<(String, Option<String>)> {
    if let Some((id, version)) = value.as_str().and_then(|text| text.split_once(':')) {
        return Some((of_plugin(id), Some(version.to_owned())));
    }
    let entry = value.as_table()?;
    Some((of_plugin(text(entry, "id")?), entry.get("version").and_then(plain)))
}

/// The version that `version.ref` names in `[versions]`.
fn referred(document: &DeTable<'_>, value: &DeValue<'_>) -> Option<String> {
    let version = value.as_table()?.get("version")?.get_ref().as_table()?;
    table(document, "versions")?.get(text(version, "ref")?).and_then(plain)
}

/// `"3.0"`, `{ strictly = "3.0" }`.
fn plain(version: &Spanned<DeValue<'_>>) -> Option<String> {
    let rich = |table: &DeTable<'_>| {
        ["strictly", "require", "prefer"].iter().find_map(|kind| text(table, kind).map(str::to_owned))
    };
    let version = version.get_ref();
    version.as_str().map(str::to_owned).or_else(|| version.as_table().and_then(rich))
}

fn table<'d, 't>(document: &'d DeTable<'t>, name: &str) -> Option<&'d DeTable<'t>> {
    document.get(name)?.get_ref().as_table()
}

fn text<'d>(table: &'d DeTable<'_>, name: &str) -> Option<&'d str> {
    table.get(name)?.get_ref().as_str()
}
