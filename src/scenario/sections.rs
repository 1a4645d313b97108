//! Values, bodies and sections: the parts of an entry that have a syntax of their own.

use super::cursor::{Cursor, Parsed};
use super::query::{escape, one_line_string, option_operand};
use super::template::{Expression, Template, variable_name};
use super::{Body, MultipartValue, Options};

/// Unquoted text up to the end of the line or a comment.
pub(super) fn value_string(cursor: &mut Cursor) -> Parsed<Template> {
    let mut template = Template::default();
    loop {
        if cursor.eat("{{") {
            template.push_expression(Expression::parse(cursor)?);
            continue;
        }
        match cursor.peek() {
            None | Some('\n' | '#') => return Ok(template.trim_end()),
            Some('\\') => {
                cursor.next();
                template.push(escape(cursor)?);
            }
            Some(char) => {
                cursor.next();
                template.push(char);
            }
        }
    }
}

/// `key: `, the key with escapes and templates.
fn key(cursor: &mut Cursor) -> Parsed<Template> {
    let mut template = Template::default();
    loop {
        if cursor.eat("{{") {
            template.push_expression(Expression::parse(cursor)?);
            continue;
        }
        match cursor.peek() {
            Some(':') => {
                if template.is_empty() {
                    return Err(cursor.fault("expected a name before `:`"));
                }
                cursor.next();
                cursor.skip_spaces();
                return Ok(template.trim_end());
            }
            None | Some('\n' | '#') => {
                return Err(cursor.fault("expected `:`").help("Headers and parameters are written `name: value`."));
            }
            Some('\\') => {
                cursor.next();
                template.push(escape(cursor)?);
            }
            Some(char) => {
                cursor.next();
                template.push(char);
            }
        }
    }
}

/// `name: value` and the end of the line.
pub(super) fn key_value(cursor: &mut Cursor) -> Parsed<(Template, Template)> {
    let pair = (key(cursor)?, value_string(cursor)?);
    cursor.end_of_line()?;
    Ok(pair)
}

/// `field: file,path; type` or `field: value`.
pub(super) fn multipart_value(cursor: &mut Cursor) -> Parsed<(Template, MultipartValue)> {
    let name = key(cursor)?;
    let value = if cursor.eat("file,") {
        let path = file_name(cursor)?;
        cursor.skip_spaces();
        let written = cursor.take_while(|char| char.is_ascii_alphanumeric() || "/;=+-. _".contains(char));
        let content_type = Some(written.trim().to_string()).filter(|written| !written.is_empty());
        MultipartValue::File { path, content_type }
    } else {
        MultipartValue::Text(value_string(cursor)?)
    };
    cursor.end_of_line()?;
    Ok((name, value))
}

/// Behind `file,` up to and with `;`. Hurl lets no file lie outside the scenario's folder.
fn file_name(cursor: &mut Cursor) -> Parsed<Template> {
    cursor.skip_spaces();
    let mark = cursor.mark();
    let mut template = Template::default();
    loop {
        if cursor.eat("{{") {
            template.push_expression(Expression::parse(cursor)?);
            continue;
        }
        match cursor.next() {
            Some(';') => break,
            Some('\n' | '#') | None => return Err(cursor.fault_since(mark, "expected `;` behind the file's name")),
            Some('\\') => template.push(escape(cursor)?),
            Some(char) => template.push(char),
        }
    }
    let template = template.trim_end();
    let outside = |path: &str| path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..");
    if template.is_empty() || template.fixed().is_some_and(outside) {
        return Err(cursor
            .fault_since(mark, "the file must lie beside the scenario")
            .help("Write a relative path without `..`."));
    }
    Ok(template)
}

pub(super) fn option(cursor: &mut Cursor, options: &mut Options) -> Parsed<()> {
    let mark = cursor.mark();
    let name = cursor.take_while(|char| char.is_ascii_alphanumeric() || char == '-');
    let marked = cursor.span_since(mark);
    cursor.skip_spaces();
    if !cursor.eat(":") {
        return Err(cursor.fault("expected `:`").help("Options are written `name: value`."));
    }
    cursor.skip_spaces();
    match name.as_str() {
        "location" => options.location = word(cursor, "`true` or `false`", |text| text.parse().ok())?,
        "max-redirs" => options.max_redirects = Some(word(cursor, "a number", |text| text.parse().ok())?),
        "delay" => options.delay_ms = word(cursor, "a time such as 200 or 200ms or 2s, at most 60 s", milliseconds)?,
        "variable" => {
            let name = variable_name(cursor)?;
            if !cursor.eat("=") {
                return Err(cursor.fault("expected `=`").help("A variable is defined by `variable: name=value`."));
            }
            options.variables.push((name, option_operand(cursor)?));
        }
        _ => {
            return Err(cursor
                .fault_at(marked, format!("the option `{name}` is not supported"))
                .help("Options are location, max-redirs, delay and variable."));
        }
    }
    cursor.end_of_line()
}

fn word<T>(cursor: &mut Cursor, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Parsed<T> {
    let mark = cursor.mark();
    let text = cursor.take_while(|char| !char.is_whitespace() && char != '#');
    parse(&text).ok_or_else(|| cursor.fault_since(mark, format!("expected {expected}")))
}

fn milliseconds(text: &str) -> Option<u64> {
    let (number, factor) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => text.strip_suffix('s').map_or((text, 1), |number| (number, 1000)),
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|time| *time <= 60_000)
}

