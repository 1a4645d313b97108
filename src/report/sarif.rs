//! SARIF 2.1.0, for code scanning: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! Limits are those of GitHub, which refuses a file that goes beyond them:
//! <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::text::clip;
use crate::model::deployment::Count;
use crate::model::finding::{Confidence, Finding, Related, Severity, Suppressed};
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::model::report::{LintReport, ServiceRow};
use crate::model::rule::RuleStory;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The folder that paths are relative to.
const ROOT: &str = "%SRCROOT%";
/// Results in a run.
const MOST_RESULTS: usize = 25_000;
/// Places that a result shows.
const MOST_PLACES: usize = 100;
/// A text that is longer is not meant to be read, and a file has a limit of its own.
const MOST_TEXT: usize = 16 << 10;

/// Writes one run in a log.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let findings = report.findings.iter().map(|finding| (finding, None));
    let suppressed = report.suppressed.iter().map(|suppressed| (&suppressed.finding, Some(suppressed)));
    let mut all: Vec<_> = findings.chain(suppressed).collect();
    let left_out = all.len().saturating_sub(MOST_RESULTS);
    if left_out > 0 {
        all.sort_by_key(|(finding, suppressed)| (suppressed.is_some(), Reverse(finding.severity)));
        all.truncate(MOST_RESULTS);
    }
    let results: Vec<Value> =
        all.into_iter().map(|(finding, suppressed)| result(finding, suppressed, report)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "scaleproof",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": report.rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [invocation(report, left_out)],
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": text("The folder that was analysed from.") } },
            "results": results,
            "properties": { "services": services(report), "raised": report.raised.iter().map(ToString::to_string).collect::<Vec<_>>() },
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// What the deployment files configure; a viewer shows it beside the run.
fn services(report: &LintReport) -> Vec<Value> {
    let service = |row: &ServiceRow| {
        let reasons: Vec<String> = row.reasons.iter().map(ToString::to_string).collect();
        let count = |count: &Count| format!("{} ({})", count.stated_as, count.location);
        json!({
            "name": row.name, "role": row.role, "replicas": row.replicas, "most": row.most, "processes": row.processes,
            "at_least": row.at_least, "place": row.location.to_string(), "runs": row.runs,
            "counts": row.counts().map(count).collect::<Vec<_>>(), "verdict": row.verdict, "reasons": reasons,
        })
    };
    report.services.iter().map(service).collect()
}

fn rule(story: &RuleStory) -> Value {
    let mut rule = json!({
        "id": story.id,
        "name": camel_case(&story.id),
        "shortDescription": text(&story.title),
        "fullDescription": text(&story.breaks),
        "help": { "text": help(story, ""), "markdown": help(story, "**") },
        "defaultConfiguration": { "level": level(story.severity) },
        "properties": {
            "family": story.family,
            "confidence": story.confidence,
            "precision": precision(story.confidence),
            "problem.severity": problem_severity(story.severity),
            "tags": ["scalability", story.family],
        },
    });
    if let Some(reading) = story.read.first() {
        rule["helpUri"] = reading.address.as_str().into();
    }
    rule
}

/// The names of rules are in this case where code scanning shows them.
fn camel_case(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    id.split('-').map(word).collect()
}

fn help(story: &RuleStory, bold: &str) -> String {
    let mut help = format!("{bold}What breaks:{bold} {}\n\n{bold}What to do:{bold} {}\n", story.breaks, story.fix);
    if let Some(check) = &story.confirm {
        let _ = write!(help, "\n{bold}How it is proven:{bold} `scaleproof test`, check {check}\n");
    }
    for reading in &story.read {
        let _ = match bold.is_empty() {
            true => write!(help, "\n{}: {}", reading.title, reading.address),
            false => write!(help, "\n- [{}]({})", reading.title, reading.address),
        };
    }
    help
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "very-high",
        Confidence::Medium => "high",
        Confidence::Low => "low",
    }
}

