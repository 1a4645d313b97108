//! Caddy: what `reverse_proxy` and `php_fastcgi` choose among, in a Caddyfile and in JSON.
//!
//! <https://caddyserver.com/docs/caddyfile/directives/reverse_proxy>; `proxy` is version 1's. A group has no name of its own: it goes
//! by its first server.

use std::collections::HashMap;
use std::ops::Range;

use super::directive::{Directive, Word};
use super::page::{Page, setting, value};
use super::{File, Found, address};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Balancer, HealthCheck, Route};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;

mod json;
mod syntax;
#[cfg(test)]
mod tests;

/// Snippets within snippets.
const MAX_IMPORTS: usize = 4;

pub fn read(file: &File<'_>) -> Found {
    if file.path.ends_with(".json") {
        return json::read(file);
    }
    let mut page = Page::new(file);
    let directives = syntax::parse(&mut page);
    let is_snippet = |directive: &&Directive| directive.name.text.starts_with('(');
    let name = |directive: &Directive| directive.name.text.trim_matches(['(', ')']).to_owned();
    let snippets = directives.iter().filter(is_snippet).map(|it| (name(it), it.block.as_deref().unwrap_or_default()));
    let snippets = snippets.collect();
    let mut reader = Reader { page, snippets };
    reader.template();
    reader.imports(&directives);
    reader.flatten("", &directives);
    reader.proxies(&directives, "");
    reader.page.found
}

struct Reader<'t, 'd> {
    page: Page<'t>,
    snippets: HashMap<String, &'d [Directive]>,
}

const PROXIES: [&str; 3] = ["reverse_proxy", "php_fastcgi", "proxy"];

impl Reader<'_, '_> {
    /// Caddy's own `{{ … }}` stands in pages, and never in its file.
    fn template(&mut self) {
        let text = self.page.file.text;
        let tag = ["\n{%", "\n<%"].iter().filter_map(|mark| text.find(mark)).min();
        if let Some(at) = tag {
            self.page.template(&(at + 1..at + 3));
        }
    }

    /// Files that are imported are read by themselves; here it is told where one is missing, or a snippet.
    fn imports(&mut self, directives: &[Directive]) {
        for directive in directives {
            if directive.is("import") && !self.is_there(directive.argument(0)) {
                let message =
                    format!("`{}` is neither a snippet of this file nor a file that is here", directive.argument(0));
                self.page.problem(message, "", &directive.place());
            }
            self.imports(directive.block.as_deref().unwrap_or_default());
        }
    }

    fn is_there(&self, named: &str) -> bool {
        let file = self.page.file;
        // What lies outside of the project, or behind a pattern or a variable, may be there.
        let is_open = named.is_empty() || named.contains(['*', '{', '$']);
        is_open
            || self.snippets.contains_key(named)
            || file.path_of(named).is_none_or(|path| (file.beside)(&path).is_some())
    }

    /// All values under the dotted names of their directives; addresses of sites are no names.
    fn flatten(&mut self, outer: &str, directives: &[Directive]) {
        for directive in directives {
            let name = &directive.name.text;
            let key = if outer.is_empty() { name.clone() } else { format!("{outer}.{name}") };
            match &directive.block {
                Some(block) if outer.is_empty() && !PROXIES.contains(&name.as_str()) => self.flatten("site", block),
                Some(block) => self.flatten(&key, block),
                None => self.page.set(&key, value(&directive.rest(0)), self.page.span(&directive.place())),
            }
        }
    }

    /// `path` is what the blocks around it are for: `handle /api/*`. What a snippet passes on is told once, where it stands.
    fn proxies(&mut self, directives: &[Directive], path: &str) {
        for directive in directives {
            let name = directive.name.text.as_str();
            if PROXIES.contains(&name) && !directive.arguments.is_empty() | directive.block.is_some() {
                self.proxy(directive, path);
            } else if let Some(block) = &directive.block {
                let is_way = ["handle", "handle_path", "route"].contains(&name) && !directive.arguments.is_empty();
                let inner = directive.rest(0);
                self.proxies(block, if is_way { &inner } else { path });
            }
        }
    }

