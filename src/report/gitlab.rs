//! Code Quality of GitLab: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use std::io::{self, Write};

use serde::Serialize;

use super::text::clip;
use crate::model::finding::{Finding, Severity};
use crate::model::report::LintReport;

#[derive(Serialize)]
struct Issue<'a> {
    r#type: &'static str,
    check_name: &'a str,
    description: String,
    content: Content,
    categories: [&'static str; 1],
    fingerprint: &'a str,
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

/// Writes an array of issues.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &report.findings.iter().map(issue).collect::<Vec<_>>())?;
    writeln!(out)
}

/// A text that is longer is not meant to be read.
const MOST: usize = 4 << 10;

fn issue(finding: &Finding) -> Issue<'_> {
    let span = finding.location.span;
    Issue {
        r#type: "issue",
        check_name: &finding.rule,
        description: clip(&finding.message, MOST).into_owned(),
        content: Content { body: format!("{}\n\n{}", clip(&finding.breaks, MOST), clip(&finding.fix, MOST)) },
        categories: ["Bug Risk"],
        fingerprint: &finding.fingerprint,
        severity: severity(finding.severity),
        location: Place {
            path: &finding.location.path,
            lines: Lines { begin: span.line.max(1), end: span.end_line.max(span.line).max(1) },
        },
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
