//! What `ab` prints and writes, label for label and column for column: <https://httpd.apache.org/docs/2.4/programs/ab.html>.

mod console;
mod gnuplot;
mod html;
mod percent;
mod tls;

pub use console::render;
pub use gnuplot::render as gnuplot;
pub use html::{Attributes, render as html};
pub use percent::render as percent;

use crate::model::bench::{BenchReport, FailureKind};

/// What `ab`'s flags say of its report.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The table of percentages; not with `-d`.
    pub percentages: bool,
    /// Median and standard deviation; not with `-S`.
    pub deviations: bool,
    /// Answers of another length are no failures: `-l`.
    pub variable_length: bool,
}

impl Default for Look {
    fn default() -> Self {
        Look { percentages: true, deviations: true, variable_length: false }
    }
}

/// The kinds of failures that `ab` tells apart.
#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    connect: u64,
    receive: u64,
    length: u64,
    exceptions: u64,
    write: u64,
}

impl Failed {
    fn of(report: &BenchReport, look: Look) -> Failed {
        let length = if look.variable_length { 0 } else { report.requests.length_varied };
        let mut failed = Failed { length, ..Failed::default() };
        for failure in &report.failures {
            *failed.place(failure.kind) += failure.count;
        }
        failed
    }

    fn place(&mut self, kind: FailureKind) -> &mut u64 {
        match kind {
            FailureKind::Refused | FailureKind::Connect | FailureKind::ConnectTimeout | FailureKind::Tls => {
                &mut self.connect
            }
            FailureKind::Reset | FailureKind::Closed | FailureKind::Truncated | FailureKind::Timeout => {
                &mut self.receive
            }
            FailureKind::Garbage | FailureKind::TooLarge | FailureKind::Protocol | FailureKind::Assertion => {
                &mut self.exceptions
            }
            FailureKind::Write => &mut self.write,
        }
    }

    /// Those that `ab` adds up; it tells errors of writing apart.
    fn sum(self) -> u64 {
        self.connect + self.receive + self.length + self.exceptions
    }
}

/// Whole milliseconds, halves upwards.
fn whole_ms(ms: f64) -> u64 {
    (ms + 0.5) as u64
}
