//! From text to a scenario, entry by entry. <https://hurl.dev/docs/grammar.html>

use std::path::Path;

use crate::model::Name;
use crate::model::event::StepKind;
use crate::model::location::Span;
use crate::model::problem::Problem;

use super::cursor::{Cursor, Fault, Parsed, shorten};
use super::hint::{self, Hint, ReadHint, WriteHint};
use super::query::{Assert, Capture, capture_name};
use super::sections::{body, key_value, multipart_value, option, value_string};
use super::template::Template;
use super::{Expected, ExpectedHeader, Scenario, Step};

/// Reads a scenario. `path` is only named, never opened.
///
/// # Errors
/// The first construct that is wrong or outside the subset, with its place.
pub fn parse(text: &str, path: &str) -> Result<Scenario, Problem> {
    let mut cursor = Cursor::new(text);
    file(&mut cursor, path).map_err(|fault| fault.into_problem(path, text))
}

/// Steps in one file; more than any story has, few enough to bound a run.
const MAX_STEPS: usize = 500;

fn file(cursor: &mut Cursor, path: &str) -> Parsed<Scenario> {
    let stem = Path::new(path).file_stem().map_or("scenario".into(), |stem| stem.to_string_lossy().into_owned());
    let mut scenario = Scenario { name: Name::from(stem), path: path.to_string(), steps: Vec::new() };
    loop {
        cursor.skip_blank_lines();
        if cursor.at_end() {
            break;
        }
        if scenario.steps.len() == MAX_STEPS {
            return Err(cursor.fault(format!("more than {MAX_STEPS} requests in one file")));
        }
        let step = step(cursor, &mut scenario)?;
        scenario.steps.push(step);
    }
    if let Some((text, span)) = cursor.hints.first() {
        return Err(cursor.fault_at(*span, format!("no request follows the hint `@{}`", shorten(text))));
    }
    if scenario.steps.is_empty() {
        return Err(cursor
            .fault_at(Span::on_line(1, 1, 2), "the file holds no request")
            .help("Start with `GET {{base}}/`."));
    }
    Ok(scenario)
}

/// What the line here begins.
#[derive(Debug, PartialEq)]
enum Next {
    End,
    Method,
    Response,
    Section,
    Header,
    /// A body, or something that is nothing at all.
    Other,
}

fn look_ahead(cursor: &mut Cursor) -> Next {
    cursor.skip_blank_lines();
    if cursor.at_end() {
        return Next::End;
    }
    let line = cursor.rest_of_line();
    let line = line.trim_end();
    let word: String = line.chars().take_while(|char| char.is_ascii_alphabetic()).collect();
    let rest = &line[word.len()..];
    if word == "HTTP" && (rest.is_empty() || rest.starts_with([' ', '\t', '/'])) {
        return Next::Response;
    }
    if line.starts_with('[') && section_name(line).is_some() {
        return Next::Section;
    }
    if !word.is_empty() && word.chars().all(|char| char.is_ascii_uppercase()) && rest.starts_with([' ', '\t']) {
        let target = rest.trim_start();
        if !target.is_empty() && !target.starts_with(':') {
            return Next::Method;
        }
    }
    if is_header(line) { Next::Header } else { Next::Other }
}

/// `[Name]` and nothing but a comment behind it; `[1, 2]` is a JSON body.
fn section_name(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    let named = name.starts_with(|char: char| char.is_ascii_uppercase())
        && name.chars().all(|char| char.is_ascii_alphanumeric());
    (named && (rest.is_empty() || rest.starts_with('#'))).then_some(name)
}

fn is_header(line: &str) -> bool {
    if line.starts_with(['{', '[', '"', '`', '<']) && !line.starts_with("{{") {
        return false;
    }
    // Templates may stand in the name; a `:` within them is none.
    let mut rest = line;
    loop {
        match rest.find([':', ' ', '\t', '{', '#', ',', '"']) {
            Some(at) if rest[at..].starts_with("{{") => match rest[at..].find("}}") {
                Some(end) => rest = &rest[at + end + 2..],
                None => return false,
            },
            Some(at) => return rest[at..].trim_start().starts_with(':'),
            None => return false,
        }
    }
}

