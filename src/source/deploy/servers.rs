//! What code and settings say about worker processes: gunicorn.conf.py, puma.rb, `cluster.fork()`, `CMD gunicorn -w 4`.
//!
//! The language adapters have read the files; a table (`servers.tsv`) says which of their facts state a number of processes. Such a
//! server becomes a [`Service`] of the kind [`SERVER`]; `lint` gives what it says to the service that runs it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use globset::{GlobBuilder, GlobMatcher};

use super::processes::PHP_FPM;
use super::{command, pm2, processes};
use crate::model::Name;
use crate::model::deployment::{Count, Number, Role, SERVER, Service};
use crate::model::fact::{Argument, COMMAND, Call, FileFacts, Language, Setting, Value};
use crate::model::location::{Location, Span};
use crate::source::stage::{self, Stage};

const TABLE: &str = include_str!("servers.tsv");

/// One row of the table.
struct Row {
    what: What,
    /// The key or the argument that holds the number; `-` for none.
    key: &'static str,
    program: &'static str,
}

enum What {
    File(GlobMatcher),
    Call(&'static str),
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).map(|row| row.split('\t'));
    rows.filter_map(|mut columns| {
        let (what, told, key, program) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
        let what = match what {
            "call" => What::Call(told),
            // A test holds every pattern to be valid.
            _ => What::File(
                GlobBuilder::new(told).literal_separator(true).empty_alternates(true).build().ok()?.compile_matcher(),
            ),
        };
        Some(Row { what, key, program })
    })
    .collect()
});

/// Adds the servers of a file of code or of settings to its facts.
pub fn find(facts: &mut FileFacts, text: &str) {
    if stage::of(&facts.path) != Stage::Deployed {
        return;
    }
    let mut services = if facts.language.is_code() {
        let own = ROWS.iter().find_map(|row| own_file(row, facts, text));
        own.into_iter().chain(calls(facts)).chain(pm2::in_code(facts, text)).collect()
    } else if facts.language == Language::Settings && facts.services.is_empty() {
        // An image has told already what it runs.
        commands(facts).or_else(|| pools(facts, text)).or_else(|| variables(facts)).into_iter().collect()
    } else {
        Vec::new()
    };
    facts.services.append(&mut services);
}

/// Is it a server's own file, written in a language: code that runs beside the app's?
pub fn is_own_file(path: &str) -> bool {
    pm2::is_own_file(path) || ROWS.iter().any(|row| matches!(&row.what, What::File(paths) if paths.is_match(path)))
}

fn server(path: &Arc<str>, program: &str, span: Span, processes: Option<(Number, Name, Span)>) -> Service {
    let count = |(value, stated_as, span)| Count::new(value, stated_as, Location::new(Arc::clone(path), span));
    Service {
        kind: Name::new(SERVER),
        role: Role::Web,
        processes: processes.map(count).filter(|count| count.value != 1),
        ..Service::named(program, span)
    }
}

/// A server whose own file says what its number of processes is, if `number` is one.
pub fn of_settings(path: &Arc<str>, program: &str, span: Span, number: Option<&Setting>) -> Service {
    let stated = number.and_then(|setting| {
        let value = processes::number_of(program, &setting.value)?;
        Some((value, format!("{program} {}", setting.key).into(), setting.span))
    });
    server(path, program, span, stated)
}

/// A server's own file.
fn own_file(row: &Row, facts: &FileFacts, text: &str) -> Option<Service> {
    let What::File(paths) = &row.what else { return None };
    if !paths.is_match(&*facts.path) {
        return None;
    }
    let settings: Vec<Setting> = settings(facts).collect();
    let stated = settings.iter().rev().find_map(|setting| {
        let value = processes::number_of(row.program, &setting.value).filter(|_| setting.key == row.key)?;
        Some((value, format!("{} {}", row.program, row.key).into(), setting.span))
    });
    let stated = stated.or_else(|| by_processors(row, facts, text));
    // Somebody's `gunicorn.py` that sets nothing of a server is a script.
    if settings.is_empty() && stated.is_none() {
        return None;
    }
    let first = facts.settings.iter().map(|setting| setting.span).chain(facts.calls.iter().map(|call| call.span)).min();
    let mut service = server(&facts.path, row.program, first.unwrap_or_default(), stated);
    service.settings = settings;
    Some(service)
}

/// What a file written in a language sets: `workers = 4`, `workers 4`, `threads 1, 5`, `preload_app!`.
fn settings(facts: &FileFacts) -> impl Iterator<Item = Setting> {
    let assigned = facts.settings.iter().filter_map(|setting| {
        let key = setting.key.strip_prefix('~').filter(|key| is_word(key))?;
        Some(Setting { key: key.into(), ..setting.clone() })
    });
    let called = facts.calls.iter().filter(|call| is_word(call.callee.trim_end_matches('!'))).map(|call| Setting {
        key: call.callee.clone(),
        value: match call.arguments.as_slice() {
            [] => Value::Bool(true),
            [argument, ..] => argument.value.clone(),
        },
        function: None,
        span: call.span,
    });
    let mut all: Vec<Setting> = assigned.chain(called.filter(|setting| setting.key != "int")).collect();
    all.sort_by_key(|setting| setting.span);
    all.into_iter()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `workers = multiprocessing.cpu_count() * 2 + 1`: a sum is no value that a fact would hold. Where the key is set to something that
/// is not known, and the file counts the processors of the machine, there are several.
fn by_processors(row: &Row, facts: &FileFacts, text: &str) -> Option<(Number, Name, Span)> {
    facts.calls.iter().find(|call| processes::counts_processors(&call.callee))?;
    let sets_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(row.key).unwrap_or_default();
        let value = rest.trim_start_matches([' ', '=', '(']);
        rest.starts_with([' ', '=', '('])
            && value.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '('))
    };
    let (number, line) = (1..).zip(text.lines()).filter(|(_, line)| sets_key(line)).last()?;
    let start = (line.len() - line.trim_start().len()) as u32 + 1;
    let span = Span::on_line(number, start, start + line.trim().chars().count() as u32);
    Some((Number::Several, format!("{} {}", row.program, row.key).into(), span))
}

