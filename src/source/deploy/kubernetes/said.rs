//! What documents say of workloads that others declare: how many pods an autoscaler makes of them, how a claim is shared, what
//! their environment is, which Service sends them requests.

use std::rc::Rc;

use super::pod::from_outside;
use super::routes::annotated;
use super::{Document, Reader, at, flat, list, pairs, text};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Count, Says, Sharing, Target};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;
use crate::source::yaml::Node;

impl Reader<'_> {
    /// Reads a document that speaks of pods or their surroundings; false where its kind is none of these.
    pub(super) fn said(&mut self, document: &Document<'_>) -> bool {
        match document.kind.as_str() {
            // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/: at least 1
            // where nothing is said.
            "HorizontalPodAutoscaler" => self.scales(document, "spec.minReplicas", "spec.maxReplicas", (1, None)),
            // https://keda.sh/docs/latest/reference/scaledobject-spec/: none when idle, and at most 100.
            "ScaledObject" => self.scales(document, "spec.minReplicaCount", "spec.maxReplicaCount", (0, Some(100))),
            "PersistentVolumeClaim" => self.claim(document),
            "ConfigMap" => self.variables(document, "data", &|_, value| Value::Text(value.clone())),
            "Secret" => {
                self.variables(document, "data", &|key, _| from_outside(key));
                self.variables(document, "stringData", &|key, _| from_outside(key));
            }
            "PodDisruptionBudget" => {
                let target = Target::Selected(pairs(document.node, "spec.selector.matchLabels"));
                self.settings(document, target);
            }
            "Service" => self.service_of_pods(document),
            _ => return false,
        }
        true
    }

    fn scales(&mut self, document: &Document<'_>, least: &str, most: &str, (fewest, limit): (u32, Option<u32>)) {
        let reference = at(document.node, "spec.scaleTargetRef");
        let part = |key: &str| reference.and_then(|node| text(node, key)).map_or("", |text| text.as_str());
        let kind = if document.kind == "ScaledObject" && part("kind").is_empty() { "deployment" } else { part("kind") };
        let target = Target::Named { kind: kind.to_lowercase().into(), name: Name::new(part("name")) };
        let here = reference.map_or(document.span, |node| node.span);
        let named = |count: Count, key: &str| Count { stated_as: last(key), ..count };
        let unstated = |value: u32, key: &str| self.count(value, &format!("no `{}`", last(key)), here);
        let unlimited = limit.map(|value| unstated(value, most));
        let none = unstated(fewest, least);
        let (low, high) = (self.number(document.node, least), self.number(document.node, most).or(unlimited));
        if let Some(high) = high {
            let least = low.map_or(none, |count| named(count, least));
            self.attach(target.clone(), Says::Scales { least, most: named(high, most) }, document.span);
        }
        self.settings(document, target);
    }

    /// Everything that the document says, under keys after its kind.
    fn settings(&mut self, document: &Document<'_>, target: Target) {
        let settings = flat(&document.kind, document.node);
        self.attach(target, Says::Settings(settings), document.span);
    }

    fn claim(&mut self, document: &Document<'_>) {
        let modes = list(document.node, "spec.accessModes");
        let has = |end: &str| modes.iter().any(|mode: &Rc<Node>| mode.text().is_some_and(|mode| mode.ends_with(end)));
        // Of what many only read, nothing that is written there is seen.
        let sharing = match (has("WriteMany"), has("Once") || has("OncePod")) {
            (true, _) => Some(Sharing::Network),
            (false, true) => Some(Sharing::Host),
            (false, false) => None,
        };
        if let Some(sharing) = sharing {
            self.attach(Target::Mounting(document.name.clone()), Says::Shares(sharing), document.span);
        }
    }

    /// Entries that are named like variables; others are files.
    fn variables(&mut self, document: &Document<'_>, key: &str, value: &dyn Fn(&Name, &Name) -> Value) {
        let mapping = at(document.node, key).and_then(|node| node.mapping());
        let entries = mapping.into_iter().flat_map(|mapping| &mapping.entries);
        let settings: Vec<Setting> = entries
            .filter(|entry| is_variable(&entry.key))
            .filter_map(|entry| {
                let value = value(&entry.key, entry.value.text()?);
                Some(Setting { key: entry.key.clone(), value, function: None, span: entry.key_span })
            })
            .collect();
        if !settings.is_empty() {
            self.found.settings.extend(settings.iter().cloned());
            self.attach(Target::Configured(document.name.clone()), Says::Environment(settings), document.span);
        }
    }

    fn service_of_pods(&mut self, document: &Document<'_>) {
        let labels = pairs(document.node, "spec.selector");
        if labels.is_empty() {
            return;
        }
        let target = Target::Selected(labels);
        self.settings(document, target.clone());
        let by_address = at(document.node, "spec.sessionAffinity")
            .filter(|node| node.text().is_some_and(|text| text == "ClientIP"))
            .map(|node| (AffinityKey::Address, Name::new("sessionAffinity: ClientIP"), node.span));
        if let Some((by, stated_as, span)) = by_address.or_else(|| annotated(document.node)) {
            let location = Location::new(std::sync::Arc::clone(&self.file.path), span);
            self.attach(target, Says::Affinity(Affinity { by, stated_as, location }), document.span);
        }
    }
}

fn last(key: &str) -> Name {
    Name::new(key.rsplit('.').next().unwrap_or(key))
}

pub(super) fn is_variable(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}
