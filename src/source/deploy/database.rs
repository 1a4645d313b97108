//! How many connections a database server takes: as its command or its environment says, or by default.

use std::sync::LazyLock;

use super::role;
use crate::model::Name;
use crate::model::deployment::{Database, Service};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;

const TABLE: &str = include_str!("databases.tsv");

/// One row of the table.
struct Server {
    image: &'static str,
    /// `None` for a pooler.
    database: Option<Database>,
    by_default: Option<u32>,
    variables: Vec<&'static str>,
}

static SERVERS: LazyLock<Vec<Server>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).map(|row| row.split('\t'));
    rows.filter_map(|mut columns| {
        let (image, server) = (columns.next()?, columns.next()?);
        let database = match server {
            "postgres" => Some(Database::Postgres),
            "mysql" => Some(Database::Mysql),
            _ => None,
        };
        let by_default = columns.next()?.parse().ok();
        let variables = columns.next()?.split(' ').filter(|word| *word != "-").collect();
        Some(Server { image, database, by_default, variables })
    })
    .collect()
});

fn server(service: &Service) -> Option<&'static Server> {
    let image = service.image.as_deref()?;
    SERVERS.iter().find(|server| role::is_image(server.image, image))
}

/// Which database the service is a server of.
pub fn of(service: &Service) -> Option<Database> {
    server(service)?.database
}

/// Does it hand the requests of many connections to few?
pub fn is_pooler(service: &Service) -> bool {
    server(service).is_some_and(|server| server.database.is_none())
}

/// How many connections a server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub value: u32,
    /// `max_connections`, `POSTGRESQL_MAX_CONNECTIONS`, "the default of `postgres:16`".
    pub stated_as: Name,
    pub span: Span,
}

/// The name of the setting, in all of these servers.
pub const SETTING: &str = "max_connections";

/// How many connections it takes; `None` where it is no such server, or where what it says is no number.
pub fn limit(service: &Service) -> Option<Limit> {
    let server = server(service)?;
    server.database?;
    if let Some((number, span)) = of_command(service).or_else(|| of_arguments(service)) {
        return number.map(|value| Limit { value, stated_as: Name::new(SETTING), span });
    }
    let is_told = |setting: &&Setting| server.variables.contains(&setting.key.as_str());
    if let Some(setting) = service.environment.iter().rev().find(is_told) {
        let value = number_of(&setting.value)?;
        return Some(Limit { value, stated_as: setting.key.clone(), span: setting.span });
    }
    let stated_as = format!("the default of `{}`", service.image.as_deref()?).into();
    Some(Limit { value: server.by_default?, stated_as, span: service.span })
}

/// The number that the value of such a setting begins with: `200  # restart`.
pub fn number_of(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) if number.fract() == 0.0 && (1.0..=10_000_000.0).contains(number) => Some(*number as u32),
        Value::Text(text) => leading(text.trim_start()),
        _ => None,
    }
}

fn of_command(service: &Service) -> Option<(Option<u32>, Span)> {
    Some((stated(service.command.as_deref()?)?, service.command_span.unwrap_or(service.span)))
}

/// `POSTGRES_INITDB_ARGS: -c max_connections=200`.
fn of_arguments(service: &Service) -> Option<(Option<u32>, Span)> {
    service.environment.iter().find_map(|setting| match &setting.value {
        Value::Text(text) => Some((stated(text)?, setting.span)),
        _ => None,
    })
}

/// What a command line says of it: `-c max_connections=200`, `--max-connections 200`; a number or something else.
fn stated(command: &str) -> Option<Option<u32>> {
    let command = command.replace('-', "_");
    let (_, rest) = command.rsplit_once(SETTING)?;
    Some(leading(rest.trim_start_matches(['=', ' ', '"', '\''])))
}

fn leading(text: &str) -> Option<u32> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(image: &str, command: &str, environment: &[(&str, &str)]) -> Service {
        let setting = |(key, value): &(&str, &str)| Setting {
            key: (*key).into(),
            value: Value::Text((*value).into()),
            function: None,
            span: Span::on_line(5, 1, 2),
        };
        Service {
            image: Some(image.into()),
            command: Some(command.into()).filter(|_| !command.is_empty()),
            environment: environment.iter().map(setting).collect(),
            ..Service::named("db", Span::on_line(2, 1, 2))
        }
    }

    #[test]
    fn a_command_comes_before_a_variable_and_that_before_the_default() {
        for (image, command, environment, expected) in [
            ("postgres:16", "", &[][..], Some(100)),
            ("docker.io/library/mysql:8.4", "", &[], Some(151)),
            ("postgres:16", "postgres -c shared_buffers=1GB -c max_connections=300", &[], Some(300)),
            ("postgres:16", "-cmax_connections=300 -c max_connections=20", &[], Some(20)),
            ("mariadb:11", "mariadbd --max-connections 500", &[], Some(500)),
            ("mysql:8", "--max_connections=1000 --skip-name-resolve", &[], Some(1000)),
            ("postgres:16", "postgres -c max_connections=${MANY}", &[], None),
            ("bitnami/postgresql:16", "", &[("POSTGRESQL_MAX_CONNECTIONS", "40")], Some(40)),
            ("postgres:16", "", &[("POSTGRES_INITDB_ARGS", "-c max_connections=400")], Some(400)),
            ("postgres:16", "", &[("POSTGRESQL_MAX_CONNECTIONS", "40")], Some(100)),
            ("timescale/timescaledb:latest-pg16", "", &[], None),
            ("pgbouncer/pgbouncer", "", &[], None),
            ("shop/postgres-backup", "", &[], None),
        ] {
            let limit = limit(&database(image, command, environment));
            assert_eq!(limit.map(|limit| limit.value), expected, "{image} {command}");
        }
    }

    #[test]
    fn a_pooler_is_no_database() {
        let service = database("edoburu/pgbouncer:v1.23", "", &[]);
        assert!(is_pooler(&service) && of(&service).is_none());
        assert!(!is_pooler(&database("postgres", "", &[])));
    }

    #[test]
    fn settings_begin_with_their_number() {
        assert_eq!(number_of(&Value::Text("200   # (change requires restart)".into())), Some(200));
        assert_eq!(number_of(&Value::Text("many".into())), None);
        assert_eq!(number_of(&Value::Number(0.0)), None);
    }
}
