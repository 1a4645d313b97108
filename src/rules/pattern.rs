//! Patterns over symbols and values.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use foldhash::fast::FixedState;
use memchr::memmem;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

use crate::model::Name;

/// A text in which `*` stands for any characters, none included: `telegram.ext.*.run_polling`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Name,
}

impl Pattern {
    pub fn new(text: impl Into<Name>) -> Self {
        Pattern { text: text.into() }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_literal(&self) -> bool {
        !self.text.contains('*')
    }

    /// The longest text between stars.
    fn longest_part(&self) -> &str {
        self.text.split('*').max_by_key(|part| part.len()).unwrap_or_default()
    }

    pub fn matches(&self, subject: &str) -> bool {
        let Some((first, others)) = self.text.split_once('*') else { return *self.text == *subject };
        let Some(rest) = subject.strip_prefix(first) else { return false };
        let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
        // Ends are cheap to compare, so they come before the search for what lies between them.
        let Some(mut rest) = rest.strip_suffix(last) else { return false };
        for part in middle.split('*') {
            match memmem::find(rest.as_bytes(), part.as_bytes()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

/// One pattern or a list of them: any of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Patterns(texts.into_iter().map(Pattern::new).collect())
    }

    pub fn matches(&self, subject: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(subject))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Patterns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern or a list of patterns")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Patterns, E> {
                if text.is_empty() {
                    return Err(E::custom("a pattern cannot be empty"));
                }
                Ok(Patterns::new([text]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Patterns, A::Error> {
                let mut patterns = Vec::new();
                while let Some(text) = sequence.next_element::<String>()? {
                    if text.is_empty() {
                        return Err(de::Error::custom("a pattern cannot be empty"));
                    }
                    patterns.push(Pattern::new(text));
                }
                if patterns.is_empty() {
                    return Err(de::Error::custom("a list of patterns cannot be empty"));
                }
                Ok(Patterns(patterns))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// What a value has to be. Where several fields are given, one that fits is enough.
///
/// Short forms: `true` and `false` stand for `is:`, a text or a list of texts for `text:`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValuePattern {
    /// A literal text or number; letter case does not count.
    pub text: Option<Patterns>,
    /// Texts that do not count after all: `sqlite://*` except `*:memory:*`.
    pub except: Option<Patterns>,
    /// A literal truth value.
    pub is: Option<bool>,
    /// The result of such a call, or a symbol of that name; also where it is handed through another call
    /// (`str(uuid.uuid4())`).
    pub made_by: Option<Patterns>,
    /// Anything but nothing, `null` and `false`.
    pub given: bool,
    /// Nothing: `null`, `false`.
    pub nothing: bool,
}

/// The long form, as serde reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LongForm {
    text: Option<Patterns>,
    except: Option<Patterns>,
    is: Option<bool>,
    made_by: Option<Patterns>,
    #[serde(default)]
    given: bool,
    #[serde(default)]
    nothing: bool,
}

impl<'de> Deserialize<'de> for ValuePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = ValuePattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "true, false, a text, a number, a list of texts, or a mapping with text, except, is, made_by, given or nothing",
                )
            }

            fn visit_bool<E: de::Error>(self, is: bool) -> Result<ValuePattern, E> {
                Ok(ValuePattern { is: Some(is), ..ValuePattern::default() })
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ValuePattern, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ValuePattern, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ValuePattern, E> {
                Ok(ValuePattern { text: Some(Patterns::new([text])), ..ValuePattern::default() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<ValuePattern, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = sequence.next_element::<String>()? {
                    texts.push(Pattern::new(text));
                }
                Ok(ValuePattern { text: Some(Patterns(texts)), ..ValuePattern::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValuePattern, A::Error> {
                let long = LongForm::deserialize(MapAccessDeserializer::new(map))?;
                if long.text.is_none() && long.is.is_none() && long.made_by.is_none() && !long.given && !long.nothing {
                    return Err(de::Error::custom("a value pattern needs text, is, made_by, given or nothing"));
                }
                let LongForm { text, except, is, made_by, given, nothing } = long;
                Ok(ValuePattern { text, except, is, made_by, given, nothing })
            }
        }
        deserializer.deserialize_any(Forms)
    }
}

/// Finds the entries whose pattern matches a symbol without trying them all: literal patterns by the whole symbol, others by
/// their last or first segment, the rest by the longest text that they ask for.
#[derive(Debug)]
pub struct SymbolIndex<T> {
    literal: HashMap<Name, Vec<T>, FixedState>,
    by_last: HashMap<Name, Vec<(Pattern, T)>, FixedState>,
    by_first: HashMap<Name, Vec<(Pattern, T)>, FixedState>,
    rest: Vec<(Pattern, T)>,
    /// Finds the longest text of each of the rest; made when it is first asked.
    anchors: OnceLock<Option<AhoCorasick>>,
}

impl<T> Default for SymbolIndex<T> {
    fn default() -> Self {
        SymbolIndex {
            literal: HashMap::default(),
            by_last: HashMap::default(),
            by_first: HashMap::default(),
            rest: Vec::new(),
            anchors: OnceLock::new(),
        }
    }
}

impl<T: Copy> SymbolIndex<T> {
    pub fn insert(&mut self, patterns: &Patterns, entry: T) {
        self.anchors = OnceLock::new();
        for pattern in patterns.iter() {
            let (first, last) = (first_segment(&pattern.text), last_segment(&pattern.text));
            let glob = (pattern.clone(), entry);
            if pattern.is_literal() {
                self.literal.entry(pattern.text.clone()).or_default().push(entry);
            } else if pattern.text.contains('.') && !last.contains('*') {
                self.by_last.entry(last.into()).or_default().push(glob);
            } else if pattern.text.contains('.') && !first.contains('*') {
                self.by_first.entry(first.into()).or_default().push(glob);
            } else {
                self.rest.push(glob);
            }
        }
    }

    /// Calls `found` for every pattern that matches; twice for an entry that two patterns lead to.
    pub fn each(&self, symbol: &str, mut found: impl FnMut(T)) {
        for entry in self.literal.get(symbol).into_iter().flatten() {
            found(*entry);
        }
        let by_last = self.by_last.get(last_segment(symbol)).into_iter().flatten();
        let by_first = self.by_first.get(first_segment(symbol)).into_iter().flatten();
        let anchored = self.anchored(symbol);
        for (pattern, entry) in by_last.chain(by_first).chain(anchored.iter().map(|at| &self.rest[*at])) {
            if pattern.matches(symbol) {
                found(*entry);
            }
        }
    }

    /// Those of the rest whose longest text the symbol has, in their order.
    fn anchored(&self, symbol: &str) -> Vec<usize> {
        let anchor = |(pattern, _): &(Pattern, T)| pattern.longest_part().to_owned();
        let anchors = self.anchors.get_or_init(|| AhoCorasick::new(self.rest.iter().map(anchor)).ok());
        let Some(anchors) = anchors else { return (0..self.rest.len()).collect() };
        let mut found: Vec<usize> = anchors.find_overlapping_iter(symbol).map(|at| at.pattern().as_usize()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn last_segment(symbol: &str) -> &str {
    symbol.rsplit('.').next().unwrap_or(symbol)
}

fn first_segment(symbol: &str) -> &str {
    symbol.split('.').next().unwrap_or(symbol)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, subject, expected) in [
            ("express-session", "express-session", true),
            ("express-session", "express-session.MemoryStore", false),
            ("telegram.ext.*.run_polling", "telegram.ext.Application.builder().build().run_polling", true),
            ("telegram.ext.*.run_polling", "telegram.ext.run_polling", false),
            ("*.clients.forEach", "ws.Server().clients.forEach", true),
            ("crypto.randomBytes*", "crypto.randomBytes().toString", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*a", "abba", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(subject), expected, "{pattern} on {subject}");
        }
    }

    #[test]
    fn value_patterns_have_short_forms() {
        let read = |text: &str| serde_saphyr::from_str::<ValuePattern>(text).unwrap();
        assert_eq!(read("true").is, Some(true));
        assert_eq!(read("filesystem").text, Some(Patterns::new(["filesystem"])));
        assert_eq!(read("5").text, Some(Patterns::new(["5"])));
        assert_eq!(read("[a, b]").text, Some(Patterns::new(["a", "b"])));
        assert_eq!(read("{ made_by: os.urandom }").made_by, Some(Patterns::new(["os.urandom"])));
        let but = read("{ text: 'sqlite:*', except: '*memory*' }");
        assert_eq!(but.except, Some(Patterns::new(["*memory*"])));
        assert!(serde_saphyr::from_str::<ValuePattern>("{ maed_by: x }").is_err());
        assert!(serde_saphyr::from_str::<ValuePattern>("{}").is_err());
    }

    proptest! {
        /// The index is only a faster way to ask every pattern.
        #[test]
        fn the_index_finds_what_each_pattern_matches(
            patterns in prop::collection::vec("[ab*.]{1,6}", 1..8), subject in "[ab.]{0,8}",
        ) {
            let mut index = SymbolIndex::default();
            for (number, text) in patterns.iter().enumerate() {
                index.insert(&Patterns::new([text.as_str()]), number);
            }
            let mut found = Vec::new();
            index.each(&subject, |number| found.push(number));
            found.sort_unstable();
            let expected: Vec<usize> =
                (0..patterns.len()).filter(|&n| Pattern::new(patterns[n].as_str()).matches(&subject)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_pattern_matches_what_it_was_made_from(subject in ".{0,12}", cut in 0usize..12) {
            let at = subject.char_indices().nth(cut).map_or(subject.len(), |(at, _)| at);
            let pattern = format!("{}*{}", &subject[..at], &subject[at..]);
            prop_assert!(Pattern::new(pattern).matches(&subject));
        }
    }
}
