//! Queries and predicates over a response.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value as Json;
use serde_json_path::JsonPath;

use super::cursor::{Cursor, Parsed};
use super::filter::{self, html_unescape};
use super::judge::ResponseParts;
use super::query::{Assert, Operand, Predicate, Query, Source, Type, quoted};
use super::template::{Template, Variables};
use super::value::Value;

impl Query {
    /// `Ok(None)`: there is no such thing in the response. `Err`: the question does not fit the response.
    pub fn evaluate(&self, response: &ResponseParts, variables: &mut Variables) -> Result<Option<Value>, String> {
        let found = match &self.source {
            Source::Status => Some(Value::Json(Json::from(response.status))),
            Source::Url => Some(Value::text(response.url.clone())),
            Source::Header(name) => response.header_value(&name.render(variables)?),
            Source::Cookie(name, attribute) => response.cookie(&name.render(variables)?, attribute).map(Value::text),
            Source::Body => Some(Value::text(response.text())),
            Source::Bytes => Some(Value::Bytes(response.body.clone())),
            Source::JsonPath(path) => {
                let json = serde_json::from_slice(&response.body).map_err(|_| "the body is not JSON".to_string())?;
                json_path(&path.render(variables)?, &json)?
            }
            Source::Regex(pattern) => pattern.first_group(&response.text(), variables)?.map(Value::text),
            Source::XPath(path) => Some(Value::text(path.find(&response.text()).unwrap_or_default())),
            Source::Variable(name) => variables.value(name).map(Value::Json),
        };
        match found {
            Some(value) => filter::apply_all(&self.filters, value, variables),
            None => Ok(None),
        }
    }
}

impl Assert {
    /// `Err` says what was found instead.
    pub fn check(&self, response: &ResponseParts, variables: &mut Variables) -> Result<(), String> {
        let found = self.query.evaluate(response, variables)?;
        let Some(value) = found else {
            // Hurl: a predicate over nothing fails, and `not` turns that around.
            return if self.negated { Ok(()) } else { Err("nothing".to_string()) };
        };
        let holds = self.predicate.holds(&value, variables)?;
        if holds != self.negated { Ok(()) } else { Err(value.show()) }
    }
}

impl Predicate {
    /// `Err`: the types do not fit, whatever `not` says.
    fn holds(&self, value: &Value, variables: &mut Variables) -> Result<bool, String> {
        Ok(match self {
            Predicate::Equals(operand) => equal(value, &operand.evaluate(variables)?),
            Predicate::NotEquals(operand) => !equal(value, &operand.evaluate(variables)?),
            Predicate::Greater(operand) => compare(value, operand, variables)? == Ordering::Greater,
            Predicate::GreaterOrEqual(operand) => compare(value, operand, variables)? != Ordering::Less,
            Predicate::Less(operand) => compare(value, operand, variables)? == Ordering::Less,
            Predicate::LessOrEqual(operand) => compare(value, operand, variables)? != Ordering::Greater,
            Predicate::StartsWith(operand) => strings(value, operand, variables, |text, part| text.starts_with(part))?,
            Predicate::EndsWith(operand) => strings(value, operand, variables, |text, part| text.ends_with(part))?,
            Predicate::Contains(operand) => match value {
                Value::Json(Json::Array(items)) => {
                    let wanted = operand.evaluate(variables)?;
                    items.iter().any(|item| equal_json(item, &wanted))
                }
                _ => strings(value, operand, variables, |text, part| text.contains(part))?,
            },
            Predicate::Matches(pattern) => {
                let text = value.as_str().ok_or_else(|| mismatch("a string", value))?;
                pattern.compile(variables)?.is_match(text)
            }
            Predicate::Exists => true,
            Predicate::IsEmpty => match value.as_str() {
                Some(text) => text.is_empty(),
                None => value.count().ok_or_else(|| mismatch("a collection", value))? == 0,
            },
            Predicate::IsType(kind) => kind.fits(value),
        })
    }
}

impl Type {
    fn fits(self, value: &Value) -> bool {
        let Value::Json(json) = value else { return matches!(self, Type::Collection) };
        match self {
            Type::String => json.is_string(),
            Type::Number => json.is_number(),
            Type::Integer => json.is_i64() || json.is_u64(),
            Type::Float => json.is_f64(),
            Type::Boolean => json.is_boolean(),
            Type::Collection => json.is_array() || json.is_object(),
            Type::List => json.is_array(),
            Type::Object => json.is_object(),
        }
    }
}

impl Operand {
    pub fn evaluate(&self, variables: &mut Variables) -> Result<Json, String> {
        match self {
            Operand::Fixed(json) => Ok(json.clone()),
            Operand::Text(template) => template.render(variables).map(Json::String),
            Operand::Typed(template) => template.typed(variables),
        }
    }
}

fn mismatch(expected: &str, value: &Value) -> String {
    format!("{}, which is not {expected}", value.show())
}

fn equal(value: &Value, wanted: &Json) -> bool {
    matches!(value, Value::Json(json) if equal_json(json, wanted))
}

