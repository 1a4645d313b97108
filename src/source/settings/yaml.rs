//! YAML of Spring, Rails and Symfony.

use std::borrow::Cow;
use std::rc::Rc;

use super::placeholder::{self, Syntax, environment};
use super::{MAX_DEPTH, MAX_KEY, Sheet, erb};
use crate::model::fact::Value;
use crate::model::location::Span;
use crate::source::yaml::{Comment, Content, Node, parse};

/// Stands for the `@` of `@project.version@`, which Maven replaces and with which no value of YAML may begin.
const FILTERED: char = '\u{E002}';

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let (text, tags) = match erb::take_out(sheet.text) {
        Some((text, tags)) => (Cow::Owned(text), Some(tags)),
        None if sheet.text.contains(": @") => (Cow::Owned(sheet.text.replace(": @", &format!(": {FILTERED}"))), None),
        None => (Cow::Borrowed(sheet.text), None),
    };
    let tree = parse(sheet.path, &text);
    sheet.facts.directives.extend(tree.comments.iter().filter_map(Comment::directive));
    for problem in tree.problems {
        // With the line as it is written.
        sheet.problems.push(match problem.location.as_ref().map(|location| location.span) {
            Some(span) => problem.at(sheet.path, span, sheet.text),
            None => problem,
        });
    }
    for document in &tree.documents {
        collect(sheet, tags.as_ref(), "", document, document.span, 0);
        sheet.end_document();
    }
}

/// `at` is the key, or the element of a list.
fn collect(sheet: &mut Sheet<'_>, tags: Option<&erb::Tags<'_>>, key: &str, node: &Rc<Node>, at: Span, depth: usize) {
    if depth > MAX_DEPTH || key.len() > MAX_KEY || sheet.is_full() {
        return;
    }
    let within = |step: &str| if key.is_empty() { step.to_owned() } else { format!("{key}.{step}") };
    match &node.content {
        Content::Mapping(mapping) => {
            for entry in mapping.entries.iter().filter(|entry| entry.key.len() <= MAX_KEY) {
                collect(sheet, tags, &within(&entry.key), &entry.value, entry.key_span, depth + 1);
            }
        }
        Content::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(sheet, tags, &within(&index.to_string()), item, item.span, depth + 1);
            }
        }
        Content::Scalar { text, plain } => {
            let value = tags.and_then(|tags| tags.value(text)).unwrap_or_else(|| scalar(text, *plain));
            // An alias's value stands elsewhere, above its key.
            let end = Span { end_line: node.span.end_line, end_column: node.span.end_column, ..at };
            let follows = (node.span.line, node.span.column) >= (at.line, at.column);
            sheet.set_at(key, value, if follows { end } else { at });
        }
        Content::Unresolved => {}
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
