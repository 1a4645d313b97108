//! From a run log to a report: every report of a run is made here, whether the run just ended or lies in a file.

use std::path::Path;

use crate::check;
use crate::model::event::{Entry, Event};
use crate::model::report::TestReport;
use crate::policy::{proof, readiness};

/// Evaluates the checks over `entries` and gathers what they and lint say. `log` is where the entries are kept.
pub fn report(entries: &[Entry], log: Option<&Path>) -> TestReport {
    let outcomes = check::evaluate(entries);
    let mut report = TestReport {
        app: String::new(),
        verdict: crate::model::verdict::Readiness::Unknown,
        reason: String::new(),
        replicas: 0,
        seed: 0,
        command: Vec::new(),
        checks: outcomes,
        distribution: check::shares(entries),
        findings: Vec::new(),
        notes: Vec::new(),
        problems: Vec::new(),
        seconds: entries.last().map_or(0.0, |entry| entry.at_ms / 1000.0),
        log: log.map(|path| path.display().to_string()),
    };
    let mut ended = Vec::new();
    let mut interrupted = true;
    for entry in entries {
        match &entry.event {
            Event::RunStarted { app, command, replicas, seed, .. } => {
                report.app = app.clone();
                report.command = command.clone();
                report.replicas = *replicas;
                report.seed = *seed;
            }
            Event::Linted { findings, problems } => {
                report.findings = findings.clone();
                report.problems = problems.clone();
            }
            Event::ReplicaExited { replica, expected: false, last_lines, .. } => {
                let last = last_lines.last().map_or(String::new(), |line| format!("; its last line: {line}"));
                report.notes.push(format!("{replica} ended by itself during the run{last}"));
                ended.push(replica.clone());
            }
            Event::PhaseCut { reason } if !report.notes.contains(reason) => report.notes.push(reason.clone()),
            Event::Noted { text } if !report.notes.contains(text) => report.notes.push(text.clone()),
            Event::RunFinished { interrupted: by_somebody } => interrupted = *by_somebody,
            _ => {}
        }
    }
    proof::correlate(&mut report.findings, &report.checks);
    (report.verdict, report.reason) = readiness::readiness(&report.checks, &report.findings, &ended, interrupted);
    report
}
