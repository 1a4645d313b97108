//! Charts of Helm: each template, rendered with the values of its chart, as manifests of Kubernetes.
//!
//! Templates are no YAML. Where helm is installed, it was asked what they give ([`manifests`]); a small renderer of ours ([`render`]) gives
//! the same with the chart's own values, where it can. What neither renders is a problem that names the template. Places in the result
//! are led back to the template, and numbers to the values where these have them ([`places`]).

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use self::functions::merged;
use self::parse::{Fault, Template};
use self::places::Origins;
use self::render::{Defined, Output, Renderer};
use self::value::Value;
use super::{File, Found, kubernetes};
use crate::model::problem::Problem;
use crate::source::language::lines::Lines;
use crate::source::yaml;

mod functions;
mod library;
mod manifests;
mod parse;
mod places;
mod render;
mod value;

#[cfg(test)]
mod tests;

pub use manifests::{MANIFESTS, said};

/// Values beside values.yaml that charts are installed with; the first that is there counts.
pub const DEPLOYED_VALUES: &[&str] = &[
    "values-production.yaml",
    "values-prod.yaml",
    "values.production.yaml",
    "values.prod.yaml",
    "values-production.yml",
    "values-prod.yml",
    "values/production.yaml",
    "values/prod.yaml",
    "production-values.yaml",
    "prod-values.yaml",
];

/// Files of named templates. A reader cannot list a folder, so these are the names that charts give them.
const HELPERS: &[&str] = &[
    "_helpers.tpl",
    "_helpers.yaml",
    "_helper.tpl",
    "_names.tpl",
    "_labels.tpl",
    "_common.tpl",
    "_utils.tpl",
    "_util.tpl",
    "_images.tpl",
    "_pod.tpl",
    "_env.tpl",
    "_tpl.tpl",
    "_params.tpl",
    "_init_containers.tpl",
    "_init_containers_sidecars.tpl",
    "_resources.tpl",
    "_storage.tpl",
    "_secrets.tpl",
    "_capabilities.tpl",
    "_tplvalues.tpl",
    "_affinities.tpl",
    "_definitions.tpl",
    "helpers.tpl",
    "common/_helpers.tpl",
];

/// Reads a template, or the values of a chart.
pub fn read(file: &File<'_>) -> Found {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let Some((chart, template)) = in_chart(file) else {
        // A folder may be called `templates` without a chart around it.
        return if is_values(name) { values(file) } else { kubernetes::read(file) };
    };
    // Parts that others include, and tests of the release.
    if name.starts_with('_') || template.starts_with("tests/") {
        return Found::default();
    }
    let helms = manifests::of(file, &chart);
    let is_assumed = is_assumed(file, &chart, helms.is_some());
    let found = match (helms, rendered(file, &chart)) {
        (None, Ok(own)) => of_manifests(file, &own),
        // Ours knows the place of every letter.
        (Some(helms), Ok(own)) if manifests::are_same(&helms, &own.text) => of_manifests(file, &own),
        (Some(helms), _) => of_manifests(file, &manifests::aligned(helms, file.text)),
        (None, Err((message, at))) => refused(file, &message, at),
    };
    Found { is_assumed, ..found }
}

/// The values of a chart are what somebody may install it with; helm, or values of a stage, tell that somebody does.
fn is_assumed(file: &File<'_>, chart: &str, has_helm: bool) -> bool {
    !has_helm && deployed_values(file, chart).is_none()
}

/// What our own renderer makes of a template, or what stands in its way and where.
fn rendered(file: &File<'_>, chart: &str) -> Result<Output, (String, Range<usize>)> {
    let parsed = parse::parse(file.text).map_err(|fault| (fault.0, fault.1..fault.1 + 2))?;
    let mut renderer = renderer(file, chart, &parsed).map_err(|message| (message, 0..0))?;
    renderer.render(&parsed.body, file.text)
}

fn of_manifests(file: &File<'_>, output: &Output) -> Found {
    let found = kubernetes::read(&File { path: file.path.clone(), text: &output.text, beside: file.beside });
    Origins::new(output, file.text).lead_back(found, file)
}

fn is_values(name: &str) -> bool {
    name.starts_with("values") || name.ends_with("-values.yaml")
}

/// Values say something only within templates; their comments and what is wrong with them are told here.
fn values(file: &File<'_>) -> Found {
    let tree = yaml::parse(&file.path, file.text);
    let mut problems = tree.problems;
    let folder = file.path.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/"));
    // Of a chart within a chart the outer one speaks.
    if file.path.rsplit('/').next().is_some_and(|name| name.starts_with("values.y")) && parents(&folder).is_empty() {
        problems.extend(manifests::refusal(file, &folder));
    }
    let is_assumed = is_assumed(file, &folder, manifests::are_there(file, &folder));
    Found { comments: tree.comments, problems, is_assumed, ..Found::default() }
}

/// The folder of the chart that the file is a template of, with a last `/` where it is not the project's, and the file's path within
/// the templates.
fn in_chart<'f>(file: &'f File<'_>) -> Option<(String, &'f str)> {
    let whole: &str = &file.path;
    let starts = whole.match_indices("templates/").map(|(at, _)| at);
    let folders: Vec<usize> = starts.filter(|at| *at == 0 || whole.as_bytes()[at - 1] == b'/').collect();
    folders.into_iter().rev().find_map(|at| {
        let chart = &whole[..at];
        (file.beside)(&format!("{chart}Chart.yaml")).map(|_| (chart.to_owned(), &whole[at + "templates/".len()..]))
    })
}

