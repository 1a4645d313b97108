//! `scaleproof.bench-comparison/1`, as `comparison.schema.json` says.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::bench::{BenchComparison, ComparisonRow};

#[derive(Serialize)]
struct ComparisonV1<'a> {
    schema: &'static str,
    version: &'static str,
    a: &'a str,
    b: &'a str,
    rows: &'a [ComparisonRow],
    warnings: &'a [String],
}

/// Writes one pretty-printed object and a newline.
pub fn render(comparison: &BenchComparison, out: &mut dyn Write) -> io::Result<()> {
    let wire = ComparisonV1 {
        schema: "scaleproof.bench-comparison/1",
        version: env!("CARGO_PKG_VERSION"),
        a: &comparison.a,
        b: &comparison.b,
        rows: &comparison.rows,
        warnings: &comparison.warnings,
    };
    serde_json::to_writer_pretty(&mut *out, &wire)?;
    writeln!(out)
}
