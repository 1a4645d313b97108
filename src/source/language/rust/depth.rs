//! How deep syn would have to recurse, told from the tokens before it does.

use std::ops::Range;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree, token_stream};

/// Deeper files are refused. Machine-made tables stay far below: an expression ends at each `,` and `;`.
const LIMIT: usize = 4_000;

/// Where the nesting gets deeper than syn is trusted with.
///
/// An expression is at most as deep as it has tokens, and a group is as deep as what surrounds it and what it holds.
pub(super) fn too_deep(tokens: &TokenStream) -> Option<Span> {
    let mut open = vec![Level { stream: tokens.clone().into_iter(), outside: 0, run: 0, after_block: false }];
    while let Some(level) = open.last_mut() {
        let Some(token) = level.stream.next() else {
            open.pop();
            continue;
        };
        // After a block a new statement begins, unless `else` or an operator goes on.
        if std::mem::take(&mut level.after_block) && !goes_on(&token) {
            level.run = 0;
        }
        level.run += 1;
        let depth = level.outside + level.run;
        if depth > LIMIT {
            return Some(token.span());
        }
        match token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => level.run = 0,
            TokenTree::Group(group) => {
                level.after_block = group.delimiter() == Delimiter::Brace;
                let stream = group.stream().into_iter();
                open.push(Level { stream, outside: depth, run: 0, after_block: false });
            }
            _ => {}
        }
    }
    None
}

/// A stream of tokens that is being read.
struct Level {
    stream: token_stream::IntoIter,
    /// The depth of what surrounds it.
    outside: usize,
    /// Tokens of its current expression.
    run: usize,
    after_block: bool,
}

fn goes_on(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(word) => word == "else",
        TokenTree::Punct(punct) => punct.as_char() != '#',
        TokenTree::Group(_) => true,
        TokenTree::Literal(_) => false,
    }
}

/// Where string and other literals stand. Documentation is none, though it comes as one.
pub(super) fn literals(tokens: &TokenStream, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open = vec![tokens.clone().into_iter()];
    while let Some(stream) = open.last_mut() {
        match stream.next() {
            Some(TokenTree::Group(group)) => open.push(group.stream().into_iter()),
            Some(TokenTree::Literal(literal)) => {
                let range = literal.span().byte_range();
                found.extend(Some(range.clone()).filter(|_| !text.get(range).unwrap_or_default().starts_with('/')));
            }
            Some(_) => {}
            None => {
                open.pop();
            }
        }
    }
    found
}
