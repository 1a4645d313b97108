//! Manifests and kustomizations as people write them.

use proptest::prelude::*;

use super::*;
use crate::model::deployment::{AffinityKey, Role, Service, Sharing};

fn none(_: &str) -> Option<String> {
    None
}

fn found_at(path: &str, text: &str, beside: super::super::Beside<'_>) -> Found {
    read(&File { path: path.into(), text, beside })
}

fn found(text: &str) -> Found {
    found_at("k8s/shop.yaml", text, &none)
}

fn one(text: &str) -> Service {
    let found = found(text);
    assert_eq!(found.services.len(), 1, "{:?}", found.problems);
    found.services.into_iter().next().unwrap()
}

/// A workload with the lines of its spec, its pods' included.
fn workload(version: &str, kind: &str, spec: &str) -> String {
    format!(
        "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: shop\nspec:\n{spec}  selector:\n    matchLabels: {{a: b}}\n  \
         template:\n    spec:\n      containers:\n        - image: shop\n          ports: [{{containerPort: 80}}]\n"
    )
}

fn place(count: &Count) -> (u32, &str, u32, u32) {
    (count.value, &count.stated_as, count.location.span.line, count.location.span.column)
}

#[test]
fn a_deployment_is_a_service_with_all_that_it_holds_on_to() {
    let shop = one(include_str!("tests/shop.yaml"));
    assert_eq!((shop.name.as_str(), shop.kind.as_str(), shop.role), ("shop", "deployment", Role::Web));
    assert_eq!(shop.image.as_deref(), Some("registry.example.org/shop:1.4"), "not that of the proxy beside it");
    assert_eq!(shop.command.as_deref(), Some("gunicorn shop.web:app --workers 4"));
    assert_eq!(shop.span, Span::on_line(4, 9, 13));
    assert_eq!(shop.instances.iter().map(place).collect::<Vec<_>>(), [(3, "spec.replicas", 7, 13)]);
    assert_eq!(shop.processes.as_ref().map(place), Some((4, "gunicorn --workers", 21, 35)));
    assert_eq!(shop.host_network.map(|span| (span.line, span.column)), Some((14, 20)));
    assert_eq!(shop.container.map(|span| (span.line, span.column)), Some((18, 17)));
    let ports: Vec<_> = shop.ports.iter().map(|port| (port.host, port.container, port.span.line)).collect();
    assert_eq!(ports, [(Some((8080, 8080)), 8000, 24), (None, 9000, 25)]);
    assert!(shop.health_check);
    assert_eq!(shop.configured_by, ["shop-env", "shop-secret"]);
    assert!(shop.labels.contains(&("tier".into(), "web".into())));
}

#[test]
fn volumes_tell_who_shares_them() {
    let shop = one(include_str!("tests/shop.yaml"));
    let mounts: Vec<_> =
        shop.mounts.iter().map(|m| (m.source.as_str(), m.target.as_str(), m.sharing, m.read_only)).collect();
    assert_eq!(
        mounts,
        [
            ("shop-uploads", "/app/uploads", Sharing::Unknown, false),
            ("cache", "/tmp/cache", Sharing::Ephemeral, false),
            ("/var/lib/shop", "/host", Sharing::Bind, false),
            ("nfs", "/shared", Sharing::Network, false),
            ("config", "/etc/shop", Sharing::Network, true),
            ("efs", "/efs", Sharing::Network, false),
        ]
    );
}

#[test]
fn variables_come_from_the_file_or_from_outside() {
    let shop = one(include_str!("tests/shop.yaml"));
    let outside = Value::Environment { name: "SECRET_KEY".into(), fallback: None };
    let variables: Vec<_> = shop.environment.iter().map(|v| (v.key.as_str(), v.value.clone(), v.span.line)).collect();
    assert_eq!(variables, [("SESSION_DRIVER", Value::Text("file".into()), 28), ("SECRET_KEY", outside, 30)]);
}

