//! Traefik: the services of its file provider, in YAML and TOML.
//!
//! <https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/>; `backends` are those of version 1,
//! <https://doc.traefik.io/traefik/v1.7/basics/#backends>. Names of keys are not told apart by letter case.

use std::rc::Rc;
use std::sync::Arc;

use super::{File, Found, address, toml};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Balancer, HealthCheck, Route, Server};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::source::settings::plain;
use crate::source::yaml::{self, Entry, Node, flat};

#[cfg(test)]
mod tests;

/// The strategy by which the address of a client tells its server: <https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/>.
pub(super) const HRW: &str = "hrw";

/// The same among services.
const HIGHEST_RANDOM_WEIGHT: &str = "highestRandomWeight";

/// More ways than these are data.
const MAX_ROUTES: usize = 2_000;

pub fn read(File { path, text, .. }: &File<'_>) -> Found {
    let tree =
        if path.ends_with(".toml") { toml::parse(path, text) } else { yaml::parse_parts(path, text, &[yaml::ROOT]) };
    let mut reader =
        Reader { path, found: Found { comments: tree.comments, problems: tree.problems, ..Found::default() } };
    for document in &tree.documents {
        for protocol in ["http", "tcp", "udp"] {
            let Some(section) = get(document, protocol) else { continue };
            entries(section, "services").for_each(|entry| reader.service(entry));
            entries(section, "routers").take(MAX_ROUTES).for_each(|entry| reader.router(entry));
        }
        entries(document, "backends").for_each(|entry| reader.backend(entry));
        reader.found.settings.extend(settings(document));
    }
    reader.found
}

struct Reader<'a> {
    path: &'a Arc<str>,
    found: Found,
}

impl Reader<'_> {
    fn service(&mut self, service: &Entry) {
        if let Some(balancing) = get(&service.value, "loadBalancer") {
            let mut balancer = self.balancer(service, balancing);
            let servers = get(balancing, "servers").and_then(|servers| servers.sequence()).unwrap_or_default();
            balancer.servers = servers.iter().filter_map(self::server).collect();
            self.found.balancers.push(balancer);
        } else if let Some(parts) =
            ["weighted", HIGHEST_RANDOM_WEIGHT].into_iter().find_map(|key| entry(&service.value, key))
        {
            let weighted = &parts.value;
            let mut balancer = self.balancer(service, weighted);
            if parts.key.eq_ignore_ascii_case(HIGHEST_RANDOM_WEIGHT) {
                balancer.affinity.get_or_insert_with(|| self.by_address(HIGHEST_RANDOM_WEIGHT, parts.key_span));
            }
            let services = get(weighted, "services").and_then(|services| services.sequence()).unwrap_or_default();
            // Each is a service of its own, and no host.
            let of = |part: &Rc<Node>| {
                let name = get(part, "name")?;
                let host = Name::new("");
                Some(Server {
                    host,
                    port: None,
                    address: name.text()?.clone(),
                    span: name.span,
                    settings: settings(part),
                })
            };
            balancer.servers = services.iter().filter_map(of).collect();
            self.found.balancers.push(balancer);
        }
    }

    /// Version 1: servers have names, `stickiness` stands within `loadBalancer`.
    fn backend(&mut self, backend: &Entry) {
        let mut balancer = self.balancer(backend, &backend.value);
        if let Some(stickiness) = get(&backend.value, "loadBalancer").and_then(|node| entry(node, "stickiness")) {
            balancer.affinity = Some(self.cookie(stickiness));
        }
        balancer.servers = entries(&backend.value, "servers").filter_map(|entry| server(&entry.value)).collect();
        self.found.balancers.push(balancer);
    }

    fn balancer(&self, named: &Entry, balancing: &Node) -> Balancer {
        let has = |key: &str| entry(balancing, key).is_some();
        // Without a check a server gets its share until the configuration changes.
        let health_check = match (has("healthCheck"), has("passiveHealthCheck")) {
            (true, _) => HealthCheck::Active,
            (_, true) => HealthCheck::Passive,
            _ => HealthCheck::None,
        };
        let sticky = entry(balancing, "sticky").filter(|sticky| sticky.value.text().is_none_or(|text| text != "false"));
        let hashed = entry(balancing, "strategy").filter(|entry| entry.value.text().is_some_and(|text| text == HRW));
        let by_address = |entry: &Entry| self.by_address("strategy: hrw", entry.key_span);
        Balancer {
            affinity: sticky.map(|sticky| self.cookie(sticky)).or_else(|| hashed.map(by_address)),
            health_check,
            settings: settings(balancing).into_iter().filter(|setting| !setting.key.starts_with("servers.")).collect(),
            ..Balancer::named(named.key.clone(), named.key_span)
        }
    }

    fn cookie(&self, sticky: &Entry) -> Affinity {
        let stated_as = if entry(&sticky.value, "cookie").is_some() { "sticky.cookie" } else { sticky.key.as_str() };
        let location = Location::new(Arc::clone(self.path), sticky.key_span);
        Affinity { by: AffinityKey::Cookie, stated_as: stated_as.into(), location }
    }

    fn by_address(&self, stated_as: &str, span: Span) -> Affinity {
        let location = Location::new(Arc::clone(self.path), span);
        Affinity { by: AffinityKey::Address, stated_as: stated_as.into(), location }
    }

    fn router(&mut self, router: &Entry) {
        let Some(name) = get(&router.value, "service").and_then(|name| name.text()) else { return };
        let name = name.split('@').next().unwrap_or_default();
        let path = get(&router.value, "rule").and_then(|rule| rule.text()).cloned().unwrap_or_default();
        let route = Route { path, span: router.key_span, settings: settings(&router.value) };
        if let Some(balancer) = self.found.balancers.iter_mut().find(|balancer| balancer.name == *name) {
            balancer.routes.push(route);
        }
    }
}

/// `url` of HTTP, `address` of TCP and UDP.
fn server(server: &Rc<Node>) -> Option<Server> {
    let address = get(server, "url").or_else(|| get(server, "address"))?;
    let mut found = address::server(address.text()?, address.span);
    found.settings = settings(server);
    Some(found)
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    node.mapping()?.entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(key))
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Rc<Node>> {
    entry(node, key).map(|entry| &entry.value)
}

fn entries<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Entry> {
    get(node, key).and_then(|node| node.mapping()).into_iter().flat_map(|mapping| &mapping.entries)
}

fn settings(node: &Node) -> Vec<Setting> {
    flat("", node, &|text, is_plain| if is_plain { plain(text) } else { Value::Text(text.into()) })
}
