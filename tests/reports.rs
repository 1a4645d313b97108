//! One sample report in every format, held by snapshots, by the published schemas and by text that wants to break out.
//!
//! `INSTA_UPDATE=always cargo test --test reports` writes the snapshots anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "reports/bench.rs"]
mod bench;
#[path = "reports/sample.rs"]
mod sample;
mod tool;

use std::io::{self, Write};

use anstream::adapter::strip_str;
use jsonschema::Validator;
use proptest::prelude::*;
use scaleproof::model::bench::{BenchComparison, BenchReport, Sample};
use scaleproof::model::finding::Severity;
use scaleproof::model::location::Excerpt;
use scaleproof::model::report::{LintReport, TestReport};
use scaleproof::report::terminal::Look;
use scaleproof::report::{ab, csv, github, gitlab, hlog, json, junit, markdown, sarif, terminal};
use scaleproof::stats::latency;
use serde_json::{Value, json};

type OfLint = fn(&LintReport, &mut dyn Write) -> io::Result<()>;
type OfBench = fn(&BenchReport, &mut dyn Write) -> io::Result<()>;
type OfComparison = fn(&BenchComparison, &mut dyn Write) -> io::Result<()>;
type OfTest = fn(&TestReport, &mut dyn Write) -> io::Result<()>;

const LINT: &[(&str, OfLint)] = &[
    ("terminal", |report, out| terminal::lint::render(report, Look { width: 100 }, out)),
    ("terminal-narrow", |report, out| terminal::lint::render(report, Look { width: 60 }, out)),
    ("json", json::lint::render),
    ("sarif", sarif::render),
    ("junit", junit::lint),
    ("github", github::render),
    ("gitlab", gitlab::render),
    ("markdown", markdown::lint::render),
];

const TEST: &[(&str, OfTest)] = &[
    ("terminal", |report, out| terminal::test::render(report, Look { width: 100 }, out)),
    ("json", json::test::render),
    ("junit", junit::test),
    ("markdown", markdown::test::render),
];

const PLAIN: ab::Look = ab::Look { percentages: true, deviations: true, variable_length: true };
const SHORT: ab::Look = ab::Look { percentages: false, deviations: false, variable_length: false };

const BENCH: &[(&str, OfBench)] = &[
    ("terminal", |report, out| terminal::bench::render(report, PLAIN, Look { width: 100 }, out)),
    ("ab", |report, out| ab::render(report, ab::Look::default(), out)),
    ("ab-short", |report, out| ab::render(report, SHORT, out)),
    ("ab-html", |report, out| ab::html(report, PLAIN, &ab::Attributes::default(), out)),
    ("ab-percent", ab::percent),
    ("json", json::bench::render),
    ("csv", csv::render),
    ("markdown", markdown::bench::render),
];

const COMPARISON: &[(&str, OfComparison)] = &[
    ("terminal", |comparison, out| terminal::comparison::render(comparison, Look { width: 100 }, out)),
    ("json", json::comparison::render),
    ("markdown", markdown::bench::comparison),
];

fn lint_as(format: &str, report: &LintReport) -> String {
    let (_, render) = LINT.iter().find(|(name, _)| *name == format).unwrap();
    written(|out| render(report, out))
}

