//! Does a value, or a call's options, fit what a rule says?

use std::collections::BTreeMap;

use crate::model::Name;
use crate::model::fact::{Argument, Value};
use crate::rules::clause::Conditions;
use crate::rules::pattern::{Patterns, ValuePattern};

/// How a value fits a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    No,
    /// Only where the environment variable is not set, or in one of several branches.
    Fallback(Option<Name>),
    Yes,
}

impl Fit {
    fn and(self, other: Fit) -> Fit {
        match (self, other) {
            (Fit::No, _) | (_, Fit::No) => Fit::No,
            (Fit::Yes, fit) | (fit, Fit::Yes) => fit,
            (Fit::Fallback(name), Fit::Fallback(other)) => Fit::Fallback(name.or(other)),
        }
    }
}

/// Looks up what a name of the file stands for, where that is a constant.
pub type Constants<'a> = dyn Fn(&str) -> Option<&'a Value> + 'a;

/// Constants that refer to constants are followed this far.
const MOST_STEPS: u32 = 4;

/// Does the value fit?
pub fn fit<'a>(pattern: &ValuePattern, value: &'a Value, constants: &Constants<'a>) -> Fit {
    test(value, constants, MOST_STEPS, &|value| literal_fits(pattern, value))
}

/// Is the value nothing: `null`, `undefined`, `false`?
fn nothing<'a>(value: &'a Value, constants: &Constants<'a>) -> Fit {
    test(value, constants, MOST_STEPS, &is_nothing)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Name(name) => name == "undefined",
        _ => false,
    }
}

/// Asks every branch of the value.
fn test<'a>(value: &'a Value, constants: &Constants<'a>, steps: u32, holds: &dyn Fn(&Value) -> bool) -> Fit {
    match value {
        Value::OneOf(branches) => {
            let fits: Vec<Fit> = branches.iter().map(|branch| test(branch, constants, steps, holds)).collect();
            if fits.iter().all(|fit| *fit == Fit::Yes) {
                Fit::Yes
            } else if fits.iter().all(|fit| *fit == Fit::No) {
                Fit::No
            } else {
                Fit::Fallback(branches.iter().find_map(environment))
            }
        }
        Value::Environment { name, fallback: Some(fallback) } => match test(fallback, constants, steps, holds) {
            Fit::No => Fit::No,
            _ => Fit::Fallback(Some(name.clone())),
        },
        Value::Environment { fallback: None, .. } => Fit::No,
        value if holds(value) => Fit::Yes,
        Value::Name(name) if steps > 0 => match constants(name) {
            Some(constant) => test(constant, constants, steps - 1, holds),
            None => Fit::No,
        },
        // `bytes(key ?? random())`: what is handed through may fall back.
        Value::Call { arguments, .. } if steps > 0 => {
            let chosen = arguments.iter().map(|argument| &argument.value);
            let chosen = chosen.filter(|value| matches!(value, Value::OneOf(_) | Value::Environment { .. }));
            let mut fits = chosen.map(|value| test(value, constants, steps - 1, holds));
            fits.find(|fit| matches!(fit, Fit::Fallback(_))).unwrap_or(Fit::No)
        }
        _ => Fit::No,
    }
}

/// The texts within a value, wherever they stand in it.
pub fn texts<'a>(value: &'a Value, constants: &Constants<'a>, found: &mut Vec<Name>) {
    collect(value, constants, MOST_STEPS, found);
}

fn collect<'a>(value: &'a Value, constants: &Constants<'a>, steps: u32, found: &mut Vec<Name>) {
    match value {
        Value::Text(text) => found.push(text.clone()),
        Value::Name(name) if steps > 0 => {
            constants(name).into_iter().for_each(|constant| collect(constant, constants, steps - 1, found));
        }
        Value::Call { arguments, .. } if steps > 0 => {
            arguments.iter().for_each(|argument| collect(&argument.value, constants, steps - 1, found));
        }
        Value::List(items) | Value::OneOf(items) if steps > 0 => {
            items.iter().for_each(|item| collect(item, constants, steps - 1, found));
        }
        Value::Object(entries) if steps > 0 => {
            entries.iter().for_each(|(_, value)| collect(value, constants, steps - 1, found));
        }
        Value::Environment { fallback: Some(fallback), .. } => collect(fallback, constants, steps, found),
        _ => {}
    }
}

