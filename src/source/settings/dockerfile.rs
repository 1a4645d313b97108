//! `ENV` of a Dockerfile: <https://docs.docker.com/reference/dockerfile/#env>.

use super::Sheet;
use super::placeholder::{Syntax, value};
use crate::model::fact::Value;

pub(super) fn read(sheet: &mut Sheet<'_>) {
    // `ENV` goes on in the next line.
    let mut goes_on = false;
    for (at, line) in sheet.each_line() {
        let start = at + line.len() - line.trim_start().len();
        let content = line.trim();
        if content.starts_with('#') {
            sheet.comment(start, at + line.len());
            continue;
        }
        let is_env = content
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case("env ") || word.eq_ignore_ascii_case("env\t"));
        let (rest, rest_at) = match is_env {
            true => (content[4..].trim_start(), start + content.len() - content[4..].trim_start().len()),
            false => (content, start),
        };
        if is_env || goes_on {
            goes_on = rest.ends_with(['\\', '`']);
            variables(sheet, rest.trim_end_matches(['\\', '`']).trim_end(), rest_at, !is_env);
        }
    }
}

/// `KEY=value OTHER="some words"`, or the old `KEY some words`.
fn variables(sheet: &mut Sheet<'_>, text: &str, at: usize, continued: bool) {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if let Some((name, words)) = text.split_once([' ', '\t']).filter(|(name, _)| is_name(name) && !continued) {
        sheet.set(name, value(words.trim(), Syntax::Shell), at, at + text.len());
        return;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let start = at + text.len() - rest.len();
        let end = word_end(rest);
        if let Some((name, written)) = rest[..end].split_once('=').filter(|(name, _)| is_name(name)) {
            sheet.set(name, unquoted(written), start, start + end);
        }
        rest = rest[end..].trim_start();
    }
}

/// Where the first word ends; blanks in quotes or behind a backslash are part of it.
fn word_end(text: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (c, None) if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

fn unquoted(written: &str) -> Value {
    match written.as_bytes() {
        [b'\'', inner @ .., b'\''] => Value::Text(String::from_utf8_lossy(inner).into()),
        [b'"', .., b'"'] if written.len() > 1 => value(&written[1..written.len() - 1], Syntax::Shell),
        _ => value(&written.replace("\\ ", " "), Syntax::Shell),
    }
}
