//! What a chart's values and its templates are made of.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::model::fact::Value as Plain;
use crate::model::location::Location;
use crate::source::settings;
use crate::source::yaml::{Content, Node};

/// A mapping. `set` changes it in place, as the templates' language has it.
pub(super) type Fields = Rc<RefCell<BTreeMap<Rc<str>, Value>>>;

#[derive(Clone, Debug)]
pub(super) struct Value {
    pub data: Data,
    /// Where the values have it.
    pub at: Option<Location>,
    /// How many collections lie within one another.
    depth: u8,
}

/// Collections that nest deeper are nothing: no chart has them, and each would cost a stack.
const MAX_DEPTH: u8 = 80;

#[derive(Clone, Debug)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Rc<str>),
    List(Rc<Vec<Value>>),
    Map(Fields),
}

impl From<Data> for Value {
    fn from(data: Data) -> Self {
        Value { data, at: None, depth: 0 }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Data::Bool(value).into()
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Data::Integer(value).into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Data::Text(text.into()).into()
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Data::Text(text.into()).into()
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        let depth = deepest(items.iter());
        Value::nested(Data::List(Rc::new(items)), depth)
    }
}

fn deepest<'v>(values: impl Iterator<Item = &'v Value>) -> u8 {
    values.map(|value| value.depth).max().unwrap_or(0).saturating_add(1)
}

impl Value {
    pub fn null() -> Self {
        Data::Null.into()
    }

    pub fn map(fields: impl IntoIterator<Item = (Rc<str>, Value)>) -> Self {
        let fields: BTreeMap<_, _> = fields.into_iter().collect();
        let depth = deepest(fields.values());
        Value::nested(Data::Map(Rc::new(RefCell::new(fields))), depth)
    }

    fn nested(data: Data, depth: u8) -> Self {
        let data = if depth > MAX_DEPTH { Data::Null } else { data };
        Value { data, at: None, depth: depth.min(MAX_DEPTH) }
    }

    /// A node of YAML; `path` is the file that it is of, if any.
    pub fn of(node: &Node, path: Option<&Arc<str>>) -> Self {
        let data = match &node.content {
            Content::Mapping(mapping) => {
                return Value::map(
                    mapping.entries.iter().map(|it| (it.key.as_str().into(), Value::of(&it.value, path))),
                );
            }
            Content::Sequence(items) => {
                return items.iter().map(|item| Value::of(item, path)).collect::<Vec<_>>().into();
            }
            Content::Scalar { text, plain: false } => Data::Text(text.as_str().into()),
            Content::Scalar { text, plain: true } => match settings::plain(text) {
                Plain::Null => Data::Null,
                Plain::Bool(value) => Data::Bool(value),
                Plain::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => Data::Integer(number as i64),
                Plain::Number(number) => Data::Float(number),
                _ => Data::Text(text.as_str().into()),
            },
            Content::Unresolved => Data::Null,
        };
        Value { at: path.map(|path| Location::new(Arc::clone(path), node.span)), ..data.into() }
    }

    /// The same at another place.
    pub fn at(self, at: Option<Location>) -> Self {
        Value { at, ..self }
    }

    pub fn get(&self, key: &str) -> Value {
        match &self.data {
            Data::Map(fields) => fields.borrow().get(key).cloned().unwrap_or_else(Value::null),
            _ => Value::null(),
        }
    }

    pub fn fields(&self) -> Option<&Fields> {
        if let Data::Map(fields) = &self.data { Some(fields) } else { None }
    }

