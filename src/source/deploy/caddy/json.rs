//! Caddy's JSON: handlers that are a `reverse_proxy`, wherever they stand.
//!
//! <https://caddyserver.com/docs/json/apps/http/servers/routes/handle/reverse_proxy/>.

use super::super::{File, Found, address};
use super::policy_key;
use crate::model::Name;
use crate::model::deployment::{Affinity, Balancer, HealthCheck, Server};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;
use crate::source::settings::plain;
use crate::source::yaml::{self, Content, Node, flat};

/// JSON is read as the YAML that it is.
pub(super) fn read(file: &File<'_>) -> Found {
    let tree = yaml::parse(&file.path, file.text);
    let mut found = Found { problems: tree.problems, ..Found::default() };
    for document in &tree.documents {
        found.settings.extend(settings(document));
        collect(file, document, &mut found);
    }
    found
}

fn collect(file: &File<'_>, node: &Node, found: &mut Found) {
    match &node.content {
        Content::Sequence(items) => items.iter().for_each(|item| collect(file, item, found)),
        Content::Mapping(mapping) => {
            if node.get("handler").and_then(|handler| handler.text()).is_some_and(|text| text == "reverse_proxy") {
                found.balancers.extend(balancer(file, node));
            }
            mapping.entries.iter().for_each(|entry| collect(file, &entry.value, found));
        }
        _ => {}
    }
}

fn balancer(file: &File<'_>, proxy: &Node) -> Option<Balancer> {
    let upstreams = proxy.get("upstreams")?.sequence()?;
    let dials = upstreams.iter().filter_map(|upstream| upstream.get("dial"));
    let servers: Vec<Server> = dials.filter_map(|dial| Some(address::server(dial.text()?, dial.span))).collect();
    let first = servers.first()?;
    let checks = proxy.get("health_checks");
    let policy = proxy.get("load_balancing").and_then(|balancing| balancing.get("selection_policy")?.get("policy"));
    let affinity = policy.and_then(|policy| {
        let by = policy_key(policy.text()?)?;
        let stated_as = Name::new(format!("policy {}", policy.text()?));
        Some(Affinity { by, stated_as, location: Location::new(file.path.clone(), policy.span) })
    });
    let health_check = match checks.map(|checks| (checks.get("active"), checks.get("passive"))) {
        Some((Some(_), _)) => HealthCheck::Active,
        Some((_, Some(_))) => HealthCheck::Passive,
        _ => HealthCheck::None,
    };
    let named = Balancer::named(first.address.clone(), first.span);
    Some(Balancer { declared: false, affinity, health_check, settings: settings(proxy), servers, ..named })
}

fn settings(node: &Node) -> Vec<Setting> {
    flat("", node, &|text, is_plain| if is_plain { plain(text) } else { Value::Text(text.into()) })
}
