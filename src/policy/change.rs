//! What a branch changed, and which findings have to do with it.
//!
//! The whole project is analysed, as it is now and as it was before; only then is chosen what is shown: findings on changed lines,
//! findings with a related place on a changed line (where a state is written, where replicas are counted), and findings that
//! were not there before whatever line they are on, as when somebody removes the dependency that made them harmless.

use std::collections::{BTreeMap, HashMap};

use crate::model::finding::Finding;
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::model::report::{LintReport, Raise};
use crate::policy::raise;

/// The changes between a revision and the work tree. Paths are relative to the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    files: BTreeMap<String, Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    /// The name of the file before; `None` for a new one.
    before: Option<String>,
    hunks: Vec<Hunk>,
}

/// Lines of the work tree's file. A hunk of no lines is a deletion behind line `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hunk {
    first: u32,
    count: u32,
}

impl Hunk {
    fn touches(self, span: Span) -> bool {
        let end = span.end_line.max(span.line);
        match self.count {
            0 => span.line <= self.first && self.first < end,
            count => span.line < self.first.saturating_add(count) && self.first <= end,
        }
    }
}

impl Changes {
    /// Reads what `git diff --unified=0 --src-prefix=a/ --dst-prefix=b/` says.
    pub fn parse(diff: &str) -> Self {
        let mut changes = Changes::default();
        let mut lines = diff.lines();
        let (mut before, mut now): (Option<String>, Option<String>) = (None, None);
        while let Some(line) = lines.next() {
            if line.starts_with("diff --git ") {
                (before, now) = (None, None);
            } else if let Some(name) = line.strip_prefix("rename from ") {
                before = Some(unquoted(name));
            } else if let Some(name) = line.strip_prefix("rename to ") {
                now = Some(unquoted(name));
                changes.note(now.as_deref(), before.clone());
            } else if let Some(name) = line.strip_prefix("--- ") {
                before = side(name, "a/");
            } else if let Some(name) = line.strip_prefix("+++ ") {
                now = side(name, "b/");
                changes.note(now.as_deref(), before.clone());
            } else if let Some((removed, added)) = hunk(line) {
                if let Some(change) = now.as_ref().and_then(|now| changes.files.get_mut(now)) {
                    change.hunks.push(added);
                }
                // What was written may look like a header.
                let body = removed.count as usize + added.count as usize;
                if let Some(last) = body.checked_sub(1) {
                    lines.nth(last);
                }
            }
        }
        changes
    }

    fn note(&mut self, now: Option<&str>, before: Option<String>) {
        if let Some(now) = now {
            self.files.insert(now.to_owned(), Change { before, hunks: Vec::new() });
        }
    }

    /// Adds a file that is new as a whole.
    pub fn add_new(&mut self, path: impl Into<String>) {
        let whole = Hunk { first: 1, count: u32::MAX };
        self.files.insert(path.into(), Change { before: None, hunks: vec![whole] });
    }

    fn touches(&self, path: &str, span: Span) -> bool {
        self.files.get(path).is_some_and(|change| change.hunks.iter().any(|hunk| hunk.touches(span)))
    }

    /// What the file was called before; `None` for a new one.
    fn name_before<'p>(&'p self, path: &'p str) -> Option<&'p str> {
        self.files.get(path).map_or(Some(path), |change| change.before.as_deref())
    }
}

/// Two states of a project, to choose the findings that a branch answers for.
pub struct Since<'a> {
    pub changes: &'a Changes,
    /// The project as it was, analysed in the same way; paths as the repository names them.
    pub before: &'a LintReport,
    /// A path of the report of now as the repository names it.
    pub repository_path: &'a dyn Fn(&str) -> String,
    /// Was there a file of this name?
    pub existed: &'a dyn Fn(&str) -> bool,
}

