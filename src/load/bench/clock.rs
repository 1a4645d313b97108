//! One clock for all threads of a run, and the times when requests are due.

use std::time::{Duration, Instant};

use rustix::time::Timespec;

use super::{Arrivals, Pace};

/// Nanoseconds since a run was begun.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Clock(Instant::now())
    }

    /// When it showed 0.
    pub fn started(self) -> Instant {
        self.0
    }

    #[inline]
    pub fn now(self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub fn timespec(nanos: u64) -> Timespec {
    Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as _ }
}

/// The times when the requests of one thread are due.
#[derive(Clone, Debug)]
pub struct Schedule {
    arrivals: Arrivals,
    /// Nanoseconds between two requests of this thread, on average.
    gap: f64,
    next: f64,
    random: fastrand::Rng,
}

impl Schedule {
    /// For thread `number` of `threads`, whose times interleave; `None` in a closed loop.
    pub fn new(pace: Pace, number: u32, threads: u32, seed: u64) -> Option<Self> {
        let Pace::Open { per_second, arrivals } = pace else { return None };
        let gap = 1e9 * f64::from(threads) / per_second;
        let mut schedule =
            Schedule { arrivals, gap, next: 0.0, random: fastrand::Rng::with_seed(seed ^ u64::from(number)) };
        match arrivals {
            Arrivals::Constant => schedule.next = gap * f64::from(number) / f64::from(threads),
            Arrivals::Poisson => schedule.step(),
        }
        Some(schedule)
    }

    pub fn due(&self) -> u64 {
        self.next as u64
    }

    /// Takes the request that is due and says when it was.
    pub fn take(&mut self) -> u64 {
        let due = self.due();
        self.step();
        due
    }

    fn step(&mut self) {
        self.next += match self.arrivals {
            Arrivals::Constant => self.gap,
            // Gaps of a Poisson process are exponential; 1 − u is never 0.
            Arrivals::Poisson => -(1.0 - self.random.f64()).ln() * self.gap,
        };
    }

    /// When the requests are due that were not taken, before `end`.
    pub fn left_before(mut self, end: u64) -> impl Iterator<Item = u64> {
        std::iter::from_fn(move || (self.due() < end).then(|| self.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(per_second: f64, arrivals: Arrivals) -> Pace {
        Pace::Open { per_second, arrivals }
    }

    #[test]
    fn threads_interleave_a_constant_rate() {
        let mut times: Vec<u64> = (0..4)
            .flat_map(|thread| {
                let mut schedule = Schedule::new(open(1000.0, Arrivals::Constant), thread, 4, 1).unwrap();
                (0..5).map(|_| schedule.take()).collect::<Vec<_>>()
            })
            .collect();
        times.sort_unstable();
        assert_eq!(times, (0..20).map(|k| k * 1_000_000).collect::<Vec<u64>>());
    }

    #[test]
    fn what_is_left_is_counted() {
        for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
            let schedule = Schedule::new(open(100.0, arrivals), 0, 1, 7).unwrap();
            let mut counted = schedule.clone();
            let mut count = 0;
            while counted.take() < 1_000_000_000 {
                count += 1;
            }
            assert_eq!(schedule.left_before(1_000_000_000).count(), count, "{arrivals:?}");
        }
    }

    #[test]
    fn a_poisson_process_keeps_its_rate_and_varies_as_it_should() {
        let mut schedule = Schedule::new(open(1000.0, Arrivals::Poisson), 0, 1, 42).unwrap();
        let times: Vec<f64> = (0..20_001).map(|_| schedule.take() as f64 / 1e6).collect();
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let sd = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        // The standard error of both is below 1 %.
        assert!((mean - 1.0).abs() < 0.03 && (sd - 1.0).abs() < 0.05, "{mean} {sd}");
    }
}
