//! What somebody who reads the figures has to know: what was seen, why it matters, what to do.

use super::Measured;
use crate::model::bench::{BenchReport, FailureKind};

/// Parts of the asked rate below which it was not reached.
const REACHED: f64 = 0.995;
/// Parts of the calibrated rate above which the machine, not the server, may be the limit.
const NEAR: f64 = 0.7;
/// Waiting for a delayed acknowledgement: 40 ms on Linux, and what the server itself needs.
const DELAYED_ACK_MS: std::ops::RangeInclusive<f64> = 39.5..=46.0;
/// When Linux sends a connection's first packet again.
const SYN_AGAIN_SECONDS: [f64; 4] = [1.0, 3.0, 7.0, 15.0];
/// A corrected p99 this many times the other one hides a stall.
const STALL: f64 = 2.0;
/// The longest time of a stall over p99; what is below is the tail of any server.
const PAUSE: f64 = 10.0;

type Warning = fn(&BenchReport) -> Option<String>;

const ALL: &[Warning] = &[
    nothing_answered,
    failed,
    not_2xx,
    generator_is_the_limit,
    rate_not_reached,
    late,
    not_kept_alive,
    delayed_acknowledgements,
    connections_tried_again,
    stalls,
    length_varied,
    one_user,
];

/// The gravest first.
pub(super) fn of(report: &BenchReport, measured: &Measured) -> Vec<String> {
    let interrupted =
        measured.interrupted.then(|| "The run was interrupted: all figures are of the time before.".to_owned());
    let surplus = match measured.tally.counts.surplus {
        0 => None,
        count => Some(format!(
            "{count} answers had bytes behind them that nobody asked for: the length that the server announces is wrong, and its \
             connections were closed. Compare Content-Length with the body."
        )),
    };
    interrupted
        .into_iter()
        .chain(hung(report, measured))
        .chain(ALL.iter().filter_map(|warning| warning(report)))
        .chain(surplus)
        .collect()
}

fn hung(report: &BenchReport, measured: &Measured) -> Option<String> {
    let longest = measured.tally.waited.max() as f64 / 1e9;
    (report.requests.hung > 0).then(|| {
        format!(
            "{} requests had no answer when time was up, and had waited for up to {longest:.2} s: a server that hangs looks fast to whoever \
             counts answers only. The corrected times have them; see what the server waits for.",
            report.requests.hung
        )
    })
}

fn failed_count(report: &BenchReport) -> u64 {
    report.failures.iter().map(|failure| failure.count).sum()
}

fn percent(part: u64, of: u64) -> String {
    let percent = 100.0 * part as f64 / of.max(1) as f64;
    if percent >= 0.1 || part == 0 { format!("{percent:.1} %") } else { "less than 0.1 %".to_owned() }
}

fn nothing_answered(report: &BenchReport) -> Option<String> {
    let first = report.failures.iter().max_by_key(|failure| failure.count);
    let why = first.map_or(String::new(), |failure| format!(" ({})", failure.example));
    let advice = match first.map(|failure| failure.kind) {
        Some(FailureKind::Assertion) => "The server answers, and not as the story asserts.",
        Some(FailureKind::Tls) => {
            "See whether this port speaks TLS; `--cacert FILE` or `--insecure` believes a certificate."
        }
        None => "It ended before the first answer came.",
        _ => "See whether the server runs and the address is right.",
    };
    (report.requests.answered == 0)
        .then(|| format!("No request was answered{why}, so there is nothing to measure. {advice}"))
}

fn failed(report: &BenchReport) -> Option<String> {
    let failed = failed_count(report);
    (failed > 0 && report.requests.answered > 0).then(|| {
        format!(
            "{failed} of {} requests failed ({}): times are of the others only, and a server that fails fast looks fast. The table of \
             failures says how.",
            report.requests.sent,
            percent(failed, report.requests.sent)
        )
    })
}

fn not_2xx(report: &BenchReport) -> Option<String> {
    let requests = &report.requests;
    let most =
        report.statuses.iter().filter(|(status, _)| !(200..300).contains(*status)).max_by_key(|(_, count)| **count);
    most.map(|(status, _)| {
        format!(
            "{} of {} answers are not 2xx ({}), most of them {status}: an error page or a redirect is measured, not the page. Ask for \
             it once by hand before measuring.",
            requests.non_2xx,
            requests.answered,
            percent(requests.non_2xx, requests.answered)
        )
    })
}

fn generator_is_the_limit(report: &BenchReport) -> Option<String> {
    report.generator.is_limit.then(|| {
        format!(
            "The generator was busy {:.0} % of its {}: it is the limit, and the server may be faster than shown. Give it more threads \
             or a machine of its own.",
            report.generator.busy * 100.0,
            match report.load.threads {
                0 | 1 => "one thread".to_owned(),
                threads => format!("{threads} threads"),
            }
        )
    })
}

