//! The baseline: findings that were there when the project began to look, so that only new ones fail it.
//!
//! A finding is recognised by its fingerprint, which survives lines that move and edits around it. Where a file got another
//! name, its findings are recognised by their content, as long as there is one file only that they can have come from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::finding::Finding;
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::model::report::LintReport;

/// Name of the file, in the folder that is linted.
pub const FILE_NAME: &str = "scaleproof-baseline.json";

/// What the file says of itself, so that no other file is taken for it.
const SCHEMA: &str = "scaleproof.baseline/1";

/// Findings that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeSet<Entry>,
}

/// One known finding. In the order of the fields, which is that of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub path: String,
    pub rule: String,
    pub fingerprint: String,
    pub content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    findings: Vec<Entry>,
}

impl From<&Finding> for Entry {
    fn from(finding: &Finding) -> Self {
        Entry {
            path: finding.location.path.to_string(),
            rule: finding.rule.to_string(),
            fingerprint: finding.fingerprint.clone(),
            content: finding.content.clone(),
        }
    }
}

/// What a baseline says about a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// For each finding of the report: is it known?
    pub known: Vec<bool>,
    /// Entries that stand for a finding, as they would be written now.
    pub met: Baseline,
    /// Entries of which nothing is left.
    pub stale: Vec<Entry>,
}

impl Baseline {
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        Baseline { entries: findings.into_iter().map(Entry::from).collect() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Both of them.
    pub fn and(mut self, other: Baseline) -> Baseline {
        self.entries.extend(other.entries);
        self
    }

    /// Divides the entries by their paths: those that `belongs` says yes to, and the others.
    pub fn divided(self, belongs: impl Fn(&str) -> bool) -> (Baseline, Baseline) {
        let (inside, outside) = self.entries.into_iter().partition(|entry| belongs(&entry.path));
        (Baseline { entries: inside }, Baseline { entries: outside })
    }

    /// Finds the findings among the entries.
    pub fn compare(&self, findings: &[Finding]) -> Comparison {
        let mut left: BTreeMap<&str, &Entry> =
            self.entries.iter().map(|entry| (entry.fingerprint.as_str(), entry)).collect();
        let mut known: Vec<bool> =
            findings.iter().map(|finding| left.remove(finding.fingerprint.as_str()).is_some()).collect();
        let unknown = (0..findings.len()).filter(|at| !known[*at]).collect::<Vec<_>>();
        for (at, entry) in renamed(findings, &unknown, left.values().copied()) {
            known[at] = true;
            left.remove(entry.fingerprint.as_str());
        }
        let met = Baseline::of(findings.iter().zip(&known).filter(|(_, known)| **known).map(|(finding, _)| finding));
        let mut stale: Vec<Entry> = left.into_values().cloned().collect();
        stale.sort();
        Comparison { known, met, stale }
    }

    /// The file's text: sorted, one finding a line, so that branches which each add some merge well.
    pub fn render(&self) -> String {
        let line = |entry: &Entry| {
            let Entry { path, rule, fingerprint, content } = entry;
            let text = serde_json::Value::from;
            format!(
                "    {{ \"path\": {}, \"rule\": {}, \"fingerprint\": {}, \"content\": {} }}",
                text(path.as_str()),
                text(rule.as_str()),
                text(fingerprint.as_str()),
                text(content.as_str())
            )
        };
        let lines = self.entries.iter().map(line).collect::<Vec<_>>().join(",\n");
        let gap = if lines.is_empty() { "" } else { "\n" };
        format!(
            "{{\n  \"schema\": \"{SCHEMA}\",\n  \"findings\": [{gap}{lines}{gap}{}]\n}}\n",
            if gap.is_empty() { "" } else { "  " }
        )
    }

    /// Reads what [`Baseline::render`] wrote.
    ///
    /// # Errors
    /// With the line, where the text is broken, or with what it is instead.
    pub fn parse(text: &str, path: &str) -> Result<Baseline, Problem> {
        if let Some(line) =
            text.lines().position(|line| ["<<<<<<<", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)))
        {
            let span = Span::on_line(line as u32 + 1, 1, 8);
            return Err(Problem::new("two branches were merged and both changed the baseline")
                .at(path, span, text)
                .help("Keep the lines of both sides, or write it anew with `scaleproof lint --baseline write`."));
        }
        match serde_json::from_str::<File>(text) {
            Ok(file) if file.schema == SCHEMA => Ok(Baseline { entries: file.findings.into_iter().collect() }),
            _ if !is_ours(text) => Err(foreign(path)),
            Ok(file) => Err(Problem::new(format!(
                "the baseline is of schema `{}`, and `{SCHEMA}` is understood",
                file.schema
            ))
            .in_file(path)
            .help("Another version of scaleproof wrote it: use that one, or write it anew with `--baseline write`.")),
            Err(error) => {
                let (line, column) = (error.line().max(1) as u32, error.column().max(1) as u32);
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or(&message);
                Err(Problem::new(format!("the baseline cannot be read: {message}"))
                    .at(path, Span::on_line(line, column, column + 1), text)
                    .help(
                        "Mend the line, take the file from version control, or write it anew with `--baseline write`.",
                    ))
            }
        }
    }
}