impl Since<'_> {
    /// The numbers that went up.
    fn raises(&self, report: &LintReport) -> Vec<Raise> {
        raise::raises(&self.before.services, &report.services, &|path| self.path_before(path))
    }

    /// What a file was called before; `None` for a new one.
    fn path_before(&self, path: &str) -> Option<String> {
        let path = (self.repository_path)(path);
        self.changes.name_before(&path).filter(|name| (self.existed)(name)).map(str::to_owned)
    }

    /// Notes the numbers that went up, and what keeps anybody from knowing.
    pub fn note_raises(&self, report: &mut LintReport) {
        report.raised = self.raises(report);
        let has_services = |problem: &&Problem| {
            let Some(at) = &problem.location else { return false };
            let before = self.path_before(&at.path);
            report.services.iter().any(|row| row.location.path == at.path)
                || self.before.services.iter().any(|row| before.as_deref() == Some(&*row.location.path))
        };
        let is_new = |problem: &&Problem| {
            let path = |problem: &Problem| problem.location.as_ref().map(|at| at.path.to_string());
            let before = problem.location.as_ref().and_then(|at| self.path_before(&at.path));
            !self.before.misread.iter().any(|old| old.message == problem.message && path(old) == before)
        };
        report.unclear = report.misread.iter().filter(has_services).filter(is_new).cloned().collect();
    }

    /// Leaves out the findings that have nothing to do with the changes. What is wrong with a service is everybody's business who
    /// raises its number.
    pub fn hide_unchanged(&self, report: &mut LintReport) {
        let raised = self.raises(report);
        let mut before: HashMap<(String, String), usize> = HashMap::new();
        for finding in &self.before.findings {
            *before.entry((finding.location.path.to_string(), finding.content.clone())).or_default() += 1;
        }
        let all = report.findings.len();
        report.findings.retain(|finding| {
            let path = self.path_of(finding);
            // Equal lines are told apart by that some of them are touched: those that are not were there before.
            self.touches(finding) || self.is_new(&path, finding, &mut before) || raise::concerns(finding, &raised)
        });
        report.unchanged = all - report.findings.len();
    }

    fn path_of(&self, finding: &Finding) -> String {
        (self.repository_path)(&finding.location.path)
    }

    fn touches(&self, finding: &Finding) -> bool {
        let around = finding.related.iter().chain(&finding.context).map(|related| &related.location);
        std::iter::once(&finding.location)
            .chain(around)
            .any(|at| self.changes.touches(&(self.repository_path)(&at.path), at.span))
    }

    fn is_new(&self, path: &str, finding: &Finding, before: &mut HashMap<(String, String), usize>) -> bool {
        let Some(name) = self.changes.name_before(path).filter(|name| (self.existed)(name)) else { return false };
        match before.get_mut(&(name.to_owned(), finding.content.clone())) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        }
    }
}

/// The name behind `---` or `+++`; `None` for what stands for no file.
fn side(name: &str, prefix: &str) -> Option<String> {
    // Behind a name with blanks, git writes a tab.
    let name = unquoted(name.strip_suffix('\t').unwrap_or(name));
    name.strip_prefix(prefix).map(str::to_owned)
}

/// `@@ -1,2 +3,4 @@`: the lines before and now.
fn hunk(line: &str) -> Option<(Hunk, Hunk)> {
    let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (removed, added) = ranges.split_once(" +")?;
    let range = |text: &str| {
        let (first, count) = text.split_once(',').unwrap_or((text, "1"));
        Some(Hunk { first: first.parse().ok()?, count: count.parse().ok()? })
    };
    Some((range(removed)?, range(added)?))
}

/// A name as git writes it: in quotes, with the escapes of C, where it has quotes, backslashes or control characters.
fn unquoted(name: &str) -> String {
    let Some(quoted) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return name.to_owned() };
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'v') => 11,
            Some(first @ b'0'..=b'7') => {
                let digits = [Some(first), rest.next(), rest.next()];
                digits.into_iter().flatten().fold(0u8, |value, digit| (value << 3) | (digit & 7))
            }
            Some(other) => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::finding::Related;
    use crate::model::location::Location;
    use crate::policy::baseline::tests::finding;

    const DIFF: &str = r#"diff --git a/app.py b/app.py
