//! Rust by syn.
//!
//! What stands inside of macros is understood where it reads as expressions: `vec![…]`, `format!(…)`.

mod control;
mod depth;
mod items;
mod modules;
mod names;
mod patterns;
mod types;

use std::borrow::Cow;
use std::str::FromStr;

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::{BinOp, Expr, ExprCall, ExprMethodCall, Lit, Member, UnOp};

use super::grammar::{self, DEPTH, MARK};
use super::lines::Lines;
use super::tree::{Assign, Call, Form, Function, Node, Parameter};
use super::{Adapter, Extracted, emit};
use crate::model::fact::{Directive, FileFacts, Language};
use crate::model::problem::Problem;

pub(super) const ADAPTER: Adapter =
    Adapter { language: Language::Rust, extensions: &["rs"], extract, module_candidates: modules::module_candidates };

/// syn recurses; what [`depth::too_deep`] lets through needs less than this in an unoptimised build.
const STACK: usize = 128 << 20;

fn extract(path: &str, text: &str) -> Extracted {
    // Spans live in a map of the thread that only grows, so every file has a thread of its own.
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read(path, text));
        thread.map(|thread| thread.join())
    });
    match done {
        Ok(Ok(extracted)) => extracted,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            let facts = FileFacts::empty(path, Language::Rust);
            Extracted {
                facts,
                problems: vec![Problem::new(format!("failed to start a thread: {error}")).in_file(path)],
            }
        }
    }
}

fn read(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    let mut facts = FileFacts::empty(path, Language::Rust);
    facts.lines = lines.count();
    let problem = |problem: Problem| Extracted { facts: facts.clone(), problems: vec![problem] };
    // A first line `#!/usr/bin/env …` is no Rust; an attribute `#![…]` is.
    let base = match text.starts_with("#!") && !text[2..].trim_start().starts_with('[') {
        true => text.find('\n').unwrap_or(text.len()),
        false => 0,
    };
    let tokens = match TokenStream::from_str(&text[base..]) {
        Ok(tokens) => tokens,
        Err(error) => return problem(syntax_error(&syn::Error::from(error), base, path, text, &lines)),
    };
    let literals = depth::literals(&tokens, &text[base..]);
    if let Some(at) = depth::too_deep(&tokens) {
        let at = (base + at.byte_range().start) as u32;
        let message = "nested too deeply, not analysed";
        return problem(Problem::new(message).at(path, lines.span(at, at + 1), text));
    }
    let file = match syn::parse2::<syn::File>(tokens) {
        Ok(file) => file,
        Err(error) => return problem(syntax_error(&error, base, path, text, &lines)),
    };
    let modules = modules::declared(&file.items);
    let mut lower = Lower { text, base, depth: 0, too_deep: None, modules };
    let body = lower.items(&file.items);
    let tree = Node::new(0, text.len() as u32, Form::Other(body));
    let mut facts = emit::facts(&tree, &names::DIALECT, path, &lines);
    facts.directives = directives(text, base, &literals, &lines);
    let problems = lower.too_deep.map(|at| grammar::too_deep(at, path, text, &lines)).into_iter().collect();
    Extracted { facts, problems }
}

fn syntax_error(error: &syn::Error, base: usize, path: &str, text: &str, lines: &Lines<'_>) -> Problem {
    let range = error.span().byte_range();
    let (start, end) = ((base + range.start).min(text.len()) as u32, (base + range.end).min(text.len()) as u32);
    let message = format!("failed to parse: {error}");
    Problem::new(message).at(path, lines.span(start, end.max(start)), text).help("This file was not analysed.")
}

/// Comments are no tokens: a mark that lies in no literal lies in a comment.
fn directives(text: &str, base: usize, literals: &[std::ops::Range<usize>], lines: &Lines<'_>) -> Vec<Directive> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(MARK) {
        if literals.iter().any(|literal| literal.start + base <= at && at < literal.end + base) {
            continue;
        }
        let line = lines.before(at as u32);
        let line_start = at - line.len();
        let Some(start) = line.find("//").or_else(|| line.find("/*")) else { continue };
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        found.push(grammar::directive(text, at, line_start + start, end, lines));
    }
    found
}

struct Lower<'t> {
    text: &'t str,
    /// Where the text begins that spans count from.
    base: usize,
    depth: u32,
    too_deep: Option<u32>,
    /// Modules that the file declares and other files hold: `mod store;`.
    modules: Vec<String>,
}

