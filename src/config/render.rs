//! scaleproof.yaml as `init` writes it: what is configured, and in comments what could be.

use super::values::duration_text;
use super::{Accepted, Config, Isolation, Lint, Mention, Service, Start};
use crate::model::finding::Severity;

/// A commented file that [`super::parse`] reads back to the same configuration.
pub fn render(config: &Config) -> String {
    let mut file = String::from("# What scaleproof tests here. Everything has a default; lines in comments show it.\n");
    for Section { comment, is_default, lines } in starting(config).into_iter().chain(surroundings(config)) {
        file += &format!("\n{}", commented(comment));
        file += &if is_default { commented(&lines) } else { lines };
    }
    file
}

/// One key with its comment; itself in comments where it is the default.
struct Section {
    comment: &'static str,
    is_default: bool,
    lines: String,
}

fn section(comment: &'static str, is_default: bool, lines: String) -> Section {
    Section { comment, is_default, lines }
}

fn one(key: &str, value: &str) -> String {
    format!("{key}: {value}\n")
}

/// What one replica is and how it is started.
fn starting(config: &Config) -> [Section; 8] {
    let default = Config::default();
    let command = if config.command.is_empty() { "node server.js".into() } else { list(&config.command) };
    let env = or_sample(&config.env, &[("NODE_ENV", "production")]);
    let ready = config.ready.as_deref().map_or("/healthz".into(), scalar);
    let name = config.name.as_deref().map_or("shop".into(), scalar);
    [
        section("Name in reports; else the folder's name.", config.name.is_none(), one("name", &name)),
        section(
            "How one replica is started: a text, split into words without a shell, or a list. {port}, {socket}, {name}\n\
             and {index} differ from replica to replica; PORT is also in the environment.",
            config.command.is_empty(),
            one("command", &command),
        ),
        section("Set in each replica.", config.env.is_empty(), mapping("env", &env, "")),
        section(
            "A path that answers with success once a replica is ready. Without it, its port has to answer.",
            config.ready.is_none(),
            one("ready", &ready),
        ),
        section(
            "How long a replica may take to get ready.",
            config.ready_timeout == default.ready_timeout,
            one("ready_timeout", &duration_text(config.ready_timeout)),
        ),
        section(
            "How many replicas are tested.",
            config.replicas == default.replicas,
            one("replicas", &config.replicas.to_string()),
        ),
        section(
            "`parallel`, or `sequential`: each replica after the one before it is ready.",
            config.start == default.start,
            one("start", start(config.start)),
        ),
        section(
            "`private`: each replica writes to a disk of its own. `shared`: all write to one.",
            config.isolation == default.isolation,
            one("isolation", isolation(config.isolation)),
        ),
    ]
}

/// What is around the replicas: shared services, stories, and what lint is told.
fn surroundings(config: &Config) -> [Section; 5] {
    [
        section(
            "What all replicas share, started once. Its `env` is handed to the replicas.",
            config.services.is_empty(),
            services(&config.services),
        ),
        section(
            "Stories that users go through, as Hurl files.",
            config.scenarios.is_empty(),
            texts("scenarios", &config.scenarios, "stories/*.hurl"),
        ),
        section(
            "Folders that production shares between replicas.",
            config.shared.is_empty(),
            texts("shared", &config.shared, "uploads"),
        ),
        section(
            "Services that run once, on purpose; raising their number is then an error.",
            config.singletons.is_empty(),
            texts("singletons", &names(&config.singletons), "bot"),
        ),
        section(
            "`fail_on` is error, warning or info; `rules` are folders with rules of your own. `severity` gives rules another\n\
             weight, or `off`; `ignore` accepts findings of a rule in some places, with a reason.",
            config.lint == Lint::default(),
            lint(config),
        ),
    ]
}

