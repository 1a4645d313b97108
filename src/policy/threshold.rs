//! `--fail-on 'p99<200ms'`: what a figure must be, and whether it is.

use crate::model::bench::{BenchReport, Distribution, LEAST_ABOVE, PERCENTS, Requests, Threshold};
use crate::model::problem::Problem;
use crate::model::verdict::Gate;

/// What a figure has to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// As it was written.
    text: String,
    figure: Figure,
    relation: Relation,
    /// Milliseconds, requests per second, or a share from 0 to 1.
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Figure {
    /// `corrected`: as somebody waits who does not wait for the answer before.
    Percentile {
        percent: f64,
        corrected: bool,
    },
    Min,
    Mean,
    Max,
    Rate,
    /// Failures and answers of 400 and more.
    Errors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// The longer ones first, because the shorter ones begin them.
const RELATIONS: &[(&str, Relation)] =
    &[("<=", Relation::AtMost), (">=", Relation::AtLeast), ("<", Relation::Below), (">", Relation::Above)];

/// Names of figures, the first of each as it is shown.
const FIGURES: &[(&[&str], Figure)] = &[
    (&["rps", "requests-per-second", "rate"], Figure::Rate),
    (&["error-rate", "errors"], Figure::Errors),
    (&["mean", "avg"], Figure::Mean),
    (&["min"], Figure::Min),
    (&["max"], Figure::Max),
    (&["median", "med"], Figure::Percentile { percent: 50.0, corrected: false }),
];

/// Units of times, in milliseconds.
const TIMES: &[(&str, f64)] = &[("ns", 1e-6), ("us", 1e-3), ("µs", 1e-3), ("ms", 1.0), ("s", 1e3), ("m", 6e4)];

const HELP: &str = "figures are `p50` to `p99.99`, `corrected-p99`, `mean`, `min`, `max`, `rps` and `error-rate`: for example \
                    `p99<200ms`, `error-rate<0.1%` or `rps>=200`";

impl Bound {
    pub fn parse(text: &str) -> Result<Bound, Problem> {
        let wrong = |message: String| Problem::new(format!("`{text}` is no threshold: {message}")).help(HELP);
        let start = text.find(['<', '>']).ok_or_else(|| wrong("expected `<`, `<=`, `>` or `>=`".into()))?;
        let (name, rest) = text.split_at(start);
        let begun =
            |(sign, relation): &(&str, Relation)| rest.strip_prefix(sign).map(|limit| (*relation, limit.trim()));
        let (relation, limit) =
            RELATIONS.iter().find_map(begun).ok_or_else(|| wrong("expected `<`, `<=`, `>` or `>=`".into()))?;
        let name = name.trim().to_ascii_lowercase();
        let figure = figure(&name).ok_or_else(|| wrong(unknown(&name)))?;
        let limit = limit_of(figure, limit).map_err(wrong)?;
        Ok(Bound { text: text.trim().to_owned(), figure, relation, limit })
    }

    /// Holds a run against it.
    pub fn judge(&self, report: &BenchReport) -> Threshold {
        let requests = &report.requests;
        let failed: u64 = report.failures.iter().map(|failure| failure.count).sum();
        let ended = requests.answered + failed;
        let (value, known, measured) = match self.figure {
            Figure::Rate => {
                let rate = report.rates.requests_per_second;
                (rate, ended > 0, format!("rps = {rate:.2}"))
            }
            Figure::Errors => {
                let rate = (failed + requests.refused) as f64 / ended.max(1) as f64;
                // Of so few, one error would already be too many, and none says too little.
                let tells = rate > 0.0 || self.limit <= 0.0 || ended as f64 * self.limit >= 1.0;
                (rate, ended > 0 && tells, format!("error-rate = {:.3} % of {ended}", 100.0 * rate))
            }
            Figure::Percentile { percent, corrected } => {
                let (of, prefix) = if corrected { (&report.corrected, "corrected-") } else { (&report.latency, "") };
                let value = percentile_of(report, of, corrected, percent);
                let carried = of.count as f64 * (1.0 - percent / 100.0) >= LEAST_ABOVE - 1e-6;
                let measured = format!("{prefix}p{percent} = {}", value.map_or("unknown".into(), time));
                (value.unwrap_or_default(), carried && value.is_some(), measured)
            }
            Figure::Min => of_all(&report.latency, "min", report.latency.min),
            Figure::Mean => of_all(&report.latency, "mean", report.latency.mean),
            Figure::Max => of_all(&report.latency, "max", report.latency.max),
        };
        let (verdict, measured) = match known {
            false if ended == 0 => (Gate::Unknown, "nothing was answered".to_owned()),
            false => (Gate::Unknown, format!("{measured}, and {ended} requests are too few to tell")),
            true if !self.relation.holds(value, self.limit) => (Gate::Fail, measured),
            true if self.is_left_open(requests, failed) => {
                (Gate::Unknown, format!("{measured}, without {} requests that hung", requests.hung))
            }
            true => (Gate::Pass, measured),
        };
        Threshold { text: self.text.clone(), measured, verdict }
    }

    /// Is the figure of those that ended, while those that hung might turn it over?
    fn is_left_open(&self, requests: &Requests, failed: u64) -> bool {
        let hung = requests.hung as f64;
        let all = (requests.answered + failed) as f64 + hung;
        match self.figure {
            _ if requests.hung == 0 => false,
            Figure::Errors => !self.relation.holds(((failed + requests.refused) as f64 + hung) / all, self.limit),
            Figure::Percentile { percent, corrected: false } => hung / all > 1.0 - percent / 100.0,
            Figure::Mean | Figure::Max => true,
            Figure::Rate | Figure::Min | Figure::Percentile { corrected: true, .. } => false,
        }
    }
}

/// Holds a run against all of them: one that fails fails the run, one that cannot be told leaves it open, and so does a run in
/// which nothing was answered. What holds until a run is interrupted might not have held to its end.
pub fn judge(report: &mut BenchReport, bounds: &[Bound], interrupted: bool) {
    report.thresholds = bounds.iter().map(|bound| bound.judge(report)).collect();
    for threshold in report.thresholds.iter_mut().filter(|it| interrupted && it.verdict == Gate::Pass) {
        threshold.verdict = Gate::Unknown;
        threshold.measured.push_str(", and the run was interrupted");
    }
    let any = |verdict| report.thresholds.iter().any(|threshold| threshold.verdict == verdict);
    report.verdict = match () {
        () if any(Gate::Fail) => Gate::Fail,
        () if any(Gate::Unknown) || report.requests.answered == 0 => Gate::Unknown,
        () => Gate::Pass,
    };
}

fn of_all(of: &Distribution, name: &str, value: f64) -> (f64, bool, String) {
    (value, of.count > 0, format!("{name} = {}", time(value)))
}

impl Relation {
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Relation::Below => value < limit,
            Relation::AtMost => value <= limit,
            Relation::Above => value > limit,
            Relation::AtLeast => value >= limit,
        }
    }
}

