//! Charts, with a helm on the search path and without.

mod tool;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tool::{Said, project, scaleproof};

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

const VALUES: &str = "replicas: 1\n";

/// `lookup` asks a cluster, and what it says no renderer knows.
const TEMPLATE: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: postgres:{{ STRANGE }}
"#;

/// A helm that notes how it was called, and ends as its last lines say.
fn helm(ends_with: &str) -> String {
    format!("#!/bin/sh\nprintf '%s ' \"$@\" > \"$HELM_CALLS\"\n{ends_with}\n")
}

const ANSWER: &str = r#"cat <<'END'
---
# Source: shop/templates/cache.yaml
apiVersion: v1
kind: ConfigMap
---
# Source: shop/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 4
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: postgres:16
END"#;

struct Told {
    report: Value,
    /// How helm was called.
    call: String,
}

/// What is said of a chart whose image is `postgres:<tag>`.
fn lint(tag: &str, more: &[(&str, &str)], helm: Option<&str>) -> Told {
    let template = TEMPLATE.replace("STRANGE", tag);
    let chart =
        [("shop/Chart.yaml", CHART), ("shop/values.yaml", VALUES), ("shop/templates/web.yaml", template.as_str())];
    let folder = project(&[&chart, more].concat());
    let programs = tempfile::tempdir().expect("a folder");
    if let Some(script) = helm {
        let file = programs.path().join("helm");
        fs::write(&file, script).expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program that may be run");
    }
    let calls = programs.path().join("calls");
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let output = scaleproof(&folder)
        .env("PATH", if helm.is_some() { path } else { programs.path().display().to_string() })
        .env("HELM_CALLS", &calls)
        .args(["lint", "--format", "json"])
        .output();
    let said = Said::from(output.expect("the tool starts"));
    Told { report: said.json(), call: fs::read_to_string(calls).unwrap_or_default() }
}

/// `(rule, confidence, path:line)` of the findings that are errors.
fn errors(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("findings").iter();
    let errors = findings.filter(|finding| finding["severity"] == "error");
    errors
        .map(|it| (text(&it["rule"]), text(&it["confidence"]), format!("{}:{}", text(&it["path"]), it["line"])))
        .collect()
}

fn problems(report: &Value) -> String {
    report["problems"].to_string()
}

#[test]
fn without_helm_a_chart_is_read_with_its_own_values_and_trusted_less() {
    let told = lint("16", &[("shop/values.yaml", "replicas: 3\n")], None);
    let [(rule, confidence, place)] = &errors(&told.report)[..] else { panic!("{:#}", told.report) };
    assert_eq!((rule.as_str(), confidence.as_str()), ("replicated-database", "medium"));
    assert_eq!(place, "shop/values.yaml:1");
    let told = lint("{{ mystery }}", &[], None);
    assert!(problems(&told.report).contains("this template is not analysed"), "{:#}", told.report);
}

#[test]
fn values_of_production_are_those_that_count() {
    let told = lint("16", &[("shop/values-prod.yaml", "# of the shop\nreplicas: 5\n")], None);
    let [(_, confidence, place)] = &errors(&told.report)[..] else { panic!("{:#}", told.report) };
    assert_eq!((confidence.as_str(), place.as_str()), ("high", "shop/values-prod.yaml:2"));
    assert_eq!(told.report["services"][0]["replicas"], 5);
    let told = lint("16", &[("shop/values-dev.yaml", "replicas: 5\n")], None);
    assert_eq!(told.report["services"][0]["replicas"], 1);
}

#[test]
fn what_helm_gives_is_read_at_the_lines_of_the_template() {
    let told = lint("{{ mystery }}", &[("shop/values-prod.yaml", "replicas: 4\n")], Some(&helm(ANSWER)));
    let [(rule, confidence, place)] = &errors(&told.report)[..] else { panic!("{:#}", told.report) };
    assert_eq!((rule.as_str(), confidence.as_str()), ("replicated-database", "high"));
    assert_eq!(place, "shop/templates/web.yaml:6");
    assert_eq!(told.report["services"][0]["image"], Value::Null, "rows have no image");
    assert_eq!(told.report["problems"], Value::Array(Vec::new()));
    let words: Vec<&str> = told.call.split_whitespace().collect();
    let [template, skip, values, file, name, chart] = words[..] else { panic!("{words:?}") };
    assert_eq!((template, skip, values, name), ("template", "--skip-tests", "--values", "shop"));
    assert!(file.ends_with("shop/values-prod.yaml") && chart.ends_with("shop/"), "{words:?}");
}

#[test]
fn a_chart_that_helm_refuses_is_read_without_it_and_that_is_said() {
    let refuses =
        helm("echo 'walk.go: found symbolic link' >&2; echo 'Error: redis is missing in charts/' >&2; exit 1");
    let told = lint("16", &[("shop/values.yaml", "replicas: 3\n")], Some(&refuses));
    assert_eq!(errors(&told.report).len(), 1, "{:#}", told.report);
    let problems = told.report["problems"].as_array().expect("problems");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    let said = "`helm template` does not render this chart: redis is missing in charts/";
    assert_eq!((problem["message"].as_str(), problem["path"].as_str()), (Some(said), Some("shop/values.yaml")));
}
