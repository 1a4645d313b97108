//! How many worker processes one instance runs: `gunicorn -w 4`, `WEB_CONCURRENCY=4`, `workers = 4` in gunicorn.conf.py.

use std::sync::Arc;

use super::command::{self, Command};
use super::{Place, SEVERAL, span_between};
use crate::model::Name;
use crate::model::command_line::{self, Word};
use crate::model::deployment::Count;
use crate::model::fact::{COMMAND, SCRIPT, Setting, Value};
use crate::model::location::{Location, Span};

const TABLE: &str = include_str!("processes.tsv");

/// The number of processes of an instance that runs `commands` with `environment`. What the command says comes before what
/// its environment says, as the programs themselves have it. `None` where nothing states a number.
pub fn of(path: &Arc<str>, commands: &[Command], environment: &[Setting]) -> Option<Count> {
    let count = |(value, stated_as, span)| Count { value, stated_as, location: Location::new(Arc::clone(path), span) };
    commands.iter().find_map(in_command).or_else(|| in_environment(environment)).map(count)
}

/// `workers = 4` among the settings of a gunicorn.conf.py, which is Python and read as such.
pub fn workers_of_settings(path: &Arc<str>, settings: &[Setting]) -> Option<Count> {
    let setting = settings.iter().rev().find(|setting| matches!(setting.key.as_str(), "~workers" | "workers"))?;
    let value = whole_number(&setting.value)?;
    Some(Count {
        value,
        stated_as: Name::new("gunicorn workers"),
        location: Location::new(Arc::clone(path), setting.span),
    })
}

/// The number of processes that a start script asks for.
pub fn of_script(path: &Arc<str>, settings: &[Setting]) -> Option<Count> {
    let is_command = |setting: &&Setting| setting.key.starts_with(COMMAND) || setting.key == format!("{SCRIPT}last");
    settings.iter().filter(is_command).find_map(|setting| {
        let Value::Text(text) = &setting.value else { return None };
        let letters: Vec<_> = text.chars().map(|char| ((setting.span.line, setting.span.column), char)).collect();
        let (value, stated_as, _) = in_command(&command::words(&letters)).filter(|stated| stated.0 != 1)?;
        Some(Count { value, stated_as, location: Location::new(Arc::clone(path), setting.span) })
    })
}

type Stated = (u32, Name, Span);

fn in_command(command: &Command) -> Option<Stated> {
    command.iter().enumerate().find_map(|(index, word)| {
        let program = command::program(word);
        let rest = &command[index + 1..];
        options_of(&program).find_map(|option| in_option(&program, option, rest)).or_else(|| in_assignment(word))
    })
}

fn options_of(program: &str) -> impl Iterator<Item = &'static str> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let columns = rows.filter_map(|line| line.split_once('\t')).filter(move |(name, _)| *name == program);
    columns.flat_map(|(_, rest)| rest.split('\t').next().unwrap_or_default().split(' '))
}

/// `--workers 4`, `--workers=4`, `-w 4`, `-w4`. The last of several counts, as in the programs' own parsers.
fn in_option(program: &str, option: &str, words: &[Word<Place>]) -> Option<Stated> {
    let long = option.starts_with("--");
    words.iter().enumerate().rev().find_map(|(index, word)| {
        let text = command_line::text(word);
        let rest = text.strip_prefix(option)?;
        let (value, last) = match rest.strip_prefix('=').or((!long && !rest.is_empty()).then_some(rest)) {
            Some(value) => (number(value)?, word),
            None if rest.is_empty() => {
                let next = words.get(index + 1)?;
                (number(&command_line::text(next))?, next)
            }
            None => return None,
        };
        let span = span_between(word.first()?.at, last.last()?.at);
        Some((value, format!("{program} {option}").into(), span))
    })
}

/// `WEB_CONCURRENCY=4 gunicorn …`, also behind `env` and `export`.
fn in_assignment(word: &Word<Place>) -> Option<Stated> {
    let text = command_line::text(word);
    let value = text.strip_prefix("WEB_CONCURRENCY=")?.parse().ok()?;
    Some((value, Name::new("WEB_CONCURRENCY"), span_between(word.first()?.at, word.last()?.at)))
}

/// `GUNICORN_CMD_ARGS="--workers=4"` and `WEB_CONCURRENCY: 4`. gunicorn, uvicorn, Puma and many images read the latter.
fn in_environment(environment: &[Setting]) -> Option<Stated> {
    let find = |key: &str| environment.iter().rev().find(|setting| setting.key == key);
    let arguments = find("GUNICORN_CMD_ARGS").and_then(|Setting { value, span, .. }| {
        let Value::Text(text) = value else { return None };
        let letters: Vec<_> = text.chars().map(|char| ((span.line, span.column), char)).collect();
        let words = command::words(&letters);
        let (value, _, _) = options_of("gunicorn").find_map(|option| in_option("gunicorn", option, &words))?;
        Some((value, Name::new("GUNICORN_CMD_ARGS"), *span))
    });
    arguments.or_else(|| {
        let Setting { value, span, .. } = find("WEB_CONCURRENCY")?;
        Some((whole_number(value)?, Name::new("WEB_CONCURRENCY"), *span))
    })
}