impl<'t> Lower<'t> {
    fn range(&self, span: Span) -> (u32, u32) {
        let range = span.byte_range();
        ((self.base + range.start) as u32, (self.base + range.end) as u32)
    }

    fn between(&self, first: Span, last: Span) -> (u32, u32) {
        (self.range(first).0, self.range(last).1)
    }

    /// An identifier as it stands in the text, without `r#`.
    fn word(&self, ident: &syn::Ident) -> &'t str {
        let (start, end) = self.range(ident.span());
        let word = self.text.get(start as usize..end as usize).unwrap_or_default();
        word.strip_prefix("r#").unwrap_or(word)
    }

    fn nothing(&self, at: u32) -> Node<'t> {
        Node::new(at, at, Form::Other(Vec::new()))
    }

    fn expressions<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<Node<'t>> {
        expressions.into_iter().map(|expression| self.expression(expression)).collect()
    }

    fn expression(&mut self, expression: &Expr) -> Node<'t> {
        if self.depth >= DEPTH {
            let (start, _) = self.range(expression.span());
            self.too_deep.get_or_insert(start);
            return self.nothing(start);
        }
        self.depth += 1;
        let node = self.form(expression);
        self.depth -= 1;
        node
    }

    fn form(&mut self, expression: &Expr) -> Node<'t> {
        match expression {
            Expr::Path(path) => self.path(&path.path),
            Expr::Lit(literal) => self.literal(&literal.lit),
            Expr::Field(field) => {
                let object = self.expression(&field.base);
                let name = match &field.member {
                    Member::Named(name) => name.span(),
                    Member::Unnamed(index) => index.span,
                };
                let (from, end) = self.range(name);
                let name = self.text.get(from as usize..end as usize).unwrap_or_default();
                Node::new(object.start, end, Form::Member(Box::new(object), name))
            }
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Call(call) => self.call(call),
            Expr::Index(index) => {
                let object = self.expression(&index.expr);
                let (_, end) = self.range(index.bracket_token.span.close());
                let key = self.expression(&index.index);
                Node::new(object.start, end, Form::Index(Box::new(object), Box::new(key)))
            }
            Expr::Await(inner) => self.through(&inner.base),
            Expr::Try(inner) => self.through(&inner.expr),
            Expr::Paren(inner) => self.through(&inner.expr),
            Expr::Group(inner) => self.through(&inner.expr),
            Expr::Cast(inner) => self.through(&inner.expr),
            Expr::Reference(inner) => self.through(&inner.expr),
            Expr::Unary(unary) => self.unary(unary),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => self.assign(&assign.left, &assign.right, false),
            Expr::Let(test) => {
                let value = self.expression(&test.expr);
                let (start, _) = self.range(test.let_token.span);
                let end = value.end;
                Node::new(start, end, self.declare(&test.pat, Some(value)))
            }
            Expr::Closure(closure) => self.closure(closure),
            Expr::Macro(call) => self.macro_call(&call.mac),
            Expr::Struct(literal) => self.struct_literal(literal),
            Expr::Array(array) => {
                let (start, end) = self.range(array.bracket_token.span.join());
                Node::new(start, end, Form::List(self.expressions(&array.elems)))
            }
            _ => self.control(expression),
        }
    }

    fn through(&mut self, inner: &Expr) -> Node<'t> {
        let inner = self.expression(inner);
        Node::new(inner.start, inner.end, Form::Through(Box::new(inner)))
    }

    fn literal(&self, literal: &Lit) -> Node<'t> {
        let (start, end) = self.range(literal.span());
        let form = match literal {
            Lit::Str(text) => Form::Text(Cow::Owned(text.value())),
            Lit::Bool(bool) => Form::Bool(bool.value),
            Lit::Int(number) => number.base10_parse().map_or(Form::Other(Vec::new()), Form::Number),
            Lit::Float(number) => number.base10_parse().map_or(Form::Other(Vec::new()), Form::Number),
            _ => Form::Other(Vec::new()),
        };
        Node::new(start, end, form)
    }

    fn path(&mut self, path: &syn::Path) -> Node<'t> {
        let mut node: Option<Node<'t>> = None;
        let alone = path.segments.len() == 1;
        for segment in &path.segments {
            let (from, end) = self.range(segment.ident.span());
            let word = self.word(&segment.ident);
            node = Some(match node {
                Some(base) => Node::new(base.start, end, Form::Member(Box::new(base), word)),
                None if alone && word == "self" => Node::new(from, end, Form::This),
                None if alone && word == "None" => Node::new(from, end, Form::Null),
                None => Node::new(from, end, Form::Name(word)),
            });
        }
        node.unwrap_or_else(|| self.nothing(0))
    }

    fn method_call(&mut self, call: &ExprMethodCall) -> Node<'t> {
        let object = self.expression(&call.receiver);
        let (start, (_, dot)) = (object.start, self.range(call.method.span()));
        let (_, end) = self.range(call.paren_token.span.close());
        let name = self.word(&call.method);
        if matches!(object.form, Form::Text(_)) && matches!(name, "to_string" | "to_owned" | "into" | "clone") {
            return Node::new(start, end, Form::Through(Box::new(object)));
        }
        let arguments = call.args.iter().map(|argument| (None, self.expression(argument))).collect();
        let callee = Node::new(start, dot, Form::Member(Box::new(object), name));
        Node::new(start, end, Form::Call(Box::new(Call { callee, arguments })))
    }

    fn call(&mut self, call: &ExprCall) -> Node<'t> {
        let callee = self.expression(&call.func);
        let (_, end) = self.range(call.paren_token.span.close());
        let start = callee.start;
        if let Expr::Path(path) = &*call.func
            && let Some(inner) = types::wrapped(&path.path, &call.args)
        {
            let inner = self.expression(inner);
            return Node::new(start, end, Form::Through(Box::new(inner)));
        }
        let arguments = call.args.iter().map(|argument| (None, self.expression(argument))).collect();
        Node::new(start, end, Form::Call(Box::new(Call { callee, arguments })))
    }

    fn struct_literal(&mut self, literal: &syn::ExprStruct) -> Node<'t> {
        let callee = self.path(&literal.path);
        let (_, end) = self.range(literal.brace_token.span.close());
        let mut arguments = Vec::new();
        for field in &literal.fields {
            let name = match &field.member {
                Member::Named(name) => Some(self.word(name)),
                Member::Unnamed(_) => None,
            };
            arguments.push((name, self.expression(&field.expr)));
        }
        if let Some(rest) = &literal.rest {
            arguments.push((Some(super::tree::SPREAD), self.expression(rest)));
        }
        Node::new(callee.start, end, Form::Call(Box::new(Call { callee, arguments })))
    }

    fn unary(&mut self, unary: &syn::ExprUnary) -> Node<'t> {
        let inner = self.expression(&unary.expr);
        let (start, end) = (inner.start.saturating_sub(1), inner.end);
        let form = match (&unary.op, inner.form) {
            (UnOp::Neg(_), Form::Number(number)) => Form::Number(-number),
            // What a guard or a reference points to: a part of what it guards.
            (UnOp::Deref(_), form) => {
                let key = Node::new(end, end, Form::Null);
                Form::Index(Box::new(Node::new(inner.start, inner.end, form)), Box::new(key))
            }
            (_, form) => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        };
        Node::new(start, end, form)
    }

    /// A chain `a + b + c …` is flattened: it may be long.
    fn binary(&mut self, binary: &syn::ExprBinary) -> Node<'t> {
        if is_update(&binary.op) {
            return self.assign(&binary.left, &binary.right, true);
        }
        let mut parts = vec![self.expression(&binary.right)];
        let mut left = &*binary.left;
        while let Expr::Binary(inner) = left
            && !is_update(&inner.op)
        {
            parts.push(self.expression(&inner.right));
            left = &inner.left;
        }
        parts.push(self.expression(left));
        parts.reverse();
        let (start, end) = (parts[0].start, parts.last().map_or(0, |last| last.end));
        Node::new(start, end, Form::Other(parts))
    }

    fn assign(&mut self, left: &Expr, right: &Expr, update: bool) -> Node<'t> {
        let target = self.expression(left);
        let value = self.expression(right);
        let (start, end) = (target.start, value.end);
        Node::new(start, end, Form::Assign(Box::new(Assign { target, value: Some(value), update })))
    }

    fn closure(&mut self, closure: &syn::ExprClosure) -> Node<'t> {
        let mut function = Function::new("");
        for input in &closure.inputs {
            let annotation = match input {
                syn::Pat::Type(typed) => self.type_name(&typed.ty),
                _ => None,
            };
            let pattern = self.pattern(input);
            function.parameters.push(Parameter { pattern, annotation, default: None, shape: None });
        }
        function.body.push(self.expression(&closure.body));
        let (start, _) = self.range(closure.inputs_begin.span);
        let end = function.body[0].end;
        Node::new(start, end, Form::Function(Box::new(function)))
    }
}

fn is_update(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
