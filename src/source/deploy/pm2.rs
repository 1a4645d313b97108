//! pm2's ecosystem files, in JavaScript, JSON and YAML: <https://pm2.keymetrics.io/docs/usage/application-declaration/>.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use globset::{GlobBuilder, GlobMatcher};

use super::{File, Found, command, processes, program};
use crate::model::Name;
use crate::model::deployment::{Count, Role, Service};
use crate::model::fact::{FileFacts, Setting, Value};
use crate::model::location::{Location, Span};
use crate::source::yaml::{self, Content, Node};

/// What pm2 looks for, and what people call such files.
const FILES: &str = "**/{ecosystem,pm2,process,processes}{,[.-_]*}.{js,cjs,mjs,ts}";

static GLOB: LazyLock<Option<GlobMatcher>> = LazyLock::new(|| {
    let glob = GlobBuilder::new(FILES).literal_separator(true).empty_alternates(true).build();
    glob.ok().map(|glob| glob.compile_matcher())
});

/// Lines with places.
const LONGEST: usize = 2_000;
/// Objects within objects that are looked into.
const MAX_DEPTH: usize = 8;

/// Is it a file that says what pm2 starts, written in a language?
pub fn is_own_file(path: &str) -> bool {
    GLOB.as_ref().is_some_and(|glob| glob.is_match(path))
}

/// The apps of `module.exports = { apps: […] }`.
pub fn in_code(facts: &FileFacts, text: &str) -> Vec<Service> {
    if !is_own_file(&facts.path) {
        return Vec::new();
    }
    let known = |name: &str| {
        facts.settings.iter().find(|setting| setting.key == name).map(|setting| (&setting.value, setting.span))
    };
    let apps = facts.settings.iter().find_map(|setting| match &setting.value {
        Value::Object(entries) => entries.iter().find(|(key, _)| key == "apps").map(|(_, apps)| (apps, setting.span)),
        list @ Value::List(_) if setting.key.ends_with("exports.apps") => Some((list, setting.span)),
        _ => None,
    });
    let (apps, span) = match apps {
        Some((Value::Name(name), span)) => known(name).unwrap_or((&Value::Unknown, span)),
        Some(found) => found,
        None => return Vec::new(),
    };
    services(&facts.path, text, apps, span)
}

/// JSON and YAML; JSON is read as the YAML that it is.
pub fn read(File { path, text, .. }: &File<'_>) -> Found {
    let tree = yaml::parse(path, text);
    let mut found = Found { comments: tree.comments, problems: tree.problems, ..Found::default() };
    for document in &tree.documents {
        // pm2 takes a list of apps as well, and one app.
        let apps = document.get("apps").unwrap_or(document);
        let apps_value = value(apps, 0);
        let list = match apps_value {
            Value::List(_) => apps_value,
            app @ Value::Object(_) => Value::List(vec![app]),
            _ => continue,
        };
        found.services.extend(services(path, text, &list, apps.span));
    }
    found
}

fn value(node: &Rc<Node>, depth: usize) -> Value {
    match &node.content {
        _ if depth > MAX_DEPTH => Value::Unknown,
        Content::Sequence(items) => Value::List(items.iter().map(|item| value(item, depth + 1)).collect()),
        Content::Mapping(mapping) => Value::Object(
            mapping.entries.iter().map(|entry| (entry.key.clone(), value(&entry.value, depth + 1))).collect(),
        ),
        Content::Scalar { text, plain: true } => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "~" | "" => Value::Null,
            number => number.parse().map_or_else(|_| Value::Text(text.clone()), Value::Number),
        },
        Content::Scalar { text, .. } => Value::Text(text.clone()),
        Content::Unresolved => Value::Unknown,
    }
}

fn services(path: &Arc<str>, text: &str, apps: &Value, span: Span) -> Vec<Service> {
    let Value::List(apps) = apps else { return Vec::new() };
    let apps: Vec<&[(Name, Value)]> = apps
        .iter()
        .filter_map(|app| match app {
            Value::Object(entries) if get(entries, "script").is_some() => Some(entries.as_slice()),
            _ => None,
        })
        .collect();
    let places = Places { text, span, apps: &apps };
    let keys: BTreeSet<&str> = apps.iter().flat_map(|app| app.iter()).map(|(key, _)| key.as_str()).collect();
    let places: BTreeMap<&str, Vec<Option<Span>>> = keys.into_iter().map(|key| (key, places.of(key))).collect();
    let service = |(at, entries): (usize, &&[(Name, Value)])| {
        let place = |key: &str| places.get(key).and_then(|places| places[at]);
        let whole = Span { end_line: span.line, end_column: span.column + 1, ..span };
        app(path, entries, &|key| place(key).or(place("name")).or(place("script")).unwrap_or(whole))
    };
    apps.iter().enumerate().map(service).collect()
}

