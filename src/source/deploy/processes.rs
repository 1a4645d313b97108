//! How many worker processes one instance runs: `gunicorn -w 4`, `WEB_CONCURRENCY=4`, `workers = 4` in gunicorn.conf.py.

use std::sync::{Arc, LazyLock};

use super::command::{self, Command};
use super::{Place, span_between};
use crate::model::Name;
use crate::model::command_line::{self, Word};
use crate::model::deployment::{Count, Number};
use crate::model::fact::{COMMAND, SCRIPT, Setting, Value};
use crate::model::location::{Location, Span};

const TABLE: &str = include_str!("processes.tsv");

/// The number of processes of an instance that runs `commands` with `environment`. What the command says comes before what
/// its environment says, as the programs themselves have it. `None` where nothing states a number.
pub fn of(path: &Arc<str>, commands: &[Command], environment: &[Setting]) -> Option<Count> {
    let count = |(value, stated_as, span)| Count::new(value, stated_as, Location::new(Arc::clone(path), span));
    commands.iter().find_map(in_command).or_else(|| in_environment(environment)).map(count)
}

type Stated = (Number, Name, Span);

/// One row of the table.
struct Program {
    name: &'static str,
    options: Vec<&'static str>,
    variables: Vec<&'static str>,
    unless: Vec<&'static str>,
}

static PROGRAMS: LazyLock<Vec<Program>> = LazyLock::new(|| {
    let words = |column: Option<&'static str>| {
        column.unwrap_or_default().split(' ').filter(|word| !matches!(*word, "" | "-")).collect::<Vec<_>>()
    };
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).map(|row| row.split('\t'));
    rows.filter_map(|mut columns| {
        let name = columns.next()?;
        let (options, variables, unless) = (words(columns.next()), words(columns.next()), words(columns.next()));
        Some(Program { name, options, variables, unless })
    })
    .collect()
});

fn program(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

/// The program of the table that a command line runs: `poetry run gunicorn app:app` is `gunicorn`, `php-fpm8.3 -F` is `php-fpm`.
pub fn program_of(command: &str) -> Option<&'static str> {
    command.split([' ', ';', '&', '|', '"', '\'']).find_map(|word| {
        let name = word.rsplit('/').next().unwrap_or(word).to_ascii_lowercase();
        let without_version = name.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
        program(&name).or_else(|| program(without_version)).map(|program| program.name)
    })
}

/// PHP's manager of processes.
pub const PHP_FPM: &str = "php-fpm";

/// Do these processes keep nothing that one request leaves for the next? Those of PHP-FPM begin each request with fresh memory, and share
/// their disk, their sessions and APCu: what breaks between instances does not break between them.
pub fn keep_nothing(processes: &Count) -> bool {
    processes.stated_as.starts_with(PHP_FPM)
}

/// The number of processes that a start script asks for.
pub fn of_script(path: &Arc<str>, settings: &[Setting]) -> Option<Count> {
    let is_command = |setting: &&Setting| setting.key.starts_with(COMMAND) || setting.key == format!("{SCRIPT}last");
    settings.iter().filter(is_command).find_map(|setting| {
        let Value::Text(text) = &setting.value else { return None };
        let letters: Vec<_> = text.chars().map(|char| ((setting.span.line, setting.span.column), char)).collect();
        let (value, stated_as, _) =
            in_command(&command::words(&letters)).filter(|stated| stated.0 != Number::Exactly(1))?;
        Some(Count::new(value, stated_as, Location::new(Arc::clone(path), setting.span)))
    })
}

/// Is it a variable by which some program learns how many workers to start?
pub fn is_variable(name: &str) -> bool {
    name == ARGUMENTS || PROGRAMS.iter().any(|program| program.variables.contains(&name))
}

/// Does the program read that variable?
pub fn reads(name: &str, variable: &str) -> bool {
    let reads = |program: &Program| program.variables.contains(&variable);
    program(name).is_some_and(reads) || name == "gunicorn" && variable == ARGUMENTS
}

fn in_command(command: &Command) -> Option<Stated> {
    command.iter().enumerate().find_map(|(index, word)| {
        let rest = &command[index + 1..];
        let program = program(&command::program(word));
        program.and_then(|program| in_options(program, rest)).or_else(|| in_assignment(word))
    })
}

