//! Compose files as people write them.

use proptest::prelude::*;

use super::*;
use crate::model::deployment::{Mount, Port, Service};
use crate::model::fact::Value;

mod files;
mod settings;

const COPIES_BY_MERGE: &str = include_str!("tests/copies_by_merge.yml");

fn found(text: &str) -> Found {
    read(&File { path: "docker-compose.yml".into(), text, beside: &|_| None })
}

fn sound(text: &str) -> Vec<Service> {
    let found = found(text);
    assert_eq!(found.problems.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    found.services
}

fn problems(text: &str) -> Vec<String> {
    found(text).problems.iter().map(ToString::to_string).collect()
}

fn one(text: &str) -> Service {
    let mut services = sound(text);
    assert_eq!(services.len(), 1, "{services:?}");
    services.remove(0)
}

/// `name: role xreplicas` for each service.
fn summary(services: &[Service]) -> Vec<String> {
    services.iter().map(|s| format!("{}: {:?} x{}", s.name, s.role, s.replicas())).collect()
}

fn ports(service: &Service) -> Vec<(Option<(u16, u16)>, u16)> {
    service.ports.iter().map(|port| (port.host, port.container)).collect()
}

fn value<'a>(service: &'a Service, key: &str) -> &'a Value {
    &service.environment.iter().find(|setting| setting.key == key).expect("the variable is there").value
}

#[test]
fn copies_by_merge_in_a_version_1_file_are_one_app_with_three_instances() {
    let found = found(COPIES_BY_MERGE);
    assert_eq!(summary(&found.services), ["nginx: Balancer x1", "server: Web x3"]);
    let server = &found.services[1];
    let instances: Vec<_> =
        server.instances.iter().map(|c| (c.stated_as.as_str(), c.value, c.location.span.line)).collect();
    assert_eq!(instances, [("service `server`", 1, 14), ("service `server2`", 1, 34), ("service `server3`", 1, 39)]);
    assert_eq!(server.span, Span::on_line(14, 1, 7));
    assert_eq!(server.build.as_deref(), Some("./e-commerce/"));
    assert_eq!(ports(server), [(Some((8000, 8000)), 8000)]);
    assert_eq!(server.mounts.len(), 1);
    assert_eq!(found.services[0].depends_on, ["server", "server2", "server3"]);
    // The anchor `default-logging` is defined in a part of the file that is not there.
    let at: Vec<_> =
        found.problems.iter().map(|p| p.location.as_ref().map(|at| (at.span.line, at.span.column))).collect();
    assert_eq!(at, [Some((3, 7)), Some((16, 7))]);
}

