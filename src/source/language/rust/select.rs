//! The arms of `tokio::select!` and its like, which are no expressions of the language.

use syn::parse::ParseStream;
use syn::{Expr, Pat, Result, Token};

/// `pattern = future, if condition => body`, or a word of the macro before `=>`.
pub(super) struct Arm {
    pub awaits: Option<(Pat, Expr)>,
    pub body: Expr,
}

pub(super) fn arms(input: ParseStream<'_>) -> Result<Vec<Arm>> {
    if input.peek(syn::Ident) && input.peek2(Token![;]) {
        input.parse::<syn::Ident>()?;
        input.parse::<Token![;]>()?;
    }
    let mut arms = Vec::new();
    while !input.is_empty() {
        let awaits = awaits(input)?;
        input.parse::<Token![=>]>()?;
        let body = match input.peek(syn::token::Brace) {
            true => Expr::Block(input.parse()?),
            false => input.parse()?,
        };
        input.parse::<Option<Token![,]>>()?;
        arms.push(Arm { awaits, body });
    }
    Ok(arms)
}

fn awaits(input: ParseStream<'_>) -> Result<Option<(Pat, Expr)>> {
    if input.parse::<Option<Token![else]>>()?.is_some() {
        return Ok(None);
    }
    if input.peek(syn::Ident) && input.peek2(Token![=>]) {
        input.parse::<syn::Ident>()?;
        return Ok(None);
    }
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    input.parse::<Token![=]>()?;
    let future = input.parse()?;
    if input.parse::<Option<Token![,]>>()?.is_some() {
        input.parse::<Token![if]>()?;
        input.parse::<Expr>()?;
    }
    Ok(Some((pattern, future)))
}
