//! How many times as much: 95 % intervals of the ratio of two measurements.

use fastrand::Rng;
use hdrhistogram::Histogram;

use crate::model::bench::LEAST_ABOVE;

/// Always the same, so that the same two runs compare alike.
const SEED: u64 = 0x5ca1_e901;
const RESAMPLES: usize = 4_000;
/// Counts without which nothing is said.
const LEAST_COUNTS: usize = 5;
/// A histogram tells a value to 0.1 %, and a ratio to twice that.
const RESOLUTION: f64 = 0.002;
const Z: f64 = 1.959_963_984_540_054;

pub type Interval = (f64, f64);

/// `b` over `a` of the means of counts, by drawing both again (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993).
pub fn of_means(a: &[u64], b: &[u64]) -> Option<Interval> {
    if a.len().min(b.len()) < LEAST_COUNTS {
        return None;
    }
    let mut random = Rng::with_seed(SEED);
    let mut mean = |counts: &[u64]| {
        let drawn: u64 = (0..counts.len()).map(|_| counts[random.usize(..counts.len())]).sum();
        drawn as f64 / counts.len() as f64
    };
    interval((0..RESAMPLES).map(|_| mean(b) / mean(a)).collect())
}

/// `b` over `a` of a quantile. The rank that a quantile has when its sample is drawn again is binomial, so that ranks are
/// drawn instead of samples. `None` where one of them has too few samples above it.
pub fn of_quantiles(a: &Histogram<u64>, b: &Histogram<u64>, quantile: f64) -> Option<Interval> {
    let above = |of: &Histogram<u64>| of.len() as f64 * (1.0 - quantile);
    if above(a).min(above(b)) < LEAST_ABOVE - 1e-6 {
        return None;
    }
    let mut random = Rng::with_seed(SEED);
    let (a, b) = (Ranks::of(a), Ranks::of(b));
    let ratios = (0..RESAMPLES).map(|_| b.draw(quantile, &mut random) / a.draw(quantile, &mut random));
    let (low, high) = interval(ratios.collect())?;
    Some((low * (1.0 - RESOLUTION), high * (1.0 + RESOLUTION)))
}

/// How often something happened.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    pub part: u64,
    pub of: u64,
}

/// `b` over `a` of two shares: the logarithm of the ratio is nearly normal, with half a case added to each
/// (S. D. Walter, Biometrika 62, 1975). `None` where it happened in neither, or nothing was tried.
pub fn of_shares(a: Share, b: Share) -> Option<Interval> {
    if a.of == 0 || b.of == 0 || a.part + b.part == 0 {
        return None;
    }
    let half = |share: Share| (share.part as f64 + 0.5, share.of as f64 + 0.5);
    let ((of_a, all_a), (of_b, all_b)) = (half(a), half(b));
    let centre = (of_b / all_b / (of_a / all_a)).ln();
    let spread = Z * (1.0 / of_a - 1.0 / all_a + 1.0 / of_b - 1.0 / all_b).max(0.0).sqrt();
    Some(((centre - spread).exp(), (centre + spread).exp()))
}

/// The middle 95 % of what was drawn.
fn interval(mut drawn: Vec<f64>) -> Option<Interval> {
    drawn.sort_by(f64::total_cmp);
    let (low, high) = (drawn[RESAMPLES * 25 / 1_000], drawn[RESAMPLES * 975 / 1_000 - 1]);
    (low.is_finite() && high.is_finite()).then_some((low, high))
}

/// A sample by rank.
struct Ranks {
    /// Rank of the last sample of each value, and the value.
    steps: Vec<(u64, u64)>,
    count: u64,
}

impl Ranks {
    fn of(histogram: &Histogram<u64>) -> Ranks {
        let mut rank = 0;
        let steps = histogram.iter_recorded().map(|step| {
            rank += step.count_at_value();
            (rank, histogram.median_equivalent(step.value_iterated_to()))
        });
        Ranks { steps: steps.collect(), count: histogram.len() }
    }

    /// The quantile of a sample drawn again; a binomial of this size is nearly normal.
    fn draw(&self, quantile: f64, random: &mut Rng) -> f64 {
        let n = self.count as f64;
        let normal = (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos();
        let rank = n * quantile + normal * (n * quantile * (1.0 - quantile)).sqrt();
        let rank = rank.ceil().clamp(1.0, n) as u64;
        let place = self.steps.partition_point(|(last, _)| *last < rank);
        self.steps.get(place).map_or(0.0, |(_, value)| *value as f64)
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::*;

    use super::*;
    use crate::stats::latency;

    fn exponential(mean: f64, count: usize, seed: u64) -> Histogram<u64> {
        let mut random = Rng::with_seed(seed);
        let mut histogram = latency::empty();
        (0..count).for_each(|_| latency::record(&mut histogram, (-mean * (1.0 - random.f64()).ln()) as u64));
        histogram
    }

    #[test]
    fn twice_as_slow_is_shown_and_the_same_is_not() {
        let (a, same, twice) = (exponential(1e6, 5_000, 1), exponential(1e6, 5_000, 2), exponential(2e6, 5_000, 3));
        for quantile in [0.5, 0.9, 0.99] {
            let (low, high) = of_quantiles(&a, &twice, quantile).unwrap();
            assert!(1.0 < low && low < 2.0 && 2.0 < high && high < 3.0, "{quantile}: {low} {high}");
            let (low, high) = of_quantiles(&a, &same, quantile).unwrap();
            assert!(low < 1.0 && 1.0 < high, "{quantile}: {low} {high}");
        }
        assert_eq!(of_quantiles(&a, &twice, 0.999), None);
    }

    #[test]
    fn the_same_is_seldom_called_different() {
        let different = (0..200).filter(|seed| {
            let (a, b) = (exponential(1e6, 2_000, 2 * seed), exponential(1e6, 2_000, 2 * seed + 1));
            of_quantiles(&a, &b, 0.95).is_some_and(|(low, high)| low > 1.0 || high < 1.0)
        });
        assert!(different.count() <= 16);
    }

    #[test]
    fn rates_are_compared_by_their_seconds() {
        let (low, high) = of_means(&[100, 101, 99, 100, 100], &[120, 121, 119, 120, 120]).unwrap();
        assert!((1.19..=1.2).contains(&low) && (1.2..1.21).contains(&high), "{low} {high}");
        assert_eq!(of_means(&[1, 2], &[3, 4, 5, 6, 7]), None);
        assert_eq!(of_means(&[0; 5], &[0; 5]), None);
    }

    #[test]
    fn shares_agree_with_the_formula() {
        // ln(20.5/1000.5 ÷ 10.5/1000.5) = 0.669, standard error √(1/20.5 + 1/10.5 − 2/1000.5) = 0.377.
        let (low, high) = of_shares(Share { part: 10, of: 1_000 }, Share { part: 20, of: 1_000 }).unwrap();
        assert!((low - 0.9328).abs() < 0.01 && (high - 4.09).abs() < 0.05, "{low} {high}");
        assert!(of_shares(Share { part: 0, of: 1_000 }, Share { part: 50, of: 1_000 }).unwrap().0 > 1.0);
        assert_eq!(of_shares(Share { part: 0, of: 10 }, Share { part: 0, of: 10 }), None);
    }

    proptest! {
        #[test]
        fn intervals_are_in_order(a in proptest::collection::vec(1u64..1_000, 5..20), b in proptest::collection::vec(0u64..1_000, 5..20)) {
            let (low, high) = of_means(&a, &b).unwrap();
            prop_assert!(0.0 <= low && low <= high);
        }
    }
}
