//! Named templates that charts take from libraries, whose archives are seldom in the repository.
//!
//! Known are those that name things and those that hand values through, as Bitnami's `common` has them:
//! <https://github.com/bitnami/charts/tree/main/bitnami/common>. What others give is unknown, and said to be.

use super::value::Value;

pub(super) enum Known {
    Value(Value),
    /// A value that is a template itself.
    Render(Value),
}

/// What a named template that is not in the chart's own files gives.
pub(super) fn include(name: &str, dot: &Value, root: &Value) -> Option<Known> {
    let release = || root.get("Release").get("Name");
    let label = || format!("app.kubernetes.io/name: {}", release().text());
    let value = match name {
        "common.tplvalues.render" | "common.tplvalues.merge" => return Some(Known::Render(dot.get("value"))),
        "common.images.image" | "common.image" => image(&dot.get("imageRoot")),
        "common.capabilities.deployment.apiVersion" | "common.capabilities.statefulset.apiVersion" => "apps/v1".into(),
        "common.capabilities.hpa.apiVersion" => "autoscaling/v2".into(),
        "common.capabilities.ingress.apiVersion" => "networking.k8s.io/v1".into(),
        "common.capabilities.policy.apiVersion" => "policy/v1".into(),
        "common.capabilities.cronjob.apiVersion" => "batch/v1".into(),
        _ if name.ends_with("fullname") || name.ends_with(".name") || name.ends_with(".names.namespace") => release(),
        _ if name.contains("matchLabels") || name.contains("selectorLabels") || name.contains("labels") => {
            label().into()
        }
        _ if name.ends_with("serviceAccountName") => release(),
        // Another template as a whole, for a checksum of what it gives.
        _ if name.starts_with("common.") || name.contains("templates/") => "".into(),
        _ => return None,
    };
    Some(Known::Value(value))
}

/// `registry/repository:tag`, as far as it is given.
fn image(root: &Value) -> Value {
    let part = |key: &str| root.get(key).text();
    let mut name = [part("registry"), part("repository")].join("/").trim_matches('/').to_owned();
    if root.get("tag").is_true() {
        name = format!("{name}:{}", part("tag"));
    }
    name.into()
}
