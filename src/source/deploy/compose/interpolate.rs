//! `${VARIABLE:-default}` in Compose files. Of the environment we know what a `.env` file says: a variable is that, or its default,
//! or unknown.
//!
//! Grammar: <https://docs.docker.com/reference/compose-file/interpolation/>.

use crate::model::Name;

/// A text after interpolation. Every character keeps the place where it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpolated<P> {
    pub letters: Vec<(P, char)>,
    /// A variable without a default is in it; it stands there as it is written.
    pub unknown: bool,
    /// The text is nothing but this variable.
    pub variable: Option<String>,
}

impl<P> Interpolated<P> {
    pub fn text(&self) -> String {
        self.letters.iter().map(|(_, char)| *char).collect()
    }
}

/// Defaults may hold variables themselves, this deep.
const MAX_DEPTH: u8 = 8;

/// The value of a variable, where somebody knows it.
pub type Known<'k> = &'k dyn Fn(&str) -> Option<Name>;

pub fn interpolate<P: Copy>(letters: &[(P, char)], known: Known<'_>) -> Interpolated<P> {
    let mut result = Interpolated { letters: Vec::new(), unknown: false, variable: None };
    expand(letters, known, MAX_DEPTH, &mut result);
    if let Some(whole) = reference(letters).filter(|reference| reference.length == letters.len()) {
        result.variable = (whole.length > 0).then_some(whole.name);
    }
    result
}

fn expand<P: Copy>(letters: &[(P, char)], known: Known<'_>, depth: u8, result: &mut Interpolated<P>) {
    let mut rest = letters;
    while let Some((first, after)) = rest.split_first() {
        if first.1 == '$' && after.first().is_some_and(|next| next.1 == '$') {
            result.letters.push(*first);
            rest = &after[1..];
        } else if let Some(reference) = reference(rest) {
            let value = known(&reference.name).filter(|value| !value.is_empty() || !reference.empty_is_unset);
            match (reference.operator, value) {
                (Some('+'), Some(_)) => expand_part(reference.word, known, depth, result),
                // A value that stands in another file has the place of the variable.
                (_, Some(value)) => result.letters.extend(value.chars().map(|char| (first.0, char))),
                (Some('-'), None) if depth > 0 => expand_part(reference.word, known, depth, result),
                _ => {
                    result.unknown = true;
                    result.letters.extend(&rest[..reference.length]);
                }
            }
            rest = &rest[reference.length..];
        } else {
            result.letters.push(*first);
            rest = after;
        }
    }
}

fn expand_part<P: Copy>(letters: &[(P, char)], known: Known<'_>, depth: u8, result: &mut Interpolated<P>) {
    expand(letters, known, depth.saturating_sub(1), result);
}

/// A variable as it is written.
struct Reference<'l, P> {
    name: String,
    /// `-`, `?` or `+`.
    operator: Option<char>,
    /// With a colon before the operator an empty value counts as none.
    empty_is_unset: bool,
    /// What stands behind the operator.
    word: &'l [(P, char)],
    /// How many characters it takes.
    length: usize,
}

/// The variable that `letters` begins with.
fn reference<P: Copy>(letters: &[(P, char)]) -> Option<Reference<'_, P>> {
    let name_at = |start: usize| -> String {
        let name = letters.iter().skip(start).map(|(_, char)| *char);
        name.enumerate()
            .take_while(|(index, char)| {
                *char == '_' || char.is_ascii_alphabetic() || *index > 0 && char.is_ascii_digit()
            })
            .map(|(_, char)| char)
            .collect()
    };
    let is = |index: usize, wanted: char| letters.get(index).is_some_and(|(_, char)| *char == wanted);
    if !is(0, '$') {
        return None;
    }
    let braced = is(1, '{');
    let name = name_at(1 + usize::from(braced));
    if name.is_empty() {
        return None;
    }
    let after = 1 + usize::from(braced) + name.len();
    if !braced {
        return Some(Reference { name, operator: None, empty_is_unset: false, word: &[], length: after });
    }
    let end = closing(letters)?;
    let empty_is_unset = is(after, ':');
    let at = after + usize::from(empty_is_unset);
    let operator = letters.get(at).map(|(_, char)| *char).filter(|char| "-?+".contains(*char));
    let word = if operator.is_some() { letters.get(at + 1..end)? } else { &[] };
    Some(Reference { name, operator, empty_is_unset, word, length: end + 1 })
}

