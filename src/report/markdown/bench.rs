//! What `bench` measured, as a comment on a pull request; one run, or two side by side.

use std::io::{self, Write};

use super::page::Page;
use super::{cell, code, prose};
use crate::model::bench::{BenchComparison, BenchReport, Decision, InstanceSpread, Judgement, SpreadVerdict};
use crate::model::verdict::Gate;
use crate::report::text::clip;

/// A text that is longer is not meant to be read.
const MOST: usize = 2 << 10;

/// Writes the verdict, the rate, the thresholds, the table of percentiles, who answered, what failed, and the warnings.
pub fn render(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::default();
    let verdict = word(report.verdict);
    let urls = report.targets.iter().take(3).map(|target| code(&clip(&target.url, MOST)));
    page.push(&format!("## scaleproof bench: {verdict}\n\n{}\n\n", urls.collect::<Vec<_>>().join(" ")));
    page.push(&headline(report));
    if !report.thresholds.is_empty() {
        page.push("| threshold | verdict | measured |\n|---|---|---|\n");
        let rows = report.thresholds.iter().map(|threshold| {
            let (text, measured) = (cell(&code(&clip(&threshold.text, MOST))), cell(&prose(&threshold.measured)));
            format!("| {text} | {} | {measured} |\n", word(threshold.verdict))
        });
        page.push_while_room(30, rows);
        page.push("\n");
    }
    latency(report, &mut page);
    let mut more = 0;
    if let Some(spread) = &report.instances {
        more += instances(spread, &mut page);
    }
    if !report.failures.is_empty() {
        page.push("| failure | count | the first |\n|---|---:|---|\n");
        let rows = report.failures.iter().map(|failure| {
            let example = cell(&prose(&clip(&failure.example, MOST)));
            format!("| {} | {} | {example} |\n", failure.kind.name(), failure.count)
        });
        more += page.push_while_room(85, rows);
        page.push("\n");
    }
    more += page.push_while_room(98, report.warnings.iter().map(|text| format!("- {}\n", prose(&clip(text, MOST)))));
    if more > 0 {
        page.push(&format!("\n{more} more: there is no room for them here.\n"));
    }
    out.write_all(page.into_text().as_bytes())
}

fn word(verdict: Gate) -> &'static str {
    match verdict {
        Gate::Pass => "pass",
        Gate::Fail => "**fail**",
        Gate::Unknown => "unknown",
    }
}

fn headline(report: &BenchReport) -> String {
    let rates = &report.rates;
    let sure =
        rates.requests_per_second_interval.map_or(String::new(), |(low, high)| format!(" ({low:.1} to {high:.1})"));
    format!(
        "**{:.1} requests per second**{sure}, {} answered in {:.1} s over {} connections; the generator was busy {:.0} %.\n\n",
        rates.requests_per_second,
        report.requests.answered,
        report.seconds,
        report.load.connections,
        report.generator.busy * 100.0
    )
}

fn latency(report: &BenchReport, page: &mut Page) {
    if report.latency.count == 0 {
        return;
    }
    page.push("| | ms | 95 % interval | corrected ms |\n|---|---:|---|---:|\n");
    for (row, corrected) in report.latency.percentiles.iter().zip(&report.corrected.percentiles) {
        let mark = if row.carried { "" } else { " (too few above)" };
        page.push(&format!(
            "| p{} | {:.3} | {:.3} to {:.3}{mark} | {:.3} |\n",
            row.percent, row.ms, row.low, row.high, corrected.ms
        ));
    }
    page.push("\n");
}

fn instances(spread: &InstanceSpread, page: &mut Page) -> usize {
    let verdict = match spread.verdict {
        SpreadVerdict::Even => "even",
        SpreadVerdict::Inconclusive => "too few to tell",
        SpreadVerdict::Uneven => "uneven",
        SpreadVerdict::Single => "one instance",
    };
    page.push(&format!("Spread over instances: **{verdict}**. {}\n\n", prose(&clip(&spread.explanation, MOST))));
    let mut more =
        page.push_while_room(50, spread.reasons.iter().map(|reason| format!("- {}\n", prose(&clip(reason, MOST)))));
    let decisions = match spread.decision {
        Decision::Request => "decisions",
        Decision::Connection => "connections",
        Decision::Client => "addresses",
    };
    page.push(&format!("\n| instance | requests | share | errors | p50 ms | p99 ms | {decisions} |\n|---|---:|---:|---:|---:|---:|---:|\n"));
    let rows = spread.rows.iter().map(|row| {
        let name = cell(&code(&clip(&row.name, 200)));
        let share = row.share * 100.0;
        format!(
            "| {name} | {} | {share:.1} % | {} | {:.3} | {:.3} | {} |\n",
            row.requests, row.errors, row.p50, row.p99, row.decisions
        )
    });
    more += page.push_while_room(75, rows);
    page.push("\n");
    more
}

/// Writes the table of figures and what makes the runs hard to compare.
pub fn comparison(comparison: &BenchComparison, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::default();
    let (a, b) = (code(&clip(&comparison.a, MOST)), code(&clip(&comparison.b, MOST)));
    page.push(&format!("## scaleproof bench: {b} against {a}\n\n"));
    page.push(&format!("| | {} | {} | ratio | 95 % interval | |\n|---|---:|---:|---:|---|---|\n", cell(&a), cell(&b)));
    for row in &comparison.rows {
        let ratio = row.ratio.map_or("–".into(), |ratio| format!("{ratio:.3}"));
        let interval = row.interval.map_or("–".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
        let judgement = match row.judgement {
            Judgement::NoDifference | Judgement::Unknown => row.judgement.name().to_owned(),
            judgement => format!("**{}**", judgement.name()),
        };
        let name = cell(&prose(&row.figure));
        page.push(&format!(
            "| {name} ({}) | {:.3} | {:.3} | {ratio} | {interval} | {judgement} |\n",
            row.unit, row.a, row.b
        ));
    }
    page.push("\n");
    page.push_while_room(95, comparison.warnings.iter().map(|text| format!("- {}\n", prose(&clip(text, MOST)))));
    page.push(&format!("\n<sub>{}</sub>\n", crate::report::ONE_RUN_EACH));
    out.write_all(page.into_text().as_bytes())
}
