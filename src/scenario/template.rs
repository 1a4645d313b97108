//! Text with `{{variables}}`, and the variables.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::location::Span;

use super::cursor::{Cursor, Parsed};
use super::filter::{self, Filter};
use super::value::{Value, plain};

/// Text, cut at its `{{…}}`.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Expression(Expression, Form),
}

/// `{{name}}`, `{{name urlEncode}}`.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    name: String,
    filters: Vec<Filter>,
    span: Span,
}

/// How a value is put into its surroundings.
#[derive(Clone, Copy, Debug)]
enum Form {
    Plain,
    /// Within a string of a JSON body: escaped.
    JsonString,
    /// As a value of a JSON body: `null`, `3`, `"a"`.
    JsonValue,
}

impl Template {
    pub fn push(&mut self, char: char) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(char),
            _ => self.pieces.push(Piece::Text(char.to_string())),
        }
    }

    pub fn push_expression(&mut self, expression: Expression) {
        self.pieces.push(Piece::Expression(expression, Form::Plain));
    }

    pub fn push_json(&mut self, expression: Expression, in_string: bool) {
        self.pieces.push(Piece::Expression(expression, if in_string { Form::JsonString } else { Form::JsonValue }));
    }

    pub fn of(text: &str) -> Self {
        Template { pieces: vec![Piece::Text(text.to_string())] }
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.is_empty()))
    }

    /// The text, when there is nothing to fill in.
    pub fn fixed(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Blanks at the end belong to the line, not to the value.
    pub fn trim_end(mut self) -> Self {
        if let Some(Piece::Text(text)) = self.pieces.last_mut() {
            text.truncate(text.trim_end_matches([' ', '\t', '\r']).len());
        }
        self
    }

    /// As written: `/users/{{id}}`.
    pub fn source(&self) -> String {
        let show = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Expression(expression, _) => format!("{{{{{}}}}}", expression.name),
        };
        self.pieces.iter().map(show).collect()
    }

    pub fn names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Expression(expression, _) => Some((expression.name.as_str(), expression.span)),
            Piece::Text(_) => None,
        })
    }

    /// The value of a template that is one `{{expression}}`, with its type.
    pub fn typed(&self, variables: &mut Variables) -> Result<Json, String> {
        match self.pieces.as_slice() {
            [Piece::Expression(expression, Form::Plain)] => expression.evaluate(variables),
            _ => self.render(variables).map(Json::String),
        }
    }

    /// The text with every variable filled in; `Err` says which one is missing.
    pub fn render(&self, variables: &mut Variables) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(fixed) => text.push_str(fixed),
                Piece::Expression(expression, form) => text.push_str(&form.show(&expression.evaluate(variables)?)),
            }
        }
        Ok(text)
    }
}

impl Form {
    fn show(self, value: &Json) -> String {
        match self {
            Form::Plain => plain(value),
            Form::JsonValue => value.to_string(),
            Form::JsonString => {
                let quoted = Json::String(plain(value)).to_string();
                quoted[1..quoted.len() - 1].to_string()
            }
        }
    }
}

impl Expression {
    pub fn into_template(self) -> Template {
        Template { pieces: vec![Piece::Expression(self, Form::Plain)] }
    }

    /// The value, with its type.
    pub fn evaluate(&self, variables: &mut Variables) -> Result<Json, String> {
        let value = variables.value(&self.name).ok_or_else(|| format!("variable `{}` is not defined", self.name))?;
        let value = filter::apply_all(&self.filters, Value::Json(value), variables)?;
        match value {
            Some(Value::Json(json)) => Ok(json),
            Some(Value::Bytes(bytes)) => Ok(Json::String(String::from_utf8_lossy(&bytes).into_owned())),
            None => Err(format!("a filter of `{}` found nothing", self.name)),
        }
    }

    /// Parses behind `{{` to behind `}}`.
    pub fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        cursor.skip_spaces();
        let mark = cursor.mark();
        let name = variable_name(cursor)?;
        let span = cursor.span_since(mark);
        let mut filters = Vec::new();
        loop {
            cursor.skip_spaces();
            if cursor.eat("}}") {
                return Ok(Expression { name, filters, span });
            }
            match filter::parse(cursor)? {
                Some(filter) => filters.push(filter),
                None => {
                    return Err(cursor.fault("expected `}}`").help("A template is `{{name}}` or `{{name filter}}`."));
                }
            }
        }
    }
}

/// `[A-Za-z][A-Za-z0-9_-]*`.
pub(super) fn variable_name(cursor: &mut Cursor) -> Parsed<String> {
    if !cursor.peek().is_some_and(|char| char.is_ascii_alphabetic()) {
        return Err(cursor.fault("expected the name of a variable").help("Names begin with a letter: `{{token}}`."));
    }
    Ok(cursor.take_while(|char| char.is_ascii_alphanumeric() || char == '_' || char == '-'))
}

/// What one user knows: what the tool gave, what options defined and what captures kept.
#[derive(Clone, Debug)]
pub struct Variables {
    values: BTreeMap<String, Json>,
    random: fastrand::Rng,
    now: String,
    /// Tokens that this user wrote, with the key of the set.
    pub(super) written: Vec<(String, String)>,
}

impl Variables {
    /// What every user has; the last two are Hurl's functions.
    pub const BUILT_IN: &'static [&'static str] = &["base", "vu", "iteration", "run_id", "token", "newUuid", "newDate"];

    /// No variables yet; `seed` decides what `newUuid` gives.
    pub fn new(seed: u64) -> Self {
        Variables {
            values: BTreeMap::new(),
            random: fastrand::Rng::with_seed(seed),
            now: String::new(),
            written: Vec::new(),
        }
    }

    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Json>) {
        self.values.insert(name.into(), value.into());
    }

    /// What `newDate` gives from now on, as RFC 3339 in UTC.
    pub fn set_now(&mut self, now: impl Into<String>) {
        self.now = now.into();
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.values.get(name)
    }

    /// The variable or the function of that name. Hurl lets a function win over a variable.
    pub(super) fn value(&mut self, name: &str) -> Option<Json> {
        match name {
            "newUuid" => Some(Json::String(self.new_uuid())),
            "newDate" => Some(Json::String(self.now.clone())),
            _ => self.values.get(name).cloned(),
        }
    }

    /// A version 4 UUID (RFC 9562, section 5.4).
    fn new_uuid(&mut self) -> String {
        let bits = (self.random.u128(..) & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
        let hex = format!("{bits:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}
