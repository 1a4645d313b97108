//! A run in seconds, for a log of histograms.

use std::time::Duration;

use super::Interval;
use crate::model::bench::Slice;
use crate::stats::latency;

/// Collects the intervals of a run into whole seconds.
#[derive(Default)]
pub struct Slices {
    closed: Vec<Slice>,
    open: Option<Slice>,
}

impl Slices {
    /// An interval belongs to the second in which it began.
    pub fn add(&mut self, interval: &Interval<'_>) {
        let began = interval.at.saturating_sub(interval.length);
        if self.open.as_ref().is_some_and(|open| began.as_secs() > open.at.as_secs()) {
            self.closed.extend(self.open.take());
        }
        let open =
            self.open.get_or_insert_with(|| Slice { at: began, length: Duration::ZERO, latency: latency::empty() });
        open.length = interval.at.saturating_sub(open.at);
        latency::add(&mut open.latency, &interval.tally.latency());
    }

    pub fn into_slices(mut self) -> Vec<Slice> {
        self.closed.extend(self.open);
        self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::bench::Tally;

    #[test]
    fn intervals_become_seconds() {
        let mut tally = Tally::default();
        tally.instances[0].latency.record(1_000_000).unwrap();
        let mut slices = Slices::default();
        for quarter in 1..=9 {
            let (at, length) = (Duration::from_millis(250 * quarter), Duration::from_millis(250));
            slices.add(&Interval { at, length, tally: &tally });
        }
        let slices = slices.into_slices();
        let seen: Vec<_> =
            slices.iter().map(|slice| (slice.at.as_secs(), slice.length.as_millis(), slice.latency.len())).collect();
        assert_eq!(seen, [(0, 1000, 4), (1, 1000, 4), (2, 250, 1)]);
    }
}