index 1..2 100644
--- a/app.py
+++ b/app.py
@@ -3,0 +4,2 @@ def f():
+++ b/other.py
+@@ -1 +1 @@
@@ -9,2 +11,0 @@
-x
-y
diff --git a/with blank.py b/with blank.py
--- a/with blank.py	
+++ b/with blank.py	
@@ -1 +1 @@
-a
\ No newline at end of file
+b
\ No newline at end of file
diff --git a/old.py b/new.py
similarity index 100%
rename from old.py
rename to new.py
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-a
diff --git "a/t\303\244b\t.py" "b/t\303\244b\t.py"
new file mode 100644
--- /dev/null
+++ "b/t\303\244b\t.py"
@@ -0,0 +1,3 @@
+a
+b
+c
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
"#;

    fn lines(first: u32, last: u32) -> Span {
        Span { line: first, column: 1, end_line: last, end_column: 2 }
    }

    #[test]
    fn a_diff_tells_names_and_lines() {
        let changes = Changes::parse(DIFF);
        let names: Vec<_> =
            changes.files.iter().map(|(now, change)| (now.as_str(), change.before.as_deref())).collect();
        assert_eq!(
            names,
            [
                ("app.py", Some("app.py")),
                ("new.py", Some("old.py")),
                ("täb\t.py", None),
                ("with blank.py", Some("with blank.py")),
            ]
        );
        for (path, span, expected) in [
            ("app.py", lines(3, 3), false),
            ("app.py", lines(4, 4), true),
            ("app.py", lines(5, 5), true),
            ("app.py", lines(1, 4), true),
            ("app.py", lines(6, 9), false),
            // Lines went away between 11 and 12.
            ("app.py", lines(11, 11), false),
            ("app.py", lines(12, 12), false),
            ("app.py", lines(10, 12), true),
            ("with blank.py", lines(1, 1), true),
            ("täb\t.py", lines(3, 3), true),
            ("new.py", lines(1, 9), false),
            ("other.py", lines(1, 9), false),
        ] {
            assert_eq!(changes.touches(path, span), expected, "{path} {span:?}");
        }
    }

    /// The contents of the findings that are left.
    fn shown(diff: &str, before: &[Finding], now: &[Finding]) -> Vec<String> {
        let changes = Changes::parse(diff);
        let before = LintReport { findings: before.to_vec(), ..LintReport::default() };
        let mut report = LintReport { findings: now.to_vec(), ..LintReport::default() };
        let since = Since {
            changes: &changes,
            before: &before,
            repository_path: &|path| path.to_owned(),
            existed: &|path| path != "submodule.py",
        };
        since.hide_unchanged(&mut report);
        assert_eq!(report.unchanged + report.findings.len(), now.len());
        report.findings.into_iter().map(|finding| finding.content).collect()
    }

    fn at(line: u32, finding: Finding) -> Finding {
        Finding { location: Location::new(finding.location.path.clone(), lines(line, line)), ..finding }
    }

    #[test]
    fn findings_on_changed_lines_and_new_ones_are_shown() {
        let old = at(20, finding("r", "app.py", "old"));
        let touched = at(4, finding("r", "app.py", "touched"));
        let far = at(30, finding("r", "far.py", "uncovered by a dependency that went away"));
        let moved = at(2, finding("r", "new.py", "in a renamed file"));
        let before = [old.clone(), touched.clone(), at(2, finding("r", "old.py", "in a renamed file"))];
        let now = [old, touched, far, moved, finding("r", "submodule.py", "x")];
        assert_eq!(shown(DIFF, &before, &now), ["r touched", "r uncovered by a dependency that went away"]);
    }

    #[test]
    fn a_finding_with_a_related_place_on_a_changed_line_is_shown() {
        let far = at(90, finding("r", "far.py", "far"));
        let related =
            Related { location: Location::new("app.py", lines(5, 5)), message: "3 replicas".into(), excerpt: None };
        let with_place = Finding { context: vec![related], ..far.clone() };
        assert_eq!(shown(DIFF, std::slice::from_ref(&far), &[with_place]), ["r far"]);
        assert!(shown(DIFF, std::slice::from_ref(&far), std::slice::from_ref(&far)).is_empty());
    }

    #[test]
    fn one_more_of_equal_lines_is_new_where_it_is_touched() {
        let one = |line| at(line, finding("r", "app.py", "same"));
        assert_eq!(shown(DIFF, &[one(20)], &[one(4), one(22)]), ["r same"]);
        assert_eq!(shown(DIFF, &[one(20)], &[one(21), one(22)]), ["r same"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            lines in proptest::collection::vec(
                "(diff --git a/x b/x|--- a/x|\\+\\+\\+ b/x|\\+\\+\\+ \"b/\\\\30|@@ -1,0 \\+1,9999999999 @@|@@ -0 \\+1 @@ f|\\PC{0,12})", 0..9),
        ) {
            let _ = Changes::parse(&lines.join("\n"));
        }
    }
}