/// As JSON, except that `1` equals `1.0`.
fn equal_json(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn compare(value: &Value, operand: &Operand, variables: &mut Variables) -> Result<Ordering, String> {
    let wanted = operand.evaluate(variables)?;
    match (value, &wanted) {
        (Value::Json(Json::String(left)), Json::String(right)) => Ok(left.cmp(right)),
        (Value::Json(Json::Number(left)), Json::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Ok(left.cmp(&right)),
            _ => left.as_f64().partial_cmp(&right.as_f64()).ok_or_else(|| mismatch("comparable", value)),
        },
        _ => Err(mismatch("comparable with the expected value", value)),
    }
}

fn strings(
    value: &Value,
    operand: &Operand,
    variables: &mut Variables,
    test: impl Fn(&str, &str) -> bool,
) -> Result<bool, String> {
    let text = value.as_str().ok_or_else(|| mismatch("a string", value))?;
    match operand.evaluate(variables)? {
        Json::String(part) => Ok(test(text, &part)),
        other => Err(format!("{}, compared with {other}, which is not a string", value.show())),
    }
}

/// A regular expression, compiled while parsing unless it holds a template.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    template: Template,
    compiled: Option<Regex>,
}

impl Pattern {
    pub fn new(template: Template) -> Result<Self, String> {
        let compiled = template.fixed().map(compile).transpose()?;
        Ok(Pattern { template, compiled })
    }

    pub fn templates(&self) -> Vec<&Template> {
        vec![&self.template]
    }

    pub fn compile(&self, variables: &mut Variables) -> Result<Regex, String> {
        match &self.compiled {
            Some(regex) => Ok(regex.clone()),
            None => compile(&self.template.render(variables)?),
        }
    }

    pub fn first_group(&self, text: &str, variables: &mut Variables) -> Result<Option<String>, String> {
        let regex = self.compile(variables)?;
        if regex.captures_len() < 2 {
            return Err("the regular expression has no group to capture".to_string());
        }
        Ok(regex.captures(text).and_then(|found| found.get(1)).map(|group| group.as_str().to_string()))
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => format!("It is larger than {limit} bytes when compiled."),
        other => other.to_string().lines().last().unwrap_or_default().trim().to_string(),
    })
}

/// A JSONPath in quotes (RFC 9535), checked at once unless it holds a template.
pub(super) fn checked_path(cursor: &mut Cursor) -> Parsed<Template> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let path = quoted(cursor)?;
    if let Some(Err(error)) = path.fixed().map(JsonPath::parse) {
        return Err(cursor.fault_since(mark, "this JSONPath does not parse").help(format!("RFC 9535: {error}.")));
    }
    Ok(path)
}

/// Hurl's reading of a JSONPath: a path that names one place gives the value there, or nothing; a path that can name
/// several (`*`, `..`, a filter, a slice, a union) gives the list of what it found, also when that is one or none.
pub(super) fn json_path(path: &str, json: &Json) -> Result<Option<Value>, String> {
    let parsed = JsonPath::parse(path).map_err(|error| format!("`{path}` is no JSONPath: {error}"))?;
    let mut found: Vec<Json> = parsed.query(json).all().into_iter().cloned().collect();
    if names_one_place(path) { Ok(found.pop().map(Value::Json)) } else { Ok(Some(Value::Json(Json::Array(found)))) }
}

fn names_one_place(path: &str) -> bool {
    let mut quote = None;
    let mut previous = ' ';
    for char in path.chars() {
        match quote {
            Some(open) => {
                if char == open && previous != '\\' {
                    quote = None;
                }
            }
            None => match char {
                '\'' | '"' => quote = Some(char),
                '*' | '?' | ',' | ':' => return false,
                '.' if previous == '.' => return false,
                _ => {}
            },
        }
        // Two backslashes are one character, and escape nothing after them.
        previous = if char == '\\' && previous == '\\' { ' ' } else { char };
    }
    true
}

/// The one XPath shape that logins need: `string(//input[@name='csrf']/@value)`.
#[derive(Clone, Debug)]
pub(super) struct XPath {
    element: Regex,
    wanted: Regex,
    condition: Option<(Regex, String)>,
}

impl XPath {
    pub fn parse(expression: &str) -> Option<Self> {
        let shape = Regex::new(
            r#"^\s*(?:string|normalize-space)\(\s*//([A-Za-z][A-Za-z0-9-]*)(?:\[@([A-Za-z_:][\w:.-]*)\s*=\s*(?:'([^']*)'|"([^"]*)")\])?/@([A-Za-z_:][\w:.-]*)\s*\)\s*$"#,
        )
        .ok()?;
        let parts = shape.captures(expression)?;
        let part = |index| parts.get(index).map(|found| found.as_str());
        let condition = match part(2) {
            Some(name) => Some((attribute(name)?, part(3).or(part(4))?.to_string())),
            None => None,
        };
        let element =
            Regex::new(&format!(r#"(?is)<{}((?:\s+(?:[^<>"']|"[^"]*"|'[^']*')*)?)>"#, regex::escape(part(1)?))).ok()?;
        Some(XPath { element, wanted: attribute(part(5)?)?, condition })
    }

    fn find(&self, html: &str) -> Option<String> {
        self.element.captures_iter(html).filter_map(|tag| tag.get(1).map(|attributes| attributes.as_str())).find_map(
            |tag| {
                let fits =
                    self.condition.as_ref().is_none_or(|(name, wanted)| value_of(name, tag).as_ref() == Some(wanted));
                fits.then(|| value_of(&self.wanted, tag)).flatten()
            },
        )
    }
}

fn attribute(name: &str) -> Option<Regex> {
    Regex::new(&format!(r#"(?is)(?:^|\s){}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))"#, regex::escape(name))).ok()
}

fn value_of(attribute: &Regex, tag: &str) -> Option<String> {
    let found = attribute.captures(tag)?;
    let value = found.get(1).or_else(|| found.get(2)).or_else(|| found.get(3))?;
    Some(html_unescape(value.as_str()))
}