fn step(cursor: &mut Cursor, scenario: &mut Scenario) -> Parsed<Step> {
    if look_ahead(cursor) != Next::Method {
        return Err(cursor
            .fault(format!("expected a request, found `{}`", shorten(&cursor.rest_of_line())))
            .help("A request begins with its method: `GET {{base}}/cart`."));
    }
    let line = cursor.mark().line();
    let mut step = request_line(cursor, line)?;
    take_hints(cursor, scenario, &mut step)?;
    request(cursor, &mut step)?;
    if look_ahead(cursor) == Next::Response {
        no_hints_here(cursor)?;
        step.expected = Some(response(cursor)?);
    }
    Ok(step)
}

fn request_line(cursor: &mut Cursor, line: u32) -> Parsed<Step> {
    let mark = cursor.mark();
    let method = cursor.take_while(|char| char.is_ascii_uppercase());
    if ["CONNECT", "TRACE", "LINK", "UNLINK", "PURGE", "LOCK", "UNLOCK", "PROPFIND", "VIEW"].contains(&method.as_str())
        || method.len() > 20
    {
        return Err(cursor
            .fault_since(mark, format!("the method `{}` is not supported", shorten(&method)))
            .help("Methods are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS."));
    }
    if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method.as_str()) {
        return Err(cursor
            .fault_since(mark, format!("unknown method `{method}`"))
            .help("Methods are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS."));
    }
    cursor.skip_spaces();
    let at = cursor.mark();
    let url = value_string(cursor)?;
    let path = path_of(&url).map_err(|message| {
        cursor
            .fault_since(at, message)
            .help("Write `{{base}}/path`, `/path` or a URL on localhost: the balancer takes its place.")
    })?;
    cursor.end_of_line()?;
    let kind = match method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => StepKind::Read,
        _ => StepKind::Write,
    };
    Ok(Step::new(line, &method, kind, path, url))
}

/// The path to show, and a check of what can be checked before the variables are known.
fn path_of(url: &Template) -> Result<String, String> {
    let source = url.source();
    if source.contains(char::is_whitespace) {
        return Err("the URL holds a blank".to_string());
    }
    if url.fixed().is_some() {
        return super::render::target_of(&source, None).map(|target| cut_query(&target));
    }
    let behind = match source.strip_prefix("{{") {
        Some(rest) => rest.split_once("}}").map_or("", |(_, path)| path).to_string(),
        None => match source.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]).to_string(),
            None => source.clone(),
        },
    };
    let path = cut_query(&behind);
    Ok(if path.starts_with('/') {
        path
    } else if path.is_empty() {
        "/".to_string()
    } else {
        source
    })
}

fn cut_query(target: &str) -> String {
    // A `?` within a template is not possible: its names hold letters, digits, `_` and `-`.
    target.split('?').next().unwrap_or_default().to_string()
}

/// Headers, sections and the body of a request.
fn request(cursor: &mut Cursor, step: &mut Step) -> Parsed<()> {
    let mut in_sections = false;
    loop {
        match look_ahead(cursor) {
            Next::End | Next::Method | Next::Response => return Ok(()),
            Next::Section => {
                no_hints_here(cursor)?;
                in_sections = true;
                request_section(cursor, step)?;
            }
            Next::Header if !in_sections => {
                no_hints_here(cursor)?;
                step.headers.push(key_value(cursor)?);
            }
            Next::Header | Next::Other => {
                no_hints_here(cursor)?;
                let mark = cursor.mark();
                let Some(body) = body(cursor)? else { return Err(nothing_known(cursor)) };
                if step.form.is_some() || step.multipart.is_some() {
                    return Err(cursor.fault_since(mark, "a form and a body in one request").help("Keep one of them."));
                }
                step.body = Some(body);
                return match look_ahead(cursor) {
                    Next::End | Next::Method | Next::Response => Ok(()),
                    _ => Err(cursor
                        .fault("unexpected text behind the body")
                        .help("The body is the last part of a request.")),
                };
            }
        }
    }
}

