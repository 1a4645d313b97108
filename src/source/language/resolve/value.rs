//! Expressions to values.

use std::borrow::Cow;

use super::super::scope::{MODULE, Role};
use super::super::tree::{Call, Form, Node, ScopeId};
use super::Program;
use crate::model::Name;
use crate::model::fact::{Argument, Shape, Value};

/// Deeper values are said to be unknown.
const VALUE_DEPTH: u32 = 6;
/// A list or an object is kept up to this many entries; longer ones are tables and no options.
const VALUE_ENTRIES: usize = 64;
/// The callee of a text that is put together.
const JOINED: &str = ".";
/// Longer texts are contents, not options.
const VALUE_TEXT: usize = 512;

impl<'a, 't> Program<'a, 't> {
    pub fn value(&self, node: &Node<'t>, scope: ScopeId) -> Value {
        self.value_within(node, scope, VALUE_DEPTH)
    }

    fn value_within(&self, node: &Node<'t>, scope: ScopeId, depth: u32) -> Value {
        let Some(inner) = depth.checked_sub(1) else { return Value::Unknown };
        let node = node.peeled();
        match &node.form {
            Form::Text(text) if text.len() <= VALUE_TEXT => Value::Text(Name::new(text)),
            Form::Number(number) => Value::Number(*number),
            Form::Bool(bool) => Value::Bool(*bool),
            Form::Null => Value::Null,
            Form::Name(name) => self.named_value(name, node, scope, inner),
            Form::Member(..) | Form::Index(..) | Form::This => match self.symbol(node, scope) {
                Some((symbol, _)) => self.environment(&symbol, None).unwrap_or(Value::Name(symbol)),
                None => Value::Unknown,
            },
            Form::Call(call) => self.call_value(node, call, scope, inner),
            Form::Function(function) => Value::Function(function.id.get()),
            Form::Class(class) => match self.bindings.classes.get(class.id.get() as usize) {
                Some(class) => Value::Name(class.symbol.clone()),
                None => Value::Unknown,
            },
            Form::List(items) => Value::List(
                items.iter().take(VALUE_ENTRIES).map(|item| self.value_within(item, scope, inner)).collect(),
            ),
            Form::Map(entries) => Value::Object(
                entries
                    .iter()
                    .take(VALUE_ENTRIES)
                    .map(|(key, value)| (Name::new(key), self.value_within(value, scope, inner)))
                    .collect(),
            ),
            Form::Joined(parts) => self.joined(parts, scope, inner),
            Form::Either(parts) => {
                let second = self.value_within(&parts[1], scope, inner);
                match self.value_within(&parts[0], scope, inner) {
                    Value::Environment { name, fallback: None } => {
                        Value::Environment { name, fallback: Some(Box::new(second)) }
                    }
                    first => Value::OneOf(vec![first, second]),
                }
            }
            Form::Choice(parts) => Value::OneOf(vec![
                self.value_within(&parts[1], scope, inner),
                self.value_within(&parts[2], scope, inner),
            ]),
            _ => Value::Unknown,
        }
    }

