//! .env files, as the libraries of all languages read them: <https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow>.

use super::Sheet;
use super::placeholder::{Syntax, value};
use crate::model::fact::Value;
use crate::source::json::unescaped;

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let mut rest = 0;
    for (at, line) in sheet.each_line() {
        // A value in quotes may have taken the line.
        if at < rest {
            continue;
        }
        let start = at + line.len() - line.trim_start().len();
        let content = line.trim();
        if content.starts_with('#') {
            sheet.comment(start, at + line.len());
        } else if !content.is_empty() {
            rest = assignment(sheet, start, at + line.len());
        }
    }
}

/// `KEY=value`, with or without `export`. Gives where it ends.
fn assignment(sheet: &mut Sheet<'_>, line_start: usize, line_end: usize) -> usize {
    let text = sheet.text;
    let line = &text[line_start..line_end];
    let exported = line.strip_prefix("export ").map_or(line, str::trim_start);
    let start = line_end - exported.len();
    let name_end =
        exported.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(exported.len());
    let name = &exported[..name_end];
    let after = exported[name_end..].trim_start();
    let Some(written) = after.strip_prefix('=').filter(|_| !name.is_empty()) else {
        // A name alone hands a variable on; braces are those of a template, whose result is read elsewhere.
        // One is told: a file that is something else altogether has no more to say.
        if !(after.is_empty() || line.starts_with(['{', '<'])) && sheet.problems.is_empty() {
            sheet.problem(format!("not `KEY=value`: `{}`", line.trim_end()), line_start, line_end);
        }
        return line_end;
    };
    let value_start = line_end - written.trim_start().len();
    let (value, end) = match text[value_start..].chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => match closing(&text[value_start + 1..], quote) {
            Some(length) => {
                let end = value_start + 1 + length;
                (quoted(&text[value_start + 1..end], quote), end + 1)
            }
            None => {
                sheet.problem("this quote is not closed", value_start, line_end);
                (Value::Unknown, line_end)
            }
        },
        _ => {
            let written = &text[value_start.min(line_end)..line_end];
            let end = if written.starts_with('#') { 0 } else { written.find(" #").unwrap_or(written.len()) };
            let written = written[..end].trim_end();
            (self::value(written, Syntax::Shell), value_start.min(line_end) + written.len())
        }
    };
    sheet.set(name, value, start, end);
    // What follows on the line is a comment, if anything.
    let line_end = text[end..].find('\n').map_or(text.len(), |length| end + length);
    if let Some(at) = text[end..line_end].find('#') {
        sheet.comment(end + at, line_end);
    }
    line_end
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quote == '"',
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// Only double quotes let variables and escapes through.
fn quoted(raw: &str, quote: char) -> Value {
    match quote {
        '"' => value(&unescaped(raw), Syntax::Shell),
        _ => Value::Text(raw.into()),
    }
}