fn time(ms: f64) -> String {
    match ms {
        _ if ms >= 10_000.0 => format!("{:.2} s", ms / 1e3),
        _ if ms >= 10.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.3} ms"),
    }
}

fn figure(name: &str) -> Option<Figure> {
    let known = FIGURES.iter().find(|(names, _)| names.contains(&name)).map(|(_, figure)| *figure);
    known.or_else(|| {
        let (corrected, name) = name.strip_prefix("corrected-").map_or((false, name), |name| (true, name));
        let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
        is_reported(percent, corrected).then_some(Figure::Percentile { percent, corrected })
    })
}

/// Percentiles that a report has: all whole ones, and two with decimals.
fn is_reported(percent: f64, corrected: bool) -> bool {
    PERCENTS.contains(&percent) || !corrected && percent.fract() == 0.0 && (1.0..100.0).contains(&percent)
}

fn percentile_of(report: &BenchReport, of: &Distribution, corrected: bool, percent: f64) -> Option<f64> {
    let listed = of.percentiles.iter().find(|row| row.percent == percent).map(|row| row.ms);
    listed.or_else(|| report.percents.get(percent as usize).copied().filter(|_| !corrected))
}

fn unknown(name: &str) -> String {
    match name {
        "" => "expected a figure before the sign".into(),
        name if name.trim_start_matches("corrected-").starts_with('p')
            && name.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            format!("`{name}` is not measured, take a whole percentile, `p99.9` or `p99.99`")
        }
        name => format!("there is no figure `{name}`"),
    }
}

