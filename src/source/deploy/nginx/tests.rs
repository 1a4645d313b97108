//! nginx: whole files as its documentation shows them, and what is broken.

use proptest::prelude::*;

use super::*;
use crate::model::fact::Setting;

fn read_at(path: &str, text: &str, beside: &[(&str, &str)]) -> Found {
    let texts = |path: &str| beside.iter().find(|(name, _)| *name == path).map(|(_, text)| text.to_string());
    read(&File { path: path.into(), text, beside: &texts })
}

fn found(text: &str) -> Found {
    read_at("nginx.conf", text, &[])
}

fn shown(settings: &[Setting]) -> Vec<String> {
    super::super::shown::settings(settings)
}

fn balancers(found: &Found) -> Vec<String> {
    super::super::shown::balancers(&found.balancers)
}

fn problems(found: &Found) -> Vec<String> {
    found.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_configuration() {
    let found = found(include_str!("tests/shop.conf"));
    assert_eq!(problems(&found), Vec::<String>::new());
    assert_eq!(
        balancers(&found),
        [
            "shop:19 Passive Address ip_hash:20",
            "  shop1:8000:21:16 weight=3 max_fails=2 fail_timeout=10s",
            "  shop2:8000:22:16 ",
            "  10.0.0.7:8000:23:16 backup=true down=true",
            "  > /:49",
            "  > /socket.io/:53",
            "chat:27 Passive Cookie sticky cookie srv_id expires=1h:29",
            "  chat:3000:30:16 resolve=true",
            "  > /chat/:61",
            "media:9000:74 Passive",
            "  http://media:9000:74:24 ",
            "  > ~* \\.(png|jpe?g)$:72",
            "app:9000:81 Passive",
            "  app:9000:81:26 ",
            "  > ~ \\.php$:79",
        ]
    );
    let settings = shown(&found.balancers[0].routes[1].settings);
    assert!(settings.contains(&"proxy_set_header.upgrade=$http_upgrade".to_owned()), "{settings:?}");
    assert!(settings.contains(&"proxy_next_upstream=error timeout".to_owned()), "inherited: {settings:?}");
    let outer = shown(&found.balancers[0].routes[0].settings);
    assert!(outer.contains(&"proxy_set_header.host=$host".to_owned()), "{outer:?}");
    assert!(
        !settings.contains(&"proxy_set_header.host=$host".to_owned()),
        "one list hides the outer one: {settings:?}"
    );
    assert!(shown(&found.balancers[2].routes[0].settings).contains(&"variable=true".to_owned()));
    assert!(shown(&found.settings).contains(&"http.server.listen=80 default_server".to_owned()));
    assert!(shown(&found.balancers[0].settings).contains(&"keepalive=32".to_owned()));
}

#[test]
fn hashes_tell_what_they_keep_together() {
    let affinity = |directive: &str| {
        let found = found(&format!("upstream a {{ {directive}; server a1; server a2; }}"));
        found.balancers[0].affinity.as_ref().map(|affinity| affinity.by)
    };
    assert_eq!(affinity("hash $remote_addr consistent"), Some(AffinityKey::Address));
    assert_eq!(affinity("hash $cookie_sid"), Some(AffinityKey::Cookie));
    assert_eq!(affinity("hash $request_uri"), Some(AffinityKey::Request));
    assert_eq!(affinity("least_conn"), None);
    assert_eq!(affinity("random two"), None);
}

#[test]
fn servers_that_are_never_left_alone_and_those_that_are_asked() {
    let check = |text: &str| found(text).balancers[0].health_check;
    assert_eq!(check("upstream a { server x max_fails=0; server y max_fails=0; }"), HealthCheck::None);
    assert_eq!(check("upstream a { server x max_fails=0; server y; }"), HealthCheck::Passive);
    let asked = "upstream a { server x; server y; } server { location / { proxy_pass http://a; health_check; } }";
    assert_eq!(check(asked), HealthCheck::Active);
    assert_eq!(check("upstream a { server x; check interval=3000; }"), HealthCheck::Active);
}

#[test]
fn variables_are_followed_to_what_they_hold() {
    let text = "map $uri $pool { default one; /b two; }\nupstream one { server a; }\nupstream two { server b; }\n\
                server {\n  set $app http://shop:3000;\n  location / { proxy_pass $app; }\n  location /p { proxy_pass http://$pool; }\n\
                location /u { proxy_pass http://web:80$request_uri; }\n location /x { proxy_pass http://$unknown; } }";
    let found = found(text);
    assert_eq!(
        balancers(&found),
        [
            "one:2 Passive",
            "  a:2:23 ",
            "  > /p:7",
            "two:3 Passive",
            "  b:3:23 ",
            "  > /p:7",
            "shop:3000:6 Passive",
            "  http://shop:3000:6:27 ",
            "  > /:6",
            "web:80:8 Passive",
            "  http://web:80:8:26 ",
            "  > /u:8",
            "$unknown:9 Passive",
            "  http://$unknown:9:27 ",
            "  > /x:9",
        ]
    );
}

#[test]
fn includes_are_read_where_they_stand_and_only_so_often() {
    let text =
        "server { location /ws { include /etc/nginx/snippets/ws.conf; proxy_pass http://app; } include loop.conf; }";
    let beside = [
        ("snippets/ws.conf", "proxy_set_header Upgrade $http_upgrade;"),
        ("loop.conf", "include loop.conf; location /y { proxy_pass http://y; }"),
    ];
    let found = read_at("nginx.conf", text, &beside);
    let upgrade = found.balancers.iter().find(|it| it.name == "app").unwrap();
    assert!(shown(&upgrade.routes[0].settings).iter().any(|it| it.starts_with("proxy_set_header.upgrade")));
    assert_eq!(upgrade.routes[0].span.line, 1);
    assert!(found.balancers.iter().any(|it| it.name == "y" && it.span.line == 1));
}

#[test]
fn templates_are_read_as_if_every_branch_were_there() {
    let text = "upstream app {\n{% for host in hosts %}\n  server {{ host }}:80;\n{% endfor %}\n  server ${APP_HOST}:80;\n}\n\
                {{ range services \"app\" }}\nserver { listen {{ port }}; location / { proxy_pass http://app; } }\n{{ end }}\n";
    let found = found(text);
    assert_eq!(balancers(&found), ["app:1 Passive", "  {{ host }}:80:3:10 ", "  ${APP_HOST}:80:5:10 ", "  > /:8"]);
    assert_eq!(
        problems(&found),
        ["nginx.conf:2:1: a template writes this file: what it leaves out or repeats is not known"]
    );
}

#[test]
fn passenger_runs_processes_of_its_own() {
    let whole = |directives: &str| {
        let text = format!(
            "http {{\n  passenger_root /usr/lib/passenger;\n{directives}  server {{\n    root /srv/shop/public;\n    \
             passenger_enabled on;\n  }}\n}}\n"
        );
        let found = found(&text);
        assert_eq!(problems(&found), Vec::<String>::new());
        let [passenger] = found.services.as_slice() else { panic!("{:?}", found.services) };
        assert_eq!(passenger.name.as_str(), "passenger");
        let count = passenger.processes.as_ref();
        count.map(|count| format!("{} {} {}", count.value, count.stated_as, count.location)).unwrap_or_default()
    };
    assert_eq!(whole("  passenger_max_pool_size 6;\n"), "6 passenger max_pool_size nginx.conf:3");
    assert_eq!(whole("  passenger_min_instances 2;\n"), "2 passenger min_instances nginx.conf:3");
    assert_eq!(
        whole("  passenger_max_pool_size 6;\n  passenger_max_instances_per_app 0;\n"),
        "6 passenger max_pool_size nginx.conf:3"
    );
    assert_eq!(whole(""), "");
    let part = "# of all apps\npassenger_max_pool_size 3;\n";
    let facts = super::super::read("etc/conf.d/passenger.conf", part, &|_| None).unwrap().facts;
    assert_eq!(facts.services[0].processes.as_ref().unwrap().value, 3);
    assert!(found("server { passenger_enabled off; }\n").services.is_empty());
}

#[test]
fn what_nginx_refuses_is_told() {
    let twice = found("upstream a { server x; }\nupstream a { server y; }\n");
    assert_eq!(problems(&twice), ["nginx.conf:2:10: the upstream `a` is here a second time"]);
    let circle = [("more.conf", "include nginx.conf;\nserver { listen 80; }\n")];
    let circle = read_at("nginx.conf", "http {\n  include more.conf;\n  include mime.types;\n}\n", &circle);
    assert_eq!(problems(&circle), ["nginx.conf:2:3: `more.conf` includes this file in turn"]);
}

#[test]
fn lua_is_passed_over() {
    let text = "server { content_by_lua_block { local t = { a = '}' } -- }\n ngx.say(\"{\") }\n location / { proxy_pass http://a; } }";
    let found = found(text);
    assert_eq!(balancers(&found), ["a:3 Passive", "  http://a:3:26 ", "  > /:3"]);
    assert_eq!(problems(&found), Vec::<String>::new());
}

#[test]
fn faults_are_problems_with_their_places_and_the_rest_is_read() {
    let found = found(
        "}\nupstream {\n  server;\n}\nupstream a { server x }\nserver {\n  location / { proxy_pass http://a; }\n",
    );
    assert_eq!(
        problems(&found),
        [
            "nginx.conf:1:1: this `}` closes nothing",
            "nginx.conf:5:14: this directive is not ended by `;`",
            "nginx.conf:6:1: the block of `server` is never closed",
            "nginx.conf:2:1: this `upstream` has no name",
        ]
    );
    assert_eq!(balancers(&found), ["a:5 Passive", "  x:5:21 ", "  > /:7"]);
    let deep = "a {".repeat(100_000);
    assert_eq!(super::super::read("nginx.conf", &format!("server\n{deep}"), &|_| None).unwrap().problems.len(), 33);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|[{};'\"$#\\\\]|\\{\\{|\\{%|<%|server |upstream a|location /|proxy_pass http://|include x;|set \\$a b;|x_by_lua_block ){0,60}") {
        let _ = read_at("nginx.conf", &text, &[("x", &text)]);
    }
}
