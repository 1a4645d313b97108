//! From findings to what a gate does.

use crate::model::finding::Severity;
use crate::model::report::LintReport;
use crate::model::verdict::Gate;

/// What the findings mean where `fail_on` is the least severity that fails. Nothing analysed is never a pass.
pub fn lint(report: &LintReport, fail_on: Option<Severity>) -> Gate {
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    match fail_on {
        _ if report.files == 0 => Gate::Unknown,
        Some(least) if worst >= Some(least) => Gate::Fail,
        _ => Gate::Pass,
    }
}
