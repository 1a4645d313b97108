//! `ENV`, `CMD` and `ENTRYPOINT` of a Dockerfile: <https://docs.docker.com/reference/dockerfile/>. The last two are settings as
//! [`shell`] writes them.

use super::placeholder::{Syntax, value};
use super::{Sheet, shell};
use crate::model::command_line::{self, Word};
use crate::model::fact::Value;
use crate::source::deploy::command;
use crate::source::yaml::Place;

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let mut goes_on = false;
    let mut instruction = String::new();
    // The last stage of a build is what runs.
    let mut commands: Vec<Vec<(Place, char)>> = Vec::new();
    for (number, (at, line)) in (1..).zip(sheet.each_line()) {
        let start = at + line.len() - line.trim_start().len();
        let content = line.trim();
        if content.starts_with('#') {
            sheet.comment(start, at + line.len());
            continue;
        }
        let continued = std::mem::replace(&mut goes_on, content.ends_with(['\\', '`']));
        let content = content.trim_end_matches(['\\', '`']).trim_end();
        let (word, rest) = match continued {
            true => ("", content),
            false => content.split_once([' ', '\t']).map_or((content, ""), |(word, rest)| (word, rest.trim_start())),
        };
        if !continued {
            instruction = word.to_ascii_uppercase();
        }
        let rest_at = start + content.len() - rest.len();
        match instruction.as_str() {
            "FROM" => commands.clear(),
            "ENV" => variables(sheet, rest, rest_at, continued),
            "CMD" | "ENTRYPOINT" => {
                let column = 1 + sheet.text[at..rest_at].chars().count() as u32;
                if !continued {
                    commands.push(Vec::new());
                }
                let blank = ((number, column), ' ');
                commands.last_mut().into_iter().for_each(|command| {
                    command.extend(std::iter::once(blank).chain(shell::letters(rest, number, column)));
                });
            }
            _ => {}
        }
    }
    let commands = commands.iter().flat_map(|letters| command::simple_commands(&words(letters)));
    commands.enumerate().for_each(|(number, words)| shell::set(sheet, number, &words));
}

/// The words of `CMD a && b`, or of `CMD ["sh", "-c", "a && b"]`.
fn words(letters: &[(Place, char)]) -> Vec<Word<Place>> {
    if letters.iter().find(|(_, letter)| !letter.is_whitespace()).is_none_or(|(_, letter)| *letter != '[') {
        return command::words(letters);
    }
    let is_mark = |word: &Word<Place>| matches!(word.as_slice(), [letter] if !letter.quoted);
    let mut words = command_line::split(letters.iter().copied(), &['[', ',', ']']).unwrap_or_default();
    words.retain(|word| !is_mark(word));
    words
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
