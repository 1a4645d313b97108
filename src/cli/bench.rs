//! `scaleproof bench`.

mod address;
mod args;
mod plan;
mod request;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use args::Args;

use super::exit::{Exit, Result};
use super::output;
use crate::load::bench::{self, Interval};

pub fn run(args: &Args) -> Result {
    if args.report.show_version {
        output::print(|_, out| writeln!(out, "scaleproof bench {}", env!("CARGO_PKG_VERSION")))?;
        return Ok(Exit::Pass);
    }
    args.report.reports.check()?;
    let plan = plan::plan(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    let measured = bench::run(&plan, &stop, &mut |_: &Interval| {})?;
    let tally = &measured.tally;
    output::print(|_, out| {
        writeln!(out, "{:?} {:?} {:?}", tally.counts, measured.wall, measured.cpu)?;
        writeln!(out, "{:?}", tally.failures)?;
        let latency = tally.latency();
        for quantile in [0.5, 0.9, 0.99, 1.0] {
            writeln!(out, "{quantile} {}", latency.value_at_quantile(quantile))?;
        }
        for instance in &tally.instances {
            writeln!(out, "{} {}", instance.name, instance.latency.len())?;
        }
        let rps = tally.answered() as f64 / measured.wall.as_secs_f64();
        writeln!(out, "rps {rps} cpu us/req {}", measured.cpu.as_secs_f64() * 1e6 / tally.answered() as f64)
    })?;
    let _ = stop.load(Ordering::Relaxed);
    Ok(Exit::Pass)
}
