//! Two runs side by side.

use crate::model::bench::{BenchComparison, BenchReport, ComparisonRow, Judgement, LoadAsked};
use crate::stats::ratio::{self, Interval, Share};
use crate::stats::{latency, rate};

/// A share of failures that makes times hard to compare.
const MANY_FAILURES: f64 = 0.01;
/// A ratio of which the whole interval lies beyond this, or its inverse, is worth a word: two runs of the same differ by a little more than
/// chance, since a machine is not always equally fast.
const NOTABLE: f64 = 1.05;

/// A report, and how it is called.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub name: &'a str,
    pub report: &'a BenchReport,
}

/// `b` over `a`.
pub fn compare(a: Named<'_>, b: Named<'_>) -> BenchComparison {
    let mut rows = vec![throughput(a.report, b.report)];
    rows.extend(percentiles(a.report, b.report));
    rows.push(errors(a.report, b.report));
    rows.push(row(
        Figure { name: "generator CPU per request".into(), unit: "µs", more_is_better: false },
        a.report.generator.cpu_us_per_request,
        b.report.generator.cpu_us_per_request,
        None,
    ));
    BenchComparison { a: a.name.to_owned(), b: b.name.to_owned(), rows, warnings: warnings(a, b) }
}

struct Figure {
    name: String,
    unit: &'static str,
    more_is_better: bool,
}

fn row(figure: Figure, a: f64, b: f64, interval: Option<Interval>) -> ComparisonRow {
    let judgement = match interval {
        Some((low, _)) if low > NOTABLE && figure.more_is_better => Judgement::Better,
        Some((low, _)) if low > NOTABLE => Judgement::Worse,
        Some((_, high)) if high < 1.0 / NOTABLE && figure.more_is_better => Judgement::Worse,
        Some((_, high)) if high < 1.0 / NOTABLE => Judgement::Better,
        Some(_) => Judgement::NoDifference,
        None if a == b => Judgement::NoDifference,
        None => Judgement::Unknown,
    };
    let ratio = (a > 0.0).then(|| b / a);
    ComparisonRow { figure: figure.name, unit: figure.unit.into(), a, b, ratio, interval, judgement }
}

fn throughput(a: &BenchReport, b: &BenchReport) -> ComparisonRow {
    let interval = ratio::of_means(rate::steady(&a.per_second), rate::steady(&b.per_second));
    let figure = Figure { name: "requests per second".into(), unit: "1/s", more_is_better: true };
    row(figure, a.rates.requests_per_second, b.rates.requests_per_second, interval)
}

/// Those that both reports have.
fn percentiles(a: &BenchReport, b: &BenchReport) -> Vec<ComparisonRow> {
    let histograms = latency::decode(&a.histogram).zip(latency::decode(&b.histogram));
    let rows = a.latency.percentiles.iter().filter_map(|of_a| {
        let of_b = b.latency.percentiles.iter().find(|of_b| of_b.percent == of_a.percent)?;
        let carried = histograms.as_ref().filter(|_| of_a.carried && of_b.carried);
        let interval = carried.and_then(|(a, b)| ratio::of_quantiles(a, b, of_a.percent / 100.0));
        let figure = Figure { name: format!("p{}", of_a.percent), unit: "ms", more_is_better: false };
        (of_a.percent <= 99.9).then(|| row(figure, of_a.ms, of_b.ms, interval))
    });
    rows.collect()
}

fn failed(report: &BenchReport) -> Share {
    let failed: u64 = report.failures.iter().map(|failure| failure.count).sum();
    Share { part: failed + report.requests.refused, of: failed + report.requests.answered }
}

fn errors(a: &BenchReport, b: &BenchReport) -> ComparisonRow {
    let (of_a, of_b) = (failed(a), failed(b));
    let percent = |share: Share| 100.0 * share.part as f64 / share.of.max(1) as f64;
    let figure = Figure { name: "error rate".into(), unit: "%", more_is_better: false };
    row(figure, percent(of_a), percent(of_b), ratio::of_shares(of_a, of_b))
}

/// What makes the two hard to compare.
fn warnings(a: Named<'_>, b: Named<'_>) -> Vec<String> {
    let settings = settings(a.report).into_iter().zip(settings(b.report));
    let differ = settings.filter(|(of_a, of_b)| of_a != of_b).map(|((what, of_a), (_, of_b))| {
        format!(
            "{what} differs: {of_a} in {}, {of_b} in {}. What differs in the figures may come from there.",
            a.name, b.name
        )
    });
    let each = [a, b].into_iter().flat_map(|of| {
        let Share { part, of: all } = failed(of.report);
        let limit = of.report.generator.is_limit.then(|| {
            format!("The generator was the limit in {}, so that the server may be faster than that.", of.name)
        });
        let many = (part as f64 > MANY_FAILURES * all as f64)
            .then(|| format!("{part} of {all} requests of {} failed: its times are of the others only.", of.name));
        let nothing = (all == 0).then(|| format!("{} has no requests.", of.name));
        limit.into_iter().chain(many).chain(nothing)
    });
    differ.chain(each).collect()
}