fn in_options(program: &Program, words: &[Word<Place>]) -> Option<Stated> {
    let is_other = |word: &Word<Place>| {
        let text = command_line::text(word);
        program.unless.iter().any(|other| text == *other || text.ends_with(&format!("={other}")))
    };
    let mut options = program.options.iter();
    if words.iter().any(is_other) { None } else { options.find_map(|option| in_option(program.name, option, words)) }
}

/// `--workers 4`, `--workers=4`, `-w 4`, `-w4`. The last of several counts, as in the programs' own parsers.
fn in_option(program: &str, option: &str, words: &[Word<Place>]) -> Option<Stated> {
    let long = option.starts_with("--");
    words.iter().enumerate().rev().find_map(|(index, word)| {
        let text = command_line::text(word);
        let rest = text.strip_prefix(option)?;
        let (value, last) = match rest.strip_prefix('=').or((!long && !rest.is_empty()).then_some(rest)) {
            Some(value) => (number(program, value)?, word),
            None if rest.is_empty() => {
                let next = words.get(index + 1)?;
                (number(program, &command_line::text(next))?, next)
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
    let (name, value) = text.split_once('=').filter(|(name, _)| is_variable(name))?;
    Some((number(name, value)?, Name::new(name), span_between(word.first()?.at, word.last()?.at)))
}

/// What gunicorn takes for further options: <https://docs.gunicorn.org/en/stable/configure.html#environment-variables>.
const ARGUMENTS: &str = "GUNICORN_CMD_ARGS";

/// `GUNICORN_CMD_ARGS="--workers=4"` and `WEB_CONCURRENCY: 4`. gunicorn, uvicorn, Puma and many images read the latter.
fn in_environment(environment: &[Setting]) -> Option<Stated> {
    let arguments = environment.iter().rev().find(|setting| setting.key == ARGUMENTS).and_then(|setting| {
        let Value::Text(text) = &setting.value else { return None };
        let span = setting.span;
        let letters: Vec<_> = text.chars().map(|char| ((span.line, span.column), char)).collect();
        let (value, _, _) = in_options(program("gunicorn")?, &command::words(&letters))?;
        Some((value, Name::new(ARGUMENTS), span))
    });
    arguments.or_else(|| {
        let setting = environment.iter().rev().find(|setting| is_variable(&setting.key))?;
        Some((number_of(&setting.key, &setting.value)?, setting.key.clone(), setting.span))
    })
}

/// A number as the command line of a program has it. `max` and `auto` mean as many as there are processors, and so does what
/// `nproc` counts; `10,3` is the most and the fewest of an autoscaler.
fn number(program: &str, text: &str) -> Option<Number> {
    let text = text.trim();
    if matches!(text, "max" | "auto") || text.starts_with("$(") && text.contains("nproc") {
        return Some(Number::Several);
    }
    if let Ok(number @ ..=0) = text.parse::<i32>() {
        return none_or_several(program, number);
    }
    let fallback = text.strip_prefix("${").and_then(|inner| inner.strip_suffix('}')?.split_once('-'));
    match fallback {
        Some((_, fallback)) => fallback.parse().ok().map(Number::Exactly),
        None => text.split(',').next()?.parse().ok().map(Number::Exactly),
    }
}

/// pm2 counts down from the number of processors: <https://pm2.keymetrics.io/docs/usage/cluster-mode/>. To others 0 is no number of
/// workers: Puma then starts none beside itself.
fn none_or_several(program: &str, number: i32) -> Option<Number> {
    match number {
        _ if program.starts_with("pm2") => Some(Number::Several),
        0 => Some(Number::Exactly(1)),
        _ => None,
    }
}

/// What counts the processors of a machine, as the languages spell it.
const PROCESSORS: [&str; 12] = [
    "multiprocessing.cpu_count",
    "os.cpu_count",
    "os.process_cpu_count",
    "psutil.cpu_count",
    "os.cpus",
    "node:os.cpus",
    "os.availableParallelism",
    "node:os.availableParallelism",
    "Etc.nprocessors",
    "Concurrent.physical_processor_count",
    "Concurrent.processor_count",
    "Concurrent.available_processor_count",
];

/// Does the symbol count the processors of the machine: `os.cpus().length`?
pub fn counts_processors(symbol: &str) -> bool {
    PROCESSORS
        .iter()
        .any(|known| symbol.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('(')))
}

/// A number of workers of a program that is a value of code, or of a file of settings.
pub fn number_of(program: &str, value: &Value) -> Option<Number> {
    let number_of = |value| number_of(program, value);
    match value {
        Value::Number(number) if number.fract() == 0.0 && (-1000.0..=1_000_000.0).contains(number) => {
            let number = *number as i32;
            if number > 0 { Some(number.unsigned_abs().into()) } else { none_or_several(program, number) }
        }
        Value::Bool(true) => Some(Number::Several),
        Value::Environment { fallback: Some(fallback), .. } => number_of(fallback),
        Value::Text(text) => number(program, text),
        Value::Name(symbol) if counts_processors(symbol) => Some(Number::Several),
        Value::Call { callee, .. } if counts_processors(callee) => Some(Number::Several),
        // `int(os.environ.get("WORKERS", 4))`
        Value::Call { callee, arguments } if matches!(callee.as_str(), "int" | "Integer" | "Number" | "parseInt") => {
            number_of(&arguments.first()?.value)
        }
        // `max(2, os.cpu_count())`
        Value::Call { callee, arguments } if matches!(callee.as_str(), "max" | "Math.max") => {
            arguments.iter().filter_map(|argument| number_of(&argument.value)).max()
        }
        Value::OneOf(values) => values.iter().filter_map(number_of).max(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::deployment::SEVERAL;
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
            "celery -A shop worker -c 4",
            "celery -A shop worker --autoscale=4,2",
            "php artisan octane:start --workers=4",
            "rq worker-pool -n 4",
            "gunicorn -w ${WORKERS:-4} app:app",
        ] {
            assert_eq!(workers(line), Some(4), "{line}");
        }
    }

    #[test]
    fn what_is_no_worker_option_is_left_alone() {
        for line in [
            "gunicorn app:app",
            "gunicorn -w $N app:app",
            "celery -A shop worker -c 100 -P gevent",
            "celery -A shop worker -c 100 --pool=eventlet",
            "bundle exec sidekiq -c 10",
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
        for line in
            ["pm2 start app.js -i max", "pm2 start app.js -i -1", "gunicorn --workers=$(nproc) app", "puma -w auto"]
        {
            assert_eq!(workers(line), Some(SEVERAL), "{line}");
        }
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
    fn values_of_code_are_numbers() {
        let fallback = |value| Value::Environment { name: "W".into(), fallback: Some(Box::new(value)) };
        let call = |callee: &str, value| Value::Call {
            callee: callee.into(),
            arguments: vec![Argument { name: None, value }],
        };
        assert_eq!(number_of("", &Value::Number(4.0)), Some(Number::Exactly(4)));
        assert_eq!(number_of("", &call("int", fallback(Value::Text("6".into())))), Some(Number::Exactly(6)));
        assert_eq!(number_of("", &call("max", call("os.cpu_count", Value::Null))), Some(Number::Several));
        assert_eq!(number_of("", &Value::Name("os.cpus().length".into())), Some(Number::Several));
        assert_eq!(
            number_of("pm2", &Value::Number(-1.0)),
            Some(Number::Several),
            "pm2's: one less than there are processors"
        );
        for unknown in [Value::Unknown, Value::Number(-3.0), Value::Number(1.5), Value::Bool(false)] {
            assert_eq!(number_of("", &unknown), None);
        }
    }

    #[test]
    fn the_program_of_a_command_line_is_known() {
        assert_eq!(program_of("cd /srv && exec /venv/bin/gunicorn app:app"), Some("gunicorn"));
        assert_eq!(program_of("node server.js"), None);
        assert!(reads("puma", "WEB_CONCURRENCY") && !reads("celery", "WEB_CONCURRENCY"));
        assert!(reads("gunicorn", "GUNICORN_CMD_ARGS") && is_variable("UWSGI_PROCESSES"));
    }

    #[test]
    fn every_row_of_the_table_is_complete() {
        for row in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = row.split('\t').collect();
            assert_eq!(columns.len(), 5, "{row}");
            assert!(columns[1].split(' ').all(|option| option.starts_with('-')), "{row}");
            assert!(columns[4].starts_with("https://"), "{row}");
        }
    }

    proptest! {
        #[test]
        fn no_command_makes_it_panic(line in "(gunicorn|sh -c|-w|--workers=?| |'|\"|\\\\|4|;|ä){0,12}") {
            let _ = workers(&line);
        }
    }
}
