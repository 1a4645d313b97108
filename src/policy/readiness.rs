//! From outcomes and findings to one verdict.

use crate::model::event::ReplicaName;
use crate::model::finding::{Confidence, Finding, Proof, Severity};
use crate::model::outcome::Outcome;
use crate::model::verdict::{CheckVerdict, Readiness};

/// Checks that show whether replicas share what users leave with them. The others say that the app runs and answers, which is
/// no evidence about state.
const ABOUT_STATE: &[&str] = &["session-cross", "ryw", "fs-isolated"];

/// The verdict and the sentence that gives its reason.
///
/// Not ready: a check of severity error failed. Unknown: the run was interrupted, a check of such severity could not decide, a replica of `ended` ended by
/// itself during the run, lint holds an error that no check has cleared, or no check about state had anything to look at. Ready:
/// everything else, and only then.
pub fn readiness(
    outcomes: &[Outcome],
    findings: &[Finding],
    ended: &[ReplicaName],
    interrupted: bool,
) -> (Readiness, String) {
    let of = |verdict| outcomes.iter().filter(move |check| check.verdict == verdict).collect::<Vec<_>>();
    let (failed, warned): (Vec<_>, Vec<_>) =
        of(CheckVerdict::Fail).into_iter().partition(|check| check.severity == Severity::Error);
    if !failed.is_empty() {
        let before = if interrupted { " before the run was interrupted" } else { "" };
        return (
            Readiness::NotReady,
            format!("{} failed{before}{}: {}", ids(&failed), confirmed(findings), failed[0].summary),
        );
    }
    if interrupted {
        return (
            Readiness::Unknown,
            "interrupted: the run did not come to its end, and nothing had failed until then".into(),
        );
    }
    let mut undecided = of(CheckVerdict::Unknown);
    undecided.retain(|check| check.severity == Severity::Error);
    if let Some(reason) = open_question(outcomes, findings, &undecided, ended) {
        return (Readiness::Unknown, reason);
    }
    let passed = of(CheckVerdict::Pass);
    let mut reason = format!("{} of {} checks passed", passed.len(), outcomes.len());
    for (list, said) in [(warned, "a warning from"), (of(CheckVerdict::Skipped), "not exercised:")] {
        if !list.is_empty() {
            reason += &format!("; {said} {}", ids(&list));
        }
    }
    (Readiness::Ready, reason)
}

/// Why nobody can say yet; `None` when everything that was asked is answered.
fn open_question(
    outcomes: &[Outcome],
    findings: &[Finding],
    undecided: &[&Outcome],
    ended: &[ReplicaName],
) -> Option<String> {
    if let [first, ..] = undecided {
        return Some(format!("{} could not decide: {}", ids(undecided), first.summary));
    }
    if let [first, ..] = ended {
        return Some(format!("{first} ended by itself during the run: what it was asked for says nothing"));
    }
    let open: Vec<&Finding> = findings.iter().filter(|finding| is_open(finding)).collect();
    if let [first, rest @ ..] = open.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let next = match first.confirm {
            Some(_) => "write a scenario that exercises it, or suppress it with a reason",
            None => "no check can try it: mend it, or suppress it with a reason",
        };
        return Some(format!(
            "what ran passed, but nothing cleared {} at {}{more}: {next}",
            first.rule, first.location
        ));
    }
    let about_state =
        |check: &&Outcome| check.verdict == CheckVerdict::Pass && ABOUT_STATE.contains(&check.id.as_str());
    if !outcomes.iter().any(|check| about_state(&check)) {
        return Some(
            "the replicas run and answer, but nothing was written through one and read through another: write a scenario \
             that does, and give it with --scenario"
                .into(),
        );
    }
    None
}

fn confirmed(findings: &[Finding]) -> String {
    match findings.iter().filter(|finding| finding.proof == Some(Proof::Confirmed)).count() {
        0 => String::new(),
        1 => ", 1 finding confirmed".into(),
        more => format!(", {more} findings confirmed"),
    }
}

/// An error of lint that no run has cleared.
fn is_open(finding: &Finding) -> bool {
    finding.severity == Severity::Error
        && finding.confidence >= Confidence::Medium
        && finding.proof != Some(Proof::NotReproduced)
}

fn ids(outcomes: &[&Outcome]) -> String {
    outcomes.iter().map(|check| check.id.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Name;

    fn check(id: &str, verdict: CheckVerdict, severity: Severity) -> Outcome {
        Outcome {
            id: Name::from(id),
            verdict,
            severity,
            summary: format!("what {id} saw"),
            evidence: Vec::new(),
            power: String::new(),
            story: None,
            routes: Vec::new(),
            whole_app: false,
        }
    }

    fn verdict_of(checks: &[(&str, CheckVerdict, Severity)]) -> Readiness {
        let outcomes: Vec<Outcome> =
            checks.iter().map(|(id, verdict, severity)| check(id, *verdict, *severity)).collect();
        readiness(&outcomes, &[], &[], false).0
    }

    #[test]
    fn only_a_pass_about_state_means_ready() {
        use CheckVerdict::{Pass, Skipped};
        let port = ("port", Pass, Severity::Error);
        assert_eq!(verdict_of(&[port, ("ryw", Pass, Severity::Error)]), Readiness::Ready);
        assert_eq!(verdict_of(&[port, ("ryw", Skipped, Severity::Error)]), Readiness::Unknown);
        assert_eq!(verdict_of(&[]), Readiness::Unknown);
    }

    #[test]
    fn a_failure_outweighs_what_could_not_decide_and_a_warning_weighs_nothing() {
        use CheckVerdict::{Fail, Pass, Unknown};
        let ryw = ("ryw", Pass, Severity::Error);
        let open = ("session-cross", Unknown, Severity::Error);
        assert_eq!(verdict_of(&[ryw, open]), Readiness::Unknown);
        assert_eq!(verdict_of(&[ryw, open, ("port", Fail, Severity::Error)]), Readiness::NotReady);
        assert_eq!(verdict_of(&[ryw, ("same-page", Fail, Severity::Warning)]), Readiness::Ready);
    }

    #[test]
    fn a_replica_that_ended_leaves_it_open() {
        let passed = [check("ryw", CheckVerdict::Pass, Severity::Error)];
        let (verdict, reason) = readiness(&passed, &[], &["r2".into()], false);
        assert_eq!(verdict, Readiness::Unknown);
        assert!(reason.contains("r2 ended by itself"), "{reason}");
    }

    #[test]
    fn an_interruption_decides_nothing_that_had_not_failed_before() {
        let of = |verdict| readiness(&[check("ryw", verdict, Severity::Error)], &[], &[], true);
        let (verdict, reason) = of(CheckVerdict::Pass);
        assert!(verdict == Readiness::Unknown && reason.starts_with("interrupted"), "{reason}");
        let (verdict, reason) = of(CheckVerdict::Fail);
        assert!(verdict == Readiness::NotReady && reason.starts_with("ryw failed before"), "{reason}");
    }
}
