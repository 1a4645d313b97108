//! What is seen while a benchmark runs.

use std::collections::VecDeque;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::cli::output;
use crate::cli::progress::Progress;
use crate::load::bench::{Interval, Plan};
use crate::stats::latency;

/// Rate and percentiles are those of the last second.
const RECENT: Duration = Duration::from_secs(1);
/// What ab takes for many requests, and between two words about them.
const MANY: u64 = 150;
const HEARTBEATS: u64 = 10;
const LEAST_BETWEEN: u64 = 100;

/// A line that changes, or what ab says to a log.
pub struct Live {
    progress: Progress,
    length: Length,
    answered: u64,
    failed: u64,
    recent: VecDeque<(Duration, Histogram<u64>)>,
    heartbeat: Option<Heartbeat>,
}

/// What is counted down.
enum Length {
    Requests,
    Time,
}

/// "Completed 100 requests"
struct Heartbeat {
    every: u64,
    next: u64,
}

impl Live {
    /// With `ab_compat`, a word on stderr for each tenth of many requests.
    pub fn new(plan: &Plan, quiet: bool, ab_compat: bool) -> Self {
        let (length, end) = match (plan.duration, plan.requests) {
            (Some(duration), _) => (Length::Time, duration.as_millis() as u64),
            (None, requests) => (Length::Requests, requests.unwrap_or_default() * plan.engine.most_requests()),
        };
        let every = (plan.requests.unwrap_or_default() / HEARTBEATS).max(LEAST_BETWEEN);
        let wanted = ab_compat && !quiet && plan.requests.is_some_and(|requests| requests > MANY);
        let progress = Progress::bar(end, quiet || ab_compat);
        if !plan.warmup.is_zero() {
            progress.advance(0, "warming up".into());
        }
        Live {
            progress,
            length,
            answered: 0,
            failed: 0,
            recent: VecDeque::new(),
            heartbeat: wanted.then_some(Heartbeat { every, next: every }),
        }
    }

    /// Takes what was counted since the last time.
    pub fn watch(&mut self, interval: &Interval) {
        self.answered += interval.tally.answered();
        self.failed += interval.tally.failed();
        if let Some(heartbeat) = &mut self.heartbeat {
            while self.answered >= heartbeat.next {
                output::note(&format!("Completed {} requests", heartbeat.next));
                heartbeat.next += heartbeat.every;
            }
        }
        if !self.progress.is_watched() {
            return;
        }
        self.recent.push_back((interval.length, interval.tally.latency()));
        while self.recent.iter().skip(1).map(|(length, _)| *length).sum::<Duration>() > RECENT {
            self.recent.pop_front();
        }
        let position = match self.length {
            Length::Requests => self.answered + self.failed,
            Length::Time => interval.at.as_millis() as u64,
        };
        self.progress.advance(position, self.text());
    }

    fn text(&self) -> String {
        let mut times = latency::empty();
        self.recent.iter().for_each(|(_, recent)| latency::add(&mut times, recent));
        let seconds: f64 = self.recent.iter().map(|(length, _)| length.as_secs_f64()).sum();
        let rate = if seconds > 0.0 { times.len() as f64 / seconds } else { 0.0 };
        let ms = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1e6;
        let failed = if self.failed == 0 { String::new() } else { format!(" · {} failed", self.failed) };
        let (fifty, ninety_nine) = (ms(0.5), ms(0.99));
        format!("{} answers · {rate:.0}/s · p50 {fifty:.2} ms · p99 {ninety_nine:.2} ms{failed}", self.answered)
    }

    /// What ab says last.
    pub fn finish(self) {
        if self.heartbeat.is_some() {
            output::note(&format!("Finished {} requests", self.answered));
        }
    }
}