    fn proxy(&mut self, directive: &Directive, path: &str) {
        let mut words: Vec<&Word> = directive.arguments.iter().collect();
        let matcher = words.first().filter(|word| word.text == "*" || word.text.starts_with(['/', '@'])).copied();
        words.drain(..usize::from(matcher.is_some()));
        let mut options = Vec::new();
        self.options(directive.block.as_deref().unwrap_or_default(), 0, &mut options);
        for option in options.iter().filter(|option| option.is("to") || option.is("upstream")) {
            words.extend(&option.arguments);
        }
        let dynamic = options.iter().find(|option| option.is("dynamic"));
        let place = words.first().map_or(directive.place(), |word| word.place.clone());
        let name =
            words.first().map_or_else(|| dynamic.map(|it| it.rest(0)).unwrap_or_default(), |word| word.text.clone());
        let settings: Vec<Setting> = options.iter().flat_map(|option| self.option(option)).collect();
        let route = Route {
            path: matcher.map_or(path, |matcher| &matcher.text).into(),
            span: self.page.span(&directive.place()),
            settings: Vec::new(),
        };
        let servers = words.iter().map(|word| address::server(&word.text, self.page.span(&word.place))).collect();
        self.page.found.balancers.push(Balancer {
            declared: false,
            servers,
            affinity: self.affinity(&options),
            health_check: health_check(&settings),
            routes: vec![route],
            settings,
            ..Balancer::named(name, self.page.span(&place))
        });
    }

    /// The options of a block, those of imported snippets in their place.
    fn options(&self, block: &[Directive], depth: usize, found: &mut Vec<Directive>) {
        for option in block {
            match self.snippets.get(option.argument(0)).filter(|_| option.is("import") && depth < MAX_IMPORTS) {
                Some(snippet) => self.options(snippet, depth + 1, found),
                None if found.len() < syntax::MAX_OPTIONS => found.push(option.clone()),
                None => {}
            }
        }
    }

    fn option(&self, option: &Directive) -> Vec<Setting> {
        let name = option.name.text.as_str();
        let own = setting(name, value(&option.rest(0)), self.page.span(&option.place()));
        let inner = option.block.iter().flatten().map(|inner| {
            setting(format!("{name}.{}", inner.name.text), value(&inner.rest(0)), self.page.span(&inner.place()))
        });
        std::iter::once(own).chain(inner).collect()
    }

    /// `lb_policy cookie`; of version 1, `policy ip_hash`.
    fn affinity(&self, options: &[Directive]) -> Option<Affinity> {
        let policy = options.iter().find(|option| option.is("lb_policy") || option.is("policy"))?;
        let by = policy_key(policy.argument(0))?;
        let location = self.location(&policy.place());
        Some(Affinity { by, stated_as: Name::new(format!("{} {}", policy.name.text, policy.argument(0))), location })
    }

    fn location(&self, place: &Range<usize>) -> Location {
        Location::new(self.page.file.path.clone(), self.page.span(place))
    }
}

/// What a policy keeps together: <https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#load-balancing>.
fn policy_key(policy: &str) -> Option<AffinityKey> {
    match policy {
        "ip_hash" | "client_ip_hash" => Some(AffinityKey::Address),
        "cookie" => Some(AffinityKey::Cookie),
        "header" | "uri_hash" | "uri" | "query" => Some(AffinityKey::Request),
        _ => None,
    }
}

/// Checks that ask are off without an address to ask for, and so are those that count failures without a time to remember them:
/// <https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#health-checks>.
fn health_check(settings: &[Setting]) -> HealthCheck {
    let has = |keys: &[&str]| settings.iter().any(|setting| keys.contains(&setting.key.as_str()));
    let remembers = settings.iter().any(|setting| setting.key == "fail_duration" && !is_zero(&setting.value));
    match (has(&["health_uri", "health_path", "health_port", "health_check"]), remembers) {
        (true, _) => HealthCheck::Active,
        (_, true) => HealthCheck::Passive,
        _ => HealthCheck::None,
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Number(number) => *number == 0.0,
        Value::Text(text) => text == "0s",
        _ => false,
    }
}
