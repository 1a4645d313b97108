//! `${VAR:-default}` and its relatives: values that the environment gives.

use super::plain;
use crate::model::Name;
use crate::model::fact::Value;

/// How a format writes the name of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `${VAR}`, `${VAR:-default}`, `${VAR-default}`, `$VAR`.
    Shell,
    /// `${VAR}`, `${VAR:default}`, `${some.key-of-the-file:default}`.
    Spring,
}

/// What Spring and Micronaut make anew at every start: `${random.uuid}`.
const RANDOM: &str = "random.";

/// Defaults may hold variables themselves, this deep.
const MAX_DEPTH: u8 = 8;
/// A reference longer than this is read as text.
const MAX_LENGTH: usize = 1_000;

/// One `${…}`.
struct Reference<'t> {
    name: &'t str,
    default: Option<&'t str>,
    length: usize,
}

/// What a text with placeholders stands for. Where a variable is only a part of the text, it stays there by its name alone, and
/// if it has a default, the other possibility is the text with that: `redis://${HOST}/0` or `redis://localhost/0`.
pub(super) fn value(text: &str, syntax: Syntax) -> Value {
    if let Some(whole) = reference(text, syntax).filter(|reference| reference.length == text.len()) {
        if syntax == Syntax::Spring && whole.name.starts_with(RANDOM) {
            return Value::Call { callee: Name::new(whole.name), arguments: Vec::new() };
        }
        let fallback = whole.default.map(|default| plain(&Parts::of(default, syntax, MAX_DEPTH).resolved));
        return environment(whole.name, fallback);
    }
    let Parts { named, resolved } = Parts::of(text, syntax, MAX_DEPTH);
    match named == resolved {
        true => plain(&named),
        false => Value::OneOf(vec![Value::Text(named.into()), Value::Text(resolved.into())]),
    }
}

pub(super) fn environment(name: &str, fallback: Option<Value>) -> Value {
    Value::Environment { name: Name::new(name), fallback: fallback.map(Box::new) }
}

/// A text with the names of its variables, and with their defaults where they have some.
#[derive(Default)]
struct Parts {
    named: String,
    resolved: String,
}

impl Parts {
    fn of(text: &str, syntax: Syntax, depth: u8) -> Parts {
        let mut parts = Parts::default();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            parts.both(&rest[..at]);
            rest = &rest[at..];
            let length = match reference(rest, syntax) {
                Some(Reference { name, default: Some(default), length }) if depth > 0 => {
                    parts.named.push_str(&format!("${{{name}}}"));
                    parts.resolved.push_str(&Parts::of(default, syntax, depth - 1).resolved);
                    length
                }
                found => {
                    let length = found.map_or(1, |reference| reference.length);
                    parts.both(&rest[..length]);
                    length
                }
            };
            rest = &rest[length..];
        }
        parts.both(rest);
        parts
    }

    fn both(&mut self, text: &str) {
        self.named.push_str(text);
        self.resolved.push_str(text);
    }
}

/// The reference that the text begins with.
fn reference(text: &str, syntax: Syntax) -> Option<Reference<'_>> {
    let dashes = syntax == Syntax::Spring;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || dashes && matches!(c, '-' | '.' | '[' | ']');
    let rest = text.strip_prefix('$')?;
    let Some(inner) = rest.strip_prefix('{') else {
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let is_variable = syntax == Syntax::Shell && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        return is_variable.then(|| Reference { name: &rest[..end], default: None, length: 1 + end });
    };
    let end = closing(inner)?;
    let inner = &inner[..end];
    let name_end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
    let (name, after) = inner.split_at(name_end);
    let default = match syntax {
        Syntax::Spring => after.strip_prefix(':'),
        Syntax::Shell => after.strip_prefix(":-").or_else(|| after.strip_prefix('-')),
    };
    (!name.is_empty()).then_some(Reference { name, default, length: end + 3 })
}

/// Where the brace stands that closes one opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    for (at, byte) in text.bytes().enumerate().take(MAX_LENGTH) {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn variables_are_told_with_what_they_fall_back_to() {
        let one_of = |a: &str, b: &str| Value::OneOf(vec![text(a), text(b)]);
        let cases = [
            ("${A}", Syntax::Shell, environment("A", None)),
            ("$A", Syntax::Shell, environment("A", None)),
            ("${A:-redis}", Syntax::Shell, environment("A", Some(text("redis")))),
            ("${A-redis}", Syntax::Shell, environment("A", Some(text("redis")))),
            ("${A:?needed}", Syntax::Shell, environment("A", None)),
            ("${A:${B:x}}", Syntax::Spring, environment("A", Some(text("x")))),
            ("${a.b-c}", Syntax::Spring, environment("a.b-c", None)),
            ("${A:}", Syntax::Spring, environment("A", Some(Value::Null))),
            ("${A:5}", Syntax::Spring, environment("A", Some(Value::Number(5.0)))),
            ("redis://${H:localhost}/0", Syntax::Spring, one_of("redis://${H}/0", "redis://localhost/0")),
            ("jdbc:sqlite:${DIR}/app.db", Syntax::Spring, text("jdbc:sqlite:${DIR}/app.db")),
            ("a$", Syntax::Shell, text("a$")),
            ("${", Syntax::Shell, text("${")),
            ("${}", Syntax::Shell, text("${}")),
        ];
        for (written, syntax, expected) in cases {
            assert_eq!(value(written, syntax), expected, "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in "[${}:A-b é]{0,60}") {
            value(&text, Syntax::Shell);
            value(&text, Syntax::Spring);
        }
    }
}
