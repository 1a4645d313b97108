//! Filters: what is done to a value between query and predicate. <https://hurl.dev/docs/filters.html>

use serde_json::Value as Json;

use super::cursor::{Cursor, Parsed, shorten};
use super::evaluate::{self, Pattern};
use super::query::{integer, pattern, quoted};
use super::template::{Template, Variables};
use super::value::{Value, plain};

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Count,
    First,
    Last,
    Nth(i64),
    ToInt,
    ToFloat,
    ToText,
    UrlDecode,
    UrlEncode,
    HtmlEscape,
    HtmlUnescape,
    Regex(Pattern),
    Split(Template),
    Replace(Template, Template),
    ReplaceRegex(Pattern, Template),
    JsonPath(Template),
}

/// Filters of Hurl that this subset leaves out.
const UNSUPPORTED: &[&str] = &[
    "base64Decode",
    "base64Encode",
    "base64UrlSafeDecode",
    "base64UrlSafeEncode",
    "dateFormat",
    "daysAfterNow",
    "daysBeforeNow",
    "decode",
    "format",
    "location",
    "toDate",
    "toHex",
    "utf8Decode",
    "utf8Encode",
    "xpath",
];

/// A filter, or `None` and no movement when here is none.
pub(super) fn parse(cursor: &mut Cursor) -> Parsed<Option<Filter>> {
    let mark = cursor.mark();
    let word = cursor.take_while(|char| char.is_ascii_alphanumeric());
    let filter = match word.as_str() {
        "count" => Filter::Count,
        "first" => Filter::First,
        "last" => Filter::Last,
        "nth" => Filter::Nth(integer(cursor)?),
        "toInt" => Filter::ToInt,
        "toFloat" => Filter::ToFloat,
        "toString" => Filter::ToText,
        "urlDecode" => Filter::UrlDecode,
        "urlEncode" => Filter::UrlEncode,
        "htmlEscape" => Filter::HtmlEscape,
        "htmlUnescape" => Filter::HtmlUnescape,
        "regex" => Filter::Regex(pattern(cursor)?),
        "split" => Filter::Split(quoted(cursor)?),
        "replace" => Filter::Replace(quoted(cursor)?, quoted(cursor)?),
        "replaceRegex" => Filter::ReplaceRegex(pattern(cursor)?, quoted(cursor)?),
        "jsonpath" => Filter::JsonPath(evaluate::checked_path(cursor)?),
        other if UNSUPPORTED.contains(&other) => {
            return Err(cursor.fault_since(mark, format!("the filter `{other}` is not supported")));
        }
        _ => {
            cursor.reset(mark);
            return Ok(None);
        }
    };
    Ok(Some(filter))
}

/// Applies filters from left to right. `Ok(None)`: one of them found nothing.
pub(super) fn apply_all(filters: &[Filter], value: Value, variables: &mut Variables) -> Result<Option<Value>, String> {
    let mut value = value;
    for filter in filters {
        match filter.apply(value, variables)? {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

impl Filter {
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Filter::Split(template) | Filter::JsonPath(template) => vec![template],
            Filter::Replace(old, new) => vec![old, new],
            Filter::Regex(pattern) => pattern.templates(),
            Filter::ReplaceRegex(pattern, new) => pattern.templates().into_iter().chain([new]).collect(),
            _ => Vec::new(),
        }
    }

    fn apply(&self, value: Value, variables: &mut Variables) -> Result<Option<Value>, String> {
        let json = match self {
            Filter::Count => Json::from(value.count().ok_or_else(|| format!("cannot count {}", value.show()))?),
            Filter::First => return nth(value, 0),
            Filter::Last => return nth(value, -1),
            Filter::Nth(index) => return nth(value, *index),
            Filter::ToInt => to_int(&value)?,
            Filter::ToFloat => to_float(&value)?,
            Filter::ToText => to_text(value)?,
            Filter::UrlDecode => Json::String(url_decode(text(&value)?)?),
            Filter::UrlEncode => Json::String(percent_encode(text(&value)?, b"-._~/")),
            Filter::HtmlEscape => Json::String(html_escape(text(&value)?)),
            Filter::HtmlUnescape => Json::String(html_unescape(text(&value)?)),
            Filter::Regex(pattern) => return Ok(pattern.first_group(text(&value)?, variables)?.map(Value::text)),
            Filter::Split(separator) => {
                let separator = separator.render(variables)?;
                Json::from(text(&value)?.split(&separator).collect::<Vec<_>>())
            }
            Filter::Replace(old, new) => {
                let (old, new) = (old.render(variables)?, new.render(variables)?);
                Json::String(text(&value)?.replace(&old, &new))
            }
            Filter::ReplaceRegex(old, new) => {
                let (old, new) = (old.compile(variables)?, new.render(variables)?);
                Json::String(old.replace_all(text(&value)?, new.as_str()).into_owned())
            }
            Filter::JsonPath(path) => {
                let json = serde_json::from_str(text(&value)?).map_err(|_| "the text is not JSON".to_string())?;
                return evaluate::json_path(&path.render(variables)?, &json);
            }
        };
        Ok(Some(Value::Json(json)))
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("expected a string, found {}", value.show()))
}

/// Negative indexes count from the end.
fn nth(value: Value, index: i64) -> Result<Option<Value>, String> {
    let Value::Json(Json::Array(mut items)) = value else {
        return Err(format!("expected a list, found {}", value.show()));
    };
    let index = if index < 0 { index + items.len() as i64 } else { index };
    let found = usize::try_from(index).ok().filter(|index| *index < items.len());
    Ok(found.map(|index| Value::Json(items.swap_remove(index))))
}

fn to_int(value: &Value) -> Result<Json, String> {
    let fault = || format!("{} is no integer", value.show());
    match value {
        Value::Json(Json::String(text)) => text.trim().parse::<i64>().map(Json::from).map_err(|_| fault()),
        Value::Json(Json::Number(number)) => match number.as_i64() {
            Some(integer) => Ok(Json::from(integer)),
            None => number.as_f64().map(|float| Json::from(float as i64)).ok_or_else(fault),
        },
        _ => Err(fault()),
    }
}

fn to_float(value: &Value) -> Result<Json, String> {
    let float = match value {
        Value::Json(Json::String(text)) => text.trim().parse::<f64>().ok(),
        Value::Json(Json::Number(number)) => number.as_f64(),
        _ => None,
    };
    float.filter(|float| float.is_finite()).map(Json::from).ok_or_else(|| format!("{} is no number", value.show()))
}

fn to_text(value: Value) -> Result<Json, String> {
    match value {
        Value::Json(json @ (Json::Array(_) | Json::Object(_))) => {
            Err(format!("{} has no plain text", Value::Json(json).show()))
        }
        Value::Json(json) => Ok(Json::String(plain(&json))),
        Value::Bytes(bytes) => {
            String::from_utf8(bytes).map(Json::String).map_err(|_| "the bytes are not UTF-8".to_string())
        }
    }
}

/// Percent-encodes everything but letters, digits and `kept`.
pub(super) fn percent_encode(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(byte as char);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn url_decode(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let code = code.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).map_err(|_| format!("`{}` does not decode to UTF-8", shorten(text)))
}

fn html_escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
}

/// The references that servers write into attributes, and the numeric ones; others stay as they are.
pub(super) fn html_unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| reference(&rest[1..end]).map(|char| (char, end))) {
            Some((char, end)) => {
                plain.push(char);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