#[test]
fn other_documents_speak_of_it() {
    let attachments = found(include_str!("tests/shop.yaml")).attachments;
    let said = |wanted: &dyn Fn(&Says) -> bool| attachments.iter().find(|it| wanted(&it.says)).unwrap();
    let claim = said(&|says| matches!(says, Says::Shares(_)));
    assert_eq!((&claim.target, &claim.says), (&Target::Mounting("shop-uploads".into()), &Says::Shares(Sharing::Host)));
    let scales = said(&|says| matches!(says, Says::Scales { .. }));
    assert_eq!(scales.target, Target::Named { kind: "deployment".into(), name: "shop".into() });
    let Says::Scales { least, most } = &scales.says else { panic!() };
    assert_eq!((place(least), place(most)), ((1, "no `minReplicas`", 86, 19), (10, "maxReplicas", 87, 16)));
    let configured = said(&|says| matches!(says, Says::Environment(_)));
    let Says::Environment(variables) = &configured.says else { panic!() };
    assert_eq!(variables.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["WEB_CONCURRENCY"], "no files");
    let kept: Vec<_> = attachments
        .iter()
        .filter_map(|it| match &it.says {
            Says::Affinity(affinity) => Some((&it.target, affinity.by, affinity.location.span.line)),
            _ => None,
        })
        .collect();
    let selected = Target::Selected(vec![("app".into(), "shop".into())]);
    assert_eq!(
        kept,
        [(&selected, AffinityKey::Address, 80), (&Target::Behind("shop".into()), AffinityKey::Cookie, 94)]
    );
}

#[test]
fn every_kind_says_how_many_pods_it_runs() {
    for (version, kind, spec, expected) in [
        ("apps/v1", "Deployment", "", 1),
        ("apps/v1", "StatefulSet", "  replicas: 2\n", 2),
        ("apps/v1", "ReplicaSet", "  replicas: \"4\"\n", 4),
        ("apps/v1", "DaemonSet", "", 2),
        ("batch/v1", "Job", "  parallelism: 5\n", 5),
        ("argoproj.io/v1alpha1", "Rollout", "  replicas: 3\n", 3),
        ("apps.openshift.io/v1", "DeploymentConfig", "  replicas: 3\n", 3),
        ("apps/v1", "Deployment", "  replicas: 0\n", 0),
    ] {
        let service = one(&workload(version, kind, spec));
        assert_eq!((service.replicas(), service.kind.as_str()), (expected, kind.to_lowercase().as_str()));
    }
    let cron = one(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec:\n  jobTemplate: {spec: {template: {spec: \
                    {containers: [{image: a}]}}}}\n",
    );
    assert_eq!((cron.role, cron.replicas()), (Role::Cron, 1));
    let pod = one("kind: Pod\napiVersion: v1\nmetadata: {name: x}\nspec: {containers: [{image: redis}]}\n");
    assert_eq!(pod.role, Role::Cache);
}

#[test]
fn knative_makes_as_many_as_there_are_requests_for() {
    let text = |annotations: &str| {
        format!(
            "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {{name: x}}\nspec:\n  template:\n    metadata: \
             {{annotations: {{{annotations}}}}}\n    spec: {{containers: [{{image: a, ports: [{{containerPort: 80}}]}}]}}\n"
        )
    };
    let bounded = one(&text("autoscaling.knative.dev/minScale: \"2\", autoscaling.knative.dev/max-scale: \"7\""));
    assert_eq!((bounded.replicas(), bounded.most_replicas(), bounded.health_check), (2, 7, true));
    assert_eq!(one(&text("")).most_replicas(), 2, "without a limit there may be several");
}

#[test]
fn a_statefulset_gives_each_pod_a_volume_of_its_own() {
    let text = workload("apps/v1", "StatefulSet", "  volumeClaimTemplates: [{metadata: {name: data}}]\n")
        + "          volumeMounts: [{name: data, mountPath: /data}]\n";
    assert_eq!(one(&text).mounts[0].sharing, Sharing::Own);
}

#[test]
fn a_patch_is_no_service() {
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n  replicas: 5\n  template:\n    spec:\n      \
                 containers:\n        - name: shop\n          env: [{name: A, value: b}]\n";
    let found = found(patch);
    assert!(found.services.is_empty());
    let target = Target::Named { kind: "deployment".into(), name: "shop".into() };
    assert!(found.attachments.iter().all(|attachment| attachment.target == target));
    assert!(matches!(&found.attachments[0].says, Says::Replicas(count) if count.value == 5));
    assert!(matches!(&found.attachments[1].says, Says::Environment(variables) if variables.len() == 1));
}