    pub fn items(&self) -> &[Value] {
        if let Data::List(items) = &self.data { items } else { &[] }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// Neither nothing, nor false, zero or empty.
    pub fn is_true(&self) -> bool {
        match &self.data {
            Data::Null => false,
            Data::Bool(value) => *value,
            Data::Integer(value) => *value != 0,
            Data::Float(value) => *value != 0.0,
            Data::Text(text) => !text.is_empty(),
            Data::List(items) => !items.is_empty(),
            Data::Map(fields) => !fields.borrow().is_empty(),
        }
    }

    /// How it is written out; nothing is an empty text.
    pub fn text(&self) -> String {
        match &self.data {
            Data::Null => String::new(),
            Data::Bool(value) => value.to_string(),
            Data::Integer(value) => value.to_string(),
            Data::Float(value) => value.to_string(),
            Data::Text(text) => text.to_string(),
            Data::List(_) | Data::Map(_) => self.yaml().replace('\n', " "),
        }
    }

    pub fn integer(&self) -> i64 {
        match &self.data {
            Data::Integer(value) => *value,
            Data::Float(value) => *value as i64,
            Data::Bool(value) => i64::from(*value),
            Data::Text(text) => text.trim().parse().unwrap_or(0),
            _ => 0,
        }
    }

    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "invalid",
            Data::Bool(_) => "bool",
            Data::Integer(_) => "int64",
            Data::Float(_) => "float64",
            Data::Text(_) => "string",
            Data::List(_) => "slice",
            Data::Map(_) => "map",
        }
    }

    pub fn is_equal(&self, other: &Value) -> bool {
        match (&self.data, &other.data) {
            (Data::Map(_) | Data::List(_), _) => self.yaml() == other.yaml() && self.kind() == other.kind(),
            (Data::Integer(one), Data::Float(other)) | (Data::Float(other), Data::Integer(one)) => {
                *one as f64 == *other
            }
            _ => self.kind() == other.kind() && self.text() == other.text(),
        }
    }

    /// A copy that shares nothing that can change; `budget` is how many nodes it may have, `levels` how deep they may nest.
    pub fn copy(&self, budget: &mut u32, levels: u8) -> Option<Value> {
        *budget = budget.checked_sub(1)?;
        let levels = levels.checked_sub(1)?;
        Some(match &self.data {
            Data::List(items) => items.iter().map(|item| item.copy(budget, levels)).collect::<Option<Vec<_>>>()?.into(),
            Data::Map(fields) => {
                let fields = fields.borrow();
                let copied = fields.iter().map(|(key, value)| Some((key.clone(), value.copy(budget, levels)?)));
                Value::map(copied.collect::<Option<Vec<_>>>()?)
            }
            _ => self.clone(),
        })
    }

    /// As YAML, without a last line break.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match &self.data {
            Data::Map(fields) if !fields.borrow().is_empty() => {
                for (index, (key, value)) in fields.borrow().iter().enumerate() {
                    if index > 0 {
                        out.push('\n');
                        out.push_str(&indent);
                    }
                    out.push_str(&quoted(key));
                    out.push(':');
                    value.write_below(out, depth);
                }
            }
            Data::List(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push('\n');
                        out.push_str(&indent);
                    }
                    out.push_str("- ");
                    item.write(out, depth + 1);
                }
            }
            Data::Map(_) => out.push_str("{}"),
            Data::List(_) => out.push_str("[]"),
            Data::Null => out.push_str("null"),
            Data::Text(text) => out.push_str(&quoted(text)),
            _ => out.push_str(&self.text()),
        }
    }

    fn write_below(&self, out: &mut String, depth: usize) {
        let is_block = match &self.data {
            Data::Map(fields) => !fields.borrow().is_empty(),
            Data::List(items) => !items.is_empty(),
            _ => false,
        };
        if is_block {
            out.push('\n');
            out.push_str(&"  ".repeat(depth + 1));
            self.write(out, depth + 1);
        } else {
            out.push(' ');
            self.write(out, depth);
        }
    }
}

/// A text as YAML reads it back: in quotes where it is not plainly a text.
fn quoted(text: &str) -> String {
    let is_word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '/' | '-');
    let is_plain = !text.is_empty()
        && text.chars().all(is_word)
        && !text.starts_with(['-', '.'])
        && matches!(settings::plain(text), Plain::Text(_))
        && !matches!(text.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off");
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
