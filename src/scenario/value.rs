//! What a query finds.

use std::fmt::Write;

use serde_json::Value as Json;

/// The result of a query: JSON's types, and bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Json(Json),
    Bytes(Vec<u8>),
}

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Value::Json(Json::String(text.into()))
    }

    /// Number of items, characters of a string as bytes, as Hurl's `count` and `isEmpty` see it.
    pub fn count(&self) -> Option<usize> {
        match self {
            Value::Bytes(bytes) => Some(bytes.len()),
            Value::Json(Json::Array(items)) => Some(items.len()),
            Value::Json(Json::Object(fields)) => Some(fields.len()),
            Value::Json(_) => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Json(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// For people: `"abc"`, `3`, `a list of 2: [1,2]`; long values are cut.
    pub fn show(&self) -> String {
        match self {
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Value::Json(json @ Json::Array(items)) => format!("a list of {}: {}", items.len(), cut(&json.to_string())),
            Value::Json(json) => cut(&json.to_string()),
        }
    }
}

/// Enough to recognise a value in a report.
const SHOWN_CHARACTERS: usize = 120;

fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if shown.len() < text.len() {
        let _ = write!(shown, "… ({} bytes)", text.len());
    }
    shown
}

/// How a variable appears in text: strings without quotes, everything else as JSON.
pub(super) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
