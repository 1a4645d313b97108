//! `scaleproof: ignore[rule-id] reason`: findings that a comment silences, and comments that silence nothing.

use std::collections::{BTreeMap, HashMap};

use super::indexed::Indexed;
use crate::model::fact::{Directive, FileFacts, Language};
use crate::model::finding::{Finding, Suppressed};
use crate::model::location::Location;
use crate::model::nearest::nearest;
use crate::model::problem::Problem;
use crate::rules::{Rule, RuleSet};

/// What is left after suppression.
#[derive(Default)]
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

/// Lines of findings by path and rule, to tell where a comment would have been of use.
type Lines = BTreeMap<(String, String), Vec<u32>>;

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
        let text = Indexed::new(text(&file.path).unwrap_or_default());
        for directive in &file.directives {
            match read(file, directive, rules, &text) {
                Ok(ignore) => ignores.push(ignore),
                Err(problem) => problems.push(problem.at(&file.path, directive.span, text.whole())),
            }
        }
    }
    let mut lines = Lines::new();
    for Finding { rule, location, .. } in &findings {
        lines.entry((location.path.to_string(), rule.to_string())).or_default().push(location.span.line);
    }
    let mut outcome = Outcome { findings: Vec::new(), suppressed: Vec::new(), problems };
    let by_place = by_place(&ignores);
    for finding in findings {
        match silencer(&mut ignores, &by_place, &finding) {
            Some((reason, said_at)) => outcome.suppressed.push(Suppressed { finding, reason, said_at }),
            None => outcome.findings.push(finding),
        }
    }
    let mut current: Option<(&str, String)> = None;
    for ignore in ignores.iter().filter(|ignore| ignore.used.contains(&false)) {
        let path = &*ignore.file.path;
        let (_, text) = match current.take() {
            Some(known) if known.0 == path => current.insert(known),
            _ => current.insert((path, text(path).unwrap_or_default())),
        };
        let idle = ignore.rules.iter().zip(&ignore.used).filter(|(_, used)| !**used);
        let problems = idle.map(|(rule, _)| idle_problem(ignore, rule, &lines));
        outcome.problems.extend(problems.map(|it| it.at(path, ignore.directive.span, text)));
    }
    outcome
}

/// Positions of directives by the file and the line that they speak of.
type ByPlace<'a> = HashMap<(&'a str, u32), Vec<usize>>;

fn by_place<'a>(ignores: &[Ignore<'a>]) -> ByPlace<'a> {
    let mut by_place = ByPlace::new();
    for (index, ignore) in ignores.iter().enumerate() {
        by_place.entry((&*ignore.file.path, ignore.line)).or_default().push(index);
    }
    by_place
}

