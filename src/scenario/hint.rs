//! Comments that begin with `@`: what stock Hurl passes over and this tool reads.

use crate::model::location::Span;

use super::cursor::{Cursor, Fault, Parsed};
use super::query::Query;
use super::sections::value_string;
use super::template::Template;

/// `# @write KEY token=TEMPLATE`
#[derive(Clone, Debug)]
pub(super) struct WriteHint {
    pub key: String,
    pub token: Template,
}

/// `# @read KEY tokens=QUERY`
#[derive(Clone, Debug)]
pub(super) struct ReadHint {
    pub key: String,
    pub tokens: Query,
    pub line: u32,
}

/// Where a step wants to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplicaHint {
    #[default]
    Any,
    /// To the replica of the step before.
    Same,
    /// Preferably to another replica than the step before.
    Other,
    /// To the replica of this number, from 1, wherever the rest goes.
    Number(u32),
}

#[derive(Debug)]
pub(super) enum Hint {
    Scenario(String),
    Write { key: String, token: Option<Template> },
    Read { key: String, tokens: Option<Query> },
    Replica(ReplicaHint),
}

const HINTS: &str = "Hints are @scenario NAME, @write KEY token=TEMPLATE, @read KEY tokens=QUERY and \
    @replica same|other|any|NUMBER. Another comment must not begin with `@`.";

/// One comment may hold several hints: `@read cart tokens=… @replica other`.
pub(super) fn parse(text: &str, span: Span) -> Parsed<Vec<Hint>> {
    let mut hints = Vec::new();
    for part in split(text) {
        hints.push(one(part.trim()).map_err(|fault| Fault {
            // Within the comment only its line is exact; the whole hint is marked.
            span,
            ..fault
        })?);
    }
    Ok(hints)
}

/// Cuts at ` @` followed by a known hint, so that an `@` within a query (`$[?@.x]`) stays where it is.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(" @") {
        let word = text[index + 2..].split_whitespace().next().unwrap_or_default();
        if ["scenario", "write", "read", "replica"].contains(&word) {
            parts.push(&text[start..index]);
            start = index + 2;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn one(text: &str) -> Parsed<Hint> {
    let mut cursor = Cursor::new(text);
    let word = cursor.take_while(|char| !char.is_whitespace());
    cursor.skip_spaces();
    let hint = match word.as_str() {
        "scenario" => return scenario(&cursor),
        "write" => Hint::Write { key: key(&mut cursor)?, token: argument(&mut cursor, "token=", value_string)? },
        "read" => Hint::Read { key: key(&mut cursor)?, tokens: argument(&mut cursor, "tokens=", Query::parse)? },
        "replica" => Hint::Replica(replica(&mut cursor)?),
        _ => return Err(cursor.fault(format!("unknown hint `@{word}`")).help(HINTS)),
    };
    cursor.skip_spaces();
    if cursor.at_end() { Ok(hint) } else { Err(cursor.fault(format!("unexpected text in `@{word}`")).help(HINTS)) }
}

fn scenario(cursor: &Cursor) -> Parsed<Hint> {
    let name = cursor.rest_of_line().trim().to_string();
    if name.is_empty() { Err(cursor.fault("`@scenario` without a name").help(HINTS)) } else { Ok(Hint::Scenario(name)) }
}

fn key(cursor: &mut Cursor) -> Parsed<String> {
    let key = cursor.take_while(|char| char.is_ascii_alphanumeric() || "_-.".contains(char));
    cursor.skip_spaces();
    if key.is_empty() { Err(cursor.fault("the hint names no key").help(HINTS)) } else { Ok(key) }
}

fn argument<T>(cursor: &mut Cursor, name: &str, parse: impl Fn(&mut Cursor) -> Parsed<T>) -> Parsed<Option<T>> {
    if cursor.eat(name) { parse(cursor).map(Some) } else { Ok(None) }
}

fn replica(cursor: &mut Cursor) -> Parsed<ReplicaHint> {
    let word = cursor.take_while(|char| !char.is_whitespace());
    match word.as_str() {
        "any" => Ok(ReplicaHint::Any),
        "same" => Ok(ReplicaHint::Same),
        "other" => Ok(ReplicaHint::Other),
        number => match number.parse() {
            Ok(number @ 1..) => Ok(ReplicaHint::Number(number)),
            _ => Err(cursor.fault(format!("no replica is called `{number}`")).help(HINTS)),
        },
    }
}
