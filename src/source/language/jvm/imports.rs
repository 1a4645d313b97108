//! What imports make visible.

use std::borrow::Cow;

use super::super::tree::{Form, Import, Imported};

/// Packages of the language itself: what they declare is known by its bare name, as most of it needs no import, and the rest is
/// imported by `*` as often as by name.
const OWN: &[&str] = &["java.", "kotlin."];

/// `import shop.Carts`, `import shop.Carts as C`, `import shop.*`, where `alias` is the name that is bound.
pub(in super::super) fn import<'t>(module: &'t str, alias: Option<&'t str>, all: bool) -> Form<'t> {
    let last = module.rsplit('.').next().unwrap_or(module);
    let own = OWN.iter().any(|package| module.starts_with(package)) && !module.starts_with("kotlinx.");
    let names = match alias {
        _ if all => Vec::new(),
        Some(alias) if own => vec![(Imported::Prefix(last), alias)],
        Some(alias) => vec![(Imported::Module, alias)],
        None if own => Vec::new(),
        None => vec![(Imported::Module, last)],
    };
    Form::Import(Box::new(Import { module: Cow::Borrowed(module), names, type_only: false }))
}