    /// A text as far as it is known, `sqlite:{__DIR__}/…`; where no text comes before the result of a call, a call that has the
    /// parts.
    fn joined(&self, parts: &[Node<'t>], scope: ScopeId, depth: u32) -> Value {
        let values: Vec<Value> =
            parts.iter().take(VALUE_ENTRIES).map(|part| self.value_within(part, scope, depth)).collect();
        let is_result = |value: &Value| match value {
            Value::Name(symbol) => symbol.ends_with("()"),
            value => matches!(value, Value::Call { .. }),
        };
        match values.first() {
            Some(first) if matches!(first, Value::Text(_)) || !values.iter().any(is_result) => {
                Value::Text(Name::from(values.iter().map(piece).collect::<String>()))
            }
            _ => {
                let arguments = values.into_iter().map(|value| Argument { name: None, value }).collect();
                Value::Call { callee: Name::new_static(JOINED), arguments }
            }
        }
    }

    /// A variable with one plain value is that value; anything else is a reference.
    fn named_value(&self, name: &str, node: &Node<'t>, scope: ScopeId, depth: u32) -> Value {
        let Some(id) = self.bindings.lookup(name, scope, node.start) else {
            let symbol = self.symbol(node, scope).map(|(symbol, _)| symbol);
            return Value::Name(symbol.unwrap_or_else(|| Name::new(name)));
        };
        let binding = self.binding(id);
        let (symbol, _) = self.binding_symbol(id);
        if let Some(environment) = self.environment(&symbol, None) {
            return environment;
        }
        if let (Role::Variable, 1, Some(origin)) = (&binding.role, binding.values, &binding.origin)
            && origin.steps.is_empty()
        {
            match &origin.node.peeled().form {
                Form::Text(_) | Form::Joined(_) | Form::Number(_) | Form::Bool(_) => {
                    return self.value_within(origin.node, origin.scope, depth);
                }
                Form::Function(function) if binding.scope != MODULE => return Value::Function(function.id.get()),
                // Within its own definition (`users = users || {}`), or if it changes, a name is a name.
                Form::Either(_) | Form::Choice(_) | Form::Call(_)
                    if !origin.node.contains(node)
                        && !matches!(self.shape(id), Some(Shape::Map | Shape::List | Shape::Set)) =>
                {
                    let value = self.value_within(origin.node, origin.scope, depth);
                    if matches!(value, Value::Environment { .. } | Value::OneOf(_)) {
                        return value;
                    }
                }
                _ => {}
            }
        }
        Value::Name(symbol)
    }

    fn call_value(&self, node: &Node<'t>, call: &Call<'t>, scope: ScopeId, depth: u32) -> Value {
        if let Some(module) = self.loaded_module(call, scope) {
            return Value::Name(Name::new(module));
        }
        if let Form::Member(object, method) = &call.callee.form {
            let gives = self.dialect.environment_fallbacks.contains(method);
            if (gives || self.dialect.environment_passes.contains(method))
                && let Value::Environment { name, fallback } = self.value_within(object, scope, depth)
            {
                let given = call.arguments.first().filter(|_| gives);
                let given = given.map(|(_, argument)| Box::new(self.fallback(argument, scope, depth)));
                return Value::Environment { name, fallback: fallback.or(given) };
            }
        }
        let Some((callee, _)) = self.callee(&call.callee, scope) else { return Value::Unknown };
        if self.dialect.environment_calls.contains(&callee.as_str())
            && let Some((None, name)) = call.arguments.first()
            && let Some(name) = name.text()
        {
            let fallback = call.arguments.get(1).filter(|(keyword, _)| keyword.is_none_or(|word| word == "default"));
            let fallback = fallback.map(|(_, value)| Box::new(self.value_within(value, scope, depth)));
            return Value::Environment { name: Name::new(name), fallback };
        }
        debug_assert!(matches!(node.form, Form::Call(_)));
        Value::Call { callee, arguments: self.arguments(call, scope, depth) }
    }

    /// The fallback of `unwrap_or_else(|_| x)` is what the closure gives.
    fn fallback(&self, argument: &Node<'t>, scope: ScopeId, depth: u32) -> Value {
        match &argument.form {
            Form::Function(function) => match function.body.last() {
                Some(last) => self.value_within(last, function.scope.get(), depth),
                None => Value::Unknown,
            },
            _ => self.value_within(argument, scope, depth),
        }
    }

    fn environment(&self, symbol: &str, fallback: Option<Box<Value>>) -> Option<Value> {
        let name = self.dialect.environment_objects.iter().find_map(|object| symbol.strip_prefix(object))?;
        let name = name.strip_prefix('.')?;
        (!name.contains('.')).then(|| Value::Environment { name: Name::new(name), fallback })
    }

    pub fn call_arguments(&self, call: &Call<'t>, scope: ScopeId) -> Vec<Argument> {
        self.arguments(call, scope, VALUE_DEPTH)
    }

    fn arguments(&self, call: &Call<'t>, scope: ScopeId, depth: u32) -> Vec<Argument> {
        call.arguments
            .iter()
            .take(VALUE_ENTRIES)
            .map(|(name, value)| Argument { name: name.map(Name::new), value: self.value_within(value, scope, depth) })
            .collect()
    }
}

/// A part of a text that is put together: names in braces, `…` for what has none.
fn piece(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Name(symbol) => Cow::Owned(format!("{{{}}}", symbol.trim_start_matches('~'))),
        _ => Cow::Borrowed("…"),
    }
}
