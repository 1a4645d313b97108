//! How sure a rate is.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Whole seconds without which no interval is given.
const LEAST_SECONDS: usize = 5;

/// 95 % interval of the mean of the counts of single seconds, the first and the last left out: connections open in the first, and
/// the last is seldom a whole one. Batch means with Student's t; where one second resembles the one before, they count for fewer
/// (A. M. Law, Simulation Modeling and Analysis, 5th edition, section 9.5.3). `None` where fewer than five are left.
pub fn interval(per_second: &[u64]) -> Option<(f64, f64)> {
    let inner = steady(per_second);
    let n = inner.len() as f64;
    if inner.len() < LEAST_SECONDS {
        return None;
    }
    let mean = inner.iter().sum::<u64>() as f64 / n;
    let off: Vec<f64> = inner.iter().map(|count| *count as f64 - mean).collect();
    let squares: f64 = off.iter().map(|off| off * off).sum();
    let products: f64 = off.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let lag = if squares > 0.0 { products / squares } else { 0.0 };
    // Below this, chance alone makes a second resemble the one before it.
    let shown = lag > 1.96 / n.sqrt();
    let effective = if shown { (n * (1.0 - lag) / (1.0 + lag)).max(2.0) } else { n };
    let t = StudentsT::new(0.0, 1.0, effective - 1.0).ok()?.inverse_cdf(0.975);
    let half = t * (squares / (n - 1.0) / effective).sqrt();
    Some(((mean - half).max(0.0), mean + half))
}

/// The seconds that are whole.
pub fn steady(per_second: &[u64]) -> &[u64] {
    per_second.get(1..per_second.len().saturating_sub(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_interval_is_that_of_students_t() {
        // Mean 100, s = √(10/4·…): deviations -2 -1 0 1 2 shuffled, s² = 2.5, t(4) = 2.776, half = 2.776·√(2.5/5) = 1.963.
        let (low, high) = interval(&[7, 100, 98, 102, 99, 101, 3]).unwrap();
        assert!((low - 98.037).abs() < 1e-3 && (high - 101.963).abs() < 1e-3, "{low} {high}");
        assert_eq!(interval(&[7, 100, 98, 102, 99, 3]), None);
        assert_eq!(interval(&[]), None);
    }

    #[test]
    fn seconds_that_resemble_each_other_count_for_fewer() {
        let wave: Vec<u64> = (0..40).map(|second| 1_000 + 100 * ((second / 10) % 2)).collect();
        let jumps: Vec<u64> = (0..40).map(|second| 1_000 + 100 * (second % 2)).collect();
        let width = |counts: &[u64]| interval(counts).map(|(low, high)| high - low).unwrap();
        assert!(width(&wave) > 2.0 * width(&jumps));
    }

    #[test]
    fn the_interval_covers_the_true_rate_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(7);
        let covered = (0..2_000).filter(|_| {
            let counts: Vec<u64> = (0..12).map(|_| (0..400).filter(|_| random.bool()).count() as u64).collect();
            interval(&counts).is_some_and(|(low, high)| low <= 200.0 && 200.0 <= high)
        });
        let share = covered.count() as f64 / 2_000.0;
        assert!((0.92..0.98).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn the_mean_lies_in_its_interval(counts in proptest::collection::vec(0u64..1_000_000, 7..60)) {
            let inner = steady(&counts);
            let mean = inner.iter().sum::<u64>() as f64 / inner.len() as f64;
            let (low, high) = interval(&counts).unwrap();
            prop_assert!(low <= mean + 1e-6 && mean <= high + 1e-6);
        }
    }
}
