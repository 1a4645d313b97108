//! What runs pods, as services.

use super::pod::Pod;
use super::{Document, Reader, at, flat, list, pairs, text};
use crate::model::Name;
use crate::model::deployment::{Attachment, Count, Number, Role, Says, Service, Target};
use crate::model::fact::Setting;
use crate::source::deploy::{processes, role};

/// How a kind of workload says how many pods it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// By a number, under this key; 1 where it is not given.
    Stated(&'static str),
    /// One for each node.
    EachNode,
    /// By annotations of Knative, or as many as there are requests for.
    Requests,
    Alone,
}

struct Workload {
    kind: &'static str,
    /// The API group, where the kind alone does not tell; `/` ends it.
    group: &'static str,
    /// Where its pods are described.
    template: &'static str,
    scale: Scale,
}

const fn workload(kind: &'static str, group: &'static str, template: &'static str, scale: Scale) -> Workload {
    Workload { kind, group, template, scale }
}

const WORKLOADS: &[Workload] = &[
    workload("Deployment", "", "spec.template", Scale::Stated("spec.replicas")),
    workload("StatefulSet", "", "spec.template", Scale::Stated("spec.replicas")),
    workload("ReplicaSet", "", "spec.template", Scale::Stated("spec.replicas")),
    workload("ReplicationController", "", "spec.template", Scale::Stated("spec.replicas")),
    // OpenShift.
    workload("DeploymentConfig", "", "spec.template", Scale::Stated("spec.replicas")),
    // Argo Rollouts, which has the fields of a Deployment: https://argo-rollouts.readthedocs.io/en/stable/features/specification/.
    workload("Rollout", "argoproj.io/", "spec.template", Scale::Stated("spec.replicas")),
    workload("DaemonSet", "", "spec.template", Scale::EachNode),
    workload("Job", "batch/", "spec.template", Scale::Stated("spec.parallelism")),
    workload("CronJob", "", "spec.jobTemplate.spec.template", Scale::Alone),
    workload("Service", "serving.knative.dev/", "spec.template", Scale::Requests),
    workload("Pod", "", "", Scale::Alone),
];

/// Versions of the group `apps`, those before 1.16 included.
const APPS: [&str; 3] = ["apps/v1", "apps/v1beta1", "apps/v1beta2"];

