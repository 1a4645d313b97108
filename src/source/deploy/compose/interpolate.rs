//! `${VARIABLE:-default}` in Compose files. We know no environment: a variable is its default, or unknown.
//!
//! Grammar: <https://docs.docker.com/reference/compose-file/interpolation/>.

/// A text after interpolation. Every character keeps the place where it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpolated<P> {
    pub letters: Vec<(P, char)>,
    /// A variable without a default is in it; it stands there as it is written.
    pub unknown: bool,
    /// The text is nothing but this variable, and it has no default.
    pub variable: Option<String>,
}

impl<P> Interpolated<P> {
    pub fn text(&self) -> String {
        self.letters.iter().map(|(_, char)| *char).collect()
    }
}

/// Defaults may hold variables themselves, this deep.
const MAX_DEPTH: u8 = 8;

pub fn interpolate<P: Copy>(letters: &[(P, char)]) -> Interpolated<P> {
    let mut result = Interpolated { letters: Vec::new(), unknown: false, variable: None };
    expand(letters, MAX_DEPTH, &mut result);
    if result.unknown
        && let Some((name, _, length)) = reference(letters).filter(|(.., length)| *length == letters.len())
    {
        result.variable = (length > 0).then_some(name);
    }
    result
}

fn expand<P: Copy>(letters: &[(P, char)], depth: u8, result: &mut Interpolated<P>) {
    let mut rest = letters;
    while let Some((first, after)) = rest.split_first() {
        if first.1 == '$' && after.first().is_some_and(|next| next.1 == '$') {
            result.letters.push(*first);
            rest = &after[1..];
        } else if let Some((_, default, length)) = reference(rest) {
            match default.filter(|_| depth > 0) {
                Some(default) => expand(default, depth - 1, result),
                None => {
                    result.unknown = true;
                    result.letters.extend(&rest[..length]);
                }
            }
            rest = &rest[length..];
        } else {
            result.letters.push(*first);
            rest = after;
        }
    }
}

/// The variable that `letters` begins with: its name, its default, and how many characters it takes.
#[allow(clippy::type_complexity, reason = "read in this file only, by its two callers")]
fn reference<P: Copy>(letters: &[(P, char)]) -> Option<(String, Option<&[(P, char)]>, usize)> {
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
        return Some((name, None, after));
    }
    let end = closing(letters)?;
    let default_start = after + usize::from(is(after, ':'));
    let default = is(default_start, '-').then(|| &letters[default_start + 1..end]);
    Some((name, default, end + 1))
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
        let result = interpolate(&letters);
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
        let variable = |text: &str| interpolate(&text.chars().enumerate().collect::<Vec<_>>()).variable;
        assert_eq!(variable("${URL}"), Some("URL".into()));
        assert_eq!(variable("$URL"), Some("URL".into()));
        assert_eq!(variable("x$URL"), None);
        assert_eq!(variable("${URL:-x}"), None);
    }

    #[test]
    fn places_are_those_of_the_default() {
        let letters: Vec<_> = "${N:-4}".chars().enumerate().collect();
        assert_eq!(interpolate(&letters).letters, [(5, '4')]);
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
