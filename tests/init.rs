//! `init` writes what the project's own files tell, and `test` takes it.

mod tool;

use std::fs;

use scaleproof::config;
use tool::{have, project, run};

#[test]
fn a_node_project_is_started_without_npm() {
    let folder = project(&[
        ("package.json", r#"{ "scripts": { "start": "node server.js" }, "dependencies": { "express": "5" } }"#),
        ("server.js", "require('express')().listen(process.env.PORT)\n"),
        ("stories/shop.hurl", "GET {{base}}/\nHTTP 200\n"),
    ]);
    run(&folder, &["init"]).expect_code(0);
    let text = fs::read_to_string(folder.path().join("scaleproof.yaml")).expect("a file");
    let config = config::parse(&text, "scaleproof.yaml").unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(config.command, ["node", "server.js"]);
    assert_eq!(config.scenarios, ["stories/*.hurl"]);
}

#[test]
fn a_file_that_is_there_is_kept() {
    let folder = project(&[("scaleproof.yaml", "name: mine\n"), ("Procfile", "web: node server.js\n")]);
    let said = run(&folder, &["init"]).expect_code(2);
    assert!(said.stderr.contains("--force"), "{}", said.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("scaleproof.yaml")).expect("a file"), "name: mine\n");
    let shown = run(&folder, &["init", "--stdout"]).expect_code(0).stdout;
    assert!(shown.contains("command: [node, server.js]"), "{shown}");
    run(&folder, &["init", "--force"]).expect_code(0);
    assert!(fs::read_to_string(folder.path().join("scaleproof.yaml")).expect("a file").contains("[node, server.js]"));
}

#[test]
fn a_folder_that_tells_nothing_is_undecided_and_says_what_to_write() {
    let folder = project(&[("notes.txt", "")]);
    let said = run(&folder, &["init"]).expect_code(3);
    assert!(said.stdout.contains("command:"), "{}", said.stdout);
    let text = fs::read_to_string(folder.path().join("scaleproof.yaml")).expect("a file");
    config::parse(&text, "scaleproof.yaml").unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn what_is_written_is_what_test_runs() {
    if !have("node") {
        return;
    }
    let server = "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1')\n";
    let folder = project(&[("package.json", r#"{ "scripts": { "start": "node server.js" } }"#), ("server.js", server)]);
    run(&folder, &["init"]).expect_code(0);
    let report = run(&folder, &["test", "--format", "json"]).expect_code(3).json();
    assert_eq!(report["checks"][0]["verdict"], "pass", "three replicas run: {report:#}");
    assert!(report["reason"].as_str().expect("a reason").contains("write a scenario"), "{report:#}");
}
