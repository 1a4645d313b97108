//! A log of histograms, one for each second, as the tools of HdrHistogram read it: <https://github.com/HdrHistogram/HdrHistogram>.

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError};

use crate::model::bench::Slice;

/// Values are nanoseconds; the column of maxima is in milliseconds.
const NANOS_PER_MS: f64 = 1e6;

/// `started` is the time since 1970 at which the first request that counts was sent.
pub fn render(slices: &[Slice], started: Duration, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    let mut out = out;
    writeln!(out, "#[Histogram log format version 1.3]")?;
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(concat!("[Logged with scaleproof ", env!("CARGO_PKG_VERSION"), "; values in nanoseconds]"))
        .with_start_time(UNIX_EPOCH + started)
        .with_max_value_divisor(NANOS_PER_MS)
        .begin_log_with(&mut out, &mut serializer)?;
    for slice in slices {
        log.write_histogram(&slice.latency, slice.at, slice.length, None).map_err(|error| match error {
            IntervalLogWriterError::IoError(error) => error,
            IntervalLogWriterError::SerializeError(error) => io::Error::other(error.to_string()),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let slices: Vec<Slice> = (0..3u64)
            .map(|second| {
                let mut latency: Histogram<u64> = Histogram::new_with_bounds(128, 1 << 40, 3).unwrap();
                latency.record_n(1_000_000 * (second + 1), 10 * (second + 1)).unwrap();
                Slice { at: Duration::from_secs(second), length: Duration::from_secs(1), latency }
            })
            .collect();
        let mut text = Vec::new();
        render(&slices, Duration::from_secs(1_795_720_987), &mut text).unwrap();
        let mut read = Vec::new();
        for entry in IntervalLogIterator::new(&text) {
            if let LogEntry::Interval(interval) = entry.unwrap() {
                let bytes =
                    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, interval.encoded_histogram());
                let histogram: Histogram<u64> =
                    Deserializer::new().deserialize(&mut bytes.unwrap().as_slice()).unwrap();
                read.push((interval.start_timestamp(), interval.duration(), histogram));
            }
        }
        let written: Vec<_> = slices.into_iter().map(|slice| (slice.at, slice.length, slice.latency)).collect();
        assert_eq!(read, written);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("#[StartTime: 1795720987"), "{text}");
        assert!(text.lines().nth(4).is_some_and(|line| line.contains(",1.0")), "{text}");
    }
}
