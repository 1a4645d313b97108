//! Rules over configuration files.

use super::{File, run};
use crate::model::finding::Severity;
use crate::source::settings::reader;

const STORE: &str = "
id: store
title: Store
severity: error
confidence: high
breaks: b
fix: f
detect:
  - in: [settings]
    setting: [SESSION_DRIVER, spring.session.store-type, production.adapter]
    value: { text: [file, none, async, \"*//localhost*\"], is: false }
    unless_project: { setting: SESSION_STORE, value: redis, path: \"*.env*\" }
    say: \"sessions are kept by `{value}`\"
read: [\"x: https://example.org\"]
";

/// Path, line, severity and message of the findings.
fn found(files: &[(&str, &str)]) -> Vec<(String, u32, Severity, String)> {
    let read = |(path, text): &(&str, &str)| File(reader(path).unwrap()(path, text).facts);
    let findings = run(&[STORE], files.iter().map(read).collect()).findings;
    let short = |finding: crate::model::finding::Finding| {
        (finding.location.path.to_string(), finding.location.span.line, finding.severity, finding.message)
    };
    findings.into_iter().map(short).collect()
}

fn one(path: &str, line: u32, severity: Severity, message: &str) -> Vec<(String, u32, Severity, String)> {
    vec![(path.to_owned(), line, severity, message.to_owned())]
}

#[test]
fn a_value_in_a_file_is_a_finding_with_its_line() {
    let expected = one(".env", 2, Severity::Error, "sessions are kept by `file`");
    assert_eq!(found(&[(".env", "A=1\nSESSION_DRIVER=file\n")]), expected);
    let off = found(&[(".env", "SESSION_DRIVER=\"false\"\n")]);
    assert_eq!(off.len(), 1, "{off:?}");
    assert_eq!(found(&[(".env", "SESSION_DRIVER=redis\n")]), []);
}

#[test]
fn a_default_of_the_environment_is_worth_knowing() {
    let text = "spring:\n  session:\n    store-type: ${STORE:none}\n";
    let message = "sessions are kept by `none`, when `STORE` is not set";
    assert_eq!(found(&[("application.yml", text)]), one("application.yml", 3, Severity::Info, message));
    let text = "spring.session.store-type=redis://${HOST:localhost}/1\n";
    assert_eq!(found(&[("application.properties", text)])[0].2, Severity::Info);
    assert_eq!(found(&[("application.yml", "spring.session.store-type: ${STORE}\n")]), []);
}

#[test]
fn samples_are_worth_knowing_and_workplaces_are_not() {
    let expected = one(".env.example", 1, Severity::Info, "sessions are kept by `file`");
    assert_eq!(found(&[(".env.example", "SESSION_DRIVER=file\n")]), expected);
    assert_eq!(found(&[(".env.testing", "SESSION_DRIVER=file\n")]), []);
    assert_eq!(found(&[("application-dev.yml", "spring.session.store-type: none\n")]), []);
}

#[test]
fn a_file_beside_it_that_says_otherwise_counts() {
    let base = ("a/application.yml", "spring.session.store-type: none\n");
    let message = "sessions are kept by `none`, where no other file says otherwise";
    let expected = one("a/application.yml", 1, Severity::Info, message);
    assert_eq!(found(&[base, ("a/application-prod.properties", "spring.session.storeType=redis\n")]), expected);
    assert_eq!(found(&[base, ("a/Dockerfile", "FROM x\nENV SPRING_SESSION_STORETYPE=redis\n")]), expected);
    for other in ["a/application-dev.yml", "b/application-prod.yml"] {
        assert_eq!(found(&[base, (other, "spring.session.store-type: redis\n")])[0].2, Severity::Error, "{other}");
    }
    assert_eq!(found(&[base, (".env", "SESSION_STORE=redis\n")]), []);
    assert_eq!(found(&[base, ("Dockerfile", "ENV SESSION_STORE=redis\n")]).len(), 1);
}