fn written(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    render(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// As somebody reads it, whatever the version.
fn plain(text: &str) -> String {
    strip_str(text).to_string().replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn the_sample_in_every_format() {
    for (name, render) in LINT {
        insta::assert_snapshot!(format!("lint-{name}"), plain(&written(|out| render(&sample::lint(), out))));
        insta::assert_snapshot!(
            format!("lint-empty-{name}"),
            plain(&written(|out| render(&LintReport::default(), out)))
        );
    }
    for (name, render) in TEST {
        insta::assert_snapshot!(format!("test-{name}"), plain(&written(|out| render(&sample::test(), out))));
    }
}

#[test]
fn benchmarks_in_every_format() {
    let samples = [("", bench::report()), ("failed-", bench::failed()), ("empty-", BenchReport::default())];
    for (sample, report) in samples {
        for (name, render) in BENCH {
            insta::assert_snapshot!(format!("bench-{sample}{name}"), plain(&written(|out| render(&report, out))));
        }
    }
    for (name, render) in COMPARISON {
        insta::assert_snapshot!(format!("comparison-{name}"), plain(&written(|out| render(&bench::comparison(), out))));
    }
    let started = std::time::Duration::from_secs(1_795_720_987);
    insta::assert_snapshot!("bench-hlog", plain(&written(|out| hlog::render(&bench::slices(), started, out))));
    let sample = |started_us, connect_us| Sample { started_us, connect_us, processing_us: 4_600, waiting_us: 4_400 };
    let samples = [sample(1_795_720_987_500_000, 900), sample(1_795_720_987_000_000, 0)];
    insta::assert_snapshot!("bench-ab-gnuplot", plain(&written(|out| ab::gnuplot(&samples, out))));
}

#[test]
fn a_benchmark_is_read_as_it_was_written_and_is_what_its_schema_says() {
    let schema = strict(json::BENCH_SCHEMA);
    let nothing = BenchReport { histogram: latency::encode(&latency::empty()), ..BenchReport::default() };
    for report in [bench::report(), bench::failed(), nothing] {
        let text = written(|out| json::bench::render(&report, out));
        assert_valid(&schema, &text);
        assert_eq!(json::bench::read(&text).unwrap(), report);
    }
    assert_valid(&strict(json::COMPARISON_SCHEMA), &written(|out| json::comparison::render(&bench::comparison(), out)));
    for (text, word) in [("{", "not the JSON"), ("{\"schema\":\"scaleproof.lint/1\"}", "scaleproof.lint/1")] {
        assert!(json::bench::read(text).unwrap_err().message.contains(word));
    }
    let cut = "{\"schema\":\"scaleproof.bench/1\"}";
    assert!(json::bench::read(cut).unwrap_err().message.contains("missing field"));
}

/// The schema, and nothing beside it: what is published lets fields be added, this test does not.
fn strict(schema: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    close(&mut schema);
    jsonschema::draft202012::new(&schema).unwrap()
}

fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        object.values_mut().for_each(close);
        if object.get("type") == Some(&json!("object")) {
            object.insert("additionalProperties".into(), json!(false));
        }
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(close);
    }
}

#[track_caller]
fn assert_valid(validator: &Validator, text: &str) {
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\n{text}", errors.join("\n"));
}

#[test]
fn json_is_what_the_published_schemas_say() {
    let schema = strict(json::LINT_SCHEMA);
    for report in [sample::lint(), LintReport::default()] {
        assert_valid(&schema, &lint_as("json", &report));
    }
    let fixtures = tool::root().join("fixtures");
    assert_valid(&schema, &tool::run(&fixtures, &["lint", "rules", "apps", "--format", "json"]).expect_code(1).stdout);
    assert_valid(&strict(json::TEST_SCHEMA), &written(|out| json::test::render(&sample::test(), out)));
}

#[test]
fn the_tool_prints_the_schemas() {
    let schemas = [
        ("lint", json::LINT_SCHEMA),
        ("test", json::TEST_SCHEMA),
        ("bench", json::BENCH_SCHEMA),
        ("comparison", json::COMPARISON_SCHEMA),
    ];
    for (of, schema) in schemas {
        assert_eq!(tool::run(tool::root(), &["schema", of]).expect_code(0).stdout, schema);
        jsonschema::meta::validate(&serde_json::from_str(schema).unwrap()).unwrap();
    }
}

/// What both reports show is told in both schemas, in the same words.
#[test]
fn the_schemas_agree_with_each_other() {
    let [lint, test]: [Value; 2] =
        [json::LINT_SCHEMA, json::TEST_SCHEMA].map(|text| serde_json::from_str(text).unwrap());
    for shared in ["count", "line", "severity", "confidence", "finding", "place", "problem"] {
        assert_eq!(lint["$defs"][shared], test["$defs"][shared], "{shared}");
    }
}

#[test]
fn sarif_is_what_its_own_schema_says() {
    let Some(schema) = tool::sarif_schema() else { return };
    let schema = jsonschema::draft4::options().should_validate_formats(true).build(&schema).unwrap();
    for report in [sample::lint(), LintReport::default()] {
        assert_valid(&schema, &lint_as("sarif", &report));
    }
    let fixtures = tool::root().join("fixtures");
    assert_valid(&schema, &tool::run(&fixtures, &["lint", "rules", "apps", "--format", "sarif"]).expect_code(1).stdout);
}

#[test]
fn sarif_points_at_its_rules_and_stays_below_the_limits_of_code_scanning() {
    let mut report = sample::lint();
    let infos = std::iter::repeat_n(sample::finding("awkward-text", "b.py", Severity::Info, "x"), 30_000);
    report.findings.splice(0..0, infos);
    let log: Value = serde_json::from_str(&lint_as("sarif", &report)).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results[0]["level"], "error", "the worst are kept");
    for result in [&results[0], &results[24_999]] {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    let notes = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("5004 more results are left out"), "{notes}");
}

