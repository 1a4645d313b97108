//! What a project has accepted: findings of a rule in some places, and how sure a finding has to be to be shown.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::model::Name;
use crate::model::finding::{Confidence, Suppressed};
use crate::model::location::Location;
use crate::model::report::LintReport;

/// Findings of a rule that do no harm in some places.
#[derive(Clone, Debug)]
pub struct Acceptance {
    pub rule: Name,
    paths: Gitignore,
    reason: String,
    said_at: Location,
}

impl Acceptance {
    /// `globs` are read as lines of .gitignore are; what is no glob matches nothing.
    pub fn new(rule: Name, globs: &[String], reason: String, said_at: Location) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for glob in globs {
            // The configuration refuses what is no glob.
            let _ = builder.add_line(None, glob);
        }
        Acceptance { rule, paths: builder.build().unwrap_or_else(|_| Gitignore::empty()), reason, said_at }
    }

    fn covers(&self, path: &str) -> bool {
        // A path that leads out of the folder is below none of its globs.
        !path.starts_with('/')
            && !path.starts_with("../")
            && self.paths.matched_path_or_any_parents(path, false).is_ignore()
    }
}

/// Moves accepted findings to those that are suppressed. The result says, for each acceptance, whether it was of use.
pub fn accept(report: &mut LintReport, accepted: &[Acceptance]) -> Vec<bool> {
    let mut used = vec![false; accepted.len()];
    let findings = std::mem::take(&mut report.findings);
    for finding in findings {
        let covers = |one: &Acceptance| one.rule == finding.rule && one.covers(&finding.location.path);
        match accepted.iter().position(covers) {
            Some(at) => {
                used[at] = true;
                let Acceptance { reason, said_at, .. } = accepted[at].clone();
                report.suppressed.push(Suppressed { finding, reason, said_at });
            }
            None => report.findings.push(finding),
        }
    }
    used
}

/// Leaves out findings of low confidence.
pub fn hide_low(report: &mut LintReport) {
    let all = report.findings.len();
    report.findings.retain(|finding| finding.confidence > Confidence::Low);
    report.hidden += all - report.findings.len();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::baseline::tests::finding;

    #[test]
    fn globs_are_read_as_git_reads_them() {
        let covers = |glob: &str, path: &str| {
            let at = Location::new("scaleproof.yaml", Default::default());
            Acceptance::new("r".into(), &[glob.to_owned()], "x".into(), at).covers(path)
        };
        for (glob, path, expected) in [
            ("legacy/**", "legacy/a/b.py", true),
            ("legacy", "legacy/a.py", true),
            ("legacy/", "legacy/a.py", true),
            ("*.py", "a/b.py", true),
            ("/a.py", "b/a.py", false),
            ("a.py", "b/a.py", true),
            ("a/*.py", "a/b/c.py", false),
            ("*", "../a.py", false),
            ("*", "/etc/a.py", false),
        ] {
            assert_eq!(covers(glob, path), expected, "{glob} and {path}");
        }
    }

    #[test]
    fn what_is_accepted_is_kept_with_its_reason() {
        let mut report = LintReport {
            findings: vec![finding("r", "legacy/a.py", "x"), finding("r", "a.py", "x")],
            ..Default::default()
        };
        let at = Location::new("scaleproof.yaml", Default::default());
        let one = |rule: &str| Acceptance::new(rule.into(), &["legacy/**".into()], "old".into(), at.clone());
        assert_eq!(accept(&mut report, &[one("other"), one("r")]), [false, true]);
        assert_eq!((report.findings.len(), report.suppressed[0].reason.as_str()), (1, "old"));
    }

    #[test]
    fn findings_of_low_confidence_are_counted_and_not_shown() {
        let low = crate::model::finding::Finding { confidence: Confidence::Low, ..finding("r", "a.py", "x") };
        let mut report = LintReport { findings: vec![low, finding("r", "a.py", "y")], ..Default::default() };
        hide_low(&mut report);
        assert_eq!((report.findings.len(), report.hidden), (1, 1));
    }
}
