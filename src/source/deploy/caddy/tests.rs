//! Caddy: whole files as its documentation shows them, and what is broken.

use proptest::prelude::*;

use super::super::shown;
use super::*;

fn found(path: &str, text: &str) -> Found {
    read(&File { path: path.into(), text, beside: &|_| None })
}

#[test]
fn a_whole_file() {
    let found = found("Caddyfile", include_str!("tests/Caddyfile"));
    assert_eq!(found.problems, []);
    assert_eq!(
        shown::balancers(&found.balancers),
        [
            "chat1:3000:21 None Cookie lb_policy cookie:22",
            "  chat1:3000:21:25 ",
            "  chat2:3000:21:36 ",
            "  > @sockets:21",
            "api1:8000:27 Active Address lb_policy ip_hash:29",
            "  api1:8000:27:7 ",
            "  api2:8000:27:17 ",
            "  > /api/*:26",
            "files:9000:35 Passive",
            "  files:9000:35:17 ",
            "  > /files/*:35",
            "unix//run/php/php8.3-fpm.sock:41 None",
            "  unix//run/php/php8.3-fpm.sock:41:14 ",
            "  > :41",
            "a app 3000:46 None",
            "  > /dynamic:46",
            "{$UPSTREAM:web:8080}:51 None",
            "  {$UPSTREAM:web:8080}:51:16 ",
            "  > :51",
        ]
    );
    let settings = shown::settings(&found.balancers[4].settings);
    assert_eq!(settings, ["dynamic=a app 3000", "dynamic.refresh=30s"]);
    assert!(shown::settings(&found.settings).contains(&"site.handle.reverse_proxy.lb_policy=ip_hash".to_owned()));
    assert_eq!(found.comments.len(), 2);
}

#[test]
fn one_site_needs_no_braces_and_version_1_says_proxy() {
    let text = "shop.example\nproxy / web1:80 web2:80 {\n\tpolicy ip_hash\n\thealth_check /up\n}\n";
    let found = found("Caddyfile", text);
    assert_eq!(
        shown::balancers(&found.balancers),
        ["web1:80:2 Active Address policy ip_hash:3", "  web1:80:2:9 ", "  web2:80:2:17 ", "  > /:2"]
    );
}

#[test]
fn json() {
    let text = "{\n  \"apps\": {\"http\": {\"servers\": {\"s\": {\"routes\": [{\"handle\": [{\n    \"handler\": \"reverse_proxy\",\n    \
                \"upstreams\": [{\"dial\": \"web1:80\"}, {\"dial\": \"web2:80\"}],\n    \"load_balancing\": {\"selection_policy\": \
                {\"policy\": \"cookie\"}},\n    \"health_checks\": {\"active\": {\"uri\": \"/up\"}}\n  }]}]}}}}\n}\n";
    let found = found("caddy.json", text);
    assert_eq!(found.problems, []);
    assert_eq!(
        shown::balancers(&found.balancers),
        ["web1:80:4 Active Cookie policy cookie:5", "  web1:80:4:28 ", "  web2:80:4:49 "]
    );
}

#[test]
fn what_is_imported_is_looked_for() {
    let text = "(log) {\n  log\n}\nimport sites/*.caddy\nimport gone.caddy\nimport here.caddy\na.example {\n  import log\n  import logs\n  \
                reverse_proxy a b\n}\n";
    let beside = |path: &str| (path == "here.caddy").then(String::new);
    let told = read(&File { path: "Caddyfile".into(), text, beside: &beside }).problems;
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "Caddyfile:5:1: `gone.caddy` is neither a snippet of this file nor a file that is here",
            "Caddyfile:9:3: `logs` is neither a snippet of this file nor a file that is here",
        ]
    );
    let template = found("Caddyfile.j2", "a.example {\n{% if x %}\n  reverse_proxy a b\n{% endif %}\n}\n");
    assert_eq!(template.problems[0].location.as_ref().unwrap().span.line, 2);
    assert_eq!(template.balancers.len(), 1);
}

#[test]
fn faults_are_problems_with_their_places_and_the_rest_is_read() {
    let found = found("Caddyfile", "}\na {\n  reverse_proxy \"x\n  reverse_proxy y:1\n");
    let problems: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "Caddyfile:1:1: this `}` closes nothing",
            "Caddyfile:3:17: this quote is never closed",
            "Caddyfile:2:1: this block is never closed"
        ]
    );
    assert_eq!(found.balancers.len(), 2);
    let blanks = self::found("Caddyfile", "a {\n reverse_proxy\u{b}x:1\u{85}y:2\n}\n");
    assert_eq!(blanks.balancers[0].servers.len(), 2, "whatever is blank parts words");
    let mut cyclic = String::from("(a) {\n import a\n lb_policy cookie\n}\n");
    cyclic += "x {\n reverse_proxy b {\n import a\n }\n}\n";
    assert!(
        super::read(&File { path: "Caddyfile".into(), text: &cyclic, beside: &|_| None }).balancers[0]
            .affinity
            .is_some()
    );
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|[{}\"`\\\\#@]| \\{\n|\n\\}\n|reverse_proxy |import a\n|\\(a\\) \\{\n|<<A\n|lb_policy cookie\n|to x:1\n){0,60}") {
        let _ = found("Caddyfile", &text);
        let _ = found("caddy.json", &text);
    }
}
