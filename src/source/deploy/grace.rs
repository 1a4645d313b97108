//! How long a program lets what it works on go on once it is told to stop: `gunicorn --graceful-timeout 60`.

use std::sync::LazyLock;

use super::told::{self, Programs, Told};
use crate::model::deployment::Service;

static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| Programs::read(include_str!("grace.tsv")));

/// The seconds that the program of the service gives; `None` where that is not known.
pub fn of(service: &Service) -> Option<Told> {
    let lines = told::lines(service);
    let words = told::words(&lines);
    let (program, rest) = PROGRAMS.started(&words)?;
    program.told(rest, service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::{Setting, Value};
    use crate::model::location::Span;

    fn seconds(command: &str) -> Option<u32> {
        of(&Service { command: Some(command.into()), ..Service::named("web", Span::default()) })?.value
    }

    #[test]
    fn programs_state_how_long_they_drain() {
        for (command, expected) in [
            ("gunicorn shop:app", Some(30)),
            ("gunicorn --graceful-timeout 60 shop:app", Some(60)),
            ("gunicorn --graceful-timeout=60 -k uvicorn.workers.UvicornWorker shop:app", Some(60)),
            ("gunicorn --graceful-timeout $DRAIN shop:app", None),
            ("python -m uvicorn shop:app --timeout-graceful-shutdown 20", Some(20)),
            ("uvicorn shop:app", None),
            ("hypercorn shop:app", Some(3)),
            ("bundle exec sidekiq", Some(25)),
            ("bundle exec sidekiq -t 8", Some(8)),
            ("bundle exec puma", None),
            ("node server.js", None),
        ] {
            assert_eq!(seconds(command), expected, "{command}");
        }
    }

    #[test]
    fn its_own_file_states_it_as_well() {
        let key = "graceful_timeout".into();
        let setting = Setting { key, value: Value::Number(45.0), function: None, span: Span::on_line(7, 1, 2) };
        let web = Service {
            command: Some("gunicorn -c gunicorn.conf.py shop:app".into()),
            settings: vec![setting],
            ..Service::named("web", Span::default())
        };
        let told = of(&web).unwrap();
        assert_eq!((told.value, told.stated_as.as_str(), told.span.line), (Some(45), "gunicorn graceful_timeout", 7));
        assert!(!told.by_default);
    }
}
