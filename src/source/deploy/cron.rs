//! crontabs: <https://man7.org/linux/man-pages/man5/crontab.5.html>. Each line that starts something is a service that a clock runs.

use super::{Comment, File, Found, command, program};
use crate::model::Name;
use crate::model::deployment::Role;
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::model::problem::Problem;
use crate::source::{file_name, has_room};

/// Variables that each line is given.
const MOST_VARIABLES: usize = 50;
/// Nicknames of times.
const NICKNAMES: [&str; 9] =
    ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@every"];

pub fn read(File { path, text, .. }: &File<'_>) -> Found {
    let mut found = Found::default();
    let has_users = has_users(path);
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim();
        let start = line.len() - line.trim_start().len();
        let span = |from: usize, to: usize| {
            let count = |at: usize| line.get(..at).unwrap_or(line).chars().count() as u32 + 1;
            Span::on_line(number, count(from), count(to))
        };
        let whole = span(start, start + content.len());
        if let Some(comment) = content.strip_prefix('#') {
            found.comments.push(Comment { text: comment.to_owned(), own_line: true, span: whole });
        } else if let Some(setting) = variable(content, whole) {
            found.settings.push(setting);
        } else if let Some(line) = started(content, has_users) {
            let schedule = &content[..content.len() - line.len()];
            let at = start + schedule.len();
            // A `%` begins what is written to the command.
            let end = line.match_indices('%').map(|(at, _)| at).find(|at| !line[..*at].ends_with('\\'));
            let line = line[..end.unwrap_or(line.len())].trim_end();
            let environment = found.settings.iter().take(MOST_VARIABLES).cloned().collect();
            let place = (number, span(at, at).column);
            let mut service =
                program::service(path, "job", (&name(line), whole), &command::letters(line, place), environment);
            service.role = Role::Cron;
            let value = Value::Text(Name::new(schedule.trim()));
            service.settings.push(Setting { key: Name::new("schedule"), value, function: None, span: whole });
            found.services.push(service);
        } else if !content.is_empty() && has_room(&mut found.problems, path) {
            let help = "A line is five fields of time or a nickname like `@daily`, and a command; it is passed over.";
            found.problems.push(Problem::new("this is no line of a crontab").at(path, whole, text).help(help));
        }
    }
    // Something else that lies in a folder of that name.
    if found.services.is_empty() && !file_name(path).contains("cron") {
        found.problems.clear();
    }
    found
}

/// `/etc/crontab` and files in `cron.d` name the user before the command.
fn has_users(path: &str) -> bool {
    path.contains("cron.d/") || path.ends_with("etc/crontab")
}

/// Names of users, which are no programs: a file that becomes `/etc/crontab` in an image is often called `crontab` alone.
const USERS: [&str; 5] = ["daemon", "nobody", "root", "ubuntu", "www-data"];

/// `MAILTO=ops`, `PATH = /usr/bin`.
fn variable(line: &str, span: Span) -> Option<Setting> {
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    let is_name = !key.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !key.starts_with(|c: char| c.is_ascii_digit());
    let value = Value::Text(Name::new(value.trim().trim_matches(['"', '\''])));
    is_name.then(|| Setting { key: Name::new(key), value, function: None, span })
}

/// What the line starts.
fn started(line: &str, has_users: bool) -> Option<&str> {
    let mut rest = line;
    let first = take(&mut rest)?;
    if NICKNAMES.contains(&first) {
        if first == "@every" {
            take(&mut rest)?;
        }
    } else {
        let mut is_time = is_field(first);
        for _ in 1..5 {
            is_time &= take(&mut rest).is_some_and(is_field);
        }
        if !is_time {
            return None;
        }
    }
    let mut after = rest;
    if has_users || take(&mut after).is_some_and(|word| USERS.contains(&word)) && !after.is_empty() {
        take(&mut rest)?;
    }
    (!rest.is_empty()).then_some(rest)
}

fn take<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let end = rest.find([' ', '\t']).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after.trim_start();
    (!word.is_empty()).then_some(word)
}

/// `*/5`, `1-5`, `mon,wed`, `H`, `30`.
fn is_field(word: &str) -> bool {
    let is_part = |part: &str| {
        let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_day = part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_number || is_day || matches!(part, "*" | "H" | "L" | "?")
    };
    word.split([',', '-', '/', '~', '#']).all(is_part)
}

/// Shells, interpreters and runners, after which the name of what runs stands.
const RUNNERS: [&str; 20] = [
    "bash",
    "bundle",
    "cd",
    "env",
    "exec",
    "flock",
    "manage.py",
    "node",
    "nice",
    "npm",
    "npx",
    "php",
    "poetry",
    "python",
    "python3",
    "rake",
    "run",
    "sh",
    "sudo",
    "uv",
];

/// What people would call it: the script or the task that it runs.
fn name(command: &str) -> String {
    let last = command.rsplit("&&").next().unwrap_or(command);
    let words = last.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let telling = |word: &&str| {
        let file = file_name(word);
        !word.starts_with(['-', '>', '<', '|', '('])
            && !file.is_empty()
            && !RUNNERS.contains(&file)
            && !word.contains('=')
    };
    file_name(words.into_iter().find(telling).unwrap_or(command)).to_owned()
}

#[cfg(test)]
mod tests;
