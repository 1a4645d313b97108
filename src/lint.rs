//! L2, facts meet rules.
//!
//! Everything here works on values: files were read before, and what is found is rendered elsewhere. The order is
//! [`sight`] (one pass over the facts: what may matter), [`reach`] (which functions run on requests), [`state`] (who uses
//! process state), [`judge`] (which clauses hold), [`pool`] (how many connections), [`settings`] (which file's setting counts), [`wording`] (what they say), [`deployment`] (what runs more than once already), [`suppress`].

mod deployment;
mod edges;
pub mod example;
pub mod expectation;
mod fingerprint;
mod indexed;
mod judge;
mod pool;
mod project;
mod reach;
mod settings;
mod sight;
mod state;
mod suppress;
#[cfg(test)]
mod tests;
mod value;
mod wording;

use std::collections::HashMap;

use crate::model::Name;
use crate::model::fact::{FileFacts, FunctionId, Language};
use crate::model::finding::{Finding, Related, ServiceName, Severity};
use crate::model::location::{Excerpt, Location, Span};
use crate::model::report::LintReport;
use crate::rules::{Rule, RuleSet};
use deployment::{Audience, Context, Fleet, Weighed};
use fingerprint::Fingerprints;
use indexed::Indexed;
use project::{FileId, Project};

pub use project::Candidates;

/// How to lint.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Services that are meant to run once.
    pub singletons: Vec<Name>,
    /// Tell what comments silence as well.
    pub no_ignores: bool,
    /// What findings of a rule weigh, whatever the rule says; `None` where the rule is switched off.
    pub severities: HashMap<Name, Option<Severity>>,
}

/// Finds what breaks when one instance becomes N.
///
/// `text` gives the text of a file by its path, for excerpts and fingerprints; a finding in a file that is gone has none.
/// `candidates` says which files of the project an import may mean. The report has no problems but those of suppressions: the
/// caller adds those of reading the files, and what it covers and means. It has the findings of every confidence;
/// [`crate::policy`] hides some of them.
pub fn lint(
    files: &[FileFacts],
    rules: &RuleSet,
    options: &Options,
    text: &dyn Fn(&str) -> Option<String>,
    candidates: &Candidates<'_>,
) -> LintReport {
    let project = Project::new(files, candidates);
    let fleet = Fleet::new(files);
    let hits = judge::hits(&project, &fleet, rules, &options.singletons);
    let mut findings = findings(hits, &project, &fleet, text, options);
    findings.sort_by(|a, b| (&a.location, &a.rule).cmp(&(&b.location, &b.rule)));
    let mut outcome = match options.no_ignores {
        true => suppress::Outcome { findings, ..suppress::Outcome::default() },
        false => suppress::apply(findings, files, rules, text),
    };
    // Only now, so that a comment about a rule that is switched off is not called idle.
    let is_on = |rule: &Name| options.severities.get(rule) != Some(&None);
    outcome.findings.retain(|finding| is_on(&finding.rule));
    outcome.suppressed.retain(|suppressed| is_on(&suppressed.finding.rule));
    let services = deployment::rows(&fleet, files, &outcome.findings, &options.singletons);
    LintReport {
        findings: outcome.findings,
        suppressed: outcome.suppressed,
        services,
        problems: outcome.problems,
        files: files.len(),
        lines: files.iter().map(|file| u64::from(file.lines)).sum(),
        rules: rules.rules().iter().map(Rule::story).collect(),
        ..LintReport::default()
    }
}

/// Lines of a finding's excerpt at most: a call over fifty lines is recognised by its first.
const MOST_LINES: u32 = 6;