/// The service of one app; `place` tells where a key stands.
fn app(path: &Arc<str>, entries: &[(Name, Value)], place: &dyn Fn(&str) -> Span) -> Service {
    let script_place = place("script");
    let text = |key: &str| get(entries, key).and_then(written);
    let script = text("script").unwrap_or_default();
    let interpreter =
        text("interpreter").filter(|interpreter| interpreter != "none").map(|it| it + " ").unwrap_or_default();
    let line = format!("{interpreter}{script} {}", text("args").unwrap_or_default());
    let name = text("name").unwrap_or_else(|| script.rsplit('/').next().unwrap_or_default().to_owned());
    let letters = command::letters(line.trim(), (script_place.line, script_place.column));
    let commands = command::simple_commands(&command::words(&letters));
    let environment = environment(entries, place("env"));
    let instances = get(entries, "instances").and_then(|value| processes::number_of("pm2", value));
    let is_cluster = text("exec_mode").is_some_and(|mode| mode.starts_with("cluster")) || instances.is_some();
    let location = Location::new(Arc::clone(path), place("instances"));
    let stated = instances.map(|value| Count::new(value, Name::new("pm2 instances"), location));
    let mut service = program::service(path, "process", (&name, place("name")), &letters, environment);
    if service.role == Role::Unknown && is_cluster {
        // Cluster mode shares what listens.
        service.role = Role::Web;
    }
    // The script and its arguments stand apart.
    service.command_span = Some(script_place);
    service.build = text("cwd").filter(|folder| !folder.starts_with(['/', '~', '$'])).map(Name::from);
    service.processes =
        stated.or_else(|| processes::of(path, &commands, &service.environment)).filter(|count| count.value != 1);
    let scalar = |(key, value): &(Name, Value)| {
        let is_scalar = matches!(value, Value::Text(_) | Value::Number(_) | Value::Bool(_));
        is_scalar.then(|| Setting { key: key.clone(), value: value.clone(), function: None, span: place(key) })
    };
    service.settings = entries.iter().filter_map(scalar).collect();
    service
}

/// The variables of `env` and of `env_production`, which come last.
fn environment(entries: &[(Name, Value)], span: Span) -> Vec<Setting> {
    let of = |key: &str| match get(entries, key) {
        Some(Value::Object(variables)) => variables.clone(),
        _ => Vec::new(),
    };
    let variables = of("env").into_iter().chain(of("env_production"));
    let text = |value: Value| written(&value).map_or(value, |text| Value::Text(text.into()));
    variables.map(|(key, value)| Setting { key, value: text(value), function: None, span }).collect()
}

fn get<'e>(entries: &'e [(Name, Value)], key: &str) -> Option<&'e Value> {
    entries.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value)
}

/// As one would write it on a command line; lists joined by blanks.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::List(items) => Some(items.iter().filter_map(written).collect::<Vec<_>>().join(" ")),
        Value::Environment { fallback: Some(fallback), .. } => written(fallback),
        _ => None,
    }
}

/// Where the keys of apps stand: facts hold what an object is, and not where its parts are.
struct Places<'t> {
    text: &'t str,
    span: Span,
    apps: &'t [&'t [(Name, Value)]],
}

impl Places<'_> {
    /// The place of the key in each app; `None` for all where the text has more or fewer such keys than the apps.
    fn of(&self, key: &str) -> Vec<Option<Span>> {
        let lines = (1..).zip(self.text.lines()).skip(self.span.line.saturating_sub(1) as usize);
        let lines = lines.take_while(|(number, _)| *number <= self.span.end_line);
        // Nobody is pointed to a place in a line that long.
        let lines = lines.filter(|(_, line)| line.len() <= LONGEST);
        let mut found = lines.flat_map(|(number, line)| places_in(line, number, key)).collect::<Vec<_>>().into_iter();
        let having = self.apps.iter().filter(|app| get(app, key).is_some()).count();
        let fits = found.len() == having;
        let place = |app: &&[(Name, Value)]| get(app, key).filter(|_| fits).and_then(|_| found.next());
        self.apps.iter().map(place).collect()
    }
}

/// `key: value` in a line of JavaScript, JSON or YAML, up to the comma, comments left out.
fn places_in(line: &str, number: u32, key: &str) -> Vec<Span> {
    let comment = line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':'));
    let comment = comment.or_else(|| line.trim_start().starts_with(['#', '*']).then_some(0));
    let code = &line[..comment.unwrap_or(line.len())];
    let column = |at: usize| code[..at].chars().count() as u32 + 1;
    let is_key = |at: &usize| {
        let before = code[..*at].chars().next_back();
        let after = code[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'))) && after.starts_with(':')
    };
    let found = code.match_indices(key).map(|(at, _)| at).filter(is_key);
    let span = |at: usize| {
        let rest = &code[at..];
        let quoted = code[..at].ends_with(['"', '\'']);
        let end = at + rest.find([',', '}']).unwrap_or(rest.len());
        let end = code[..end].trim_end().len().max(at);
        Span::on_line(number, column(at) - u32::from(quoted), column(end))
    };
    found.map(span).collect()
}

#[cfg(test)]
mod tests;
