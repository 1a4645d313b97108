//! Comments that silence a finding.
#![no_main]

use std::sync::LazyLock;

use scaleproof::rules::RuleSet;

const RULE: &str = r#"
id: a
title: A
severity: error
confidence: high
detect:
  - call: f
    say: "`{callee}` is called"
breaks: it does
fix: do not
read: ["x: https://example.org"]
"#;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let mut rules = RuleSet::default();
    rules.read(RULE, "state/a.yaml").expect("a rule");
    rules
});

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| scaleproof_fuzz::lint(&[("a.py", text)], &RULES));
