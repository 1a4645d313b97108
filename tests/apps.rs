//! The fixture apps: real servers, real replicas, a real Redis. Each wrong app has a sound twin.

mod tool;

use serde_json::Value;
use tool::{Said, have, have_node_packages, have_python_packages, root, run};

fn test(app: &str) -> Said {
    run(root().join("fixtures/apps").join(app), &["test", "--format", "json"])
}

fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no check {id} in {report:#}"))
}

/// The wrong app loses the cart between the replica that took the item and another one that shows the cart.
fn loses_the_cart(app: &str) {
    let report = test(app).expect_code(1).json();
    assert_eq!(report["verdict"], "not-ready");
    let ryw = check(&report, "ryw");
    assert_eq!(ryw["verdict"], "fail", "{report:#}");
    assert_eq!(check(&report, "port")["verdict"], "pass", "{report:#}");
    // The cookie is all that another replica has of the cart: that it is not found there may be the fault of either.
    assert_eq!(check(&report, "session-cross")["verdict"], "unknown", "{report:#}");
    let steps = ryw["story"]["steps"].as_array().expect("a story");
    let told: Vec<String> = steps
        .iter()
        .map(|step| format!("{} {}", step["method"].as_str().expect("text"), step["target"].as_str().expect("text")))
        .collect();
    assert_eq!(told, ["POST /cart", "GET /cart"], "the smallest story leaves the shop's front page out");
    assert_ne!(steps[0]["replica"], steps[1]["replica"]);
    assert_eq!(steps[0]["failed"], false);
    assert_eq!(steps[1]["failed"], true);
    let confirmed: Vec<&Value> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["proof"] == "confirmed")
        .collect();
    assert_eq!(confirmed.len(), 1, "{report:#}");
    assert_eq!(confirmed[0]["family"], "process-state");
}

fn is_ready(app: &str) {
    let report = test(app).expect_code(0).json();
    assert_eq!(report["verdict"], "ready");
    for id in ["port", "session-cross", "ryw", "fs-isolated", "distribution"] {
        assert_eq!(check(&report, id)["verdict"], "pass", "{report:#}");
    }
}

#[test]
fn express_with_the_cart_in_memory_is_not_ready() {
    if have_node_packages("express-cart-memory") {
        loses_the_cart("express-cart-memory");
    }
}

#[test]
fn express_with_the_cart_in_redis_is_ready() {
    if have_node_packages("express-cart-redis") && have("redis-server") {
        is_ready("express-cart-redis");
    }
}

#[test]
fn flask_with_the_cart_in_memory_is_not_ready() {
    if have_python_packages() {
        loses_the_cart("flask-cart-memory");
    }
}

#[test]
fn flask_with_the_cart_in_redis_is_ready() {
    if have_python_packages() && have("redis-server") {
        is_ready("flask-cart-redis");
    }
}

#[test]
fn a_bot_that_polls_is_found_and_its_webhook_twin_is_not() {
    let apps = root().join("fixtures/apps");
    let polling = run(apps.join("telegram-survey-polling"), &["lint", "--format", "json"]).expect_code(1).json();
    let found = &polling["findings"][0];
    assert_eq!((&found["family"], &found["line"]), (&"polling-consumer".into(), &16.into()), "{polling:#}");
    assert_eq!(polling["findings"].as_array().expect("findings").len(), 1);
    let webhook = run(apps.join("telegram-survey-webhook"), &["lint", "--format", "json"]).expect_code(0).json();
    assert_eq!(webhook["findings"], serde_json::json!([]));
}

#[test]
fn services_that_are_copies_are_one_app_with_three_instances() {
    let report = run(root().join("fixtures/apps/compose-copies"), &["lint", "--format", "json"]).json();
    let services = report["services"].as_array().expect("services");
    let server = services.iter().find(|service| service["name"] == "server").unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&server["replicas"], &server["role"], &server["line"]), (&3.into(), &"web".into(), &14.into()));
    assert!(services.iter().all(|service| service["name"] != "server2"), "{report:#}");
}
