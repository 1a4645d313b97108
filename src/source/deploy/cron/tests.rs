//! Tests: crontabs.

use proptest::prelude::*;

use super::*;

fn found(path: &str, text: &str) -> Found {
    read(&File { path: path.into(), text, beside: &|_| None })
}

const TABLE: &str = "# Jobs of the shop.\nSHELL=/bin/bash\nMAILTO=\"ops@shop.example\"\n\n*/5 * * * * cd /srv/shop && python manage.py send_reminders >> /var/log/cron.log 2>&1\n\
                     0 3 * * mon-fri /srv/shop/bin/backup.sh\n@daily php /srv/shop/artisan report:send\n@reboot /usr/bin/true\n";

#[test]
fn lines_are_services_that_a_clock_runs() {
    let found = found("deploy/crontab", TABLE);
    let seen: Vec<_> = found.services.iter().map(|it| (it.name.as_str(), it.role, it.span.line)).collect();
    assert_eq!(
        seen,
        [
            ("send_reminders", Role::Cron, 5),
            ("backup.sh", Role::Cron, 6),
            ("artisan", Role::Cron, 7),
            ("true", Role::Cron, 8)
        ]
    );
    let first = &found.services[0];
    assert_eq!(first.kind, "job");
    assert!(first.command.as_deref().unwrap().starts_with("cd /srv/shop && python manage.py"));
    assert_eq!(first.command_span.unwrap().column, 13);
    assert_eq!(first.settings[0].value, Value::Text("*/5 * * * *".into()));
    assert_eq!(first.environment.len(), 2);
    assert_eq!(found.problems, []);
}

#[test]
fn tables_of_the_system_name_a_user() {
    let line = "15 2 * * * root /usr/local/bin/rotate 50% done\n";
    assert_eq!(found("docker/crontab", line).services[0].name, "rotate", "often made /etc/crontab in an image");
    assert_eq!(found("crontab", &line.replace("root", "shop")).services[0].name, "shop");
    let service = found("docker/cron.d/rotate", line).services.remove(0);
    assert_eq!((service.command.as_deref(), service.name.as_str()), (Some("/usr/local/bin/rotate 50"), "rotate"));
}

#[test]
fn a_line_that_is_none_is_told() {
    let found = found("crontab", "* * * python x.py\n0 0 * * * ok\n99\n");
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["crontab:1:1: this is no line of a crontab", "crontab:3:1: this is no line of a crontab"]);
    assert_eq!(found.services.len(), 1);
    assert!(super::tests::found("cron.d/README", "Put files here.\n").problems.is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|\\* |@daily |5 |,|/|-|%|=|#|ä){0,40}") {
        let _ = found("crontab", &text);
    }
}
