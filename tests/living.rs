//! Living with findings: comments that silence, the baseline, what a branch changed, weights of one's own.

mod tool;

use std::fs;
use std::path::Path;

use serde_json::Value;
use tool::{Said, git, have, project, repository, run, scaleproof, write};

/// A shop whose cart is lost between replicas, found on line 3.
const SHOP: &str = "from flask import Flask\napp = Flask(__name__)\ncarts = {}\n\n@app.route(\"/add\", methods=[\"POST\"])\n\
def add():\n    carts[\"x\"] = carts.get(\"x\", 0) + 1\n    return str(carts)\n";

const RULE: &str = "handler-written-state";

fn lint(folder: &Path, arguments: &[&str]) -> Value {
    run(folder, &[&["lint", "--format", "json"], arguments].concat()).json()
}

/// `path:line` of each finding.
fn found(report: &Value) -> Vec<String> {
    let place = |it: &Value| format!("{}:{}", it["path"].as_str().expect("a path"), it["line"]);
    report["findings"].as_array().expect("findings").iter().map(place).collect()
}

/// The first lines of what was complained about.
fn complaint(said: &Said) -> String {
    said.stderr.lines().filter(|line| !line.trim_matches([' ', '|']).is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_comment_silences_with_a_reason_and_says_when_it_is_of_no_use() {
    let with = |comment: &str| SHOP.replace("carts = {}", &format!("carts = {{}}  # scaleproof: {comment}"));
    let folder = project(&[("app.py", &with(&format!("ignore[{RULE}] one replica only")))]);
    let report = lint(folder.path(), &[]);
    assert_eq!((found(&report), &report["suppressed"]), (vec![], &1.into()));
    assert_eq!(report["suppressions"][0]["reason"], "one replica only");
    assert_eq!(found(&lint(folder.path(), &["--no-ignores"])), ["app.py:3"]);
    for (comment, expected) in [
        (format!("ignore[{RULE}]"), "an ignored finding needs a reason"),
        ("ignore[handler-writen-state] x".into(), "Did you mean `handler-written-state`?"),
        ("ignore x".into(), "`ignore x` is no directive"),
    ] {
        write(folder.path(), "app.py", &with(&comment));
        let report = lint(folder.path(), &[]);
        assert_eq!(found(&report), ["app.py:3"], "{comment}");
        assert!(report["problems"].to_string().contains(expected), "{comment}: {report:#}");
    }
    write(folder.path(), "app.py", &format!("{SHOP}x = 1  # scaleproof: ignore[{RULE}] moved away\n"));
    let report = lint(folder.path(), &[]);
    assert!(report["problems"].to_string().contains("It finds something on line 3"), "{report:#}");
    write(folder.path(), "app.py", &SHOP.replace("{}", "{\"scaleproof\": \"scaleproof: ignore[x] y\"}"));
    assert_eq!(lint(folder.path(), &[])["problems"].as_array().map(Vec::len), Some(0), "a text is no comment");
}

#[test]
fn a_baseline_knows_what_was_there_wherever_it_moves() {
    let folder = project(&[("app.py", SHOP)]);
    let root = folder.path();
    let said = run(root, &["lint", "--baseline", "check"]).expect_code(2);
    assert!(said.stderr.contains("there is no baseline"), "{}", said.stderr);
    run(root, &["lint", "--baseline", "write"]).expect_code(0);
    let check = |root: &Path| {
        let report = lint(root, &["--baseline", "check"]);
        (found(&report), report["known"].as_u64().expect("a number"), report["problems"].to_string())
    };
    let none = || "[]".to_owned();
    for (what, text) in [
        ("as it was", SHOP.to_owned()),
        ("moved", format!("# one\n# two\n\n{SHOP}")),
        ("reformatted", SHOP.replace("carts = {}", "carts  =  {  }")),
        ("with CRLF", SHOP.replace('\n', "\r\n")),
    ] {
        write(root, "app.py", &text);
        assert_eq!(check(root), (vec![], 1, none()), "{what}");
    }
    write(root, "app.py", SHOP);
    fs::rename(root.join("app.py"), root.join("shop.py")).expect("renamed");
    assert_eq!(check(root), (vec![], 1, none()), "renamed");
    write(root, "other.py", SHOP);
    assert_eq!(check(root).0, ["other.py:3", "shop.py:3"], "one entry does not stand for two files");
    fs::remove_file(root.join("other.py")).expect("removed");
    write(root, "shop.py", &SHOP.replace("carts = {}", "carts = dict()"));
    let (new, _, problems) = check(root);
    assert_eq!(new, ["shop.py:3"], "the guilty line is another one");
    assert!(problems.contains("no longer found"), "{problems}");
    let said = run(root, &["lint", "--baseline", "prune"]).expect_code(1);
    assert!(said.stderr.contains("dropped 1 from scaleproof-baseline.json: 0 findings left"), "{}", said.stderr);
}

#[test]
fn a_broken_baseline_is_told_with_its_place_and_what_to_do() {
    let folder = project(&[("app.py", SHOP), ("notes.json", "{}")]);
    let root = folder.path();
    let mut said = String::new();
    for text in [
        "{\n  \"schema\": \"scaleproof.baseline/9\",\n  \"findings\": []\n}\n",
        "{\n  \"schema\": \"scaleproof.baseline/1\",\n  \"findings\": [\n<<<<<<< ours\n  ]\n}\n",
        "{\n  \"schema\": \"scaleproof.baseline/1\",\n  \"findings\": [ { \"path\": 3 } ]\n}\n",
        "[]",
    ] {
        write(root, "scaleproof-baseline.json", text);
        said += &complaint(&run(root, &["lint", "--baseline", "check"]).expect_code(2));
        said += "\n\n";
    }
    insta::assert_snapshot!(said, @r#"
    error: scaleproof-baseline.json: the baseline is of schema `scaleproof.baseline/9`, and `scaleproof.baseline/1` is understood
     = help: Another version of scaleproof wrote it: use that one, or write it anew with
             `--baseline write`.

    error: two branches were merged and both changed the baseline
     --> scaleproof-baseline.json:4:1
    4 | <<<<<<< ours
      | ^^^^^^^
      = help: Keep the lines of both sides, or write it anew with `scaleproof lint --baseline
              write`.

    error: the baseline cannot be read: invalid type: integer `3`, expected a string
     --> scaleproof-baseline.json:3:27
    3 |   "findings": [ { "path": 3 } ]
      |                           ^
      = help: Mend the line, take the file from version control, or write it anew with `--baseline
              write`.

    error: scaleproof-baseline.json: this file is no baseline of scaleproof
     = help: Name another file with `--baseline-file`; `scaleproof lint --baseline write` makes
             one.
    "#);
    write(root, "scaleproof-baseline.json", "{ \"schema\": \"scaleproof.baseline/1\",\n<<<<<<< ours\n");
    run(root, &["lint", "--baseline", "write"]).expect_code(0);
    assert_eq!(lint(root, &["--baseline", "check"])["known"], 1);
    run(root, &["lint", "--baseline", "write", "--baseline-file", "notes.json"]).expect_code(2);
    assert_eq!(fs::read_to_string(root.join("notes.json")).expect("a file"), "{}", "foreign files are left alone");
}

#[test]
fn since_shows_what_a_branch_answers_for() {
    if !have("git") {
        return;
    }
    let folder = repository(&[("app.py", SHOP)]);
    let root = folder.path();
    git(root, &["checkout", "-q", "-b", "topic"]);
    let since = |arguments: &[&str]| {
        let report = lint(root, &[&["--since", "main"], arguments].concat());
        (found(&report), report["unchanged"].as_u64().expect("a number"))
    };
    assert_eq!(since(&[]), (vec![], 1));
    write(root, "app.py", &format!("# moved\n{SHOP}"));
    assert_eq!(since(&[]), (vec![], 1), "it only moved");
    for name in ["two words.py", "ünï.py", "new\nline.py", "\"q\".py", "sub/new.py"] {
        write(root, name, SHOP);
        assert_eq!(since(&[]), (vec![format!("{name}:3")], 1), "{name} is new, and git does not know it yet");
        git(root, &["add", "-A"]);
        git(root, &["commit", "-q", "-m", "more"]);
        assert_eq!(since(&[]).0, [format!("{name}:3")], "{name} is new");
        fs::remove_file(root.join(name)).expect("removed");
    }
    write(root, "sub/new.py", SHOP);
    let above = run(root.join("sub"), &["lint", "--since", "main", "--format", "json", ".."]).json();
    assert_eq!((found(&above), &above["unchanged"]), (vec!["../sub/new.py:3".into()], &1.into()));
    fs::remove_file(root.join("sub/new.py")).expect("removed");
    git(root, &["mv", "app.py", "shop.py"]);
    assert_eq!(since(&[]), (vec![], 1), "it is called otherwise");
}

#[test]
fn since_says_what_it_needs() {
    if !have("git") {
        return;
    }
    let outside = project(&[("app.py", SHOP)]);
    let since = |folder: &Path, reference: &str| {
        let said = run(folder, &["lint", "--since", reference]).expect_code(2);
        complaint(&said).replace(&folder.canonicalize().expect("a folder").display().to_string(), "FOLDER")
    };
    assert!(since(outside.path(), "main").contains("lies in no git repository"));
    git(outside.path(), &["init", "-q"]);
    assert!(since(outside.path(), "main").contains("there is no commit yet"));
    let folder = repository(&[("app.py", SHOP)]);
    assert!(since(folder.path(), "mian").contains("Did you mean `main`?"));
    assert!(since(folder.path(), "HEAD~3").contains("git knows no revision `HEAD~3`"));
    let shallow = tempfile::tempdir().expect("a folder");
    write(folder.path(), "more.py", "x = 1\n");
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "second"]);
    let source = format!("file://{}", folder.path().display());
    git(shallow.path(), &["clone", "-q", "--depth", "1", &source, "clone"]);
    assert!(since(&shallow.path().join("clone"), "main~1").contains("This clone is shallow"));
    let without = scaleproof(folder.path()).env("PATH", "/nowhere").args(["lint", "--since", "main"]).output();
    let said = Said::from(without.expect("the tool starts")).expect_code(2);
    assert!(said.stderr.contains("git is not installed"), "{}", said.stderr);
}

#[test]
fn a_project_weighs_rules_and_accepts_places_as_it_likes() {
    let folder = project(&[("app.py", SHOP), ("legacy/app.py", SHOP)]);
    let root = folder.path();
    let configured = |lint_settings: &str| {
        write(root, "scaleproof.yaml", &format!("lint:\n{lint_settings}"));
        lint(root, &[])
    };
    let report = configured(&format!("  severity: {{ {RULE}: warning }}\n"));
    assert_eq!((&report["verdict"], &report["findings"][0]["severity"]), (&"pass".into(), &"warning".into()));
    assert!(found(&configured(&format!("  severity: {{ {RULE}: off }}\n"))).is_empty());
    let ignore =
        |paths: &str| format!("  ignore:\n    - {{ rule: {RULE}, paths: [\"{paths}\"], reason: it goes away }}\n");
    let report = configured(&ignore("legacy/**"));
    assert_eq!(
        (found(&report), &report["suppressions"][0]["said_in"]),
        (vec!["app.py:3".into()], &"scaleproof.yaml".into())
    );
    assert!(configured(&ignore("gone/**"))["problems"].to_string().contains("nothing to ignore"));
    let mut said = String::new();
    for settings in [
        "  severity: { handler-writen-state: off }\n".to_owned(),
        format!("  severity: {{ {RULE}: fatal }}\n"),
        format!("  ignore: [{{ rule: {RULE}, paths: [a] }}]\n"),
        "  ignroe: []\n".to_owned(),
        "  exclude: legacy\n".to_owned(),
        "  fail_on: [error]\n".to_owned(),
    ] {
        write(root, "scaleproof.yaml", &format!("lint:\n{settings}"));
        said += &complaint(&run(root, &["lint"]).expect_code(2));
        said += "\n\n";
    }
    insta::assert_snapshot!(said, @"
    error: there is no rule `handler-writen-state`
     --> scaleproof.yaml:2:15
    2 |   severity: { handler-writen-state: off }
      |               ^^^^^^^^^^^^^^^^^^^^
      = help: Did you mean `handler-written-state`?

    error: `fatal` is not known here
     --> scaleproof.yaml:2:38
    2 |   severity: { handler-written-state: fatal }
      |                                      ^^^^^
      = help: The values are error, warning, info, off.

    error: `reason` is missing
     --> scaleproof.yaml:2:43
    2 |   ignore: [{ rule: handler-written-state, paths: [a] }]
      |                                           ^^^^^

    error: the key `ignroe` is not known here
     --> scaleproof.yaml:2:3
    2 |   ignroe: []
      |   ^^^^^^
      = help: Did you mean `ignore`?

    error: a list is expected here, as in `[one, two]`
     --> scaleproof.yaml:2:12
    2 |   exclude: legacy
      |            ^^^^^^

    error: one word is expected here
     --> scaleproof.yaml:2:12
    2 |   fail_on: [error]
      |            ^
    ");
}

/// A shop that Compose runs, so many times.
fn compose(replicas: u32) -> String {
    format!("services:\n  web:\n    build: .\n    deploy:\n      replicas: {replicas}\n")
}

#[test]
fn the_gate_holds_back_what_breaks_when_a_number_goes_up() {
    if !have("git") {
        return;
    }
    let folder = repository(&[("app.py", SHOP), ("compose.yml", &compose(1))]);
    let root = folder.path();
    git(root, &["checkout", "-q", "-b", "more"]);
    let gate = |arguments: &[&str], code: i32| {
        let said = run(root, &[&["gate"], arguments].concat()).expect_code(code).stdout;
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let since = ["--since", "main"];
    let said = gate(&since, 0);
    assert!(said.contains("No number of instances or processes went up since main"), "{said}");
    assert!(gate(&["--always", "--since", "main"], 1).contains("1 finding speaks against it"));
    assert!(gate(&[], 1).contains("`carts`"), "without `--since` everything is judged");

    write(root, "compose.yml", &compose(3));
    let said = gate(&since, 1);
    assert!(said.starts_with("FAIL `web`: 3 instances instead of 1 (compose.yml:5)."), "{said}");
    assert!(said.contains("`carts`") && said.contains("(app.py:3)"), "{said}");
    let report = run(root, &["gate", "--since", "main", "--format", "json"]).expect_code(1).json();
    assert_eq!(found(&report), ["app.py:3", "compose.yml:2"], "a warning about its health check as well");
    assert_eq!(report["raised"][0]["now"], 3);
    assert_eq!(report["services"][0]["verdict"], "single-instance");

    run(root, &["lint", "--baseline", "write"]);
    let said = gate(&since, 0);
    assert!(said.contains("2 findings are known to the baseline."), "{said}");

    write(root, "scaleproof.yaml", "command: [sh, -c, exit 7]\n");
    let said = gate(&["--since", "main", "--test"], 3);
    assert!(said.contains("3 replicas were started") && said.contains("exit code 7"), "{said}");

    let nothing = project(&[("README.md", "nothing")]);
    run(nothing.path(), &["gate"]).expect_code(3);
}

#[test]
fn what_a_start_script_does_is_held_against_the_services_that_start_it() {
    let service = |name: &str| format!("  {name}:\n    build: ./{name}\n    command: ../start.sh\n");
    let compose = format!("services:\n{}{}", service("web"), service("admin"));
    let script = "#!/bin/sh\npython prepare.py\ngunicorn shop.wsgi\n";
    let folder = project(&[("compose.yml", &compose), ("start.sh", script), ("web/shop.py", SHOP)]);
    let report = lint(folder.path(), &[]);
    let findings = report["findings"].as_array().expect("findings");
    let of_script = findings.iter().find(|it| it["path"] == "start.sh").expect("a finding in the script");
    assert_eq!(of_script["services"], serde_json::json!(["web", "admin"]), "{of_script}");
    let web = report["services"].as_array().expect("services").iter().find(|it| it["name"] == "web").expect("web");
    assert_eq!(web["verdict"], "single-instance", "for its cart: {web}");
}
