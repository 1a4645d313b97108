//! L1, pure numbers.

pub mod latency;
pub mod rate;
pub mod ratio;
pub mod spread;

use statrs::distribution::{ChiSquared, ContinuousCDF, DiscreteCDF, Hypergeometric};

/// Jain's fairness index `(Σx)² / (n·Σx²)`: 1 when all are equal, 1/n when one has everything. `None` without counts.
/// R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984.
pub fn jain(counts: &[u64]) -> Option<f64> {
    let sum: f64 = counts.iter().map(|count| *count as f64).sum();
    let squares: f64 = counts.iter().map(|count| (*count as f64).powi(2)).sum();
    (squares > 0.0).then(|| sum * sum / (counts.len() as f64 * squares))
}

/// The largest count over the mean: 1 when all are equal, n when one has everything. `None` without counts.
pub fn max_over_mean(counts: &[u64]) -> Option<f64> {
    let sum: u64 = counts.iter().sum();
    let largest = *counts.iter().max()?;
    (sum > 0).then(|| largest as f64 * counts.len() as f64 / sum as f64)
}

/// Pearson's chi-square test against equal shares: the probability of counts at least this uneven when every decision is
/// independent and fair. `None` with fewer than two cells or fewer than five expected in each, where the approximation
/// does not hold (W. G. Cochran, Biometrics 10, 1954).
pub fn uniform_p_value(counts: &[u64]) -> Option<f64> {
    let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    if counts.len() < 2 || expected < 5.0 {
        return None;
    }
    let statistic: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
    Some(ChiSquared::new((counts.len() - 1) as f64).ok()?.sf(statistic))
}

/// Failures out of trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    pub failed: u64,
    pub of: u64,
}

/// Fisher's exact test, one-sided: the probability that `first` has this many failures or more if both have the same rate.
/// `None` when one of them has no trials.
pub fn fisher_more_failures(first: Ratio, second: Ratio) -> Option<f64> {
    if first.of == 0 || second.of == 0 || first.failed > first.of || second.failed > second.of {
        return None;
    }
    match first.failed {
        0 => Some(1.0),
        failed => {
            let failures = first.failed + second.failed;
            Some(Hypergeometric::new(first.of + second.of, failures, first.of).ok()?.sf(failed - 1))
        }
    }
}

/// The largest rate that `trials` without a failure leave open at `confidence` (0.95 gives the rule of three, 3/n):
/// `1 − (1 − confidence)^(1/n)`. 1 without trials. J. A. Hanley, A. Lippman-Hand, JAMA 249, 1983.
pub fn rate_left_open(trials: u64, confidence: f64) -> f64 {
    if trials == 0 { 1.0 } else { 1.0 - (1.0 - confidence).powf(1.0 / trials as f64) }
}

/// Wilson's interval for a proportion at 95 %, lower and upper end. `None` without trials.
/// E. B. Wilson, J. Am. Stat. Assoc. 22, 1927.
pub fn wilson(successes: u64, trials: u64) -> Option<(f64, f64)> {
    const Z: f64 = 1.959_963_984_540_054;
    if trials == 0 || successes > trials {
        return None;
    }
    let n = trials as f64;
    let share = successes as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Some((((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-4
    }

    #[test]
    fn fairness_is_one_for_equal_shares_and_one_nth_for_a_monopoly() {
        assert_eq!(jain(&[7, 7, 7]), Some(1.0));
        assert!(close(jain(&[9, 0, 0]).unwrap(), 1.0 / 3.0));
        assert_eq!(jain(&[0, 0]), None);
        assert_eq!(max_over_mean(&[9, 0, 0]), Some(3.0));
        assert_eq!(max_over_mean(&[]), None);
    }

    #[test]
    fn chi_square_agrees_with_tables() {
        // Statistic 5.991 is the 5 % point for two degrees of freedom: (30−x)²/30 for cells 30±d, d² = 5.991·30/2.
        assert!(close(uniform_p_value(&[40, 30, 20]).unwrap(), 0.0357));
        assert!(uniform_p_value(&[30, 30, 30]).unwrap() > 0.999);
        assert_eq!(uniform_p_value(&[4, 4, 4]), None);
        assert_eq!(uniform_p_value(&[100]), None);
    }

    #[test]
    fn fisher_agrees_with_the_lady_tasting_tea() {
        let three = fisher_more_failures(Ratio { failed: 3, of: 4 }, Ratio { failed: 1, of: 4 }).unwrap();
        assert!(close(three, 17.0 / 70.0));
        let four = fisher_more_failures(Ratio { failed: 4, of: 4 }, Ratio { failed: 0, of: 4 }).unwrap();
        assert!(close(four, 1.0 / 70.0));
        assert_eq!(fisher_more_failures(Ratio { failed: 0, of: 9 }, Ratio { failed: 3, of: 9 }), Some(1.0));
        assert_eq!(fisher_more_failures(Ratio { failed: 0, of: 0 }, Ratio { failed: 3, of: 9 }), None);
    }

    #[test]
    fn no_failure_in_n_trials_leaves_three_over_n_open() {
        assert!((rate_left_open(1000, 0.95) - 0.003).abs() < 1e-5);
        assert_eq!(rate_left_open(0, 0.95), 1.0);
    }

    #[test]
    fn wilson_agrees_with_a_published_example() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = wilson(81, 263).unwrap();
        assert!(close(low, 0.2553) && close(high, 0.3662));
    }

    proptest! {
        #[test]
        fn indexes_stay_in_their_ranges(counts in proptest::collection::vec(0u64..10_000, 1..8)) {
            if let Some(index) = jain(&counts) {
                prop_assert!(index <= 1.0 + 1e-9 && index >= 1.0 / counts.len() as f64 - 1e-9);
            }
            if let Some(ratio) = max_over_mean(&counts) {
                prop_assert!(ratio >= 1.0 - 1e-9 && ratio <= counts.len() as f64 + 1e-9);
            }
            if let Some(p) = uniform_p_value(&counts) {
                prop_assert!((0.0..=1.0).contains(&p));
            }
        }

        #[test]
        fn a_proportion_lies_in_its_interval(trials in 1u64..500, part in 0.0f64..=1.0) {
            let successes = (trials as f64 * part) as u64;
            let (low, high) = wilson(successes, trials).unwrap();
            let share = successes as f64 / trials as f64;
            prop_assert!(low <= share + 1e-9 && share <= high + 1e-9);
        }

        #[test]
        fn more_failures_are_never_likelier(of in 1u64..60, other in 0u64..60, failed in 0u64..60) {
            let second = Ratio { failed: other.min(of), of };
            let p = |failed: u64| fisher_more_failures(Ratio { failed: failed.min(of), of }, second).unwrap();
            prop_assert!(p(failed + 1) <= p(failed) + 1e-9);
        }
    }
}
