//! Who answered.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::{Look, hanging, named, padded, shown};
use crate::model::bench::{Decision, InstanceSpread, SpreadVerdict};
use crate::report::terminal::style::{BOLD, DIM, GREEN, RED, YELLOW, paint};

/// Rows that are shown; the rest is counted.
const MOST_ROWS: usize = 32;

pub(super) fn render(spread: &InstanceSpread, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{} {}", paint(BOLD, "Instances"), paint(DIM, format!("({})", shown(&spread.source))))?;
    let names: Vec<String> = spread.rows.iter().take(MOST_ROWS).map(|row| named(&row.name)).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0).max(UNNAMED.len());
    let decisions = match spread.decision {
        Decision::Request => "decisions",
        Decision::Connection => "connections",
        Decision::Client => "addresses",
    };
    writeln!(
        out,
        "  {:width$}  {:>10} {:>8} {:>8} {:>10} {:>10} {decisions:>12}",
        "", "requests", "share", "errors", "p50 ms", "p99 ms"
    )?;
    for (row, name) in spread.rows.iter().zip(&names) {
        writeln!(
            out,
            "  {}  {:>10} {:>6.1} % {:>8} {:>10.3} {:>10.3} {:>12}",
            padded(name, width),
            row.requests,
            row.share * 100.0,
            row.errors,
            row.p50,
            row.p99,
            row.decisions
        )?;
    }
    if spread.rows.len() > MOST_ROWS {
        writeln!(out, "  and {} more", spread.rows.len() - MOST_ROWS)?;
    }
    if spread.unattributed > 0 {
        writeln!(out, "  {UNNAMED:width$}  {:>10}", spread.unattributed)?;
    }
    figures(spread, out)?;
    let (word, style) = match spread.verdict {
        SpreadVerdict::Even => ("EVEN", GREEN),
        SpreadVerdict::Uneven => ("UNEVEN", RED),
        SpreadVerdict::Single => ("ONE INSTANCE", RED),
        SpreadVerdict::Inconclusive => ("TOO FEW TO TELL", YELLOW),
    };
    hanging(&format!("  {}  ", paint(style, word)), &shown(&spread.explanation), look, out)?;
    spread.reasons.iter().try_for_each(|reason| hanging("    - ", &shown(reason), look, out))?;
    writeln!(out)
}

const UNNAMED: &str = "(no name)";

fn figures(spread: &InstanceSpread, out: &mut dyn Write) -> io::Result<()> {
    let p = spread.p_value.map_or(String::new(), |p| format!(", p = {p:.4} over {} decisions", spread.decisions));
    let said = format!("  requests: max/mean {:.2}, Jain {:.3}{p}", spread.max_over_mean, spread.jain);
    writeln!(out, "{}", paint(DIM, said))
}
