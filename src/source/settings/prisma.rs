//! What a Prisma schema says of the database: <https://www.prisma.io/docs/orm/reference/prisma-schema-reference#datasource>.

use super::Sheet;
use super::placeholder::environment;
use super::plain;
use crate::model::fact::Value;

pub(super) fn read(sheet: &mut Sheet<'_>) {
    // The kind of the block that is open, if it is one that configures.
    let mut block = "";
    for (at, line) in sheet.each_line() {
        let start = at + line.len() - line.trim_start().len();
        let comment = line.find("//").filter(|at| !within_quotes(&line[..*at]));
        if let Some(comment) = comment {
            sheet.comment(at + comment, at + line.len());
        }
        let content = line[..comment.unwrap_or(line.len())].trim();
        if let Some(header) = content.strip_suffix('{') {
            let kind = header.split_whitespace().next().unwrap_or_default();
            block = ["datasource", "generator"].into_iter().find(|known| *known == kind).unwrap_or_default();
        } else if content == "}" {
            block = "";
        } else if let Some((key, value)) = content.split_once('=').filter(|_| !block.is_empty()) {
            sheet.set(&format!("{block}.{}", key.trim()), self::value(value.trim()), start, start + content.len());
        }
    }
}

fn within_quotes(before: &str) -> bool {
    before.matches('"').count() % 2 == 1
}

fn value(written: &str) -> Value {
    let quoted = |text: &str| text.strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
    let call = written.strip_prefix("env(").and_then(|rest| rest.strip_suffix(')'));
    match call.and_then(|argument| quoted(argument.trim())) {
        Some(name) => environment(&name, None),
        None => quoted(written).map_or_else(|| plain(written), |text| Value::Text(text.into())),
    }
}
