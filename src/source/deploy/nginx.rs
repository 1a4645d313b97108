//! nginx: groups of servers (`upstream`), and the locations that pass requests to them.
//!
//! <https://nginx.org/en/docs/http/ngx_http_upstream_module.html>, <https://nginx.org/en/docs/http/ngx_http_proxy_module.html>.
//! A host that is passed to without a group is a group of one server, which has the setting `proxy_pass` (or the like).

use std::collections::HashMap;

use self::include::Includes;
use self::scope::Scope;
use super::directive::{Directive, Word};
use super::page::{Page, setting, value};
use super::{File, Found, address, servers};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Balancer, HealthCheck, Route, Server, Service};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;

mod include;
mod scope;
mod syntax;
#[cfg(test)]
mod tests;

/// More ways than these are data.
const MAX_ROUTES: usize = 2_000;

/// Reads one file of a configuration of nginx, which may be the whole of it or what another file includes.
pub fn read(file: &File<'_>) -> Found {
    let mut page = Page::new(file);
    let mut directives = syntax::parse(&mut page, file.text);
    let mut includes = Includes::new(file);
    includes.circles(&directives, &mut page);
    includes.expand(&mut directives);
    let mut reader = Reader { page, groups: HashMap::new(), variables: HashMap::new(), routes: 0 };
    reader.flatten("", &directives);
    reader.declarations(&directives);
    reader.passes(&Scope::outermost(&directives));
    reader.finish()
}

struct Reader<'t> {
    page: Page<'t>,
    /// Where the groups stand among those found, by name.
    groups: HashMap<String, usize>,
    /// What `map` and `split_clients` make of a variable.
    variables: HashMap<String, Vec<String>>,
    routes: usize,
}

/// Blocks that hold data and no directives.
const DATA: [&str; 5] = ["map", "geo", "split_clients", "types", "match"];

impl Reader<'_> {
    /// All values under the dotted names of their blocks.
    fn flatten(&mut self, outer: &str, directives: &[Directive]) {
        for directive in directives.iter().filter(|directive| !DATA.contains(&directive.name.text.as_str())) {
            let name = &directive.name.text;
            let key = if outer.is_empty() { name.clone() } else { format!("{outer}.{name}") };
            match &directive.block {
                Some(block) => self.flatten(&key, block),
                None => self.page.set(&key, value(&directive.rest(0)), self.page.span(&directive.place())),
            }
        }
    }

    /// Groups and variables of the file, in whatever block they stand.
    fn declarations(&mut self, directives: &[Directive]) {
        for directive in directives {
            let Some(block) = &directive.block else { continue };
            match directive.name.text.as_str() {
                "upstream" => self.group(directive, block),
                "map" | "split_clients" => {
                    let values = block.iter().map(|entry| entry.argument(0).to_owned());
                    let values = values.filter(|value| !value.is_empty()).collect();
                    self.variables.insert(directive.argument(1).to_owned(), values);
                }
                _ => self.declarations(block),
            }
        }
    }

    fn group(&mut self, directive: &Directive, block: &[Directive]) {
        let Some(name) = directive.arguments.first() else {
            return self.page.problem("this `upstream` has no name", "", &directive.place());
        };
        let mut balancer = Balancer::named(name.text.as_str(), self.page.span(&name.place));
        for inner in block {
            let span = self.page.span(&inner.place());
            if inner.is("server") {
                balancer.servers.extend(self.server(inner));
            } else {
                balancer.settings.push(setting(inner.name.text.as_str(), value(&inner.rest(0)), span));
            }
            if let Some(by) = affinity(inner) {
                let location = Location::new(self.page.file.path.clone(), span);
                let stated_as = Name::new([&inner.name.text, &*inner.rest(0)].join(" ").trim_end());
                balancer.affinity = Some(Affinity { by, stated_as, location });
            }
        }
        balancer.health_check = health_check(&balancer);
        let known = self.groups.insert(name.text.clone(), self.page.found.balancers.len());
        // Branches of a template may repeat it.
        if known.is_some() && !["{%", "{{", "<%"].iter().any(|mark| self.page.file.text.contains(mark)) {
            let message = format!("the upstream `{}` is here a second time", name.text);
            self.page.problem(message, "nginx refuses such a file; keep one of them.", &name.place);
        }
        self.page.found.balancers.push(balancer);
    }

    fn server(&mut self, directive: &Directive) -> Option<Server> {
        let Some(address) = directive.arguments.first() else {
            self.page.problem("this `server` has no address", "", &directive.place());
            return None;
        };
        let mut server = address::server(&address.text, self.page.span(&address.place));
        let parameter = |word: &Word| {
            let (key, text) = word.text.split_once('=').unwrap_or((&word.text, ""));
            setting(key, value(text), self.page.span(&word.place))
        };
        server.settings = directive.arguments[1..].iter().map(parameter).collect();
        Some(server)
    }

    /// What is passed to groups and hosts, block by block.
    fn passes(&mut self, scope: &Scope<'_>) {
        for directive in scope.directives {
            match &directive.block {
                Some(block) if !DATA.contains(&directive.name.text.as_str()) && !directive.is("upstream") => {
                    self.passes(&scope.within(directive, block));
                }
                None if directive.name.text.ends_with("_pass") && self.routes < MAX_ROUTES => {
                    self.routes += 1;
                    self.pass(directive, scope);
                }
                _ => {}
            }
        }
    }

    fn pass(&mut self, directive: &Directive, scope: &Scope<'_>) {
        let Some(target) = directive.arguments.first() else { return };
        let mut settings = scope.settings(&self.page);
        let place = self.page.span(&directive.place());
        settings.push(setting(directive.name.text.as_str(), Value::Text(target.text.as_str().into()), place));
        let written = scope.resolved(&target.text, &self.variables);
        if target.text.contains('$') {
            settings.push(setting("variable", Value::Bool(true), self.page.span(&target.place)));
        }
        for text in written {
            let group = self.target(directive, target, &text);
            let route =
                Route { path: scope.path.clone(), span: self.page.span(&scope.place), settings: settings.clone() };
            if let Some(balancer) = self.page.found.balancers.get_mut(group) {
                let asks = settings.iter().any(|setting| setting.key == "health_check");
                balancer.health_check =
                    balancer.health_check.max(if asks { HealthCheck::Active } else { HealthCheck::None });
                balancer.routes.push(route);
            }
        }
    }

    /// The group that is passed to; one of a single server where none is of this name.
    fn target(&mut self, directive: &Directive, target: &Word, text: &str) -> usize {
        let span = self.page.span(&target.place);
        let server = address::server(text, span);
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        let name = if server.host.is_empty() { text } else { authority };
        let known = [server.host.as_str(), name].into_iter().find_map(|name| self.groups.get(name)).copied();
        known.unwrap_or_else(|| {
            let mut balancer = Balancer { declared: false, ..Balancer::named(name, span) };
            balancer.settings.push(setting(directive.name.text.as_str(), Value::Text(text.into()), span));
            balancer.servers.push(server);
            balancer.health_check = health_check(&balancer);
            self.groups.insert(name.to_owned(), self.page.found.balancers.len());
            self.page.found.balancers.push(balancer);
            self.page.found.balancers.len() - 1
        })
    }

    fn finish(mut self) -> Found {
        let server = passenger(&self.page);
        self.page.found.services.extend(server);
        self.page.found
    }
}