/// `max` and pm2's `0` mean one for each processor.
fn number(text: &str) -> Option<u32> {
    match text {
        "max" | "auto" | "0" => Some(SEVERAL),
        _ => text.parse().ok(),
    }
}

fn whole_number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number) => {
            Some(*number as u32)
        }
        Value::Environment { fallback: Some(fallback), .. } => whole_number(fallback),
        Value::Text(text) => text.parse().ok(),
        // `int(os.environ.get("WORKERS", 4))`
        Value::Call { callee, arguments } if callee == "int" => whole_number(&arguments.first()?.value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::fact::Argument;

    fn stated(line: &str) -> Option<(u32, String, u32, u32)> {
        let letters: Vec<_> = line.chars().enumerate().map(|(at, char)| ((1, at as u32 + 1), char)).collect();
        let count = of(&"f".into(), &command::simple_commands(&command::words(&letters)), &[])?;
        Some((count.value, count.stated_as.to_string(), count.location.span.column, count.location.span.end_column))
    }

    fn workers(line: &str) -> Option<u32> {
        stated(line).map(|stated| stated.0)
    }

    fn setting(key: &str, value: Value) -> Setting {
        Setting { key: key.into(), value, function: None, span: Span::on_line(3, 5, 9) }
    }

    #[test]
    fn every_spelling_of_the_option_is_understood() {
        for line in [
            "gunicorn -w 4 app:app",
            "gunicorn app:app -w4",
            "gunicorn --workers 4 app:app",
            "gunicorn --workers=4 app:app",
            "/venv/bin/gunicorn app:app -b :80 --workers=4",
            "exec gunicorn -w 4 app:app",
            "PORT=80 poetry run gunicorn -w 4 app:app",
            "python manage.py migrate && gunicorn -w 4 app:app",
            "pip install gunicorn; gunicorn -w 4 app:app",
            "sh -c \"exec gunicorn -w '4' app:app\"",
            "python -m uvicorn app:app --workers 4",
            "WEB_CONCURRENCY=4 gunicorn app:app",
            "gunicorn -w 2 -w 4 app:app",
            "pm2-runtime start app.js -i 4",
            "uwsgi --http :80 --processes 4",
        ] {
            assert_eq!(workers(line), Some(4), "{line}");
        }
    }

    #[test]
    fn what_is_no_worker_option_is_left_alone() {
        for line in [
            "gunicorn app:app",
            "gunicorn -w $N app:app",
            "node -w 4",
            "uvicorn -w 4",
            "gunicorn --workers-x=4",
            "gunicorn -w",
            "",
            "\"\" -w",
        ] {
            assert_eq!(workers(line), None, "{line}");
        }
    }

    #[test]
    fn the_span_covers_option_and_number_even_within_a_nested_script() {
        assert_eq!(stated("gunicorn -w 4 app"), Some((4, "gunicorn -w".into(), 10, 14)));
        assert_eq!(stated("sh -c 'gunicorn --workers=12'"), Some((12, "gunicorn --workers".into(), 17, 29)));
    }

    #[test]
    fn as_many_as_there_are_processors_are_several() {
        assert_eq!(workers("pm2 start app.js -i max"), Some(SEVERAL));
    }

    #[test]
    fn the_environment_counts_where_the_command_says_nothing() {
        let environment = [setting("WEB_CONCURRENCY", Value::Text("3".into()))];
        let count = of(&"f".into(), &[], &environment).unwrap();
        assert_eq!((count.value, count.stated_as.as_str(), count.location.span.line), (3, "WEB_CONCURRENCY", 3));
        let arguments = setting("GUNICORN_CMD_ARGS", Value::Text("--bind :80 --workers=5".into()));
        assert_eq!(of(&"f".into(), &[], &[environment[0].clone(), arguments]).unwrap().value, 5);
        let unknown = [setting("WEB_CONCURRENCY", Value::Unknown)];
        assert_eq!(of(&"f".into(), &[], &unknown), None);
    }

    #[test]
    fn gunicorn_settings_in_python_are_understood() {
        let count = |value| {
            workers_of_settings(&"gunicorn.conf.py".into(), &[setting("~workers", value)]).map(|count| count.value)
        };
        assert_eq!(count(Value::Number(4.0)), Some(4));
        let fallback = Some(Box::new(Value::Text("6".into())));
        let environment = Value::Environment { name: "W".into(), fallback };
        let call = Value::Call { callee: "int".into(), arguments: vec![Argument { name: None, value: environment }] };
        assert_eq!(count(call), Some(6));
        assert_eq!(count(Value::Unknown), None);
        assert_eq!(count(Value::Number(-1.0)), None);
    }

    #[test]
    fn every_row_of_the_table_is_complete() {
        for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = row.split('\t').collect();
            assert_eq!(columns.len(), 3, "{row}");
            assert!(columns[1].split(' ').all(|option| option.starts_with('-')), "{row}");
            assert!(columns[2].starts_with("https://"), "{row}");
        }
    }

    proptest! {
        #[test]
        fn no_command_makes_it_panic(line in "(gunicorn|sh -c|-w|--workers=?| |'|\"|\\\\|4|;|ä){0,12}") {
            let _ = workers(&line);
        }
    }
}