impl Reader<'_> {
    /// Reads a document that runs pods; false where it does not.
    pub(super) fn workload(&mut self, document: &Document<'_>) -> bool {
        let is_meant =
            |workload: &&Workload| document.kind == workload.kind && document.version.starts_with(workload.group);
        let Some(workload) = WORKLOADS.iter().find(is_meant) else { return false };
        if document.version.starts_with("apps/") && !APPS.contains(&document.version.as_str()) {
            let message = format!("`{}` is no version that is understood, read as `apps/v1`", document.version);
            self.problem(document.span, message, "");
        }
        if is_test(document) {
            return true;
        }
        let template = if workload.template.is_empty() { Some(document.node) } else { template(document, workload) };
        match template.and_then(|template| Some((template, self.pod(template.get("spec")?)?))) {
            Some((template, pod)) if is_whole(document, workload, || self.is_resource()) => {
                let service = self.service(document, workload, pod, pairs(template, "metadata.labels"));
                self.found.services.push(service);
            }
            _ => self.patch(document, workload),
        }
        true
    }

    fn service(
        &mut self,
        document: &Document<'_>,
        workload: &Workload,
        pod: Pod,
        labels: Vec<(Name, Name)>,
    ) -> Service {
        let kind = document.kind.to_lowercase();
        let told = role::of(pod.image.as_deref(), &pod.commands, &document.name);
        let serves = workload.scale != Scale::Alone && document.kind != "Job" && !pod.ports.is_empty();
        let (instances, ceiling) = self.scale(document, workload);
        let mut mounts = pod.mounts;
        self.claims(document, &mut mounts);
        Service {
            kind: kind.into(),
            role: match told {
                _ if document.kind == "CronJob" => Role::Cron,
                None if serves => Role::Web,
                // Its image is the app's, and what it runs comes to an end.
                Some(Role::Web) if document.kind == "Job" => Role::Unknown,
                told => told.unwrap_or(Role::Unknown),
            },
            processes: processes::of(&self.file.path, &pod.commands, &pod.environment).filter(|count| count.value != 1),
            image: pod.image,
            command: pod.command,
            command_span: pod.command_span,
            container: pod.container,
            instances,
            ceiling,
            host_network: pod.host_network,
            ports: pod.ports,
            mounts,
            environment: pod.environment,
            configured_by: pod.configured_by,
            // Knative asks every container over TCP where it states no probe:
            // https://knative.dev/docs/serving/services/configure-probing/.
            health_check: pod.health_check || workload.scale == Scale::Requests,
            labels,
            settings: flat("", document.node),
            ..Service::named(document.name.clone(), document.span)
        }
    }

    fn scale(&mut self, document: &Document<'_>, workload: &Workload) -> (Vec<Count>, Option<Count>) {
        match workload.scale {
            Scale::Alone => (Vec::new(), None),
            Scale::Stated(key) => (self.number(document.node, key).into_iter().collect(), None),
            Scale::EachNode => (vec![self.count(Number::Several, "DaemonSet, one for each node", document.span)], None),
            Scale::Requests => self.requests(document),
        }
    }

    /// `autoscaling.knative.dev/min-scale` and `max-scale`, `minScale` and `maxScale` before; without the latter there is no limit:
    /// <https://knative.dev/docs/serving/autoscaling/scale-bounds/>.
    fn requests(&self, document: &Document<'_>) -> (Vec<Count>, Option<Count>) {
        let annotations = at(document.node, "spec.template.metadata.annotations");
        let stated = |names: [&str; 2]| {
            names.into_iter().find_map(|name| {
                let node = annotations?.get(&format!("autoscaling.knative.dev/{name}"))?;
                Some(self.count(node.text()?.trim().parse::<u32>().ok()?, name, node.span))
            })
        };
        let least = stated(["min-scale", "minScale"]).filter(|count| count.value > 0);
        let most = stated(["max-scale", "maxScale"]).filter(|count| count.value > 0);
        let unlimited = || self.count(Number::Several, "no `max-scale`", document.span);
        (least.into_iter().collect(), Some(most.unwrap_or_else(unlimited)))
    }

    /// A part of a workload that an overlay lays over the whole one.
    fn patch(&mut self, document: &Document<'_>, workload: &Workload) {
        let target = Target::Named { kind: document.kind.to_lowercase().into(), name: document.name.clone() };
        let span = document.span;
        if let Scale::Stated(key) = workload.scale
            && let Some(count) = self.number(document.node, key)
        {
            self.attach(target.clone(), Says::Replicas(count), span);
        }
        let spec = template(document, workload).and_then(|template| template.get("spec"));
        let environment: Vec<Setting> = spec.map(|spec| self.variables_of(spec)).unwrap_or_default();
        if !environment.is_empty() {
            self.attach(target.clone(), Says::Environment(environment), span);
        }
        let says = Says::Settings(flat("", document.node));
        self.found.attachments.push(Attachment { target, says, span });
    }
}

fn template<'n>(document: &Document<'n>, workload: &Workload) -> Option<&'n super::Node> {
    at(document.node, workload.template).map(|template| &**template)
}

/// What selects its pods is required of a whole Deployment, and no patch repeats it. Documents older than `apps/v1` may leave it
/// out, but not the labels of their pods, which only a kustomization adds (`commonLabels`). An image is there in any case.
fn is_whole(document: &Document<'_>, workload: &Workload, is_resource: impl Fn() -> bool) -> bool {
    let labelled = || !pairs(document.node, &format!("{}.metadata.labels", workload.template)).is_empty();
    let needs_labels = matches!(workload.scale, Scale::EachNode | Scale::Stated("spec.replicas"));
    let spec = if workload.template.is_empty() { "spec".to_owned() } else { format!("{}.spec", workload.template) };
    let has_image = list(document.node, &format!("{spec}.containers")).iter().any(|it| text(it, "image").is_some());
    has_image && (!needs_labels || at(document.node, "spec.selector").is_some() || labelled() || is_resource())
}

/// Tests of a Helm release are run when somebody asks for them: <https://helm.sh/docs/topics/chart_tests/>.
fn is_test(document: &Document<'_>) -> bool {
    let annotations = at(document.node, "metadata.annotations");
    let hook = annotations.and_then(|annotations| annotations.get("helm.sh/hook")).and_then(|hook| hook.text());
    hook.is_some_and(|hook| hook.split(',').any(|hook| hook.trim().starts_with("test")))
}
