//! What stands before Services and keeps the requests of one client with one pod: Ingresses, routes of Traefik and of the Gateway
//! API, rules of Istio.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use super::super::traefik;
use super::{Document, Reader, at, list, text};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Says, Target};
use crate::model::location::{Location, Span};
use crate::source::yaml::Node;

/// What tells clients apart, how the file says so, and where.
pub(super) type Kept = (AffinityKey, Name, Span);

impl Reader<'_> {
    pub(super) fn routes(&mut self, document: &Document<'_>) {
        let spec = |key: &str| list(document.node, key);
        match document.kind.as_str() {
            "Ingress" => {
                let Some(kept) = annotated(document.node) else { return };
                let rules = spec("spec.rules").iter().flat_map(|rule| list(rule, "http.paths"));
                let backends = rules.filter_map(|path| path.get("backend"));
                let whole = ["spec.defaultBackend", "spec.backend"].iter().filter_map(|key| at(document.node, key));
                // `serviceName` before networking.k8s.io/v1.
                let name = |backend: &Rc<Node>| text(backend, "service.name").or(text(backend, "serviceName")).cloned();
                for service in backends.chain(whole).filter_map(name).collect::<Vec<_>>() {
                    self.keeps(&service, kept.clone(), document.span);
                }
            }
            // https://doc.traefik.io/traefik/routing/providers/kubernetes-crd/
            "IngressRoute" => {
                for service in spec("spec.routes").iter().flat_map(|route| list(route, "services")) {
                    self.service_that_sticks(service, document.span);
                }
            }
            "TraefikService" => {
                for service in spec("spec.weighted.services") {
                    self.service_that_sticks(service, document.span);
                }
            }
            // https://gateway-api.sigs.k8s.io/geps/gep-1619/
            "HTTPRoute" => {
                for rule in spec("spec.rules") {
                    let Some(persistence) = rule.get("sessionPersistence") else { continue };
                    let by_header = text(persistence, "type").is_some_and(|kind| kind == "Header");
                    let by = if by_header { AffinityKey::Request } else { AffinityKey::Cookie };
                    for name in list(rule, "backendRefs").iter().filter_map(|backend| text(backend, "name")) {
                        self.keeps(name, (by, Name::new("sessionPersistence"), persistence.span), document.span);
                    }
                }
            }
            // https://istio.io/latest/docs/reference/config/networking/destination-rule/
            "DestinationRule" => {
                let hash = at(document.node, "spec.trafficPolicy.loadBalancer.consistentHash");
                let key = hash.and_then(|hash| hash.mapping()).and_then(|hash| hash.entries.first());
                let host = text(document.node, "spec.host").and_then(|host| host.split('.').next());
                if let (Some(key), Some(host)) = (key, host) {
                    let by = match key.key.as_str() {
                        "httpCookie" => AffinityKey::Cookie,
                        "useSourceIp" => AffinityKey::Address,
                        _ => AffinityKey::Request,
                    };
                    let stated_as = format!("consistentHash: {}", key.key);
                    self.keeps(host, (by, stated_as.into(), key.key_span), document.span);
                }
            }
            _ => {}
        }
    }

    fn service_that_sticks(&mut self, service: &Node, span: Span) {
        let cookie = service.get("sticky").and_then(|sticky| sticky.mapping()?.entry("cookie"));
        if let (Some(cookie), Some(name)) = (cookie, text(service, "name")) {
            self.keeps(name, (AffinityKey::Cookie, Name::new("sticky.cookie"), cookie.key_span), span);
        } else if let (Some(strategy), Some(name)) = (service.get("strategy"), text(service, "name"))
            && strategy.text().is_some_and(|text| text == traefik::HRW)
        {
            self.keeps(name, (AffinityKey::Address, Name::new("strategy: hrw"), strategy.span), span);
        }
    }

    fn keeps(&mut self, service: &str, (by, stated_as, place): Kept, span: Span) {
        let location = Location::new(Arc::clone(&self.file.path), place);
        let affinity = Affinity { by, stated_as, location };
        self.attach(Target::Behind(Name::new(service)), Says::Affinity(affinity), span);
    }
}

/// What an annotation of the document says of the requests of one client.
pub(super) fn annotated(document: &Node) -> Option<Kept> {
    let annotations = at(document, "metadata.annotations")?.mapping()?;
    annotations.entries.iter().find_map(|entry| {
        let value = entry.value.text()?;
        let row = ANNOTATIONS.iter().find(|row| {
            *row.name == *entry.key && value.contains(row.value) && !(row.value.is_empty() && value == "false")
        })?;
        let name = entry.key.rsplit('/').next().unwrap_or(&entry.key);
        Some((row.by, format!("{name}: {value}").into(), entry.key_span))
    })
}

struct Annotation {
    name: &'static str,
    value: &'static str,
    by: AffinityKey,
}

static ANNOTATIONS: LazyLock<Vec<Annotation>> = LazyLock::new(|| {
    let rows = include_str!("affinity.tsv").lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let mut columns = line.split('\t');
        let (name, value) = (columns.next()?, columns.next()?);
        let by = match columns.next()? {
            "cookie" => AffinityKey::Cookie,
            "address" => AffinityKey::Address,
            "request" => AffinityKey::Request,
            _ => return None,
        };
        Some(Annotation { name, value, by })
    };
    rows.filter_map(row).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_understood() {
        let rows = include_str!("affinity.tsv").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(ANNOTATIONS.len(), rows.clone().count());
        assert!(rows.clone().all(|row| row.split('\t').nth(3).is_some_and(|read| read.starts_with("https://"))));
    }
}
