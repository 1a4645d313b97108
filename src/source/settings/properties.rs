//! Java's properties, with the documents of Spring: <https://docs.oracle.com/javase/8/docs/api/java/util/Properties.html#load-java.io.Reader->.

use super::Sheet;
use super::placeholder::{Syntax, value};

pub(super) fn read(sheet: &mut Sheet<'_>) {
    // A line that goes on in the next one: where it begins, and its text so far.
    let mut open: Option<(usize, String)> = None;
    for (at, line) in sheet.each_line() {
        let start = at + line.len() - line.trim_start().len();
        let content = line.trim_start();
        if open.is_none() && content.starts_with(['#', '!']) {
            sheet.comment(start, at + line.len());
            if content[1..].trim_end() == "---" {
                sheet.end_document();
            }
            continue;
        }
        let (start, mut text) = open.take().unwrap_or((start, String::new()));
        let goes_on = content.len() - content.trim_end_matches('\\').len();
        if goes_on % 2 == 1 {
            text.push_str(&content[..content.len() - 1]);
            open = Some((start, text));
            continue;
        }
        text.push_str(content);
        entry(sheet, &text, start, at + line.trim_end().len());
    }
    if let Some((start, text)) = open {
        entry(sheet, &text, start, sheet.text.trim_end().len());
    }
    sheet.end_document();
}

fn entry(sheet: &mut Sheet<'_>, line: &str, start: usize, end: usize) {
    if line.trim().is_empty() {
        return;
    }
    let (key, rest) = key(line);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    sheet.set(&key, value(&unescaped(rest.trim()), Syntax::Spring), start, end);
}

/// The key, and what follows it.
fn key(line: &str) -> (String, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '=' | ':' | ' ' | '\t' => return (unescaped(&line[..at]), &line[at..]),
            _ => {}
        }
    }
    (unescaped(line), "")
}

fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                other => out.extend(other),
            },
            c => out.push(c),
        }
    }
    out
}
