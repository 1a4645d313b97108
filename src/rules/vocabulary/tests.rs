//! The table against what the parsers ask for.

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};

use super::SECTIONS;
use crate::model::deployment::{AffinityKey, Database, HealthCheck, Role, Sharing};
use crate::model::fact::{AccessKind, Level};
use crate::model::finding::{Confidence, Severity};
use crate::rules::clause::{
    ClassPattern, Dialect, Evidence, Fallback, Occasion, Once, PLACEHOLDERS, Place, RawClause, ShapeName, StatePattern,
};
use crate::rules::connections::{ConnectionsPattern, Part};
use crate::rules::deployed::{BalancerPattern, Known, ServicePattern};
use crate::rules::entry_point::{Code, Memory, Objects, RawEntryPoint};
use crate::rules::pattern::LongForm;
use crate::rules::rule::{CHECKS, RawRule};

/// A deserializer that has nothing and only notes what it is asked for.
struct Asked<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("neither a struct nor an enum"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(fields);
        Err(Error::custom("asked"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(variants);
        Err(Error::custom("asked"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The fields of a struct, or the variants of an enum, as a file writes them.
fn words_of<T: DeserializeOwned>() -> Vec<&'static str> {
    let mut words = Vec::new();
    let _ = T::deserialize(Asked(&mut words));
    words
}

#[test]
fn the_table_has_exactly_the_words_that_the_parsers_take() {
    let parsed = [
        ("rule", words_of::<RawRule>()),
        ("clause", words_of::<RawClause>()),
        ("condition", words_of::<Evidence>()),
        ("state", words_of::<StatePattern>()),
        ("service", words_of::<ServicePattern>()),
        ("balancer", words_of::<BalancerPattern>()),
        ("connections", words_of::<ConnectionsPattern>()),
        ("part", words_of::<Part>()),
        ("database", words_of::<Database>()),
        ("sharing", words_of::<Sharing>()),
        ("affinity key", words_of::<AffinityKey>()),
        ("known", words_of::<Known>()),
        ("health check", words_of::<HealthCheck>()),
        ("class", words_of::<ClassPattern>()),
        ("value", words_of::<LongForm>()),
        ("entry point", words_of::<RawEntryPoint>()),
        ("code", words_of::<Code>()),
        ("placeholder", PLACEHOLDERS.to_vec()),
        ("severity", words_of::<Severity>()),
        ("confidence", words_of::<Confidence>()),
        ("check", CHECKS.to_vec()),
        ("language", words_of::<Dialect>()),
        ("place", words_of::<Place>()),
        ("once", words_of::<Once>()),
        ("fallback", words_of::<Fallback>()),
        ("level", words_of::<Level>()),
        ("shape", words_of::<ShapeName>()),
        ("write", words_of::<AccessKind>()),
        ("occasion", words_of::<Occasion>()),
        ("objects", words_of::<Objects>()),
        ("memory", words_of::<Memory>()),
        ("role", words_of::<Role>()),
    ];
    for section in SECTIONS.iter().filter(|section| section.name != "pattern") {
        let mut told: Vec<&str> = section.words.iter().map(|word| word.word).collect();
        let (_, taken) = parsed.iter().find(|(name, _)| *name == section.name).expect(section.name);
        let mut taken = taken.clone();
        told.sort_unstable();
        taken.sort_unstable();
        assert_eq!(told, taken, "{}", section.name);
    }
    assert_eq!(SECTIONS.len(), parsed.len() + 1);
}

#[test]
fn every_word_has_a_meaning_and_every_shape_is_told() {
    let plain = ["text", "number", "true", "true or false", "version", "list of texts", "option", "list of options"];
    for section in SECTIONS {
        for word in section.words {
            assert!(!word.meaning.is_empty() && !word.meaning.ends_with('.'), "{} {}", section.name, word.word);
            let is_told = word.shape.is_empty() || plain.contains(&word.shape) || word.section().is_some();
            assert!(is_told, "{} {}: nothing tells what `{}` is", section.name, word.word, word.shape);
        }
    }
}