pub(super) fn near_the_ceiling(report: &BenchReport) -> Option<String> {
    let calibration = report.calibration.filter(|calibration| calibration.ratio > NEAR)?;
    Some(format!(
        "The rate is {:.0} % of what the generator reaches on this machine against a server that does nothing: the machine may be the \
         limit. Run the generator elsewhere, or read the figures as a lower bound.",
        calibration.ratio * 100.0
    ))
}

fn rate_not_reached(report: &BenchReport) -> Option<String> {
    // Of stories, journeys are due, and requests are what is counted.
    let asked = report.load.rate.filter(|_| report.load.scenario.is_none())?;
    let achieved = report.rates.requests_per_second;
    (achieved < REACHED * asked && report.requests.answered > 0).then(|| {
        format!(
            "{achieved:.1} requests per second were reached of the {asked:.1} asked for; {} that were due were not sent. The server, \
             or too few connections ({}), could not keep up: raise `-c`, and if that does not help, this is the server's limit.",
            report.requests.unsent, report.load.connections
        )
    })
}

fn late(report: &BenchReport) -> Option<String> {
    let requests = &report.requests;
    let told = |count: u64, why: &str| {
        let share = percent(count, requests.sent);
        format!("{count} of {} requests ({share}) were sent more than 1 ms after they were due, {why}", requests.sent)
    };
    let (own, busy) = (requests.late_by_generator, requests.late - requests.late_by_generator);
    let by_server = (busy > 0).then(|| {
        told(
            busy,
            "because all connections were busy. The corrected times count that wait; raise `-c` to see what the server alone needs.",
        )
    });
    let by_generator = (own > 0).then(|| {
        told(
            own,
            "although a connection was free: the generator had no processor at that time. The corrected times count that as well; give it a \
             machine or a processor of its own.",
        )
    });
    let said: Vec<String> = by_server.into_iter().chain(by_generator).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn not_kept_alive(report: &BenchReport) -> Option<String> {
    let (load, requests) = (&report.load, &report.requests);
    let by_plan = load.requests_per_connection == Some(1);
    let few = requests.kept_alive * 2 < requests.answered && requests.answered > u64::from(load.connections) * 2;
    (load.keep_alive && !by_plan && few).then(|| {
        format!(
            "Keep-alive was asked for, and the server left only {} of {} connections open: connecting is part of most times. See its \
             keep-alive settings.",
            requests.kept_alive, requests.answered
        )
    })
}

fn delayed_acknowledgements(report: &BenchReport) -> Option<String> {
    let seen = |percent: f64| report.latency.percentiles.iter().find(|row| row.percent == percent).map(|row| row.ms);
    let at = [50.0, 75.0, 90.0].into_iter().filter_map(seen).find(|ms| DELAYED_ACK_MS.contains(ms))?;
    (report.load.keep_alive && report.requests.kept_alive > 0).then(|| {
        format!(
            "Many answers take about {at:.0} ms, which is how long a delayed acknowledgement waits: the server may write head and body \
             apart without TCP_NODELAY (Nagle's algorithm). Set TCP_NODELAY, or write both at once."
        )
    })
}

fn connections_tried_again(report: &BenchReport) -> Option<String> {
    let seconds = report.times.connect.max / 1e3;
    let step = SYN_AGAIN_SECONDS.into_iter().find(|step| (*step..step * 1.15).contains(&seconds))?;
    Some(format!(
        "A connection needed {seconds:.2} s, which is when the system knocks again ({step:.0} s) after nobody answered: the server's queue \
         of connections was full, or packets were lost. Look at its backlog (`ss -ltn`, net.core.somaxconn)."
    ))
}

fn stalls(report: &BenchReport) -> Option<String> {
    let p99 = |percentiles: &[crate::model::bench::Percentile]| {
        percentiles.iter().find(|row| row.percent == 99.0).map(|row| row.ms)
    };
    let (seen, corrected) = (p99(&report.latency.percentiles)?, p99(&report.corrected.percentiles)?);
    let longest = report.corrected.max > PAUSE * seen;
    (report.load.rate.is_none() && seen > 0.0 && longest && corrected > STALL * seen).then(|| {
        format!(
            "The server stalled: p99 is {seen:.2} ms as sent, and {corrected:.2} ms for users who do not wait for the answer before \
             (coordinated omission). `--rate` measures it instead of calculating."
        )
    })
}

fn length_varied(report: &BenchReport) -> Option<String> {
    (report.requests.length_varied > 0).then(|| {
        format!(
            "{} answers are not as long as the first one: for a page that is the same for everybody, some may be errors or cut off. `ab` \
             calls them failed without `-l`.",
            report.requests.length_varied
        )
    })
}

fn one_user(report: &BenchReport) -> Option<String> {
    let load = &report.load;
    (load.at_once() == 1 && load.rate.is_none() && load.scenario.is_none() && report.requests.answered > 1).then(|| {
        "One connection waits for each answer before the next request: this is the time of one user, not what the server can do. `-c` \
         sets how many come at once."
            .to_owned()
    })
}
