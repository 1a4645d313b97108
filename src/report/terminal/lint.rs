//! `lint` on a terminal: findings file by file, services, what was and what was not analysed, and the verdict last.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anstyle::Style;

use super::style::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, gate, paint};
use super::{Look, frame, hanging};
use crate::model::Name;
use crate::model::finding::{Finding, Severity};
use crate::model::report::{LintReport, Raise, Reason, ServiceRow, Volume};
use crate::model::verdict::Scalability;
use crate::report::text::{fit_finding, fit_problem, visible};
use crate::report::{counts, lead, plural};

/// Writes the whole report.
pub fn render(report: &LintReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut told = BTreeSet::new();
    for of_file in report.findings.chunk_by(|one, next| one.location.path == next.location.path) {
        let of_file: Vec<Finding> = of_file.iter().map(fit_finding).collect();
        file(&of_file, &mut told, look, out)?;
    }
    problems(report, look, out)?;
    services(&report.services, look, out)?;
    raised(&report.raised, look, out)?;
    analysed(report, look, out)?;
    verdict(report, out)
}

/// A file that several findings are about gets a heading, and what all of them have in common is said there.
fn file(findings: &[Finding], told: &mut BTreeSet<(Name, String)>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let shared = match findings {
        [first, rest @ ..] if !rest.is_empty() => {
            writeln!(out, "{}  {}", paint(BOLD, &first.location.path), paint(DIM, plural(findings.len(), "finding")))?;
            let shared = rest.iter().all(|finding| finding.context == first.context);
            for context in first.context.iter().filter(|_| shared) {
                hanging("  ", &format!("{} ({})", context.message, context.location), look, out)?;
            }
            writeln!(out)?;
            shared
        }
        _ => false,
    };
    for finding in findings {
        // Told once, a story need not be told again.
        let mut finding = finding.clone();
        if !told.insert((finding.rule.clone(), finding.fix.clone())) {
            finding.fix.clear();
            finding.breaks.clear();
        }
        if shared {
            finding.context.clear();
        }
        frame::finding(&finding, look, out)?;
    }
    Ok(())
}

/// Problems that are shown with their lines; of more than these it is enough to know where they are.
const PROBLEMS: usize = 10;

fn problems(report: &LintReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for problem in report.problems.iter().take(PROBLEMS) {
        frame::problem(&fit_problem(problem), look, out)?;
    }
    if let Some(more) = report.problems.get(PROBLEMS..).filter(|more| !more.is_empty()) {
        let files: BTreeSet<_> =
            more.iter().filter_map(|it| it.location.as_ref().map(|at| visible(&at.path))).collect();
        let files = files.into_iter().collect::<Vec<_>>().join(", ");
        hanging(&format!("{}: ", plural(more.len(), "more problem")), &files, look, out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn services(rows: &[ServiceRow], look: Look, out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(BOLD, "services"))?;
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).min(24);
    let indent = " ".repeat(width + 4);
    for row in rows {
        let counts = format!("{} / {}", replicas(row), processes(row));
        let place = visible(&row.location.to_string()).into_owned();
        writeln!(out, "  {:width$}  {:9}{counts:25}  {}", visible(&row.name), row.role, paint(CYAN, place))?;
        if (row.replicas, row.most, row.processes) != (1, 1, 1) {
            hanging(&indent, &visible(&row.runs), look, out)?;
        }
        hanging(&indent, &format!("{}{}", paint(colour(row.verdict), row.verdict), reasons(row)), look, out)?;
    }
    writeln!(out)
}

fn replicas(row: &ServiceRow) -> String {
    match row.most > row.replicas {
        _ if row.at_least.replicas => "several replicas".to_owned(),
        _ if row.at_least.most => format!("{} or more replicas", row.replicas),
        true => format!("{}–{} replicas", row.replicas, row.most),
        false => plural(row.replicas as usize, "replica"),
    }
}

fn colour(verdict: Scalability) -> Style {
    match verdict {
        Scalability::Ready => GREEN,
        Scalability::StickySessions | Scalability::Unknown => YELLOW,
        Scalability::SingleInstance => RED,
        Scalability::NotByCount => DIM,
    }
}

/// ": `carts` is written by handlers (app.py:3); …".
fn reasons(row: &ServiceRow) -> String {
    let told: Vec<String> = row.reasons.iter().map(ToString::to_string).collect();
    let lead = lead(row);
    visible(&format!("{lead}{}", told.join("; "))).into_owned()
}

/// The event that all of this is about: somebody asks for more.
fn raised(raises: &[Raise], look: Look, out: &mut dyn Write) -> io::Result<()> {
    if raises.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(BOLD, "raised"))?;
    for raise in raises {
        hanging("  ", &visible(&raise.to_string()), look, out)?;
    }
    writeln!(out)
}

fn processes(row: &ServiceRow) -> String {
    match row.processes {
        _ if row.at_least.replicas => "several processes".to_owned(),
        _ if row.at_least.processes => "several processes (one per processor)".to_owned(),
        1 => "1 process".to_owned(),
        count => format!("{count} processes"),
    }
}

/// A reader must see what the silence is about.
fn analysed(report: &LintReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let coverage = &report.coverage;
    let total = format!("{}, {}", plural(report.files, "file"), plural(report.lines as usize, "line"));
    let volume = |it: &Volume| format!("{} {} ({})", it.language.name(), it.files, it.lines);
    let volumes: Vec<String> = coverage.languages.iter().map(volume).collect();
    let volumes = if volumes.is_empty() { total } else { format!("{total}: {}", volumes.join(", ")) };
    row("analysed", &volumes, look, out)?;
    let mut reasons = BTreeMap::<Reason, usize>::new();
    for file in &coverage.passed_over {
        *reasons.entry(file.reason).or_default() += 1;
    }
    let mut passed_over: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    if coverage.in_part > 0 {
        passed_over.push(format!("parts of {}", plural(coverage.in_part, "file")));
    }
    row("passed over", &passed_over.join(", "), look, out)?;
    let foreign = coverage.not_understood.iter();
    let foreign: Vec<String> = foreign.map(|it| format!("{} ({})", it.format, plural(it.files, "file"))).collect();
    row("not understood", &foreign.join(", "), look, out)?;
    let aside = [
        (report.known, "known to the baseline"),
        (report.unchanged, "untouched by the changes"),
        (report.suppressed.len(), "ignored with a reason"),
        (report.hidden, "of low confidence (--pedantic shows them)"),
    ];
    let told = aside.iter().filter(|(count, _)| *count > 0);
    let silent: Vec<String> = told.map(|(count, what)| format!("{count} {what}")).collect();
    row("not shown", &silent.join(", "), look, out)
}

/// Nothing where there is nothing to say.
fn row(name: &str, text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    match text.is_empty() {
        true => Ok(()),
        false => hanging(&format!("{name:16}"), text, look, out),
    }
}

fn verdict(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let counts = counts(report, |severity, text| match severity {
        Some(Severity::Error) => paint(RED, text),
        Some(Severity::Warning) => paint(YELLOW, text),
        Some(Severity::Info) => paint(CYAN, text),
        None => text,
    });
    writeln!(out, "\n{}  {counts}", gate(report.verdict))
}
