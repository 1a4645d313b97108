//! A template and its values to text, each part of which knows where it comes from.
//!
//! Meant to give what `helm template` gives with the values of the chart, as far as manifests need it; what it cannot do it says.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::functions;
use super::parse::{self, Branch, Node, Pipe, Term};
use super::value::{Data, Value};
use crate::model::location::Location;

/// Terms and nodes that one template may have evaluated.
const MAX_STEPS: u32 = 200_000;
/// Bytes of text that one template may make, on the way as well.
const MAX_BYTES: usize = 8_000_000;
/// Templates within templates go no deeper.
const MAX_DEPTH: u32 = 30;
/// Nodes of a value that `set` copies.
const MAX_COPY: u32 = 20_000;
/// How deep the nodes of such a value may nest.
const MAX_LEVELS: u8 = 80;

/// Text with its origins, in the order of the text.
#[derive(Default)]
pub(super) struct Output {
    pub text: String,
    pub parts: Vec<Part>,
}

/// Where the text from a byte on comes from.
pub(super) struct Part {
    pub start: usize,
    pub from: From,
}

pub(super) enum From {
    /// Text of the template from this byte on.
    Text(usize),
    /// What this action of the template gave, and where the values have it.
    Action(Range<usize>, Option<Location>),
}

/// A named template with the source that its text is cut from.
#[derive(Clone)]
pub(super) struct Defined {
    pub source: Rc<str>,
    pub body: Rc<Vec<Node>>,
}

pub(super) struct Renderer {
    pub defined: HashMap<Rc<str>, Defined>,
    /// What `$` is at the beginning: `Values`, `Chart`, `Release` and so on.
    pub root: Value,
    steps: u32,
    bytes: usize,
    depth: u32,
}

/// The variables of a template, `$` first, and what `.` is.
#[derive(Clone)]
struct Scope {
    dot: Value,
    variables: Vec<(Rc<str>, Value)>,
}

impl Scope {
    fn new(dot: Value) -> Self {
        Scope { variables: vec![("$".into(), dot.clone())], dot }
    }
}

impl Renderer {
    pub fn new(defined: HashMap<Rc<str>, Defined>, root: Value) -> Self {
        Renderer { defined, root, steps: 0, bytes: 0, depth: 0 }
    }

    /// The text that the nodes of `source` give, or what stands in the way and at which bytes.
    pub fn render(&mut self, nodes: &[Node], source: &str) -> Result<Output, (String, Range<usize>)> {
        let mut scope = Scope::new(self.root.clone());
        let mut out = Output::default();
        let mut at = 0..0;
        self.nodes(nodes, source, &mut scope, &mut out, &mut at).map(|()| out).map_err(|message| (message, at))
    }

    /// `at` is set to each action of the source before it is evaluated.
    fn nodes(
        &mut self,
        nodes: &[Node],
        source: &str,
        scope: &mut Scope,
        out: &mut Output,
        at: &mut Range<usize>,
    ) -> Result<(), String> {
        let known = scope.variables.len();
        for node in nodes {
            self.step()?;
            match node {
                Node::Text(range) => {
                    out.parts.push(Part { start: out.text.len(), from: From::Text(range.start) });
                    let text = source.get(range.clone()).unwrap_or_default();
                    self.charge(text.len())?;
                    out.text.push_str(text);
                }
                Node::Action { pipe, at: range } => {
                    *at = range.clone();
                    let value = self.pipe(pipe, scope)?;
                    if pipe.variables.is_empty() {
                        out.parts
                            .push(Part { start: out.text.len(), from: From::Action(range.clone(), value.at.clone()) });
                        let text = value.text();
                        self.charge(text.len())?;
                        out.text.push_str(&text);
                    }
                }
                Node::If(branches) | Node::With(branches) => {
                    let is_with = matches!(node, Node::With(_));
                    self.branches(branches, is_with, source, scope, out, at)?;
                }
                Node::Range { pipe, body, otherwise } => {
                    let value = self.commands(pipe, scope)?;
                    let pairs = pairs(&value);
                    if pairs.is_empty() {
                        self.nodes(otherwise, source, scope, out, at)?;
                    }
                    for (key, value) in pairs {
                        let mut inner = scope.clone();
                        match pipe.variables.as_slice() {
                            [one] => inner.variables.push((one.clone(), value.clone())),
                            [first, second, ..] => {
                                inner.variables.push((first.clone(), key));
                                inner.variables.push((second.clone(), value.clone()));
                            }
                            [] => {}
                        }
                        inner.dot = value;
                        self.nodes(body, source, &mut inner, out, at)?;
                        keep(scope, &inner);
                    }
                }
            }
        }
        scope.variables.truncate(known);
        Ok(())
    }

