//! Files of platforms as their documentation shows them.

use proptest::prelude::*;

use super::super::{Beside, File, Found};
use super::*;
use crate::model::deployment::{Count, Says};

type Read = fn(&File<'_>) -> Found;

fn alone(_: &str) -> Option<String> {
    None
}

fn found(path: &str, text: &str, read: Read) -> Found {
    found_beside(path, text, read, &alone)
}

fn found_beside(path: &str, text: &str, read: Read, beside: Beside<'_>) -> Found {
    read(&File { path: path.into(), text, beside })
}

fn count(count: &Count) -> String {
    format!("{} {} :{}:{}", count.value, count.stated_as, count.location.span.line, count.location.span.column)
}

/// A service as a line: name, place, role, counts, volumes, whether it is checked.
fn line(service: &Service) -> String {
    let mut line = format!("{} :{} {}", service.name, service.span.line, service.role);
    service.instances.iter().for_each(|instances| line += &format!(" | {}", count(instances)));
    service.ceiling.iter().for_each(|ceiling| line += &format!(" | up to {}", count(ceiling)));
    service.processes.iter().for_each(|processes| line += &format!(" | processes {}", count(processes)));
    for mount in &service.mounts {
        line += &format!(" | {} at {} :{}", mount.source, mount.target, mount.span.line);
    }
    if service.health_check { line + " | checked" } else { line }
}

fn lines(found: &Found) -> Vec<String> {
    assert_eq!(found.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    found.services.iter().map(line).collect()
}

fn problems(found: &Found) -> Vec<String> {
    found.problems.iter().map(ToString::to_string).collect()
}

fn value<'s>(settings: &'s [Setting], key: &str) -> Option<&'s Value> {
    settings.iter().find(|setting| setting.key == key).map(|setting| &setting.value)
}

#[test]
fn fly_groups_have_machines_volumes_and_checks_of_their_own() {
    let text = r#"# fly.toml
app = "shop"
primary_region = "ams"

[build]
  dockerfile = "Dockerfile"

[env]
  DATABASE_URL = "sqlite:////data/shop.db"
  PORT = "8080"

[deploy]
  release_command = "python manage.py migrate"
  strategy = "rolling"

[processes]
  web = "gunicorn -w 3 shop.wsgi"
  worker = "celery -A shop worker"
  bot = "python -m shop.telegram"

[[mounts]]
  source = "uploads"
  destination = "/data"
  processes = ["web"]

[http_service]
  internal_port = 8080
  force_https = true
  auto_stop_machines = "stop"
  auto_start_machines = true
  min_machines_running = 2
  processes = ["web"]

  [http_service.concurrency]
    type = "requests"
    soft_limit = 200

  [[http_service.checks]]
    interval = "15s"
    path = "/healthz"

[[vm]]
  size = "shared-cpu-1x"
"#;
    let found = found("fly.toml", text, fly::read);
    assert_eq!(
        lines(&found),
        [
            "web :17 web | 2 http_service.min_machines_running :31:26 | processes 3 gunicorn -w :17:19 | uploads at /data :23 | checked",
            "worker :18 worker",
            "bot :19 bot",
        ]
    );
    let web = &found.services[0];
    assert_eq!(web.mounts[0].sharing, Sharing::Own);
    assert_eq!(web.ports[0].container, 8080);
    assert_eq!(value(&web.environment, "DATABASE_URL"), Some(&Value::Text("sqlite:////data/shop.db".into())));
    assert_eq!(value(&web.settings, "http_service.auto_stop_machines"), Some(&Value::Text("stop".into())));
    assert_eq!(value(&web.settings, "http_service.min_machines_running"), Some(&Value::Number(2.0)));
    assert!(web.is_called("shop"));
}

