//! Code Quality of GitLab: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::text::clip;
use crate::model::finding::{Finding, Severity};
use crate::model::location::Location;
use crate::model::report::{LintReport, Raise, ServiceRow};

#[derive(Serialize)]
struct Issue<'a> {
    r#type: &'static str,
    check_name: &'a str,
    description: String,
    content: Content,
    categories: [&'static str; 1],
    fingerprint: Cow<'a, str>,
    severity: &'static str,
    location: Place<'a>,
}

#[derive(Serialize)]
struct Content {
    body: String,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes an array of issues: findings, services, numbers that went up.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let services = report.services.iter().map(service);
    let issues = report.findings.iter().map(issue).chain(services).chain(report.raised.iter().map(raised));
    serde_json::to_writer_pretty(&mut *out, &issues.collect::<Vec<_>>())?;
    writeln!(out)
}

/// What a service is, how many of it run and whether there may be more. GitLab shows what a merge request brings: a service whose
/// numbers or verdict are others is another issue.
fn service(row: &ServiceRow) -> Issue<'_> {
    let ServiceRow { name, role, replicas, most, processes, location, runs, verdict, .. } = row;
    let reasons: Vec<String> = row.reasons.iter().map(|cause| clip(&cause.to_string(), MOST).into_owned()).collect();
    let description = format!("`{name}` ({role}) {runs}: {verdict}");
    let fingerprint = format!("service/{}/{name}/{verdict}/{replicas}-{most}x{processes}", location.path);
    told("services", description, reasons.join("\n\n"), fingerprint, location)
}

fn raised(raise: &Raise) -> Issue<'_> {
    let fingerprint = format!("raised/{}/{}/{}/{}", raise.service.path, raise.service.name, raise.what, raise.now);
    told("raised", raise.to_string(), String::new(), fingerprint, &raise.location)
}

/// What is worth knowing, and no finding.
fn told<'a>(
    check_name: &'a str,
    description: String,
    body: String,
    fingerprint: String,
    location: &'a Location,
) -> Issue<'a> {
    Issue {
        r#type: "issue",
        check_name,
        description: clip(&description, MOST).into_owned(),
        content: Content { body },
        categories: ["Compatibility"],
        fingerprint: fingerprint.into(),
        severity: severity(Severity::Info),
        location: place(location),
    }
}

fn place(location: &Location) -> Place<'_> {
    let span = location.span;
    Place { path: &location.path, lines: Lines { begin: span.line.max(1), end: span.end_line.max(span.line).max(1) } }
}

/// A text that is longer is not meant to be read.
const MOST: usize = 4 << 10;

fn issue(finding: &Finding) -> Issue<'_> {
    Issue {
        r#type: "issue",
        check_name: &finding.rule,
        description: clip(&finding.message, MOST).into_owned(),
        content: Content { body: format!("{}\n\n{}", clip(&finding.breaks, MOST), clip(&finding.fix, MOST)) },
        categories: ["Bug Risk"],
        fingerprint: finding.fingerprint.as_str().into(),
        severity: severity(finding.severity),
        location: place(&finding.location),
    }
}

/// "blocker" is left to those who know the project.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "info",
    }
}