fn literal_fits(pattern: &ValuePattern, value: &Value) -> bool {
    let text = || match value {
        Value::Text(text) => Some(text.to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let among = |patterns: &Option<Patterns>| {
        patterns.as_ref().is_some_and(|patterns| text().is_some_and(|text| any_case(patterns, &text)))
    };
    if among(&pattern.except) {
        return false;
    }
    among(&pattern.text)
        || pattern.is.is_some_and(|is| is_truth(value, is))
        || pattern.made_by.as_ref().is_some_and(|patterns| made_by(patterns, value))
        || (pattern.given && !is_nothing(value))
        || (pattern.nothing && is_nothing(value))
}

/// `true`, or the text that it is where there are only texts, as in the environment.
fn is_truth(value: &Value, is: bool) -> bool {
    match value {
        Value::Bool(value) => *value == is,
        Value::Text(text) => text.eq_ignore_ascii_case(if is { "true" } else { "false" }),
        _ => false,
    }
}

fn any_case(patterns: &Patterns, lower: &str) -> bool {
    patterns.iter().any(|pattern| {
        let text = pattern.as_str();
        if text.chars().any(char::is_uppercase) {
            crate::rules::pattern::Pattern::new(text.to_lowercase()).matches(lower)
        } else {
            pattern.matches(lower)
        }
    })
}

fn made_by(patterns: &Patterns, value: &Value) -> bool {
    match value {
        Value::Name(symbol) => patterns.matches(symbol),
        Value::Call { callee, arguments } => {
            patterns.matches(callee) || arguments.iter().any(|argument| made_by(patterns, &argument.value))
        }
        Value::List(values) => values.iter().any(|value| made_by(patterns, value)),
        _ => false,
    }
}

/// The first environment variable that a value mentions.
pub fn environment(value: &Value) -> Option<Name> {
    match value {
        Value::Environment { name, .. } => Some(name.clone()),
        // A part of a text in a configuration file.
        Value::Text(text) => text.split_once("${")?.1.split_once('}').map(|(name, _)| name.into()),
        Value::Call { arguments, .. } => arguments.iter().find_map(|argument| environment(&argument.value)),
        Value::List(values) | Value::OneOf(values) => values.iter().find_map(environment),
        Value::Object(fields) => fields.iter().find_map(|(_, value)| environment(value)),
        _ => None,
    }
}

/// What a call says about one option.
pub enum Lookup<'a> {
    Absent,
    /// The options come from somewhere that cannot be looked into.
    Opaque,
    Found(&'a Value),
}

/// Do the options of a call meet the conditions that speak of them?
pub fn fit_options<'a>(conditions: &Conditions, arguments: &'a [Argument], constants: &Constants<'a>) -> Fit {
    let look = |key: &Name| look_up(arguments, key, conditions.options_at, constants);
    let mut result = fit_each(&conditions.with, arguments, conditions.options_at, constants);
    for key in &conditions.without {
        let missing = match look(key) {
            Lookup::Absent => Fit::Yes,
            Lookup::Opaque => Fit::No,
            Lookup::Found(value) => nothing(value, constants),
        };
        result = result.and(missing);
    }
    for (key, pattern) in &conditions.unless_with {
        if let Lookup::Found(value) = look(key)
            && fit(pattern, value, constants) == Fit::Yes
        {
            return Fit::No;
        }
    }
    result
}

/// Are all of these options there, and as they must be?
pub fn fit_each<'a>(
    with: &BTreeMap<Name, ValuePattern>,
    arguments: &'a [Argument],
    options_at: Option<usize>,
    constants: &Constants<'a>,
) -> Fit {
    with.iter().fold(Fit::Yes, |result, (key, pattern)| match look_up(arguments, key, options_at, constants) {
        Lookup::Found(value) => result.and(fit(pattern, value, constants)),
        _ => Fit::No,
    })
}

/// An option by its name: a position, `a.b` within another, `path|0` either of two.
pub fn look_up<'a>(arguments: &'a [Argument], key: &str, at: Option<usize>, constants: &Constants<'a>) -> Lookup<'a> {
    let mut opaque = false;
    for name in key.split('|') {
        match lookup_one(arguments, name, at, constants) {
            Lookup::Absent => {}
            Lookup::Opaque => opaque = true,
            found => return found,
        }
    }
    if opaque { Lookup::Opaque } else { Lookup::Absent }
}

fn lookup_one<'a>(arguments: &'a [Argument], name: &str, at: Option<usize>, constants: &Constants<'a>) -> Lookup<'a> {
    let positional = || arguments.iter().filter(|argument| argument.name.is_none());
    if let Ok(position) = name.parse::<usize>() {
        return positional().nth(position).map_or(Lookup::Absent, |argument| Lookup::Found(&argument.value));
    }
    if let Some(argument) = arguments.iter().find(|argument| argument.name.as_deref() == Some(name)) {
        return Lookup::Found(&argument.value);
    }
    let mut opaque = false;
    for (position, argument) in positional().enumerate() {
        if at.is_some_and(|at| at != position) {
            continue;
        }
        if let Some(value) = assigned(&argument.value, name, constants) {
            return Lookup::Found(value);
        }
        match object(&argument.value, constants) {
            Some(fields) => match field(fields, name) {
                Some(value) => return Lookup::Found(value),
                None => opaque |= fields.iter().any(|(key, _)| key == SPREAD),
            },
            None => opaque |= at.is_some(),
        }
    }
    if opaque { Lookup::Opaque } else { Lookup::Absent }
}

