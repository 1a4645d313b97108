//! From findings to what a gate does.

use crate::model::finding::{Finding, Severity};
use crate::model::report::{LintReport, TestReport};
use crate::model::verdict::{Gate, Readiness, Scalability};
use crate::policy::raise;

/// What the findings mean where `fail_on` is the least severity that fails. Nothing analysed is never a pass.
pub fn lint(report: &LintReport, fail_on: Option<Severity>) -> Gate {
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    match fail_on {
        _ if report.files == report.coverage.lost => Gate::Unknown,
        Some(least) if worst >= Some(least) => Gate::Fail,
        _ => Gate::Pass,
    }
}

/// What the gate is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The revision that numbers are compared with.
    pub since: Option<&'a str>,
    /// Judge whatever went up.
    pub always: bool,
    /// The least severity that fails; `None` when nothing does.
    pub fail_on: Option<Severity>,
}

/// What the gate does, and the paragraph that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Gate,
    pub reason: String,
}

/// Findings that the paragraph names.
const MOST_NAMED: usize = 3;

/// Is there anything to judge? Without a raised number nothing becomes worse than it was.
pub fn is_asked(report: &LintReport, question: &Question<'_>) -> bool {
    question.always || question.since.is_none() || !report.raised.is_empty()
}

/// Decides. The report has the findings that no baseline knows, and with `since` the numbers that went up; only the findings of
/// those services count then, unless everything is to be judged. `test` is what the replicas themselves have shown.
pub fn decide(report: &LintReport, question: &Question<'_>, test: Option<&TestReport>) -> Decision {
    let told = |verdict, reason: String| Decision { verdict, reason };
    if report.files == report.coverage.lost {
        let reason = "Nothing was analysed, so nothing can be said. Run it where the code is, or name its folder.";
        return told(Gate::Unknown, reason.to_owned());
    }
    let all = question.always || question.since.is_none();
    if !is_asked(report, question) && !report.unclear.is_empty() {
        let since = question.since.unwrap_or_default();
        let reason = format!("Nobody can say whether a number went up since {since}: {}.", unclear(report));
        return told(Gate::Unknown, reason);
    }
    if !is_asked(report, question) {
        let since = question.since.unwrap_or_default();
        let reason =
            format!("No number of instances or processes went up since {since}, so there is nothing to hold back.");
        return told(Gate::Pass, reason + &others(report));
    }
    let event = if report.raised.is_empty() { String::new() } else { format!("{}. ", listed(&report.raised, "; ")) };
    let grave = |finding: &&Finding| question.fail_on.is_some_and(|least| finding.severity >= least);
    let counts = |finding: &&Finding| all || raise::concerns(finding, &report.raised);
    let mut against: Vec<&Finding> = report.findings.iter().filter(grave).filter(counts).collect();
    against.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if !against.is_empty() {
        let named =
            against.iter().take(MOST_NAMED).map(|finding| format!("{} ({})", finding.message, finding.location));
        let named: Vec<String> = named.collect();
        let more = against.len().saturating_sub(MOST_NAMED);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let (count, them, all) = match against.len() {
            1 => ("1 finding speaks".to_owned(), "it", "it with its story"),
            more => (format!("{more} findings speak"), "them", "them all"),
        };
        let reason = format!(
            "{event}{count} against it: {}{more}. Mend {them}, or accept {them} with a reason: `scaleproof lint` shows {all}.",
            named.join("; ")
        );
        return told(Gate::Fail, reason);
    }
    if let Some(test) = test.filter(|test| test.verdict != Readiness::Ready) {
        let verdict = if test.verdict == Readiness::NotReady { Gate::Fail } else { Gate::Unknown };
        return told(verdict, format!("{event}{} replicas were started: {}", test.replicas, test.reason));
    }
    let unknown = report.raised.iter().filter_map(|raise| {
        let row = report
            .services
            .iter()
            .find(|row| row.name == raise.service.name && *row.location.path == *raise.service.path)?;
        (row.verdict == Scalability::Unknown).then(|| format!("`{}`: {}", row.name, listed(&row.reasons, ", ")))
    });
    let unknown: Vec<String> = unknown.collect();
    if !unknown.is_empty() && test.is_none() {
        return told(Gate::Unknown, format!("{event}Nobody can say whether that is sound: {}.", unknown.join("; ")));
    }
    if !report.unclear.is_empty() {
        return told(Gate::Unknown, format!("{event}Nobody can say whether that is all: {}.", unclear(report)));
    }
    let proven = match test {
        Some(test) => format!(" {} replicas were started, and nothing broke: {}", test.replicas, test.reason),
        None => String::new(),
    };
    told(Gate::Pass, format!("{event}Nothing that is known speaks against it.{proven}") + &others(report))
}

