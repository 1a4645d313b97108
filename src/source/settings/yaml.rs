//! YAML of Spring, Rails and Symfony.

use std::borrow::Cow;

use super::placeholder::{self, Syntax, environment};
use super::{Sheet, erb};
use crate::model::fact::Value;
use crate::source::yaml::{Comment, ROOT, flat, parse_parts};

/// Stands for the `@` of `@project.version@`, which Maven replaces and with which no value of YAML may begin.
const FILTERED: char = '\u{E002}';

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let (text, tags) = match erb::take_out(sheet.text) {
        Some((text, tags)) => (Cow::Owned(text), Some(tags)),
        None if sheet.text.contains(": @") => (Cow::Owned(sheet.text.replace(": @", &format!(": {FILTERED}"))), None),
        None => (Cow::Borrowed(sheet.text), None),
    };
    let tree = parse_parts(sheet.path, &text, &[ROOT]);
    sheet.facts.directives.extend(tree.comments.iter().filter_map(Comment::directive));
    for problem in tree.problems {
        // With the line as it is written.
        sheet.problems.push(match problem.location.as_ref().map(|location| location.span) {
            Some(span) => problem.at(sheet.path, span, sheet.text),
            None => problem,
        });
    }
    let value = |text: &str, plain: bool| {
        tags.as_ref().and_then(|tags| tags.value(text)).unwrap_or_else(|| scalar(text, plain))
    };
    for document in &tree.documents {
        for setting in flat("", document, &value) {
            sheet.set_at(&setting.key, setting.value, setting.span);
        }
        sheet.end_document();
    }
}

fn scalar(text: &str, plain: bool) -> Value {
    if text.starts_with(FILTERED) {
        return Value::Unknown;
    }
    match symfony(text) {
        Some(value) => value,
        None if plain || text.contains("${") => placeholder::value(text, Syntax::Spring),
        None => Value::Text(text.into()),
    }
}

/// `%env(resolve:DATABASE_URL)%`, with processors before the name; `default:parameter:NAME` falls back to a parameter:
/// <https://symfony.com/doc/current/configuration/env_var_processors.html>.
fn symfony(text: &str) -> Option<Value> {
    let inner = text.strip_prefix("%env(")?.strip_suffix(")%")?;
    let mut words = inner.rsplit(':');
    let name = words.next()?;
    let parameter =
        inner.split_once("default:").and_then(|(_, rest)| rest.split(':').next()).filter(|word| *word != name);
    let fallback = parameter.map(|parameter| match parameter {
        "" => Value::Null,
        parameter => Value::Name(format!("parameters.{parameter}").into()),
    });
    Some(environment(name, fallback))
}