#[test]
fn fly_makes_two_machines_of_an_app_that_is_served_and_has_no_volume() {
    let text = "app = \"shop\"\n\n[http_service]\n  internal_port = 3000\n";
    assert_eq!(
        lines(&found("fly.toml", text, fly::read)),
        ["shop :1 web | up to 2 two Machines for http_service by default :3:2"]
    );
    let text = format!("{text}\n[mounts]\n  source = \"data\"\n  destination = \"/data\"\n");
    assert_eq!(lines(&found("fly.toml", &text, fly::read)), ["shop :1 web | data at /data :8"]);
    let text = "app = \"shop\"\n[[services]]\n  internal_port = 80\n  protocol = \"tcp\"\n  [[services.tcp_checks]]\n    interval = 1\n";
    assert_eq!(
        lines(&found("fly.toml", text, fly::read)),
        ["shop :1 web | up to 2 two Machines for services by default :2:1 | checked"]
    );
    let text = "app = \"reminder-bot\"\n[env]\n  TZ = \"UTC\"\n";
    assert_eq!(lines(&found("fly.toml", text, fly::read)), ["reminder-bot :1 bot"]);
}

#[test]
fn render_services_state_their_instances_and_disks() {
    let text = r#"services:
  - type: web
    name: shop
    runtime: python
    plan: standard
    buildCommand: pip install -r requirements.txt
    preDeployCommand: python manage.py migrate
    startCommand: gunicorn shop.wsgi --workers 4
    healthCheckPath: /healthz
    numInstances: 3
    envVars:
      - key: SECRET_KEY
        generateValue: true
      - key: DATABASE_URL
        fromDatabase:
          name: shop-db
          property: connectionString
      - key: SESSION_STORE
        value: file
    disk:
      name: uploads
      mountPath: /var/data
      sizeGB: 10
  - type: worker
    name: mailer
    runtime: python
    startCommand: celery -A shop worker
    scaling:
      minInstances: 1
      maxInstances: 4
      targetCPUPercent: 70
  - type: cron
    name: report
    runtime: python
    schedule: "0 6 * * *"
    startCommand: python report.py
  - type: web
    name: pages
    runtime: static
    staticPublishPath: ./dist
  - type: keyvalue
    name: cache
    ipAllowList: []
databases:
  - name: shop-db
    plan: basic-256mb
"#;
    let found = found("render.yaml", text, render::read);
    assert_eq!(
        lines(&found),
        [
            "shop :3 web | 3 numInstances :10:19 | processes 4 gunicorn --workers :8:38 | uploads at /var/data :22 | checked",
            "mailer :25 worker | 1 scaling.minInstances :29:21 | up to 4 scaling.maxInstances :30:21",
            "report :33 cron",
            "pages :38 static",
            "cache :42 cache",
            "shop-db :45 database",
        ]
    );
    let shop = &found.services[0];
    assert_eq!(value(&shop.environment, "SECRET_KEY"), Some(&Value::Unknown));
    assert_eq!(value(&shop.environment, "SESSION_STORE"), Some(&Value::Text("file".into())));
    assert_eq!(value(&shop.settings, "preDeployCommand"), Some(&Value::Text("python manage.py migrate".into())));
    let nested = "projects:\n  - name: p\n    environments:\n      - name: production\n        services:\n          - type: web\n            name: api\n            numInstances: 2\n";
    assert_eq!(lines(&self::found("render.yaml", nested, render::read)), ["api :7 web | 2 numInstances :8:27"]);
}