/// The key under which adapters keep `...rest` of an object.
const SPREAD: &str = "...";

/// The fields of an object, written here or in a constant.
fn object<'a>(value: &'a Value, constants: &Constants<'a>) -> Option<&'a [(Name, Value)]> {
    let mut value = value;
    for _ in 0..MOST_STEPS {
        match value {
            Value::Object(fields) => return Some(fields),
            Value::Name(name) => value = constants(name)?,
            // An object of a type for options: `session.Config{Storage: …}`.
            Value::Call { arguments, .. } => match &arguments[..] {
                [Argument { name: None, value: Value::Object(fields) }] => return Some(fields),
                _ => return None,
            },
            _ => return None,
        }
    }
    None
}

/// What a field of a named object is set to after the object was made: `options.store = new RedisStore()`. It may stand in a
/// branch; that there is one says that somebody chose.
fn assigned<'a>(value: &Value, name: &str, constants: &Constants<'a>) -> Option<&'a Value> {
    match value {
        Value::Name(object) if object.starts_with('~') => constants(&format!("{object}.{name}")),
        _ => None,
    }
}

/// A field by its name, `a.b` for a field of a field.
fn field<'a>(fields: &'a [(Name, Value)], path: &str) -> Option<&'a Value> {
    if let Some((_, value)) = fields.iter().rev().find(|(key, _)| key == path) {
        return Some(value);
    }
    let (head, rest) = path.split_once('.')?;
    match fields.iter().rev().find(|(key, _)| key == head) {
        Some((_, Value::Object(fields))) => field(fields, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn pattern(yaml: &str) -> ValuePattern {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn no_constants<'a>() -> Box<Constants<'a>> {
        Box::new(|_| None)
    }

    fn call(callee: &str, arguments: Vec<Value>) -> Value {
        let arguments = arguments.into_iter().map(|value| Argument { name: None, value }).collect();
        Value::Call { callee: callee.into(), arguments }
    }

    #[test]
    fn a_fallback_of_the_environment_is_not_certain() {
        let value = Value::Environment { name: "STORE".into(), fallback: Some(Box::new(text("memory://"))) };
        assert_eq!(fit(&pattern("memory://*"), &value, &*no_constants()), Fit::Fallback(Some("STORE".into())));
        let required = Value::Environment { name: "STORE".into(), fallback: None };
        assert_eq!(fit(&pattern("memory://*"), &required, &*no_constants()), Fit::No);
    }

    #[test]
    fn a_branch_that_fits_names_the_variable_of_the_other() {
        let redis = call("RedisStore", vec![Value::Environment { name: "REDIS_URL".into(), fallback: None }]);
        let value = Value::OneOf(vec![redis, Value::Null]);
        assert_eq!(nothing(&value, &*no_constants()), Fit::Fallback(Some("REDIS_URL".into())));
    }

    #[test]
    fn randomness_is_seen_through_calls_that_hand_it_on() {
        let value = call("str", vec![call("uuid.uuid4", vec![])]);
        assert_eq!(fit(&pattern("{ made_by: uuid.uuid4 }"), &value, &*no_constants()), Fit::Yes);
    }

    #[test]
    fn options_in_an_unknown_object_prove_nothing() {
        let conditions = Conditions { options_at: Some(0), without: vec!["store".into()], ..Conditions::default() };
        let unknown = [Argument { name: None, value: Value::Name("~options".into()) }];
        assert_eq!(fit_options(&conditions, &unknown, &*no_constants()), Fit::No);
        let object = Value::Object(vec![("secret".into(), text("x"))]);
        let constants = |name: &str| (name == "~options").then_some(&object);
        assert_eq!(fit_options(&conditions, &unknown, &constants), Fit::Yes);
    }

    #[test]
    fn a_field_that_is_assigned_later_is_given() {
        let conditions = Conditions { options_at: Some(0), without: vec!["store".into()], ..Conditions::default() };
        let arguments = [Argument { name: None, value: Value::Name("~options".into()) }];
        let (object, store) = (Value::Object(vec![("store".into(), Value::Null)]), Value::Unknown);
        let constants = |name: &str| match name {
            "~options" => Some(&object),
            "~options.store" => Some(&store),
            _ => None,
        };
        assert_eq!(fit_options(&conditions, &arguments, &constants), Fit::No);
    }

    #[test]
    fn what_is_excepted_does_not_fit() {
        let database = pattern("{ text: 'sqlite:///*', except: '*:memory:*' }");
        assert_eq!(fit(&database, &text("sqlite:///shop.db"), &*no_constants()), Fit::Yes);
        assert_eq!(fit(&database, &text("sqlite:///:MEMORY:"), &*no_constants()), Fit::No);
    }

    #[test]
    fn a_constant_that_refers_to_itself_ends() {
        let value = Value::Name("~a".into());
        let constants = |_: &str| Some(&value);
        assert_eq!(fit(&pattern("x"), &value, &constants), Fit::No);
    }
}
