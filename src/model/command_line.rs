//! Command lines, split into words as a POSIX shell does it, each letter remembering where it came from.

/// One character of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter<P> {
    pub char: char,
    /// Where it stands, in whatever the caller counts.
    pub at: P,
    /// It stood in quotes or behind a backslash, and so is no operator.
    pub quoted: bool,
}

/// A word; empty for `''`.
pub type Word<P> = Vec<Letter<P>>;

/// The quote or backslash that nothing ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclosed<P> {
    pub quote: char,
    pub at: P,
}

/// Splits into words at blanks. Quotes and backslashes work as in POSIX shells and are taken away; nothing is expanded.
/// Each unquoted character of `operators` becomes a word of its own. A `#` starts no comment.
///
/// Shell grammar: POSIX.1-2024, "Shell Command Language", section 2.2, Quoting.
pub fn split<P: Copy>(
    letters: impl IntoIterator<Item = (P, char)>,
    operators: &[char],
) -> Result<Vec<Word<P>>, Unclosed<P>> {
    let mut words = Vec::new();
    let mut word: Option<Word<P>> = None;
    let mut open: Option<Unclosed<P>> = None;
    let mut letters = letters.into_iter();
    while let Some((at, char)) = letters.next() {
        let mut push = |char, at, quoted| word.get_or_insert_default().push(Letter { char, at, quoted });
        match open.map(|open| open.quote) {
            Some(quote) if char == quote => open = None,
            Some('"') if char == '\\' => match letters.next() {
                Some((_, '\n')) => {}
                Some((at, next)) if matches!(next, '"' | '\\' | '$' | '`') => push(next, at, true),
                Some((next_at, next)) => {
                    push('\\', at, true);
                    push(next, next_at, true);
                }
                None => break,
            },
            Some(_) => push(char, at, true),
            None if char == '\\' => match letters.next() {
                Some((_, '\n')) => {}
                Some((at, next)) => push(next, at, true),
                None => return Err(Unclosed { quote: '\\', at }),
            },
            None if matches!(char, '\'' | '"') => {
                word.get_or_insert_default();
                open = Some(Unclosed { quote: char, at });
            }
            None if operators.contains(&char) => {
                words.extend(word.take());
                words.push(vec![Letter { char, at, quoted: false }]);
            }
            None if char.is_whitespace() => words.extend(word.take()),
            None => push(char, at, false),
        }
    }
    words.extend(word);
    open.map_or(Ok(words), Err)
}

/// The text of a word.
pub fn text<P>(word: &[Letter<P>]) -> String {
    word.iter().map(|letter| letter.char).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        let words = split(line.chars().enumerate(), &[';', '&', '|', '\n']).expect("quotes are closed");
        words.iter().map(|word| text(word)).collect()
    }

    #[test]
    fn quotes_hold_blanks_and_vanish() {
        assert_eq!(words(r#"sh -c "exec node 'a b'" --name='x y'"#), ["sh", "-c", "exec node 'a b'", "--name=x y"]);
        assert_eq!(words(r#"redis-server --save "" '' x"#), ["redis-server", "--save", "", "", "x"]);
        assert_eq!(words(r#"a\ b "q\"\\\x" 'no \esc'"#), ["a b", r#"q"\\x"#, r"no \esc"]);
        assert_eq!(words("a \\\n  b \"c\\\nd\""), ["a", "b", "cd"]);
    }

    #[test]
    fn only_unquoted_operators_stand_alone() {
        assert_eq!(words("a&&b;'c;d'"), ["a", "&", "&", "b", ";", "c;d"]);
        let split = split("x ';'".chars().enumerate(), &[';']).expect("quotes are closed");
        assert!(split[1][0].quoted);
    }

    #[test]
    fn letters_remember_their_place() {
        let split = split("ab 'c d'".chars().enumerate(), &[]).expect("quotes are closed");
        assert_eq!(split[1].iter().map(|letter| letter.at).collect::<Vec<_>>(), [4, 5, 6]);
    }

    #[test]
    fn an_open_quote_is_named_with_its_place() {
        assert_eq!(split("a 'b".chars().enumerate(), &[]), Err(Unclosed { quote: '\'', at: 2 }));
        assert_eq!(split(r#"a "b\"#.chars().enumerate(), &[]), Err(Unclosed { quote: '"', at: 2 }));
        assert_eq!(split(r"a\".chars().enumerate(), &[]), Err(Unclosed { quote: '\\', at: 1 }));
    }

    proptest! {
        #[test]
        fn quoted_words_come_back_whole(expected in proptest::collection::vec("\\PC{0,8}", 0..6)) {
            let line: Vec<String> = expected.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
            prop_assert_eq!(words(&line.join(" ")), expected);
        }

        #[test]
        fn no_line_makes_it_panic(line in "[ab'\"\\\\ ;&\n$]{0,24}") {
            let _ = split(line.chars().enumerate(), &[';']);
        }
    }
}