/// The number behind the sign, in the figure's own unit.
fn limit_of(figure: Figure, text: &str) -> Result<f64, String> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, unit) = (text[..end].replace('_', ""), text[end..].trim());
    let number: f64 = number.parse().map_err(|_| format!("expected a number after the sign, not `{text}`"))?;
    match (figure, unit) {
        (Figure::Rate, "" | "/s" | "rps") => Ok(number),
        (Figure::Rate, unit) => Err(format!("a rate is a number of requests per second, without `{unit}`")),
        (Figure::Errors, "%") if number <= 100.0 => Ok(number / 100.0),
        (Figure::Errors, "%") => Err(format!("`{number}%` is more than all")),
        (Figure::Errors, "") if number <= 1.0 => Ok(number),
        (Figure::Errors, "") => Err(format!("`{number}` is more than all, perhaps `{number}%` is meant")),
        (Figure::Errors, unit) => Err(format!("an error rate is in `%`, not in `{unit}`")),
        (_, "") => Err(format!("a time needs a unit, perhaps `{number}ms`")),
        (_, unit) => {
            let known = TIMES.iter().find(|(name, _)| *name == unit).map(|(_, ms)| ms * number);
            known.ok_or_else(|| format!("`{unit}` is no unit of time, take `us`, `ms` or `s`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::bench::{Failure, FailureKind, Percentile};

    fn report(answered: u64) -> BenchReport {
        let percentile = |percent, ms| Percentile { percent, ms, low: ms, high: ms, carried: true };
        let percentiles = vec![percentile(50.0, 10.0), percentile(99.0, 150.0), percentile(99.9, 300.0)];
        let mut report = BenchReport::default();
        report.requests.answered = answered;
        report.rates.requests_per_second = 250.0;
        report.latency = Distribution { count: answered, mean: 20.0, min: 1.0, max: 900.0, sd: 1.0, percentiles };
        report.percents = (0..=100).map(f64::from).collect();
        report
    }

    fn verdict(text: &str, report: &BenchReport) -> Gate {
        Bound::parse(text).unwrap().judge(report).verdict
    }

    #[test]
    fn figures_are_held_against_their_limits() {
        let run = report(20_000);
        let passes = [
            "p99<200ms",
            " p99 <= 0.15 s",
            "rps>=200",
            "rps > 200/s",
            "mean<20_001us",
            "max<1s",
            "min>0.5ms",
            "med<11ms",
        ];
        let fails = ["p99<150ms", "p99.9<200ms", "rps>=1_000", "rps<100", "max<0.9s", "p97<97ms"];
        passes.iter().for_each(|text| assert_eq!(verdict(text, &run), Gate::Pass, "{text}"));
        fails.iter().for_each(|text| assert_eq!(verdict(text, &run), Gate::Fail, "{text}"));
        let threshold = Bound::parse("p99<200ms").unwrap().judge(&run);
        assert_eq!((threshold.text.as_str(), threshold.measured.as_str()), ("p99<200ms", "p99 = 150.0 ms"));
    }

    #[test]
    fn errors_are_failures_and_refusals() {
        let mut run = report(990);
        run.failures = vec![Failure { kind: FailureKind::Reset, count: 10, example: String::new() }];
        run.requests.refused = 10;
        assert_eq!(verdict("error-rate<=2%", &run), Gate::Pass);
        assert_eq!(verdict("errors<0.02", &run), Gate::Fail);
    }

    #[test]
    fn what_the_sample_does_not_carry_is_unknown() {
        assert_eq!(verdict("p99<200ms", &report(999)), Gate::Unknown);
        assert_eq!(verdict("p99<200ms", &report(1_000)), Gate::Pass);
        assert_eq!(verdict("p99.99<200ms", &report(20_000)), Gate::Unknown);
        assert_eq!(verdict("error-rate<0.1%", &report(500)), Gate::Unknown);
        assert_eq!(verdict("error-rate<0.1%", &report(1_000)), Gate::Pass);
        assert_eq!(verdict("error-rate<=0", &report(5)), Gate::Pass);
        for text in ["rps>1", "max<1s", "error-rate<=0", "p50<1s"] {
            assert_eq!(verdict(text, &report(0)), Gate::Unknown, "{text}");
        }
    }

    #[test]
    fn requests_that_hung_leave_open_what_they_might_turn_over() {
        let mut run = report(20_000);
        run.requests.hung = 100;
        for text in ["p99.9<1s", "max<1s", "mean<1s", "error-rate<0.1%"] {
            assert_eq!(verdict(text, &run), Gate::Unknown, "{text}");
        }
        for text in ["p99<200ms", "rps>1", "min<1s", "error-rate<1%"] {
            assert_eq!(verdict(text, &run), Gate::Pass, "{text}");
        }
        assert_eq!(verdict("max<1ms", &run), Gate::Fail);
    }

    #[test]
    fn the_worst_decides() {
        let judged = |texts: &[&str], mut run: BenchReport| {
            let bounds: Vec<Bound> = texts.iter().map(|text| Bound::parse(text).unwrap()).collect();
            judge(&mut run, &bounds, false);
            run.verdict
        };
        assert_eq!(judged(&["rps>1", "p99.99<1s", "rps>1000"], report(5_000)), Gate::Fail);
        assert_eq!(judged(&["rps>1", "p99.99<1s"], report(5_000)), Gate::Unknown);
        assert_eq!(judged(&[], report(5_000)), Gate::Pass);
        assert_eq!(judged(&[], report(0)), Gate::Unknown);
    }

    #[test]
    fn an_interrupted_run_passes_nothing() {
        let judged = |text: &str| {
            let mut run = report(5_000);
            judge(&mut run, &[Bound::parse(text).unwrap()], true);
            (run.verdict, run.thresholds.swap_remove(0).measured)
        };
        assert_eq!(judged("rps>1"), (Gate::Unknown, "rps = 250.00, and the run was interrupted".into()));
        assert_eq!(judged("rps>1000"), (Gate::Fail, "rps = 250.00".into()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("p99", "expected `<`"),
            ("p99<200", "perhaps `200ms`"),
            ("p99<200 bananas", "`bananas` is no unit"),
            ("p99<", "expected a number"),
            ("<5ms", "expected a figure"),
            ("p97.5<5ms", "`p97.5` is not measured"),
            ("p100<5ms", "is not measured"),
            ("latency<5ms", "no figure `latency`"),
            ("error-rate<5", "perhaps `5%`"),
            ("error-rate<200%", "`200%` is more than all"),
            ("rps>5ms", "without `ms`"),
        ];
        for (text, word) in cases {
            let problem = Bound::parse(text).unwrap_err();
            assert!(problem.message.contains(word), "{text}: {}", problem.message);
            assert!(problem.help.contains("p99<200ms"));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9.<>=%µ _-]{0,20}|\\PC{0,12}") {
            if let Ok(bound) = Bound::parse(&text) {
                bound.judge(&report(100));
            }
        }
    }
}
