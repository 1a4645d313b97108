//! php.ini, and what pools of PHP processes set of it: <https://www.php.net/manual/en/configuration.file.php>. PHP takes no notice of sections.

use super::Sheet;
use super::placeholder::{Syntax, value};
use crate::model::fact::Value;

pub(super) fn read(sheet: &mut Sheet<'_>) {
    for (at, line) in sheet.each_line() {
        let start = at + line.len() - line.trim_start().len();
        let content = line.trim();
        if content.starts_with([';', '#']) {
            sheet.comment(start, at + line.len());
        } else if content.starts_with(['{', '<']) {
            sheet.problem("a template: what such lines decide is not known", start, start + content.len());
        } else if content.starts_with('[') && !content.contains(']') {
            sheet.problem("nothing closes this bracket", start, start + content.len());
        } else if !content.is_empty() && !content.starts_with('[') {
            directive(sheet, content, start, at + line.len());
        }
    }
}

fn directive(sheet: &mut Sheet<'_>, content: &str, start: usize, line_end: usize) {
    let Some((key, written)) = content.split_once('=') else {
        return;
    };
    let value_at = start + key.len() + 1;
    let leading = written.len() - written.trim_start().len();
    let (value, length) = assigned(written.trim_start());
    let end = value_at + leading + length;
    sheet.set(name(key.trim()), value, start, end);
    if let Some(at) = sheet.text.get(end..line_end).and_then(|rest| rest.find(';')) {
        sheet.comment(end + at, line_end);
    }
}

/// `session.save_handler` of `php_admin_value[session.save_handler]`, a variable of `env[…]`.
fn name(key: &str) -> &str {
    const WRAPPERS: [&str; 5] = ["php_value", "php_admin_value", "php_flag", "php_admin_flag", "env"];
    let inner = || {
        let (wrapper, rest) = key.split_once('[')?;
        WRAPPERS.contains(&wrapper).then(|| rest.strip_suffix(']'))?
    };
    inner().unwrap_or(key)
}

/// The value, and how long it is written.
fn assigned(written: &str) -> (Value, usize) {
    for quote in ['"', '\''] {
        if let Some(end) = written.strip_prefix(quote).and_then(|inner| inner.find(quote)) {
            let inner = &written[1..=end];
            let value = if quote == '"' { value(inner, Syntax::Shell) } else { Value::Text(inner.into()) };
            return (value, end + 2);
        }
    }
    let bare = written.split(';').next().unwrap_or(written).trim_end();
    let value = match bare.to_ascii_lowercase().as_str() {
        "on" | "yes" => Value::Bool(true),
        "off" | "no" | "none" => Value::Bool(false),
        _ => value(bare, Syntax::Shell),
    };
    (value, bare.len())
}
