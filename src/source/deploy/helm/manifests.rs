//! What helm itself makes of a chart, led back to the templates.

use std::ops::Range;

use super::parents;
use super::render::{From, Output, Part};
use crate::model::problem::Problem;
use crate::source::deploy::File;

/// A name that no file has, under which the manifests of a chart are asked for where its templates are.
pub const MANIFESTS: &str = "/helm template/";

/// How a line begins that names the template of the manifest below it.
const SOURCE: &str = "# Source: ";

/// How what helm says instead of manifests begins.
const SAID: &str = "# Error: ";

/// What helm says instead of manifests, as a text in their place.
pub fn said(message: &str) -> String {
    format!("{SAID}{message}")
}

/// What helm gives for the outermost chart around this one.
fn asked(file: &File<'_>, chart: &str) -> Option<(String, String)> {
    let outermost = parents(chart).pop().unwrap_or_else(|| chart.to_owned());
    let text = (file.beside)(&format!("{MANIFESTS}{outermost}"))?;
    Some((text, outermost))
}

/// The manifests that helm makes of this template of the chart; `None` where it was not asked, or refused the chart.
pub(super) fn of(file: &File<'_>, chart: &str) -> Option<String> {
    let (text, outermost) = asked(file, chart).filter(|(text, _)| !text.starts_with(SAID))?;
    let template = file.path.strip_prefix(&outermost)?;
    let is_of_template = |source: &str| source.split_once('/').is_some_and(|(_, path)| path.trim_end() == template);
    let mut is_ours = false;
    let mut manifests = String::new();
    for line in text.split_inclusive('\n') {
        if let Some(source) = line.strip_prefix(SOURCE) {
            is_ours = is_of_template(source);
            if is_ours {
                manifests += "---\n";
            }
        } else if is_ours && line.trim_end() != "---" {
            manifests += line;
        }
    }
    Some(manifests)
}

/// Did helm give manifests of the chart?
pub(super) fn are_there(file: &File<'_>, chart: &str) -> bool {
    asked(file, chart).is_some_and(|(text, _)| !text.starts_with(SAID))
}

/// Why helm gives nothing for a chart, where it was asked.
pub(super) fn refusal(file: &File<'_>, chart: &str) -> Option<Problem> {
    let (text, _) = asked(file, chart)?;
    let message = text.strip_prefix(SAID)?;
    let help = "A simpler renderer read its templates instead; what that cannot render is told as well.";
    Some(Problem::new(format!("`helm template` does not render this chart: {message}")).in_file(&file.path).help(help))
}

/// Do both say the same, blank lines and comments aside?
pub(super) fn are_same(one: &str, other: &str) -> bool {
    lines(one).eq(lines(other))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#') && *line != "---")
}

/// A line is looked for so far below the one before it; others come from what a template includes.
const REACH: usize = 60;

/// The manifests with the lines of the template that they come from, as their keys tell.
pub(super) fn aligned(manifests: String, template: &str) -> Output {
    let mut start = 0;
    let lines: Vec<(&str, Range<usize>)> = template
        .split_inclusive('\n')
        .map(|line| {
            let indent = line.len() - line.trim_start().len();
            let range = start + indent..start + line.trim_end().len().max(indent);
            start += line.len();
            (line.trim(), range)
        })
        .collect();
    let mut at = 0;
    let mut begin = 0;
    let mut parts = Vec::new();
    for line in manifests.split_inclusive('\n') {
        let said = line.trim();
        let key = said.find(": ").map_or(said, |end| &said[..=end]);
        let below = lines.iter().enumerate().skip(at).take(REACH);
        if let Some((found, _)) = below.filter(|_| !key.is_empty()).find(|(_, (line, _))| line.starts_with(key)) {
            at = found;
        }
        if let Some((_, range)) = lines.get(at) {
            parts.push(Part { start: begin, from: From::Action(range.clone(), None) });
        }
        begin += line.len();
    }
    Output { text: manifests, parts }
}