/// What could not be read of deployment files, as far as there is room.
fn unclear(report: &LintReport) -> String {
    let more = report.unclear.len().saturating_sub(MOST_NAMED);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    listed(&report.unclear[..report.unclear.len().min(MOST_NAMED)], "; ") + &more
}

fn listed<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// What is there and was not judged.
fn others(report: &LintReport) -> String {
    match report.known {
        0 => String::new(),
        1 => " One finding is known to the baseline.".to_owned(),
        known => format!(" {known} findings are known to the baseline."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::ServiceName;
    use crate::model::location::{Location, Span};
    use crate::model::report::{Coverage, Raise};
    use crate::policy::baseline::tests::finding;

    fn raise(service: &str) -> Raise {
        let location = Location::new("compose.yml", Span::on_line(7, 1, 2));
        let service = ServiceName { name: service.into(), path: "compose.yml".into(), line: 3 };
        Raise { service, what: "instances".into(), before: Some(1.into()), now: 3.into(), shares_disk: false, location }
    }

    fn report(raised: &[&str], finding_of: Option<&str>) -> LintReport {
        let mut report =
            LintReport { files: 3, raised: raised.iter().map(|name| raise(name)).collect(), ..LintReport::default() };
        report.findings.extend(finding_of.map(|service| {
            let mut finding = finding("r", "app.py", "carts");
            finding.severity = Severity::Error;
            finding.services = vec![ServiceName { name: service.into(), path: "compose.yml".into(), line: 3 }];
            finding
        }));
        report
    }

    fn asked(report: &LintReport, since: Option<&str>, always: bool) -> (Gate, String) {
        let Decision { verdict, reason } =
            decide(report, &Question { since, always, fail_on: Some(Severity::Error) }, None);
        (verdict, reason)
    }

    #[test]
    fn a_number_that_cannot_be_read_any_more_is_no_pass() {
        use crate::model::problem::Problem;
        let mut report = report(&[], None);
        report.unclear = vec![Problem::new("`replicas` is filled in elsewhere").in_file("compose.yml")];
        let (verdict, reason) = asked(&report, Some("main"), false);
        assert_eq!(verdict, Gate::Unknown);
        assert!(
            reason.starts_with("Nobody can say whether a number went up since main: compose.yml: `replicas`"),
            "{reason}"
        );
    }

    #[test]
    fn without_a_raised_number_there_is_nothing_to_hold_back() {
        let (verdict, reason) = asked(&report(&[], Some("web")), Some("main"), false);
        assert_eq!(verdict, Gate::Pass);
        assert_eq!(reason, "No number of instances or processes went up since main, so there is nothing to hold back.");
        assert_eq!(asked(&report(&[], Some("web")), Some("main"), true).0, Gate::Fail);
        assert_eq!(asked(&report(&[], Some("web")), None, false).0, Gate::Fail);
    }

    #[test]
    fn findings_of_the_services_that_were_raised_count_and_no_others() {
        let (verdict, reason) = asked(&report(&["web"], Some("web")), Some("main"), false);
        assert_eq!(verdict, Gate::Fail);
        assert!(
            reason.starts_with("`web`: 3 instances instead of 1 (compose.yml:7). 1 finding speaks against it: "),
            "{reason}"
        );
        assert_eq!(asked(&report(&["web"], Some("bot")), Some("main"), false).0, Gate::Pass);
    }

    #[test]
    fn nothing_analysed_is_never_a_pass() {
        let lost =
            |lost| LintReport { files: 1, coverage: Coverage { lost, ..Coverage::default() }, ..LintReport::default() };
        assert_eq!(lint(&lost(1), Some(Severity::Error)), Gate::Unknown, "the only file could not be read");
        assert_eq!(lint(&lost(0), Some(Severity::Error)), Gate::Pass);
        assert_eq!(asked(&LintReport::default(), None, false).0, Gate::Unknown);
    }
}
