//! `scaleproof: ignore[rule-id] reason`: findings that a comment silences, and comments that silence nothing.

use crate::model::fact::{Directive, FileFacts};
use crate::model::finding::{Finding, Suppressed};
use crate::model::problem::Problem;
use crate::rules::RuleSet;

/// What is left after suppression.
pub struct Outcome {
    pub findings: Vec<Finding>,
    pub suppressed: Vec<Suppressed>,
    /// Directives that could not be followed, or that silence nothing.
    pub problems: Vec<Problem>,
}

/// A directive that was understood.
struct Ignore<'a> {
    file: &'a FileFacts,
    directive: &'a Directive,
    rules: Vec<&'a str>,
    reason: &'a str,
    /// The line that it speaks of.
    line: u32,
    used: Vec<bool>,
}

/// Takes out what directives silence.
pub fn apply(
    findings: Vec<Finding>,
    files: &[FileFacts],
    rules: &RuleSet,
    text: &dyn Fn(&str) -> Option<String>,
) -> Outcome {
    let mut problems = Vec::new();
    let mut ignores = Vec::new();
    for file in files.iter().filter(|file| !file.directives.is_empty()) {
        let text = text(&file.path).unwrap_or_default();
        for directive in &file.directives {
            match read(file, directive, rules, &text) {
                Ok(ignore) => ignores.push(ignore),
                Err(problem) => problems.push(problem.at(&file.path, directive.span, &text)),
            }
        }
    }
    let mut outcome = Outcome { findings: Vec::new(), suppressed: Vec::new(), problems };
    for finding in findings {
        match silencer(&mut ignores, &finding) {
            Some(reason) => outcome.suppressed.push(Suppressed { finding, reason }),
            None => outcome.findings.push(finding),
        }
    }
    for ignore in &ignores {
        let idle = ignore.rules.iter().zip(&ignore.used).filter(|(_, used)| !**used);
        for (rule, _) in idle {
            let problem = Problem::new(format!("nothing to ignore: `{rule}` finds nothing on line {}", ignore.line))
                .help("Remove the comment, or put it on the line of the finding or on the line before.");
            let text = text(&ignore.file.path).unwrap_or_default();
            outcome.problems.push(problem.at(&ignore.file.path, ignore.directive.span, &text));
        }
    }
    outcome
}

fn silencer(ignores: &mut [Ignore<'_>], finding: &Finding) -> Option<String> {
    let at = &finding.location;
    for ignore in ignores.iter_mut().filter(|ignore| ignore.file.path == at.path && ignore.line == at.span.line) {
        if let Some(index) = ignore.rules.iter().position(|rule| *rule == finding.rule) {
            ignore.used[index] = true;
            return Some(ignore.reason.to_owned());
        }
    }
    None
}

const USAGE: &str = "Write `scaleproof: ignore[rule-id] reason`.";

fn read<'a>(file: &'a FileFacts, directive: &'a Directive, known: &RuleSet, text: &str) -> Result<Ignore<'a>, Problem> {
    let (rules, reason) = directive
        .text
        .strip_prefix("ignore[")
        .and_then(|rest| rest.split_once(']'))
        .ok_or_else(|| Problem::new(format!("`{}` is no directive", directive.text)).help(USAGE))?;
    let rules: Vec<&str> = rules.split(',').map(str::trim).collect();
    if let Some(unknown) = rules.iter().find(|rule| known.get(rule).is_none()) {
        return Err(Problem::new(format!("there is no rule `{unknown}`")).help("`scaleproof rules` lists them."));
    }
    let reason = reason.trim().trim_start_matches([':', '-']).trim();
    if reason.is_empty() {
        return Err(Problem::new("an ignored finding needs a reason").help(USAGE));
    }
    let line = if directive.own_line { next_code_line(text, directive.span.end_line) } else { directive.span.line };
    Ok(Ignore { file, directive, used: vec![false; rules.len()], rules, reason, line })
}

/// The first line after `line` that is neither empty nor a comment of its own.
fn next_code_line(text: &str, line: u32) -> u32 {
    let is_code = |line: &str| {
        let line = line.trim_start();
        // `#[get("/")]` is an attribute of Rust, no comment.
        let comment = ["//", "/*", "*", "<!--", ";"].iter().any(|mark| line.starts_with(mark))
            || line.starts_with('#') && !line.starts_with("#[");
        !line.is_empty() && !comment
    };
    let later = text.lines().enumerate().skip(line as usize);
    later.filter(|(_, text)| is_code(text)).map(|(index, _)| index as u32 + 1).next().unwrap_or(line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_on_its_own_line_speaks_of_the_next_line_of_code() {
        let text = "# scaleproof: ignore[x] y\n\n# more\n#[get(\"/\")]\nfn x() {}\n";
        assert_eq!(next_code_line(text, 1), 4);
        assert_eq!(next_code_line("a\n", 1), 2);
    }
}