#[test]
fn kustomizations_that_take_each_other_are_told() {
    let beside = |path: &str| (path == "b/kustomization.yaml").then(|| "resources: [../a]\n".to_owned());
    let found = found_at("a/kustomization.yaml", "resources: [../b]\n", &beside);
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["a/kustomization.yaml:1:13: `../b` takes this kustomization in turn"]);
}

#[test]
fn labels_may_be_those_of_the_kustomization() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  replicas: 2\n  template: {spec: {containers: \
                [{name: shop, image: shop}]}}\n";
    let services = |files: &'static [(&str, &str)]| {
        let beside = |path: &str| files.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned());
        found_at("k8s/shop.yaml", text, &beside).services.len()
    };
    assert_eq!(services(&[("k8s/kustomization.yaml", "commonLabels: {app: shop}\nresources: [./shop.yaml]\n")]), 1);
    assert_eq!(services(&[("k8s/kustomization.yaml", "resources: [../base]\npatches: [{path: shop.yaml}]\n")]), 0);
    assert_eq!(services(&[("kustomization.yaml", "resources: [base]\npatches: [{path: k8s/shop.yaml}]\n")]), 0);
    assert_eq!(services(&[]), 1, "and who has no kustomization has no patches");
    assert_eq!(found_at("k8s/shop-patch.yaml", text, &none).services.len(), 0);
}

#[test]
fn a_kustomization_speaks_of_what_its_base_declares() {
    let text = "resources: [../../base]\nreplicas:\n  - name: shop\n    count: 4\npatches:\n  - target: {kind: Deployment, name: \
                api}\n    path: replicas.json\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata:\n        \
                name: jobs\n      spec:\n        replicas: 2\nconfigMapGenerator:\n  - name: env\n    literals: [A=b]\n    envs: \
                [shop.env]\n";
    let beside = |path: &str| match path {
        "k8s/overlays/prod/replicas.json" => {
            Some(r#"[{"op": "replace", "path": "/spec/replicas", "value": 6}]"#.into())
        }
        "k8s/overlays/prod/shop.env" => Some("# comment\nC=d\n".into()),
        _ => None,
    };
    let found = found_at("k8s/overlays/prod/kustomization.yaml", text, &beside);
    let counts: Vec<_> = found
        .attachments
        .iter()
        .filter_map(|it| match (&it.target, &it.says) {
            (Target::Named { name, .. }, Says::Replicas(count)) => {
                Some((name.as_str(), count.value, count.location.span.line))
            }
            _ => None,
        })
        .collect();
    assert_eq!(counts, [("shop", 4, 4), ("api", 6, 7), ("jobs", 2, 9)]);
    assert_eq!(found.settings.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["A", "C"]);
}

#[test]
fn a_kustomization_renames_what_it_takes_in_and_says_what_is_missing() {
    let text = "resources:\n- ../../base\n- gone.yaml\n- https://example.org/x?ref=v1\n- ../../../../outside.yaml\ncomponents: [../../tls]\n\
                namePrefix: prod-\nnameSuffix: -v2\nimages:\n- name: shop\n  newName: registry:5000/shop\n  newTag: \"7\"\n\
                - {name: db, digest: sha256:ab}\nhelmCharts: [{name: x}]\n";
    let beside = |path: &str| {
        ["deploy/base/kustomization.yml", "deploy/tls/kustomization.yaml"].contains(&path).then(String::new)
    };
    let found = found_at("deploy/overlays/prod/kustomization.yaml", text, &beside);
    let [attachment] = &found.attachments[..] else { panic!("{:?}", found.attachments) };
    assert_eq!(attachment.target, Target::Below(vec!["deploy/base".into(), "deploy/tls".into()]));
    let images = vec![("shop".into(), "registry:5000/shop:7".into()), ("db".into(), "db@sha256:ab".into())];
    assert_eq!(attachment.says, Says::Renames { prefix: "prod-".into(), suffix: "-v2".into(), images });
    let problems: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "deploy/overlays/prod/kustomization.yaml:3:3: `gone.yaml` is not here, so nothing of it is read",
            "deploy/overlays/prod/kustomization.yaml:14:14: charts of a kustomization are not rendered, so their services are not read",
        ]
    );
}

