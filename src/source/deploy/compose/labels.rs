//! Labels by which a balancer beside is told to keep clients at one instance.

use std::sync::Arc;

use super::super::traefik;
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

/// The ending of the one that names how an instance is chosen.
const STRATEGY: &str = ".loadbalancer.strategy";

impl Reader<'_> {
    pub(super) fn affinity(&self, settings: &[Setting]) -> Option<Affinity> {
        settings.iter().find_map(|setting| {
            let label = setting.key.strip_prefix("deploy.").unwrap_or(&setting.key).strip_prefix("labels.")?;
            let key = label.to_ascii_lowercase();
            let key = key.strip_prefix("traefik.")?;
            let is = |text: &str| matches!(&setting.value, Value::Text(value) if value == text);
            let is_off = matches!(&setting.value, Value::Bool(false)) || is("false");
            let is_sticky = STICKY.iter().any(|end| key.ends_with(end)) && !is_off;
            let (by, stated_as) = match key.ends_with(STRATEGY) && is(traefik::HRW) {
                true => (AffinityKey::Address, format!("{label}: {}", traefik::HRW).into()),
                false if is_sticky => (AffinityKey::Cookie, label.into()),
                false => return None,
            };
            Some(Affinity { by, stated_as, location: Location::new(Arc::clone(&self.path), setting.span) })
        })
    }
}
