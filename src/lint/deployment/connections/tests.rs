//! Services and databases in, sums out.

use super::*;
use crate::model::deployment::{Count, Mount, Sharing};
use crate::model::fact::Setting;

fn setting(key: &str, value: &str, line: u32) -> Setting {
    let (key, value) = (key.into(), Value::Text(value.into()));
    Setting { key, value, function: None, span: Span::on_line(line, 1, 9) }
}

fn count(value: u32, stated_as: &str, line: u32) -> Count {
    let location = Location::new("compose.yml", Span::on_line(line, 1, 9));
    Count::new(value, stated_as, location)
}

fn service(name: &str, line: u32) -> Service {
    Service::named(name, Span::on_line(line, 1, 9))
}

/// An app that is built from the folder of its name, and names the host `db`.
fn app(name: &str, line: u32, instances: u32) -> Service {
    Service {
        role: Role::Web,
        build: Some(format!("./{name}").into()),
        instances: vec![count(instances, "deploy.replicas", line + 1)],
        environment: vec![setting("DATABASE_URL", "postgres://shop@db:5432/shop", line + 2)],
        ..service(name, line)
    }
}

fn postgres() -> Service {
    Service { role: Role::Database, image: Some("postgres:16".into()), ..service("db", 90) }
}

fn files(language: Language, path: &str, services: Vec<Service>) -> Vec<FileFacts> {
    let mut file = FileFacts::empty(path, language);
    file.services = services;
    vec![file, FileFacts::empty("shop/main.py", Language::Python)]
}

/// What the code of `shop` opens with a pool of these parts.
fn excess_of(files: &[FileFacts], parts: &[u32]) -> Option<Excess> {
    let fleet = Fleet::new(files);
    let servers = databases(&fleet, files);
    let texts = |app: &Deployed<'_>| {
        let text = |setting: &Setting| match &setting.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        app.service.environment.iter().filter_map(text).collect()
    };
    let pool =
        |_: &Deployed<'_>, _: &DatabaseServer<'_>, _: &[Name]| Some(Pool { parts: parts.to_vec(), stated: Vec::new() });
    excess(&fleet, &servers, &[Database::Postgres], "shop/main.py", &texts, &pool, &["alone".into()])
}

fn in_compose(services: Vec<Service>, parts: &[u32]) -> Option<(String, Certainty)> {
    let excess = excess_of(&files(Language::Compose, "compose.yml", services), parts)?;
    Some((excess.formula, excess.certainty))
}

