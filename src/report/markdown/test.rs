//! What `test` showed, as a comment on a pull request.

use std::io::{self, Write};

use super::page::Page;
use super::{block, cell, code, prose};
use crate::model::finding::{Finding, Proof};
use crate::model::outcome::{Outcome, Story};
use crate::model::report::TestReport;
use crate::model::verdict::{CheckVerdict, Readiness};
use crate::report::plural;
use crate::report::text::clip;

/// A text that is longer is not meant to be read.
const MOST: usize = 2 << 10;

/// Writes the verdict with its reason, a table of checks, the smallest failing stories, and lint's findings with their proofs.
pub fn render(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    let verdict = match report.verdict {
        Readiness::Ready => "ready",
        Readiness::NotReady => "not ready",
        Readiness::Unknown => "unknown",
    };
    let mut page = Page::default();
    let replicas = plural(report.replicas as usize, "replica");
    page.push(&format!("## scaleproof: {verdict} for {replicas}\n\n{}\n\n", prose(&clip(&report.reason, MOST))));
    page.push("| check | verdict | what was seen |\n|---|---|---|\n");
    let mut more = page.push_while_room(60, report.checks.iter().map(row));
    page.push("\n");
    let stories = report.checks.iter().filter_map(|check| check.story.as_ref());
    more += page.push_while_room(80, stories.map(story));
    if !report.findings.is_empty() {
        page.push("<details>\n<summary>What the code says</summary>\n\n");
        more += page.push_while_room(95, report.findings.iter().map(finding));
        page.push("\n</details>\n\n");
    }
    more += page.push_while_room(99, report.notes.iter().map(|note| format!("- {}\n", prose(&clip(note, MOST)))));
    if more > 0 {
        page.push(&format!("\n{more} more: there is no room for them here.\n"));
    }
    page.push(&format!("\n<sub>seed {} · {:.1} s</sub>\n", report.seed, report.seconds));
    out.write_all(page.into_text().as_bytes())
}

fn row(check: &Outcome) -> String {
    let verdict = match check.verdict {
        CheckVerdict::Pass => "pass",
        CheckVerdict::Fail => "**fail**",
        CheckVerdict::Unknown => "unknown",
        CheckVerdict::Skipped => "skipped",
    };
    format!("| {} | {verdict} | {} |\n", cell(&code(&check.id)), cell(&prose(&clip(&check.summary, MOST))))
}

fn story(story: &Story) -> String {
    let steps = story.steps.iter().map(|step| {
        let (replica, status) = (step.replica.as_deref().unwrap_or("–"), step.status.map(|status| status.to_string()));
        let status = status.as_deref().unwrap_or("–");
        let mark = if step.failed { "  <- " } else { "  " };
        format!("{:6} {}  {replica} {status}{mark}{}\n", step.method, step.target, step.note)
    });
    let steps: String = steps.collect();
    let name = prose(&story.scenario);
    let steps = block("", &clip(&steps, 2 * MOST));
    format!("Smallest failing story: {name}\n\n{steps}\n{}\n\n", prose(&clip(&story.control, MOST)))
}

fn finding(finding: &Finding) -> String {
    let proof = match finding.proof {
        Some(Proof::Confirmed) => "confirmed",
        Some(Proof::NotReproduced) => "not reproduced",
        Some(Proof::NotTried) | None => "not tried",
    };
    let (message, place) = (prose(&clip(&finding.message, MOST)), code(&finding.location.to_string()));
    format!("- **{proof}**: {message} ({}), {place}\n", code(&finding.rule))
}
