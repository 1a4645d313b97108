//! ab's `-v`: what comes back, while it comes.

use std::sync::Arc;

use super::args::{BenchFormat, ReportArgs};
use crate::cli::output;
use crate::load::bench::{Heard, Listener};
use crate::report::text::visible;

/// From 2 on answers that are not 2xx, from 3 on all statuses, from 4 on all that is received.
pub fn listener(args: &ReportArgs) -> Option<Listener> {
    let level = args.verbosity;
    if level < 2 {
        return None;
    }
    // Programs that read a report from stdout would stumble over it.
    let say = if args.reports.prints_only(BenchFormat::Terminal) { print } else { output::note };
    let received = if args.ab_compat { "header received" } else { "received" };
    Some(Arc::new(move |heard| match heard {
        Heard::Piece(bytes) if level >= 4 => {
            say(&format!("LOG: {received}:\n{}", visible(&String::from_utf8_lossy(bytes).replace("\r\n", "\n"))));
        }
        Heard::Answer(status) if level >= 3 => say(&format!("LOG: Response code = {status}")),
        Heard::Answer(status) if !(200..300).contains(&status) => {
            say(&format!("WARNING: Response code not 2xx ({status})"));
        }
        Heard::Piece(_) | Heard::Answer(_) => {}
    }))
}

/// A pipe that is closed is no reason to stop the load.
fn print(text: &str) {
    let _ = output::print(|_, out| writeln!(out, "{text}"));
}