/// What a run was asked for, as far as it changes what is measured.
fn settings(report: &BenchReport) -> Vec<(&'static str, String)> {
    let LoadAsked {
        connections, streams, threads, keep_alive, protocol, method, requests_per_connection, sources, ..
    } = &report.load;
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".into());
    let urls: Vec<&str> = report.targets.iter().map(|target| target.url.as_str()).collect();
    let load = &report.load;
    vec![
        ("The address", urls.join(" ")),
        ("The number of connections", connections.to_string()),
        ("The number of streams", or_none(streams.map(|count| count.to_string()))),
        ("The number of threads", threads.to_string()),
        ("Keep-alive", if *keep_alive { "on" } else { "off" }.into()),
        ("The protocol", protocol.clone()),
        ("The method", method.clone()),
        ("The asked rate", or_none(load.rate.map(|rate| format!("{rate}/s {}", load.arrivals)))),
        ("The number of requests per connection", or_none(requests_per_connection.map(|count| count.to_string()))),
        ("The size of the body", or_none(load.body_bytes.map(|bytes| format!("{bytes} bytes")))),
        ("The number of source addresses", sources.to_string()),
        ("The scenario", or_none(load.scenario.clone())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::{Failure, FailureKind};

    /// 20 seconds at `rate`, all times `ms` and up to a tenth more.
    fn report(rate: u64, ms: f64) -> BenchReport {
        let mut histogram = latency::empty();
        (0..rate * 20)
            .for_each(|n| latency::record(&mut histogram, (ms * 1e6 * (1.0 + 0.1 * (n % 100) as f64 / 100.0)) as u64));
        let mut report = BenchReport { latency: latency::distribution(&histogram), ..BenchReport::default() };
        report.histogram = latency::encode(&histogram);
        report.per_second = (0..20).map(|second| rate + second % 3).collect();
        report.rates.requests_per_second = rate as f64;
        report.requests.answered = rate * 20;
        report
    }

    fn judged(comparison: &BenchComparison, figure: &str) -> Judgement {
        comparison.rows.iter().find(|row| row.figure == figure).unwrap().judgement
    }

    #[test]
    fn faster_is_better_and_slower_is_worse() {
        let (slow, fast) = (report(500, 20.0), report(1_000, 10.0));
        let of = |name, report| Named { name, report };
        let better = compare(of("a", &slow), of("b", &fast));
        assert_eq!(
            (judged(&better, "requests per second"), judged(&better, "p99")),
            (Judgement::Better, Judgement::Better)
        );
        assert!((better.rows[0].ratio.unwrap() - 2.0).abs() < 1e-9 && better.warnings.is_empty());
        let worse = compare(of("b", &fast), of("a", &slow));
        assert_eq!(
            (judged(&worse, "requests per second"), judged(&worse, "p50")),
            (Judgement::Worse, Judgement::Worse)
        );
        let same = compare(of("a", &slow), of("a", &slow));
        assert!(same.rows.iter().all(|row| row.judgement == Judgement::NoDifference), "{same:?}");
        assert!(same.rows.iter().all(|row| row.figure != "p99.99"));
    }

    #[test]
    fn errors_and_settings_are_compared_as_well() {
        let (sound, mut broken) = (report(500, 20.0), report(500, 20.0));
        broken.failures = vec![Failure { kind: FailureKind::Reset, count: 500, example: String::new() }];
        broken.load.connections = 7;
        let comparison = compare(Named { name: "a", report: &sound }, Named { name: "b", report: &broken });
        let errors = comparison.rows.iter().find(|row| row.figure == "error rate").unwrap();
        assert_eq!((errors.judgement, errors.ratio), (Judgement::Worse, None));
        assert!(comparison.warnings[0].contains("0 in a, 7 in b") && comparison.warnings[1].contains("500 of 10500"));
    }

    #[test]
    fn nothing_compares_with_nothing() {
        let nothing = BenchReport::default();
        let comparison = compare(Named { name: "a", report: &nothing }, Named { name: "b", report: &nothing });
        assert!(comparison.rows.iter().all(|row| row.judgement == Judgement::NoDifference && row.interval.is_none()));
    }
}
