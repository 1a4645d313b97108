//! Patterns: what each of them binds.

use syn::{Lit, Member, Pat};

use super::super::grammar::DEPTH;
use super::super::tree::Pattern;
use super::Lower;

impl<'t> Lower<'t> {
    /// `Some(x)`, `Ok(x)` and `State(x)` bind what `x` binds.
    pub(super) fn pattern(&mut self, pattern: &Pat) -> Pattern<'t> {
        if self.depth >= DEPTH {
            return Pattern::Ignored;
        }
        self.depth += 1;
        let found = self.pattern_form(pattern);
        self.depth -= 1;
        found
    }

    fn pattern_form(&mut self, pattern: &Pat) -> Pattern<'t> {
        match pattern {
            Pat::Ident(name) => {
                let word = self.word(&name.ident);
                // A capital begins a constant or a variant: it is compared and not bound.
                if word.starts_with(|first: char| first.is_uppercase()) {
                    return Pattern::Ignored;
                }
                let (start, end) = self.range(name.ident.span());
                Pattern::Name(word, start, end)
            }
            Pat::Type(typed) => self.pattern(&typed.pat),
            Pat::Reference(inner) => self.pattern(&inner.pat),
            Pat::Paren(inner) => self.pattern(&inner.pat),
            Pat::Guard(inner) => self.pattern(&inner.pat),
            Pat::Or(choice) => choice.cases.first().map_or(Pattern::Ignored, |first| self.pattern(first)),
            Pat::TupleStruct(tuple) if tuple.elems.len() == 1 => self.pattern(&tuple.elems[0]),
            Pat::TupleStruct(tuple) => Pattern::Elements(tuple.elems.iter().map(|inner| self.pattern(inner)).collect()),
            Pat::Tuple(tuple) => Pattern::Elements(tuple.elems.iter().map(|inner| self.pattern(inner)).collect()),
            Pat::Slice(slice) => Pattern::Elements(slice.elems.iter().map(|inner| self.pattern(inner)).collect()),
            Pat::Struct(fields) => {
                let one = |field: &syn::FieldPat| {
                    let name = match &field.member {
                        Member::Named(name) => self.word(name),
                        Member::Unnamed(_) => "",
                    };
                    (name, self.pattern(&field.pat))
                };
                Pattern::Members(fields.fields.iter().map(one).collect())
            }
            _ => Pattern::Ignored,
        }
    }
}

/// The method and the path of a pattern like `(&Method::POST, "/cart")`.
pub(super) fn route(pattern: &Pat) -> Option<(&syn::Path, &Lit)> {
    match pattern {
        Pat::Guard(inner) => route(&inner.pat),
        Pat::Paren(inner) => route(&inner.pat),
        Pat::Or(choice) => choice.cases.iter().find_map(route),
        Pat::Tuple(tuple) if tuple.elems.len() == 2 => {
            let method = tuple.elems.iter().find_map(method)?;
            Some((method, tuple.elems.iter().find_map(text)?))
        }
        _ => None,
    }
}

fn method(pattern: &Pat) -> Option<&syn::Path> {
    match pattern {
        Pat::Reference(inner) => method(&inner.pat),
        Pat::Path(path) => {
            let owner = path.path.segments.iter().rev().nth(1)?;
            (owner.ident == "Method").then_some(&path.path)
        }
        _ => None,
    }
}

fn text(pattern: &Pat) -> Option<&Lit> {
    match pattern {
        Pat::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => Some(&literal.lit),
        Pat::Or(choice) => choice.cases.iter().find_map(text),
        _ => None,
    }
}
