//! Tests: ecosystem files in JavaScript, JSON and YAML.

use proptest::prelude::*;

use super::*;

fn apps(path: &str, text: &str) -> Vec<Service> {
    crate::source::read(path, text).expect("somebody reads it").facts.services
}

/// A number, its line and its column.
type Stated = Option<(u32, u32, u32)>;

fn told(services: &[Service]) -> Vec<(&str, Role, Stated)> {
    let count = |service: &Service| {
        service.processes.as_ref().map(|count| (count.value, count.location.span.line, count.location.span.column))
    };
    services.iter().map(|service| (service.name.as_str(), service.role, count(service))).collect()
}

const ECOSYSTEM: &str = r#"// Processes of the shop.
module.exports = {
  apps: [
    {
      name: "shop-api",
      script: "./dist/server.js",
      // instances: 1,
      instances: "max",
      exec_mode: "cluster",
      args: ["--port=8080", "--quiet"],
      env: { NODE_ENV: "development" },
      env_production: { NODE_ENV: "production", PORT: 8080 },
      kill_timeout: 5000,
    },
    { name: "mailer-worker", script: "jobs/mail.js", cwd: "./jobs" },
    { name: "bot", script: "bot.py", interpreter: "python3", instances: 1 },
  ],
  deploy: { production: { host: "shop.example", path: "/srv/shop" } },
};
"#;

#[test]
fn apps_of_an_ecosystem_file_are_services() {
    let services = apps("ecosystem.config.js", ECOSYSTEM);
    assert_eq!(
        told(&services),
        [("shop-api", Role::Web, Some((2, 8, 7))), ("mailer-worker", Role::Worker, None), ("bot", Role::Bot, None)]
    );
    let shop = &services[0];
    assert_eq!(shop.span, Span::on_line(5, 7, 23));
    assert_eq!(shop.command.as_deref(), Some("./dist/server.js --port=8080 --quiet"));
    assert_eq!(services[2].command.as_deref(), Some("python3 bot.py"));
    let environment: Vec<_> = shop.environment.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(environment, ["NODE_ENV", "NODE_ENV", "PORT"]);
    assert!(
        shop.settings
            .iter()
            .any(|setting| setting.key == "exec_mode" && setting.value == Value::Text("cluster".into()))
    );
    assert_eq!(services[1].build.as_deref(), Some("./jobs"));
}

#[test]
fn json_and_yaml_are_read_alike() {
    let json = "{\n  \"apps\": [\n    {\n      \"name\": \"api\",\n      \"script\": \"server.js\",\n      \"instances\": 4\n    }\n  ]\n}\n";
    assert_eq!(told(&apps("ecosystem.json", json)), [("api", Role::Web, Some((4, 6, 7)))]);
    let one = "{ \"name\": \"worker\", \"script\": \"w.js\", \"instances\": \"-1\" }\n";
    assert_eq!(told(&apps("process.json", one)), [("worker", Role::Worker, Some((2, 1, 39)))]);
    let yaml = "apps:\n  - script: ./api.js\n    name: api\n    # instances: 9\n    instances: 0\n    exec_mode: cluster\n  - script: worker.js\n    name: worker\n";
    let services = apps("process.yml", yaml);
    assert_eq!(told(&services), [("api", Role::Web, Some((2, 5, 5))), ("worker", Role::Worker, None)]);
}

#[test]
fn an_array_of_its_own_name_and_modules_are_understood() {
    let named = "const apps = [{ name: 'a', script: 'a.js', instances: 3 }];\nmodule.exports = { apps };\n";
    assert_eq!(told(&apps("pm2.config.cjs", named)), [("a", Role::Web, Some((3, 1, 44)))]);
    let module =
        "export default { apps: [{ name: 'a', script: 'npm', args: 'start', instances: process.env.N || 2 }] };\n";
    let services = apps("ecosystem.config.mjs", module);
    assert_eq!((services[0].command.as_deref(), services[0].processes.as_ref().unwrap().value), (Some("npm start"), 2));
    assert_eq!(apps("app.config.js", named), []);
}

#[test]
fn what_is_broken_is_told_and_the_rest_is_read() {
    let extracted =
        crate::source::read("ecosystem.yml", "apps:\n  - script: a.js\n    name: a\n    name: b\n").unwrap();
    assert_eq!(extracted.problems[0].to_string(), "ecosystem.yml:4:5: the key `name` is here a second time");
    assert_eq!(extracted.facts.services.len(), 1);
    assert_eq!(apps("process.json", "[1, {\"script\": 3}, null]").len(), 1);
    assert_eq!(apps("process.json", "not apps at all"), []);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\PC|\n|apps: |instances: |\"script\": |\\{|\\}|\\[|\\]|- |,|4){0,40}") {
        let _ = read(&File { path: "process.json".into(), text: &text, beside: &|_| None });
    }
}
