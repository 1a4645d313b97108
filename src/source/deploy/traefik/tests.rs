//! Traefik: whole files as its documentation shows them, and what is broken.

use proptest::prelude::*;

use super::super::shown::balancers;
use super::*;

fn found(path: &str, text: &str) -> Found {
    read(&File { path: path.into(), text, beside: &|_| None })
}

#[test]
fn a_whole_file_of_yaml() {
    let found = found("dynamic.yml", include_str!("tests/dynamic.yml"));
    assert_eq!(found.problems, []);
    assert_eq!(
        balancers(&found.balancers),
        [
            "shop:20 Active Cookie sticky.cookie:22",
            "  http://shop1:8000:30:18 url=http://shop1:8000",
            "  http://shop2:8000:31:18 url=http://shop2:8000 weight=2",
            "  > Host(`shop.example`):4",
            "chat:33 None",
            "  http://chat1:3000:36:18 url=http://chat1:3000",
            "  http://10.0.0.9:3000:37:18 url=http://10.0.0.9:3000",
            "  > Host(`shop.example`) && PathPrefix(`/chat`):10",
            "canary:38 None",
            "  shop:41:19 name=shop weight=3",
            "  chat:43:19 name=chat weight=0",
            "database:48 None",
            "  db:5432:51:22 address=db:5432",
        ]
    );
    assert!(found.settings.iter().any(|setting| setting.key == "http.middlewares.retry.retry.attempts"));
}

#[test]
fn a_whole_file_of_toml() {
    let found = found("traefik.toml", include_str!("tests/dynamic.toml"));
    assert_eq!(found.problems, []);
    assert_eq!(
        balancers(&found.balancers),
        [
            "shop:13 Active Cookie sticky.cookie:17",
            "  http://shop1:8000:20:13 url=http://shop1:8000",
            "  http://shop2:8000:22:13 url=http://shop2:8000",
            "  > Host(`shop.example`):8",
            "old:24 None Cookie stickiness:25",
            "  http://old1:80:27:11 url=http://old1:80 weight=10",
            "  http://old2:80:30:11 url=http://old2:80",
        ]
    );
}

#[test]
fn the_address_of_a_client_may_tell_its_server() {
    let yaml = "http:\n  services:\n    a:\n      loadBalancer:\n        strategy: hrw\n        servers: [{url: 'http://a1'}]\n    \
                b:\n      loadBalancer:\n        strategy: p2c\n        servers: [{url: 'http://b1'}]\n    c:\n      \
                highestRandomWeight:\n        services: [{name: a, weight: 1}]\n";
    assert_eq!(
        balancers(&found("dynamic.yml", yaml).balancers),
        [
            "a:3 None Address strategy: hrw:5",
            "  http://a1:6:25 url=http://a1",
            "b:7 None",
            "  http://b1:10:25 url=http://b1",
            "c:11 None Address highestRandomWeight:12",
            "  a:13:27 name=a weight=1",
        ]
    );
    let toml = "[http.services.a.loadBalancer]\nstrategy = \"hrw\"\n";
    assert_eq!(balancers(&found("dynamic.toml", toml).balancers), ["a:1 None Address strategy: hrw:2"]);
}

#[test]
fn what_is_broken_is_a_problem_and_the_rest_is_read() {
    let found = found(
        "traefik.yml",
        "http:\n  services:\n    a: {loadbalancer: {servers: [{url: 'http://a'}, {}, 3]}}\n    b: 3\n\tc: d\n",
    );
    assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    let toml = super::read(&File {
        path: "traefik.toml".into(),
        text: "[http.services.a.loadBalancer]\nx = = 1\n",
        beside: &|_| None,
    });
    assert!(!toml.problems.is_empty());
    assert_eq!(balancers(&toml.balancers), ["a:1 None"]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|  |http:\n|services:\n|a:\n|loadBalancer:\n|servers:\n|- url: x\n|sticky:\n|\\[http.services.a\\]\n){0,40}") {
        let _ = found("traefik.yml", &text);
        let _ = found("traefik.toml", &text);
    }
}
