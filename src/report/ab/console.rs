//! The report on the console.

use std::io::{self, Write};

use super::{Failed, Look, tls, whole_ms};
use crate::model::bench::{BenchReport, BenchTarget, TimeSummary};
use crate::report::text::{one_line, visible};

/// What `ab` prints when it has finished.
pub fn render(report: &BenchReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for (label, value) in lines(report, look) {
        match label {
            "" if value.is_empty() => writeln!(out)?,
            "   (" => writeln!(out, "{label}{value}")?,
            label => writeln!(out, "{label:24}{value}")?,
        }
    }
    if report.requests.answered == 0 {
        return Ok(());
    }
    times(report, look, out)?;
    if look.percentages && report.requests.answered > 1 {
        percentages(report, out)?;
    }
    Ok(())
}

/// Labels and values in order; both are empty for an empty line.
fn lines(report: &BenchReport, look: Look) -> Vec<(&'static str, String)> {
    let mut lines = target(report.targets.first().unwrap_or(&BenchTarget::default()), look);
    let (requests, failed) = (&report.requests, Failed::of(report, look));
    lines.extend([
        ("Concurrency Level:", report.load.at_once().to_string()),
        ("Time taken for tests:", format!("{:.3} seconds", report.seconds)),
        ("Complete requests:", requests.answered.to_string()),
        ("Failed requests:", failed.sum().to_string()),
    ]);
    if failed.sum() > 0 {
        let Failed { connect, receive, length, exceptions, .. } = failed;
        let kinds = format!("Connect: {connect}, Receive: {receive}, Length: {length}, Exceptions: {exceptions})");
        lines.push(("   (", kinds));
    }
    let has_body = report.load.body_bytes.is_some();
    let optional = [
        (failed.write > 0, "Write errors:", failed.write.to_string()),
        (requests.non_2xx > 0, "Non-2xx responses:", requests.non_2xx.to_string()),
        (report.load.keep_alive, "Keep-Alive requests:", requests.kept_alive.to_string()),
        (true, "Total transferred:", format!("{} bytes", report.bytes.received)),
        (has_body, "Total body sent:", report.bytes.sent.to_string()),
        (true, "HTML transferred:", format!("{} bytes", report.bytes.bodies)),
    ];
    lines.extend(optional.into_iter().filter(|(shown, ..)| *shown).map(|(_, label, value)| (label, value)));
    if requests.answered > 0 && report.seconds > 0.0 {
        lines.extend(rates(report, has_body));
    }
    lines
}

fn target(target: &BenchTarget, look: Look) -> Vec<(&'static str, String)> {
    let safe = |text: &str| one_line(&visible(text));
    let mut lines = vec![
        ("Server Software:", safe(target.software.as_deref().unwrap_or_default())),
        ("Server Hostname:", safe(&target.host)),
        ("Server Port:", target.port.to_string()),
    ];
    if let Some(session) = &target.tls {
        lines.push(("SSL/TLS Protocol:", safe(&tls::protocol(session))));
        lines.push(("Server Temp Key:", safe(&tls::temporary_key(session))));
        if !session.server_name.is_empty() {
            lines.push(("TLS Server Name:", safe(&session.server_name)));
        }
    }
    let length = match look.variable_length {
        true => "Variable".to_owned(),
        false => format!("{} bytes", target.document_bytes),
    };
    let blank = || ("", String::new());
    lines.extend([blank(), ("Document Path:", safe(&target.path)), ("Document Length:", length), blank()]);
    lines
}

fn rates(report: &BenchReport, has_body: bool) -> Vec<(&'static str, String)> {
    let rates = &report.rates;
    let mut lines = vec![
        ("Requests per second:", format!("{:.2} [#/sec] (mean)", rates.requests_per_second)),
        ("Time per request:", format!("{:.3} [ms] (mean)", rates.ms_per_request)),
        (
            "Time per request:",
            format!("{:.3} [ms] (mean, across all concurrent requests)", rates.ms_per_request_across),
        ),
        ("Transfer rate:", format!("{:.2} [Kbytes/sec] received", rates.kbytes_received)),
    ];
    if has_body {
        lines.push(("", format!("{:.2} kb/s sent", rates.kbytes_sent)));
        lines.push(("", format!("{:.2} kb/s total", rates.kbytes_total)));
    }
    lines
}

fn times(report: &BenchReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let times = &report.times;
    let rows = [
        ("Connect:", "the initial connection time", &times.connect),
        ("Processing:", "the processing time", &times.processing),
        ("Waiting:", "the waiting time", &times.waiting),
        ("Total:", "the total time", &times.total),
    ];
    writeln!(out, "\nConnection Times (ms)")?;
    if !look.deviations {
        writeln!(out, "              min   avg   max")?;
        for (label, _, row) in rows {
            let [min, mean, max] = [row.min, row.mean, row.max].map(whole_ms);
            writeln!(out, "{label:12}{min:5} {mean:5}{max:5}")?;
        }
        return Ok(());
    }
    writeln!(out, "              min  mean[+/-sd] median   max")?;
    for (label, _, row) in rows {
        let [min, mean, median, max] = [row.min, row.mean, row.median, row.max].map(whole_ms);
        writeln!(out, "{label:12}{min:5} {mean:4} {:5.1} {median:6} {max:7}", row.sd)?;
    }
    for (_, what, row) in rows {
        doubt(what, row, out)?;
    }
    Ok(())
}

/// As `ab` does, by whole milliseconds.
fn doubt(what: &str, row: &TimeSummary, out: &mut dyn Write) -> io::Result<()> {
    let apart = whole_ms(row.mean).abs_diff(whole_ms(row.median)) as f64;
    if apart > 2.0 * row.sd {
        writeln!(out, "ERROR: The median and mean for {what} are more than twice the standard")?;
        writeln!(out, "       deviation apart. These results are NOT reliable.")?;
    } else if apart > row.sd {
        writeln!(out, "WARNING: The median and mean for {what} are not within a normal deviation")?;
        writeln!(out, "        These results are probably not that reliable.")?;
    }
    Ok(())
}

fn percentages(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nPercentage of the requests served within a certain time (ms)")?;
    for percent in [50, 66, 75, 80, 90, 95, 98, 99, 100] {
        let ms = report.percents.get(percent).copied().map_or(0, whole_ms);
        let end = if percent == 100 { " (longest request)" } else { "" };
        writeln!(out, "{percent:>4}%  {ms:5}{end}")?;
    }
    Ok(())
}