fn lint(config: &Config) -> String {
    let Lint { fail_on, exclude, rules, severity: severities, ignore } = &config.lint;
    let (exclude, rules, weight) = (list(exclude), list(rules), severity(Some(*fail_on)));
    let mut lines = format!("lint:\n  fail_on: {weight}\n  exclude: {exclude}\n  rules: {rules}\n");
    let is_default = config.lint == Lint::default();
    if is_default || !severities.is_empty() {
        let sample = [(Mention::from("rule-id"), Some(Severity::Warning))];
        let severities = if severities.is_empty() { &sample } else { severities.as_slice() };
        let line = |(rule, weight): &(Mention, Option<Severity>)| {
            format!("    {}: {}\n", scalar(&rule.name), severity(*weight))
        };
        lines += &format!("  severity:\n{}", severities.iter().map(line).collect::<String>());
    }
    if is_default || !ignore.is_empty() {
        let sample = [Accepted {
            rule: Mention::from("rule-id"),
            paths: vec!["legacy/**".into()],
            reason: "switched off in March".into(),
        }];
        let ignore = if ignore.is_empty() { &sample } else { ignore.as_slice() };
        let entry = |Accepted { rule, paths, reason }: &Accepted| {
            let (rule, paths, reason) = (scalar(&rule.name), list(paths), scalar(reason));
            format!("    - rule: {rule}\n      paths: {paths}\n      reason: {reason}\n")
        };
        lines += &format!("  ignore:\n{}", ignore.iter().map(entry).collect::<String>());
    }
    lines
}

fn severity(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Info) => "info",
        Some(Severity::Warning) => "warning",
        Some(Severity::Error) => "error",
        None => "off",
    }
}

fn names(mentions: &[Mention]) -> Vec<String> {
    mentions.iter().map(|mention| mention.name.clone()).collect()
}

fn services(services: &[Service]) -> String {
    let sample = Service {
        name: "redis".into(),
        command: ["redis-server", "--port", "{port}", "--save", "", "--appendonly", "no"].map(String::from).to_vec(),
        env: vec![("REDIS_URL".into(), "redis://127.0.0.1:{port}".into())],
        ready_timeout: Service::READY_TIMEOUT,
    };
    let service = |service: &Service| {
        let env = if service.env.is_empty() { String::new() } else { mapping("env", &service.env, "    ") };
        let timeout = match service.ready_timeout {
            Service::READY_TIMEOUT => String::new(),
            timeout => format!("    ready_timeout: {}\n", duration_text(timeout)),
        };
        format!("  {}:\n    command: {}\n{env}{timeout}", scalar(&service.name), list(&service.command))
    };
    let services = if services.is_empty() { std::slice::from_ref(&sample) } else { services };
    services.iter().fold("services:\n".into(), |text, one| text + &service(one))
}

fn start(start: Start) -> &'static str {
    match start {
        Start::Parallel => "parallel",
        Start::Sequential => "sequential",
    }
}

fn isolation(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::Private => "private",
        Isolation::Shared => "shared",
    }
}

fn texts(key: &str, texts: &[String], sample: &str) -> String {
    let texts = if texts.is_empty() { &[sample.to_string()] } else { texts };
    format!("{key}: {}\n", list(texts))
}

fn or_sample(entries: &[(String, String)], sample: &[(&str, &str)]) -> Vec<(String, String)> {
    if !entries.is_empty() {
        return entries.to_vec();
    }
    sample.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn mapping(key: &str, entries: &[(String, String)], indent: &str) -> String {
    let line = |(key, value): &(String, String)| format!("{indent}  {}: {}\n", scalar(key), scalar(value));
    format!("{indent}{key}:\n{}", entries.iter().map(line).collect::<String>())
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| scalar(text)).collect::<Vec<_>>().join(", "))
}

fn commented(lines: &str) -> String {
    lines.lines().map(|line| format!("# {line}\n")).collect()
}

/// A text as a YAML scalar: plain where nothing can read it as something else, else in double quotes.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|char: char| char.is_ascii_alphabetic() || matches!(char, '/' | '_'))
        && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '/'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.into() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|char| match char {
            '"' => "\\\"".into(),
            '\\' => "\\\\".into(),
            '\n' => "\\n".into(),
            '\t' => "\\t".into(),
            ' '..='~' => char.to_string(),
            // Letters of any script stay readable; what YAML calls unprintable or a line break does not stay.
            _ if char.is_alphanumeric() => char.to_string(),
            _ => format!("\\U{:08X}", u32::from(char)),
        })
        .collect();
    format!("\"{escaped}\"")
}