fn renderer(file: &File<'_>, chart: &str, parsed: &Template) -> Result<Renderer, String> {
    let about = document(file, &format!("{chart}Chart.yaml"));
    let mut defined = HashMap::new();
    // A subchart may use what its parent defines, and the other way round.
    for folder in parents(chart).into_iter().rev().chain([chart.to_owned()]) {
        for name in HELPERS {
            let path = format!("{folder}templates/{name}");
            let Some(text) = (file.beside)(&path) else { continue };
            let template = parse::parse(&text).map_err(|(message, _)| format!("{path}: {message}"))?;
            define(&mut defined, &text, template);
        }
    }
    if !parsed.defined.is_empty() {
        let own = parse::parse(file.text).map_err(|(message, _): Fault| message)?;
        define(&mut defined, file.text, own);
    }
    Ok(Renderer::new(defined, root(&about, chart, values_of(file, chart))))
}

fn define(defined: &mut HashMap<Rc<str>, Defined>, source: &str, template: Template) {
    let source: Rc<str> = source.into();
    let named = template.defined.into_iter();
    defined.extend(named.map(|(name, body)| (name, Defined { source: source.clone(), body })));
}

/// What `$` is.
fn root(about: &Value, chart: &str, values: Value) -> Value {
    let name = about.get("name");
    let name = if name.is_true() { name } else { Value::from("release") };
    let text = |key: &str, value: &str| (Rc::from(key), Value::from(value));
    let described = [("Name", "name"), ("Version", "version"), ("AppVersion", "appVersion"), ("Type", "type")];
    let about = Value::map(described.map(|(key, field)| (Rc::from(key), about.get(field))));
    let release = Value::map([
        // With the chart's name, which most charts shorten to that name alone.
        ("Name".into(), name),
        text("Namespace", "default"),
        text("Service", "Helm"),
        ("IsInstall".into(), true.into()),
        ("IsUpgrade".into(), false.into()),
        ("Revision".into(), 1i64.into()),
    ]);
    let version = Value::map([
        text("Version", "v1.31.0"),
        text("GitVersion", "v1.31.0"),
        text("Major", "1"),
        text("Minor", "31"),
    ]);
    let capabilities = Value::map([("KubeVersion".into(), version), ("APIVersions".into(), Value::map([]))]);
    Value::map([
        ("Values".into(), values),
        ("Chart".into(), about),
        ("Release".into(), release),
        ("Capabilities".into(), capabilities),
        ("Files".into(), Value::map([])),
        ("Subcharts".into(), Value::map([])),
        ("Template".into(), Value::map([text("Name", ""), ("BasePath".into(), format!("{chart}templates").into())])),
    ])
}

/// The values of a chart, and over them what the charts above say of it.
fn values_of(file: &File<'_>, chart: &str) -> Value {
    let mut values = chart_values(file, chart);
    let mut below = chart.to_owned();
    for parent in parents(chart) {
        let name = below.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let above = chart_values(file, &parent);
        let global = Value::map([("global".into(), above.get("global"))]);
        values = merged(&merged(&values, &above.get(name), 0), &global, 0);
        below = parent;
    }
    values
}

/// What values.yaml has, and over it what the chart is installed with.
fn chart_values(file: &File<'_>, chart: &str) -> Value {
    let values = document(file, &format!("{chart}values.yaml"));
    match deployed_values(file, chart) {
        Some(path) => merged(&values, &document(file, &path), 0),
        None => values,
    }
}

fn deployed_values(file: &File<'_>, chart: &str) -> Option<String> {
    DEPLOYED_VALUES.iter().map(|name| format!("{chart}{name}")).find(|path| (file.beside)(path).is_some())
}

/// The charts in whose `charts/` it lies, the nearest first.
fn parents(chart: &str) -> Vec<String> {
    let ends = chart.rmatch_indices("charts/").map(|(at, _)| at);
    let folders = ends.filter(|at| *at == 0 || chart.as_bytes()[at - 1] == b'/');
    folders.map(|at| chart[..at].to_owned()).collect()
}

/// The first document of a file; an empty mapping where there is none.
fn document(file: &File<'_>, path: &str) -> Value {
    let text = (file.beside)(path).unwrap_or_default();
    let tree = yaml::parse(path, &text);
    let path: Arc<str> = path.into();
    tree.documents
        .first()
        .map(|document| Value::of(document, Some(&path)))
        .filter(|value| value.fields().is_some())
        .unwrap_or_else(|| Value::map([]))
}

/// A template that cannot be rendered is not analysed, and that is said aloud.
fn refused(file: &File<'_>, message: &str, at: Range<usize>) -> Found {
    let lines = Lines::new(file.text);
    let end = at.end.min(file.text.len());
    let span = lines.span(at.start.min(end) as u32, end as u32);
    let problem = Problem::new(format!("this template is not analysed: {message}"))
        .at(&file.path, span, file.text)
        .help("Lint the manifests that `helm template` gives instead.");
    Found { problems: vec![problem], ..Found::default() }
}
