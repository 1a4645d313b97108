//! From outcomes and findings to one verdict.

use crate::model::event::ReplicaName;
use crate::model::finding::{Confidence, Finding, Proof, Severity};
use crate::model::outcome::Outcome;
use crate::model::verdict::{CheckVerdict, Readiness};

/// The verdict and the sentence that gives its reason.
///
/// Not ready: a check of severity error failed. Unknown: a check of such severity could not decide, a replica of `ended` ended by
/// itself during the run, or lint holds an error that names a check which had nothing to try it with. Ready: everything else,
/// and only then.
pub fn readiness(outcomes: &[Outcome], findings: &[Finding], ended: &[ReplicaName]) -> (Readiness, String) {
    let weighty =
        |verdict| outcomes.iter().filter(move |check| check.verdict == verdict && check.severity == Severity::Error);
    let failed: Vec<&Outcome> = weighty(CheckVerdict::Fail).collect();
    let undecided: Vec<&Outcome> = weighty(CheckVerdict::Unknown).collect();
    let untried: Vec<&Finding> = findings.iter().filter(|finding| is_open(finding)).collect();
    let passed = outcomes.iter().filter(|check| check.verdict == CheckVerdict::Pass).count();

    if !failed.is_empty() {
        let confirmed = findings.iter().filter(|finding| finding.proof == Some(Proof::Confirmed)).count();
        let confirms = match confirmed {
            0 => String::new(),
            1 => ", 1 finding confirmed".into(),
            more => format!(", {more} findings confirmed"),
        };
        return (Readiness::NotReady, format!("{} failed{confirms}: {}", ids(&failed), failed[0].summary));
    }
    if !undecided.is_empty() {
        return (Readiness::Unknown, format!("{} could not decide: {}", ids(&undecided), undecided[0].summary));
    }
    if let [first, ..] = ended {
        return (
            Readiness::Unknown,
            format!("{first} ended by itself during the run: what it was asked for says nothing"),
        );
    }
    if let Some(finding) = untried.first() {
        let more = if untried.len() > 1 { format!(" and {} more", untried.len() - 1) } else { String::new() };
        return (
            Readiness::Unknown,
            format!(
                "what ran passed, but nothing exercised {} at {}{more}: write a scenario that does, or suppress it with a reason",
                finding.rule, finding.location
            ),
        );
    }
    if passed == 0 {
        return (Readiness::Unknown, "no check had anything to look at".into());
    }
    let advisory: Vec<&Outcome> = outcomes.iter().filter(|check| check.verdict == CheckVerdict::Fail).collect();
    let skipped = outcomes.iter().filter(|check| check.verdict == CheckVerdict::Skipped).collect::<Vec<_>>();
    let mut reason = format!("{passed} of {} checks passed", outcomes.len());
    if !advisory.is_empty() {
        reason += &format!("; a warning from {}", ids(&advisory));
    }
    if !skipped.is_empty() {
        reason += &format!("; not exercised: {}", ids(&skipped));
    }
    (Readiness::Ready, reason)
}

/// An error of lint that a check could prove and that nothing tried.
fn is_open(finding: &Finding) -> bool {
    finding.severity == Severity::Error
        && finding.confidence >= Confidence::Medium
        && finding.confirm.is_some()
        && finding.proof == Some(Proof::NotTried)
}

fn ids(outcomes: &[&Outcome]) -> String {
    outcomes.iter().map(|check| check.id.as_str()).collect::<Vec<_>>().join(", ")
}
