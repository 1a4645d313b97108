//! Queries, captures and asserts: their syntax. <https://hurl.dev/docs/asserting-response.html>

use serde_json::Value as Json;

use super::cursor::{Cursor, Mark, Parsed};
use super::evaluate::{self, Pattern, XPath};
use super::filter::{self, Filter};
use super::template::{Expression, Template, variable_name};

/// What is taken out of a response, and the filters that it then passes.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub source: Source,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Status,
    Url,
    Header(Template),
    /// Name, and an attribute in lower case; `value` when none is written.
    Cookie(Template, String),
    Body,
    Bytes,
    JsonPath(Template),
    Regex(Pattern),
    XPath(XPath),
    Variable(String),
}

#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub name: String,
    pub query: Query,
    pub text: String,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Assert {
    pub query: Query,
    pub negated: bool,
    pub predicate: Predicate,
    pub text: String,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub(super) enum Predicate {
    Equals(Operand),
    NotEquals(Operand),
    Greater(Operand),
    GreaterOrEqual(Operand),
    Less(Operand),
    LessOrEqual(Operand),
    StartsWith(Operand),
    EndsWith(Operand),
    Contains(Operand),
    Matches(Pattern),
    Exists,
    IsEmpty,
    IsType(Type),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    String,
    Number,
    Integer,
    Float,
    Boolean,
    Collection,
    /// A list, in Hurl since 7.
    List,
    Object,
}

/// What a predicate compares with.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Fixed(Json),
    Text(Template),
    /// `{{x}}` without quotes keeps its type.
    Typed(Template),
}

impl Operand {
    pub fn template(&self) -> Option<&Template> {
        match self {
            Operand::Text(template) | Operand::Typed(template) => Some(template),
            Operand::Fixed(_) => None,
        }
    }
}

impl Query {
    pub fn templates(&self) -> Vec<&Template> {
        let mut all = match &self.source {
            Source::Header(template) | Source::Cookie(template, _) | Source::JsonPath(template) => vec![template],
            Source::Regex(pattern) => pattern.templates(),
            _ => Vec::new(),
        };
        all.extend(self.filters.iter().flat_map(Filter::templates));
        all
    }

    pub fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let source = source(cursor)?;
        let mut filters = Vec::new();
        loop {
            let mark = cursor.mark();
            if !cursor.skip_spaces() {
                break;
            }
            match filter::parse(cursor)? {
                Some(filter) => filters.push(filter),
                None => {
                    cursor.reset(mark);
                    break;
                }
            }
        }
        Ok(Query { source, filters })
    }
}

impl Assert {
    pub fn templates(&self) -> Vec<&Template> {
        let mut all = self.query.templates();
        match &self.predicate {
            Predicate::Matches(pattern) => all.extend(pattern.templates()),
            Predicate::Equals(operand)
            | Predicate::NotEquals(operand)
            | Predicate::Greater(operand)
            | Predicate::GreaterOrEqual(operand)
            | Predicate::Less(operand)
            | Predicate::LessOrEqual(operand)
            | Predicate::StartsWith(operand)
            | Predicate::EndsWith(operand)
            | Predicate::Contains(operand) => all.extend(operand.template()),
            Predicate::Exists | Predicate::IsEmpty | Predicate::IsType(_) => {}
        }
        all
    }

    pub fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let mark = cursor.mark();
        let query = Query::parse(cursor)?;
        cursor.skip_spaces();
        let before = cursor.mark();
        let negated = cursor.take_while(|char| char.is_ascii_alphabetic()) == "not";
        if negated {
            cursor.skip_spaces();
        } else {
            cursor.reset(before);
        }
        let predicate = predicate(cursor)?;
        Ok(Assert { query, negated, predicate, text: cursor.since(mark), line: mark.line() })
    }
}

impl Capture {
    /// Parses behind `name:`.
    pub fn parse(cursor: &mut Cursor, name: String, mark: Mark) -> Parsed<Self> {
        let query = Query::parse(cursor)?;
        let text = cursor.since(mark);
        let end = cursor.mark();
        cursor.skip_spaces();
        if cursor.sees("redact") {
            return Err(cursor.fault("`redact` is not supported").help("Reports never show captured values."));
        }
        cursor.reset(end);
        Ok(Capture { name, query, text, line: mark.line() })
    }
}

const QUERIES: &str = "Queries are status, url, header, cookie, body, bytes, jsonpath, regex, xpath and variable.";

