//! Go's templates as a tree. Syntax: <https://pkg.go.dev/text/template>.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::value::{Data, Value};

/// Blocks and parentheses nest no deeper.
const MAX_DEPTH: usize = 60;

#[derive(Debug)]
pub(super) enum Node {
    /// Bytes of the source.
    Text(Range<usize>),
    Action {
        pipe: Pipe,
        at: Range<usize>,
    },
    /// The first whose condition is true; the last may have none.
    If(Vec<Branch>),
    With(Vec<Branch>),
    Range {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// What is there under a condition; only a last `else` has none.
pub(super) type Branch = (Option<Pipe>, Vec<Node>);

#[derive(Debug, Default)]
pub(super) struct Pipe {
    /// `$x :=`, `$key, $value :=`.
    pub variables: Vec<Rc<str>>,
    /// `$x =` changes a variable that is there.
    pub assigns: bool,
    pub commands: Vec<Vec<Term>>,
}

#[derive(Debug)]
pub(super) enum Term {
    Dot,
    Variable(Rc<str>),
    Literal(Value),
    Function(Rc<str>),
    Pipe(Box<Pipe>),
    Field(Box<Term>, Vec<Rc<str>>),
}

#[derive(Debug, Default)]
pub(super) struct Template {
    pub body: Vec<Node>,
    /// `{{ define "name" }}`.
    pub defined: HashMap<Rc<str>, Rc<Vec<Node>>>,
}

/// What is wrong, and at which byte.
pub(super) type Fault = (String, usize);

pub(super) fn parse(source: &str) -> Result<Template, Fault> {
    let mut parser = Parser { source, at: 0, trims: false, template: Template::default() };
    let (body, end) = parser.nodes(0)?;
    if let Some(word) = end {
        return Err((format!("`{{{{ {word} }}}}` ends nothing that was begun"), parser.at));
    }
    parser.template.body = body;
    Ok(parser.template)
}

struct Parser<'s> {
    source: &'s str,
    at: usize,
    /// The action before trims the blanks behind it.
    trims: bool,
    template: Template,
}

/// What ends a list of nodes: `end`, or an `else` with what follows it.
type End = Option<&'static str>;

impl<'s> Parser<'s> {
    fn nodes(&mut self, depth: usize) -> Result<(Vec<Node>, End), Fault> {
        if depth > MAX_DEPTH {
            return Err((format!("nested deeper than {MAX_DEPTH} levels"), self.at));
        }
        let mut nodes = Vec::new();
        loop {
            let rest = &self.source[self.at..];
            let Some(begin) = rest.find("{{") else {
                self.text(self.source.len(), false, &mut nodes);
                self.at = self.source.len();
                return Ok((nodes, None));
            };
            let open = self.at + begin;
            let trims_before = self.source[open + 2..].starts_with('-')
                && self.source[open + 3..].starts_with(|next: char| next.is_whitespace() || next == '/');
            self.text(open, trims_before, &mut nodes);
            self.at = open + 2 + usize::from(trims_before);
            self.blanks();
            if self.comment()? {
                continue;
            }
            let word = self.word().to_owned();
            match word.as_str() {
                "end" | "else" => {
                    self.at += word.len();
                    let end = if word == "end" { "end" } else { "else" };
                    if end == "end" {
                        self.close(open)?;
                    }
                    return Ok((nodes, Some(end)));
                }
                "if" | "with" => {
                    self.at += word.len();
                    let branches = self.branches(&word, open, depth)?;
                    nodes.push(if word == "if" { Node::If(branches) } else { Node::With(branches) });
                }
                "range" => {
                    self.at += word.len();
                    nodes.push(self.range(open, depth)?);
                }
                "define" | "block" => {
                    self.at += word.len();
                    let node = self.define(&word, open, depth)?;
                    nodes.extend(node);
                }
                "template" => {
                    self.at += word.len();
                    let mut terms = vec![Term::Function("include".into())];
                    terms.extend(self.terms(depth)?);
                    let at = open..self.close(open)?;
                    nodes.push(Node::Action { pipe: Pipe { commands: vec![terms], ..Pipe::default() }, at });
                }
                "break" | "continue" => return Err((format!("`{word}` is not understood"), self.at)),
                _ => {
                    let pipe = self.pipe(depth)?;
                    let at = open..self.close(open)?;
                    nodes.push(Node::Action { pipe, at });
                }
            }
        }
    }

