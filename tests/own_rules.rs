//! A project's own rules: written, tried, used, and what is said of mistakes.

mod tool;

use std::fs;

use tool::{project, root, run};

#[test]
fn a_new_rule_passes_its_test_at_once_in_every_language() {
    let folder = project(&[]);
    let help = run(&folder, &["rules", "new", "--help"]).expect_code(0).stdout;
    let values =
        help.rsplit_once("[possible values: ").and_then(|(_, rest)| rest.split_once(']')).expect("languages").0;
    let languages: Vec<&str> = values.split(',').map(str::trim).collect();
    assert!(languages.contains(&"python") && languages.len() > 5, "{languages:?}");
    for language in &languages {
        run(&folder, &["rules", "new", &format!("own-{language}"), "--in", language]).expect_code(0);
    }
    let said = run(&folder, &["rules", "test", "scaleproof-rules"]).expect_code(0);
    assert_eq!(said.stdout, format!("fixtures: {}, complaints: 0\n", 2 * languages.len()));
    // The guilty examples are no part of the project.
    fs::write(folder.path().join("app.js"), "import { MemoryStore } from \"@acme/sessions\";\nnew MemoryStore();\n")
        .expect("a file");
    let report = run(&folder, &["lint", "--rules", "scaleproof-rules", "--format", "json"]).expect_code(0).json();
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert_eq!(report["findings"][0]["rule"], "own-javascript");
}

