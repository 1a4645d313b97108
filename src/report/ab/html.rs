//! `-w`: the report as a table of HTML.

use std::io::{self, Write};

use super::{Failed, Look, whole_ms};
use crate::model::bench::{BenchReport, BenchTarget};
use crate::report::text::{one_line, visible};

/// `-x`, `-y`, `-z`: attributes of the table, of its rows and of its cells, as their author wrote them.
#[derive(Clone, Debug)]
pub struct Attributes {
    pub table: String,
    pub row: String,
    pub cell: String,
}

impl Default for Attributes {
    fn default() -> Self {
        Attributes { table: String::new(), row: String::new(), cell: "bgcolor=white".into() }
    }
}

/// A table; everything in it but the attributes is escaped.
pub fn render(report: &BenchReport, look: Look, attributes: &Attributes, out: &mut dyn Write) -> io::Result<()> {
    let Attributes { table, row, cell } = attributes;
    writeln!(out, "\n\n<table {table}>")?;
    for (label, value) in rows(report, look) {
        let value = escaped(&value);
        match label {
            "" => writeln!(out, "<tr {row}><td colspan=4 {cell} >   {value}</td></tr>")?,
            "&nbsp;" => {
                writeln!(out, "<tr {row}><td colspan=2 {cell}>&nbsp;</td><td colspan=2 {cell}>{value}</td></tr>")?
            }
            label => {
                writeln!(out, "<tr {row}><th colspan=2 {cell}>{label}:</th><td colspan=2 {cell}>{value}</td></tr>")?
            }
        }
    }
    if report.requests.answered > 0 {
        times(report, attributes, out)?;
    }
    writeln!(out, "</table>")
}

/// Labels and values; a row without a label goes over the whole width.
fn rows(report: &BenchReport, look: Look) -> Vec<(&'static str, String)> {
    let nowhere = BenchTarget::default();
    let target = report.targets.first().unwrap_or(&nowhere);
    let (requests, failed) = (&report.requests, Failed::of(report, look));
    let Failed { connect, length, exceptions, .. } = failed;
    let document_length = match look.variable_length {
        true => "Variable".to_owned(),
        false => format!("{} bytes", target.document_bytes),
    };
    let has_body = report.load.body_bytes.is_some();
    let rates = &report.rates;
    let rows = [
        (true, "Server Software", target.software.clone().unwrap_or_default()),
        (true, "Server Hostname", target.host.clone()),
        (true, "Server Port", target.port.to_string()),
        (true, "Document Path", target.path.clone()),
        (true, "Document Length", document_length),
        (true, "Concurrency Level", report.load.at_once().to_string()),
        (true, "Time taken for tests", format!("{:.3} seconds", report.seconds)),
        (true, "Complete requests", requests.answered.to_string()),
        (true, "Failed requests", failed.sum().to_string()),
        (failed.sum() > 0, "", format!("(Connect: {connect}, Length: {length}, Exceptions: {exceptions})")),
        (requests.non_2xx > 0, "Non-2xx responses", requests.non_2xx.to_string()),
        (report.load.keep_alive, "Keep-Alive requests", requests.kept_alive.to_string()),
        (true, "Total transferred", format!("{} bytes", report.bytes.received)),
        (has_body, "Total body sent", report.bytes.sent.to_string()),
        (true, "HTML transferred", format!("{} bytes", report.bytes.bodies)),
        (true, "Requests per second", format!("{:.2}", rates.requests_per_second)),
        (true, "Transfer rate", format!("{:.2} kb/s received", rates.kbytes_received)),
        (has_body, "&nbsp;", format!("{:.2} kb/s sent", rates.kbytes_sent)),
        (has_body, "&nbsp;", format!("{:.2} kb/s total", rates.kbytes_total)),
    ];
    rows.into_iter().filter(|(shown, ..)| *shown).map(|(_, label, value)| (label, value)).collect()
}

fn times(report: &BenchReport, attributes: &Attributes, out: &mut dyn Write) -> io::Result<()> {
    let Attributes { row, cell, .. } = attributes;
    let times = &report.times;
    writeln!(out, "<tr {row}><th {cell} colspan=4>Connection Times (ms)</th></tr>")?;
    writeln!(
        out,
        "<tr {row}><th {cell}>&nbsp;</th> <th {cell}>min</th>   <th {cell}>avg</th>   <th {cell}>max</th></tr>"
    )?;
    let rows = [("Connect:", &times.connect), ("Processing:", &times.processing), ("Total:", &times.total)];
    for (label, of) in rows {
        let [min, mean, max] = [of.min, of.mean, of.max].map(whole_ms);
        writeln!(
            out,
            "<tr {row}><th {cell}>{label}</th><td {cell}>{min:5}</td><td {cell}>{mean:5}</td><td {cell}>{max:5}</td></tr>"
        )?;
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(&visible(text)).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
