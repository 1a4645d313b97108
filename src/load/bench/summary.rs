//! From what was counted to what is reported. No clock: everything is in [`Measured`].

use hdrhistogram::Histogram;

use super::tally::{Apart, Tally};
use super::{Measured, spread, warnings};
use crate::model::bench::{
    BenchReport, BenchTarget, Bytes, Calibration, ConnectionTimes, Distribution, Failure, Generator, LoadAsked, Rates,
    Requests,
};
use crate::stats::{latency, rate};

/// CPU time over threads × wall time from which the generator itself is what limits a run.
const BUSY: f64 = 0.85;
/// Whoever waited longer than most answers took, and had none when time was up, hung. Of those who waited for less it is not known how
/// long they would have waited.
const HUNG_QUANTILE: f64 = 0.99;
/// As long as the generator itself may have paused at the end.
const HUNG_NANOS: u64 = 100_000_000;

/// What is known of a run beside what was measured.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `software`, `tls` and `document_bytes` of the first are filled in from the first answer.
    pub targets: Vec<BenchTarget>,
    pub load: LoadAsked,
    pub peak_memory_bytes: u64,
}

/// Everything but calibration, thresholds and the verdict.
pub fn summarise(facts: Facts, measured: &Measured) -> BenchReport {
    let Measured { tally, wall, cpu, .. } = measured;
    let Facts { mut targets, load, peak_memory_bytes } = facts;
    let seconds = wall.as_secs_f64();
    if let (Some(target), Some(first)) = (targets.first_mut(), &tally.first) {
        target.software.clone_from(&first.software);
        target.document_bytes = first.body_bytes;
        target.tls = first.tls.clone().or(target.tls.take());
    }
    let answers = tally.latency();
    let (corrected, hung) = corrected(&answers, tally, &load, seconds);
    let mut report = BenchReport {
        seconds,
        requests: Requests { hung, ..requests(tally) },
        failures: failures(tally),
        statuses: tally.statuses().collect(),
        bytes: Bytes {
            received: tally.counts.received_bytes,
            bodies: tally.counts.body_bytes,
            sent: tally.counts.sent_bytes,
            sent_bodies: tally.counts.sent_body_bytes,
        },
        rates: rates(tally, &load, seconds),
        times: times(&answers, &tally.apart),
        latency: latency::distribution(&answers),
        corrected,
        percents: latency::percents(&answers),
        per_second: tally.per_second.clone(),
        instances: spread::of(tally, &load),
        generator: generator(cpu.as_secs_f64(), seconds, tally.answered(), load.threads, peak_memory_bytes),
        histogram: latency::encode(&answers),
        targets,
        load,
        ..BenchReport::default()
    };
    report.warnings = warnings::of(&report, measured);
    report
}

/// Holds the run against what the generator reaches on this machine where the server does nothing.
pub fn calibrate(report: &mut BenchReport, requests_per_second: f64) {
    let ratio = if requests_per_second > 0.0 { report.rates.requests_per_second / requests_per_second } else { 0.0 };
    report.calibration = Some(Calibration { requests_per_second, ratio });
    report.warnings.extend(warnings::near_the_ceiling(report));
}

fn requests(tally: &Tally) -> Requests {
    let counts = &tally.counts;
    let with = |is: fn(u16) -> bool| tally.statuses().filter(|(status, _)| is(*status)).map(|(_, count)| count).sum();
    Requests {
        sent: counts.sent,
        answered: tally.answered(),
        unfinished: counts.unfinished,
        unsent: counts.unsent,
        late: counts.late,
        late_by_generator: counts.late_by_generator,
        hung: 0,
        non_2xx: with(|status| !(200..300).contains(&status)),
        refused: with(|status| status >= 400),
        kept_alive: counts.kept_alive,
        connections: counts.connections,
        length_varied: counts.length_varied,
    }
}

fn failures(tally: &Tally) -> Vec<Failure> {
    let failures = tally.failures.iter();
    failures.map(|(kind, (count, example))| Failure { kind: *kind, count: *count, example: example.clone() }).collect()
}

fn rates(tally: &Tally, load: &LoadAsked, seconds: f64) -> Rates {
    let answered = tally.answered() as f64;
    let each = |amount: f64, of: f64| if of > 0.0 { amount / of } else { 0.0 };
    let (received, sent) = (tally.counts.received_bytes as f64 / 1024.0, tally.counts.sent_bytes as f64 / 1024.0);
    Rates {
        requests_per_second: each(answered, seconds),
        requests_per_second_interval: rate::interval(&tally.per_second),
        ms_per_request: each(load.at_once() as f64 * seconds * 1e3, answered),
        ms_per_request_across: each(seconds * 1e3, answered),
        kbytes_received: each(received, seconds),
        kbytes_sent: each(sent, seconds),
        kbytes_total: each(received + sent, seconds),
    }
}

/// Of the requests that are not apart, connecting took nothing, and the first byte came with the last.
fn times(answers: &Histogram<u64>, apart: &Apart) -> ConnectionTimes {
    let mut others = answers.clone();
    if others.subtract(&apart.total).is_err() {
        others.reset();
    }
    let with_others = |of_apart: &Histogram<u64>| {
        let mut all = of_apart.clone();
        latency::add(&mut all, &others);
        latency::summary(&all)
    };
    let mut connect = apart.connect.clone();
    latency::record_n(&mut connect, 0, others.len());
    ConnectionTimes {
        connect: latency::summary(&connect),
        processing: with_others(&apart.processing),
        waiting: with_others(&apart.waiting),
        total: latency::summary(answers),
    }
}

/// From the intended send times of an open loop, calculated in a closed one; with those that hung, and how many these are.
fn corrected(answers: &Histogram<u64>, tally: &Tally, load: &LoadAsked, seconds: f64) -> (Distribution, u64) {
    let mut all = if load.rate.is_some() { tally.intended.clone() } else { answers.clone() };
    let long = if all.is_empty() { 0 } else { all.value_at_quantile(HUNG_QUANTILE) };
    let hung = latency::above(&tally.waited, long.max(HUNG_NANOS));
    latency::add(&mut all, &hung);
    if load.rate.is_some() {
        return (latency::distribution(&all), hung.len());
    }
    let expected = seconds * 1e9 * load.at_once() as f64 / answers.len().max(1) as f64;
    let mut calculated = latency::distribution(&latency::corrected(&all, expected as u64));
    // Times that nobody measured have no interval.
    for row in &mut calculated.percentiles {
        (row.low, row.high, row.carried) = (row.ms, row.ms, false);
    }
    (calculated, hung.len())
}

fn generator(cpu_seconds: f64, seconds: f64, answered: u64, threads: u32, peak_memory_bytes: u64) -> Generator {
    let room = f64::from(threads.max(1)) * seconds;
    let busy = if room > 0.0 { (cpu_seconds / room).min(1.0) } else { 0.0 };
    Generator {
        cpu_seconds,
        cpu_us_per_request: if answered > 0 { cpu_seconds * 1e6 / answered as f64 } else { 0.0 },
        busy,
        is_limit: busy > BUSY,
        peak_memory_bytes,
    }
}

#[cfg(test)]
mod tests;
