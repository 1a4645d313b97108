//! Envoy: the clusters of a static configuration, in YAML and JSON.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto>.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::{File, Found, address};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Balancer, HealthCheck, Route, Server};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;
use crate::source::settings::plain;
use crate::source::yaml::{self, Content, Entry, Node, flat};

#[cfg(test)]
mod tests;

/// More ways than these are data.
const MAX_ROUTES: usize = 2_000;

/// JSON is read as the YAML that it is.
pub fn read(File { path, text, .. }: &File<'_>) -> Found {
    let tree = yaml::parse_parts(path, text, &[yaml::ROOT]);
    let found = Found { comments: tree.comments, problems: tree.problems, ..Found::default() };
    let mut reader = Reader { path, found, clusters: HashMap::new(), routes: 0 };
    for document in &tree.documents {
        reader.found.settings.extend(settings(document));
        let Some(resources) = document.get("static_resources") else { continue };
        let clusters = resources.get("clusters").and_then(|clusters| clusters.sequence()).unwrap_or_default();
        clusters.iter().for_each(|cluster| reader.cluster(cluster));
        if let Some(listeners) = resources.get("listeners") {
            reader.listen(listeners, false);
        }
    }
    reader.found
}

struct Reader<'a> {
    path: &'a Arc<str>,
    found: Found,
    /// Where the clusters stand among those found, by name.
    clusters: HashMap<Name, usize>,
    routes: usize,
}

impl Reader<'_> {
    fn cluster(&mut self, cluster: &Node) {
        let Some((name, span)) = cluster.get("name").and_then(|name| Some((name.text()?, name.span))) else { return };
        let groups = cluster.get("load_assignment").and_then(|assigned| assigned.get("endpoints"));
        let groups = groups.and_then(|groups| groups.sequence()).unwrap_or_default();
        let assigned = groups.iter().filter_map(|group| group.get("lb_endpoints")?.sequence()).flatten();
        // `hosts` is how version 2 has them.
        let hosts = cluster.get("hosts").and_then(|hosts| hosts.sequence()).unwrap_or_default();
        let servers: Vec<Server> = assigned.chain(hosts).filter_map(server).collect();
        let health_check = match (cluster.get("health_checks"), cluster.get("outlier_detection")) {
            (Some(_), _) => HealthCheck::Active,
            (_, Some(_)) => HealthCheck::Passive,
            _ => HealthCheck::None,
        };
        let is_own =
            |setting: &Setting| !setting.key.starts_with("load_assignment") && !setting.key.starts_with("hosts");
        let settings = settings(cluster).into_iter().filter(is_own).collect();
        self.clusters.insert(name.clone(), self.found.balancers.len());
        self.found.balancers.push(Balancer { servers, health_check, settings, ..Balancer::named(name.clone(), span) });
    }

    /// Looks for what leads to clusters: `route` beside `match`, and TCP proxies. `upgrades` holds where the connection manager around
    /// it lets WebSockets through.
    fn listen(&mut self, node: &Node, upgrades: bool) {
        match &node.content {
            Content::Sequence(items) => items.iter().for_each(|item| self.listen(item, upgrades)),
            Content::Mapping(mapping) => {
                let upgrades = upgrades || lets_upgrade(node);
                self.route(node, upgrades);
                mapping.entries.iter().for_each(|entry| self.listen(&entry.value, upgrades));
            }
            _ => {}
        }
    }

    fn route(&mut self, node: &Node, upgrades: bool) {
        let (action, place) = match mapped(node, "route") {
            Some(entry) => (&*entry.value, entry.key_span),
            None if node.get("stat_prefix").is_some() => (node, node.span),
            None => return,
        };
        let Some(name) = action.get("cluster").and_then(|cluster| cluster.text()) else { return };
        let Some(balancer) = self.clusters.get(name).and_then(|at| self.found.balancers.get_mut(*at)) else { return };
        self.routes += 1;
        if self.routes > MAX_ROUTES {
            return;
        }
        let matched = node.get("match");
        let path = ["prefix", "path", "safe_regex"].iter().find_map(|key| matched?.get(key)?.text()).cloned();
        let mut found = settings(action);
        if upgrades || lets_upgrade(action) {
            found.push(Setting {
                key: "upgrade".into(),
                value: Value::Text("websocket".into()),
                function: None,
                span: place,
            });
        }
        balancer.routes.push(Route { path: path.unwrap_or_default(), span: place, settings: found });
        // Only these heed what a route hashes.
        let hashes = balancer.settings.iter().any(|setting| {
            setting.key == "lb_policy"
                && matches!(&setting.value, Value::Text(text) if *text == "RING_HASH" || *text == "MAGLEV")
        });
        let policy = mapped(action, "hash_policy").filter(|_| hashes && balancer.affinity.is_none());
        balancer.affinity = balancer.affinity.take().or_else(|| affinity(policy?, self.path));
    }
}

/// `hash_policy: [{cookie: …}]`, `[{connection_properties: {source_ip: true}}]`, `[{header: …}]`.
fn affinity(policy: &Entry, path: &Arc<str>) -> Option<Affinity> {
    let first = policy.value.sequence().and_then(|items| items.first()).unwrap_or(&policy.value);
    let key = first.mapping()?.entries.first()?;
    let by = match key.key.as_str() {
        "cookie" => AffinityKey::Cookie,
        "connection_properties" | "source_ip" => AffinityKey::Address,
        "header" if header(&key.value).is_some_and(|name| name.eq_ignore_ascii_case("x-forwarded-for")) => {
            AffinityKey::Address
        }
        _ => AffinityKey::Request,
    };
    let location = Location::new(Arc::clone(path), policy.key_span);
    Some(Affinity { by, stated_as: Name::new(format!("hash_policy: {}", key.key)), location })
}

fn header(node: &Node) -> Option<&Name> {
    node.get("header_name")?.text()
}

fn lets_upgrade(node: &Node) -> bool {
    let upgrades = node.get("upgrade_configs").and_then(|upgrades| upgrades.sequence()).unwrap_or_default();
    let is_websocket = |upgrade: &Rc<Node>| {
        let kind = upgrade.get("upgrade_type").and_then(|kind| kind.text());
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case("websocket"))
            && upgrade.get("enabled").is_none_or(|enabled| enabled.is_true())
    };
    upgrades.iter().any(is_websocket)
}

fn server(endpoint: &Rc<Node>) -> Option<Server> {
    let inner = endpoint.get("endpoint").and_then(|inner| inner.get("address")).unwrap_or(endpoint);
    let Some(socket) = inner.get("socket_address") else {
        let pipe = inner.get("pipe")?.get("path")?;
        return Some(address::server(&format!("unix:{}", pipe.text()?), pipe.span));
    };
    let host = socket.get("address")?;
    let port = socket.get("port_value").and_then(|port| port.text());
    let written =
        port.map_or_else(|| host.text().map(ToString::to_string), |port| Some(format!("{}:{port}", host.text()?)))?;
    let is_own =
        |setting: &Setting| !setting.key.starts_with("endpoint.") && !setting.key.starts_with("socket_address");
    let settings = settings(endpoint).into_iter().filter(is_own).collect();
    Some(Server { settings, ..address::server(&written, host.span) })
}

fn mapped<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    node.mapping()?.entry(key)
}

fn settings(node: &Node) -> Vec<Setting> {
    flat("", node, &|text, is_plain| if is_plain { plain(text) } else { Value::Text(text.into()) })
}
