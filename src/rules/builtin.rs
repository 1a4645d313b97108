//! The rules that the tool brings with it.

use include_dir::{Dir, include_dir};

use super::RuleSet;
use crate::model::problem::Problem;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// The built-in rules and entry points.
///
/// # Errors
/// A [`Problem`] in an embedded file. The catalogue test keeps that from being shipped.
pub fn builtin() -> Result<RuleSet, Problem> {
    let mut set = RuleSet::default();
    let mut folders = vec![&FILES];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            let path = file.path().to_string_lossy().replace('\\', "/");
            let path = format!("rules/{path}");
            let text = file.contents_utf8().ok_or_else(|| Problem::new("this is not UTF-8").in_file(&path))?;
            set.read(text, &path)?;
        }
    }
    Ok(set)
}
