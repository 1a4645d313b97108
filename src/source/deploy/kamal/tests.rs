//! Configurations of Kamal as its documentation shows them.

use proptest::prelude::*;

use super::*;

const DEPLOY: &str = "<% require \"dotenv\"; Dotenv.load(\".env\") %>
service: shop
image: example/shop
servers:
  web:
    - 192.0.2.1
    - 192.0.2.2: [eu]
  job:
    hosts: [192.0.2.3]
    cmd: bin/jobs -w 2
    proxy: false
  cron:
    hosts:
      - 192.0.2.3
    cmd: bash -c \"cat config/crontab | crontab - && cron -f\"
proxy:
  ssl: true
  host: shop.example.org
env:
  clear:
    SESSION_DRIVER: file
    DB_HOST: <%= ENV[\"DB_HOST\"] %>
    WEB_CONCURRENCY: 3
  secret:
    - RAILS_MASTER_KEY
volumes:
  - \"storage:/rails/storage\"
  - /srv/conf:/rails/conf:ro
builder:
  arch: amd64
boot:
  limit: 1
accessories:
  db:
    image: mysql:8.0
    host: 192.0.2.4
    port: \"127.0.0.1:3306:3306\"
    directories:
      - data:/var/lib/mysql
";

fn found(path: &str, text: &str) -> Found {
    read(&File { path: path.into(), text, beside: &|_| None })
}

#[test]
fn each_role_runs_once_on_each_of_its_hosts() {
    let found = found("config/deploy.yml", DEPLOY);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let seen: Vec<_> = found
        .services
        .iter()
        .map(|s| (s.name.as_str(), s.kind.as_str(), s.role, s.replicas(), s.span.line, s.health_check))
        .collect();
    assert_eq!(
        seen,
        [
            ("web", "role", Role::Web, 2, 5, true),
            ("job", "role", Role::Worker, 1, 8, false),
            ("cron", "role", Role::Cron, 1, 12, false),
            ("db", "accessory", Role::Database, 1, 34, false),
        ]
    );
    let web = &found.services[0];
    assert_eq!(
        (web.instances[0].stated_as.as_str(), web.instances[0].location.to_string()),
        ("hosts", "config/deploy.yml:6".into())
    );
    assert_eq!(web.running_processes(), 6);
    assert_eq!(web.build.as_deref(), Some("../."));
    let mounts: Vec<_> = web
        .mounts
        .iter()
        .map(|m| (m.source.as_str(), m.target.as_str(), m.sharing, m.read_only, m.span.line))
        .collect();
    assert_eq!(
        mounts,
        [
            ("storage", "/rails/storage", Sharing::Host, false, 27),
            ("/srv/conf", "/rails/conf", Sharing::Bind, true, 28)
        ]
    );
    let variable =
        |key: &str| web.environment.iter().find(|setting| setting.key == key).map(|setting| setting.value.clone());
    assert_eq!(variable("SESSION_DRIVER"), Some(Value::Text("file".into())));
    assert!(matches!(variable("DB_HOST"), Some(Value::Environment { .. })));
    assert!(matches!(variable("RAILS_MASTER_KEY"), Some(Value::Environment { .. })));
    assert!(web.settings.iter().any(|setting| setting.key == "boot.limit" && setting.value == Value::Number(1.0)));
    assert_eq!(found.services[3].ports[0].host, Some((3306, 3306)));
}

#[test]
fn a_list_of_servers_is_the_primary_role() {
    let services =
        found("config/deploy.yml", "service: a\nimage: b\nprimary_role: app\nservers:\n  - 192.0.2.1\n  - 192.0.2.2\n")
            .services;
    assert_eq!((services[0].name.as_str(), services[0].replicas(), services[0].role), ("app", 2, Role::Web));
}

#[test]
fn a_destination_is_laid_over_the_configuration() {
    let found = found("config/deploy.staging.yml", "servers:\n  web:\n    - 192.0.2.9\n");
    assert!(found.services.is_empty());
    let Target::Declared { path, name } = &found.attachments[0].target else { panic!("{:?}", found.attachments) };
    assert_eq!((&**path, name.as_str()), ("config/deploy.yml", "web"));
}

#[test]
fn wrong_shapes_are_problems() {
    let told =
        |text: &str| found("config/deploy.yml", text).problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told("servers: here\n"),
        ["config/deploy.yml:1:10: `servers` is a list of hosts or a mapping of roles, and this is none"]
    );
    assert_eq!(told("[a]\n").len(), 1);
    assert_eq!(told("service: a\nservers:\n  web: [\n").len(), 1);
    assert!(told("").is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(servers|web|hosts|accessories|env|clear|volumes|port|proxy|: |- |\n|  |a:b|\\[|\\]|<%=|%>|'|3){0,30}") {
        let _ = found("config/deploy.yml", &text);
    }
}
