//! The rules that the tool brings with it.

use include_dir::{Dir, include_dir};

use super::RuleSet;
use crate::model::problem::Problem;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
/// What they are tried on, for `explain` to show.
static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/rules");

/// The built-in rules and entry points.
///
/// # Errors
/// A [`Problem`] in an embedded file. The catalogue test keeps that from being shipped.
pub fn builtin() -> Result<RuleSet, Problem> {
    let mut set = RuleSet::default();
    for (path, text) in files(&FILES) {
        let path = format!("rules/{path}");
        let text = text.ok_or_else(|| Problem::new("this is not UTF-8").in_file(&path))?;
        set.read(text, &path)?;
    }
    Ok(set)
}

/// The fixtures of a built-in rule: path below the rule's folder, and text.
pub fn fixtures(rule: &str) -> Vec<(String, String)> {
    let Some(folder) = FIXTURES.get_dir(rule) else { return Vec::new() };
    let below = |path: String| path.split_once('/').map_or_else(String::new, |(_, below)| below.to_owned());
    files(folder).filter_map(|(path, text)| Some((below(path), text?.to_owned()))).collect()
}

/// Path with `/`, and text where it is text, of every file below `folder`.
fn files<'a>(folder: &'a Dir<'a>) -> impl Iterator<Item = (String, Option<&'a str>)> {
    let mut folders = vec![folder];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        found.extend(folder.files());
    }
    found.into_iter().map(|file| (file.path().to_string_lossy().replace('\\', "/"), file.contents_utf8()))
}
