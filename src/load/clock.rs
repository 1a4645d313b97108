//! Dates as HTTP and Hurl write them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, in UTC.
pub(super) fn unix_seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// `2026-11-21T23:16:08.000123Z`, as Hurl's `newDate` gives it.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days as i64);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", since.subsec_micros())
}

/// The date of a cookie's `Expires`, read as loosely as RFC 6265, section 5.1.1, asks for: the parts in any order.
pub(super) fn cookie_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut day, mut month, mut year, mut time) = (None, None, None, None);
    for part in text.split([' ', ',', '-', '\t']).filter(|part| !part.is_empty()) {
        let clock: Vec<i64> = part.split(':').filter_map(|number| number.parse().ok()).collect();
        let name = part.get(..3).unwrap_or_default().to_ascii_lowercase();
        if let [hour, minute, second] = clock[..] {
            time.get_or_insert(hour * 3600 + minute * 60 + second);
        } else if let Some(index) = MONTHS.iter().position(|known| *known == name) {
            month.get_or_insert(index as i64 + 1);
        } else if let Ok(number @ 0..=9999) = part.parse::<i64>() {
            match (day, number) {
                (None, 1..=31) => day = Some(number),
                _ => {
                    year.get_or_insert(match number {
                        70..=99 => number + 1900,
                        0..=69 => number + 2000,
                        _ => number,
                    });
                }
            }
        }
    }
    Some(days(year?, month?, day?) * 86_400 + time?)
}

/// Days since 1970 of a date of the Gregorian calendar. <https://howardhinnant.github.io/date_algorithms.html>
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_written_as_rfc_3339_has_them() {
        let time = UNIX_EPOCH + Duration::from_micros(1_709_251_199_000_123);
        assert_eq!(rfc3339(time), "2024-02-29T23:59:59.000123Z");
        assert_eq!(rfc3339(UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn cookie_dates_are_read_in_the_forms_that_servers_write() {
        assert_eq!(cookie_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(cookie_date("Wed, 13-Jan-2021 22:23:01 GMT"), Some(1_610_576_581));
        assert_eq!(cookie_date("Sun Nov  6 08:49:37 1994"), Some(784_111_777));
        assert_eq!(cookie_date("tomorrow"), None);
    }

    proptest! {
        #[test]
        fn a_day_survives_the_way_there_and_back(day in -700_000i64..4_000_000) {
            let (year, month, date) = civil(day);
            prop_assert_eq!(days(year, month, date), day);
        }

        #[test]
        fn any_text_is_a_date_or_none(text in ".{0,60}") {
            let _ = cookie_date(&text);
        }
    }
}