#[test]
fn a_comment_is_never_longer_than_it_may_be_and_says_what_it_leaves_out() {
    let mut report = sample::lint();
    for number in 0..2_000 {
        let message = format!("{number}: {}", "long ".repeat(100));
        let rule = format!("rule-{number}");
        report.findings.push(sample::finding(&rule, "a.py", Severity::Warning, &message));
    }
    let text = lint_as("markdown", &report);
    assert!(text.chars().count() <= 65_536, "{}", text.chars().count());
    let shown = text.lines().filter(|line| line.starts_with("| ") && line.contains("a.py")).count();
    let severities = ["| **error** ", "| warning ", "| info "];
    let rows = text.lines().filter(|line| severities.iter().any(|severity| line.starts_with(severity))).count();
    let left_out = 2_003 - rows;
    assert!(shown > 20 && text.contains(&format!("{left_out} findings more")), "{shown} shown, {left_out} left out");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

/// Texts that want to break out of a format.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\\x7f\u{80}-\u{9f}\u{202a}-\u{202e}`|<>&\\[\\]*:%,\"'é\u{1f600}]{0,40}",
        Just("]]>\n::error::x\r\n\u{1b}[2J``` </details> | @all %0A".to_owned()),
        Just("\u{fffe}\u{ffff}\0".to_owned()),
    ]
}

fn hostile_report() -> impl Strategy<Value = LintReport> {
    (prop::collection::vec(hostile(), 8), any::<[u32; 4]>()).prop_map(
        |(texts, [line, column, end_line, end_column])| {
            let mut report = sample::lint();
            for finding in &mut report.findings {
                finding.rule = texts[0].as_str().into();
                finding.message.clone_from(&texts[1]);
                finding.breaks.clone_from(&texts[2]);
                finding.fix.clone_from(&texts[3]);
                finding.location.path = texts[4].as_str().into();
                finding.location.span = scaleproof::model::location::Span { line, column, end_line, end_column };
                finding.excerpt = Some(Excerpt { first_line: line.max(1), text: format!("{}\n", texts[5]) });
            }
            report.problems[0].message.clone_from(&texts[6]);
            report.services[0].name = texts[7].as_str().into();
            report.services[0].runs.clone_from(&texts[1]);
            report.services[0].reasons[0].message.clone_from(&texts[2]);
            report.raised[0].service.name = texts[7].as_str().into();
            report
        },
    )
}

/// What a terminal obeys, beside colours of ours.
fn steers(text: &str) -> bool {
    let plain = strip_str(text).to_string();
    plain.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t') || ('\u{202a}'..='\u{202e}').contains(&c))
}