/// The body that starts here, or `None` when no body starts with this character.
pub(super) fn body(cursor: &mut Cursor) -> Parsed<Option<Body>> {
    let mark = cursor.mark();
    let body = if cursor.sees("```") {
        let (template, json) = raw_block(cursor)?;
        if json { Body::Json(template) } else { Body::Text(template) }
    } else if cursor.sees("`") {
        Body::Text(one_line_string(cursor)?)
    } else if cursor.eat("file,") {
        Body::File(file_name(cursor)?)
    } else if cursor.sees("base64,") || cursor.sees("hex,") || cursor.sees("<") {
        return Err(cursor
            .fault_at(cursor.span_of_word(), "base64, hex and bare XML bodies are not supported")
            .help("Write text between ``` lines, or put the bytes into a file and write `file,name;`."));
    } else if cursor.peek().is_some_and(|char| "{[\"".contains(char)) {
        Body::Json(json(cursor)?)
    } else {
        return Ok(None);
    };
    cursor.end_of_line().map_err(|fault| match body {
        Body::Json(_) => cursor.fault_since(mark, fault.message).help("The JSON body ends before this."),
        _ => fault,
    })?;
    Ok(Some(body))
}

/// Between ```` ``` ```` and ```` ``` ````; true when it is marked as JSON.
pub(super) fn raw_block(cursor: &mut Cursor) -> Parsed<(Template, bool)> {
    let mark = cursor.mark();
    cursor.eat("```");
    let after = cursor.mark();
    let kind = cursor.take_while(|char| char.is_ascii_alphanumeric() || char == ',');
    let rest = cursor.rest_of_line();
    let mut is_json = false;
    if rest.trim().is_empty() && !cursor.at_end() {
        match kind.as_str() {
            "" | "text" | "xml" | "raw" => {}
            "json" => is_json = true,
            _ => {
                return Err(cursor
                    .fault_since(after, format!("a block of kind `{kind}` is not supported"))
                    .help("Blocks are plain, json, xml or raw."));
            }
        }
        cursor.take_while(|char| char != '\n');
        cursor.next();
    } else {
        cursor.reset(after);
    }
    let mut template = Template::default();
    loop {
        if cursor.eat("```") {
            return Ok((template, is_json));
        }
        if kind != "raw" && cursor.eat("{{") {
            template.push_expression(Expression::parse(cursor)?);
            continue;
        }
        match cursor.next() {
            // Hurl reads the lines of a block as they stand; only `\r` before a line's end is dropped.
            Some('\r') if cursor.sees("\n") => {}
            Some(char) => template.push(char),
            None => return Err(cursor.fault_since(mark, "this block does not end").help("Close it with ```.")),
        }
    }
}

/// A JSON value with templates in it, up to its matching end. Its form is checked with `null` in the templates' places.
fn json(cursor: &mut Cursor) -> Parsed<Template> {
    let mark = cursor.mark();
    let mut template = Template::default();
    let mut checked = String::new();
    let (mut depth, mut in_string) = (0usize, false);
    loop {
        if cursor.sees("{{") && (in_string || names_a_variable(cursor)) {
            let start = cursor.mark();
            cursor.eat("{{");
            template.push_json(Expression::parse(cursor)?, in_string);
            let width = cursor.since(start).chars().count();
            checked.push_str(&if in_string { "x".repeat(width) } else { format!("{:<width$}", "null") });
        } else {
            let Some(char) = cursor.next() else {
                return Err(cursor.fault_since(mark, "this JSON body does not end"));
            };
            template.push(char);
            checked.push(char);
            match char {
                '\\' if in_string => {
                    if let Some(escaped) = cursor.next() {
                        template.push(escaped);
                        checked.push(escaped);
                    }
                    continue;
                }
                '"' => in_string = !in_string,
                '{' | '[' if !in_string => depth += 1,
                '}' | ']' if !in_string => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth == 0 && !in_string {
            break;
        }
    }
    match serde_json::from_str::<serde_json::Value>(&checked) {
        Ok(_) => Ok(template),
        Err(error) => Err(json_fault(cursor, mark, &checked, &error)),
    }
}

/// `{{` opens a template only when a name follows: `{{"a":1}` is a mistake of its own.
fn names_a_variable(cursor: &Cursor) -> bool {
    let rest = cursor.rest_of_line();
    rest.get(2..).unwrap_or_default().trim_start().starts_with(|char: char| char.is_ascii_alphabetic())
}

fn json_fault(
    cursor: &mut Cursor,
    start: super::cursor::Mark,
    text: &str,
    error: &serde_json::Error,
) -> super::cursor::Fault {
    let end = cursor.mark();
    cursor.reset(start);
    // The error counts bytes; walk there by characters.
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let within = line.char_indices().take_while(|(byte, _)| byte + 1 < error.column()).count();
    let before: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(|line| line.chars().count()).sum();
    for _ in 0..before + within {
        cursor.next();
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let fault = cursor.fault(format!("the body is not JSON: {message}"));
    cursor.reset(end);
    fault
}
