//! Fixtures as examples: a few lines around what a rule finds, and around what looks like it and is sound.

use std::collections::{BTreeMap, BTreeSet};

use super::expectation::{self, Expectation};
use crate::model::location::Excerpt;
use crate::model::rule::Example;
use crate::source;

/// What the fixtures of a rule show, the shortest first: guilty ones, then innocent ones. `files` are path and text, the first
/// part of each path being the case.
pub fn examples(rule: &str, files: &[(String, String)]) -> Vec<Example> {
    let mut cases = BTreeMap::<&str, Vec<(&str, &str)>>::new();
    for (path, text) in files {
        if let Some((case, file)) = path.split_once('/') {
            cases.entry(case).or_default().push((file, text));
        }
    }
    let mut found: Vec<Example> = cases.iter().flat_map(|(case, files)| of_case(rule, case, files)).collect();
    found.sort_by_key(|it| (it.guilty.is_empty(), it.excerpt.text.lines().count(), it.path.clone()));
    found
}

/// The first guilty ones, each in another language while there are such, and the innocent ones that are nearest to the first.
pub fn pick(examples: Vec<Example>, guilty: usize, innocent: usize) -> Vec<Example> {
    let (mut bad, mut good): (Vec<_>, Vec<_>) = examples.into_iter().partition(|it| !it.guilty.is_empty());
    let mut seen = BTreeSet::new();
    bad.sort_by_cached_key(|it| !seen.insert(it.language.clone()));
    bad.truncate(guilty);
    let near = bad.first().map(|it| it.language.clone());
    good.sort_by_key(|it| (Some(&it.language) != near.as_ref(), it.innocent.is_empty()));
    bad.extend(good.into_iter().take(innocent));
    bad
}

fn of_case(rule: &str, case: &str, files: &[(&str, &str)]) -> Vec<Example> {
    let promised: Vec<Expectation> = files
        .iter()
        .flat_map(|(path, text)| expectation::promised(path, text))
        .filter(|promise| promise.rule == rule)
        .collect();
    let example = |(path, text): &(&str, &str)| {
        let guilty = promised.iter().filter(|promise| promise.path == *path).map(|promise| promise.line).collect();
        of_file(&format!("{case}/{path}"), text, guilty, promised.is_empty())
    };
    files.iter().filter_map(example).collect()
}

/// Lines of an excerpt before the first line that matters, after the last one, and altogether.
const BEFORE: usize = 6;
const AFTER: usize = 3;
const MOST: usize = 18;

/// `clean` says that the rule finds nothing in the whole case.
fn of_file(path: &str, text: &str, guilty: Vec<u32>, clean: bool) -> Option<Example> {
    let language = source::language(path, text)?;
    let lines: Vec<Line> = text.lines().map(Line::read).collect();
    let innocent = innocents(&lines);
    let matter: Vec<u32> = match guilty.as_slice() {
        [] => innocent.iter().map(|(line, _)| *line).collect(),
        guilty => guilty.to_vec(),
    };
    if matter.is_empty() && !(clean && language.is_code()) {
        return None;
    }
    let (first, last) = window(&matter, lines.len());
    let shown = lines.iter().skip(first - 1).take(last + 1 - first).map(|line| format!("{}\n", line.code));
    let inside = |line: &u32| (first..=last).contains(&(*line as usize));
    Some(Example {
        language: language.name().into(),
        path: path.to_owned(),
        excerpt: Excerpt { first_line: first as u32, text: shown.collect() },
        comment: lines.iter().find_map(|line| line.sign).unwrap_or("//"),
        guilty: guilty.into_iter().filter(inside).collect(),
        innocent: innocent.into_iter().filter(|(line, _)| inside(line)).collect(),
    })
}