/// True for a baseline, also for one of another version or one that a merge has broken: it may be written anew.
pub fn is_ours(text: &str) -> bool {
    text.trim().is_empty() || text.contains("\"scaleproof.baseline/")
}

/// A file that something else than the baseline is in.
pub fn foreign(path: &str) -> Problem {
    Problem::new("this file is no baseline of scaleproof")
        .in_file(path)
        .help("Name another file with `--baseline-file`; `scaleproof lint --baseline write` makes one.")
}

/// Leaves out the findings that are known.
pub fn hide_known(report: &mut LintReport, comparison: &Comparison) {
    let mut known = comparison.known.iter();
    report.findings.retain(|_| !known.next().copied().unwrap_or(false));
    report.known = comparison.known.iter().filter(|known| **known).count();
}

/// Findings whose file got another name, each with its entry: as many of the same content as there are entries left of it, all
/// in one file there and all in one file here.
fn renamed<'e>(
    findings: &[Finding],
    unknown: &[usize],
    left: impl Iterator<Item = &'e Entry>,
) -> Vec<(usize, &'e Entry)> {
    let mut entries: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in left {
        entries.entry(entry.content.as_str()).or_default().push(entry);
    }
    let mut here: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for at in unknown {
        here.entry(findings[*at].content.as_str()).or_default().push(*at);
    }
    let mut pairs = Vec::new();
    for (content, here) in here {
        let there = entries.get(content).map_or(&[][..], Vec::as_slice);
        let paths = |paths: BTreeSet<&str>| paths.len() == 1;
        let from_one = paths(there.iter().map(|entry| entry.path.as_str()).collect());
        let to_one = paths(here.iter().map(|at| &*findings[*at].location.path).collect());
        if !content.is_empty() && here.len() == there.len() && from_one && to_one {
            pairs.extend(here.into_iter().zip(there.iter().copied()));
        }
    }
    pairs
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::finding::{Confidence, Severity};
    use crate::model::location::Location;

    /// A finding whose content is `rule` and `text`, and its fingerprint `rule`, `path` and `text`.
    pub fn finding(rule: &str, path: &str, text: &str) -> Finding {
        Finding {
            rule: rule.into(),
            family: "family".into(),
            severity: Severity::Error,
            confidence: Confidence::High,
            location: Location::new(path, Span::on_line(1, 1, 2)),
            excerpt: None,
            message: text.into(),
            breaks: String::new(),
            fix: String::new(),
            fingerprint: format!("{rule} {path} {text}"),
            content: format!("{rule} {text}"),
            related: Vec::new(),
            context: Vec::new(),
            services: Vec::new(),
            confirm: None,
            routes: Vec::new(),
            proof: None,
        }
    }

    fn said(text: &str) -> String {
        let problem = Baseline::parse(text, "b.json").unwrap_err();
        format!("{problem} | {}", problem.help)
    }

    #[test]
    fn the_file_is_sorted_and_has_one_finding_a_line() {
        let baseline =
            Baseline::of(&[finding("b", "z.py", "x"), finding("a", "ä \"b\".py", "x"), finding("a", "a.py", "x")]);
        let text = baseline.render();
        insta::assert_snapshot!(text, @r#"
        {
          "schema": "scaleproof.baseline/1",
          "findings": [
            { "path": "a.py", "rule": "a", "fingerprint": "a a.py x", "content": "a x" },
            { "path": "z.py", "rule": "b", "fingerprint": "b z.py x", "content": "b x" },
            { "path": "ä \"b\".py", "rule": "a", "fingerprint": "a ä \"b\".py x", "content": "a x" }
          ]
        }
        "#);
        assert_eq!(Baseline::parse(&text, "b.json"), Ok(baseline));
        assert_eq!(
            Baseline::default().render(),
            "{\n  \"schema\": \"scaleproof.baseline/1\",\n  \"findings\": []\n}\n"
        );
    }

    #[test]
    fn a_file_that_is_none_is_told_with_its_place() {
        assert!(said("{}").contains("no baseline of scaleproof"), "{}", said("{}"));
        assert!(said("[1, 2").contains("no baseline of scaleproof"));
        let newer = said("{\"schema\": \"scaleproof.baseline/9\", \"findings\": []}");
        assert!(newer.contains("`scaleproof.baseline/9`"), "{newer}");
        let broken = said("{\n  \"schema\": \"scaleproof.baseline/1\",\n  \"findings\": [\n  }\n}\n");
        assert!(broken.starts_with("b.json:4:3: the baseline cannot be read"), "{broken}");
        let merged = Baseline::of(&[finding("a", "a.py", "x")]).render().replace("    {", "<<<<<<< HEAD\n    {");
        assert!(said(&merged).starts_with("b.json:4:1: two branches"), "{}", said(&merged));
        assert!(is_ours(&merged) && !is_ours("{}"));
    }

    #[test]
    fn findings_of_a_renamed_file_are_known_where_only_one_file_can_be_meant() {
        let before = Baseline::of(&[finding("a", "old.py", "x"), finding("a", "other.py", "y")]);
        let moved = before.compare(&[finding("a", "new.py", "x"), finding("a", "other.py", "y")]);
        assert_eq!((moved.known, moved.stale), (vec![true, true], vec![]));
        let copied =
            before.compare(&[finding("a", "old.py", "x"), finding("a", "copy.py", "x"), finding("a", "other.py", "y")]);
        assert_eq!(copied.known, [true, false, true]);
        let two = before.compare(&[finding("a", "new.py", "x"), finding("a", "newer.py", "x")]);
        assert_eq!((two.known, two.stale.len()), (vec![false, false], 2), "which of them was it?");
    }

    fn some_findings() -> impl Strategy<Value = Vec<Finding>> {
        let one = ("[ab]", "[ab]\\.py", "[xyz]{1,2}");
        let distinct = proptest::collection::btree_set(one, 0..12);
        distinct.prop_map(|set| set.iter().map(|(rule, path, text)| finding(rule, path, text)).collect())
    }

    proptest! {
        #[test]
        fn what_was_written_is_not_new(findings in some_findings()) {
            let baseline = Baseline::parse(&Baseline::of(&findings).render(), "b.json").unwrap();
            let comparison = baseline.compare(&findings);
            prop_assert!(comparison.known.iter().all(|known| *known));
            prop_assert!(comparison.stale.is_empty());
        }

        #[test]
        fn pruning_twice_is_pruning_once(written in some_findings(), now in some_findings()) {
            let once = Baseline::of(&written).compare(&now);
            let twice = once.met.compare(&now);
            prop_assert_eq!(&twice.met, &once.met);
            prop_assert_eq!(&twice.known, &once.known);
            prop_assert!(twice.stale.is_empty());
        }

        #[test]
        fn no_finding_is_known_by_two_entries_and_none_is_lost(written in some_findings(), now in some_findings()) {
            let comparison = Baseline::of(&written).compare(&now);
            let known = comparison.known.iter().filter(|known| **known).count();
            prop_assert_eq!(known + comparison.stale.len(), written.len());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", cut in 0usize..200) {
            let _ = Baseline::parse(&text, "b.json");
            let whole = Baseline::of(&[finding("a", "ä.py", "x")]).render();
            let _ = Baseline::parse(whole.get(..cut).unwrap_or(&text), "b.json");
        }
    }
}
