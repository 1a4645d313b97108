//! How deep syn would have to recurse, told from the tokens before it does.

use std::ops::Range;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree, token_stream};

/// Deeper files are refused. Machine-made tables stay far below: an expression ends at each `,` and `;`.
const LIMIT: usize = 4_000;

/// Where the nesting gets deeper than syn is trusted with.
///
/// An expression is at most as deep as it has tokens, and a group is as deep as what surrounds it and what it holds.
pub(super) fn too_deep(tokens: &TokenStream) -> Option<Span> {
    // The streams that are being read, each with the depth outside of it and the tokens of its current expression.
    let mut open: Vec<(token_stream::IntoIter, usize, usize)> = vec![(tokens.clone().into_iter(), 0, 0)];
    while let Some((stream, outside, run)) = open.last_mut() {
        let Some(token) = stream.next() else {
            open.pop();
            continue;
        };
        *run += 1;
        let depth = *outside + *run;
        if depth > LIMIT {
            return Some(token.span());
        }
        match token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => *run = 0,
            TokenTree::Group(group) => {
                // After a block a new statement begins, unless `else` or an operator goes on.
                if group.delimiter() == Delimiter::Brace && !goes_on(stream) {
                    *run = 0;
                }
                open.push((group.stream().into_iter(), depth, 0));
            }
            _ => {}
        }
    }
    None
}

fn goes_on(stream: &token_stream::IntoIter) -> bool {
    match stream.clone().next() {
        Some(TokenTree::Ident(word)) => word == "else",
        Some(TokenTree::Punct(punct)) => !matches!(punct.as_char(), '#' | ',' | ';'),
        Some(TokenTree::Group(_)) => true,
        Some(TokenTree::Literal(_)) | None => false,
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
