//! Balancers as lines, for tests.

use crate::model::deployment::{Balancer, Server};
use crate::model::fact::{Setting, Value};

/// `key=value` of each.
pub(super) fn settings(settings: &[Setting]) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        value => format!("{value:?}"),
    };
    settings.iter().map(|setting| format!("{}={}", setting.key, text(&setting.value))).collect()
}

/// Name, line, health check and affinity; a line for each server, with its place and settings, and for each route.
pub(super) fn balancers(balancers: &[Balancer]) -> Vec<String> {
    let mut lines = Vec::new();
    for balancer in balancers {
        let affinity = balancer.affinity.as_ref();
        let affinity = affinity.map(|it| format!(" {:?} {}:{}", it.by, it.stated_as, it.location.span.line));
        let Balancer { name, span, health_check, .. } = balancer;
        lines.push(format!("{name}:{} {health_check:?}{}", span.line, affinity.unwrap_or_default()));
        for Server { address, span, settings, .. } in &balancer.servers {
            lines.push(format!("  {address}:{}:{} {}", span.line, span.column, self::settings(settings).join(" ")));
        }
        lines.extend(balancer.routes.iter().map(|route| format!("  > {}:{}", route.path, route.span.line)));
    }
    lines
}