#[test]
fn every_factor_stands_in_the_sum_and_has_its_place() {
    let shop = Service { processes: Some(count(4, "gunicorn -w", 5)), ..app("shop", 2, 3) };
    let files = files(Language::Compose, "compose.yml", vec![shop, postgres()]);
    let excess = excess_of(&files, &[5, 10]).unwrap();
    assert_eq!(excess.formula, "180 connections (`shop`: 3 instances × 4 processes × (5 + 10)), and `db` takes 100");
    assert_eq!(excess.certainty, Certainty::Configured);
    let places: Vec<_> =
        excess.factors.iter().map(|factor| (factor.location.span.line, factor.message.as_str())).collect();
    assert_eq!(
        places,
        [
            (3, "`shop`, instances: 3, as deploy.replicas says"),
            (5, "processes in each instance of `shop`: 4, as gunicorn -w says"),
            (90, "`db` takes 100 connections: the default of `postgres:16`"),
        ]
    );
    assert_eq!(excess.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn as_many_as_it_takes_are_not_too_many() {
    assert!(in_compose(vec![app("shop", 2, 10), postgres()], &[10]).is_none());
    assert!(in_compose(vec![app("shop", 2, 10), postgres()], &[11]).is_some());
}

#[test]
fn services_that_run_the_same_code_are_added() {
    let mut jobs = app("jobs", 20, 5);
    (jobs.build, jobs.role) = (Some("./shop".into()), Role::Worker);
    let (formula, _) = in_compose(vec![app("shop", 2, 6), jobs.clone(), postgres()], &[10]).unwrap();
    assert_eq!(formula, "110 connections (`shop`: 6 instances × 10 + `jobs`: 5 instances × 10), and `db` takes 100");
    jobs.command = Some("alembic upgrade head".into());
    assert!(in_compose(vec![app("shop", 2, 6), jobs, postgres()], &[10]).is_none(), "it is gone before");
}

#[test]
fn what_a_process_does_at_a_time_bounds_what_it_opens() {
    let with = |command: &str| Service {
        processes: Some(count(10, "gunicorn -w", 5)),
        command: Some(command.into()),
        ..app("shop", 2, 5)
    };
    assert!(in_compose(vec![with("gunicorn -w 10 shop:app"), postgres()], &[5, 10]).is_none());
    let (formula, _) = in_compose(vec![with("gunicorn -w 10 --threads 3 shop:app"), postgres()], &[5, 10]).unwrap();
    assert_eq!(formula, "150 connections (`shop`: 5 instances × 10 processes × 3), and `db` takes 100");
    assert!(in_compose(vec![with("gunicorn -w 10 --threads 3 shop:app"), postgres()], &[]).is_some());
    assert!(in_compose(vec![with("uvicorn --workers 10 shop:app"), postgres()], &[]).is_none(), "nothing bounds it");
}

#[test]
fn an_autoscaler_and_an_update_only_may_make_so_many() {
    let mut shop = app("shop", 2, 2);
    shop.ceiling = Some(count(12, "maxReplicas", 40));
    let (formula, certainty) = in_compose(vec![shop.clone(), postgres()], &[10]).unwrap();
    assert_eq!(formula, "120 connections (`shop`: 12 instances × 10), and `db` takes 100");
    assert_eq!(certainty, Certainty::AtMost);

    let mut shop = app("shop", 2, 10);
    shop.settings = vec![setting("deploy.update_config.order", "start-first", 6)];
    let (formula, _) = in_compose(vec![shop.clone(), postgres()], &[10]).unwrap();
    assert_eq!(formula, "110 connections (`shop`: (10 + 1) instances × 10), and `db` takes 100");
    shop.settings.push(setting("deploy.update_config.parallelism", "0", 7));
    assert!(in_compose(vec![shop, postgres()], &[10]).unwrap().0.contains("(10 + 10)"));
}

#[test]
fn a_rolling_update_has_a_quarter_more_pods_unless_it_says_otherwise() {
    let in_kubernetes = |settings: Vec<Setting>| {
        let mut shop = Service { settings, kind: "deployment".into(), ..app("shop", 2, 10) };
        shop.build = Some("..".into());
        excess_of(&files(Language::Kubernetes, "k8s/shop.yaml", vec![shop, postgres()]), &[9])
    };
    assert!(in_kubernetes(Vec::new()).unwrap().formula.starts_with("117 connections (`shop`: (10 + 3) instances × 9)"));
    assert!(in_kubernetes(vec![setting("spec.strategy.type", "Recreate", 8)]).is_none());
    assert!(in_kubernetes(vec![setting("spec.strategy.rollingUpdate.maxSurge", "1", 8)]).is_none());
    assert!(in_kubernetes(vec![setting("spec.strategy.rollingUpdate.maxSurge", "100%", 8)]).is_some());
}

#[test]
fn a_pooler_between_makes_it_uncertain() {
    let pooler = Service { image: Some("bitnami/pgbouncer:1".into()), ..service("pgbouncer", 60) };
    let (_, certainty) = in_compose(vec![app("shop", 2, 20), pooler.clone(), postgres()], &[10]).unwrap();
    assert_eq!(certainty, Certainty::Pooled);
    let mut shop = app("shop", 2, 20);
    shop.environment = vec![setting("DATABASE_URL", "postgres://shop@pgbouncer:6432/shop", 4)];
    assert!(in_compose(vec![shop, pooler, postgres()], &[10]).is_none());
}

#[test]
fn a_database_elsewhere_is_not_the_one_beside() {
    let mut shop = app("shop", 2, 20);
    shop.environment = vec![setting("DATABASE_URL", "postgres://shop@shop.example.com:5432/db", 4)];
    assert!(in_compose(vec![shop.clone(), postgres()], &[10]).is_none());
    shop.environment = vec![Setting { value: Value::Unknown, ..setting("DATABASE_URL", "", 4) }];
    shop.depends_on = vec!["db".into()];
    assert!(in_compose(vec![shop, postgres()], &[10]).is_some(), "it waits for that one");
}

#[test]
fn hosts_are_named_in_addresses_and_alone() {
    let db = Service { aliases: vec!["shop-db".into()], ..service("db", 2) };
    for (text, expected) in [
        ("db", true),
        ("db:5432", true),
        ("postgres://shop:secret@db/shop", true),
        ("jdbc:postgresql://shop-db:5432/shop", true),
        ("Host=db;Port=5432", true),
        ("shop@tcp(db:3306)/shop", true),
        ("db.shop.svc.cluster.local", true),
        ("postgres://shop@db-replica/shop", false),
        ("postgres://shop@mydb/shop", false),
        ("adb", false),
        ("postgres://shop@example.com/db", false),
        ("Database=db;Host=example.com", false),
    ] {
        assert_eq!(is_named(&db, text), expected, "{text}");
    }
}

#[test]
fn a_file_that_is_mounted_states_the_limit_unless_it_is_not_there() {
    let mut db = postgres();
    db.mounts = vec![Mount {
        source: "./postgresql.conf".into(),
        target: "/etc/postgresql/postgresql.conf".into(),
        read_only: true,
        sharing: Sharing::Bind,
        span: Span::on_line(92, 1, 9),
    }];
    let mut files = files(Language::Compose, "compose.yml", vec![app("shop", 2, 20), db]);
    assert!(excess_of(&files, &[10]).is_none(), "nobody knows what it says");
    let mut conf = FileFacts::empty("postgresql.conf", Language::Settings);
    conf.settings = vec![setting("max_connections", "150  # restart", 7)];
    files.push(conf);
    assert!(excess_of(&files, &[10]).unwrap().formula.ends_with("`db` takes 150"));
}

#[test]
fn a_second_instance_is_asked_about() {
    let (formula, certainty) = in_compose(vec![app("shop", 2, 1), postgres()], &[60]).unwrap();
    assert_eq!(formula, "120 connections with a second instance (`shop`: 2 instances × 60), and `db` takes 100");
    assert_eq!(certainty, Certainty::Second);
    assert!(in_compose(vec![app("shop", 2, 1), postgres()], &[50]).is_none());
    let mut alone = app("shop", 2, 1);
    alone.name = "alone".into();
    assert!(in_compose(vec![alone, postgres()], &[60]).is_none(), "it is meant to run once");
}
