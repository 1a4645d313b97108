//! Times in histograms, in nanoseconds: 0.1 % exact, as large as the largest of them needs.

use hdrhistogram::Histogram;

/// Times closer together than this are not told apart: a tenth of what a request over loopback needs at the very least.
const FINEST_NANOS: u64 = 128;
const SIGNIFICANT_DIGITS: u8 = 3;

/// One that grows with what is recorded.
pub fn empty() -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(FINEST_NANOS, 4 * FINEST_NANOS, SIGNIFICANT_DIGITS)
        .expect("bounds that are in order");
    histogram.auto(true);
    histogram
}

/// Adds times that [`empty`] ones hold.
pub fn add(into: &mut Histogram<u64>, other: &Histogram<u64>) {
    if !other.is_empty() {
        into.add(other).expect("a histogram that grows takes every value");
    }
}
