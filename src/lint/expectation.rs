//! What fixtures promise: `rule-id` after a `//~` or `#~` at the end of a line promises a finding there; every other line promises
//! silence.

use std::collections::BTreeSet;

use crate::model::Name;
use crate::model::finding::Finding;
use crate::model::report::LintReport;

/// A finding, or the promise of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expectation {
    pub path: String,
    /// From 1.
    pub line: u32,
    pub rule: Name,
}

/// The file that promises for files in formats without comments: lines of `path:line rule-id`.
pub const FILE_NAME: &str = "expect.txt";

/// How comments begin that promise something: those of C, of the shell, of ini files, of SQL, of XML.
const MARKS: [&str; 5] = ["//~ ", "#~ ", ";~ ", "--~ ", "<!--~ "];

/// What the text of a fixture promises.
pub fn promised(path: &str, text: &str) -> BTreeSet<Expectation> {
    if path == FILE_NAME {
        let promise = |line: &str| {
            let (place, rule) = line.split_once(' ')?;
            let (path, line) = place.rsplit_once(':')?;
            Some(Expectation { path: path.to_owned(), line: line.parse().ok()?, rule: rule.trim().into() })
        };
        return text.lines().filter_map(promise).collect();
    }
    let on_line = |(index, line): (usize, &str)| {
        let ids = MARKS.iter().find_map(|mark| line.split_once(mark)).map_or("", |(_, ids)| ids);
        let ids = ids.split_whitespace().filter(|id| *id != "-->").map(Name::from).collect::<Vec<_>>();
        let at = index as u32 + 1;
        ids.into_iter().map(move |rule| Expectation { path: path.to_owned(), line: at, rule })
    };
    text.lines().enumerate().flat_map(on_line).collect()
}

/// What was found, in the form of promises.
pub fn found(report: &LintReport) -> BTreeSet<Expectation> {
    report.findings.iter().map(Expectation::of).collect()
}

impl Expectation {
    /// The promise that a finding keeps.
    pub fn of(finding: &Finding) -> Self {
        Expectation {
            path: finding.location.path.to_string(),
            line: finding.location.span.line,
            rule: finding.rule.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<(String, u32, String)> {
        promised(path, text).into_iter().map(|one| (one.path, one.line, one.rule.to_string())).collect()
    }

    #[test]
    fn the_comments_of_all_formats_promise() {
        for line in ["x //~ a b", "x #~ a b", "x ;~ a b", "x --~ a b", "<x/> <!--~ a b -->"] {
            assert_eq!(of("f", line), [("f".into(), 1, "a".into()), ("f".into(), 1, "b".into())], "{line}");
        }
        assert_eq!(of("expect.txt", "a.json:3 a\n\nnothing\n"), [("a.json".into(), 3, "a".into())]);
    }
}