    fn branches(
        &mut self,
        branches: &[Branch],
        is_with: bool,
        source: &str,
        scope: &mut Scope,
        out: &mut Output,
        at: &mut Range<usize>,
    ) -> Result<(), String> {
        let known = scope.variables.len();
        for (condition, body) in branches {
            let value = condition.as_ref().map(|pipe| self.pipe(pipe, scope)).transpose()?;
            if value.as_ref().is_none_or(Value::is_true) {
                let mut inner = scope.clone();
                if let Some(value) = value.filter(|_| is_with) {
                    inner.dot = value;
                }
                self.nodes(body, source, &mut inner, out, at)?;
                keep(scope, &inner);
                break;
            }
        }
        scope.variables.truncate(known);
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, scope: &mut Scope) -> Result<Value, String> {
        let value = self.commands(pipe, scope)?;
        if let [name] = pipe.variables.as_slice() {
            let known = scope.variables.iter_mut().rev().find(|(known, _)| known == name).filter(|_| pipe.assigns);
            match known {
                Some((_, known)) => *known = value.clone(),
                None => scope.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    /// The value of a pipe, without its variables.
    fn commands(&mut self, pipe: &Pipe, scope: &mut Scope) -> Result<Value, String> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, value, scope)?);
        }
        Ok(value.unwrap_or_else(Value::null))
    }

    fn command(&mut self, terms: &[Term], last: Option<Value>, scope: &mut Scope) -> Result<Value, String> {
        self.step()?;
        let Some((first, rest)) = terms.split_first() else { return Ok(last.unwrap_or_else(Value::null)) };
        let is_called = !rest.is_empty() || last.is_some();
        let name = match first {
            Term::Function(name) => name.clone(),
            // `.Capabilities.APIVersions.Has "policy/v1"`, `.Files.Get "x"`.
            Term::Field(_, names) if is_called => names.last().cloned().unwrap_or_else(|| "".into()),
            _ if is_called => return Err("a value is called like a function".into()),
            _ => return self.term(first, scope),
        };
        let mut arguments = rest.iter().map(|term| self.term(term, scope)).collect::<Result<Vec<_>, _>>()?;
        arguments.extend(last);
        let value = self.call(&name, &arguments)?;
        if let Data::Text(text) = &value.data {
            self.charge(text.len())?;
        }
        Ok(value)
    }

    fn term(&mut self, term: &Term, scope: &mut Scope) -> Result<Value, String> {
        self.step()?;
        Ok(match term {
            Term::Dot => scope.dot.clone(),
            Term::Literal(value) => value.clone(),
            Term::Variable(name) => {
                let known = scope.variables.iter().rev().find(|(known, _)| known == name);
                known.ok_or_else(|| format!("the variable `{name}` is not defined"))?.1.clone()
            }
            Term::Function(name) => self.call(&name.clone(), &[])?,
            Term::Pipe(pipe) => self.pipe(pipe, scope)?,
            Term::Field(term, names) => {
                let value = self.term(term, scope)?;
                names.iter().fold(value, |value, name| value.get(name))
            }
        })
    }

    fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, String> {
        let argument = |index: usize| arguments.get(index).cloned().unwrap_or_else(Value::null);
        match name {
            "include" => self.include(&argument(0).text(), argument(1)),
            "tpl" => self.template_text(&argument(0), argument(1)),
            "required" => Ok(argument(1)),
            "fail" => Err(format!("the chart refuses its own values: {}", argument(0).text())),
            "set" => {
                let (map, key) = (argument(0), argument(1).text());
                let mut budget = MAX_COPY;
                let value = argument(2).copy(&mut budget, MAX_LEVELS).ok_or("a value grows too large")?;
                self.steps = self.steps.saturating_add(MAX_COPY - budget);
                let fields = map.fields().ok_or("`set` changes a mapping, and this is none")?;
                fields.borrow_mut().insert(key.into(), value);
                Ok(map)
            }
            _ => functions::call(name, arguments)
                .unwrap_or_else(|| Err(format!("the function `{name}` is not known here"))),
        }
    }

    fn include(&mut self, name: &str, dot: Value) -> Result<Value, String> {
        let Some(defined) = self.defined.get(name).cloned() else {
            let known = super::library::include(name, &dot, &self.root);
            return match known {
                Some(super::library::Known::Value(value)) => Ok(value),
                Some(super::library::Known::Render(value)) => self.template_text(&value, dot.get("context")),
                None => Err(format!("the template `{name}` is not in the files of this chart that are looked at")),
            };
        };
        self.nested(|renderer| {
            let mut out = Output::default();
            renderer.nodes(&defined.body, &defined.source, &mut Scope::new(dot), &mut out, &mut (0..0))?;
            Ok(out.text.into())
        })
    }

    /// A value whose text is a template itself.
    fn template_text(&mut self, value: &Value, dot: Value) -> Result<Value, String> {
        let text = match &value.data {
            Data::Text(text) => text.clone(),
            _ => value.yaml().into(),
        };
        if !text.contains("{{") {
            return Ok(match value.data {
                Data::Text(_) => value.clone(),
                _ => Data::Text(text).into(),
            });
        }
        let template = parse::parse(&text).map_err(|(message, _)| format!("a value that is a template: {message}"))?;
        self.nested(|renderer| {
            let mut out = Output::default();
            renderer.nodes(&template.body, &text, &mut Scope::new(dot), &mut out, &mut (0..0))?;
            Ok(out.text.into())
        })
    }

    fn nested(&mut self, render: impl FnOnce(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("templates within templates go deeper than {MAX_DEPTH}"));
        }
        self.depth += 1;
        let value = render(self);
        self.depth -= 1;
        value
    }

    fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.steps < MAX_STEPS { Ok(()) } else { Err(format!("it takes more than {MAX_STEPS} steps")) }
    }

    fn charge(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes;
        if self.bytes < MAX_BYTES { Ok(()) } else { Err(format!("it makes more than {MAX_BYTES} bytes of text")) }
    }
}

/// Variables of the outer scope that the inner one has changed.
fn keep(scope: &mut Scope, inner: &Scope) {
    let known = scope.variables.len();
    scope.variables.clone_from_slice(&inner.variables[..known]);
}

/// What `range` goes over: keys or numbers, with values.
fn pairs(value: &Value) -> Vec<(Value, Value)> {
    match &value.data {
        Data::List(items) => items.iter().zip(0i64..).map(|(item, index)| (index.into(), item.clone())).collect(),
        Data::Map(fields) => {
            let fields = fields.borrow();
            fields.iter().map(|(key, value)| (Value::from(&**key), value.clone())).collect()
        }
        Data::Integer(number) => (0..(*number).clamp(0, 1_000)).map(|index| (index.into(), index.into())).collect(),
        _ => Vec::new(),
    }
}
