//! appsettings.json: <https://learn.microsoft.com/aspnet/core/fundamentals/configuration/>.

use super::{MAX_DEPTH, MAX_KEY, Sheet, plain};
use crate::model::fact::Value;
use crate::source::json::{Item, Step, unescaped, walk};

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let result = walk(sheet.text, |path, item, start, end| match item {
        Item::Comment => sheet.comment(start, end),
        _ if path.len() > MAX_DEPTH || length(path) > MAX_KEY => {}
        Item::Text(raw) => sheet.set(&key(path), Value::Text(unescaped(raw).into()), start, end),
        Item::Word(word) => sheet.set(&key(path), plain(word), start, end),
    });
    if let Err(fault) = result {
        sheet.problem(fault.message, fault.at, fault.at + 1);
    }
}

/// .NET writes `Logging:LogLevel` where other formats have dots; in files both are found.
fn key(path: &[Step<'_>]) -> String {
    let step = |step: &Step<'_>| match step {
        Step::Key(key) => key.replace(':', "."),
        Step::Index(index) => index.to_string(),
    };
    path.iter().map(step).collect::<Vec<_>>().join(".")
}

fn length(path: &[Step<'_>]) -> usize {
    path.iter().map(|step| if let Step::Key(key) = step { key.len() } else { 0 }).sum()
}
