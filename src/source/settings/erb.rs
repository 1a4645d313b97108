//! Ruby within a YAML file of Rails: `<%= ENV["REDIS_URL"] %>`.
//!
//! Tags are taken out before the YAML is read, since Ruby's quotes and colons would be taken for YAML's, and put back into the
//! values. Every tag leaves as many characters as it has, so that places stay what they are.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::placeholder::environment;
use super::plain;
use crate::model::fact::Value;

/// Characters for private use, which no configuration has: a tag begins with one and is filled up with the other.
const MARK: char = '\u{E000}';
const FILL: char = '\u{E001}';

/// A text whose tags have been taken out.
pub(in crate::source) struct Tags<'t> {
    source: &'t str,
    /// Where the Ruby of each tag that gives a value stands.
    expressions: Vec<Range<usize>>,
}

/// The text without its tags, and the tags; `None` where it has none.
pub(in crate::source) fn take_out(text: &str) -> Option<(String, Tags<'_>)> {
    text.contains("<%").then_some(())?;
    let mut out = String::with_capacity(text.len());
    let mut tags = Tags { source: text, expressions: Vec::new() };
    let mut rest = 0;
    while let Some(start) = text[rest..].find("<%").map(|at| rest + at) {
        let Some(end) = text[start + 2..].find("%>").map(|length| start + length + 4) else { break };
        out.push_str(&text[rest..start]);
        let tag = &text[start..end];
        let ruby = start + 2..end - 2;
        match text[ruby.clone()].strip_prefix('=') {
            Some(_) => {
                out.push_str(&stand_in(tag, tags.expressions.len()));
                tags.expressions.push(ruby.start + 1..ruby.end);
            }
            // `<% if … %>` gives nothing.
            None => out.extend(tag.chars().map(|c| if c == '\n' { '\n' } else { ' ' })),
        }
        rest = end;
    }
    out.push_str(&text[rest..]);
    Some((out, tags))
}

/// As long as the tag, on as many lines, and with the number of the tag.
fn stand_in(tag: &str, number: usize) -> String {
    let first = tag.lines().next().map_or(0, |line| line.chars().count());
    let mut out = format!("{MARK}{number}");
    out.extend(std::iter::repeat_n(FILL, first.saturating_sub(out.chars().count())));
    // The rest of a tag on several lines.
    out.extend(tag.chars().skip(first).map(|c| if c == '\n' { '\n' } else { ' ' }));
    out
}

impl Tags<'_> {
    /// What a scalar with tags stands for.
    pub(in crate::source) fn value(&self, scalar: &str) -> Option<Value> {
        let start = scalar.find(MARK)?;
        let rest = scalar[start..].trim_start_matches(MARK);
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let ruby = self.expressions.get(rest[..digits].parse::<usize>().ok()?)?;
        let value = expression(self.source.get(ruby.clone())?.trim(), MAX_DEPTH);
        let after = rest[digits..].trim_start_matches(FILL);
        match start == 0 && after.is_empty() {
            true => Some(value),
            false => Some(within(&scalar[..start], value, after)),
        }
    }
}

/// A value with text around it: `redis://<%= ENV["HOST"] || "localhost" %>/1`.
fn within(before: &str, value: Value, after: &str) -> Value {
    let whole = |inner: &str| Value::Text(format!("{before}{inner}{after}").into());
    if after.contains(MARK) {
        return Value::Unknown;
    }
    match value {
        Value::Text(text) => whole(&text),
        Value::Environment { name, fallback } => {
            let named = whole(&format!("${{{name}}}"));
            match fallback.as_deref() {
                Some(Value::Text(text)) => Value::OneOf(vec![named, whole(text)]),
                Some(Value::Number(number)) => Value::OneOf(vec![named, whole(&number.to_string())]),
                _ => named,
            }
        }
        _ if before.is_empty() => Value::Unknown,
        // The beginning is known: `storage/<%= … %>`.
        _ => whole("${}"),
    }
}

/// Defaults may be read from the environment themselves, this often.
const MAX_DEPTH: u8 = 4;

/// `ENV["X"]`, `ENV.fetch("X")`, `ENV.fetch("X", default)`, `ENV.fetch("X") { default }`, `ENV["X"] || default`.
static ENVIRONMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"["']([A-Za-z0-9_]+)["']"#;
    Regex::new(&format!(
        r"(?s)^ENV(?:\[\s*{name}\s*\](?:\s*(?:\|\||or)\s*(.+))?|\.fetch\s*\(?\s*{name}\s*(?:,\s*(.+?)\s*\)?|\)?\s*\{{\s*(.*?)\s*\}}|\)?))$"
    ))
    .ok()
});

fn expression(ruby: &str, depth: u8) -> Value {
    let found = ENVIRONMENT.as_ref().and_then(|pattern| pattern.captures(ruby)).filter(|_| depth > 0);
    let Some(found) = found else { return literal(ruby) };
    let Some(name) = found.get(1).or_else(|| found.get(3)) else { return Value::Unknown };
    let fallback =
        [2, 4, 5].into_iter().find_map(|group| found.get(group)).map(|default| expression(default.as_str(), depth - 1));
    environment(name.as_str(), fallback)
}

fn literal(ruby: &str) -> Value {
    let quoted = ['"', '\''].iter().find_map(|quote| {
        let inner = ruby.strip_prefix(*quote)?.strip_suffix(*quote)?;
        (!inner.contains(*quote) && !inner.contains("#{")).then_some(inner)
    });
    match (quoted, plain(ruby)) {
        (Some(text), _) => Value::Text(text.into()),
        (None, value @ (Value::Number(_) | Value::Bool(_))) => value,
        (None, _) if ruby == "nil" => Value::Null,
        _ => Value::Unknown,
    }
}
