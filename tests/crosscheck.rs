//! Code held against the deployment: who runs it, how often, on which disk, and what a change of numbers makes of it.

mod tool;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tool::{have, project, repository, run, write};

const SHOP: &str = "from flask import Flask, request\napp = Flask(__name__)\ncarts = {}\n\n@app.post(\"/add\")\ndef add():\n    \
                    carts[\"x\"] = carts.get(\"x\", 0) + 1\n    return str(carts)\n\n@app.post(\"/upload\")\ndef upload():\n    \
                    file = request.files[\"f\"]\n    file.save(\"/app/uploads/\" + file.filename)\n    return \"\"\n";
const DOCKERFILE: &str =
    "FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:80\", \"app:app\"]\n";
const STATE: &str = "handler-written-state";
const UPLOAD: &str = "upload-on-disk";

fn lint(folder: &Path, arguments: &[&str]) -> Value {
    run(folder, &[&["lint", "--format", "json"], arguments].concat()).json()
}

fn list<'v>(report: &'v Value, key: &str) -> &'v [Value] {
    report[key].as_array().expect("a list")
}

fn finding<'v>(report: &'v Value, rule: &str) -> &'v Value {
    list(report, "findings").iter().find(|it| it["rule"] == rule).unwrap_or_else(|| panic!("no {rule}: {report}"))
}

fn service<'v>(report: &'v Value, name: &str) -> &'v Value {
    list(report, "services").iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"))
}

/// The reason that the gate gives, in one line.
fn gate(folder: &Path, arguments: &[&str], code: i32) -> String {
    let said = run(folder, &[&["gate", "--since", "main"], arguments].concat()).expect_code(code).stdout;
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn deployment(name: &str, replicas: u32, command: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  replicas: {replicas}\n  selector: \
         {{ matchLabels: {{ app: {name} }} }}\n  template:\n    metadata: {{ labels: {{ app: {name} }} }}\n    spec:\n      \
         containers:\n        - name: {name}\n          image: registry.example.org/shop:1\n          command: [{command}]\n---\n"
    )
}

#[test]
fn pods_run_the_code_of_their_image_and_workers_answer_nobody() {
    let (web, worker) =
        (deployment("web", 2, "gunicorn, app:app"), deployment("worker", 3, "celery, -A, jobs, worker"));
    let shop = SHOP
        .replace("app.post", "bp.post")
        .replace("app = Flask(__name__)", "from flask import Blueprint\nbp = Blueprint(\"a\", __name__)");
    let app = "from flask import Flask\nfrom shop import bp\napp = Flask(__name__)\napp.register_blueprint(bp)\n";
    let folder = project(&[
        ("Dockerfile", DOCKERFILE),
        ("shop.py", &shop),
        ("app.py", app),
        ("k8s/pods.yaml", &(web + &worker)),
    ]);
    let report = lint(folder.path(), &[]);
    let state = finding(&report, STATE);
    assert_eq!((&state["services"], &state["severity"]), (&json!(["web"]), &json!("error")), "{state}");
    assert_eq!(service(&report, "web")["verdict"], "single-instance");
    assert_eq!(service(&report, "worker")["verdict"], "ready");
}

#[test]
fn uploads_are_judged_by_the_volume_that_they_lie_in() {
    let severity = |service: &str, volumes: &str| {
        let compose = format!(
            "services:\n  web:\n    build: .\n    deploy: {{ replicas: 2{service} }}\n    volumes: [\"up:/app/uploads\"]\n{volumes}"
        );
        let folder = project(&[("Dockerfile", DOCKERFILE), ("app.py", SHOP), ("compose.yml", &compose)]);
        finding(&lint(folder.path(), &[]), UPLOAD)["severity"].as_str().expect("a severity").to_owned()
    };
    let network = "volumes:\n  up:\n    driver_opts: { type: nfs, o: addr=nas, device: \":/x\" }\n";
    assert_eq!(severity("", network), "info");
    assert_eq!(severity("", "volumes: { up: }\n"), "warning", "both run on one host");
    assert_eq!(severity(", mode: replicated", "volumes: { up: }\n"), "error", "a swarm has many hosts");
}

