//! Envoy: whole files as its documentation shows them, and what is broken.

use proptest::prelude::*;

use super::super::shown;
use super::*;

fn found(path: &str, text: &str) -> Found {
    read(&File { path: path.into(), text, beside: &|_| None })
}

#[test]
fn a_whole_file() {
    let found = found("envoy.yaml", include_str!("tests/envoy.yaml"));
    assert_eq!(found.problems, []);
    assert_eq!(
        shown::balancers(&found.balancers),
        [
            "shop:29 Active",
            "  shop1:8000:38:48 load_balancing_weight=3",
            "  shop2:8000:42:48 ",
            "  > /:25",
            "chat:49 None Cookie hash_policy: cookie:22",
            "  chat:3000:55:67 ",
            "  > /socket.io:19",
            "local:56 Passive",
            "  unix:/run/app.sock:62:54 ",
        ]
    );
    let upgrades =
        |at: usize| shown::settings(&found.balancers[at].routes[0].settings).contains(&"upgrade=websocket".to_owned());
    assert!(upgrades(1) && !upgrades(0));
}

#[test]
fn json_and_the_hosts_of_version_2() {
    let text = "{\"static_resources\": {\n\t\"clusters\": [{\n\t\t\"name\": \"shop\",\n\t\t\"hosts\": [{\"socket_address\": {\"address\": \"shop\", \"port_value\": 80}}]\n\t}]\n}}\n";
    let found = found("envoy.json", text);
    assert_eq!(found.problems, []);
    assert_eq!(shown::balancers(&found.balancers), ["shop:3 None", "  shop:80:4:44 "]);
}

#[test]
fn what_is_broken_is_a_problem() {
    let found =
        found("envoy.yaml", "static_resources:\n  clusters:\n  - name: a\n    load_assignment: 3\n  - {}\n  - *x\n");
    assert_eq!(shown::balancers(&found.balancers), ["a:3 None"]);
    assert_eq!(found.problems.len(), 1);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|  |static_resources:\n|clusters:\n|- name: a\n|hosts:\n|- socket_address: \\{address: x\\}\n|listeners:\n|route: \\{cluster: a\\}\n){0,40}") {
        let _ = found("envoy.yaml", &text);
    }
}
