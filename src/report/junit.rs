//! JUnit XML, which every CI shows: a rule on a file is a test, and its findings there are its failure.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::{clip, visible};
use super::{counts, lead, plural};
use crate::model::finding::{Finding, Severity};
use crate::model::location::Location;
use crate::model::outcome::Outcome;
use crate::model::problem::Problem;
use crate::model::report::{LintReport, TestReport};
use crate::model::verdict::{CheckVerdict, Gate, Readiness};

/// Writes what lint found: what fails the run is a failure, what does not is skipped, so that both agree.
pub fn lint(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new("scaleproof lint");
    let mut groups = BTreeMap::<_, Vec<&Finding>>::new();
    for finding in &report.findings {
        groups.entry((&finding.location.path, &finding.rule)).or_default().push(finding);
    }
    suite.add_test_cases(groups.into_values().filter_map(|findings| rule_on_file(&findings, report.fail_on)));
    for suppressed in &report.suppressed {
        let status = skipped(&format!("suppressed: {}", suppressed.reason), "");
        suite.add_test_case(case(&suppressed.finding.rule, Some(&suppressed.finding.location), status));
    }
    suite.add_test_cases(report.problems.iter().map(problem));
    for row in &report.services {
        let reasons: Vec<String> = row.reasons.iter().map(ToString::to_string).collect();
        let (name, value) = (
            format!("service {}", row.name),
            format!(
                "{} ({}), {}: {}{}{}",
                row.role,
                row.location,
                row.runs,
                row.verdict,
                lead(row),
                reasons.join("; ")
            ),
        );
        suite.add_property((clean(&name).as_str(), clean(value.trim_end()).as_str()));
    }
    for raise in &report.raised {
        suite.add_property(("raised", clean(&raise.to_string()).as_str()));
    }
    let whole = match report.verdict {
        Gate::Unknown => not("unknown", NonSuccessKind::Error, &counts(report, |_, text| text), ""),
        _ => TestCaseStatus::success(),
    };
    let mut whole = case("lint", None, whole);
    whole.set_system_out(format!("{} in {}", counts(report, |_, text| text), plural(report.files, "file")));
    suite.add_test_case(whole);
    write(suite, out)
}

fn rule_on_file(findings: &[&Finding], fail_on: Option<Severity>) -> Option<TestCase> {
    let first = findings.first()?;
    let worst = findings.iter().map(|finding| finding.severity).max()?;
    let message = match findings.len() {
        1 => first.message.clone(),
        more => format!("{} (and {} more)", first.message, more - 1),
    };
    let places: String =
        findings.iter().map(|finding| format!("{}: {}\n", finding.location, finding.message)).collect();
    let told = format!("{places}\nBreaks: {}\n\nFix: {}\n", first.breaks, first.fix);
    let status = match fail_on.is_some_and(|least| worst >= least) {
        true => not(&worst.to_string(), NonSuccessKind::Failure, &message, &told),
        false => skipped(&format!("{worst}: {message}"), &told),
    };
    Some(case(&first.rule, Some(&first.location), status))
}

fn problem(problem: &Problem) -> TestCase {
    case("analysis", problem.location.as_ref(), skipped(&problem.message, &problem.help))
}

/// Writes what a run showed: a check is a test, and the verdict is one.
pub fn test(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new(format!("scaleproof test: {}", clean(&report.app)));
    suite.add_test_cases(report.checks.iter().map(check));
    let verdict = match report.verdict {
        Readiness::Ready => TestCaseStatus::success(),
        Readiness::NotReady => not("not-ready", NonSuccessKind::Failure, &report.reason, ""),
        Readiness::Unknown => not("unknown", NonSuccessKind::Error, &report.reason, ""),
    };
    suite.add_test_case(case("verdict", None, verdict));
    write(suite, out)
}

/// A check that could not tell is no failure of its own: where nothing else could either, the verdict says so.
fn check(outcome: &Outcome) -> TestCase {
    let told = outcome.evidence.iter().chain([&outcome.power]).map(|line| format!("{line}\n")).collect::<String>();
    let status = match outcome.verdict {
        CheckVerdict::Pass => TestCaseStatus::success(),
        CheckVerdict::Fail => not(&outcome.severity.to_string(), NonSuccessKind::Failure, &outcome.summary, &told),
        CheckVerdict::Unknown => skipped(&format!("unknown: {}", outcome.summary), &told),
        CheckVerdict::Skipped => skipped(&outcome.summary, &told),
    };
    case(&outcome.id, None, status)
}

/// A test of a file carries its place, for the CI that links to it.
fn case(name: &str, at: Option<&Location>, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(clean(name), status);
    case.set_classname(at.map_or_else(|| "scaleproof".into(), |at| clean(&at.path)));
    if let Some(at) = at {
        case.extra.insert("file".into(), clean(&at.path).into());
        if at.span.line > 0 {
            case.extra.insert("line".into(), at.span.line.to_string().into());
        }
    }
    case
}

fn not(kind: &str, way: NonSuccessKind, message: &str, told: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(way);
    status.set_type(kind);
    told_with(status, message, told)
}

fn skipped(message: &str, told: &str) -> TestCaseStatus {
    told_with(TestCaseStatus::skipped(), message, told)
}

fn told_with(mut status: TestCaseStatus, message: &str, told: &str) -> TestCaseStatus {
    status.set_message(clean(message));
    if !told.is_empty() {
        status.set_description(clean(told));
    }
    status
}

/// A text that is longer is not meant to be read.
const MOST: usize = 16 << 10;

/// XML has no way to write most control characters, not even escaped.
fn clean(text: &str) -> String {
    visible(&clip(text, MOST)).into_owned()
}

fn write(suite: TestSuite, out: &mut dyn Write) -> io::Result<()> {
    let mut report = Report::new("scaleproof");
    report.add_test_suite(suite);
    report.serialize(&mut *out).map_err(io::Error::other)?;
    writeln!(out)
}
