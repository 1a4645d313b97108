//! How many requests a process answers at a time, where its program bounds that: `gunicorn --threads 4`, one without.

use std::sync::LazyLock;

use super::told::{self, Programs};
use crate::model::Name;
use crate::model::deployment::Service;
use crate::model::location::Span;

static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| Programs::read(include_str!("threads.tsv")));

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
    let lines = told::lines(service);
    let words = told::words(&lines);
    let Some((program, rest)) = PROGRAMS.started(&words) else {
        // What a script starts that is not here, nobody knows.
        let is_hidden = lines.len() == 1 && words.iter().any(|word| word.ends_with(".sh"));
        let span = service.command_span.unwrap_or(service.span);
        return is_hidden.then(|| Threads { value: 1, stated_as: "its start script".into(), span });
    };
    let told = program.told(rest, service)?;
    Some(Threads { value: told.value.unwrap_or(1), stated_as: told.stated_as, span: told.span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::{Setting, Value};

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