fn source(cursor: &mut Cursor) -> Parsed<Source> {
    let mark = cursor.mark();
    let word = cursor.take_while(|char| char.is_ascii_alphanumeric());
    Ok(match word.as_str() {
        "status" => Source::Status,
        "url" => Source::Url,
        "header" => Source::Header(quoted(cursor)?),
        "cookie" => cookie(cursor)?,
        "body" => Source::Body,
        "bytes" => Source::Bytes,
        "jsonpath" => Source::JsonPath(evaluate::checked_path(cursor)?),
        "regex" => Source::Regex(pattern(cursor)?),
        "xpath" => Source::XPath(xpath(cursor)?),
        "variable" => variable(cursor)?,
        "duration" | "sha256" | "md5" | "certificate" | "ip" | "version" | "redirects" | "rawbytes" => {
            return Err(cursor.fault_since(mark, format!("the query `{word}` is not supported")).help(QUERIES));
        }
        _ => {
            cursor.reset(mark);
            return Err(cursor.fault("expected a query").help(QUERIES));
        }
    })
}

fn cookie(cursor: &mut Cursor) -> Parsed<Source> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let name = quoted(cursor)?;
    let Some(fixed) = name.fixed() else { return Ok(Source::Cookie(name, "value".into())) };
    let Some((cookie, rest)) = fixed.split_once('[') else { return Ok(Source::Cookie(name, "value".into())) };
    let attribute = rest.trim_end_matches(']').to_ascii_lowercase();
    let known = ["value", "expires", "max-age", "domain", "path", "secure", "httponly", "samesite"];
    if !rest.ends_with(']') || !known.contains(&attribute.as_str()) {
        return Err(cursor
            .fault_since(mark, "unknown cookie attribute")
            .help(format!("Attributes are {}.", known.join(", "))));
    }
    Ok(Source::Cookie(Template::of(cookie), attribute))
}

fn variable(cursor: &mut Cursor) -> Parsed<Source> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let name = quoted(cursor)?;
    let fixed = name.fixed().map(str::to_string);
    fixed.map(Source::Variable).ok_or_else(|| cursor.fault_since(mark, "the name of a variable holds no template"))
}

fn xpath(cursor: &mut Cursor) -> Parsed<XPath> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let expression = quoted(cursor)?;
    expression.fixed().and_then(XPath::parse).ok_or_else(|| {
        cursor.fault_since(mark, "this XPath is not supported").help(
            "Supported is one attribute of one element: string(//input[@name='csrf']/@value). A regex query can do the rest.",
        )
    })
}

fn predicate(cursor: &mut Cursor) -> Parsed<Predicate> {
    let mark = cursor.mark();
    let word = cursor.take_while(|char| char.is_ascii_alphanumeric() || "=!<>".contains(char));
    Ok(match word.as_str() {
        "==" | "equals" => Predicate::Equals(operand(cursor)?),
        "!=" | "notEquals" => Predicate::NotEquals(operand(cursor)?),
        ">" | "greaterThan" => Predicate::Greater(operand(cursor)?),
        ">=" | "greaterThanOrEquals" => Predicate::GreaterOrEqual(operand(cursor)?),
        "<" | "lessThan" => Predicate::Less(operand(cursor)?),
        "<=" | "lessThanOrEquals" => Predicate::LessOrEqual(operand(cursor)?),
        "startsWith" => Predicate::StartsWith(operand(cursor)?),
        "endsWith" => Predicate::EndsWith(operand(cursor)?),
        "contains" | "includes" => Predicate::Contains(operand(cursor)?),
        "matches" => Predicate::Matches(pattern(cursor)?),
        "exists" => Predicate::Exists,
        "isEmpty" => Predicate::IsEmpty,
        "isString" => Predicate::IsType(Type::String),
        "isNumber" => Predicate::IsType(Type::Number),
        "isInteger" => Predicate::IsType(Type::Integer),
        "isFloat" => Predicate::IsType(Type::Float),
        "isBoolean" => Predicate::IsType(Type::Boolean),
        "isCollection" => Predicate::IsType(Type::Collection),
        "isList" => Predicate::IsType(Type::List),
        "isObject" => Predicate::IsType(Type::Object),
        "isDate" | "isIsoDate" | "isIpv4" | "isIpv6" | "isUuid" => {
            return Err(cursor.fault_since(mark, format!("the predicate `{word}` is not supported")).help(PREDICATES));
        }
        _ => {
            cursor.reset(mark);
            return Err(cursor.fault("expected a filter or a predicate").help(PREDICATES));
        }
    })
}

const PREDICATES: &str = "Predicates are ==, !=, >, >=, <, <=, contains, startsWith, endsWith, matches, exists, isEmpty, \
    isString, isNumber, isInteger, isFloat, isBoolean, isCollection, isList and isObject, each with an optional `not`.";

fn operand(cursor: &mut Cursor) -> Parsed<Operand> {
    cursor.skip_spaces();
    if cursor.sees("\"") {
        return Ok(Operand::Text(quoted(cursor)?));
    }
    if cursor.sees("```") {
        return Ok(Operand::Text(super::sections::raw_block(cursor)?.0));
    }
    if cursor.sees("`") {
        return Ok(Operand::Text(one_line_string(cursor)?));
    }
    if cursor.eat("{{") {
        return Ok(Operand::Typed(Expression::parse(cursor)?.into_template()));
    }
    let mark = cursor.mark();
    let word = cursor.take_while(|char| !char.is_whitespace() && char != '#');
    match serde_json::from_str::<Json>(&word) {
        Ok(json) if !json.is_array() && !json.is_object() => Ok(Operand::Fixed(json)),
        _ => Err(cursor
            .fault_since(mark, "expected a value")
            .help("Values are \"text\", `text`, 3, 1.5, true, false, null and {{variable}}; hex, base64 and file values are not supported.")),
    }
}