#[test]
fn railway_is_read_from_json_and_toml() {
    let json = r#"{
  "$schema": "https://railway.com/railway.schema.json",
  "build": { "builder": "RAILPACK" },
  "deploy": {
    "startCommand": "uvicorn main:app --workers 2",
    "preDeployCommand": ["alembic upgrade head"],
    "healthcheckPath": "/health",
    "multiRegionConfig": {
      "us-west2": { "numReplicas": 2 },
      "europe-west4-drams3a": { "numReplicas": 1 }
    }
  }
}
"#;
    assert_eq!(
        lines(&found("api/railway.json", json, railway::read)),
        [
            "api :4 web | 2 numReplicas of us-west2 :9:36 | 1 numReplicas of europe-west4-drams3a :10:48 | processes 2 uvicorn --workers :5:39 | checked"
        ]
    );
    let toml =
        "[build]\nbuilder = \"nixpacks\"\n\n[deploy]\nstartCommand = \"node jobs.js\"\ncronSchedule = \"0 * * * *\"\n";
    let scheduled = found("railway.toml", toml, railway::read);
    assert_eq!(lines(&scheduled), ["app :4 cron"]);
    assert_eq!(scheduled.services[0].kind, "job", "it runs to its end");
    let toml = "[deploy]\nstartCommand = \"npm start\"\nnumReplicas = 4\n";
    assert_eq!(lines(&found("railway.toml", toml, railway::read)), ["app :1 unknown | 4 numReplicas :3:15"]);
}

#[test]
fn amvera_names_its_storage_and_port() {
    let text = "meta:\n  environment: python\n  toolchain:\n    name: pip\n    version: 3.11\nbuild:\n  requirementsPath: requirements.txt\nrun:\n  command: gunicorn shop:app -w 2\n  persistenceMount: /data\n  containerPort: 8000\n";
    let shop = found("shop/amvera.yml", text, amvera::read);
    assert_eq!(lines(&shop), ["shop :8 web | processes 2 gunicorn -w :9:30 | data at /data :10"]);
    let mail = "name: mail-digest-bot\nmeta:\n  environment: python\nrun:\n  command: python3 -u digest.py\n";
    assert_eq!(lines(&found("amvera.yml", mail, amvera::read)), ["mail-digest-bot :4 bot"]);
    let plain = "run:\n  command: python3 main.py\n";
    assert_eq!(lines(&found("amvera.yml", plain, amvera::read)), ["app :1 unknown"]);
    let bot = "meta:\n  environment: python\nrun:\n  scriptName: bot.py\n  persistenceMount: /data\n";
    assert_eq!(lines(&found("amvera.yaml", bot, amvera::read)), ["app :3 bot | data at /data :5"]);
}

#[test]
fn tako_services_stand_in_the_file_or_in_its_environments() {
    let text = r#"project:
  name: shop
  version: 1.0.0
servers:
  prod:
    host: ${SERVER_HOST}
environments:
  production:
    servers: [prod]
    services:
      web:
        build: .
        port: 3000
        replicas: 3
        loadBalancer:
          strategy: sticky
        volumes:
          - uploads:/app/uploads
          - ./config:/app/config:ro
        env:
          DATABASE_URL: sqlite:///app/uploads/shop.db
          SECRET: ${SECRET}
        healthCheck:
          path: /health
      cleanup:
        kind: job
        schedule: "0 3 * * *"
        image: alpine:3
        command: sh -c "date"
      db:
        image: postgres:16
        persistent: true
        volumes:
          - data:/var/lib/postgresql/data
  development:
    services:
      web:
        build: .
        port: 3000
"#;
    let found = found("tako.yaml", text, tako::read);
    assert_eq!(
        lines(&found),
        [
            "web :11 web | 3 replicas :14:19 | uploads at /app/uploads :18 | ./config at /app/config :19 | checked",
            "cleanup :25 cron",
            "db :30 database | data at /var/lib/postgresql/data :34",
        ]
    );
    let web = &found.services[0];
    assert_eq!(
        web.affinity.as_ref().map(|affinity| affinity.stated_as.as_str()),
        Some("loadBalancer.strategy: sticky")
    );
    assert!(web.mounts[1].read_only);
    assert_eq!(value(&web.environment, "SECRET"), Some(&Value::Unknown));
}

