//! What the grammar cannot read is blanked before it sees it. All offsets stay.

use std::borrow::Cow;

/// The scanner of the grammar keeps the length of a heredoc's word in one byte, and ends the process where that does not do.
const LONGEST_WORD: usize = 200;

/// The text with blanks for what the grammar does not bear.
pub fn legible(text: &str) -> Cow<'_, str> {
    let mut blank = passed_blocks(text);
    blank.extend(long_heredocs(text));
    if blank.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    blank.into_iter().for_each(|at| bytes[at] = b' ');
    Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
}

/// A block that is handed on without a name, `form(x, &)`, is not known to the grammar; it says nothing.
fn passed_blocks(text: &str) -> Vec<usize> {
    let mut blank = Vec::new();
    for (at, _) in text.match_indices('&') {
        let after = text[at + 1..].trim_start_matches([' ', '\t', '\r']);
        let before = text[..at].trim_end_matches([' ', '\t']);
        if after.starts_with(['\n', ')']) && before.ends_with([',', '(']) {
            blank.push(at);
            blank.extend(before.ends_with(',').then(|| before.len() - 1));
        }
    }
    blank
}

/// `list <<"a long text"` begins no heredoc that anybody would end: the second sign goes, and a comparison is left.
fn long_heredocs(text: &str) -> impl Iterator<Item = usize> {
    let is_long = |start: &str| {
        let word = start.trim_start_matches(['-', '~']);
        let ends = |quote: char| word[1..].char_indices().find(|(at, c)| *c == quote || *at > LONGEST_WORD);
        let end = match word.chars().next() {
            Some(quote @ ('\'' | '"' | '`')) => ends(quote).map_or(word.len(), |(at, _)| at),
            _ => {
                word.char_indices().find(|(at, c)| !is_word(*c) || *at > LONGEST_WORD).map_or(word.len(), |(at, _)| at)
            }
        };
        end > LONGEST_WORD
    };
    let signs = memchr::memchr_iter(b'<', text.as_bytes()).filter(move |at| text[at + 1..].starts_with('<'));
    signs.filter(move |at| is_long(&text[at + 2..])).map(|at| at + 1)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_grammar_does_not_bear_is_blanked() {
        let long = "y".repeat(300);
        for (text, expected) in [
            ("x << <<~T\n  a\nT\n".to_owned(), None),
            ("f(x, &)".to_owned(), Some("f(x   )".to_owned())),
            (format!("x <<\"{long}\""), Some(format!("x < \"{long}\""))),
            (format!("x <<~'{long}'"), Some(format!("x < ~'{long}'"))),
            (format!("x <<{long}"), Some(format!("x < {long}"))),
            (format!("x <<'{long}"), Some(format!("x < '{long}"))),
            ("x <<'".to_owned() + &"ä".repeat(300), Some("x < '".to_owned() + &"ä".repeat(300))),
            (format!("<<<{long}"), Some(format!("<< {long}"))),
            ("<<".to_owned(), None),
            ("<<\"".to_owned(), None),
        ] {
            assert_eq!(legible(&text), expected.as_deref().unwrap_or(&text));
        }
    }
}