/// What stands behind `variable: name=` in the options: typed when it reads as null, a boolean or a number.
pub(super) fn option_operand(cursor: &mut Cursor) -> Parsed<Operand> {
    if cursor.sees("\"") {
        return Ok(Operand::Text(quoted(cursor)?));
    }
    let template = super::sections::value_string(cursor)?;
    let fixed = template.fixed().and_then(|text| serde_json::from_str::<Json>(text).ok());
    match fixed {
        Some(json @ (Json::Null | Json::Bool(_) | Json::Number(_))) => Ok(Operand::Fixed(json)),
        _ => Ok(Operand::Text(template)),
    }
}

pub(super) fn integer(cursor: &mut Cursor) -> Parsed<i64> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let digits = cursor.take_while(|char| char.is_ascii_digit() || char == '-');
    digits.parse().map_err(|_| cursor.fault_since(mark, "expected an integer"))
}

/// `"…"` with escapes and templates.
pub(super) fn quoted(cursor: &mut Cursor) -> Parsed<Template> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    if !cursor.eat("\"") {
        return Err(cursor.fault("expected a string in double quotes"));
    }
    let mut template = Template::default();
    loop {
        if cursor.eat("{{") {
            template.push_expression(Expression::parse(cursor)?);
            continue;
        }
        match cursor.next() {
            Some('"') => return Ok(template),
            Some('\\') => template.push(escape(cursor)?),
            Some('\n') | None => {
                return Err(cursor.fault_since(mark, "this string does not end").help("Close it with `\"`."));
            }
            Some(char) => template.push(char),
        }
    }
}

/// `` `…` `` on one line.
pub(super) fn one_line_string(cursor: &mut Cursor) -> Parsed<Template> {
    let mark = cursor.mark();
    cursor.eat("`");
    let mut template = Template::default();
    loop {
        if cursor.eat("{{") {
            template.push_expression(Expression::parse(cursor)?);
            continue;
        }
        match cursor.next() {
            Some('`') => return Ok(template),
            Some('\\') => template.push(escape(cursor)?),
            Some('\n') | None => {
                return Err(cursor.fault_since(mark, "this string does not end").help("Close it with a backtick."));
            }
            Some(char) => template.push(char),
        }
    }
}

/// Behind a backslash. Hurl knows `\" \\ \b \f \n \r \t \# \: \u{…}` and, in backticks, `` \` ``.
pub(super) fn escape(cursor: &mut Cursor) -> Parsed<char> {
    let mark = cursor.mark();
    match cursor.next() {
        Some('b') => Ok('\u{8}'),
        Some('f') => Ok('\u{c}'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some(char @ ('"' | '\\' | '#' | ':' | '`' | ';' | ' ' | '{' | '/')) => Ok(char),
        Some('u') if cursor.eat("{") => {
            let hex = cursor.take_while(|char| char.is_ascii_hexdigit());
            let char = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).filter(|_| cursor.eat("}"));
            char.ok_or_else(|| cursor.fault_since(mark, "no Unicode character has this number"))
        }
        _ => Err(cursor.fault_since(mark, "unknown escape").help("Write `\\\\` for a backslash.")),
    }
}

/// `"…"` or `/…/`.
pub(super) fn pattern(cursor: &mut Cursor) -> Parsed<Pattern> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let template = if cursor.eat("/") { slashed(cursor, mark)? } else { quoted(cursor)? };
    Pattern::new(template)
        .map_err(|error| cursor.fault_since(mark, "this regular expression does not compile").help(error))
}

fn slashed(cursor: &mut Cursor, mark: Mark) -> Parsed<Template> {
    let mut text = String::new();
    loop {
        match cursor.next() {
            Some('/') => return Ok(Template::of(&text)),
            Some('\\') if cursor.sees("/") => {
                cursor.next();
                text.push('/');
            }
            Some('\\') => {
                text.push('\\');
                text.extend(cursor.next().filter(|char| *char != '\n'));
            }
            Some('\n') | None => {
                return Err(cursor
                    .fault_since(mark, "this regular expression does not end")
                    .help("Close it with `/`."));
            }
            Some(char) => text.push(char),
        }
    }
}

/// A capture's name: as in a template, so that it can be used.
pub(super) fn capture_name(cursor: &mut Cursor) -> Parsed<String> {
    let name = variable_name(cursor)?;
    cursor.skip_spaces();
    if cursor.eat(":") { Ok(name) } else { Err(cursor.fault("expected `:`").help("A capture is `name: query`.")) }
}