    fn text(&mut self, end: usize, trims_end: bool, nodes: &mut Vec<Node>) {
        let mut text = &self.source[self.at..end];
        let mut start = self.at;
        if std::mem::take(&mut self.trims) {
            let trimmed = text.trim_start();
            start += text.len() - trimmed.len();
            text = trimmed;
        }
        let length = if trims_end { text.trim_end().len() } else { text.len() };
        if length > 0 {
            nodes.push(Node::Text(start..start + length));
        }
    }

    /// `if a … else if b … else … end`.
    fn branches(&mut self, word: &str, open: usize, depth: usize) -> Result<Vec<Branch>, Fault> {
        let mut branches = Vec::new();
        let mut condition = Some(self.pipe(depth)?);
        self.close(open)?;
        loop {
            let (body, end) = self.nodes(depth + 1)?;
            branches.push((condition.take(), body));
            match end {
                Some("end") => return Ok(branches),
                Some(_) => {
                    self.blanks();
                    if self.word() == word {
                        self.at += word.len();
                        condition = Some(self.pipe(depth)?);
                    }
                    self.close(open)?;
                }
                None => return Err((format!("`{word}` has no `end`"), open)),
            }
        }
    }

    fn range(&mut self, open: usize, depth: usize) -> Result<Node, Fault> {
        let pipe = self.pipe(depth)?;
        self.close(open)?;
        let (body, mut end) = self.nodes(depth + 1)?;
        let mut otherwise = Vec::new();
        if end == Some("else") {
            self.close(open)?;
            (otherwise, end) = self.nodes(depth + 1)?;
        }
        match end {
            Some("end") => Ok(Node::Range { pipe, body, otherwise }),
            _ => Err(("`range` has no `end`".into(), open)),
        }
    }

    fn define(&mut self, word: &str, open: usize, depth: usize) -> Result<Option<Node>, Fault> {
        self.blanks();
        let Some(Term::Literal(name)) = self.term(depth)? else {
            return Err((format!("`{word}` needs a name"), open));
        };
        let argument = if word == "block" { self.terms(depth)? } else { Vec::new() };
        self.close(open)?;
        let (body, end) = self.nodes(depth + 1)?;
        if end != Some("end") {
            return Err((format!("`{word}` has no `end`"), open));
        }
        let name: Rc<str> = name.text().into();
        self.template.defined.insert(name.clone(), Rc::new(body));
        let mut terms = vec![Term::Function("include".into()), Term::Literal(Data::Text(name).into())];
        terms.extend(argument);
        let pipe = Pipe { commands: vec![terms], ..Pipe::default() };
        Ok((word == "block").then_some(Node::Action { pipe, at: open..self.at }))
    }

    /// The `}}` that ends an action; gives the byte behind it.
    fn close(&mut self, open: usize) -> Result<usize, Fault> {
        self.blanks();
        let rest = &self.source[self.at..];
        self.trims = rest.starts_with("-}}");
        let length = if self.trims { 3 } else { 2 };
        if !self.trims && !rest.starts_with("}}") {
            return Err(("this is not understood".into(), if rest.is_empty() { open } else { self.at }));
        }
        self.at += length;
        Ok(self.at)
    }

    fn comment(&mut self) -> Result<bool, Fault> {
        if !self.source[self.at..].starts_with("/*") {
            return Ok(false);
        }
        let open = self.at;
        let Some(end) = self.source[self.at..].find("*/") else {
            return Err(("this comment has no end".into(), open));
        };
        self.at += end + 2;
        self.close(open)?;
        Ok(true)
    }