fn nothing_known(cursor: &Cursor) -> Fault {
    cursor
        .fault(format!("cannot read `{}`", shorten(&cursor.rest_of_line())))
        .help("Here stands a header, a [Section], a body, `HTTP 200` or the next request.")
}

fn request_section(cursor: &mut Cursor, step: &mut Step) -> Parsed<()> {
    let mark = cursor.mark();
    let line = cursor.rest_of_line();
    let name = section_name(line.trim_end()).unwrap_or_default().to_string();
    cursor.eat(&format!("[{name}]"));
    let marked = cursor.span_since(mark);
    cursor.end_of_line()?;
    match name.as_str() {
        "Query" | "QueryStringParams" => lines(cursor, |cursor| key_value(cursor).map(|pair| step.query.push(pair)))?,
        "Form" | "FormParams" => {
            let form = step.form.get_or_insert_default();
            lines(cursor, |cursor| key_value(cursor).map(|pair| form.push(pair)))?;
        }
        "Multipart" | "MultipartFormData" => {
            let parts = step.multipart.get_or_insert_default();
            lines(cursor, |cursor| multipart_value(cursor).map(|part| parts.push(part)))?;
        }
        "Cookies" => lines(cursor, |cursor| key_value(cursor).map(|pair| step.cookies.push(pair)))?,
        "BasicAuth" => lines(cursor, |cursor| key_value(cursor).map(|pair| step.basic_auth = Some(pair)))?,
        "Options" => lines(cursor, |cursor| option(cursor, &mut step.options))?,
        "Captures" | "Asserts" => {
            return Err(cursor
                .fault_at(marked, format!("[{name}] belongs to a response"))
                .help("Write `HTTP *` or `HTTP 200` on a line before it."));
        }
        _ => {
            return Err(cursor
                .fault_at(marked, format!("the section [{name}] is not supported"))
                .help("Sections of a request are Query, Form, Multipart, Cookies, BasicAuth and Options."));
        }
    }
    if step.form.is_some() && step.multipart.is_some() {
        return Err(cursor.fault_at(marked, "[Form] and [Multipart] in one request").help("Keep one of them."));
    }
    Ok(())
}

/// The lines of a section: as long as they look like `name: value`.
fn lines(cursor: &mut Cursor, mut line: impl FnMut(&mut Cursor) -> Parsed<()>) -> Parsed<()> {
    while look_ahead(cursor) == Next::Header {
        no_hints_here(cursor)?;
        line(cursor)?;
    }
    Ok(())
}

fn response(cursor: &mut Cursor) -> Parsed<Expected> {
    let mark = cursor.mark();
    cursor.eat("HTTP");
    let version = cursor.take_while(|char| !char.is_whitespace());
    if !["", "/1.1", "/*"].contains(&version.as_str()) {
        return Err(cursor
            .fault_since(mark, format!("`HTTP{}` is not supported", shorten(&version)))
            .help("The balancer speaks HTTP/1.1: write `HTTP` or `HTTP/1.1`."));
    }
    cursor.skip_spaces();
    let at = cursor.mark();
    let written = cursor.take_while(|char| !char.is_whitespace() && char != '#');
    let status = match written.as_str() {
        "*" => None,
        number => match number.parse::<u16>() {
            Ok(number @ 100..=599) => Some(number),
            _ => return Err(cursor.fault_since(at, "expected a status such as 200, or `*`")),
        },
    };
    let (text, line) = (cursor.since(mark), mark.line());
    cursor.end_of_line()?;
    let mut expected =
        Expected { status, text, line, headers: Vec::new(), captures: Vec::new(), asserts: Vec::new(), body: None };
    response_parts(cursor, &mut expected)?;
    Ok(expected)
}

