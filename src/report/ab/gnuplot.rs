//! `-g`: a row for each request, for gnuplot.

use std::io::{self, Write};

use crate::model::bench::Sample;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Times are whole milliseconds, the fastest first; the time of day is UTC.
pub fn render(samples: &[Sample], out: &mut dyn Write) -> io::Result<()> {
    let total = |sample: &Sample| u64::from(sample.connect_us) + u64::from(sample.processing_us);
    let ms = |us: u64| (us + 500) / 1000;
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by_key(|sample| (total(sample), sample.started_us));
    writeln!(out, "starttime\tseconds\tctime\tdtime\tttime\twait")?;
    for sample in samples {
        let seconds = sample.started_us.div_euclid(1_000_000);
        let times = [sample.connect_us.into(), sample.processing_us.into(), total(sample), sample.waiting_us.into()];
        let [connect, processing, total, wait] = times.map(ms);
        writeln!(out, "{}\t{seconds}\t{connect}\t{processing}\t{total}\t{wait}", time_of_day(seconds))?;
    }
    Ok(())
}

/// `Thu Nov 26 19:23:07 2026`, from seconds since 1970, by H. Hinnant's "chrono-Compatible Low-Level Date Algorithms".
fn time_of_day(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The year begins in March, so that the day that is not always there is its last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 2, 0) } else { (month - 10, 1) };
    let (weekday, name) = (DAYS[days.rem_euclid(7) as usize], MONTHS[month as usize]);
    let (hours, minutes) = (second / 3_600, second / 60 % 60);
    format!("{weekday} {name} {day:02} {hours:02}:{minutes:02}:{:02} {}", second % 60, era * 400 + year + later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_those_of_the_calendar() {
        assert_eq!(time_of_day(1_795_720_987), "Thu Nov 26 19:23:07 2026");
        assert_eq!(time_of_day(0), "Thu Jan 01 00:00:00 1970");
        assert_eq!(time_of_day(951_782_400), "Tue Feb 29 00:00:00 2000");
        assert_eq!(time_of_day(-1), "Wed Dec 31 23:59:59 1969");
    }

    #[test]
    fn the_fastest_is_first() {
        let sample =
            |connect_us, processing_us| Sample { started_us: 1_500, connect_us, processing_us, waiting_us: 499 };
        let mut text = Vec::new();
        render(&[sample(400, 9_500), sample(0, 700)], &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(rows, ["Thu Jan 01 00:00:00 1970\t0\t0\t1\t1\t0", "Thu Jan 01 00:00:00 1970\t0\t0\t10\t10\t0"]);
    }
}
