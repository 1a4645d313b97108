//! What a service is for, told by a table from its image, its command and its name.

use std::sync::LazyLock;

use super::command::Command;
use crate::model::command_line;
use crate::model::deployment::Role;

const TABLE: &str = include_str!("roles.tsv");

/// The role of a service: its image comes before its command, both before its name, and last what its image is called.
/// `Some(Role::Unknown)` is a tool beside the app (a dashboard, an exporter); `None` where nothing tells.
pub fn of(image: Option<&str>, commands: &[Command], name: &str) -> Option<Role> {
    let image = image.unwrap_or_default();
    of_image(image)
        .or_else(|| of_commands(commands))
        .or_else(|| of_name(name))
        .or_else(|| of_name(without_tag(image).rsplit('/').next()?))
        .or_else(|| of_base(image))
}

/// The role of what an image runs by itself, which its tag tells: `php:8.3-fpm-alpine` serves, `php:8.3-cli` may do anything.
pub fn of_base(image: &str) -> Option<Role> {
    let tag = image.strip_prefix(without_tag(image)).unwrap_or_default();
    find("base", |pattern| {
        pattern.split_once(':').is_some_and(|(name, part)| is_image(name, image) && tag.contains(part))
    })
}

/// The role that an image's name tells: `bitnami/redis:7` is a cache.
pub fn of_image(image: &str) -> Option<Role> {
    find("image", |pattern| is_image(pattern, image))
}

/// Is it the image of that name, wherever it is kept and whatever its tag? A pattern with `*` before it is the end of a name.
pub fn is_image(pattern: &str, image: &str) -> bool {
    let name = without_tag(image).to_ascii_lowercase();
    let (pattern, is_ending) = pattern.strip_prefix('*').map_or((pattern, false), |ending| (ending, true));
    name.strip_suffix(pattern).is_some_and(|rest| is_ending || rest.is_empty() || rest.ends_with('/'))
}

/// `registry:5000/shop` of `registry:5000/shop:1.2@sha256:…`.
pub fn without_tag(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}

/// The role that the commands tell: `celery -A shop beat` is a cron. Where one of several is a server, requests reach all of them
/// together; else the first that tells counts.
pub fn of_commands(commands: &[Command]) -> Option<Role> {
    let mut roles = commands.iter().filter_map(|command| {
        let words: Vec<Vec<String>> = command.iter().map(|word| parts(&command_line::text(word))).collect();
        find("command", |pattern| contains_in_order(&words, pattern))
    });
    let first = roles.next()?;
    if first == Role::Web { Some(first) } else { Some(roles.find(|role| *role == Role::Web).unwrap_or(first)) }
}

/// The role that a name tells: `telegram-bot-2` is a bot.
pub fn of_name(name: &str) -> Option<Role> {
    let lower = name.to_ascii_lowercase();
    let words: Vec<_> = lower.split(|char: char| !char.is_alphabetic()).collect();
    // Long words are also known within others (`haproxyserver`); short ones would be found where they do not belong.
    let is_in =
        |word: &str, pattern: &str| pattern.len() >= 5 && (word.starts_with(pattern) || word.ends_with(pattern));
    find("name", |pattern| words.iter().any(|word| *word == pattern || is_in(word, pattern)))
}

fn find(told_from: &str, matches: impl Fn(&str) -> bool) -> Option<Role> {
    ROWS.iter().find(|row| row.told_from == told_from && matches(row.pattern)).map(|row| row.role)
}

struct Row {
    role: Role,
    told_from: &'static str,
    pattern: &'static str,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let (role, rest) = line.split_once('\t')?;
        let (told_from, pattern) = rest.split_once('\t')?;
        Some(Row { role: parse(role)?, told_from, pattern })
    };
    lines.filter_map(row).collect()
});

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
        ("tool", Role::Unknown),
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
        of(Some(image), &command::simple_commands(&command::words(&letters)), name).unwrap_or(Role::Unknown)
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
            ("game/mssql-tools", Role::Unknown),
            ("php:8.3-fpm-alpine", Role::Web),
            ("dunglas/frankenphp", Role::Web),
            ("php:8.3-cli", Role::Unknown),
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
            ("celery -A shop beat & gunicorn shop.wsgi", Role::Web),
            ("celery -A shop beat & celery -A shop worker", Role::Cron),
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
            ("haproxyserver", Role::Balancer),
            ("redisnode01", Role::Cache),
            ("robot", Role::Unknown),
            ("upbeat", Role::Unknown),
        ] {
            assert_eq!(role_of("", "", name), role, "{name}");
        }
    }

    #[test]
    fn tools_beside_the_app_are_known_and_have_no_role() {
        assert_eq!(of(Some("phpmyadmin/phpmyadmin"), &[], "web"), Some(Role::Unknown));
        assert_eq!(of(Some("oliver006/redis_exporter"), &[], "redis-exporter"), Some(Role::Unknown));
        assert_eq!(of(Some("me/shop"), &[], "x"), None);
    }

    #[test]
    fn what_an_image_is_called_tells_where_nothing_else_does() {
        assert_eq!(role_of("me/my-haproxy:2", "", "x"), Role::Balancer);
        assert_eq!(role_of("me/telegram-bot", "", "x"), Role::Bot);
        assert_eq!(role_of("me/telegram-bot", "", "worker"), Role::Worker);
    }

    #[test]
    fn every_row_of_the_table_is_understood_and_none_is_there_twice() {
        let mut seen = std::collections::HashSet::new();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 3, "{line}");
            assert!(
                parse(columns[0]).is_some() && ["image", "command", "name", "base"].contains(&columns[1]),
                "{line}"
            );
            assert!(!columns[2].is_empty() && seen.insert((columns[1], columns[2])), "{line}");
        }
    }
}