fn findings(
    mut hits: Vec<judge::Hit<'_>>,
    project: &Project<'_>,
    fleet: &Fleet<'_>,
    read: &dyn Fn(&str) -> Option<String>,
    options: &Options,
) -> Vec<Finding> {
    hits.sort_by(|a, b| (a.file, a.span, &a.rule.id).cmp(&(b.file, b.span, &b.rule.id)));
    let mut fingerprints = Fingerprints::default();
    let mut contexts: HashMap<(FileId, Audience), Context<'_>> = HashMap::new();
    let mut current: Option<(FileId, Option<Indexed>)> = None;
    let mut findings = Vec::new();
    for hit in hits {
        let file = &project.files[hit.file];
        let audience = Audience::of(&hit.rule.family, &hit.occasions);
        let context = contexts
            .entry((hit.file, audience))
            .or_insert_with(|| deployment::context(fleet, &file.path, audience, &options.singletons));
        let Some((weighed, services)) = weighed(&hit, file, context) else { continue };
        if current.as_ref().is_none_or(|(id, _)| *id != hit.file) {
            current = Some((hit.file, read(&file.path).map(Indexed::new)));
        }
        let text = current.as_ref().and_then(|(_, text)| text.as_ref());
        let line = text.and_then(|text| text.from(hit.span.line).next()).unwrap_or_default();
        let enclosing = hit.words.service().map_or_else(|| enclosing(file, hit.function), str::to_owned);
        findings.push(Finding {
            rule: hit.rule.id.clone(),
            family: hit.rule.family.clone(),
            severity: options.severities.get(&hit.rule.id).copied().flatten().unwrap_or(weighed.severity),
            confidence: hit.confidence,
            location: Location::new(file.path.clone(), hit.span),
            excerpt: text.map(|text| excerpt(text, hit.span)),
            fingerprint: fingerprints.next(&hit.rule.id, &file.path, &enclosing, line),
            content: fingerprint::content(&hit.rule.id, &enclosing, line),
            message: wording::message(&hit.words, text, hit.span),
            breaks: hit.rule.breaks.clone(),
            fix: hit.fix,
            related: hit.related.into_iter().map(|related| shown(related, &file.path, text, read)).collect(),
            context: weighed.context,
            services,
            confirm: hit.rule.confirm.clone(),
            routes: hit.routes,
            proof: None,
        });
    }
    findings
}

/// What the deployment makes of a hit, and the services that it is about; `None` where it makes it untrue.
fn weighed(hit: &judge::Hit<'_>, file: &FileFacts, context: &Context<'_>) -> Option<(Weighed, Vec<ServiceName>)> {
    // What a deployment file says of itself is not weighed by it; of a balancer's own file nobody is meant but the balancer.
    if !hit.services.is_empty() || !file.language.is_code() && file.language != Language::Settings {
        return Some((Weighed { severity: hit.severity, context: Vec::new() }, hit.services.clone()));
    }
    let weighed = deployment::weigh(
        &deployment::Unweighed {
            family: &hit.rule.family,
            severity: hit.severity,
            variable: hit.variable.as_ref(),
            conditional: !hit.words.provided.is_empty(),
            texts: &hit.texts,
        },
        context,
    )?;
    Some((weighed, context.apps.iter().map(|app| app.name()).collect()))
}

/// A related place with its lines; `text` is that of the finding's own file, at `path`.
fn shown(related: Related, path: &str, text: Option<&Indexed>, read: &dyn Fn(&str) -> Option<String>) -> Related {
    let Location { path: place, span } = &related.location;
    let excerpt = match &**place == path {
        true => text.map(|text| excerpt(text, *span)),
        false => read(place).map(|text| excerpt(&Indexed::new(text), *span)),
    };
    Related { excerpt, ..related }
}

/// Symbols of the functions around a place, from the outside in.
fn enclosing(file: &FileFacts, function: Option<FunctionId>) -> String {
    let mut names: Vec<&str> = function
        .into_iter()
        .flat_map(|function| sight::ancestors(file, function))
        .filter_map(|id| file.functions.get(id as usize).map(|function| function.symbol.as_str()))
        .filter(|symbol| !symbol.is_empty())
        .collect();
    names.reverse();
    names.join("/")
}

fn excerpt(text: &Indexed, span: Span) -> Excerpt {
    let count = (span.end_line.saturating_sub(span.line) + 1).min(MOST_LINES);
    let first = span.line.max(1);
    let lines = text.from(first).take(count as usize);
    let text = lines.map(|line| line.chars().take(400).collect::<String>() + "\n").collect();
    Excerpt { first_line: first, text }
}
