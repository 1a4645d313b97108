//! What the README shows is what the tool takes.

mod tool;

use scaleproof::{config, rules, scenario};
use tool::{project, root, run};

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("README.md")
}

/// The fenced blocks in `language`.
fn blocks(language: &str) -> Vec<String> {
    let readme = readme();
    let fence = format!("\n```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("an end").to_owned()).collect()
}

#[test]
fn its_configuration_story_and_rule_are_understood() {
    let yaml = blocks("yaml");
    let config = config::parse(&yaml[0], "scaleproof.yaml").unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(config.services.len(), 1);
    let config = config::parse(&yaml[1], "scaleproof.yaml").unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!((config.lint.severity.len(), config.lint.ignore.len()), (1, 1));
    let rule = rules::parse(&yaml[2], "ops/rules/session-store/session-in-our-cache.yaml");
    assert_eq!(rule.unwrap_or_else(|problem| panic!("{problem}")).family, "session-store");
    let story = scenario::parse(&blocks("hurl")[0], "cart.hurl").unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(story.undefined(&[]), []);
}

#[test]
fn its_rule_finds_what_it_says() {
    let folder = project(&[
        ("ops/rules/session-store/session-in-our-cache.yaml", &blocks("yaml")[2]),
        (
            "app.js",
            "import session from \"@ours/session\";\napp.use(session({ secret }));\napp.use(session({ store }));\n",
        ),
    ]);
    let report = run(&folder, &["lint", "--rules", "ops/rules", "--format", "json"]).expect_code(1).json();
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1, "{report:#}");
    assert_eq!((&findings[0]["rule"], &findings[0]["line"]), (&"session-in-our-cache".into(), &2.into()));
}

#[test]
fn it_names_every_check_and_every_subcommand_of_its_examples_exists() {
    let readme = readme();
    for id in scaleproof::check::ids() {
        assert!(readme.contains(&format!("| `{id}` |")), "the table of checks lacks {id}");
    }
    let help = run(root(), &["--help"]).expect_code(0).stdout;
    for command in readme.split("scaleproof ").skip(1).filter_map(|rest| rest.split([' ', '`', '\n']).next()) {
        let is_word = !command.is_empty() && command.chars().all(|c| c.is_ascii_lowercase());
        let is_shown =
            readme.contains(&format!("`scaleproof {command}")) || readme.contains(&format!("\nscaleproof {command}"));
        assert!(
            !is_word || !is_shown || help.contains(&format!("  {command} ")),
            "`scaleproof {command}` is no subcommand"
        );
    }
}

#[test]
fn the_reference_of_the_rules_is_what_the_tool_prints() {
    let printed = run(root(), &["rules", "--format", "markdown"]).expect_code(0).stdout;
    let kept = std::fs::read_to_string(root().join("docs/rules.md")).expect("docs/rules.md");
    assert!(
        printed == kept,
        "docs/rules.md is old; print it anew: cargo run -- rules --format markdown >docs/rules.md"
    );
}
