//! Groovy and Kotlin as far as build scripts need them: words, texts, signs, ends of lines.

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// With its dots: `libs.ktor.server`, `commonMain.dependencies`; numbers too.
    Word(&'t str),
    Text(&'t str),
    Sign(char),
    Newline,
}

/// The tokens with where each begins, and where a text begins that does not end.
pub(super) fn tokens(text: &str) -> (Vec<(usize, Token<'_>)>, Option<usize>) {
    let mut out: Vec<(usize, Token<'_>)> = Vec::new();
    let (mut at, mut broken) = (0, None);
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &text[at..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let (token, length) = match first {
            '\n' => (Some(Token::Newline), 1),
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, rest.find("*/").map_or(rest.len(), |end| end + 2)),
            '/' if begins_pattern(&out) => pattern(rest),
            '"' | '\'' => {
                let (text, length) = quoted(rest, first);
                broken = broken.or(text.is_none().then_some(at));
                (text.map(Token::Text), length)
            }
            _ if is_word(first) => {
                let end = rest.find(|c: char| !is_word(c) && c != '.').unwrap_or(rest.len());
                (Some(Token::Word(&rest[..end])), end)
            }
            sign => (Some(Token::Sign(sign)), sign.len_utf8()),
        };
        out.extend(token.map(|token| (at, token)));
        at += length;
    }
    (out, broken)
}

/// `/…/` is a text in Groovy where a value may begin.
fn begins_pattern(before: &[(usize, Token<'_>)]) -> bool {
    matches!(before.last(), Some((_, Token::Sign('(' | '=' | '~' | ',' | ':' | '['))))
}

fn pattern(rest: &str) -> (Option<Token<'_>>, usize) {
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    match line[1..].find('/') {
        Some(end) => (Some(Token::Text(&line[1..end + 1])), end + 2),
        None => (Some(Token::Sign('/')), 1),
    }
}

/// The text that begins here, without its quotes, and its length with them. A text in single quotes ends on its line.
fn quoted(rest: &str, quote: char) -> (Option<&str>, usize) {
    let triple = if quote == '"' { "\"\"\"" } else { "'''" };
    if let Some(inner) = rest.strip_prefix(triple) {
        return match inner.find(triple) {
            Some(end) => (Some(&inner[..end]), end + 6),
            None => (None, rest.len()),
        };
    }
    let (mut escaped, mut depth, mut before) = (false, 0, ' ');
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return (None, at),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' if before == '$' || depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            c if c == quote && depth == 0 => return (Some(&rest[1..at]), at + 1),
            _ => {}
        }
        before = c;
    }
    (None, rest.len())
}
