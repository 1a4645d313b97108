//! Text of others in reports: what may stand in a source file must neither steer a terminal nor break a format.

use std::borrow::Cow;

use crate::model::finding::{Finding, Related};
use crate::model::location::{Excerpt, Location};
use crate::model::problem::Problem;

/// `text` with a visible character for each one that steers a terminal or turns the direction of writing; so that columns
/// stay, it is one for one. Ends of lines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.chars().any(|c| shown(c) != c) {
        true => Cow::Owned(text.chars().map(shown).collect()),
        false => Cow::Borrowed(text),
    }
}

fn shown(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        // Unicode has a picture for each control character of ASCII.
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or(REPLACED),
        '\x7f' => '\u{2421}',
        // Unicode promises that these are no characters, and XML refuses them.
        '\u{fffe}' | '\u{ffff}' => REPLACED,
        _ if c.is_control() || turns_direction(c) => REPLACED,
        _ => c,
    }
}

const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// Such characters make code look like other code: <https://trojansource.codes>.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// All in one line, however it is broken into lines.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of `text`, at most `most` bytes, with a mark where something was cut off.
pub fn clip(text: &str, most: usize) -> Cow<'_, str> {
    match text.len() > most {
        true => Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(most.saturating_sub('…'.len_utf8()))])),
        false => Cow::Borrowed(text),
    }
}

/// A message is a sentence; what is longer than this is not meant to be read.
const MOST: usize = 4 << 10;

fn sentence(text: &str) -> String {
    visible(clip(text, MOST).trim()).into_owned()
}

/// A finding whose texts are fit for a terminal.
pub fn fit_finding(finding: &Finding) -> Finding {
    Finding {
        rule: one_line(&sentence(&finding.rule)).into(),
        location: fit_location(&finding.location),
        excerpt: finding.excerpt.as_ref().map(fit_excerpt),
        message: one_line(&sentence(&finding.message)),
        breaks: sentence(&finding.breaks),
        fix: sentence(&finding.fix),
        related: finding.related.iter().map(fit_related).collect(),
        context: finding.context.iter().map(fit_related).collect(),
        ..finding.clone()
    }
}

/// A problem whose texts are fit for a terminal.
pub fn fit_problem(problem: &Problem) -> Problem {
    Problem {
        location: problem.location.as_ref().map(fit_location),
        message: sentence(&problem.message),
        help: sentence(&problem.help),
        excerpt: problem.excerpt.as_ref().map(fit_excerpt),
    }
}

fn fit_related(related: &Related) -> Related {
    Related {
        location: fit_location(&related.location),
        message: one_line(&sentence(&related.message)),
        excerpt: related.excerpt.as_ref().map(fit_excerpt),
    }
}

fn fit_location(location: &Location) -> Location {
    let path = visible(&location.path).replace(['\n', '\t'], " ");
    Location::new(path, location.span)
}

fn fit_excerpt(excerpt: &Excerpt) -> Excerpt {
    Excerpt { first_line: excerpt.first_line, text: visible(&excerpt.text).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_instead_and_columns_stay() {
        let hostile = "a\x1b[31mb\r\x07\u{9b}\u{202e}é\tc\n";
        let seen = visible(hostile);
        assert_eq!(seen, "a␛[31mb␍␇\u{fffd}\u{fffd}é\tc\n");
        assert_eq!(seen.chars().count(), hostile.chars().count());
    }

    #[test]
    fn a_cut_falls_between_characters_and_is_marked() {
        assert_eq!(clip("äöü", 6), "äöü");
        assert_eq!(clip("äöüß", 7), "äö…");
        assert_eq!(clip("äöüß", 0), "…");
    }
}
