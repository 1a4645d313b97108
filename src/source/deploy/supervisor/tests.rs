//! Tests: supervisor's files as its documentation and images write them.

use proptest::prelude::*;

use super::*;
use crate::model::deployment::Role;

fn found(text: &str) -> Found {
    read(&File { path: "deploy/supervisord.conf".into(), text, beside: &|_| None })
}

fn problems(text: &str) -> Vec<String> {
    found(text).problems.iter().map(ToString::to_string).collect()
}

/// As the documentation and many images write it.
const CONF: &str = r#"[unix_http_server]
file=/var/run/supervisor.sock   ; the path to the socket file

[supervisord]
nodaemon=true
user=root

[program:web]
command=/srv/venv/bin/gunicorn -w 3 --bind 127.0.0.1:80%(process_num)02d shop.wsgi
directory=/srv/shop
process_name=%(program_name)s_%(process_num)02d
numprocs=4          ; four of them
numprocs_start=1
environment=DJANGO_SETTINGS_MODULE="shop.settings",SECRET_KEY=%(ENV_SECRET_KEY)s,GREETING="a, b"
stopasgroup=true
killasgroup = true
stopsignal=INT
stopwaitsecs=30

[program:queue]
command=php /var/www/artisan queue:work
    --sleep=3 --tries=3
numprocs=8
process_name=%(program_name)s_%(process_num)02d

; [program:old]
; command=old

[program:beat]
command=celery -A shop beat -l info

[group:all]
programs=web,queue

[include]
files = /etc/supervisor/conf.d/*.conf
"#;

#[test]
fn programs_are_services_and_their_copies_instances() {
    let found = found(CONF);
    let seen: Vec<_> =
        found.services.iter().map(|it| (it.name.as_str(), it.role, it.replicas(), it.span.line)).collect();
    assert_eq!(seen, [("web", Role::Web, 4, 8), ("queue", Role::Worker, 8, 20), ("beat", Role::Cron, 1, 29)]);
    let web = &found.services[0];
    assert_eq!(web.span, Span::on_line(8, 10, 13));
    assert_eq!(web.instances[0].location.to_string(), "deploy/supervisord.conf:12");
    assert_eq!(web.instances[0].location.span, Span::on_line(12, 1, 11));
    let processes = web.processes.as_ref().unwrap();
    assert_eq!((processes.value, processes.location.span), (3, Span::on_line(9, 32, 36)));
    assert_eq!(found.services[1].command.as_deref(), Some("php /var/www/artisan queue:work --sleep=3 --tries=3"));
    assert_eq!(found.problems, []);
}

#[test]
fn settings_and_environment_keep_their_places() {
    let web = found(CONF).services.remove(0);
    let setting = |key: &str| web.settings.iter().find(|setting| setting.key == key).unwrap().clone();
    assert_eq!(
        (setting("stopasgroup").value, setting("stopasgroup").span),
        (Value::Bool(true), Span::on_line(15, 1, 17))
    );
    assert_eq!(setting("stopsignal").value, Value::Text("INT".into()));
    assert_eq!(setting("numprocs").value, Value::Number(4.0));
    let environment: Vec<_> = web.environment.iter().map(|it| (it.key.as_str(), it.value.clone())).collect();
    assert_eq!(environment[0], ("DJANGO_SETTINGS_MODULE", Value::Text("shop.settings".into())));
    assert_eq!(environment[1], ("SECRET_KEY", Value::Environment { name: "SECRET_KEY".into(), fallback: None }));
    assert_eq!(environment[2], ("GREETING", Value::Text("a, b".into())));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_rest_is_read() {
    let broken = "[program:a]\nnumprocs=many\ncommand=a\nnonsense\n[program:b]\nnumprocs=2\n[program:a]\ncommand=c\nnumprocs=%(ENV_N)s\n";
    assert_eq!(
        problems(broken),
        [
            "deploy/supervisord.conf:4:1: this is no `key = value`",
            "deploy/supervisord.conf:2:1: `numprocs` is a whole number, and this is none",
            "deploy/supervisord.conf:5:1: `program:b` has no `command`",
            "deploy/supervisord.conf:7:1: `program:a` is here a second time",
            "deploy/supervisord.conf:9:1: `numprocs` is a variable, so the number of instances is unknown",
        ]
    );
    assert_eq!(found(broken).services.len(), 2);
    assert_eq!(
        problems("key=1\n[program:x]\ncommand=x\n"),
        ["deploy/supervisord.conf:1:1: this key stands before the first section"]
    );
}

#[test]
fn includes_that_are_missing_or_lead_back_are_told() {
    let conf = "[include]\nfiles = conf.d/*.conf web.conf supervisord.conf\n";
    assert_eq!(
        problems(conf),
        [
            "deploy/supervisord.conf:2:1: `web.conf` is included, and there is no such file",
            "deploy/supervisord.conf:2:1: `supervisord.conf` includes itself",
        ]
    );
}

#[test]
fn templates_are_read_as_far_as_they_go() {
    let found = found(
        "[program:{{ name }}]\ncommand={{ venv }}/bin/gunicorn -w {{ workers }} app\nnumprocs={{ n }}\n{% if x %}\nstopsignal=INT\n{% endif %}\n",
    );
    assert_eq!(found.services.len(), 1);
    assert_eq!((found.services[0].replicas(), found.services[0].processes.is_none()), (1, true));
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "deploy/supervisord.conf:4:1: a template: what such lines decide is not known",
            "deploy/supervisord.conf:3:1: `numprocs` is a variable, so the number of instances is unknown",
        ]
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|\\[program:x\\]|command=|numprocs=| ;|=|\"|,|%|ä){0,40}") {
        let _ = found(&text);
    }
}
