//! `lint` on a terminal.

use std::io::{self, Write};

use super::style::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, paint};
use super::{Look, frame, plural};
use crate::model::finding::Severity;
use crate::model::report::{LintReport, ServiceRow};

/// Writes findings, problems, services and a summary, in this order.
pub fn render(report: &LintReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        frame::finding(finding, look, out)?;
    }
    for problem in &report.problems {
        frame::problem(problem, look, out)?;
    }
    services(&report.services, out)?;
    summary(report, out)
}

fn services(rows: &[ServiceRow], out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(BOLD, "services"))?;
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in rows {
        let counts = format!("{} / {}", plural(row.replicas as usize, "replica"), processes(row.processes));
        writeln!(
            out,
            "  {:width$}  {:9}{counts:26}{}  {}",
            row.name,
            row.role,
            paint(CYAN, &row.location),
            paint(DIM, &row.verdict)
        )?;
    }
    writeln!(out)
}

fn processes(count: u32) -> String {
    if count == 1 { "1 process".into() } else { format!("{count} processes") }
}

fn summary(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let of = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings, infos) = (of(Severity::Error), of(Severity::Warning), of(Severity::Info));
    let mut counts = Vec::new();
    for (count, noun, style) in [(errors, "error", RED), (warnings, "warning", YELLOW), (infos, "info", CYAN)] {
        if count > 0 {
            counts.push(paint(style, plural(count, noun)));
        }
    }
    if counts.is_empty() {
        counts.push(match report.files {
            0 => paint(YELLOW, "nothing analysed"),
            _ if report.known + report.unchanged > 0 => paint(GREEN, "no new findings"),
            _ => paint(GREEN, "no findings"),
        });
    }
    write!(
        out,
        "{} in {} ({})",
        counts.join(", "),
        plural(report.files, "file"),
        plural(report.lines as usize, "line")
    )?;
    let aside = [
        (report.known, "known to the baseline"),
        (report.unchanged, "untouched by the changes"),
        (report.suppressed.len(), "ignored with a reason"),
        (report.hidden, "of low confidence hidden (--pedantic shows them)"),
    ];
    for (count, what) in aside.iter().filter(|(count, _)| *count > 0) {
        write!(out, " · {count} {what}")?;
    }
    if !report.problems.is_empty() {
        write!(out, " · {}", plural(report.problems.len(), "problem"))?;
    }
    writeln!(out)
}
