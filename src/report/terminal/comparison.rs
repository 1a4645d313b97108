//! Two benchmarks side by side on a terminal.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::style::{BOLD, DIM, GREEN, RED, YELLOW, paint};
use super::{Look, hanging};
use crate::model::bench::{BenchComparison, Judgement};
use crate::report::ONE_RUN_EACH;
use crate::report::text::{clip, one_line, visible};

const MOST: usize = 4 << 10;

pub fn render(comparison: &BenchComparison, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let named = |text: &str| one_line(&visible(&clip(text, 200)));
    writeln!(out, "{} {}", paint(BOLD, "a"), named(&comparison.a))?;
    writeln!(out, "{} {}\n", paint(BOLD, "b"), named(&comparison.b))?;
    let figures: Vec<String> =
        comparison.rows.iter().map(|row| format!("{} ({})", named(&row.figure), named(&row.unit))).collect();
    let width = figures.iter().map(|figure| figure.width()).max().unwrap_or(0);
    writeln!(out, "  {:width$} {:>12} {:>12} {:>8}  95 % interval", "", "a", "b", "b/a")?;
    for (row, figure) in comparison.rows.iter().zip(&figures) {
        let pad = " ".repeat(width - figure.width());
        let ratio = row.ratio.map_or("–".into(), |ratio| format!("{ratio:.3}"));
        let interval = row.interval.map_or("–".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
        let style = match row.judgement {
            Judgement::Better => GREEN,
            Judgement::Worse => RED,
            Judgement::NoDifference | Judgement::Unknown => DIM,
        };
        let judgement = paint(style, row.judgement.name());
        writeln!(out, "  {figure}{pad} {:>12.3} {:>12.3} {ratio:>8}  {interval:18} {judgement}", row.a, row.b)?;
    }
    writeln!(out)?;
    for warning in &comparison.warnings {
        hanging(&paint(YELLOW, "warning  "), &one_line(&visible(&clip(warning, MOST))), look, out)?;
    }
    hanging("note     ", ONE_RUN_EACH, look, out)
}
