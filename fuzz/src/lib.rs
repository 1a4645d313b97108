//! Readers under arbitrary input: no panic, no stall. See `run`.

pub use libfuzzer_sys;

use scaleproof::lint::{self, Options};
use scaleproof::model::fact::FileFacts;
use scaleproof::rules::RuleSet;
use scaleproof::source;

/// A target that reads every input as a file of one name.
#[macro_export]
macro_rules! file {
    ($path:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|text: &str| $crate::read($path, text));
    };
}

/// A target whose inputs are a path in the first line, and below it the file.
#[macro_export]
macro_rules! named_file {
    () => {
        $crate::libfuzzer_sys::fuzz_target!(|input: &str| {
            if let Some((path, text)) = input.split_once('\n') {
                $crate::read(path, text);
            }
        });
    };
}

/// Reads one file and links it, as for a project of one.
pub fn read(path: &str, text: &str) {
    if let Some(extracted) = source::read(path, text) {
        source::language::link(&mut [extracted.facts]);
    }
}

/// Lints a small project of `(path, text)`.
pub fn lint(project: &[(&str, &str)], rules: &RuleSet) {
    let read = project.iter().filter_map(|(path, text)| Some(source::read(path, text)?.facts));
    let mut files: Vec<FileFacts> = read.collect();
    source::language::link(&mut files);
    let text = |path: &str| project.iter().find(|(name, _)| *name == path).map(|(_, text)| text.to_string());
    lint::lint(&files, rules, &Options::default(), &text, &source::module_candidates);
}
