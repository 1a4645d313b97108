//! What a service is for, told by a table from its image, its command and its name.

use super::command::Command;
use crate::model::command_line;
use crate::model::deployment::Role;

const TABLE: &str = include_str!("roles.tsv");

/// The role of a service: its image comes before its command and both before its name.
pub fn of(image: Option<&str>, commands: &[Command], name: &str) -> Role {
    of_image(image.unwrap_or_default())
        .or_else(|| of_commands(commands))
        .or_else(|| of_name(name))
        .unwrap_or(Role::Unknown)
}

/// The role that an image's name tells: `bitnami/redis:7` is a cache.
pub fn of_image(image: &str) -> Option<Role> {
    let name = image.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let untagged = match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => &name,
    };
    find("image", |pattern| untagged.strip_suffix(pattern).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
}

/// The role that the first telling command tells: `celery -A shop beat` is a cron.
pub fn of_commands(commands: &[Command]) -> Option<Role> {
    commands.iter().find_map(|command| {
        let words: Vec<Vec<String>> = command.iter().map(|word| parts(&command_line::text(word))).collect();
        find("command", |pattern| contains_in_order(&words, pattern))
    })
}

/// The role that a name tells: `telegram-bot-2` is a bot.
pub fn of_name(name: &str) -> Option<Role> {
    let lower = name.to_ascii_lowercase();
    let words: Vec<_> = lower.split(|char: char| !char.is_alphabetic()).collect();
    find("name", |pattern| words.contains(&pattern))
}

fn find(told_from: &str, matches: impl Fn(&str) -> bool) -> Option<Role> {
    rows().find(|(_, from, pattern)| *from == told_from && matches(pattern)).and_then(|(role, _, _)| parse(role))
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (role, rest) = line.split_once('\t')?;
        let (from, pattern) = rest.split_once('\t')?;
        Some((role, from, pattern))
    })
}

fn parse(role: &str) -> Option<Role> {
    let roles = [
        ("web", Role::Web),
        ("worker", Role::Worker),
        ("cron", Role::Cron),
        ("bot", Role::Bot),
        ("database", Role::Database),
        ("cache", Role::Cache),
        ("broker", Role::Broker),
        ("balancer", Role::Balancer),
        ("static", Role::Static),
    ];
    roles.iter().find(|(name, _)| *name == role).map(|(_, role)| *role)
}

/// A word and what it is made of: `src/bot/main.py` is also `bot` and `main`, `shop.bot` is also `bot`. What follows a `:`
/// or `=`, as in `app:bot`, names something within the module, and is left out.
fn parts(word: &str) -> Vec<String> {
    let word = word.to_ascii_lowercase();
    let mut parts: Vec<String> =
        word.split(':').next().unwrap_or_default().split(['/', '.']).map(str::to_string).collect();
    if word.contains(['=', ' ', '\n']) {
        parts.clear();
    }
    parts.push(word);
    parts
}

fn contains_in_order(words: &[Vec<String>], pattern: &str) -> bool {
    let mut words = words.iter();
    pattern.split(' ').all(|wanted| words.any(|parts| parts.iter().any(|part| part == wanted)))
}

#[cfg(test)]
mod tests {
    use super::super::command;
    use super::*;

    fn role_of(image: &str, line: &str, name: &str) -> Role {
        let letters: Vec<_> = line.chars().map(|char| ((1, 1), char)).collect();
        of(Some(image), &command::simple_commands(&command::words(&letters)), name)
    }

    #[test]
    fn images_are_known_with_any_registry_organisation_and_tag() {
        for (image, role) in [
            ("postgres", Role::Database),
            ("postgres:16-alpine", Role::Database),
            ("docker.io/bitnami/postgresql:15", Role::Database),
            ("localhost:5000/redis", Role::Cache),
            ("redis@sha256:0123", Role::Cache),
            ("mcr.microsoft.com/mssql/server:2022-latest", Role::Database),
            ("confluentinc/cp-kafka:7.5.0", Role::Broker),
            ("nginx:${TAG}", Role::Balancer),
            ("prometheuscommunity/postgres-exporter", Role::Unknown),
            ("mongo-express", Role::Unknown),
            ("game/server", Role::Unknown),
        ] {
            assert_eq!(role_of(image, "", "x"), role, "{image}");
        }
    }

    #[test]
    fn commands_come_before_names_and_images_before_both() {
        assert_eq!(role_of("shop", "celery -A shop worker -l info", "beat"), Role::Worker);
        assert_eq!(role_of("shop", "celery -A shop beat", "worker"), Role::Cron);
        assert_eq!(role_of("redis", "celery worker", "web"), Role::Cache);
    }

    #[test]
    fn commands_tell_the_role() {
        for (line, role) in [
            ("python bot.py", Role::Bot),
            ("python -m shop.bot", Role::Bot),
            ("node src/bot/index.js", Role::Bot),
            ("npm run bot", Role::Bot),
            ("python robot.py", Role::Unknown),
            ("sh -c 'migrate && gunicorn -w 4 app:bot'", Role::Web),
            ("php artisan queue:work", Role::Worker),
            ("bundle exec sidekiq", Role::Worker),
            ("python manage.py runserver 0.0.0.0:80", Role::Web),
            ("celery -A shop flower", Role::Web),
            ("cron -f", Role::Cron),
            ("node server.js", Role::Unknown),
        ] {
            assert_eq!(role_of("", line, "x"), role, "{line}");
        }
    }

    #[test]
    fn words_of_names_tell_the_role_and_digits_part_them() {
        for (name, role) in [
            ("server2", Role::Web),
            ("telegram-bot", Role::Bot),
            ("celery_worker_1", Role::Worker),
            ("haproxy-database", Role::Database),
            ("payments", Role::Unknown),
            ("dashboard", Role::Unknown),
        ] {
            assert_eq!(role_of("", "", name), role, "{name}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_understood_and_none_is_there_twice() {
        let mut seen = std::collections::HashSet::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 3, "{line}");
            assert!(parse(columns[0]).is_some() && ["image", "command", "name"].contains(&columns[1]), "{line}");
            assert!(!columns[2].is_empty() && seen.insert((columns[1], columns[2])), "{line}");
        }
    }
}
