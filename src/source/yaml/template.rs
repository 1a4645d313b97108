//! Text that another program fills in before it is YAML: Jinja, ERB, templates of Go.

use crate::model::location::Span;

/// A text whose template parts are put out of the parser's way, byte for byte.
pub(super) struct Masked {
    /// Values that the template fills in are variables (`${…}`), lines that are its alone are blank.
    pub text: String,
    /// The lines, from 0, at which the template decides what stands there.
    pub branches: Vec<usize>,
    /// The first such text.
    pub first: Span,
}

/// How what a template fills in begins and ends.
const MARKS: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("<%", "%>"), ("{#", "#}")];

/// The text without what a template says in it; `None` where it is none. What stands in quotes is YAML as it is.
pub(super) fn masked(source: &str) -> Option<Masked> {
    let mut text = String::with_capacity(source.len());
    let mut branches = Vec::new();
    let mut first = None;
    // What closes a text that began on a line above.
    let mut open: Option<&str> = None;
    for (number, line) in source.split_inclusive('\n').enumerate() {
        let found = if open.is_some() { Some((0, "")) } else { mark(line, 0) };
        let Some((at, opening)) = found else {
            text.push_str(line);
            continue;
        };
        first.get_or_insert_with(|| place(number, line, at));
        match open.or_else(|| unclosed(line)) {
            Some(closing) => {
                open = (!line.contains(closing) || mark(line, 0).is_some_and(|_| unclosed(line).is_some()))
                    .then_some(closing);
                branches.push(number);
                text.push_str(&blank(line));
            }
            None if is_alone(line, at, opening) => {
                if opening != "{#" {
                    branches.push(number);
                }
                text.push_str(&blank(line));
            }
            None => text.push_str(&filled(line)),
        }
    }
    Some(Masked { text, branches, first: first? })
}

/// Does `{{` open the value at this byte?
pub(super) fn opens(text: &str, at: usize) -> bool {
    at > 0 && text.get(at - 1..).is_some_and(|text| text.starts_with("{{"))
}

fn place(number: usize, line: &str, at: usize) -> Span {
    let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX - 8);
    let column = count(&line[..at]) + 1;
    Span::on_line(u32::try_from(number).unwrap_or(u32::MAX - 1) + 1, column, column + 2)
}

/// The first mark of a line from this byte on that is in neither quotes nor a comment.
fn mark(line: &str, from: usize) -> Option<(usize, &'static str)> {
    let mut quote = None;
    let mut before = ' ';
    for (at, char) in line.char_indices() {
        let opening =
            MARKS.iter().find(|(opening, _)| quote.is_none() && at >= from && line[at..].starts_with(opening));
        if let Some((opening, _)) = opening {
            return Some((at, opening));
        }
        match (quote, char) {
            (None, '#') if before.is_whitespace() => return None,
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(char),
            (Some(open), char) if open == char => quote = None,
            _ => {}
        }
        before = char;
    }
    None
}

fn closing(opening: &str) -> &'static str {
    MARKS.iter().find(|mark| mark.0 == opening).map_or("", |mark| mark.1)
}

/// What would close the last text of a line, where it goes on.
fn unclosed(line: &str) -> Option<&'static str> {
    let mut from = 0;
    while let Some((at, opening)) = mark(line, from) {
        let closing = closing(opening);
        let Some(end) = line[at + 2..].find(closing) else { return Some(closing) };
        from = at + 2 + end + 2;
    }
    None
}

/// Is this line the template's, as opposed to one in which it fills in a value?
fn is_alone(line: &str, at: usize, opening: &str) -> bool {
    let begins = line[..at].trim().is_empty();
    let is_value = opening == "{{" || line[at..].starts_with("<%=");
    begins && (!is_value || line.trim_end().ends_with(closing(opening)))
}

/// The line with variables for what the template fills in. A branch within a line is one value.
fn filled(line: &str) -> String {
    let mut text = line.to_owned();
    let mut from = 0;
    while let Some((at, opening)) = mark(&text, from) {
        let closing = closing(opening);
        let is_value = opening == "{{" || text[at..].starts_with("<%=");
        let rest = &text[at + 2..];
        let end = if is_value { rest.find(closing) } else { rest.rfind(closing) };
        let Some(end) = end.map(|end| at + 2 + end + 2) else { break };
        let name: String = text[at + 2..end - 1]
            .bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { byte as char } else { '_' })
            .collect();
        text.replace_range(at..end, &format!("${{{name}}}"));
        from = end;
    }
    text
}

/// Blanks in place of every byte, the end of the line aside.
fn blank(line: &str) -> String {
    line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}
