//! Markdown, for a comment on a pull request and for the reference of rules.

pub mod bench;
pub mod lint;
mod page;
pub mod rules;
pub mod test;

use super::text::{one_line, visible};

/// `text` in one line, its spans of code kept and everything else that Markdown or HTML would read made plain.
fn prose(text: &str) -> String {
    let text = one_line(&visible(text));
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('`') {
        plain(before, &mut out);
        match after.split_once('`') {
            Some((code, after)) if !code.is_empty() => {
                out.push_str(&format!("`{code}`"));
                rest = after;
            }
            _ => {
                out.push_str("\\`");
                rest = after;
            }
        }
    }
    plain(rest, &mut out);
    out
}

fn plain(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Nobody is to be mentioned.
            '@' => out.push_str("&#64;"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
}

/// `text` as a span of code, whatever it holds.
fn code(text: &str) -> String {
    let text = one_line(&visible(text));
    let fence = fence(&text, 1);
    match text.contains('`') || text.is_empty() {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

/// Markdown as the cell of a table: a pipe would end it, even in code, where the backslash in front is taken away again.
fn cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// Lines as a block of code.
fn block(language: &str, lines: &str) -> String {
    let lines = visible(lines);
    let fence = fence(&lines, 3);
    format!("{fence}{language}\n{}\n{fence}\n", lines.trim_end_matches('\n'))
}

/// More backticks than the text has in a row, and not fewer than `least`.
fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_code_and_nothing_else_is_read_as_markup() {
        assert_eq!(cell(&prose("`a|b` of <b>|\n@me *x* [y](z)")), "`a\\|b` of &lt;b&gt;\\| &#64;me \\*x\\* \\[y\\](z)");
        assert_eq!(prose("one ` alone"), "one \\` alone");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(block("", "```\nx\n"), "````\n```\nx\n````\n");
    }
}
