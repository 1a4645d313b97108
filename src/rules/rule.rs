//! A rule file.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::clause::{Clause, RawClause};
use super::yaml;
use crate::model::Name;
use crate::model::finding::{Confidence, Severity};
use crate::model::problem::Problem;
use crate::model::rule::{Reading, RuleStory, Way};

/// A hazard: what it is, what it breaks, what to do, and how it is found.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The name of the pattern that is flagged: `express-session-memory`. Also the file's name.
    pub id: Name,
    /// The folder that the file is in.
    pub family: Name,
    /// One line, without a full stop.
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// The two-request story: what happens as soon as there are two instances.
    pub breaks: String,
    /// What to do about it.
    pub fix: String,
    /// How it shows.
    pub detect: Vec<Clause>,
    /// Id of the check that would confirm it on real replicas.
    pub confirm: Option<Name>,
    /// Documentation that proves the claim, each as `title: address`.
    pub read: Vec<String>,
}

impl Rule {
    /// What it tells people.
    pub fn story(&self) -> RuleStory {
        let way = |clause: &Clause| Way {
            languages: clause.languages.iter().map(|dialect| dialect.name().into()).collect(),
            say: clause.say.clone(),
            severity: clause.severity.unwrap_or(self.severity),
            confidence: clause.confidence.unwrap_or(self.confidence),
            fix: clause.fix.as_deref().map(one_paragraph),
        };
        let reading = |entry: &String| {
            let (title, address) = entry.split_once(": https://").unwrap_or((entry, ""));
            Reading { title: title.to_owned(), address: format!("https://{address}") }
        };
        RuleStory {
            id: self.id.clone(),
            family: self.family.clone(),
            title: self.title.clone(),
            severity: self.severity,
            confidence: self.confidence,
            breaks: self.breaks.clone(),
            fix: self.fix.clone(),
            ways: self.detect.iter().map(way).collect(),
            confirm: self.confirm.clone(),
            read: self.read.iter().map(reading).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    id: Spanned<Name>,
    title: Spanned<String>,
    severity: Severity,
    confidence: Confidence,
    breaks: Spanned<String>,
    fix: Spanned<String>,
    detect: Spanned<Vec<Spanned<RawClause>>>,
    confirm: Option<Spanned<Name>>,
    read: Spanned<Vec<Spanned<String>>>,
}

/// Checks that a rule may name.
pub(super) const CHECKS: [&str; 5] = ["port", "session-cross", "ryw", "fs-isolated", "distribution"];

pub(super) fn parse(text: &str, path: &str) -> Result<Rule, Problem> {
    let raw: RawRule = yaml::read(text, path)?;
    let fail = |location, message: &str| yaml::at(location, message, path, text);
    let (family, file) = names(path);
    let id = &raw.id.value;
    if !is_id(id) {
        return Err(fail(raw.id.referenced, "an id has lower-case letters, digits and `-` only"));
    }
    if id != file {
        return Err(fail(raw.id.referenced, &format!("the id `{id}` is not the name of the file, `{file}`")));
    }
    for (field, name) in [(&raw.title, "title"), (&raw.breaks, "breaks"), (&raw.fix, "fix")] {
        if field.value.trim().is_empty() {
            return Err(fail(field.referenced, &format!("`{name}` is empty")));
        }
    }
    if let Some(check) = raw.confirm.as_ref().filter(|check| !CHECKS.contains(&check.value.as_str())) {
        let message = format!("there is no check `{}`: known are {}", check.value, CHECKS.join(", "));
        return Err(fail(check.referenced, &message));
    }
    if raw.detect.value.is_empty() {
        return Err(fail(raw.detect.referenced, "`detect` has no clause"));
    }
    if raw.read.value.is_empty() {
        return Err(fail(raw.read.referenced, "`read` is empty: a rule names the documentation that proves it"));
    }
    if let Some(entry) = raw.read.value.iter().find(|entry| !entry.value.contains(": https://")) {
        return Err(fail(entry.referenced, "an entry of `read` is `title: https://…`"));
    }
    let mut detect = Vec::new();
    for clause in raw.detect.value {
        detect.push(clause.value.check().map_err(|message| fail(clause.referenced, &message))?);
    }
    Ok(Rule {
        id: raw.id.value,
        family: family.into(),
        title: raw.title.value.trim().to_owned(),
        severity: raw.severity,
        confidence: raw.confidence,
        breaks: one_paragraph(&raw.breaks.value),
        fix: one_paragraph(&raw.fix.value),
        detect,
        confirm: raw.confirm.map(|check| check.value),
        read: raw.read.value.into_iter().map(|entry| entry.value).collect(),
    })
}

/// True for a text that may name a rule.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Folder and file name, without the extension, of `…/<family>/<id>.yaml`.
fn names(path: &str) -> (&str, &str) {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let family = folder.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("custom");
    (family, file.rsplit_once('.').map_or(file, |(name, _)| name))
}

/// Lines joined, so that renderers wrap them for their own width.
fn one_paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "\
id: store-less
title: Sessions live in memory
severity: error
confidence: high
breaks: |
  One logs in,
  another knows nothing.
fix: Use a store.
detect:
  - in: [javascript]
    call: express-session
    without: [store]
    say: \"`{callee}` has no store\"
confirm: session-cross
read:
  - \"README: https://example.org\"
";

    fn problem(text: &str) -> Problem {
        parse(text, "rules/session-store/store-less.yaml").unwrap_err()
    }

    #[test]
    fn a_rule_knows_its_family_by_its_folder() {
        let rule = parse(SOUND, "rules/session-store/store-less.yaml").unwrap();
        assert_eq!(rule.family, "session-store");
        assert_eq!(rule.breaks, "One logs in, another knows nothing.");
        assert_eq!(rule.detect.len(), 1);
    }

    #[test]
    fn a_misspelt_field_is_shown_where_it_is() {
        let problem = problem(&SOUND.replace("without:", "witout:"));
        let at = problem.location.as_ref().unwrap();
        assert_eq!((at.span.line, at.span.column), (12, 5), "{problem}");
        assert!(problem.message.contains("witout"), "{problem}");
        assert!(problem.excerpt.unwrap().text.contains("witout"));
    }

    #[test]
    fn each_mistake_is_named_with_its_line() {
        for (from, to, line, said) in [
            ("id: store-less", "id: other", 1, "not the name of the file"),
            ("id: store-less", "id: Store_Less", 1, "lower-case"),
            ("severity: error", "severity: fatal", 3, "fatal"),
            ("fix: Use a store.", "fix: \"\"", 8, "empty"),
            ("call: express-session", "call: []", 11, "cannot be empty"),
            ("call: express-session", "import: express-session", 10, "no `call`"),
            ("    call: express-session\n    without: [store]\n", "", 10, "needs one of"),
            ("{callee}", "{calle}", 10, "`{calle}` is unknown"),
            ("confirm: session-cross", "confirm: sessions", 14, "no check `sessions`"),
            ("https://example.org", "example.org", 16, "title: https://"),
            ("in: [javascript]", "in: [cobol]", 10, "cobol"),
        ] {
            let problem = problem(&SOUND.replace(from, to));
            assert!(problem.message.contains(said), "{from} -> {to}: {problem}");
            assert_eq!(problem.location.as_ref().unwrap().span.line, line, "{problem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(?s).{0,200}") {
            let _ = parse(&text, "rules/x/y.yaml");
        }

        #[test]
        fn no_cut_through_a_rule_makes_the_parser_panic(at in 0usize..SOUND.len()) {
            proptest::prop_assume!(SOUND.is_char_boundary(at));
            let _ = parse(&SOUND[..at], "rules/x/y.yaml");
        }
    }
}
