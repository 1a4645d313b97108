//! What `lint` found, as a comment on a pull request.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::page::Page;
use super::{block, cell, code, prose};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{LintReport, Raise, ServiceRow};
use crate::model::verdict::Gate;
use crate::report::text::clip;
use crate::report::{counts, lead, plural};

/// Writes a heading, a table of findings, the story of each rule to unfold, and what was not analysed.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let verdict = match report.verdict {
        Gate::Pass => "pass",
        Gate::Fail => "fail",
        Gate::Unknown => "unknown",
    };
    let mut page = Page::default();
    page.push(&format!("## scaleproof: {verdict}, {}\n\n", counts(report, |_, text| text)));
    page.push("What breaks when one instance becomes N, as far as code and deployment files tell.\n\n");
    raised(report, &mut page);
    table(report, &mut page);
    services(report, &mut page);
    stories(report, &mut page);
    problems(report, &mut page);
    page.push(&format!("{}\n", footer(report)));
    out.write_all(page.into_text().as_bytes())
}

/// Part of the page that the table may take, in percent: what it has no room for is counted below it.
const TABLE: usize = 50;
const SERVICES: usize = 65;
const STORIES: usize = 90;
/// A text that is longer is not meant to be read.
const MOST: usize = 2 << 10;

fn table(report: &LintReport, page: &mut Page) {
    if report.findings.is_empty() {
        return;
    }
    page.push("| | what is there | where |\n|---|---|---|\n");
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let more = page.push_while_room(TABLE, findings.iter().map(|finding| row(finding)));
    if more > 0 {
        page.push(&format!("\n{} more: there is no room for them here.\n", plural(more, "finding")));
    }
    page.push("\n");
}

fn row(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "**error**",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let what = cell(&format!("{} ({})", prose(&clip(&finding.message, MOST)), code(&finding.rule)));
    format!("| {severity} | {what} | {} |\n", cell(&code(&finding.location.to_string())))
}

fn raised(report: &LintReport, page: &mut Page) {
    let line = |raise: &Raise| format!("- {}\n", prose(&raise.to_string()));
    let more = page.push_while_room(TABLE, report.raised.iter().map(line));
    if more > 0 {
        page.push(&format!("- and {more} more\n"));
    }
    if !report.raised.is_empty() {
        page.push("\n");
    }
}

fn services(report: &LintReport, page: &mut Page) {
    if report.services.is_empty() {
        return;
    }
    page.push("| service | role | replicas | processes | may it be scaled? | where |\n|---|---|---|---|---|---|\n");
    let row = |row: &ServiceRow| {
        let replicas = match row.most > row.replicas {
            _ if row.at_least.replicas => "several".to_owned(),
            _ if row.at_least.most => format!("{} or more", row.replicas),
            true => format!("{}–{}", row.replicas, row.most),
            false => row.replicas.to_string(),
        };
        let processes = match row.at_least.processes {
            _ if row.at_least.replicas => "several".to_owned(),
            true => "several (one per processor)".to_owned(),
            false => row.processes.to_string(),
        };
        let reasons: Vec<String> =
            row.reasons.iter().map(|cause| clip(&cause.to_string(), MOST).into_owned()).collect();
        let verdict = format!("{}{}{}", row.verdict, lead(row), reasons.join("; "));
        let name = cell(&code(&row.name));
        let stated = if row.counts().next().is_some() { format!(", {}", prose(&row.runs)) } else { String::new() };
        let place = cell(&(code(&row.location.to_string()) + &stated));
        format!("| {name} | {} | {replicas} | {processes} | {} | {place} |\n", row.role, cell(&prose(&verdict)))
    };
    let more = page.push_while_room(SERVICES, report.services.iter().map(row));
    if more > 0 {
        page.push(&format!("\n{} more: there is no room for them here.\n", plural(more, "service")));
    }
    page.push("\n");
}

fn stories(report: &LintReport, page: &mut Page) {
    let mut by_rule = BTreeMap::<_, Vec<&Finding>>::new();
    for finding in &report.findings {
        by_rule.entry((std::cmp::Reverse(finding.severity), &finding.rule)).or_default().push(finding);
    }
    let more = page.push_while_room(STORIES, by_rule.into_values().filter_map(|findings| story(&findings)));
    if more > 0 {
        page.push(&format!("The stories of {}: `scaleproof explain RULE` tells them.\n\n", plural(more, "more rule")));
    }
}

/// Code of a rule's findings that is shown.
const EXCERPTS: usize = 3;

fn story(findings: &[&Finding]) -> Option<String> {
    let first = findings.first()?;
    let mut text = format!(
        "<details>\n<summary><code>{}</code>: what breaks, and what to do</summary>\n\n**Breaks.** {}\n\n**Fix.** {}\n",
        prose(&first.rule),
        prose(&clip(&first.breaks, MOST)),
        prose(&clip(&first.fix, MOST))
    );
    for finding in findings.iter().take(EXCERPTS) {
        let places = finding.related.iter().chain(&finding.context);
        text.push_str(&format!("\n{}", code(&finding.location.to_string())));
        text.extend(places.take(4).map(|it| format!(", {} {}", prose(&it.message), code(&it.location.to_string()))));
        text.push('\n');
        if let Some(excerpt) = &finding.excerpt {
            text.push_str(&format!("\n{}", block("", &clip(&excerpt.text, MOST))));
        }
    }
    text.push_str("\n</details>\n\n");
    Some(text)
}

fn problems(report: &LintReport, page: &mut Page) {
    if report.problems.is_empty() {
        return;
    }
    page.push("<details>\n<summary>Problems</summary>\n\n");
    let line = |problem: &crate::model::problem::Problem| format!("- {}\n", prose(&clip(&problem.to_string(), MOST)));
    let more = page.push_while_room(99, report.problems.iter().map(line));
    if more > 0 {
        page.push(&format!("- and {more} more\n"));
    }
    page.push("\n</details>\n\n");
}

/// What the findings are not about.
fn footer(report: &LintReport) -> String {
    let coverage = &report.coverage;
    let mut parts = vec![format!("{} analysed", plural(report.files, "file"))];
    let counted = [
        (coverage.passed_over.len(), "passed over"),
        (coverage.in_part, "understood in part"),
        (report.suppressed.len(), "suppressed"),
        (report.hidden, "of low confidence hidden"),
    ];
    parts.extend(counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    let foreign = coverage.not_understood.iter().map(|it| format!("{} ({})", it.format, it.files)).collect::<Vec<_>>();
    if !foreign.is_empty() {
        parts.push(format!("not understood: {}", foreign.join(", ")));
    }
    format!("<sub>{}</sub>", parts.join(" · "))
}
