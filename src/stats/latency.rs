//! Times in histograms, in nanoseconds: 0.1 % exact, as large as the largest of them needs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use crate::model::bench::{Distribution, LEAST_ABOVE, PERCENTS, Percentile, TimeSummary};

/// Times closer together than this are not told apart: a tenth of what a request over loopback needs at the very least.
const FINEST_NANOS: u64 = 128;
const SIGNIFICANT_DIGITS: u8 = 3;

/// 97.5 % of a normal distribution lie below.
const Z: f64 = 1.959_963_984_540_054;

/// One that grows with what is recorded.
pub fn empty() -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(FINEST_NANOS, 4 * FINEST_NANOS, SIGNIFICANT_DIGITS)
        .expect("bounds that are in order");
    histogram.auto(true);
    histogram
}

/// Records a time, however long; `saturating_record` would cut it off instead of growing.
#[inline]
pub fn record(histogram: &mut Histogram<u64>, nanos: u64) {
    record_n(histogram, nanos, 1);
}

#[inline]
pub fn record_n(histogram: &mut Histogram<u64>, nanos: u64, count: u64) {
    histogram.record_n(nanos, count).expect("a histogram that grows takes every value");
}

/// Adds times that [`empty`] ones hold.
pub fn add(into: &mut Histogram<u64>, other: &Histogram<u64>) {
    if !other.is_empty() {
        into.add(other).expect("a histogram that grows takes every value");
    }
}

/// What a user would have waited who comes every `expected` nanoseconds whether or not the answer before is there: a request that
/// took longer stands for the ones that were not sent meanwhile. G. Tene, "How NOT to Measure Latency", 2013; the expected
/// interval is, as in wrk, the time that a connection needed for a request on average.
pub fn corrected(histogram: &Histogram<u64>, expected: u64) -> Histogram<u64> {
    histogram.clone_correct(expected)
}

/// Those of `times` that are longer than `limit` nanoseconds.
pub fn above(times: &Histogram<u64>, limit: u64) -> Histogram<u64> {
    let mut longer = empty();
    let steps = times.iter_recorded().filter(|step| step.value_iterated_to() > limit);
    steps.for_each(|step| record_n(&mut longer, step.value_iterated_to(), step.count_at_value()));
    longer
}

/// A time that the histogram does not tell from zero is zero.
fn middle(histogram: &Histogram<u64>, value: u64) -> f64 {
    if value < FINEST_NANOS { 0.0 } else { histogram.median_equivalent(value) as f64 }
}

fn ms(nanos: u64) -> f64 {
    if nanos < FINEST_NANOS { 0.0 } else { nanos as f64 / 1e6 }
}

/// Mean and standard deviation of the sample, in milliseconds.
fn moments(histogram: &Histogram<u64>) -> (f64, f64) {
    let n = histogram.len() as f64;
    let values =
        || histogram.iter_recorded().map(|step| (middle(histogram, step.value_iterated_to()), step.count_at_value()));
    let sum: f64 = values().map(|(value, count)| value * count as f64).sum();
    let mean = if n > 0.0 { sum / n } else { 0.0 };
    let squares: f64 = values().map(|(value, count)| (value - mean).powi(2) * count as f64).sum();
    let sd = if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    (mean / 1e6, sd / 1e6)
}

/// The value of the sample that has `rank` in order, from 1, in milliseconds.
fn at_rank(histogram: &Histogram<u64>, rank: f64) -> f64 {
    let n = histogram.len() as f64;
    // Half a rank less, so that no rounding error makes it the next one.
    ms(histogram.value_at_quantile((rank.clamp(1.0, n) - 0.5) / n))
}

/// One percentile, with the 95 % interval of its order statistics: ranks `nq ± 1.96·√(nq(1−q))`.
/// W. J. Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2.
pub fn percentile(histogram: &Histogram<u64>, percent: f64) -> Percentile {
    if histogram.is_empty() {
        return Percentile { percent, ..Percentile::default() };
    }
    let (n, q) = (histogram.len() as f64, percent / 100.0);
    let half = Z * (n * q * (1.0 - q)).sqrt();
    Percentile {
        percent,
        ms: at_rank(histogram, (n * q - 1e-6).ceil()),
        low: at_rank(histogram, (n * q - half).floor()),
        high: at_rank(histogram, (n * q + half).ceil()),
        carried: n * (1.0 - q) >= LEAST_ABOVE - 1e-6,
    }
}

/// All that is said of it.
pub fn distribution(histogram: &Histogram<u64>) -> Distribution {
    let (mean, sd) = moments(histogram);
    Distribution {
        count: histogram.len(),
        mean,
        sd,
        min: ms(histogram.min()),
        max: ms(histogram.max()),
        percentiles: PERCENTS.iter().map(|percent| percentile(histogram, *percent)).collect(),
    }
}

/// A row of `ab`'s connection times.
pub fn summary(histogram: &Histogram<u64>) -> TimeSummary {
    let (mean, sd) = moments(histogram);
    let median = percentile(histogram, 50.0).ms;
    TimeSummary { min: ms(histogram.min()), mean, sd, median, max: ms(histogram.max()) }
}

