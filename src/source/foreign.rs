//! Files that nobody here reads, though they may say something about instances: told by name, so that a report can say so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use globset::{GlobBuilder, GlobMatcher};

use crate::model::report::Foreign;

/// A line of the table.
struct Kind {
    name: GlobMatcher,
    holds: &'static str,
    format: &'static str,
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| lines().filter_map(|line| line.ok()).collect());

/// A test holds every line to be one.
fn lines() -> impl Iterator<Item = Result<Kind, &'static str>> {
    let lines = include_str!("foreign.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| kind(line).ok_or(line))
}

fn kind(line: &'static str) -> Option<Kind> {
    let mut columns = line.split('\t');
    let (name, holds, format) = (columns.next()?, columns.next()?, columns.next()?);
    let glob = GlobBuilder::new(name).literal_separator(true).build().ok()?;
    Some(Kind { name: glob.compile_matcher(), holds, format })
}

/// True when the name may be one of the table.
pub fn may_be(path: &str) -> bool {
    kinds(path).next().is_some()
}

fn kinds(path: &str) -> impl Iterator<Item = &'static Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    KINDS.iter().filter(move |kind| kind.name.is_match(name) || kind.name.is_match(path))
}

/// What the file is; `head` gives its beginning where the name alone does not tell.
pub fn format(path: &str, head: impl Fn() -> Option<Vec<u8>>) -> Option<&'static str> {
    let head = std::cell::LazyCell::new(head);
    let holds = |text: &str| match &*head {
        Some(bytes) => bytes.windows(text.len()).any(|window| window == text.as_bytes()),
        None => false,
    };
    kinds(path).find(|kind| kind.holds.is_empty() || holds(kind.holds)).map(|kind| kind.format)
}

/// The first bytes of a file, where such files say what they are.
pub fn head(file: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(file).ok()?.take(8 << 10).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// How many files there are of each, by name.
pub fn count(formats: impl IntoIterator<Item = &'static str>) -> Vec<Foreign> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for format in formats {
        *counts.entry(format).or_default() += 1;
    }
    counts.into_iter().map(|(format, files)| Foreign { format: format.into(), files }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        let wrong: Vec<&str> = lines().filter_map(Result::err).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn files_are_told_by_their_names_and_where_needed_by_what_they_hold() {
        let of = |path, text: &str| format(path, || Some(text.as_bytes().to_vec()));
        assert_eq!(of("infra/main.tf", ""), Some("Terraform"));
        assert_eq!(of("stack.yaml", "AWSTemplateFormatVersion: 2010-09-09"), Some("CloudFormation"));
        assert_eq!(of("locales/de.yml", "de: hallo"), None);
        assert_eq!(of("Dockerfile", "FROM x"), Some("Dockerfile"));
        assert!(!may_be("logo.png"));
        let count = count(["Bicep", "Terraform", "Bicep"]);
        assert_eq!(
            count.iter().map(|one| (&*one.format, one.files)).collect::<Vec<_>>(),
            [("Bicep", 2), ("Terraform", 1)]
        );
    }
}