#[test]
fn a_web_app_with_database_and_cache_behind_nginx() {
    let services = sound(
        "services:
  proxy:
    image: nginx
    ports: ['80:80']
    depends_on: [backend]
  backend:
    build:
      context: backend
      target: builder
    environment:
      - FLASK_SERVER_PORT=9090
      - POSTGRES_PASSWORD
    depends_on:
      db:
        condition: service_healthy
  db:
    image: postgres:16
    restart: always
    healthcheck:
      test: [\"CMD-SHELL\", \"pg_isready\"]
      interval: 3s
    volumes:
      - db-data:/var/lib/postgresql/data
    expose: [5432]
  redis:
    image: redislabs/redismod
    ports: ['6379:6379']
volumes:
  db-data:
",
    );
    assert_eq!(summary(&services), ["proxy: Balancer x1", "backend: Web x1", "db: Database x1", "redis: Cache x1"]);
    assert_eq!(services[1].depends_on, ["db"]);
    assert_eq!(services[1].build.as_deref(), Some("backend"));
    assert_eq!(*value(&services[1], "FLASK_SERVER_PORT"), Value::Text("9090".into()));
    assert_eq!(
        *value(&services[1], "POSTGRES_PASSWORD"),
        Value::Environment { name: "POSTGRES_PASSWORD".into(), fallback: None }
    );
    assert!(services[2].health_check && !services[1].health_check);
    assert!(services[1].instances.is_empty());
}

#[test]
fn a_swarm_stack_states_replicas_and_modes() {
    let services = sound(
        "version: '3.8'
services:
  vote:
    image: dockersamples/examplevotingapp_vote
    ports:
      - target: 80
        published: 5000
        protocol: tcp
        mode: ingress
    deploy:
      replicas: 2
      update_config: {parallelism: 2}
  agent:
    image: portainer/agent
    deploy:
      mode: global
  off:
    image: me/off
    deploy: {replicas: 0}
",
    );
    assert_eq!(summary(&services), ["vote: Web x2", "agent: Unknown x2", "off: Unknown x0"]);
    let count = &services[0].instances[0];
    assert_eq!((count.stated_as.as_str(), count.location.span), ("deploy.replicas", Span::on_line(11, 17, 18)));
    assert_eq!(ports(&services[0]), [(Some((5000, 5000)), 80)]);
    assert_eq!(services[1].instances[0].stated_as, "deploy.mode: global");
}

#[test]
fn version_1_services_stand_at_the_top_and_links_are_dependencies() {
    let services = sound(
        "web:
  build: .
  command: python app.py
  ports:
   - \"5000:5000\"
  volumes:
   - .:/code
  links:
   - redis:cache
redis:
  image: redis
",
    );
    assert_eq!(summary(&services), ["web: Web x1", "redis: Cache x1"]);
    assert_eq!(services[0].depends_on, ["redis"]);
    assert_eq!(services[0].command.as_deref(), Some("python app.py"));
}

#[test]
fn a_docker_cloud_stack_states_its_containers() {
    let web =
        one("web:\n  image: me/web\n  target_num_containers: 4\n  sequential_deployment: true\n  ports: ['80:80']\n");
    assert_eq!((web.replicas(), web.instances[0].stated_as.as_str()), (4, "target_num_containers"));
}

#[test]
fn extension_anchors_that_say_what_runs_part_by_command() {
    let services = sound(
        "x-airflow-common:
  &airflow-common
  image: ${AIRFLOW_IMAGE_NAME:-apache/airflow:2.9.0}
  environment:
    &airflow-common-env
    AIRFLOW__CORE__EXECUTOR: CeleryExecutor
  volumes:
    - ${AIRFLOW_PROJ_DIR:-.}/dags:/opt/airflow/dags
  depends_on:
    &airflow-common-depends-on
    redis:
      condition: service_healthy
services:
  redis:
    image: redis:7.2
    expose: [6379]
  airflow-webserver:
    <<: *airflow-common
    command: webserver
    ports: [\"8080:8080\"]
    healthcheck:
      test: [CMD, curl, --fail, http://localhost:8080/health]
    depends_on:
      <<: *airflow-common-depends-on
      airflow-init: {condition: service_completed_successfully}
  airflow-scheduler:
    <<: *airflow-common
    command: scheduler
  airflow-worker:
    <<: *airflow-common
    command: celery worker
    environment:
      <<: *airflow-common-env
      DUMB_INIT_SETSID: \"0\"
  airflow-init:
    <<: *airflow-common
    entrypoint: /bin/bash
    command:
      - -c
      - |
        exec /entrypoint airflow version
",
    );
    assert_eq!(
        summary(&services),
        [
            "redis: Cache x1",
            "airflow-webserver: Web x1",
            "airflow-scheduler: Cron x1",
            "airflow-worker: Worker x1",
            "airflow-init: Unknown x1"
        ]
    );
    assert_eq!(services[1].image.as_deref(), Some("apache/airflow:2.9.0"));
    assert_eq!(services[1].depends_on, ["airflow-init", "redis"]);
    assert_eq!((services[1].mounts[0].source.as_str(), services[1].mounts[0].is_bind()), ("./dags", true));
    assert_eq!(services[3].environment.len(), 2);
}

#[test]
fn an_extension_anchor_and_a_list_of_merges_make_copies() {
    let services = sound(
        "x-app: &app
  image: registry.example/shop
x-logging: &logging
  logging: {driver: json-file}
services:
  blue:
    <<: [*app, *logging]
    container_name: blue
    ports: ['8001:80']
  green:
    <<: [*app, *logging]
    container_name: green
    ports: ['8002:80']
    deploy: {replicas: 2}
",
    );
    assert_eq!(summary(&services), ["blue: Web x3"]);
    assert_eq!(ports(&services[0]), [(Some((8001, 8001)), 80), (Some((8002, 8002)), 80)]);
    assert_eq!(services[0].container_name.as_ref().map(|(name, span)| (name.as_str(), span.line)), Some(("green", 12)));
    let values: Vec<_> = services[0].instances.iter().map(|count| count.value).collect();
    assert_eq!(values, [1, 2]);
}

#[test]
fn a_merge_that_shares_only_trifles_makes_no_copies() {
    let services = sound(
        "x-defaults: &defaults {restart: always}
services:
  a: {<<: *defaults, image: me/a}
  b: {<<: *defaults, image: me/b}
",
    );
    assert_eq!(summary(&services), ["a: Unknown x1", "b: Unknown x1"]);
}

#[test]
fn a_copy_with_another_command_is_another_app() {
    let services = sound(
        "services:
  web: &web
    build: .
    command: gunicorn -w 4 shop.wsgi
    environment: {DJANGO_SETTINGS_MODULE: shop.settings}
  celery:
    <<: *web
    command: celery -A shop worker
  beat:
    <<: *web
    command: celery -A shop beat
  bot:
    <<: *web
    command: python manage.py bot
",
    );
    assert_eq!(summary(&services), ["web: Web x1", "celery: Worker x1", "beat: Cron x1", "bot: Bot x1"]);
    let processes = services[0].processes.as_ref().unwrap();
    assert_eq!((processes.value, processes.location.span), (4, Span::on_line(4, 23, 27)));
    assert_eq!(processes.stated_as, "gunicorn -w");
    assert_eq!(services[1].processes, None);
}

#[test]
fn services_that_extend_one_another_are_copies() {
    let services = sound(
        "services:
  base:
    build: ./app
    environment: [A=1]
    ports: ['3000']
  second:
    extends: {service: base}
    environment: [B=2]
  third:
    extends: second
    ports: ['3003:3000']
",
    );
    assert_eq!(summary(&services), ["base: Web x3"]);
    assert_eq!(ports(&services[0]), [(None, 3000), (Some((3003, 3003)), 3000)]);
    assert_eq!(services[0].environment.len(), 2);
}

#[test]
fn services_built_from_one_folder_are_copies_unless_something_tells_them_apart() {
    let text = |second: &str| format!("services:\n  one:\n    build: ./app\n    ports: ['8001:80']\n  two:\n{second}");
    assert_eq!(summary(&sound(&text("    build: {context: ./app}\n    ports: ['8002:80']\n"))), ["one: Web x2"]);
    for other in [
        "    build: {context: ./app, dockerfile: Other}\n",
        "    build: {context: ./app, args: {APP: two}}\n",
        "    build: ./app\n    command: run two\n",
        "    build: ./app\n    environment: {CONTAINER_ROLE: queue}\n",
        "    build: ./app\n    profiles: [gpu]\n",
        "    build: ./app\n    working_dir: /two\n",
        "    build: ./other\n",
    ] {
        assert_eq!(sound(&text(other)).len(), 2, "{other}");
    }
}

#[test]
fn services_from_one_image_are_copies_only_when_they_are_named_alike() {
    let text = |a: &str, b: &str| format!("services:\n  {a}: {{image: node:20}}\n  {b}: {{image: node:20}}\n");
    for (a, b) in [("app1", "app2"), ("app", "app-2"), ("node_a", "node_b"), ("app01", "app-02")] {
        assert_eq!(sound(&text(a, b)).len(), 1, "{a} {b}");
    }
    assert_eq!(sound(&text("users", "orders")).len(), 2);
}

#[test]
fn several_databases_or_brokers_are_never_copies() {
    let text = "services:\n  db1: &db {image: 'postgres:16'}\n  db2: *db\n  kafka-1: {image: apache/kafka}\n  kafka-2: {image: apache/kafka}\n";
    assert_eq!(sound(text).len(), 4);
}

#[test]
fn a_service_that_is_an_alias_is_a_copy() {
    assert_eq!(summary(&sound("services:\n  a: &a {image: me/a}\n  b: *a\n")), ["a: Unknown x2"]);
}

#[test]
fn ports_in_every_spelling() {
    let service = one("services:
  a:
    image: x
    ports:
      - 3000
      - \"3000-3005\"
      - \"8000:8001\"
      - \"9090-9091:8080-8081\"
      - \"127.0.0.1:8001:8002/udp\"
      - \"127.0.0.1::5000\"
      - \"[::1]:6000:6001\"
      - ${PORT:-80}:81
      - ${PORT}:82
      - {target: 90}
      - target: 91
        published: \"8083-9000\"
");
    let expected: Vec<(Option<(u16, u16)>, u16)> = vec![
        (None, 3000),
        (None, 3000),
        (Some((8000, 8000)), 8001),
        (Some((9090, 9091)), 8080),
        (Some((8001, 8001)), 8002),
        (None, 5000),
        (Some((6000, 6000)), 6001),
        (Some((80, 80)), 81),
        (Some((0, 0)), 82),
        (None, 90),
        (Some((8083, 9000)), 91),
    ];
    assert_eq!(ports(&service), expected);
    assert_eq!(service.ports[2], Port { host: Some((8000, 8000)), container: 8001, span: Span::on_line(7, 9, 20) });
}

#[test]
fn wrong_ports_are_problems_with_their_place() {
    assert_eq!(problems("services:\n  a:\n    image: x\n    ports: ['x:80', {published: 1}, '70000']\n").len(), 3);
    assert_eq!(
        problems("services: {a: {image: x, ports: '80'}}\n"),
        ["docker-compose.yml:1:33: `ports` is a list, and this is none"]
    );
}

#[test]
fn volumes_in_every_spelling() {
    let service = one("services:
  a:
    image: x
    volumes:
      - data:/data
      - ./src:/src:ro,z
      - /anonymous
      - ${DIR:-./up}/x:/up
      - {type: volume, source: media, target: /media}
      - {type: bind, source: ./conf, target: /conf, read_only: true}
      - {type: tmpfs, target: /tmp}
");
    let seen: Vec<_> =
        service.mounts.iter().map(|m| (m.source.as_str(), m.target.as_str(), m.read_only, m.is_bind())).collect();
    assert_eq!(
        seen,
        [
            ("data", "/data", false, false),
            ("./src", "/src", true, true),
            ("", "/anonymous", false, false),
            ("./up/x", "/up", false, true),
            ("media", "/media", false, false),
            ("./conf", "/conf", true, true),
            ("", "/tmp", false, false),
        ]
    );
    let first: &Mount = &service.mounts[0];
    assert_eq!(first.span, Span::on_line(5, 9, 19));
}

#[test]
fn environment_as_list_and_as_mapping() {
    let list = one(
        "services:\n  a:\n    image: x\n    environment:\n      - A=1=2\n      - 'B=${B:-b}'\n      - C=${C}\n      - D=x${D}\n      - E\n",
    );
    let map = one(
        "services:\n  a:\n    image: x\n    environment:\n      A: 1=2\n      B: ${B:-b}\n      C: ${C}\n      D: x${D}\n      E:\n",
    );
    let outside = |name: &str| Value::Environment { name: name.into(), fallback: None };
    for service in [&list, &map] {
        assert_eq!(*value(service, "A"), Value::Text("1=2".into()));
        assert_eq!(*value(service, "B"), Value::Text("b".into()));
        assert_eq!(*value(service, "C"), outside("C"));
        assert_eq!(*value(service, "D"), Value::Unknown);
        assert_eq!(*value(service, "E"), outside("E"));
    }
    assert_eq!(list.environment[0].span, Span::on_line(5, 9, 14));
    assert_eq!(map.environment[0].span, Span::on_line(5, 7, 13));
}

#[test]
fn processes_are_found_wherever_they_are_stated() {
    let stated = |lines: &str| {
        let count = one(&format!("services:\n  a:\n    image: x\n{lines}")).processes?;
        Some((count.value, count.location.span.line, count.location.span.column))
    };
    assert_eq!(stated("    command: [gunicorn, -w, '4', app]\n"), Some((4, 4, 25)));
    assert_eq!(stated("    command: sh -c \"migrate && gunicorn --workers=3 app\"\n"), Some((3, 4, 41)));
    assert_eq!(stated("    command: >\n      gunicorn app\n      --workers 5\n"), Some((5, 6, 7)));
    assert_eq!(
        stated("    command:\n      - sh\n      - -c\n      - |\n        gunicorn app -w ${N:-6}\n"),
        Some((6, 8, 22))
    );
    assert_eq!(stated("    entrypoint: [uvicorn]\n    command: [--workers, '2', 'app:app']\n"), Some((2, 5, 15)));
    assert_eq!(stated("    environment: {WEB_CONCURRENCY: 3}\n"), Some((3, 4, 19)));
    assert_eq!(stated("    command: gunicorn -w 1 app\n"), None);
    assert_eq!(stated("    command: gunicorn -w ${N} app\n"), None);
}

#[test]
fn scale_and_container_name_and_host_network_keep_their_places() {
    let service =
        one("services:\n  a:\n    image: x\n    scale: 3\n    container_name: 'shop'\n    network_mode: host\n");
    assert_eq!((service.replicas(), service.instances[0].location.span), (3, Span::on_line(4, 12, 13)));
    assert_eq!(service.container_name, Some(("shop".into(), Span::on_line(5, 21, 27))));
    assert_eq!(service.host_network, Some(Span::on_line(6, 19, 23)));
}

#[test]
fn replicas_with_a_default_are_known_and_without_one_a_problem() {
    assert_eq!(one("services: {a: {image: x, deploy: {replicas: '${N:-3}'}}}\n").replicas(), 3);
    let messages = problems("services:\n  a:\n    image: x\n    deploy: {replicas: $N}\n    scale: many\n");
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].starts_with("docker-compose.yml:4:24: `deploy.replicas` is a variable"), "{messages:?}");
    assert_eq!(problems("services: {a: {image: x, scale: 2, deploy: {replicas: 3}}}\n").len(), 1);
}

#[test]
fn health_checks_can_be_switched_off() {
    let checked = |check: &str| one(&format!("services: {{a: {{image: x, healthcheck: {check}}}}}\n")).health_check;
    assert!(checked("{test: [CMD, x]}"));
    assert!(checked("{interval: 3s}"));
    assert!(!checked("{disable: true}"));
    assert!(!checked("{test: [NONE]}"));
    assert!(!checked("{test: NONE}"));
}

#[test]
fn extending_another_file_a_missing_service_or_oneself_is_a_problem() {
    assert_eq!(problems("services: {a: {image: x, extends: {file: other.yml, service: b}}}\n").len(), 1);
    assert_eq!(
        problems("services: {a: {image: x, extends: b}}\n"),
        ["docker-compose.yml:1:35: no service `b` is in this file"]
    );
    assert_eq!(problems("services: {a: {image: x, extends: b}, b: {extends: a}}\n").len(), 2);
}

#[test]
fn files_without_services() {
    assert!(sound("").is_empty());
    assert!(sound("networks: {a: {}}\nx-b: {}\n").is_empty());
    assert!(sound("services:\n").is_empty());
    assert_eq!(problems("just: text\n"), ["docker-compose.yml:1:1: no services are in this file"]);
    assert_eq!(problems("[1]\n").len(), 1);
    assert_eq!(problems("services: [a]\n").len(), 1);
    assert_eq!(
        problems("services: {a: x}\n"),
        ["docker-compose.yml:1:15: the service `a` is a mapping, and this is none"]
    );
}

#[test]
fn values_of_the_wrong_shape_are_problems_and_the_rest_is_read() {
    let found = found(
        "services:\n  a:\n    image: [x]\n    build: {context: [y]}\n    command: {a: b}\n    environment: text\n    volumes: [[x]]\n    depends_on: 3\n    scale: [1]\n    container_name: {}\n  b:\n    image: y\n",
    );
    assert_eq!(summary(&found.services).len(), 2);
    assert_eq!(found.problems.len(), 8, "{:?}", found.problems.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_wrong_all_over_has_its_first_problems_told() {
    let wrong = "      - x:y\n".repeat(500);
    let messages = problems(&format!("services:\n  a:\n    image: x\n    ports:\n{wrong}"));
    assert_eq!(messages.len(), 101);
    assert!(messages[100].contains("beyond the first 100"), "{messages:?}");
}

#[test]
fn tools_beside_the_app_are_no_web_services() {
    let text = "services:\n  web: {image: phpmyadmin, ports: ['80:80']}\n  shop: {image: me/shop, ports: ['81:80']}\n";
    assert_eq!(summary(&sound(text)), ["web: Unknown x1", "shop: Web x1"]);
}

const KEYS: &str = "(services|a|b|image|build|command|ports|volumes|environment|deploy|replicas|scale|extends|depends_on|healthcheck|test|target|<<)";

#[test]
fn bots_with_tokens_of_their_own_are_no_copies() {
    let services = |one: &str, other: &str| {
        let bot =
            |name: &str, token: &str| format!("  {name}:\n    build: .\n    environment: {{ TOKEN: \"{token}\" }}\n");
        let text = format!("services:\n{}{}", bot("bot1", one), bot("bot2", other));
        crate::source::deploy::read("compose.yml", &text, &|_| None).unwrap().facts.services.len()
    };
    assert_eq!((services("a", "b"), services("${A}", "${B}"), services("${A}", "${A}")), (2, 2, 1));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = found(&text);
    }

    #[test]
    fn nothing_like_a_compose_file_makes_it_panic(
        lines in proptest::collection::vec((0usize..5, KEYS, "(|&a|\\*a|x|3|80:80|\\[a, '1:2', b=c\\]|\\{a: b\\}|\\$\\{A:-3\\}|gunicorn -w 4|- x|a)"), 0..14)
    ) {
        let text: String = lines.iter().map(|(depth, key, value)| format!("{}{key}: {value}\n", "  ".repeat(*depth))).collect();
        let _ = found(&text);
    }
}
