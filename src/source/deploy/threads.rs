//! How many requests a process answers at a time, where its program bounds that: `gunicorn --threads 4`, one without.

use std::sync::LazyLock;

use super::processes;
use crate::model::Name;
use crate::model::deployment::{Number, Service};
use crate::model::fact::{SCRIPT, Setting, Value};
use crate::model::location::Span;

const TABLE: &str = include_str!("threads.tsv");

/// One row of the table.
struct Program {
    name: &'static str,
    by_default: u32,
    options: Vec<&'static str>,
    variables: Vec<&'static str>,
    settings: Vec<&'static str>,
    unless: Vec<&'static str>,
}

static PROGRAMS: LazyLock<Vec<Program>> = LazyLock::new(|| {
    let words = |column: &'static str| column.split(' ').filter(|word| *word != "-").collect::<Vec<_>>();
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).map(|row| row.split('\t'));
    rows.filter_map(|mut columns| {
        let (name, by_default) = (columns.next()?, columns.next()?.parse().ok()?);
        let mut words = || columns.next().map(words);
        let (options, variables, settings, unless) = (words()?, words()?, words()?, words()?);
        Some(Program { name, by_default, options, variables, settings, unless })
    })
    .collect()
});

/// So many at a time; where they are stated in a way that cannot be looked into, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threads {
    pub value: u32,
    /// `gunicorn --threads`, "the default of gunicorn".
    pub stated_as: Name,
    pub span: Span,
}

/// How many requests each process of the service answers at a time; `None` where nothing bounds that.
pub fn of(service: &Service) -> Option<Threads> {
    let span = service.command_span.unwrap_or(service.span);
    let lines = lines(service);
    let words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split([' ', '\n', '=', '"', '\'', ',']).filter(|word| !word.is_empty()))
        .collect();
    let Some((program, at)) = words.iter().enumerate().find_map(|(at, word)| Some((program(word)?, at))) else {
        // What a script starts that is not here, nobody knows.
        let is_hidden = lines.len() == 1 && words.iter().any(|word| word.ends_with(".sh"));
        return is_hidden.then(|| Threads { value: 1, stated_as: "its start script".into(), span });
    };
    let is_class = |setting: &&Setting| setting.key == "worker_class";
    let class = service.settings.iter().find(is_class).and_then(|setting| text(&setting.value)).unwrap_or_default();
    let is_other = |word: &str| program.unless.iter().any(|other| word.to_ascii_lowercase().contains(other));
    if words[at + 1..].iter().any(|word| is_other(word)) || is_other(&class) {
        return None;
    }
    let bounded = |value: Option<u32>, stated_as: String, span| {
        Some(Threads { value: value.unwrap_or(1), stated_as: stated_as.into(), span })
    };
    let rest = &words[at + 1..];
    if let Some(at) = rest.iter().rposition(|word| program.options.contains(word)) {
        return bounded(rest.get(at + 1).and_then(|word| most(word)), format!("{} {}", program.name, rest[at]), span);
    }
    let stated = |settings: &'_ [Setting], keys: &[&str]| {
        let setting = settings.iter().rev().find(|setting| keys.contains(&setting.key.as_str()))?;
        // `threads = 1` may read like a truth.
        let value = match &setting.value {
            Value::Bool(_) => None,
            value => processes::number_of(program.name, value).map(Number::least),
        };
        Some((value, setting.key.to_string(), setting.span))
    };
    let stated =
        stated(&service.settings, &program.settings).or_else(|| stated(&service.environment, &program.variables));
    if let Some((value, key, span)) = stated {
        return bounded(value, format!("{} {key}", program.name), span);
    }
    bounded(Some(program.by_default), format!("the default of {}", program.name), span)
}

fn program(word: &str) -> Option<&'static Program> {
    let name = word.rsplit('/').next().unwrap_or(word).to_ascii_lowercase();
    PROGRAMS.iter().find(|program| program.name == name)
}

/// The command, and what a script runs that it names.
fn lines(service: &Service) -> Vec<String> {
    let is_line = |setting: &&Setting| setting.key == "ENTRYPOINT" || setting.key.starts_with(SCRIPT);
    let stated = service.settings.iter().filter(is_line).filter_map(|setting| text(&setting.value));
    service.command.iter().map(ToString::to_string).chain(stated).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// `4`, and `1:5` for Puma's fewest and most.
fn most(word: &str) -> Option<u32> {
    word.rsplit(':').next()?.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(command: &str) -> Service {
        Service { command: Some(command.into()), ..Service::named("web", Span::on_line(2, 1, 2)) }
    }

    #[test]
    fn programs_bound_what_a_process_does_at_a_time() {
        for (command, expected) in [
            ("gunicorn -w 4 shop:app", Some(1)),
            ("gunicorn -w 4 --threads 8 shop:app", Some(8)),
            ("gunicorn --threads=8 shop:app", Some(8)),
            ("gunicorn --threads $THREADS shop:app", Some(1)),
            ("gunicorn -k uvicorn.workers.UvicornWorker shop:app", None),
            ("gunicorn --worker-class=gevent shop:app", None),
            ("celery -A shop worker -c 8", Some(1)),
            ("celery -A shop worker -P gevent -c 500", None),
            ("bundle exec puma -t 2:16", Some(16)),
            ("bundle exec sidekiq -c 20", Some(20)),
            ("uvicorn shop:app --workers 4", None),
            ("node server.js", None),
            ("./start.sh", Some(1)),
        ] {
            assert_eq!(of(&service(command)).map(|threads| threads.value), expected, "{command}");
        }
    }

    #[test]
    fn settings_and_variables_state_it_as_well() {
        let setting =
            |key: &str, value| Setting { key: key.into(), value, function: None, span: Span::on_line(7, 1, 2) };
        let mut web = service("gunicorn -c gunicorn.conf.py shop:app");
        web.settings = vec![setting("threads", Value::Number(4.0))];
        assert_eq!(of(&web).map(|threads| (threads.value, threads.span.line)), Some((4, 7)));
        web.settings = vec![setting("worker_class", Value::Text("uvicorn.workers.UvicornWorker".into()))];
        assert_eq!(of(&web), None);
        let mut jobs = service("bundle exec sidekiq");
        assert_eq!(of(&jobs).map(|threads| threads.value), Some(5));
        jobs.environment = vec![setting("RAILS_MAX_THREADS", Value::Text("12".into()))];
        assert_eq!(of(&jobs).map(|threads| threads.value), Some(12));
        jobs.environment = vec![setting("RAILS_MAX_THREADS", Value::Unknown)];
        assert_eq!(of(&jobs).map(|threads| threads.value), Some(1), "stated, and not known: at least one");
    }
}