#[test]
fn app_json_says_how_often_processes_of_a_procfile_run() {
    let text = r#"{
  "name": "shop",
  "env": {
    "SECRET_KEY": { "generator": "secret" },
    "SESSION_DRIVER": { "value": "file" },
    "LOG_LEVEL": "info"
  },
  "formation": {
    "web": { "quantity": 2, "size": "standard-1x" },
    "clock": { "quantity": 1 }
  },
  "addons": ["heroku-postgresql", { "plan": "heroku-redis:mini" }],
  "scripts": { "postdeploy": "python manage.py migrate" }
}
"#;
    let attached = found_beside("app.json", text, app_json::read, &|path| (path == "Procfile").then(String::new));
    assert!(attached.services.is_empty() && attached.problems.is_empty());
    let counts = attached.attachments.iter().filter_map(|attachment| match &attachment.says {
        Says::Replicas(replicas) => Some(count(replicas)),
        _ => None,
    });
    assert_eq!(counts.collect::<Vec<_>>(), ["2 formation.web.quantity :9:26", "1 formation.clock.quantity :10:28"]);
    assert_eq!(value(&attached.settings, "SESSION_DRIVER"), Some(&Value::Text("file".into())));
    assert_eq!(value(&attached.settings, "SECRET_KEY"), Some(&Value::Unknown));
    assert_eq!(
        lines(&found("app.json", text, app_json::read)),
        ["web :9 web | 2 formation.web.quantity :9:26", "clock :10 cron | 1 formation.clock.quantity :10:28"]
    );
}

#[test]
fn heroku_yml_has_processes_that_run_and_those_that_are_only_built() {
    let text = "setup:\n  addons:\n    - plan: heroku-postgresql\nbuild:\n  docker:\n    web: Dockerfile\n    worker: worker/Dockerfile\nrelease:\n  image: worker\n  command:\n    - rake db:migrate\nrun:\n  web: bundle exec puma -w 3\n  beat:\n    command:\n      - celery -A shop beat\n    image: worker\n";
    let found = found("heroku.yml", text, heroku::read);
    assert_eq!(lines(&found), ["web :13 web | processes 3 puma -w :13:25", "beat :14 cron", "worker :7 worker"]);
    assert_eq!(found.services[1].build.as_deref(), Some("worker"));
}

#[test]
fn digital_ocean_components_state_their_instances() {
    let text = r#"name: shop
region: fra
envs:
  - key: LOG_LEVEL
    value: info
services:
  - name: api
    source_dir: /api
    run_command: gunicorn -w 2 shop:app
    http_port: 8080
    instance_count: 3
    health_check:
      http_path: /health
    envs:
      - key: SECRET
        type: SECRET
        value: ${shop.SECRET}
  - name: front
    autoscaling:
      min_instance_count: 2
      max_instance_count: 5
workers:
  - name: tasks
    run_command: celery -A shop worker
  - name: telegram
    run_command: python bot.py
    instance_count: 2
static_sites:
  - name: pages
jobs:
  - name: migrate
    kind: PRE_DEPLOY
databases:
  - name: db
    engine: PG
"#;
    let found = found(".do/app.yaml", text, digital_ocean::read);
    assert_eq!(
        lines(&found),
        [
            "api :7 web | 3 instance_count :11:21 | processes 2 gunicorn -w :9:27 | checked",
            "front :18 web | 2 autoscaling.min_instance_count :20:27 | up to 5 autoscaling.max_instance_count :21:27 | checked",
            "tasks :23 worker",
            "telegram :25 bot | 2 instance_count :27:21",
            "pages :29 static",
            "db :34 database",
        ]
    );
    assert_eq!(found.services[0].build.as_deref(), Some("../api"));
    let template = "spec:\n  name: shop\n  workers:\n  - name: w\n    instance_count: 2\n";
    assert_eq!(
        lines(&self::found(".do/deploy.template.yaml", template, digital_ocean::read)),
        ["w :4 worker | 2 instance_count :5:21"]
    );
}

