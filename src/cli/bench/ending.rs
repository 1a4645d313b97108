//! How a run ends that has no verdict: nothing was answered, or ab would say it with a number.

use rustix::io::Errno;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::model::bench::{self, BenchReport, FailureKind};
use crate::model::problem::Problem;

/// `APR_TIMEUP`, 70007, as far as an exit code goes.
const TIME_UP_OF_AB: u8 = 119;
/// What ab ends with after Ctrl-C.
const INTERRUPTED_OF_AB: u8 = 1;

/// What ab ends with, where it has a number for it: with `-r` it goes on after resets and refusals, whether or not anything is
/// answered.
pub fn of_ab(report: &BenchReport, interrupted: bool, keep_going: bool) -> Option<Exit> {
    use FailureKind::{ConnectTimeout, Refused, Reset, Timeout};
    let errno = |errno: Errno| Exit::Errno(errno.raw_os_error() as u8);
    if interrupted {
        return Some(Exit::Errno(INTERRUPTED_OF_AB));
    }
    if !keep_going && report.failures.iter().any(|failure| failure.kind == Reset) {
        return Some(errno(Errno::CONNRESET));
    }
    if report.requests.answered > 0 {
        return Some(Exit::Pass);
    }
    match most(report)?.kind {
        Reset | Refused if keep_going => Some(Exit::Pass),
        Refused => Some(errno(Errno::CONNREFUSED)),
        ConnectTimeout | Timeout => Some(Exit::Errno(TIME_UP_OF_AB)),
        _ => None,
    }
}

/// What ab says last when it ends before its time.
pub fn say_as_ab(report: &BenchReport, exit: Exit) {
    if exit == Exit::Pass || exit == Exit::Errno(INTERRUPTED_OF_AB) {
        return;
    }
    if let Some(failure) = most(report) {
        output::complain(&failure.example);
    }
    if report.requests.answered > 0 {
        output::note(&format!("Total of {} requests completed", report.requests.answered));
    }
}

/// Why nothing was measured, and what to do.
pub fn nothing_answered(report: &BenchReport, interrupted: bool) -> Failure {
    let problem = match most(report) {
        None if interrupted => Problem::new("the run was interrupted before the first answer that counts")
            .help("Nothing was measured. Calibration and warm-up do not count."),
        None => Problem::new("there was no answer before time was up")
            .help("Nothing was measured. Allow more time with `--duration` or `-t`."),
        Some(failure) => Problem::new(format!(
            "nothing was answered: {} of {} requests, {}",
            failure.count, report.requests.sent, failure.example
        ))
        .help(advice(failure.kind)),
    };
    Failure::Refused(problem)
}

fn most(report: &BenchReport) -> Option<&bench::Failure> {
    report.failures.iter().max_by_key(|failure| failure.count)
}

fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Assertion => {
            "The server answers, and not as the story asserts. Travel it once with `scaleproof test --scenario`."
        }
        FailureKind::Tls => {
            "Nothing was measured. Does this port speak TLS, and HTTP/2 where that is asked for? `--cacert FILE` says whose certificates are believed, and \
             `--insecure` believes every server."
        }
        _ => "Nothing was measured. Does the server run, at this address and port, and speak this protocol?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(answered: u64, failures: &[FailureKind]) -> BenchReport {
        let mut report = BenchReport::default();
        report.requests.answered = answered;
        let failure = |kind: &FailureKind| bench::Failure { kind: *kind, count: 1, example: String::new() };
        report.failures = failures.iter().map(failure).collect();
        report
    }

    #[test]
    fn ab_ends_with_numbers() {
        use FailureKind::{Garbage, Refused, Reset, Timeout};
        for (answered, failures, interrupted, keep_going, exit) in [
            (9, &[][..], false, false, Some(Exit::Pass)),
            (9, &[], true, false, Some(Exit::Errno(1))),
            (9, &[Reset], false, false, Some(Exit::Errno(104))),
            (9, &[Timeout], false, false, Some(Exit::Pass)),
            (0, &[Reset], false, true, Some(Exit::Pass)),
            (0, &[Refused], false, true, Some(Exit::Pass)),
            (0, &[Refused], false, false, Some(Exit::Errno(111))),
            (0, &[Timeout], false, false, Some(Exit::Errno(119))),
            (0, &[Garbage], false, false, None),
            (0, &[], false, false, None),
        ] {
            assert_eq!(of_ab(&report(answered, failures), interrupted, keep_going), exit, "{answered} {failures:?}");
        }
    }

    #[test]
    fn what_was_interrupted_needs_no_more_time() {
        let why = |interrupted| match nothing_answered(&report(0, &[]), interrupted) {
            Failure::Refused(problem) => problem.message,
            other => panic!("{other:?}"),
        };
        assert!(why(true).contains("interrupted") && why(false).contains("time was up"));
    }
}