/// What 0 %, 1 % … 100 % needed at most, in milliseconds; nothing without samples.
pub fn percents(histogram: &Histogram<u64>) -> Vec<f64> {
    let each = (0..=100).map(|percent| match percent {
        0 => ms(histogram.min()),
        100 => ms(histogram.max()),
        _ => percentile(histogram, f64::from(percent)).ms,
    });
    if histogram.is_empty() { Vec::new() } else { each.collect() }
}

/// `HdrHistogram` V2, deflated, in base64, as every library of it reads.
pub fn encode(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).expect("a vector takes everything");
    STANDARD.encode(bytes)
}

/// What [`encode`] wrote; `None` for everything else.
pub fn decode(text: &str) -> Option<Histogram<u64>> {
    let bytes = STANDARD.decode(text).ok()?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = empty();
        times.into_iter().for_each(|nanos| histogram.record(nanos).unwrap());
        histogram
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() <= 0.002 * right.abs().max(0.001)
    }

    #[test]
    fn percentiles_and_their_ranks_are_those_of_the_sorted_sample() {
        let histogram = of((1..=1_000).map(|ms| ms * 1_000_000));
        let p95 = percentile(&histogram, 95.0);
        // 950 ± 1.96·√(1000·0.95·0.05) = 950 ± 13.5.
        assert!(near(p95.ms, 950.0) && near(p95.low, 936.0) && near(p95.high, 964.0), "{p95:?}");
        assert!(p95.carried && percentile(&histogram, 99.0).carried && !percentile(&histogram, 99.9).carried);
        let p50 = percentile(&histogram, 50.0);
        assert!(near(p50.ms, 500.0) && near(p50.low, 469.0) && near(p50.high, 531.0), "{p50:?}");
        let all = distribution(&histogram);
        assert!(
            near(all.mean, 500.5) && near(all.sd, 288.819) && near(all.min, 1.0) && near(all.max, 1000.0),
            "{all:?}"
        );
        let percents = percents(&histogram);
        assert!(
            percents.len() == 101 && near(percents[0], 1.0) && near(percents[37], 370.0) && near(percents[100], 1000.0)
        );
    }

    #[test]
    fn nothing_has_no_times_and_one_sample_is_everything() {
        let nothing = distribution(&empty());
        assert!(nothing.count == 0 && nothing.percentiles.iter().all(|p| p.ms == 0.0 && !p.carried));
        assert!(percents(&empty()).is_empty());
        let one = summary(&of([5_000_000]));
        assert!(near(one.min, 5.0) && near(one.median, 5.0) && near(one.max, 5.0) && one.sd == 0.0);
        assert_eq!(summary(&of([0, 0, 0])), TimeSummary::default());
    }

    #[test]
    fn a_stall_of_a_closed_loop_counts_for_the_requests_that_were_not_sent() {
        // Tene's example: 100 s of 1 ms, then one of 100 s; every second one is what somebody waits in the second half.
        let stalled = of(std::iter::repeat_n(1_000_000, 100_000).chain([100_000_000_000]));
        assert!(near(percentile(&stalled, 99.99).ms, 1.0));
        let put_right = corrected(&stalled, 1_000_000);
        assert!(near(percentile(&put_right, 75.0).ms, 50_000.0), "{:?}", percentile(&put_right, 75.0));
        assert!(put_right.len().abs_diff(200_000) < 500);
    }

    #[test]
    fn every_time_is_recorded_as_it_is() {
        for nanos in [0, 1_000_000, u64::MAX / 4, u64::MAX] {
            let mut histogram = empty();
            record(&mut histogram, nanos);
            assert!(histogram.max() >= nanos - nanos / 1000 && histogram.len() == 1, "{nanos}");
        }
    }

    #[test]
    fn an_encoded_histogram_is_the_same_when_it_is_read() {
        let histogram = of((0..5_000).map(|n| n * n * 7));
        assert_eq!(decode(&encode(&histogram)).unwrap(), histogram);
        assert!(decode("not base64!").is_none() && decode("").is_none() && decode("aGVsbG8=").is_none());
    }

    proptest! {
        #[test]
        fn percentiles_rise_and_lie_in_their_intervals(times in proptest::collection::vec(0u64..10_000_000_000, 1..300)) {
            let all = distribution(&of(times));
            prop_assert!(all.percentiles.windows(2).all(|pair| pair[0].ms <= pair[1].ms));
            for percentile in &all.percentiles {
                prop_assert!(percentile.low <= percentile.ms && percentile.ms <= percentile.high, "{percentile:?}");
                prop_assert!(all.min <= percentile.low && percentile.high <= all.max);
            }
            prop_assert!(all.min <= all.mean + 0.001 * all.max && all.mean <= all.max + 1e-9);
        }

        #[test]
        fn correction_takes_nothing_away(times in proptest::collection::vec(1u64..1_000_000_000, 1..100), expected in 1_000_000u64..100_000_000) {
            let histogram = of(times);
            let put_right = corrected(&histogram, expected);
            prop_assert!(put_right.len() >= histogram.len() && put_right.max() == histogram.max());
        }
    }
}
