//! What holds in a block: its own directives, and those of the blocks around it.

use std::collections::HashMap;
use std::ops::Range;

use super::super::directive::Directive;
use super::super::page::{Page, setting, value};
use crate::model::Name;
use crate::model::fact::Setting;

pub(super) struct Scope<'s> {
    pub directives: &'s [Directive],
    /// What the innermost location around it is for.
    pub path: Name,
    pub place: Range<usize>,
    /// What it hands on.
    handed_on: Vec<&'s Directive>,
    outer: Option<&'s Scope<'s>>,
}

/// Directives that say how requests are passed, and are inherited.
const INHERITED: [&str; 12] = [
    "proxy_next_upstream",
    "fastcgi_next_upstream",
    "uwsgi_next_upstream",
    "grpc_next_upstream",
    "proxy_http_version",
    "proxy_read_timeout",
    "proxy_connect_timeout",
    "proxy_bind",
    "real_ip_header",
    "resolver",
    "health_check",
    "include",
];
/// Those of which each names what it sets; a block that has one of them inherits none:
/// <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>.
const LISTS: [&str; 3] = ["proxy_set_header", "grpc_set_header", "set_real_ip_from"];
/// More of one list are data, and so are more in one block.
const MAX_LIST: usize = 60;
const MAX_HANDED_ON: usize = 400;

fn handed_on(directives: &[Directive]) -> Vec<&Directive> {
    let is_one = |directive: &&Directive| {
        let name = directive.name.text.as_str();
        directive.block.is_none() && (INHERITED.contains(&name) || LISTS.contains(&name))
    };
    directives.iter().filter(is_one).take(MAX_HANDED_ON).collect()
}

impl<'s> Scope<'s> {
    pub fn outermost(directives: &'s [Directive]) -> Self {
        Scope { directives, path: Name::new(""), place: 0..0, handed_on: handed_on(directives), outer: None }
    }

    pub fn within<'i>(&'i self, directive: &Directive, block: &'i [Directive]) -> Scope<'i> {
        let is_location = directive.is("location");
        let tells = is_location || directive.is("server");
        Scope {
            directives: block,
            path: if is_location { directive.rest(0).into() } else { self.path.clone() },
            place: if tells { directive.place() } else { self.place.clone() },
            handed_on: handed_on(block),
            outer: Some(self),
        }
    }

    fn chain(&self) -> impl Iterator<Item = &Scope<'s>> {
        std::iter::successors(Some(self), |scope| scope.outer)
    }

    /// Of each name those of the innermost block that has any.
    pub fn settings(&self, page: &Page<'_>) -> Vec<Setting> {
        let mut nearest: HashMap<&str, (usize, Vec<&Directive>)> = HashMap::new();
        for (distance, scope) in self.chain().enumerate() {
            for directive in &scope.handed_on {
                let name = directive.name.text.as_str();
                let (at, list) = nearest.entry(name).or_insert_with(|| (distance, Vec::new()));
                // Every include may hold anything.
                if (*at == distance || name == "include") && list.len() < MAX_LIST {
                    list.push(directive);
                }
            }
        }
        let mut settings: Vec<Setting> =
            nearest.into_values().flat_map(|(_, list)| list).map(|directive| inherited(directive, page)).collect();
        settings.sort_by(|one, other| (one.span, &one.key).cmp(&(other.span, &other.key)));
        settings
    }

    /// What a target may be once its variables are known: those that `set` gives a value here or around it, or a `map` of the file.
    pub fn resolved(&self, text: &str, maps: &HashMap<String, Vec<String>>) -> Vec<String> {
        let Some(at) = text.find('$') else { return vec![text.to_owned()] };
        let rest = &text[at + 1..];
        let (name, after) = match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, after)) => (name, after),
            None => {
                let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        let before = &text[..at];
        // What follows the host is of no interest, and neither is a variable there.
        if ["request_uri", "uri", "document_uri", "is_args", "args"].contains(&name)
            || before.split_once("://").is_some_and(|(_, rest)| rest.contains('/'))
        {
            return vec![before.to_owned()];
        }
        let variable = format!("${name}");
        let sets = |scope: &Scope<'s>| {
            let set = scope.directives.iter().rev().find(|it| it.is("set") && it.argument(0) == variable)?;
            Some(vec![set.argument(1).to_owned()])
        };
        let values = self.chain().find_map(sets).or_else(|| maps.get(&variable).cloned());
        let joined = |value: String| format!("{before}{value}{after}");
        values.map_or_else(|| vec![text.to_owned()], |values| values.into_iter().take(MAX_LIST).map(joined).collect())
    }
}

fn inherited(directive: &Directive, page: &Page<'_>) -> Setting {
    let name = directive.name.text.as_str();
    let span = page.span(&directive.place());
    match LISTS.contains(&name) && directive.arguments.len() > 1 {
        true => {
            let key = format!("{name}.{}", directive.argument(0).to_ascii_lowercase());
            setting(key, value(&directive.rest(1)), span)
        }
        false => setting(name, value(&directive.rest(0)), span),
    }
}