/// A reference longer than this is read as text.
const MAX_LENGTH: usize = 1_000;

/// Index of the brace that closes `${` at the beginning, those of nested variables passed over.
fn closing<P>(letters: &[(P, char)]) -> Option<usize> {
    let mut open = 0usize;
    for (index, (_, char)) in letters.iter().enumerate().take(MAX_LENGTH) {
        match char {
            '{' if index > 0 && letters[index - 1].1 == '$' => open += 1,
            '}' => {
                open -= 1;
                if open == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> (String, bool) {
        let letters: Vec<_> = text.chars().enumerate().collect();
        let result = interpolate(&letters, &|_| None);
        (result.text(), result.unknown)
    }

    #[test]
    fn defaults_stand_for_variables() {
        assert_eq!(of("${PORT:-8080}:80"), ("8080:80".into(), false));
        assert_eq!(of("${PORT-8080}"), ("8080".into(), false));
        assert_eq!(of("a${X:-}b"), ("ab".into(), false));
        assert_eq!(of("${A:-${B:-b}}c"), ("bc".into(), false));
        assert_eq!(of("${A:-{}}"), ("{}".into(), false));
    }

    #[test]
    fn variables_without_default_stay_and_are_unknown() {
        assert_eq!(of("${PORT}:80"), ("${PORT}:80".into(), true));
        assert_eq!(of("$PORT"), ("$PORT".into(), true));
        assert_eq!(of("${A:?is needed}"), ("${A:?is needed}".into(), true));
        assert_eq!(of("${A:+x}"), ("${A:+x}".into(), true));
        assert_eq!(of("${A:-${B}}"), ("${B}".into(), true));
    }

    #[test]
    fn dollars_that_are_no_variable_stay() {
        assert_eq!(of("$$HOME a$ $1 $(nproc) ${"), ("$HOME a$ $1 $(nproc) ${".into(), false));
    }

    #[test]
    fn a_text_that_is_one_variable_names_it() {
        let variable = |text: &str| interpolate(&text.chars().enumerate().collect::<Vec<_>>(), &|_| None).variable;
        assert_eq!(variable("${URL}"), Some("URL".into()));
        assert_eq!(variable("$URL"), Some("URL".into()));
        assert_eq!(variable("x$URL"), None);
        assert_eq!(variable("${URL:-x}"), Some("URL".into()));
    }

    #[test]
    fn what_is_known_comes_before_defaults() {
        let of = |text: &str| {
            let known = |name: &str| match name {
                "PORT" => Some(Name::new("81")),
                "EMPTY" => Some(Name::default()),
                _ => None,
            };
            let letters: Vec<_> = text.chars().enumerate().collect();
            let result = interpolate(&letters, &known);
            (result.text(), result.unknown, result.letters.first().map(|letter| letter.0))
        };
        assert_eq!(of("a ${PORT:-8080}"), ("a 81".into(), false, Some(0)));
        assert_eq!(of("$PORT"), ("81".into(), false, Some(0)));
        assert_eq!(of("${PORT:?is needed}"), ("81".into(), false, Some(0)));
        assert_eq!(of("${PORT:+on}"), ("on".into(), false, Some(8)));
        assert_eq!(of("${EMPTY:-x}"), ("x".into(), false, Some(9)));
        assert_eq!(of("${EMPTY-x}"), (String::new(), false, None));
        assert_eq!(of("${OTHER}"), ("${OTHER}".into(), true, Some(0)));
    }

    #[test]
    fn places_are_those_of_the_default() {
        let letters: Vec<_> = "${N:-4}".chars().enumerate().collect();
        assert_eq!(interpolate(&letters, &|_| None).letters, [(5, '4')]);
    }

    proptest! {
        #[test]
        fn texts_without_dollars_stay(text in "[^$]{0,20}") {
            prop_assert_eq!(of(&text), (text, false));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(\\$|\\{|\\}|:|-|A|ä|\\$\\{A:-){0,30}") {
            let _ = of(&text);
        }
    }
}
