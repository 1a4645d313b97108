//! `-e`: a row for each percent, in CSV.

use std::io::{self, Write};

use crate::model::bench::BenchReport;

/// A header, and 0 to 100, unless nothing was answered.
pub fn render(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Percentage served,Time in ms")?;
    report.percents.iter().enumerate().try_for_each(|(percent, ms)| writeln!(out, "{percent},{ms:.3}"))
}
