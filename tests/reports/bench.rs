//! Benchmarks with everything awkward in them.

use std::time::Duration;

use scaleproof::load::bench::compare::{Named, compare};
use scaleproof::model::bench::{
    BenchComparison, BenchReport, BenchTarget, Bytes, Calibration, ConnectionTimes, Distribution, Failure, FailureKind,
    Generator, InstanceRow, InstanceSpread, LoadAsked, Rates, Requests, Slice, SpreadVerdict, TimeSummary, TlsSession,
};
use scaleproof::policy::threshold::{self, Bound};
use scaleproof::stats::latency;

fn target() -> BenchTarget {
    BenchTarget {
        url: "https://shop.example:8443/cart?a=1&b=<2>".into(),
        host: "shop.example".into(),
        port: 8443,
        path: "/cart?a=1&b=<2>".into(),
        software: Some("nginx/1.22.1 \u{1b}[2J <b>|`".into()),
        tls: Some(TlsSession {
            protocol: "TLSv1.3".into(),
            cipher: "TLS13_AES_256_GCM_SHA384".into(),
            key_exchange: "X25519".into(),
            server_name: "shop.example".into(),
            bits: Some(2048),
        }),
        document_bytes: 40,
    }
}

fn load() -> LoadAsked {
    LoadAsked {
        connections: 10,
        threads: 2,
        requests: Some(3_000),
        keep_alive: true,
        protocol: "HTTP/1.1".into(),
        method: "POST".into(),
        body_bytes: Some(14),
        sources: 1,
        seed: 42,
        ..LoadAsked::default()
    }
}

fn times(mean: f64, max: f64) -> TimeSummary {
    TimeSummary { min: 0.2, mean, sd: mean / 4.0, median: mean * 0.9, max }
}

/// 1 ms to 30 ms, once each for a hundredth of it.
fn distribution(factor: u64) -> (Distribution, Vec<f64>, String) {
    let mut histogram = latency::empty();
    (100..3_100u64).for_each(|n| latency::record(&mut histogram, n * 10_000 * factor));
    (latency::distribution(&histogram), latency::percents(&histogram), latency::encode(&histogram))
}

fn instance(name: &str, requests: u64, errors: u64, decisions: u64) -> InstanceRow {
    InstanceRow {
        name: name.into(),
        requests,
        share: requests as f64 / 2_990.0,
        errors,
        decisions,
        p50: 12.5,
        p99: 29.75,
    }
}

/// Thresholds of each verdict, failures, instances that are uneven by their few connections, warnings.
pub fn report() -> BenchReport {
    let (latency, percents, histogram) = distribution(1);
    let (corrected, ..) = distribution(3);
    let failure = |kind, count, example: &str| Failure { kind, count, example: example.into() };
    let mut report = BenchReport {
        targets: vec![target()],
        load: load(),
        seconds: 9.5,
        requests: Requests {
            sent: 3_014,
            answered: 3_000,
            unfinished: 4,
            hung: 3,
            late: 3,
            late_by_generator: 1,
            non_2xx: 12,
            refused: 12,
            kept_alive: 2_990,
            connections: 20,
            length_varied: 5,
            unsent: 0,
        },
        failures: vec![
            failure(FailureKind::Refused, 3, "Connection refused (os error 111)"),
            failure(FailureKind::Reset, 7, "| reset \u{1b}[31m by peer,\n\"twice\""),
        ],
        statuses: [(200, 2_988), (503, 12)].into(),
        bytes: Bytes { received: 699_000, bodies: 120_000, sent: 540_000, sent_bodies: 42_000 },
        rates: Rates {
            requests_per_second: 315.789,
            requests_per_second_interval: Some((301.25, 330.5)),
            ms_per_request: 31.667,
            ms_per_request_across: 3.167,
            kbytes_received: 71.854,
            kbytes_sent: 55.51,
            kbytes_total: 127.364,
        },
        times: ConnectionTimes {
            connect: TimeSummary { median: 0.0, min: 0.0, ..times(0.6, 2.0) },
            processing: times(15.4, 30.9),
            waiting: times(15.1, 30.5),
            total: TimeSummary { sd: 0.1, ..times(15.5, 30.99) },
        },
        latency,
        corrected,
        percents,
        per_second: vec![290, 310, 320, 315, 318, 322, 316, 314, 319, 176],
        instances: Some(InstanceSpread {
            source: "header x-scaleproof-replica".into(),
            rows: vec![instance("r1", 1_990, 0, 6), instance("r2 \u{1b}[2J|`", 700, 12, 3), instance("r3", 300, 0, 1)],
            unattributed: 10,
            decisions: 10,
            decision: scaleproof::model::bench::Decision::Connection,
            max_over_mean: 1.997,
            jain: 0.657,
            by_chance: 2.1,
            p_value: Some(0.1496),
            verdict: SpreadVerdict::Inconclusive,
            explanation: "The balancer decides once for each connection, and 10 connections are too few to tell."
                .into(),
            reasons: vec!["r2 answered 12 times with an error: see its log.".into()],
        }),
        generator: Generator {
            cpu_seconds: 0.9,
            cpu_us_per_request: 300.0,
            busy: 0.047,
            is_limit: false,
            peak_memory_bytes: 12_500_000,
        },
        calibration: Some(Calibration { requests_per_second: 95_000.0, ratio: 0.0033 }),
        warnings: vec!["12 of 3000 answers are not 2xx (0.4 %), most of them 503: an error page is measured.".into()],
        histogram,
        ..BenchReport::default()
    };
    let bounds = ["p99<200ms", "error-rate<0.1%", "p99.99<1s"].map(|text| Bound::parse(text).unwrap());
    threshold::judge(&mut report, &bounds, false);
    report
}

/// Nobody listens.
pub fn failed() -> BenchReport {
    let failures =
        vec![Failure { kind: FailureKind::Refused, count: 100, example: "Connection refused (os error 111)".into() }];
    let targets = vec![BenchTarget { software: None, tls: None, ..target() }];
    let requests = Requests { sent: 100, ..Requests::default() };
    let nothing = latency::distribution(&latency::empty());
    let histogram = latency::encode(&latency::empty());
    let (latency, corrected) = (nothing.clone(), nothing);
    let warnings = vec!["No request was answered (Connection refused).".into()];
    let load = LoadAsked { body_bytes: None, ..load() };
    BenchReport { targets, load, requests, failures, latency, corrected, histogram, warnings, ..BenchReport::default() }
}

pub fn comparison() -> BenchComparison {
    let (a, mut b) = (report(), report());
    let (latency, percents, histogram) = distribution(2);
    (b.latency, b.percents, b.histogram) = (latency, percents, histogram);
    b.per_second = a.per_second.iter().map(|count| count / 2).collect();
    b.rates.requests_per_second /= 2.0;
    b.failures.clear();
    b.load.connections = 20;
    compare(Named { name: "before | `a`.json", report: &a }, Named { name: "after.json", report: &b })
}

pub fn slices() -> Vec<Slice> {
    let slice = |second: u64| {
        let mut latency = latency::empty();
        latency::record_n(&mut latency, 1_000_000 * (second + 1), 10);
        Slice { at: Duration::from_secs(second), length: Duration::from_secs(1), latency }
    };
    (0..2).map(slice).collect()
}