fn silencer(ignores: &mut [Ignore<'_>], by_place: &ByPlace<'_>, finding: &Finding) -> Option<(String, Location)> {
    let at = &finding.location;
    for index in by_place.get(&(&*at.path, at.span.line))? {
        let ignore = &mut ignores[*index];
        if let Some(index) = ignore.rules.iter().position(|rule| *rule == finding.rule) {
            ignore.used[index] = true;
            let said_at = Location::new(at.path.clone(), ignore.directive.span);
            return Some((ignore.reason.to_owned(), said_at));
        }
    }
    None
}

/// A comment that silences nothing: the code was mended, or the comment stands in the wrong place.
fn idle_problem(ignore: &Ignore<'_>, rule: &str, lines: &Lines) -> Problem {
    let elsewhere = lines.get(&(ignore.file.path.to_string(), rule.to_owned()));
    let closest = elsewhere.and_then(|lines| lines.iter().min_by_key(|line| line.abs_diff(ignore.line)));
    let help = match closest {
        Some(line) if *line == ignore.line => "Another comment silences it already: remove one of them.".to_owned(),
        Some(line) => {
            format!(
                "It finds something on line {line}: put the comment at the end of that line, or on the line before."
            )
        }
        None => "Nothing of the kind is in this file any more: remove the comment.".to_owned(),
    };
    Problem::new(format!("nothing to ignore: `{rule}` finds nothing on line {}", ignore.line)).help(help)
}

const USAGE: &str = "Write `scaleproof: ignore[rule-id] reason`, or several ids with commas between them.";

fn read<'a>(
    file: &'a FileFacts,
    directive: &'a Directive,
    known: &RuleSet,
    text: &Indexed,
) -> Result<Ignore<'a>, Problem> {
    let (rules, reason) = directive
        .text
        .strip_prefix("ignore")
        .and_then(|rest| rest.trim_start().strip_prefix('['))
        .and_then(|rest| rest.split_once(']'))
        .ok_or_else(|| Problem::new(format!("`{}` is no directive", directive.text)).help(USAGE))?;
    let rules: Vec<&str> = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).collect();
    if rules.is_empty() {
        return Err(Problem::new("no rule is named between the brackets").help(USAGE));
    }
    if let Some(unknown) = rules.iter().find(|rule| known.get(rule).is_none()) {
        return Err(no_such_rule(unknown, known));
    }
    let reason = reason.trim().trim_start_matches([':', '-', '–', '—']).trim();
    if reason.is_empty() {
        return Err(Problem::new("an ignored finding needs a reason")
            .help("Say behind the bracket why it does no harm here: the next reader will ask."));
    }
    let line = match directive.own_line {
        true => next_code_line(text, directive.span.end_line, comment_signs(file.language)),
        false => directive.span.line,
    };
    Ok(Ignore { file, directive, used: vec![false; rules.len()], rules, reason, line })
}

fn no_such_rule(unknown: &str, known: &RuleSet) -> Problem {
    let help = match nearest(unknown, known.rules().iter().map(|rule: &Rule| rule.id.as_str())) {
        Some(nearest) => format!("Did you mean `{nearest}`?"),
        None => "`scaleproof rules` lists them.".to_owned(),
    };
    Problem::new(format!("there is no rule `{unknown}`")).help(help)
}

/// How a line begins that is a comment, or the continuation of one.
fn comment_signs(language: Language) -> &'static [&'static str] {
    match language {
        Language::JavaScript | Language::TypeScript => &["//", "/*", "* ", "*/", "{/*"],
        Language::Rust | Language::Go => &["//", "/*", "* ", "*/"],
        Language::Java | Language::Kotlin | Language::CSharp => &["//", "/*", "* ", "*/"],
        Language::Php => &["//", "/*", "* ", "*/", "# "],
        Language::Python | Language::Ruby | Language::Gunicorn => &["#"],
        // Files that are no code: none of these begins a line that says something.
        _ => &["#", ";", "//", "<!--", "!"],
    }
}

/// The first line after `line` that is neither empty nor a comment of its own.
fn next_code_line(text: &Indexed, line: u32, signs: &[&str]) -> u32 {
    let is_code = |line: &str| {
        let line = line.trim();
        !line.is_empty() && line != "*" && !signs.iter().any(|sign| line.starts_with(sign))
    };
    (line + 1..).zip(text.from(line + 1)).find(|(_, text)| is_code(text)).map_or(line + 1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_on_its_own_line_speaks_of_the_next_line_of_code() {
        for (language, text, expected) in [
            (Language::Python, "# scaleproof: ignore[x] y\n\n# more\nx = 1\n", 4),
            (Language::Rust, "// scaleproof: ignore[x] y\n#[get(\"/\")]\nfn x() {}\n", 2),
            (Language::Go, "// scaleproof: ignore[x] y\n*count = 1\n", 2),
            (Language::JavaScript, "/* scaleproof: ignore[x] y */\n;[1].map(f)\n", 2),
            (Language::Php, "# scaleproof: ignore[x] y\n#[Route('/')]\n", 2),
            (Language::Settings, "<!-- scaleproof: ignore[x] y -->\n; more\nx = 1\n", 3),
            (Language::Python, "a\n", 2),
        ] {
            assert_eq!(next_code_line(&Indexed::new(text.to_owned()), 1, comment_signs(language)), expected, "{text}");
        }
    }
}