/// What tells how many processes of apps Passenger runs within nginx: of one app at most, of all, or always.
/// <https://www.phusionpassenger.com/docs/references/config_reference/nginx/>
const POOL: [&str; 3] = ["passenger_max_instances_per_app", "passenger_max_pool_size", "passenger_min_instances"];

/// Passenger as a server, where it serves something here or has a pool.
fn passenger(page: &Page<'_>) -> Option<Service> {
    let stated = |name: &str| {
        let is_named = |key: &str| key.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        page.found.settings.iter().find(|setting| is_named(&setting.key))
    };
    let number = POOL.iter().find_map(|name| {
        let setting = stated(name).filter(|setting| setting.value != Value::Number(0.0))?;
        Some(Setting { key: name.trim_start_matches("passenger_").into(), ..setting.clone() })
    });
    let enabled = stated("passenger_enabled").filter(|setting| setting.value == Value::Bool(true));
    let span = number.as_ref().or(enabled)?.span;
    Some(servers::of_settings(&page.file.path, "passenger", span, number.as_ref()))
}

/// What keeps the requests of one client together: `ip_hash`, `hash $cookie_x`, `sticky` (with nginx itself since 1.29.6).
fn affinity(directive: &Directive) -> Option<AffinityKey> {
    const ADDRESSES: [&str; 4] = ["remote_addr", "http_x_forwarded_for", "proxy_add_x_forwarded_for", "http_x_real_ip"];
    match directive.name.text.as_str() {
        "ip_hash" => Some(AffinityKey::Address),
        "sticky" | "sticky_cookie_insert" => Some(AffinityKey::Cookie),
        "hash" => Some(match directive.argument(0) {
            key if key.contains("$cookie_") => AffinityKey::Cookie,
            key if ADDRESSES.iter().any(|address| key.contains(address)) => AffinityKey::Address,
            _ => AffinityKey::Request,
        }),
        _ => None,
    }
}

/// The modules `health_check` and `check` (of Tengine) ask. Otherwise a server that failed `max_fails` times, 1 unless stated, is
/// left alone for `fail_timeout`; a server that is the only one of its group never is:
/// <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails>. One that a name stands for may be several.
fn health_check(balancer: &Balancer) -> HealthCheck {
    let never = |server: &Server| {
        server.settings.iter().any(|setting| setting.key == "max_fails" && setting.value == Value::Number(0.0))
    };
    if balancer.settings.iter().any(|setting| matches!(setting.key.as_str(), "check" | "health_check")) {
        HealthCheck::Active
    } else if balancer.servers.iter().all(never) {
        HealthCheck::None
    } else {
        HealthCheck::Passive
    }
}