/// Calls that start worker processes.
fn calls(facts: &FileFacts) -> Option<Service> {
    facts.calls.iter().find_map(|call| {
        let rows = ROWS.iter().filter(|row| matches!(row.what, What::Call(symbol) if call.callee == symbol));
        let mut servers =
            rows.filter_map(|row| Some(server(&facts.path, row.program, call.span, Some(started(row, call)?))));
        servers.find(|server| server.processes.is_some())
    })
}

fn started(row: &Row, call: &Call) -> Option<(Number, Name, Span)> {
    let stated = |value| Some((value, Name::new(row.program), call.span));
    if row.key == "-" {
        return stated(Number::Several);
    }
    match argument(&call.arguments, row.key) {
        Some(value) => stated(processes::number_of(row.program, value)?),
        // throng starts one for each processor unless it is told otherwise.
        None if row.program == "throng" => stated(Number::Several),
        None => None,
    }
}

fn argument<'c>(arguments: &'c [Argument], key: &str) -> Option<&'c Value> {
    let named = arguments.iter().find(|argument| argument.name.as_deref() == Some(key)).map(|argument| &argument.value);
    let placed =
        || arguments.iter().filter(|argument| argument.name.is_none()).nth(key.parse().ok()?).map(|it| &it.value);
    named.or_else(placed).or_else(|| arguments.iter().find_map(|argument| within(&argument.value, key)))
}

/// `throng({ workers: 4 })`, `fiber.New(fiber.Config{Prefork: true})`
fn within<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
        Value::Call { arguments, .. } => arguments.iter().find_map(|argument| within(&argument.value, key)),
        _ => None,
    }
}

/// What a Dockerfile or a start script runs.
fn commands(facts: &FileFacts) -> Option<Service> {
    let environment: Vec<Setting> =
        facts.settings.iter().filter(|setting| !setting.key.starts_with(COMMAND)).cloned().collect();
    facts.settings.iter().filter(|setting| setting.key.starts_with(COMMAND)).find_map(|setting| {
        let Value::Text(line) = &setting.value else { return None };
        let program = processes::program_of(line)?;
        let words = command::words(&command::letters(line, (setting.span.line, setting.span.column)));
        let count = processes::of(&facts.path, &command::simple_commands(&words), &environment)?;
        // Words of lists and of lines that go on stand elsewhere than in their text.
        let inside = environment.iter().any(|other| other.span == count.location.span);
        let span = if inside { count.location.span } else { setting.span };
        let mut service = server(&facts.path, program, setting.span, Some((count.number(), count.stated_as, span)));
        service.processes.as_ref()?;
        service.command = Some(line.clone());
        service.command_span = Some(setting.span);
        Some(service)
    })
}

/// What a pool of PHP-FPM calls the number of its processes: of `static` ones the number, of `dynamic` and `ondemand` ones the most.
/// <https://www.php.net/manual/en/install.fpm.configuration.php#pm.max-children>
const CHILDREN: &str = "pm.max_children";

/// The processes of all pools in a file of PHP-FPM.
fn pools(facts: &FileFacts, text: &str) -> Option<Service> {
    // Pools are told apart by sections, of which settings know nothing. Of one pool the last number counts.
    let mut pools: BTreeMap<&str, u32> = BTreeMap::new();
    let mut pool = "";
    for line in text.lines().filter_map(|line| line.split(';').next()) {
        let number = || line.split_once('=').filter(|(key, _)| key.trim() == CHILDREN)?.1.trim().parse().ok();
        match line.trim().strip_prefix('[') {
            Some(name) => pool = name,
            None => pools.extend(number().map(|number| (pool, number))),
        }
    }
    let setting = facts.settings.iter().find(|setting| setting.key == CHILDREN)?;
    let total = pools.into_values().reduce(u32::saturating_add);
    let stated = total.map(|total| (total.into(), Name::new(format!("{PHP_FPM} {CHILDREN}")), setting.span));
    Some(Service { settings: facts.settings.clone(), ..server(&facts.path, PHP_FPM, setting.span, stated) })
}

/// `WEB_CONCURRENCY=4` in a file of variables.
fn variables(facts: &FileFacts) -> Option<Service> {
    facts.settings.iter().filter(|setting| processes::is_variable(&setting.key)).find_map(|setting| {
        let count = processes::of(&facts.path, &[], std::slice::from_ref(setting))?;
        let stated = (count.number(), count.stated_as, setting.span);
        let service = server(&facts.path, &setting.key, setting.span, Some(stated));
        service.processes.is_some().then_some(service)
    })
}

#[cfg(test)]
mod tests;