fn result(finding: &Finding, suppressed: Option<&Suppressed>, report: &LintReport) -> Value {
    let mut primary = physical(&finding.location);
    if let (Some(excerpt), Some(region)) = (&finding.excerpt, primary.get_mut("region")) {
        region["snippet"] = text(&excerpt.text);
    }
    let related = finding.related.iter().chain(&finding.context).take(MOST_PLACES).zip(1..).map(place);
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": text(&message(finding)),
        "locations": [{ "physicalLocation": primary }],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": {
            "scaleproof/v1": finding.fingerprint,
            // Code scanning knows an alert again by a fingerprint of this name; the number tells equal lines apart.
            "primaryLocationLineHash": format!("{}:1", finding.fingerprint),
        },
        "properties": {
            "family": finding.family,
            "confidence": finding.confidence,
            "fix": clip(&finding.fix, MOST_TEXT),
            "confirm": finding.confirm,
            "routes": finding.routes,
        },
    });
    if let Some(index) = report.rules.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    if let Some(suppressed) = suppressed {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": clip(&suppressed.reason, MOST_TEXT) }]);
    }
    result
}

/// What is here, the story and the way out: the alert's page shows this text, the rule's help only on demand.
fn message(finding: &Finding) -> String {
    let parts = [&finding.message, &finding.breaks, &finding.fix].map(|part| clip(part, MOST_TEXT));
    let [message, breaks, fix] = parts;
    // `[text](1)` would be a link to a related location.
    format!("{message}.\n\n{breaks}\n\nFix: {fix}").replace("](", "] (")
}

fn place((related, id): (&Related, i32)) -> Value {
    json!({ "id": id, "physicalLocation": physical(&related.location), "message": text(&related.message) })
}

fn physical(location: &Location) -> Value {
    let mut physical = json!({ "artifactLocation": artifact(&location.path) });
    if let Some(region) = region(&location.span) {
        physical["region"] = region;
    }
    physical
}

/// `None` for a whole file. Ends are exclusive here as there.
fn region(span: &Span) -> Option<Value> {
    (span.line > 0).then(|| {
        json!({
            "startLine": span.line,
            "startColumn": span.column.max(1),
            "endLine": span.end_line.max(span.line),
            "endColumn": span.end_column.max(1),
        })
    })
}

fn artifact(path: &str) -> Value {
    match path.starts_with('/') {
        true => json!({ "uri": format!("file://{}", percent_encoded(path)) }),
        false => json!({ "uri": percent_encoded(path), "uriBaseId": ROOT }),
    }
}

/// As RFC 3986 wants it: what is not unreserved is encoded, but for the slashes.
fn percent_encoded(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len()), |mut uri, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(byte.into()),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
        uri
    })
}

fn invocation(report: &LintReport, left_out: usize) -> Value {
    let mut notifications: Vec<Value> = report.problems.iter().map(notification).collect();
    if left_out > 0 {
        let said = format!("{left_out} more results are left out: a file may hold {MOST_RESULTS}");
        notifications.push(json!({ "level": "warning", "message": text(&said) }));
    }
    if report.files == 0 {
        notifications.push(json!({ "level": "error", "message": text("nothing was analysed") }));
    }
    json!({ "executionSuccessful": report.files > 0, "toolExecutionNotifications": notifications })
}

fn notification(problem: &Problem) -> Value {
    let said = match problem.help.is_empty() {
        true => problem.message.clone(),
        false => format!("{}. {}", problem.message, problem.help),
    };
    let mut notification = json!({ "level": "warning", "message": text(&said) });
    if let Some(location) = &problem.location {
        notification["locations"] = json!([{ "physicalLocation": physical(location) }]);
    }
    notification
}

fn text(text: &str) -> Value {
    json!({ "text": clip(text, MOST_TEXT) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(artifact("src/größe 1%.js")["uri"], "src/gr%C3%B6%C3%9Fe%201%25.js");
        assert_eq!(artifact("/tmp/a.js")["uri"], "file:///tmp/a.js");
        assert_eq!(camel_case("express-session-memory"), "ExpressSessionMemory");
    }
}
