//! Who is well, with hysteresis: one hiccup takes nobody out, one success brings nobody back. Pure; time is an argument.

use std::time::{Duration, Instant};

/// When a replica is out, and when it is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthRules {
    /// Consecutive failures that take it out; 0 never does.
    pub fall: u32,
    /// Consecutive successes that bring it back for good.
    pub rise: u32,
    /// How long it is left alone before it is tried again.
    pub pause: Duration,
}

impl Default for HealthRules {
    /// HAProxy's `fall 3` and `rise 2`, and a pause short enough for a test run.
    fn default() -> Self {
        HealthRules { fall: 3, rise: 2, pause: Duration::from_secs(2) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    failures: u32,
    successes: u32,
    out_since: Option<Instant>,
}

impl Health {
    pub fn failed(&mut self, rules: &HealthRules, now: Instant) {
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        if rules.fall > 0 && self.failures >= rules.fall {
            self.out_since = Some(now);
        }
    }

    pub fn succeeded(&mut self, rules: &HealthRules) {
        self.successes = self.successes.saturating_add(1);
        if self.out_since.is_none() || self.successes >= rules.rise {
            self.failures = 0;
            self.out_since = None;
        }
    }

    /// True while it is in, and when it is time to try it again.
    pub fn available(&self, rules: &HealthRules, now: Instant) -> bool {
        self.out_since.is_none_or(|since| now.saturating_duration_since(since) >= rules.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: HealthRules = HealthRules { fall: 3, rise: 2, pause: Duration::from_secs(2) };

    #[test]
    fn only_consecutive_failures_take_a_replica_out_and_time_lets_it_try_again() {
        let (mut health, now) = (Health::default(), Instant::now());
        for _ in 0..5 {
            health.failed(&RULES, now);
            health.failed(&RULES, now);
            health.succeeded(&RULES);
        }
        assert!(health.available(&RULES, now));
        (0..3).for_each(|_| health.failed(&RULES, now));
        assert!(!health.available(&RULES, now + Duration::from_millis(1999)));
        assert!(health.available(&RULES, now + RULES.pause));
    }

    #[test]
    fn on_probation_one_failure_takes_it_out_again_and_two_successes_bring_it_back() {
        let (mut health, now) = (Health::default(), Instant::now());
        (0..3).for_each(|_| health.failed(&RULES, now));
        let later = now + RULES.pause;
        health.succeeded(&RULES);
        health.failed(&RULES, later);
        assert!(!health.available(&RULES, later));
        health.succeeded(&RULES);
        health.succeeded(&RULES);
        assert!(health.available(&RULES, later));
        health.failed(&RULES, later);
        assert!(health.available(&RULES, later), "it is back for good, so one failure is a hiccup again");
    }

    #[test]
    fn without_a_limit_nobody_is_taken_out() {
        let (mut health, rules, now) = (Health::default(), HealthRules { fall: 0, ..RULES }, Instant::now());
        (0..9).for_each(|_| health.failed(&rules, now));
        assert!(health.available(&rules, now));
    }
}
