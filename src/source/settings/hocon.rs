//! HOCON of Ktor, Play and Akka, as far as configuration of applications uses it:
//! <https://github.com/lightbend/config/blob/main/HOCON.md>. Includes are not followed.

use super::placeholder::environment;
use super::{MAX_DEPTH, MAX_KEY, Sheet, plain};
use crate::model::fact::Value;

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let mut reader = Reader { text: sheet.text, at: 0, open: Vec::new() };
    while reader.step(sheet) {}
    if let Some(open) = reader.open.first() {
        sheet.problem("this bracket is not closed", open.at, open.at + 1);
    }
}

/// What a variable that is not set leaves in force.
fn without_environment(value: &Value) -> Option<Value> {
    match value {
        Value::Environment { fallback, .. } => fallback.as_deref().cloned(),
        value => Some(value.clone()),
    }
}

/// A substitution that is longer is none.
const MAX_LENGTH: usize = 1_000;

/// The inner text of the substitution that the text begins with.
fn substitution_at(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?;
    let end = inner.bytes().take(MAX_LENGTH).position(|byte| matches!(byte, b'}' | b'\n'))?;
    inner.get(..end)
}

struct Open {
    /// The key of what is within, with a dot behind it.
    prefix: String,
    at: usize,
    /// The number of the next element; `None` in an object.
    index: Option<usize>,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    open: Vec<Open>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// One key with its value, one element or one bracket; false at the end.
    fn step(&mut self, sheet: &mut Sheet<'_>) -> bool {
        self.blanks(sheet, true);
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return false };
        let index = self.open.last().and_then(|open| open.index);
        match first {
            '}' | ']' => {
                self.at += 1;
                if self.open.pop().is_none() {
                    sheet.problem("this bracket closes nothing", start, self.at);
                }
            }
            '{' => self.enter(sheet, index.map_or(String::new(), |index| index.to_string()), None),
            '[' if index.is_some() => self.enter(sheet, index.unwrap_or_default().to_string(), Some(0)),
            _ => match index {
                Some(index) => self.value(sheet, &index.to_string(), start),
                None => self.field(sheet, start),
            },
        }
        true
    }

    fn enter(&mut self, sheet: &mut Sheet<'_>, key: String, index: Option<usize>) {
        if let Some(Open { index: Some(next), .. }) = self.open.last_mut() {
            *next += 1;
        }
        let mut prefix = self.key(&key);
        if prefix.len() > MAX_KEY {
            // What is within has no name that counts.
            prefix.truncate(0);
        }
        if !prefix.is_empty() {
            prefix.push('.');
        }
        if self.open.len() == MAX_DEPTH {
            sheet.problem(format!("nested deeper than {MAX_DEPTH} levels"), self.at, self.at + 1);
            self.at = self.text.len();
            self.open.clear();
            return;
        }
        self.open.push(Open { prefix, at: self.at, index });
        self.at += 1;
    }

    fn key(&self, key: &str) -> String {
        let prefix = self.open.last().map_or("", |open| &open.prefix);
        format!("{prefix}{key}")
    }

    /// `key = value`, `key: value`, `key { … }`.
    fn field(&mut self, sheet: &mut Sheet<'_>, start: usize) {
        let key = self.path();
        self.blanks(sheet, false);
        let rest = self.rest();
        match rest.as_bytes() {
            [b'{', ..] => return self.enter(sheet, key, None),
            [b'+', b'=', ..] => self.at += 2,
            [b'=' | b':', ..] => self.at += 1,
            _ => {
                // `include "other"` and what is no HOCON.
                if key != "include" && !key.is_empty() {
                    sheet.problem(format!("not `key = value`: `{key}`"), start, self.at);
                }
                let line = rest.find('\n').unwrap_or(rest.len());
                self.at += line.max(rest.chars().next().map_or(0, char::len_utf8));
                return;
            }
        }
        self.blanks(sheet, true);
        match self.rest().as_bytes().first() {
            Some(b'{') => self.enter(sheet, key, None),
            Some(b'[') => self.enter(sheet, key, Some(0)),
            _ => self.value(sheet, &key, start),
        }
    }

    /// A path of keys, the quotes of which are left out.
    fn path(&mut self) -> String {
        let mut key = String::new();
        loop {
            let rest = self.rest();
            let end = rest
                .find(['"', '=', ':', '{', '}', '[', ']', '+', '\n', ',', '#', ' ', '\t', '\r'])
                .unwrap_or(rest.len());
            key.push_str(&rest[..end]);
            self.at += end;
            match rest[end..].strip_prefix('"').and_then(|inner| Some(&inner[..inner.find(['"', '\n'])?])) {
                Some(quoted) => {
                    key.push_str(quoted);
                    self.at += quoted.len() + 2;
                }
                None => return key,
            }
        }
    }

    /// Texts and substitutions side by side, up to the end of the line.
    fn value(&mut self, sheet: &mut Sheet<'_>, key: &str, start: usize) {
        let mut text = String::new();
        let mut substitution = None;
        let mut pieces = 0;
        let mut end = self.at;
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
            let piece = &rest[blank..];
            if piece.is_empty() || piece.starts_with(['\n', ',', '}', ']', '#']) || piece.starts_with("//") {
                break;
            }
            if pieces > 0 {
                text.push_str(&rest[..blank]);
            }
            pieces += 1;
            let length = if let Some(inner) = piece.strip_prefix("\"\"\"") {
                let length = inner.find("\"\"\"").unwrap_or(inner.len());
                text.push_str(&inner[..length]);
                (length + 6).min(piece.len())
            } else if let Some(inner) = piece.strip_prefix('"') {
                let length = inner.find(['"', '\n']).unwrap_or(inner.len());
                text.push_str(&inner[..length]);
                1 + length + usize::from(inner[length..].starts_with('"'))
            } else if let Some(inner) = substitution_at(piece) {
                substitution = Some(inner.trim_start_matches('?'));
                text.push_str(&format!("${{{}}}", inner.trim_start_matches('?')));
                inner.len() + 3
            } else {
                let length =
                    piece.find(['\n', ',', '}', ']', '{', '[', '#', '"', '$', ' ', '\t', '\r']).unwrap_or(piece.len());
                let length = length.max(piece.chars().next().map_or(0, char::len_utf8));
                // A URL without quotes is no comment.
                let length = piece[..length].find("//").filter(|at| !piece[..*at].ends_with(':')).unwrap_or(length);
                text.push_str(&piece[..length]);
                length
            };
            self.at += blank + length;
            end = self.at;
        }
        let key = self.key(key);
        let value = match substitution.filter(|_| pieces == 1) {
            // `port = 8080`, and then `port = ${?PORT}`.
            Some(name) => environment(name, sheet.get(&key).and_then(without_environment)),
            None if text.contains("${") => Value::Text(text.into()),
            None => plain(&text),
        };
        if let Some(Open { index: Some(next), .. }) = self.open.last_mut() {
            *next += 1;
        }
        sheet.set(&key, value, start, end);
    }

    /// Passes over white space, comments and, between fields, commas.
    fn blanks(&mut self, sheet: &mut Sheet<'_>, lines: bool) {
        loop {
            let rest = self.rest();
            let length = rest.len()
                - rest
                    .trim_start_matches(|c: char| c != '\n' && c.is_whitespace() || lines && matches!(c, '\n' | ','))
                    .len();
            self.at += length;
            let rest = self.rest();
            if !lines || !(rest.starts_with('#') || rest.starts_with("//")) {
                return;
            }
            let end = rest.find('\n').unwrap_or(rest.len());
            sheet.comment(self.at, self.at + end);
            self.at += end;
        }
    }
}