#[test]
fn routes_that_keep_clients_with_a_pod_are_known() {
    for (text, by) in [
        (
            "kind: IngressRoute\nspec: {routes: [{services: [{name: shop, sticky: {cookie: {}}}]}]}\n",
            Some(AffinityKey::Cookie),
        ),
        (
            "kind: IngressRoute\nspec: {routes: [{services: [{name: shop, strategy: hrw}]}]}\n",
            Some(AffinityKey::Address),
        ),
        ("kind: IngressRoute\nspec: {routes: [{services: [{name: shop, strategy: p2c}]}]}\n", None),
        (
            "kind: Ingress\nmetadata: {annotations: {nginx.ingress.kubernetes.io/upstream-hash-by: $request_uri}}\nspec: \
             {defaultBackend: {service: {name: shop}}}\n",
            Some(AffinityKey::Request),
        ),
        (
            "kind: Ingress\nmetadata: {annotations: {alb.ingress.kubernetes.io/target-group-attributes: \
             \"stickiness.enabled=true,stickiness.type=lb_cookie\"}}\nspec: {backend: {serviceName: shop}}\n",
            Some(AffinityKey::Cookie),
        ),
        (
            "kind: DestinationRule\nspec: {host: shop.default.svc, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: \
             true}}}}\n",
            Some(AffinityKey::Address),
        ),
        (
            "kind: HTTPRoute\nspec: {rules: [{backendRefs: [{name: shop}], sessionPersistence: {sessionName: x}}]}\n",
            Some(AffinityKey::Cookie),
        ),
        ("kind: Ingress\nmetadata: {annotations: {}}\nspec: {backend: {serviceName: shop}}\n", None),
        ("kind: IngressRoute\nspec: {routes: [{services: [{name: shop}]}]}\n", None),
        ("kind: NetworkPolicy\nspec: {podSelector: {}}\n", None),
    ] {
        let attachments = found(&format!("apiVersion: x/v1\n{text}")).attachments;
        let kept: Vec<_> = attachments
            .iter()
            .map(|it| match &it.says {
                Says::Affinity(affinity) if it.target == Target::Behind("shop".into()) => affinity.by,
                says => panic!("{says:?}"),
            })
            .collect();
        assert_eq!(kept, by.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    for (text, line, message) in [
        (workload("apps/v1", "Deployment", "  replicas: ${REPLICAS}\n"), 6, "`spec.replicas` is filled in elsewhere"),
        (workload("apps/v7", "Deployment", ""), 4, "`apps/v7` is no version that is understood, read as `apps/v1`"),
        (
            workload("apps/v1", "Deployment", "  paused: true\n  paused: true\n"),
            7,
            "the key `paused` is here a second time",
        ),
        (
            workload("apps/v1", "Deployment", "  replicas: {{ replicas }}\n"),
            6,
            "this is the text of a template, which is no YAML before it is filled in",
        ),
    ] {
        let found = found(&text);
        assert_eq!(found.services.len(), 1, "{text}");
        assert!(found.services[0].replicas() == 1);
        let told: Vec<_> =
            found.problems.iter().map(|it| (it.location.as_ref().unwrap().span.line, it.message.as_str())).collect();
        assert!(told.contains(&(line, message)), "{told:?}");
    }
    let tabs = found("apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n");
    assert!(tabs.services.is_empty() && tabs.problems.len() == 1);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(lines in proptest::collection::vec(
        "(apiVersion: apps/v1|kind: (Deployment|List|Ingress|ConfigMap|Secret|HorizontalPodAutoscaler|CronJob)|metadata:|spec:|  \
         template:|    spec:|      containers:|      - image: a|  replicas: [0-9x]|items:|- kind: Pod|data: \\{A: b\\}|  rules: \\[\\[\\]\\]|---|\
         \\{\\{|patches: \\[\\{path: x, target: \\{name: y\\}\\}\\])", 0..12), kustomization in any::<bool>()) {
        let path = if kustomization { "kustomization.yaml" } else { "a.yaml" };
        let _ = found_at(path, &lines.join("\n"), &none);
    }
}