fn response_parts(cursor: &mut Cursor, expected: &mut Expected) -> Parsed<()> {
    let mut in_sections = false;
    loop {
        match look_ahead(cursor) {
            Next::End | Next::Method => return Ok(()),
            Next::Response => return Err(cursor.fault("a second response to one request")),
            Next::Section => {
                no_hints_here(cursor)?;
                in_sections = true;
                response_section(cursor, expected)?;
            }
            Next::Header if !in_sections => {
                no_hints_here(cursor)?;
                expected.headers.push(expected_header(cursor)?);
            }
            Next::Header | Next::Other => {
                no_hints_here(cursor)?;
                let mark = cursor.mark();
                match body(cursor)? {
                    Some(super::Body::File(_)) => {
                        return Err(cursor.fault_since(mark, "a file as the expected body is not supported"));
                    }
                    Some(body) if expected.body.is_none() => expected.body = Some((body, mark.line())),
                    _ => return Err(nothing_known(cursor)),
                }
            }
        }
    }
}

fn expected_header(cursor: &mut Cursor) -> Parsed<ExpectedHeader> {
    let mark = cursor.mark();
    let text = cursor.rest_of_line();
    let text = text.split(" #").next().unwrap_or_default().trim_end().to_string();
    let (name, value) = key_value(cursor)?;
    Ok(ExpectedHeader { name, value, text, line: mark.line() })
}

fn response_section(cursor: &mut Cursor, expected: &mut Expected) -> Parsed<()> {
    let mark = cursor.mark();
    let line = cursor.rest_of_line();
    let name = section_name(line.trim_end()).unwrap_or_default().to_string();
    cursor.eat(&format!("[{name}]"));
    let marked = cursor.span_since(mark);
    cursor.end_of_line()?;
    match name.as_str() {
        "Captures" => lines(cursor, |cursor| {
            let mark = cursor.mark();
            let name = capture_name(cursor)?;
            cursor.skip_spaces();
            expected.captures.push(Capture::parse(cursor, name, mark)?);
            cursor.end_of_line()
        }),
        "Asserts" => {
            // An assert begins with a query in lower case, which no other line of a response does.
            while matches!(look_ahead(cursor), Next::Other | Next::Header)
                && cursor.peek().is_some_and(|char| char.is_ascii_lowercase())
            {
                no_hints_here(cursor)?;
                expected.asserts.push(Assert::parse(cursor)?);
                cursor.end_of_line()?;
            }
            Ok(())
        }
        _ => Err(cursor
            .fault_at(marked, format!("the section [{name}] is not supported here"))
            .help("Sections of a response are Captures and Asserts.")),
    }
}

fn no_hints_here(cursor: &Cursor) -> Parsed<()> {
    match cursor.hints.first() {
        Some((text, span)) => Err(cursor
            .fault_at(*span, format!("the hint `@{}` stands within a request", shorten(text)))
            .help("Hints stand before the line with the method.")),
        None => Ok(()),
    }
}

fn take_hints(cursor: &mut Cursor, scenario: &mut Scenario, step: &mut Step) -> Parsed<()> {
    for (text, span) in std::mem::take(&mut cursor.hints) {
        for hint in hint::parse(&text, span)? {
            match hint {
                Hint::Scenario(name) if scenario.steps.is_empty() => scenario.name = Name::from(name),
                Hint::Scenario(_) => {
                    return Err(cursor
                        .fault_at(span, "`@scenario` behind a request")
                        .help("It stands before the first one."));
                }
                Hint::Write { key, token } => {
                    step.kind = StepKind::Write;
                    step.write = token.map(|token| WriteHint { key, token });
                }
                Hint::Read { key, tokens } => {
                    step.kind = StepKind::Read;
                    step.read = tokens.map(|tokens| ReadHint { key, tokens, line: span.line });
                }
                Hint::Replica(hint) => step.replica = hint,
            }
        }
    }
    Ok(())
}