    fn pipe(&mut self, depth: usize) -> Result<Pipe, Fault> {
        let mut pipe = Pipe::default();
        let start = self.at;
        // `$a, $b :=` is told from a use of `$a` by what follows.
        let mut names = Vec::new();
        loop {
            self.blanks();
            if !self.source[self.at..].starts_with('$') {
                break;
            }
            self.at += 1;
            names.push(Rc::from(format!("${}", self.take_word())));
            self.blanks();
            let rest = &self.source[self.at..];
            if rest.starts_with(":=") || rest.starts_with('=') {
                pipe.assigns = rest.starts_with('=');
                self.at += if pipe.assigns { 1 } else { 2 };
                pipe.variables = std::mem::take(&mut names);
                break;
            }
            if !rest.starts_with(',') {
                break;
            }
            self.at += 1;
        }
        if pipe.variables.is_empty() {
            self.at = start;
        }
        loop {
            let terms = self.terms(depth)?;
            if terms.is_empty() {
                return Err(("something is missing here".into(), self.at));
            }
            pipe.commands.push(terms);
            self.blanks();
            if !self.source[self.at..].starts_with('|') {
                return Ok(pipe);
            }
            self.at += 1;
        }
    }

    fn terms(&mut self, depth: usize) -> Result<Vec<Term>, Fault> {
        let mut terms = Vec::new();
        loop {
            self.blanks();
            match self.term(depth)? {
                Some(term) => terms.push(term),
                None => return Ok(terms),
            }
        }
    }

    fn term(&mut self, depth: usize) -> Result<Option<Term>, Fault> {
        if depth > MAX_DEPTH {
            return Err((format!("nested deeper than {MAX_DEPTH} levels"), self.at));
        }
        let rest = &self.source[self.at..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let term = match first {
            '.' => {
                // The names follow, as they do behind any other term.
                if !rest[1..].starts_with(is_letter) {
                    self.at += 1;
                }
                Term::Dot
            }
            '$' => {
                self.at += 1;
                Term::Variable(format!("${}", self.take_word()).into())
            }
            '(' => {
                self.at += 1;
                let pipe = self.pipe(depth + 1)?;
                self.blanks();
                if !self.source[self.at..].starts_with(')') {
                    return Err(("a parenthesis is not closed".into(), self.at));
                }
                self.at += 1;
                Term::Pipe(Box::new(pipe))
            }
            '"' | '`' | '\'' => Term::Literal(self.string(first)?),
            '0'..='9' | '-' | '+' if first.is_ascii_digit() || rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                let length =
                    rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '.').map_or(rest.len(), |n| n + 1);
                self.at += length;
                let data = match rest[..length].parse() {
                    Ok(number) => Data::Integer(number),
                    Err(_) => Data::Float(rest[..length].parse().unwrap_or(0.0)),
                };
                Term::Literal(data.into())
            }
            _ if is_letter(first) => match self.take_word() {
                "true" => Term::Literal(true.into()),
                "false" => Term::Literal(false.into()),
                "nil" => Term::Literal(Value::null()),
                word => Term::Function(word.into()),
            },
            _ => return Ok(None),
        };
        Ok(Some(self.fields(term)))
    }

    /// `.a.b` right behind a term.
    fn fields(&mut self, term: Term) -> Term {
        let mut names = Vec::new();
        while self.source[self.at..].starts_with('.') && self.source[self.at + 1..].starts_with(is_letter) {
            self.at += 1;
            names.push(Rc::from(self.take_word()));
        }
        if names.is_empty() { term } else { Term::Field(Box::new(term), names) }
    }

    fn string(&mut self, quote: char) -> Result<Value, Fault> {
        let open = self.at;
        let mut text = String::new();
        let mut chars = self.source[self.at + 1..].char_indices();
        while let Some((index, char)) = chars.next() {
            match char {
                char if char == quote => {
                    self.at += index + 2;
                    return Ok(text.into());
                }
                '\\' if quote != '`' => match chars.next().map(|(_, char)| char) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(char) => text.push(char),
                    None => break,
                },
                char => text.push(char),
            }
        }
        Err(("this text has no end".into(), open))
    }

    fn blanks(&mut self) {
        let rest = &self.source[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn word(&self) -> &'s str {
        let rest = &self.source[self.at..];
        &rest[..rest.find(|char| !is_letter(char)).unwrap_or(rest.len())]
    }

    fn take_word(&mut self) -> &'s str {
        let word = self.word();
        self.at += word.len();
        word
    }
}

fn is_letter(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}
