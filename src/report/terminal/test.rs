//! `test` on a terminal: conditions, checks, the smallest failing story, findings, and the verdict last.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::style::{self, BOLD, CYAN, DIM, GREEN, RED, YELLOW, paint};
use super::{Look, frame, hanging, whole_words};
use crate::model::outcome::{Outcome, Story, StoryStep};
use crate::model::report::TestReport;
use crate::model::verdict::{CheckVerdict, Readiness};
use crate::report::plural;
use crate::report::text::{fit_finding, fit_problem, visible};

pub fn render(report: &TestReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    conditions(report, look, out)?;
    for check in &report.checks {
        row(check, look, out)?;
    }
    writeln!(out)?;
    for story in report.checks.iter().filter_map(|check| check.story.as_ref()) {
        tell(story, out)?;
    }
    for finding in &report.findings {
        frame::finding(&fit_finding(finding), look, out)?;
    }
    for problem in &report.problems {
        frame::problem(&fit_problem(problem), look, out)?;
    }
    for note in &report.notes {
        hanging(&paint(YELLOW, "note  "), &visible(note), look, out)?;
    }
    verdict(report, look, out)
}

fn conditions(report: &TestReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let shares: Vec<String> =
        report.distribution.iter().map(|share| format!("{} {}", share.replica, share.requests)).collect();
    writeln!(
        out,
        "{} · {} · round robin, no affinity · seed {} · {:.1} s",
        paint(BOLD, visible(&report.app)),
        plural(report.replicas as usize, "replica"),
        report.seed,
        report.seconds
    )?;
    if !shares.is_empty() {
        hanging("balanced requests: ", &shares.join(", "), look, out)?;
    }
    writeln!(out)
}

/// Width of the column that holds a check's id.
const ID_WIDTH: usize = 15;
const VERDICT_WIDTH: usize = 9;

fn row(check: &Outcome, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let word = match check.verdict {
        CheckVerdict::Pass => "pass",
        CheckVerdict::Fail => "FAIL",
        CheckVerdict::Unknown => "unknown",
        CheckVerdict::Skipped => "skipped",
    };
    let head = format!(
        "  {:ID_WIDTH$}{}",
        check.id,
        paint(style::of_verdict(check.verdict), format!("{word:VERDICT_WIDTH$}"))
    );
    hanging(&head, &visible(&check.summary), look, out)?;
    let indent = 2 + ID_WIDTH + VERDICT_WIDTH;
    if check.verdict != CheckVerdict::Pass {
        for line in check.evidence.iter().filter(|line| **line != check.summary) {
            hanging(&" ".repeat(indent), &visible(line), look, out)?;
        }
    }
    if !check.power.is_empty() {
        dimmed(&check.power, indent, look, out)?;
    }
    Ok(())
}

fn dimmed(text: &str, indent: usize, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for line in textwrap::wrap(&visible(text), whole_words(look.width.saturating_sub(indent).max(30))) {
        writeln!(out, "{}{}", " ".repeat(indent), paint(DIM, line))?;
    }
    Ok(())
}

fn tell(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let title = paint(BOLD, format!("smallest failing story: {}", visible(&story.scenario)));
    let place = if story.path.is_empty() { String::new() } else { paint(CYAN, format!("  {}", visible(&story.path))) };
    writeln!(out, "  {title}{place}")?;
    let width = story.steps.iter().map(|step| request(step).width()).max().unwrap_or(0);
    for step in &story.steps {
        let replica = step.replica.as_deref().unwrap_or("–");
        let status = step.status.map_or("–".into(), |status| status.to_string());
        let request = request(step);
        let pad = " ".repeat(width.saturating_sub(request.width()));
        let note = if step.failed { paint(RED, visible(&step.note)) } else { visible(&step.note).into_owned() };
        let line = format!("    +{:.3} s  {request}{pad}  {replica:4} {status:4} {note}", step.at_ms / 1000.0);
        writeln!(out, "{}", line.trim_end())?;
    }
    if !story.control.is_empty() {
        writeln!(out, "    {}", paint(DIM, visible(&story.control)))?;
    }
    writeln!(out)
}

fn request(step: &StoryStep) -> String {
    visible(&format!("{:6} {}", step.method, step.target)).into_owned()
}

fn verdict(report: &TestReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let (word, style) = match report.verdict {
        Readiness::Ready => ("READY", GREEN),
        Readiness::NotReady => ("NOT READY", RED),
        Readiness::Unknown => ("UNKNOWN", YELLOW),
    };
    hanging(&paint(style, format!("{word:11}")), &visible(&report.reason), look, out)?;
    if let Some(log) = &report.log {
        writeln!(out, "{}", paint(DIM, format!("           again without running: scaleproof report {log}")))?;
    }
    Ok(())
}
