//! Values of scaleproof.yaml that YAML has no type for.

use std::time::Duration;

/// `500ms`, `30s`, `2m`, `1h`; more than zero and at most a day. The error says what is wrong with it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let unreadable = || format!("`{text}` is no duration; expected a number with ms, s, m or h, as 10s");
    let digits = text.len() - text.trim_start_matches(|char: char| char.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(unreadable()),
    };
    let number: u64 = number.parse().map_err(|_| unreadable())?;
    match number.checked_mul(factor) {
        Some(0) => Err(format!("`{text}` leaves no time at all")),
        Some(milliseconds) if milliseconds <= 86_400_000 => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!("`{text}` is more than a day")),
    }
}

/// The shortest text that [`parse_duration`] reads back.
pub fn duration_text(duration: Duration) -> String {
    match duration.as_millis() {
        milliseconds if milliseconds % 1_000 != 0 => format!("{milliseconds}ms"),
        milliseconds if milliseconds % 60_000 != 0 => format!("{}s", milliseconds / 1_000),
        milliseconds => format!("{}m", milliseconds / 60_000),
    }
}

/// The words in braces that look like placeholders: `{port}`, and not `{}`, `{"a": 1}` or `${HOME}`.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('{').filter_map(|(start, _)| {
        let inner = text[start + 1..].split('}').next().filter(|inner| start + 1 + inner.len() < text.len())?;
        let is_word = !inner.is_empty() && inner.chars().all(|char| char.is_ascii_lowercase() || char == '_');
        (is_word && !text[..start].ends_with('$')).then_some(inner)
    })
}
