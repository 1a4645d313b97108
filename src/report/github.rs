//! Annotations on the lines of a pull request, as workflow commands of GitHub Actions:
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.

use std::io::{self, Write};

use super::text::{clip, one_line, visible};
use super::{counts, lead};
use crate::model::finding::{Finding, Severity};
use crate::model::location::Location;
use crate::model::problem::Problem;
use crate::model::report::{LintReport, ServiceRow};
use crate::model::verdict::{Gate, Scalability};

/// Writes one command for each finding and problem, and what it comes to as a line of the log.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let text = [&finding.message, &finding.breaks, &finding.fix].map(|text| clip(text, MOST).into_owned());
        let [message, breaks, fix] = text;
        let said = format!("{message}\n\nBreaks: {breaks}\n\nFix: {fix}{}", places(finding));
        command(kind(finding.severity), Some(&finding.location), &finding.rule, &said, out)?;
    }
    for problem in &report.problems {
        let Problem { location, message, help, .. } = problem;
        let said = format!("{}. {}", clip(message, MOST), clip(help, MOST));
        command("notice", location.as_ref(), "scaleproof: a problem", said.trim_end(), out)?;
    }
    for row in report.services.iter().filter(|row| SHOWN.contains(&row.verdict)) {
        let reasons: Vec<String> = row.reasons.iter().map(|cause| one_line(&clip(&cause.to_string(), MOST))).collect();
        let said = format!("{} ({}): {}\n\n{}", row.verdict, row.runs, row.role, reasons.join("\n\n"));
        command("notice", Some(&row.location), &format!("scaleproof: {}", row.name), said.trim_end(), out)?;
    }
    services(&report.services, out)?;
    for raise in &report.raised {
        command("notice", Some(&raise.location), "scaleproof: raised", &raise.to_string(), out)?;
    }
    let verdict = match report.verdict {
        Gate::Pass => "PASS",
        Gate::Fail => "FAIL",
        Gate::Unknown => "UNKNOWN",
    };
    writeln!(out, "scaleproof: {verdict}: {}", counts(report, |_, text| text))
}

/// The table of services, for those who unfold it in the log.
fn services(rows: &[ServiceRow], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "::group::services")?;
    for row in rows {
        let reasons: Vec<String> = row.reasons.iter().map(ToString::to_string).collect();
        let lead = lead(row);
        let said = format!(
            "{} ({}) at {} {}; {}{lead}{}",
            row.name,
            row.role,
            row.location,
            row.runs,
            row.verdict,
            reasons.join("; ")
        );
        // A line is a command that begins with two colons, or that has the older mark somewhere.
        writeln!(out, "- {}", visible(&one_line(&clip(&said, MOST))).replace("##[", "## ["))?;
    }
    writeln!(out, "::endgroup::")
}

/// An annotation is for what somebody has to know; a log has only room for so many.
const SHOWN: &[Scalability] = &[Scalability::Ready, Scalability::StickySessions, Scalability::SingleInstance];

/// A text that is longer is not meant to be read.
const MOST: usize = 4 << 10;

fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

fn places(finding: &Finding) -> String {
    let places = finding.related.iter().chain(&finding.context).take(10);
    places.map(|place| format!("\n\n{}: {}", one_line(&clip(&place.message, MOST)), place.location)).collect()
}

fn command(kind: &str, at: Option<&Location>, title: &str, message: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "::{kind} ")?;
    if let Some(Location { path, span }) = at {
        write!(out, "file={},", property(path))?;
        if span.line > 0 {
            write!(out, "line={},endLine={},", span.line, span.end_line.max(span.line))?;
        }
        // Columns are refused where an annotation covers several lines.
        if span.line > 0 && span.end_line <= span.line {
            write!(out, "col={},endColumn={},", span.column, span.end_column.max(span.column))?;
        }
    }
    writeln!(out, "title={}::{}", property(title), data(message))
}

/// Carriage returns and new lines would end a command; everything is decoded after it is split.
fn data(text: &str) -> String {
    visible(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")).into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("100 %\r\n::error::x\x1b"), "100 %25%0D%0A::error::x␛");
        assert_eq!(property("C:\\a,b\n"), "C%3A\\a%2Cb%0A");
    }
}
