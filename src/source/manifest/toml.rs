//! pyproject.toml, Pipfile and Cargo.toml.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::requirements::requirement;
use super::{Manifest, is_development, python_name};

type Value<'t> = Spanned<DeValue<'t>>;

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    // What can be read of a broken file is read.
    let (document, errors) = DeTable::parse_recoverable(manifest.text);
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or_default();
        manifest.problem(error.message().to_string(), span.start, span.end);
    }
    let document = document.get_ref();
    if manifest.path.ends_with("Cargo.toml") {
        cargo(manifest, document);
        if let Some(workspace) = table(document, "workspace") {
            cargo(manifest, workspace);
        }
        for (_, target) in table(document, "target").into_iter().flat_map(DeTable::iter) {
            if let Some(target) = target.get_ref().as_table() {
                cargo(manifest, target);
            }
        }
        return;
    }
    for (section, dev) in [("packages", false), ("dev-packages", true)] {
        entries(manifest, table(document, section), dev, true);
    }
    project(manifest, document);
    let poetry = table(document, "tool").and_then(|tool| table(tool, "poetry"));
    let Some(poetry) = poetry else { return };
    entries(manifest, table(poetry, "dependencies"), false, true);
    entries(manifest, table(poetry, "dev-dependencies"), true, true);
    for (name, group) in table(poetry, "group").into_iter().flat_map(DeTable::iter) {
        let group = group.get_ref().as_table().and_then(|group| table(group, "dependencies"));
        entries(manifest, group, is_development(name.get_ref()), true);
    }
}

fn cargo(manifest: &mut Manifest<'_>, document: &DeTable<'_>) {
    for (section, dev) in [("dependencies", false), ("build-dependencies", true), ("dev-dependencies", true)] {
        entries(manifest, table(document, section), dev, false);
    }
}

/// `[project]` and `[dependency-groups]`: lists of requirements.
fn project(manifest: &mut Manifest<'_>, document: &DeTable<'_>) {
    if let Some(project) = table(document, "project") {
        requirements(manifest, project.get("dependencies"), false);
        for (name, list) in table(project, "optional-dependencies").into_iter().flat_map(DeTable::iter) {
            requirements(manifest, Some(list), is_development(name.get_ref()));
        }
    }
    for (name, list) in table(document, "dependency-groups").into_iter().flat_map(DeTable::iter) {
        requirements(manifest, Some(list), is_development(name.get_ref()));
    }
}

fn table<'d, 't>(document: &'d DeTable<'t>, name: &str) -> Option<&'d DeTable<'t>> {
    document.get(name)?.get_ref().as_table()
}

fn requirements(manifest: &mut Manifest<'_>, list: Option<&Value<'_>>, dev: bool) {
    for item in list.and_then(|list| list.get_ref().as_array()).into_iter().flat_map(|list| list.iter()) {
        let Some(text) = item.get_ref().as_str() else { continue };
        let Range { start, end } = item.span();
        match requirement(text) {
            Some((name, version)) => manifest.add(&name, version, dev, start, end),
            None => manifest.problem(format!("not a requirement: `{text}`"), start, end),
        }
    }
}

/// `name = "version"` or `name = { version = "…" }`.
fn entries(manifest: &mut Manifest<'_>, section: Option<&DeTable<'_>>, dev: bool, python: bool) {
    for (name, value) in section.into_iter().flat_map(DeTable::iter) {
        let written: &str = name.get_ref();
        if python && written == "python" {
            continue;
        }
        let inner = value.get_ref();
        let renamed =
            inner.as_table().and_then(|table| table.get("package")).and_then(|package| package.get_ref().as_str());
        let version =
            inner.as_table().and_then(|table| table.get("version")).map_or(inner, |version| version.get_ref());
        let name_text = renamed.unwrap_or(written);
        let normal = if python { python_name(name_text) } else { name_text.to_string() };
        let (start, end) = (name.span().start, value.span().end.max(name.span().end));
        manifest.add(&normal, version.as_str().unwrap_or_default(), dev, start, end);
    }
}
