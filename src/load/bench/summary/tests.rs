//! What a made-up run comes to.

use std::time::Duration;

use super::*;
use crate::load::bench::tally::FirstAnswer;
use crate::model::bench::{FailureKind, SpreadVerdict};

fn facts(load: LoadAsked) -> Facts {
    Facts { targets: vec![BenchTarget::default()], load, peak_memory_bytes: 1 << 20 }
}

fn load() -> LoadAsked {
    LoadAsked { connections: 10, threads: 2, keep_alive: true, sources: 1, ..LoadAsked::default() }
}

/// 1 000 answers in ten seconds, most of 10 ms; ten connections were opened in 2 ms each.
fn measured() -> Measured {
    let mut tally = Tally::default();
    for place in 0..1_000u64 {
        let instance = tally.instance(if place % 2 == 0 { b"a" } else { b"b" });
        let total = 10_000_000 + place * 1_000;
        tally.instances[instance].latency.record(total).unwrap();
        if place < 10 {
            tally.apart.record(2_000_000, 5_000_000, total);
            tally.home(0, instance);
        }
        tally.status(200);
    }
    tally.counts.sent = 1_000;
    tally.counts.connections = 10;
    tally.counts.kept_alive = 990;
    tally.counts.moves = 990;
    tally.counts.received_bytes = 1024 * 100;
    tally.per_second = vec![100; 10];
    tally.first = Some(FirstAnswer { software: Some("x/1".into()), body_bytes: 40, tls: None });
    Measured {
        tally,
        wall: Duration::from_secs(10),
        cpu: Duration::from_secs(1),
        began: Duration::ZERO,
        interrupted: false,
    }
}

#[test]
fn figures_are_those_of_the_run() {
    let report = summarise(facts(load()), &measured());
    assert_eq!((report.requests.answered, report.requests.kept_alive), (1_000, 990));
    assert_eq!((report.targets[0].software.as_deref(), report.targets[0].document_bytes), (Some("x/1"), 40));
    let rates = &report.rates;
    assert_eq!((rates.requests_per_second, rates.ms_per_request, rates.ms_per_request_across), (100.0, 100.0, 10.0));
    assert_eq!((rates.kbytes_received, rates.requests_per_second_interval), (10.0, Some((100.0, 100.0))));
    assert_eq!(report.instances.as_ref().unwrap().verdict, SpreadVerdict::Even);
    assert!((report.generator.busy - 0.05).abs() < 1e-9 && !report.generator.is_limit);
    assert_eq!(latency::decode(&report.histogram).unwrap().len(), 1_000);
    assert_eq!(report.warnings, Vec::<String>::new());
}

#[test]
fn the_rows_of_ab_are_put_together_from_all_requests() {
    let times = summarise(facts(load()), &measured()).times;
    assert_eq!((times.connect.min, times.connect.median), (0.0, 0.0));
    assert!((times.connect.mean - 0.02).abs() < 1e-4 && (times.connect.max - 2.0).abs() < 0.01, "{:?}", times.connect);
    assert!((times.processing.min - 8.0).abs() < 0.02 && (times.processing.max - 11.0).abs() < 0.02);
    assert!((times.waiting.min - 5.0).abs() < 0.02);
    assert!((times.total.mean - 10.5).abs() < 0.02);
}

#[test]
fn an_open_loop_is_corrected_by_what_was_intended() {
    let mut run = measured();
    run.tally.intended.record_n(500_000_000, 1_000).unwrap();
    (run.tally.counts.unsent, run.tally.counts.late) = (70, 400);
    let report = summarise(facts(LoadAsked { rate: Some(200.0), arrivals: "constant".into(), ..load() }), &run);
    assert!((report.corrected.percentiles[0].ms - 500.0).abs() < 1.0);
    assert!(report.warnings[0].contains("of the 200.0 asked for; 70 that were due"), "{:?}", report.warnings);
    assert!(report.warnings[1].contains("400 of 1000 requests (40.0 %)"), "{:?}", report.warnings);
}

/// The warnings of a run that differs from the sound one.
fn warned(change: impl FnOnce(&mut Measured, &mut LoadAsked)) -> String {
    let (mut run, mut load) = (measured(), load());
    change(&mut run, &mut load);
    summarise(facts(load), &run).warnings.join("\n")
}

#[test]
fn each_warning_has_its_cause() {
    let said = [
        (warned(|run, _| run.interrupted = true), "interrupted"),
        (warned(|run, _| run.cpu = Duration::from_secs(18)), "busy 90 % of its 2 threads"),
        (warned(|run, _| (0..50).for_each(|_| run.tally.status(503))), "most of them 503"),
        (
            warned(|run, _| run.tally.failure(FailureKind::Reset, || "reset".into())),
            "1 of 1000 requests failed (0.1 %)",
        ),
        (warned(|run, _| run.tally.counts.kept_alive = 3), "only 3 of 1000"),
        (warned(|_, load| load.connections = 1), "time of one user"),
        (warned(|run, _| run.tally.counts.length_varied = 4), "4 answers are not as long"),
        (warned(|run, _| run.tally.counts.surplus = 4), "Content-Length"),
        (warned(|run, _| run.tally.apart.connect.record(3_010_000_000).unwrap()), "knocks again (3 s)"),
        (warned(|run, _| run.tally.instances[1].latency.record_n(41_000_000, 4_000).unwrap()), "about 41 ms"),
        (warned(|run, _| run.tally.instances[1].latency.record_n(9_000_000_000, 5).unwrap()), "coordinated omission"),
    ];
    for (warnings, word) in said {
        assert!(warnings.contains(word), "{word}: {warnings}");
    }
}

#[test]
fn nothing_answered_is_no_figure() {
    let mut tally = Tally::default();
    tally.failure(FailureKind::Refused, || "Connection refused (os error 111)".into());
    let run = Measured { tally, wall: Duration::ZERO, cpu: Duration::ZERO, began: Duration::ZERO, interrupted: false };
    let report = summarise(facts(load()), &run);
    assert!(report.warnings[0].contains("Connection refused") && report.warnings.len() == 1, "{:?}", report.warnings);
    assert!(report.instances.is_none() && report.percents.is_empty());
    assert_eq!((report.rates.requests_per_second, report.generator.busy), (0.0, 0.0));
}

#[test]
fn a_rate_near_the_ceiling_is_told() {
    let mut report = summarise(facts(load()), &measured());
    calibrate(&mut report, 1_000.0);
    assert!(report.warnings.is_empty() && report.calibration.is_some_and(|it| (it.ratio - 0.1).abs() < 1e-9));
    calibrate(&mut report, 120.0);
    assert!(report.warnings[0].contains("83 %"), "{:?}", report.warnings);
}
