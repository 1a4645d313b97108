//! Labels by which a balancer beside is told to keep clients at one instance.

use std::sync::Arc;

use super::Reader;
use crate::model::deployment::{Affinity, AffinityKey};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;

/// Endings of the keys of Traefik's labels, of version 3 and 2, and of version 1:
/// <https://doc.traefik.io/traefik/routing/providers/docker/#services>, <https://doc.traefik.io/traefik/v1.7/configuration/backends/docker/>.
const STICKY: [&str; 4] = [
    ".loadbalancer.sticky",
    ".loadbalancer.sticky.cookie",
    ".loadbalancer.stickiness",
    ".loadbalancer.sticky.cookie.name",
];

impl Reader<'_> {
    pub(super) fn affinity(&self, settings: &[Setting]) -> Option<Affinity> {
        settings.iter().find_map(|setting| {
            let label = setting.key.strip_prefix("deploy.").unwrap_or(&setting.key).strip_prefix("labels.")?;
            let is_sticky =
                label.starts_with("traefik.") && STICKY.iter().any(|end| label.to_ascii_lowercase().ends_with(end));
            let location = Location::new(Arc::clone(&self.path), setting.span);
            let is_off = matches!(&setting.value, Value::Bool(false))
                || matches!(&setting.value, Value::Text(text) if text == "false");
            (is_sticky && !is_off).then(|| Affinity { by: AffinityKey::Cookie, stated_as: label.into(), location })
        })
    }
}