#[test]
fn a_new_rule_lands_where_the_project_keeps_its_rules() {
    let folder = project(&[("scaleproof.yaml", "lint:\n  rules: [ops/rules]\n")]);
    let said = run(&folder, &["rules", "new", "cart-in-memory", "--family", "carts"]).expect_code(0).stdout;
    insta::assert_snapshot!(said, @"
    wrote ops/rules/carts/cart-in-memory.yaml
    wrote ops/rules/fixtures/cart-in-memory/guilty/app.js
    wrote ops/rules/fixtures/cart-in-memory/innocent/app.js

    next: change them, then `scaleproof rules test ops/rules`
    `scaleproof lint --rules ops/rules` uses the rule; `lint: { rules: [ops/rules] }` in scaleproof.yaml does so for everybody
    ");
    for (id, expected) in [
        ("cart-in-memory", "is there already"),
        ("Cart", "is no name"),
        ("../cart", "is no name"),
        ("express-session-memory", "there is a built-in rule"),
    ] {
        let said = run(&folder, &["rules", "new", id, "--family", "carts"]).expect_code(2);
        assert!(said.stderr.contains(expected), "{id}: {}", said.stderr);
    }
}

#[test]
fn what_a_fixture_promises_and_does_not_get_is_shown_with_its_line() {
    let folder = project(&[]);
    run(&folder, &["rules", "new", "own", "--in", "python"]).expect_code(0);
    let fixtures = folder.path().join("scaleproof-rules/fixtures/own");
    fs::write(
        fixtures.join("guilty/app.py"),
        "from acme import sessions\n\na = sessions.MemoryStore()\nb = 1  #~ own\nc = 2  #~ onw\n",
    )
    .expect("a file");
    let said = run(&folder, &["rules", "test", "scaleproof-rules"]).expect_code(1).stdout;
    insta::assert_snapshot!(said, @"
    error: noisy: `own` is found here, and nothing promises it
     --> scaleproof-rules/fixtures/own/guilty/app.py:3:5
      |
    3 | a = sessions.MemoryStore()
      |     ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: It says: `sessions.MemoryStore` keeps its data in the memory of one replica. Where
              that is right, mark the line with `~ own` in a comment.

    error: missing: `own` is promised here, and not found
     --> scaleproof-rules/fixtures/own/guilty/app.py:4:1
      |
    4 | b = 1  #~ own
      | ^^^^^^^^^^^^^

    error: missing: `onw` is promised here, and not found
     --> scaleproof-rules/fixtures/own/guilty/app.py:5:1
      |
    5 | c = 2  #~ onw
      | ^^^^^^^^^^^^^
      |
      = help: there is no rule `onw`. `scaleproof rules` lists them.

    fixtures: 2, complaints: 3
    ");
}

#[test]
fn mistakes_in_a_rule_are_shown_with_line_caret_and_help() {
    let folder = project(&[]);
    run(&folder, &["rules", "new", "own"]).expect_code(0);
    let path = folder.path().join("scaleproof-rules/custom/own.yaml");
    let sound = fs::read_to_string(&path).expect("a rule");
    let mut said = String::new();
    for (from, to) in [
        ("    call: ", "    cal: "),
        ("in: [javascript]", "in: [javascrpt]"),
        ("severity: warning", "severity: fatal"),
        ("    say: ", "    at: hanlder\n    say: "),
        ("    say: ", "    if_file: { import: x, cal: y }\n    say: "),
        ("{callee}", "{calle}"),
        ("title: ", "titel: "),
        ("detect:\n", "detect: {}\n"),
    ] {
        fs::write(&path, sound.replacen(from, to, 1)).expect("a rule");
        for arguments in [&["rules", "test", "scaleproof-rules"][..], &["lint", "--rules", "scaleproof-rules"]] {
            let shown = run(&folder, arguments).expect_code(2).stderr;
            assert!(shown.contains("scaleproof-rules/custom/own.yaml:") && shown.contains('^'), "{shown}");
            if arguments[0] == "lint" {
                said.push_str(&shown);
            }
        }
    }
    insta::assert_snapshot!(said, @r#"
    error: the key `cal` is not known here
      --> scaleproof-rules/custom/own.yaml:21:5
       |
    21 |     cal: "@acme/sessions.MemoryStore"
       |     ^^^
       |
       = help: Did you mean `call`?

    error: `javascrpt` is not known here
      --> scaleproof-rules/custom/own.yaml:19:10
       |
    19 |   - in: [javascrpt]
       |          ^^^^^^^^^^
       |
       = help: Did you mean `javascript`?

    error: `fatal` is not known here
     --> scaleproof-rules/custom/own.yaml:5:11
      |
    5 | severity: fatal            # error: wrong results, lost or duplicated data · warning: degrade...
      |           ^^^^^
      |
      = help: The values are info, warning, error.

    error: `hanlder` is not known here
      --> scaleproof-rules/custom/own.yaml:27:9
       |
    27 |     at: hanlder
       |         ^^^^^^^
       |
       = help: Did you mean `handler`?

    error: the key `cal` is not known here
      --> scaleproof-rules/custom/own.yaml:27:27
       |
    27 |     if_file: { import: x, cal: y }
       |                           ^^^
       |
       = help: Did you mean `call`?

    error: `{calle}` is unknown in `say`: known are name, callee, service, replicas, times, value, routes
      --> scaleproof-rules/custom/own.yaml:19:5
       |
    19 |   - in: [javascript]
       |     ^^

    error: the key `titel` is not known here
     --> scaleproof-rules/custom/own.yaml:4:1
      |
    4 | titel: What is wrong, in one line without a full stop
      | ^^^^^
      |
      = help: Did you mean `title`?

    error: expected sequence start
      --> scaleproof-rules/custom/own.yaml:18:9
       |
    18 | detect: {}
       |         ^^
    "#);
}

#[test]
fn a_folder_without_rules_is_no_folder_of_rules() {
    let folder = project(&[("empty/readme.txt", "")]);
    for (arguments, expected) in [
        (&["lint", "--rules", "empty"][..], "empty: no rule files there"),
        (&["lint", "--rules", "none"], "none: no such folder"),
        (&["rules", "test", "none"], "none: no such folder"),
        (&["explain", "x", "--rules", "none"], "none: no such folder"),
    ] {
        let said = run(&folder, arguments).expect_code(2);
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
}

#[test]
fn the_vocabulary_is_told_as_a_whole_and_word_by_word() {
    let all = run(root(), &["rules", "vocabulary"]).expect_code(0).stdout;
    assert!(all.lines().all(|line| line.chars().count() <= 100), "{all}");
    let json = run(root(), &["rules", "vocabulary", "--format", "json"]).expect_code(0).json();
    let markdown = run(root(), &["rules", "vocabulary", "--format", "markdown"]).expect_code(0).stdout;
    for section in json["sections"].as_array().expect("sections") {
        let name = section["name"].as_str().expect("a name");
        assert!(all.contains(name) && markdown.contains(&format!("## {name}\n")), "{name}");
        for word in section["words"].as_array().expect("words") {
            let word = word["word"].as_str().expect("a word");
            assert!(all.contains(&format!("  {word} ")) && markdown.contains(&format!("| `{word}` |")), "{word}");
        }
    }
    insta::assert_snapshot!(run(root(), &["rules", "vocabulary", "once"]).expect_code(0).stdout, @"
    clause  A clause has one subject (`call` … `balancer`), says what it has found, and may have
    conditions that must all hold.
      once     once  one choice stands behind all of these places: one finding is enough

    once
      file     one finding a file, which names the other places
      project  one finding for the project, which names the other places
    ");
    let said = run(root(), &["rules", "vocabulary", "wihtout"]).expect_code(2);
    assert!(said.stderr.contains("Did you mean `without`?"), "{}", said.stderr);
}