/// What follows an escape character: `[1;31m`.
fn is_colour(escape: &str) -> bool {
    let numbers =
        escape.strip_prefix('[').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
    numbers.is_some_and(|rest| rest.starts_with('m'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_out_of_a_format(report in hostile_report()) {
        for format in ["terminal", "terminal-narrow", "github", "markdown"] {
            let text = lint_as(format, &report);
            prop_assert!(!steers(&text), "{format}: {text:?}");
            // Escapes of ours are colours and nothing else.
            prop_assert!(text.split('\u{1b}').skip(1).all(is_colour), "{format}: {text:?}");
        }
        for format in ["json", "sarif", "gitlab"] {
            prop_assert!(serde_json::from_str::<Value>(&lint_as(format, &report)).is_ok());
        }
        let xml = lint_as("junit", &report);
        prop_assert!(roxmltree::Document::parse(&xml).is_ok(), "{xml}");
        let commands = lint_as("github", &report).lines().filter(|line| line.starts_with("::")).count();
        let group = 2;
        let told = report.services.len() + group + report.raised.len();
        prop_assert_eq!(commands, report.findings.len() + report.problems.len() + told);
    }
}

fn hostile_bench() -> impl Strategy<Value = BenchReport> {
    prop::collection::vec(hostile(), 7).prop_map(|texts| {
        let mut report = bench::report();
        report.targets[0].software = Some(texts[0].clone());
        report.targets[0].path.clone_from(&texts[1]);
        report.failures[0].example.clone_from(&texts[2]);
        report.warnings[0].clone_from(&texts[3]);
        report.thresholds[0].text.clone_from(&texts[3]);
        let instances = report.instances.as_mut().unwrap();
        instances.rows[0].name.clone_from(&texts[4]);
        instances.explanation.clone_from(&texts[5]);
        instances.source.clone_from(&texts[6]);
        report
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_out_of_a_benchmark(report in hostile_bench()) {
        for (name, render) in BENCH.iter().filter(|(name, _)| *name != "json") {
            let text = written(|out| render(&report, out));
            let text = if *name == "csv" { text.replace("\r\n", "\n") } else { text };
            prop_assert!(!steers(&text) && text.split('\u{1b}').skip(1).all(is_colour), "{name}: {text:?}");
        }
        let lines = |report: &BenchReport, name: &str| {
            let (_, render) = BENCH.iter().find(|(known, _)| *known == name).unwrap();
            written(|out| render(report, out)).lines().count()
        };
        for name in ["ab", "ab-html", "csv"] {
            prop_assert_eq!(lines(&report, name), lines(&bench::report(), name), "{}", name);
        }
        let html = written(|out| ab::html(&report, PLAIN, &ab::Attributes::default(), out));
        prop_assert_eq!(html.matches('<').count(), html.matches('>').count());
        let json = written(|out| json::bench::render(&report, out));
        prop_assert_eq!(json::bench::read(&json).unwrap(), report);
    }
}

#[test]
fn a_story_does_not_break_out_either() {
    for format in ["terminal", "markdown"] {
        let (_, render) = TEST.iter().find(|(name, _)| *name == format).unwrap();
        let text = written(|out| render(&sample::test(), out));
        assert!(!steers(&text) && text.split('\u{1b}').skip(1).all(is_colour), "{format}: {text:?}");
    }
}

#[test]
fn ten_megabytes_in_one_message_are_cut_and_not_written() {
    let mut report = sample::lint();
    report.findings[0].message = "long `word` ".repeat(1 << 20);
    report.problems[0].message = "x".repeat(10 << 20);
    for (name, render) in LINT.iter().filter(|(name, _)| *name != "json") {
        let length = written(|out| render(&report, out)).len();
        assert!(length < 200_000, "{name} writes {length} bytes");
    }
}
