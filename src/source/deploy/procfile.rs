//! Procfile: one process type and its command a line.
//!
//! Format: <https://devcenter.heroku.com/articles/procfile#procfile-format>.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Comment, File, Found, command, processes, role};
use crate::model::Name;
use crate::model::deployment::{Role, Service};
use crate::model::location::Span;
use crate::model::problem::Problem;

pub fn read(File { path, text, .. }: &File<'_>) -> Found {
    let mut found = Found::default();
    let mut known = HashMap::new();
    let problem = |found: &mut Found, message: String, span: Span, help: &str| {
        if super::has_room(&mut found.problems, path) {
            found.problems.push(Problem::new(message).at(path, span, text).help(help));
        }
    };
    for (number, line) in (1..).zip(text.lines()) {
        let indent = line.chars().take_while(|char| char.is_whitespace()).count() as u32;
        let trimmed = line.trim();
        let width = trimmed.chars().count() as u32;
        let span = Span::on_line(number, indent + 1, indent + 1 + width);
        if let Some(comment) = trimmed.strip_prefix('#') {
            found.comments.push(Comment { text: comment.to_string(), own_line: true, span });
        } else if let Some((name, command)) = process(trimmed) {
            // The release process runs once for each release, whatever the number of instances.
            if name != "release" {
                let span = Span { end_column: span.column + name.len() as u32, ..span };
                let service = service(path, name, command, span);
                // Of two lines for one process type the later one counts.
                let at = *known.entry(name).or_insert(found.services.len());
                match found.services.get_mut(at) {
                    None => found.services.push(service),
                    Some(earlier) => {
                        *earlier = service;
                        let message = format!("the process type `{name}` is here a second time");
                        problem(&mut found, message, span, "Keep one of them; this one was read.");
                    }
                }
            }
        } else if !trimmed.is_empty() {
            let help = "Write a name of letters, digits, `_` and `-`, a colon and a command.";
            problem(&mut found, "this is no `process type: command`".to_owned(), span, help);
        }
    }
    found
}

fn process(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let is_name =
        !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'));
    (is_name && !command.trim().is_empty()).then_some((name, command))
}

fn service(path: &Arc<str>, name: &str, command: &str, span: Span) -> Service {
    let commands =
        command::simple_commands(&command::words(&command::letters(command, (span.line, span.end_column + 1))));
    let by_name = if name == "web" { Some(Role::Web) } else { role::of_name(name) };
    // Requests reach what is called so, whatever else of the platform could answer some.
    let by_command =
        role::of_commands(&commands).filter(|role| name != "web" && (*role != Role::Web || by_name.is_none()));
    Service {
        kind: Name::new_static("process"),
        role: by_command.or(by_name).unwrap_or(Role::Unknown),
        command: Some(Name::new(command.trim())),
        command_span: Some(span),
        processes: processes::of(path, &commands, &[]).filter(|count| count.value != 1),
        ..Service::named(name, span)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Found {
        read(&File { path: "Procfile".into(), text, beside: &|_| None })
    }

    #[test]
    fn a_bot_is_one_however_its_process_is_called() {
        let role = |line: &str| found(line).services[0].role;
        assert_eq!(role("worker: python bot.py\n"), Role::Bot);
        assert_eq!(role("worker: gunicorn shop:app\n"), Role::Worker, "no request reaches it");
        assert_eq!(role("server: gunicorn shop:app\n"), Role::Web);
        assert_eq!(role("web: python bot.py\n"), Role::Web);
    }

    #[test]
    fn lines_are_services_with_role_command_and_processes() {
        let text = "# how it runs\nrelease: python manage.py migrate\nweb: gunicorn -w 3 shop.wsgi\n\nclock: python clock.py\n\
                    tg: python bot.py\nworker: celery -A shop worker\n";
        let found = found(text);
        let seen: Vec<_> = found.services.iter().map(|s| (s.name.as_str(), s.role, s.span.line)).collect();
        assert_eq!(
            seen,
            [("web", Role::Web, 3), ("clock", Role::Cron, 5), ("tg", Role::Bot, 6), ("worker", Role::Worker, 7)]
        );
        let web = &found.services[0];
        assert_eq!(web.span, Span::on_line(3, 1, 4));
        assert_eq!(web.command.as_deref(), Some("gunicorn -w 3 shop.wsgi"));
        let processes = web.processes.as_ref().unwrap();
        assert_eq!((processes.value, processes.location.span), (3, Span::on_line(3, 15, 19)));
        assert!(found.problems.is_empty());
    }

    #[test]
    fn one_process_is_nothing_to_tell() {
        assert_eq!(found("web: gunicorn -w 1 app\n").services[0].processes, None);
    }

    #[test]
    fn a_line_that_is_no_process_is_a_problem_with_its_line() {
        let found = found("web: a\nnonsense\n  bad name: x\nempty:\n");
        let seen: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0], "Procfile:2:1: this is no `process type: command`");
        assert!(seen[1].starts_with("Procfile:3:3:"), "{seen:?}");
    }

    #[test]
    fn of_two_lines_for_one_process_the_later_counts() {
        let found = found("web: gunicorn shop.wsgi\nclock: python clock.py\nweb: honcho start\n");
        let seen: Vec<_> = found.services.iter().map(|s| (s.name.as_str(), s.span.line)).collect();
        assert_eq!(seen, [("web", 3), ("clock", 2)]);
        assert_eq!(found.problems[0].to_string(), "Procfile:3:1: the process type `web` is here a second time");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|: |#|web){0,40}") {
            let _ = found(&text);
        }
    }
}