#[test]
fn an_overlay_that_scales_one_copy_is_a_raise_of_that_copy() {
    if !have("git") {
        return;
    }
    let compose = "services:\n  web1:\n    build: .\n  web2:\n    build: .\n";
    let folder = repository(&[("Dockerfile", DOCKERFILE), ("app.py", SHOP), ("docker-compose.yml", compose)]);
    let root = folder.path();
    write(root, "docker-compose.prod.yml", "services:\n  web2:\n    deploy: { replicas: 4 }\n");
    let said = gate(root, &[], 1);
    assert!(said.starts_with("FAIL `web1`: 5 instances instead of 2 (docker-compose.prod.yml:3)."), "{said}");

    let renamed = compose.replace("web1", "shop1").replace("web2", "shop2");
    fs::remove_file(root.join("docker-compose.prod.yml")).expect("it is there");
    write(root, "docker-compose.yml", &renamed);
    assert!(gate(root, &[], 0).contains("No number"), "they are called otherwise, and as many");
    write(root, "docker-compose.yml", &format!("{renamed}  shop3:\n    build: .\n"));
    let said = gate(root, &[], 1);
    assert!(said.contains("`shop1`: 3 instances instead of 2 (docker-compose.yml:6)"), "{said}");
}

#[test]
fn what_no_file_counts_is_several_and_what_nobody_can_read_is_unknown() {
    if !have("git") {
        return;
    }
    let compose = |workers: &str, replicas: &str| {
        format!("services:\n  web:\n    build: .\n    command: {workers}\n    deploy:\n      replicas: {replicas}\n")
    };
    let folder = repository(&[
        ("Dockerfile", DOCKERFILE),
        ("app.py", SHOP),
        ("docker-compose.yml", &compose("gunicorn app:app", "1")),
    ]);
    let root = folder.path();
    write(root, "gunicorn.conf.py", "import os\nworkers = os.cpu_count()\n");
    let said = gate(root, &[], 1);
    let told =
        "`web`: several processes (one per processor) instead of 1 (gunicorn.conf.py:2). 1 finding speaks against it";
    assert!(said.contains(told), "files are safe, for processes of one instance share them: {said}");
    let report = lint(root, &["--since", "main"]);
    assert_eq!((&report["raised"][0]["now"], &report["raised"][0]["now_at_least"]), (&json!(2), &json!(true)));

    fs::remove_file(root.join("gunicorn.conf.py")).expect("it is there");
    write(root, "docker-compose.yml", &compose("gunicorn app:app", "${REPLICAS}"));
    let said = gate(root, &[], 3);
    assert!(said.contains("Nobody can say whether a number went up since main: docker-compose.yml:6"), "{said}");
}

#[test]
fn a_project_is_the_same_wherever_lint_is_started() {
    if !have("git") {
        return;
    }
    let compose = "services:\n  shop:\n    build: ./shop\n    deploy:\n      replicas: 1\n  blog:\n    build: ./blog\n";
    let blog = "FROM node:20\nCMD [\"node\", \"index.js\"]\n";
    let folder = repository(&[
        ("shop/Dockerfile", DOCKERFILE),
        ("shop/app.py", SHOP),
        ("blog/Dockerfile", blog),
        ("docker-compose.yml", compose),
    ]);
    let root = folder.path();
    let whole = root.display().to_string();
    for (start, named) in [(root.to_path_buf(), "."), (root.join("shop"), ".."), (root.join("blog"), whole.as_str())] {
        let report = lint(&start, &[named]);
        assert_eq!(finding(&report, STATE)["services"], json!(["shop"]), "from {} as {named}", start.display());
    }
    write(root, "docker-compose.yml", &compose.replace("replicas: 1", "replicas: 3"));
    let said = gate(&root.join("blog"), &[".."], 1);
    assert!(said.contains("`shop`: 3 instances instead of 1 (../docker-compose.yml:5)"), "{said}");
    assert!(said.contains("(../shop/app.py:3)"), "{said}");
}

#[test]
fn the_table_of_services_stands_in_every_format() {
    let compose = "services:\n  web:\n    build: .\n    deploy:\n      replicas: 3\n  db:\n    image: postgres:16\n";
    let folder = project(&[("Dockerfile", DOCKERFILE), ("app.py", SHOP), ("docker-compose.yml", compose)]);
    for format in ["terminal", "json", "sarif", "junit", "github", "gitlab", "markdown"] {
        let said = run(folder.path(), &["lint", "--format", format]).expect_code(1).stdout;
        let told = |word: &str| assert!(said.contains(word), "{format} says nothing of {word}: {said}");
        ["web", "db", "database", "deploy.replicas"].into_iter().for_each(told);
        let verdicts = match format {
            "json" | "sarif" => ["single-instance", "not-by-count"],
            _ => ["single instance only", "not an app to scale by count"],
        };
        verdicts.into_iter().for_each(told);
    }
}