#[test]
fn app_engine_scales_as_the_file_says_or_by_itself() {
    let scaled = |scaling: &str| {
        let text = format!("runtime: python312\nservice: shop\nentrypoint: gunicorn -b :$PORT main:app\n{scaling}");
        lines(&found("app.yaml", &text, app_engine::read)).remove(0)
    };
    assert_eq!(scaled(""), "shop :2 web | up to 2 automatic scaling :1:1 | checked");
    assert_eq!(scaled("manual_scaling:\n  instances: 5\n"), "shop :2 web | 5 manual_scaling.instances :5:14 | checked");
    assert_eq!(
        scaled("basic_scaling:\n  max_instances: 11\n  idle_timeout: 10m\n"),
        "shop :2 web | up to 11 basic_scaling.max_instances :5:18 | checked"
    );
    assert_eq!(
        scaled("automatic_scaling:\n  min_instances: 2\n  max_instances: 15\n"),
        "shop :2 web | 2 automatic_scaling.min_instances :5:18 | up to 15 automatic_scaling.max_instances :6:18 | checked"
    );
    assert_eq!(
        scaled("env: flex\nautomatic_scaling:\n  max_num_instances: 1\n"),
        "shop :2 web | up to 1 automatic_scaling.max_num_instances :6:22 | checked"
    );
}

#[test]
fn what_is_no_number_is_a_problem_with_its_place() {
    let text = "services:\n  - type: web\n    name: shop\n    numInstances: ${COUNT}\n  - type: web\n    name: api\n    numInstances: many\n  - type: web\n    name: blog\n    numInstances: 2\n";
    let render = found("render.yaml", text, render::read);
    let problems = problems(&render);
    assert!(problems[0].starts_with("render.yaml:4:19: `numInstances` is a variable"), "{problems:?}");
    assert_eq!(problems[1], "render.yaml:7:19: `numInstances` is a whole number, and this is none");
    assert_eq!(render.services.iter().map(Service::replicas).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn of_a_file_of_another_shape_the_rest_is_read() {
    for (path, text, read, expected) in [
        ("render.yaml", "services: shop\ndatabases:\n  - name: db\n", render::read as Read, 1),
        ("render.yaml", "services:\n\t- name: x\n", render::read, 0),
        ("fly.toml", "app = \"a\"\nmounts = 3\n[env\nX = 1\n", fly::read, 1),
        ("railway.json", "{\"deploy\": {\"numReplicas\": 2, }", railway::read, 0),
        ("railway.json", "{\"deploy\": {\"numReplicas\": \"two\"}}", railway::read, 1),
        ("app.json", "{\"formation\": [1]}", app_json::read, 0),
        ("heroku.yml", "run:\n  web: x\n  web: y\n", heroku::read, 1),
        ("tako.yaml", "services:\n  web: nothing\n  api:\n    replicas: 2\n", tako::read, 2),
        ("amvera.yml", "run: python\n", amvera::read, 1),
        ("app.yaml", "runtime: go\nautomatic_scaling:\n  max_instances: {{ max }}\n", app_engine::read, 1),
    ] {
        let found = found(path, text, read);
        assert!(!found.problems.is_empty(), "{text}");
        assert!(found.problems.iter().all(|problem| problem.location.is_some()), "{text}");
        assert_eq!(found.services.len(), expected, "{text}");
    }
}

const READERS: [(&str, Read); 10] = [
    ("amvera.yml", amvera::read),
    ("app.yaml", app_engine::read),
    ("app.json", app_json::read),
    (".do/app.yaml", digital_ocean::read),
    ("fly.toml", fly::read),
    ("heroku.yml", heroku::read),
    ("railway.json", railway::read),
    ("railway.toml", railway::read),
    ("render.yaml", render::read),
    ("tako.yaml", tako::read),
];

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(
        text in "(\\PC|\n|  |: |- |\\[|\\]|\\{|\\}|=|\"|deploy|run|services|runtime|formation|web|mounts|http_service|scaling|numReplicas|disk|name|2|\\$\\{X\\}){0,40}"
    ) {
        for (path, read) in READERS {
            found(path, &text, read);
        }
    }
}
