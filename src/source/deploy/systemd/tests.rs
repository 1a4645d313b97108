//! Tests: units as people install them.

use proptest::prelude::*;

use super::*;

fn beside(path: &str) -> Option<String> {
    match path {
        "deploy/shop.env" => Some("# variables\nWEB_CONCURRENCY=5\nSECRET=\"x y\"\n".into()),
        "deploy/report.timer" => Some("[Timer]\nOnCalendar=daily\n".into()),
        _ => None,
    }
}

fn found(path: &str, text: &str) -> Found {
    read(&File { path: path.into(), text, beside: &beside })
}

const UNIT: &str = r#"# The shop.
[Unit]
Description=Shop
After=network.target

[Service]
Type=notify
User=shop
WorkingDirectory=/srv/shop
Environment="PORT=8000" DEBUG=0
EnvironmentFile=-/etc/shop/shop.env
ExecStartPre=/srv/shop/venv/bin/python manage.py check
ExecStart=
ExecStart=-/srv/shop/venv/bin/gunicorn \
    --workers 3 \
    --bind unix:/run/shop.sock shop.wsgi
Restart=on-failure
KillMode=mixed
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
"#;

#[test]
fn a_unit_is_a_service_with_command_environment_and_settings() {
    let found = found("deploy/shop.service", UNIT);
    assert_eq!(found.problems, []);
    let [service] = found.services.as_slice() else { panic!("{:?}", found.services) };
    assert_eq!((service.name.as_str(), service.kind.as_str(), service.role), ("shop", "unit", Role::Web));
    assert_eq!(
        service.command.as_deref(),
        Some("/srv/shop/venv/bin/gunicorn --workers 3 --bind unix:/run/shop.sock shop.wsgi")
    );
    assert_eq!(service.span.line, 14);
    assert_eq!(service.command_span.unwrap().column, 12);
    let processes = service.processes.as_ref().unwrap();
    assert_eq!((processes.value, processes.location.span), (3, Span::on_line(15, 5, 16)), "where it is written");
    let environment: Vec<_> = service.environment.iter().map(|it| (it.key.as_str(), it.value.clone())).collect();
    assert_eq!(environment.len(), 4);
    assert_eq!(environment[3], ("SECRET", Value::Text("x y".into())));
    let setting =
        |key: &str| service.settings.iter().find(|it| it.key == key).map(|it| (it.value.clone(), it.span.line));
    assert_eq!(setting("Service.KillMode"), Some((Value::Text("mixed".into()), 18)));
    assert_eq!(setting("Service.TimeoutStopSec"), Some((Value::Number(5.0), 19)));
}

#[test]
fn templates_and_timers_are_told_from_the_files() {
    let unit = |path: &str, text: &str| found(path, text).services.remove(0);
    let text = "[Service]\nExecStart=/usr/bin/node /srv/app/server.js --port=%i\n";
    assert_eq!(unit("web@.service", text).name, "web@");
    assert_eq!(unit("deploy/report.service", text).role, Role::Cron);
    assert_eq!(unit("deploy/bot.service", "[Service]\nExecStart=/usr/bin/python3 bot.py\n").role, Role::Bot);
    let variables = "[Service]\nEnvironmentFile=shop.env\nExecStart=gunicorn app:app\n";
    let counted = unit("deploy/shop.service", variables).processes.unwrap();
    assert_eq!((counted.value, counted.stated_as.as_str(), counted.location.span.line), (5, "WEB_CONCURRENCY", 2));
}

#[test]
fn what_is_wrong_is_told_and_drop_ins_are_left_alone() {
    let told = |path: &str, text: &str| found(path, text).problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told("a.service", "[Unit]\n[Service]\nRestart=always\n"),
        ["a.service:2:1: this service has no `ExecStart`"]
    );
    assert_eq!(told("a.service.d/x.service", "[Service]\nRestart=always\n"), Vec::<String>::new());
    assert_eq!(told("a.service", "[Service]\nExecStart=a\nwhat\n"), ["a.service:3:1: this is no `key = value`"]);
    assert_eq!(told("a.service", "[Service]\nExecStart={{ venv }}/bin/a -w {{ n }}\n"), Vec::<String>::new());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|\\[Service\\]\n|ExecStart=|Environment=|EnvironmentFile=|\\\\\n|=|\"|ä){0,40}") {
        let _ = found("deploy/a.service", &text);
    }
}