/// First and last line around those that matter, which are in order; as many of them as there is room for.
fn window(matter: &[u32], count: usize) -> (usize, usize) {
    let Some(first) = matter.first() else { return (1, count.clamp(1, MOST)) };
    let first = (*first as usize).saturating_sub(BEFORE).max(1);
    // A gap at the top that is smaller than what would announce it is no gap.
    let first = if first <= 3 { 1 } else { first };
    let last = matter.iter().map(|line| *line as usize).take_while(|line| line + AFTER < first + MOST).last();
    let last = last.unwrap_or(first + BEFORE) + AFTER;
    (first, last.min(count.max(1)))
}

/// A line of a fixture without what it says to the test.
struct Line {
    code: String,
    /// How the comment begins that was taken off.
    sign: Option<&'static str>,
    /// Why it is sound, where it says so.
    innocent: Option<String>,
}

/// How comments begin.
const SIGNS: [&str; 5] = ["//", "#", ";", "--", "<!--"];

impl Line {
    fn read(text: &str) -> Line {
        let marked = SIGNS.iter().find_map(|sign| Some((text.split_once(&format!("{sign}~ "))?.0, *sign)));
        let (code, sign) = marked.map_or((text, None), |(code, sign)| (code, Some(sign)));
        let said = SIGNS.iter().find_map(|sign| {
            let (code, comment) = code.split_once(&format!("{sign} innocent"))?;
            let reason = comment.trim_start_matches([':', ',']).trim_end_matches("-->").trim();
            Some((code, *sign, reason.to_owned()))
        });
        match said {
            Some((code, sign, reason)) if !code.trim().is_empty() => {
                Line { code: code.trim_end().to_owned(), sign: Some(sign), innocent: Some(reason) }
            }
            Some((_, sign, _)) => Line { code: code.to_owned(), sign: Some(sign), innocent: Some(String::new()) },
            None => Line { code: code.trim_end().to_owned(), sign, innocent: None },
        }
    }

    fn is_comment(&self) -> bool {
        SIGNS.iter().any(|sign| self.code.trim_start().starts_with(sign))
    }
}

/// Lines that say that they are innocent; a comment of its own speaks of the line after it.
fn innocents(lines: &[Line]) -> Vec<(u32, String)> {
    let said = lines.iter().enumerate().filter_map(|(index, line)| Some((index, line.innocent.clone()?)));
    let about = |index: usize| (index..lines.len()).find(|at| !lines[*at].is_comment()).unwrap_or(index);
    said.map(|(index, reason)| (about(index) as u32 + 1, reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "import os\ncarts = {}  #~ state other\n\n# innocent: set once\nnames = {}\nx = []  # innocent, never written\n";

    fn of(files: &[(&str, &str)]) -> Vec<Example> {
        let files: Vec<_> = files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        examples("state", &files)
    }

    #[test]
    fn lines_lose_their_marks_and_keep_their_roles() {
        let found = of(&[("flask/shop.py", SHOP), ("sound/shop.py", "import redis\n"), ("sound/expect.txt", "")]);
        assert_eq!(found.len(), 2);
        assert_eq!((&*found[0].language, &found[0].guilty), ("Python", &vec![2]));
        assert_eq!(found[0].innocent, [(5, String::new())]);
        assert_eq!(found[0].excerpt.text, "import os\ncarts = {}\n\n# innocent: set once\nnames = {}\n");
        assert_eq!((&*found[1].path, found[1].guilty.len()), ("sound/shop.py", 0));
        let picked = pick(found, 1, 1);
        assert_eq!(picked.iter().map(|it| it.guilty.len()).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn a_file_beside_a_guilty_one_is_no_example() {
        assert_eq!(of(&[("a/shop.py", SHOP), ("a/other.py", "x = 1\n")]).len(), 1);
    }

    #[test]
    fn guilt_may_stand_in_a_file_of_its_own() {
        let found = of(&[("a/package.json", "{\n  \"x\": 1\n}\n"), ("a/expect.txt", "package.json:2 state\n")]);
        assert_eq!(found[0].guilty, [2]);
    }
}
