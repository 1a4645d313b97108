//! Statements, blocks, branches, loops and macros.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Stmt, Token};

use super::super::tree::{Declare, Form, Function, Node, Pattern, Place};
use super::{Lower, patterns, select};
use crate::model::fact::Shape;

impl<'t> Lower<'t> {
    /// Blocks, branches and loops, and everything that only holds other expressions.
    pub(super) fn control(&mut self, expression: &Expr) -> Node<'t> {
        match expression {
            Expr::Block(block) => self.block(&block.block),
            Expr::Unsafe(block) => self.block(&block.block),
            Expr::Const(block) => self.block(&block.block),
            Expr::Async(block) => self.block(&block.block),
            Expr::If(branch) => {
                let condition = self.expression(&branch.cond);
                let then = self.block(&branch.then_branch);
                let (start, mut end) = (condition.start, then.end);
                let mut parts = vec![Node::new(start, end, Form::block(vec![condition, then]))];
                if let Some((_, otherwise)) = &branch.else_branch {
                    let otherwise = self.expression(otherwise);
                    end = otherwise.end;
                    parts.push(otherwise);
                }
                Node::new(start, end, Form::Other(parts))
            }
            Expr::While(repeat) => {
                let condition = self.expression(&repeat.cond);
                let body = self.block(&repeat.body);
                Node::new(condition.start, body.end, Form::block(vec![condition, body]))
            }
            Expr::Loop(repeat) => self.block(&repeat.body),
            Expr::ForLoop(repeat) => {
                let iterable = self.expression(&repeat.expr);
                let pattern = self.pattern(&repeat.pat);
                let body = self.block(&repeat.body);
                let (start, end) = (self.range(repeat.for_token.span).0, body.end);
                let each = Node::new(start, iterable.end, Form::Each(Box::new((pattern, iterable))));
                Node::new(start, end, Form::block(vec![each, body]))
            }
            Expr::Match(choice) => self.choice(choice),
            Expr::Return(inner) => self.part(inner.return_token.span, inner.expr.as_deref()),
            Expr::Break(inner) => self.part(inner.break_token.span, inner.expr.as_deref()),
            Expr::Tuple(tuple) => {
                let (start, end) = self.range(tuple.paren_token.span.join());
                Node::new(start, end, Form::Other(self.expressions(&tuple.elems)))
            }
            Expr::Repeat(repeat) => {
                let (start, end) = self.range(repeat.bracket_token.span.join());
                let parts = vec![self.expression(&repeat.expr), self.expression(&repeat.len)];
                Node::new(start, end, Form::Made(Shape::List, parts))
            }
            Expr::Range(range) => {
                let ends = [range.start.as_deref(), range.end.as_deref()];
                let parts = self.expressions(ends.into_iter().flatten());
                let (start, end) = self.range(expression.span());
                Node::new(start, end, Form::Other(parts))
            }
            _ => {
                let (start, end) = self.range(expression.span());
                Node::new(start, end, Form::Other(Vec::new()))
            }
        }
    }

    pub(super) fn part(&mut self, word: Span, inner: Option<&Expr>) -> Node<'t> {
        let (start, end) = self.range(word);
        let parts = self.expressions(inner);
        Node::new(start, parts.last().map_or(end, |last| last.end), Form::Other(parts))
    }

    /// Each arm binds parts of the value that is matched; that value is evaluated once.
    pub(super) fn choice(&mut self, choice: &syn::ExprMatch) -> Node<'t> {
        const MATCHED: &str = "match";
        let value = self.expression(&choice.expr);
        let (start, end) = self.between(choice.match_token.span, choice.brace_token.span.close());
        let (from, to) = (value.start, value.end);
        let declare = |pattern, value| {
            let place = Place::Following;
            Form::Declare(Box::new(Declare::new(pattern, value, place)))
        };
        let mut parts = vec![Node::new(from, to, declare(Pattern::Name(MATCHED, from, to), Some(value)))];
        for arm in &choice.arms {
            let body = self.expression(&arm.body);
            let guard = match &arm.pat {
                syn::Pat::Guard(guard) => Some(self.expression(&guard.guard)),
                _ => None,
            };
            let pattern = self.pattern(&arm.pat);
            let at = guard.as_ref().map_or(body.start, |guard| guard.start.min(body.start));
            let matched = Node::new(at, at, Form::Name(MATCHED));
            let arm_end = body.end;
            let mut parts_of_arm = vec![Node::new(at, at, declare(pattern, Some(matched)))];
            parts_of_arm.extend(guard);
            parts_of_arm.push(self.answer(&arm.pat, body));
            parts.push(Node::new(at, arm_end, Form::block(parts_of_arm)));
        }
        Node::new(start, end, Form::block(parts))
    }

    /// `(&Method::POST, "/cart") => add(request)` reads as `Method::POST("/cart", || add(request))`: this is how routes are
    /// written without a framework.
    fn answer(&mut self, pattern: &syn::Pat, body: Node<'t>) -> Node<'t> {
        let Some((method, path)) = patterns::route(pattern) else { return body };
        let (callee, path) = (self.path(method), self.literal(path));
        let (start, end) = (body.start, body.end);
        let mut answer = Function::new("");
        answer.body.push(body);
        let answer = Node::new(start, end, Form::Function(Box::new(answer)));
        Node::new(start, end, Form::call(callee, vec![(None, path), (None, answer)]))
    }

    pub(super) fn macro_call(&mut self, call: &syn::Macro) -> Node<'t> {
        let (start, _) = call.path.segments.first().map_or((0, 0), |first| self.range(first.ident.span()));
        let (_, end) = self.range(call.delimiter.span().close());
        let name = call.path.segments.last().map_or("", |last| self.word(&last.ident));
        let list = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
        let form = match (name, list) {
            ("vec", Ok(list)) => Form::List(self.expressions(&list)),
            ("lazy_static", _) => return Node::new(start, end, Form::Other(self.lazy_statics(&call.tokens))),
            ("select" | "select_biased", _) => Form::Other(self.select(call)),
            // `sqlx::migrate!("…")` names what it is; the macros of the language itself go by one word.
            (_, Ok(list)) if call.path.segments.len() > 1 => {
                let arguments = self.expressions(&list).into_iter().map(|argument| (None, argument)).collect();
                Form::call(self.path(&call.path), arguments)
            }
            (_, Ok(list)) => Form::Other(self.expressions(&list)),
            (_, Err(_)) => match call.parse_body_with(syn::Block::parse_within) {
                Ok(statements) => Form::block(self.statements(&statements)),
                Err(_) => Form::Other(Vec::new()),
            },
        };
        Node::new(start, end, form)
    }

    /// Each arm waits for something, names what it gets and goes on.
    fn select(&mut self, call: &syn::Macro) -> Vec<Node<'t>> {
        let Ok(arms) = call.parse_body_with(select::arms) else { return Vec::new() };
        let mut found = Vec::new();
        for arm in &arms {
            let mut body = Vec::new();
            if let Some((pattern, awaited)) = &arm.awaits {
                let value = self.expression(awaited);
                let (start, end) = (value.start, value.end);
                body.push(Node::new(start, end, self.declare(pattern, Some(value))));
            }
            body.push(self.expression(&arm.body));
            let (start, end) = (body[0].start, body[body.len() - 1].end);
            found.push(Node::new(start, end, Form::block(body)));
        }
        found
    }

    pub(super) fn block(&mut self, block: &syn::Block) -> Node<'t> {
        let (start, end) = self.range(block.brace_token.span.join());
        let body = self.statements(&block.stmts);
        Node::new(start, end, Form::block(body))
    }

    pub(super) fn statements(&mut self, statements: &[Stmt]) -> Vec<Node<'t>> {
        statements.iter().flat_map(|statement| self.statement(statement)).collect()
    }

    pub(super) fn statement(&mut self, statement: &Stmt) -> Vec<Node<'t>> {
        match statement {
            Stmt::Local(local) => {
                let mut nodes = Vec::new();
                let (start, end) = self.between(local.let_token.span, local.semi_token.span);
                let value = local.init.as_ref().map(|init| self.expression(&init.expr));
                let otherwise = local.init.as_ref().and_then(|init| init.diverge.as_ref());
                nodes.extend(otherwise.map(|(_, otherwise)| self.expression(otherwise)));
                nodes.push(Node::new(start, end, self.declare(&local.pat, value)));
                nodes
            }
            Stmt::Item(item) => self.item(item).into_iter().collect(),
            Stmt::Expr(expression, _) => vec![self.expression(expression)],
            Stmt::Macro(statement) => vec![self.macro_call(&statement.mac)],
        }
    }

    pub(super) fn declare(&mut self, pattern: &syn::Pat, value: Option<Node<'t>>) -> Form<'t> {
        let annotation = match pattern {
            syn::Pat::Type(typed) => self.type_name(&typed.ty),
            _ => None,
        };
        let pattern = self.pattern(pattern);
        let place = Place::Following;
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, value, place) }))
    }
}
