//! A chart as `helm create` makes it, and what templates do.

use proptest::prelude::*;

use super::*;
use crate::model::deployment::{Count, Says, Service, Sharing};

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: \"1.4\"\n";

const VALUES: &str = "replicaCount: 3
image:
  repository: registry.example.org/shop
  tag: \"\"
service:
  port: 8000
autoscaling:
  enabled: false
  minReplicas: 2
  maxReplicas: 9
persistence:
  accessMode: ReadWriteOnce
env:
  SESSION_DRIVER: file
podLabels: {}
hosts: [a, b]
resources:
  requests:
    cpu: 100m
";

const HELPERS: &str = r#"{{/* the name */}}
{{- define "shop.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 }}
{{- end }}
{{- end }}
{{- define "shop.labels" -}}
app.kubernetes.io/name: {{ include "shop.fullname" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}
"#;

const DEPLOYMENT: &str = include_str!("tests/deployment.yaml");

fn beside<'t>(values: &'t str, template: &'t str) -> impl Fn(&str) -> Option<String> + Sync + 't {
    move |path| {
        Some(match path {
            "chart/Chart.yaml" => CHART.to_owned(),
            "chart/values.yaml" => values.to_owned(),
            "chart/templates/_helpers.tpl" => HELPERS.to_owned(),
            "chart/templates/x.yaml" => template.to_owned(),
            _ => return None,
        })
    }
}

fn found(values: &str, template: &str) -> Found {
    let beside = beside(values, template);
    read(&File { path: "chart/templates/x.yaml".into(), text: template, beside: &beside })
}

fn one(values: &str, template: &str) -> Service {
    let found = found(values, template);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(found.services.len(), 1);
    found.services.into_iter().next().unwrap()
}

/// What a template gives, by itself.
fn rendered(values: &str, template: &str) -> Result<String, String> {
    let beside = beside(values, template);
    let file = File { path: "chart/templates/x.yaml".into(), text: template, beside: &beside };
    let parsed = parse::parse(template).map_err(|fault| fault.0)?;
    let output = renderer(&file, "chart/", &parsed)?.render(&parsed.body, template).map_err(|refusal| refusal.0)?;
    Ok(output.text)
}

fn place(count: &Count) -> (u32, &str, u32, u32) {
    (count.value, &count.location.path, count.location.span.line, count.location.span.column)
}

#[test]
fn a_template_is_read_with_the_values_of_its_chart() {
    let shop = one(VALUES, DEPLOYMENT);
    assert_eq!((shop.name.as_str(), shop.kind.as_str()), ("shop", "deployment"));
    assert_eq!(shop.image.as_deref(), Some("registry.example.org/shop:1.4"));
    assert_eq!(shop.instances.iter().map(place).collect::<Vec<_>>(), [(3, "chart/values.yaml", 1, 15)]);
    assert_eq!(shop.ports.iter().map(|port| port.container).collect::<Vec<_>>(), [8000]);
    assert_eq!(shop.environment.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["SESSION_DRIVER"]);
    assert!(shop.settings.iter().any(|it| it.key.ends_with("resources.requests.cpu")));
    assert!(shop.labels.contains(&("app.kubernetes.io/name".into(), "shop".into())));
}

#[test]
fn places_are_those_of_the_template() {
    let shop = one(VALUES, DEPLOYMENT);
    let line = |needle: &str| DEPLOYMENT.lines().position(|line| line.contains(needle)).unwrap() as u32 + 1;
    assert_eq!((shop.span.line, shop.span.column), (line("name: {{ include"), 9));
    assert_eq!(shop.container.map(|span| (span.line, span.column)), Some((line("- name: {{ .Chart.Name }}"), 17)));
    assert_eq!(
        shop.mounts.iter().map(|mount| (mount.sharing, mount.span.line, mount.span.column)).collect::<Vec<_>>(),
        [(Sharing::Ephemeral, line("mountPath"), 26)]
    );
}

#[test]
fn what_is_switched_off_is_not_there() {
    let values = VALUES.replace("enabled: false", "enabled: true");
    let template = "{{- if .Values.autoscaling.enabled }}\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec:\n  \
                    scaleTargetRef: {kind: Deployment, name: {{ include \"shop.fullname\" . }}}\n  minReplicas: {{ \
                    .Values.autoscaling.minReplicas | default 1 }}\n  maxReplicas: {{ .Values.autoscaling.maxReplicas }}\n{{- end }}\n";
    assert!(found(VALUES, template).attachments.is_empty());
    let attachments = found(&values, template).attachments;
    let Says::Scales { least, most } = &attachments[0].says else { panic!("{attachments:?}") };
    assert_eq!((place(least), place(most)), ((2, "chart/values.yaml", 9, 16), (9, "chart/values.yaml", 10, 16)));
    assert!(one(&values, DEPLOYMENT).instances.is_empty(), "the autoscaler says how many");
}

#[test]
fn templates_give_what_helm_gives() {
    for (template, expected) in [
        ("a {{- 1 -}} b", "a1b"),
        ("{{/* no */}}x{{- /* no */ -}} y", "xy"),
        ("{{ .Values.service.port | quote }}", "\"8000\""),
        ("{{ .Values.none.deeper | default \"x\" }}", "x"),
        ("{{ if and .Values.image (not .Values.none) }}y{{ else }}n{{ end }}", "y"),
        ("{{ if .Values.podLabels }}a{{ else if eq .Values.replicaCount 3 }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .Values.image }}{{ .repository }}{{ $.Chart.Name }}{{ end }}", "registry.example.org/shopshop"),
        ("{{ range .Values.hosts }}{{ . }};{{ end }}", "a;b;"),
        ("{{ range $i, $h := .Values.hosts }}{{ $i }}{{ $h }}{{ end }}", "0a1b"),
        ("{{ range $k, $v := .Values.env }}{{ $k }}={{ $v }}{{ end }}", "SESSION_DRIVER=file"),
        ("{{ $x := 1 }}{{ range $k, $v := .Values.env }}{{ $v }}{{ end }}{{ $x }}", "file1"),
        ("{{ include (print $.Template.BasePath \"/x.yaml\") . | sha256sum }}", "x"),
        ("{{ $x := 1 }}{{ range .Values.hosts }}{{ $x = add $x 1 }}{{ end }}{{ $x }}", "3"),
        ("a:{{ toYaml .Values.resources | nindent 2 }}", "a:\n  requests:\n    cpu: 100m"),
        (
            "{{ include \"shop.labels\" . | nindent 2 }}",
            "\n  app.kubernetes.io/name: shop\n  app.kubernetes.io/version: \"1.4\"",
        ),
        ("{{ tpl \"{{ .Chart.Name }}\" . }}", "shop"),
        ("{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"b\" 2 }}{{ $d.b }}{{ len $d }}", "22"),
        ("{{ ternary \"a\" \"b\" true }}{{ printf \"%s-%d\" \"x\" 3 }}", "ax-3"),
        ("{{ if semverCompare \">=1.21-0\" .Capabilities.KubeVersion.GitVersion }}new{{ end }}", "new"),
        ("{{ if .Capabilities.APIVersions.Has \"policy/v1\" }}y{{ end }}", "y"),
        ("{{ (index .Values.hosts 1) }}{{ first .Values.hosts }}", "ba"),
        ("{{ define \"x\" }}[{{ . }}]{{ end }}{{ template \"x\" 7 }}", "[7]"),
        ("{{ include \"common.names.fullname\" . }}", "shop"),
    ] {
        assert_eq!(rendered(VALUES, template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_cannot_be_rendered_is_said_with_its_place() {
    for (template, line, column, message) in [
        ("a: b\nc: {{ .Values.x | frobnicate }}\n", 2, 4, "the function `frobnicate` is not known here"),
        ("a: b\n{{ if .Values.x }}\n", 2, 1, "`if` has no `end`"),
        ("{{ end }}\n", 1, 10, "`{{ end }}` ends nothing that was begun"),
        ("a: {{ .Values.x\n", 2, 1, "this is not understood"),
        ("a: {{ \"x }}\n", 1, 7, "this text has no end"),
        (
            "{{ include \"elsewhere\" . }}\n",
            1,
            1,
            "the template `elsewhere` is not in the files of this chart that are looked at",
        ),
        ("{{ fail \"no\" }}\n", 1, 1, "the chart refuses its own values: no"),
        (
            "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}\n",
            1,
            45,
            "templates within templates go deeper than 30",
        ),
        ("{{ $d }}\n", 1, 1, "the variable `$d` is not defined"),
    ] {
        let found = found(VALUES, template);
        assert!(found.services.is_empty());
        let told: Vec<_> = found
            .problems
            .iter()
            .map(|it| (it.location.as_ref().map(|at| (at.span.line, at.span.column)), it.message.as_str()))
            .collect();
        let expected = format!("this template is not analysed: {message}");
        assert_eq!(told.len(), 1, "{template}");
        assert_eq!(told[0].1, expected);
        if message != "this is not understood" {
            assert_eq!(told[0].0, Some((line, column)), "{template}");
        }
    }
}

#[test]
fn a_template_that_grows_without_end_is_stopped() {
    let doubling = "{{ $x := \"0123456789\" }}{{ range until 1000 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}";
    assert!(rendered("", doubling).is_err());
    let steps = "{{ range until 1000 }}{{ range until 1000 }}{{ 1 }}{{ end }}{{ end }}";
    assert!(rendered("", steps).is_err());
    let deep = "{{ $x := list }}{{ range until 1000 }}{{ $x = list $x }}{{ end }}{{ $x }}";
    assert!(rendered("", deep).is_ok());
    let around = "{{ $x := dict }}{{ range until 1000 }}{{ $_ := set $x \"a\" $x }}{{ end }}";
    assert!(rendered("", around).is_err());
}

#[test]
fn a_subchart_has_what_its_parent_says_of_it() {
    let beside = |path: &str| {
        Some(match path {
            "shop/Chart.yaml" => "name: shop\n".to_owned(),
            "shop/values.yaml" => "db: {replicas: 4}\nglobal: {tag: x}\n".to_owned(),
            "shop/charts/db/Chart.yaml" => "name: db\n".to_owned(),
            "shop/charts/db/values.yaml" => "replicas: 1\n".to_owned(),
            _ => return None,
        })
    };
    let text = "apiVersion: v1\nkind: StatefulSet\nmetadata: {name: {{ .Release.Name }}}\nspec:\n  replicas: {{ .Values.replicas }}\n  selector: \
                {a: b}\n  template: {spec: {containers: [{image: \"db:{{ .Values.global.tag }}\"}]}}\n";
    let found = read(&File { path: "shop/charts/db/templates/db.yaml".into(), text, beside: &beside });
    let db = &found.services[0];
    assert_eq!((db.replicas(), db.image.as_deref()), (4, Some("db:x")));
    assert_eq!((&*db.instances[0].location.path, db.instances[0].location.span.line), ("shop/values.yaml", 1));
}

#[test]
fn tests_and_parts_are_passed_over_and_manifests_without_chart_read_as_they_are() {
    let none = |_: &str| None;
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{image: a}]}\n";
    let read_at = |path: &str, beside: super::super::Beside<'_>| read(&File { path: path.into(), text: pod, beside });
    assert_eq!(read_at("k8s/templates/pod.yaml", &none).services.len(), 1);
    let chart = |path: &str| (path == "chart/Chart.yaml").then(|| CHART.to_owned());
    assert!(read_at("chart/templates/tests/pod.yaml", &chart).services.is_empty());
    assert!(read_at("chart/templates/_pod.yaml", &chart).services.is_empty());
    let values = read(&File { path: "chart/values.yaml".into(), text: "a: 1\na: 2\n", beside: &chart });
    assert_eq!(values.problems.len(), 1);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(parts in proptest::collection::vec(
        "(\\{\\{-? ?|(if|range|with|define|block|template|end|else|include|tpl|toYaml|nindent|printf|dict|set|list|index|trunc|slice|until|dig) |\\.Values\\.[a-c]|\
          \\$x ?(:=)? ?| ?-?\\}\\}|\\||\\(|\\)|\"x\"|-?[0-9]{1,3} |ä|\n|kind: Pod\n|spec: )", 0..24)) {
        let _ = found("a: {b: [1, x]}\nb: ä\n", &parts.concat());
    }
}
