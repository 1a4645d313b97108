//! Small projects under all rules: a line `=== path` begins each file.
#![no_main]

use std::sync::LazyLock;

use scaleproof::rules::{self, RuleSet};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| rules::builtin().unwrap_or_default());

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|input: &str| {
    let parts = input.split("=== ").filter_map(|part| part.split_once('\n')).take(6);
    scaleproof_fuzz::lint(&parts.collect::<Vec<_>>(), &RULES);
});
