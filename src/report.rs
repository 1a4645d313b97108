//! L4, one file per format. A renderer writes into what it is given and computes no numbers.
//!
//! Text of others goes through [`text`] on its way to people, and through the escapes of its format on its way to programs.

pub mod ab;
pub mod csv;
pub mod github;
pub mod gitlab;
pub mod hlog;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod terminal;
pub mod text;

use crate::model::finding::Severity;
use crate::model::report::{LintReport, ServiceRow};
use crate::model::verdict::Scalability;

/// What two runs cannot show.
const ONE_RUN_EACH: &str = "The intervals are of one run each, and runs differ from each other: repeat both before trusting a small \
                            difference.";

/// What stands between the verdict on a service and its reasons: those of a "ready" speak against it, and not for it.
fn lead(row: &ServiceRow) -> &'static str {
    match row.verdict {
        _ if row.reasons.is_empty() => "",
        Scalability::Ready => ", though ",
        _ => ": ",
    }
}

/// `1 file`, `2 files`.
fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// "2 errors, 1 warning", each part as `dress` makes it; "no findings" where there are none.
fn counts(report: &LintReport, dress: impl Fn(Option<Severity>, String) -> String) -> String {
    let nouns = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "info")];
    let parts: Vec<String> = nouns
        .iter()
        .map(|(severity, noun)| (*severity, report.findings.iter().filter(|f| f.severity == *severity).count(), noun))
        .filter(|(_, count, _)| *count > 0)
        .map(|(severity, count, noun)| dress(Some(severity), plural(count, noun)))
        .collect();
    match parts.is_empty() {
        true if report.files == 0 => dress(None, "nothing analysed".into()),
        true if report.known + report.unchanged > 0 => dress(None, "no new findings".into()),
        true => dress(None, "no findings".into()),
        false => parts.join(", "),
    }
}
