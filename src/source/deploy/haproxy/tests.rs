//! HAProxy: whole files as its documentation shows them, and what is broken.

use proptest::prelude::*;

use super::*;

fn found(text: &str) -> Found {
    read(&File { path: "haproxy.cfg".into(), text, beside: &|_| None })
}

fn balancers(found: &Found) -> Vec<String> {
    super::super::shown::balancers(&found.balancers)
}

fn problems(found: &Found) -> Vec<String> {
    found.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_configuration() {
    let found = found(include_str!("tests/shop.cfg"));
    assert_eq!(problems(&found), Vec::<String>::new());
    assert_eq!(
        balancers(&found),
        [
            "shop:24 Active Cookie cookie SRV insert indirect nocache:26",
            "  shop1:8000:29:18 inter=3s check=true cookie=s1",
            "  shop2:8000:30:18 inter=3s check=true cookie=s2 weight=5",
            "  > :20",
            "chat:32 None Address balance source:33",
            "  chat1:3000:34:18 ",
            "  10.0.0.8:3000:35:18 backup=true",
            "  > if { path_beg /socket.io }:19",
            "workers:37 Active",
            "  worker:9000:40:32 check=true resolvers=docker init-addr=none template=1-5",
            "database:42 Active Address stick on src:46",
            "  db:5432:47:16 check=true",
        ]
    );
    let settings = super::super::shown::settings(&found.balancers[0].settings);
    assert!(settings.contains(&"option.redispatch=false".to_owned()), "own lines come after defaults: {settings:?}");
    assert!(settings.contains(&"retries=3".to_owned()), "{settings:?}");
    let file = super::super::shown::settings(&found.settings);
    assert!(file.contains(&"defaults.option.redispatch=true".to_owned()), "{file:?}");
    assert!(file.contains(&"frontend.www.default_backend=shop".to_owned()), "{file:?}");
    assert_eq!(found.comments.len(), 2);
}

#[test]
fn a_cookie_that_no_server_has_keeps_nobody() {
    let affinity = |lines: &str| found(&format!("backend a\n{lines}")).balancers[0].affinity.clone().map(|it| it.by);
    assert_eq!(affinity("cookie S insert\nserver a a:1\nserver b b:1"), None);
    assert_eq!(affinity("cookie S insert dynamic\nserver a a:1"), Some(AffinityKey::Cookie));
    assert_eq!(affinity("balance hdr(x-user)\nserver a a:1"), Some(AffinityKey::Request));
    assert_eq!(affinity("balance hash req.cook(sid)\nserver a a:1"), Some(AffinityKey::Cookie));
    assert_eq!(affinity("balance source\nbalance roundrobin\nserver a a:1"), None);
    assert_eq!(affinity("balance random(2)\nserver a a:1"), None);
}

#[test]
fn defaults_hand_on_the_last_before_or_those_that_are_named() {
    let text = "defaults one\n default-server check\ndefaults two\n retries 1\nbackend a from one\n server a a:1\nbackend b\n server b b:1 \
                no-check\nbackend c from one\n server c c:1 no-check\n";
    assert_eq!(
        balancers(&found(text)),
        [
            "a:5 Active",
            "  a:1:6:11 check=true",
            "b:7 None",
            "  b:1:8:11 no-check=true",
            "c:9 None",
            "  c:1:10:11 no-check=true"
        ]
    );
}

#[test]
fn faults_are_problems_with_their_places_and_the_rest_is_read() {
    let text = "server x x:1\nbackend\n server a a:1\nbackend b\n server c\n {% for x in y %}\n server d \"d:1\n {% endfor %}\n server 'e f' e:1\\ # no\n";
    let found = found(text);
    assert_eq!(
        problems(&found),
        [
            "haproxy.cfg:1:1: this line stands in no section",
            "haproxy.cfg:6:2: a template writes this file: what it leaves out or repeats is not known",
            "haproxy.cfg:7:11: this quote is never closed",
            "haproxy.cfg:2:1: this `backend` has no name",
            "haproxy.cfg:5:2: this `server` has no address",
        ]
    );
    assert_eq!(balancers(&found), ["b:4 None", "  d:1:7:11 ", "  e:1 :9:15 "]);
}

#[test]
fn a_section_that_is_there_twice_is_told() {
    let found =
        found("backend a\n  server x x:80 check\nfrontend a\n  default_backend a\nbackend a\n  server y y:80 check\n");
    let told: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].ends_with(":5:9: the backend `a` is here a second time"), "{told:?}");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|\"|'|\\\\|#|backend |defaults |listen a\n|server a a:1 |server-template a 1-3 |cookie x |no |from ){0,60}") {
        let _ = found(&text);
    }
}
