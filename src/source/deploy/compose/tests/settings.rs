//! What else a service says.

use super::*;
use crate::model::deployment::{AffinityKey, Sharing};

/// `key = value :line`.
fn setting(service: &Service, key: &str) -> Option<String> {
    let setting = service.settings.iter().find(|setting| setting.key == key)?;
    let value = match &setting.value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        value => format!("{value:?}"),
    };
    Some(format!("{value} :{}", setting.span.line))
}

const SWARM: &str = include_str!("swarm.yml");

#[test]
fn a_swarm_stack_keeps_its_numbers_and_how_it_is_updated() {
    let services = sound(SWARM);
    assert_eq!(
        summary(&services),
        ["proxy: Balancer x2", "web: Web x4", "worker: Worker x2", "migrate: Web x1", "db: Database x1"]
    );
    let [proxy, web, worker, migrate, db] = services.as_slice() else { panic!("{services:?}") };
    assert_eq!(setting(proxy, "ports.0.mode").as_deref(), Some("host :9"));
    assert_eq!(setting(web, "deploy.update_config.order").as_deref(), Some("start-first :27"));
    assert_eq!(setting(web, "deploy.update_config.parallelism").as_deref(), Some("1 :26"));
    assert_eq!(setting(web, "deploy.endpoint_mode").as_deref(), Some("dnsrr :24"));
    assert_eq!(setting(web, "deploy.resources.limits.memory").as_deref(), Some("512M :31"));
    assert_eq!(setting(web, "deploy.placement.constraints.0").as_deref(), Some("node.role == worker :33"));
    assert_eq!(setting(web, "healthcheck.interval").as_deref(), Some("10s :38"));
    assert_eq!(setting(web, "stop_grace_period").as_deref(), Some("1m30s :39"));
    assert_eq!(setting(web, "init").as_deref(), Some("true :40"));
    assert_eq!(setting(web, "depends_on.db.condition").as_deref(), Some("service_started :42"));
    assert!(web.health_check);
    let affinity = web.affinity.as_ref().unwrap();
    assert_eq!((affinity.by, affinity.location.span.line), (AffinityKey::Cookie, 36));
    assert_eq!(
        worker.mounts.iter().map(|mount| mount.sharing).collect::<Vec<_>>(),
        [Sharing::Network, Sharing::Ephemeral]
    );
    assert_eq!((migrate.kind.as_str(), setting(migrate, "profiles.0").as_deref()), ("job", Some("tools :57")));
    assert_eq!(db.mounts[0].sharing, Sharing::Unknown);
}

#[test]
fn short_forms_have_the_keys_of_the_long_ones() {
    let service = one("services:
  web:
    build: ./shop
    depends_on: [db]
    labels: ['traefik.enable=true', com.example]
    restart: always
    sysctls:
      - net.core.somaxconn=1024
    environment: [A=1]
");
    for (key, value) in [
        ("build.context", "./shop :3"),
        ("depends_on.db.condition", "service_started :4"),
        ("labels.traefik.enable", "true :5"),
        ("restart", "always :6"),
        ("sysctls.net.core.somaxconn", "1024 :8"),
    ] {
        assert_eq!(setting(&service, key).as_deref(), Some(value), "{key}");
    }
    assert!(!service.settings.iter().any(|setting| setting.key.starts_with("environment")));
}

#[test]
fn drivers_tell_who_shares_a_volume() {
    let service = one("services:
  web:
    image: x
    volumes: ['a:/a', 'b:/b', 'c:/c', 'd:/d', 'e:/e', 'f:/f', 'g:/g', '/h', './i:/i']
volumes:
  a:
  b: {driver: local, driver_opts: {type: nfs, o: 'addr=10.0.0.1,rw', device: ':/b'}}
  c: {driver: rclone}
  d: {external: true}
  e: {driver: local, driver_opts: {type: none, o: bind, device: /srv/e}}
  f: {driver: $DRIVER}
  g: {driver_opts: {type: tmpfs}}
");
    let seen: Vec<_> = service.mounts.iter().map(|mount| mount.sharing).collect();
    use Sharing::*;
    assert_eq!(seen, [Host, Network, Network, Unknown, Bind, Unknown, Ephemeral, Ephemeral, Bind]);
}

#[test]
fn labels_of_traefik_keep_clients_together() {
    let by = |label: &str| one(&format!("services: {{web: {{image: x, labels: ['{label}']}}}}\n")).affinity.is_some();
    assert!(by("traefik.http.services.web.loadbalancer.sticky.cookie=true"));
    assert!(by("traefik.http.services.web.loadBalancer.sticky.cookie.name=lb"));
    assert!(by("traefik.backend.loadbalancer.stickiness=true"));
    assert!(!by("traefik.http.services.web.loadbalancer.sticky.cookie=false"));
    assert!(!by("traefik.http.services.web.loadbalancer.server.port=80"));
}

#[test]
fn docker_clouds_stack_files_are_told_by_their_keys() {
    let text = include_str!("stackfile.yml");
    let found = crate::source::deploy::read("stackfile.yml", text, &|_| None).unwrap();
    assert_eq!(found.problems.len(), 0, "{:?}", found.problems);
    let services = &found.facts.services;
    assert_eq!(summary(services), ["lb: Balancer x1", "web: Web x3", "redis: Cache x1"]);
    let web = &services[1];
    assert_eq!(setting(web, "sequential_deployment").as_deref(), Some("false :20"));
    assert_eq!(setting(web, "autoredeploy").as_deref(), Some("true :18"));
    assert_eq!(setting(web, "deployment_strategy").as_deref(), Some("high_availability :19"));
    assert_eq!(web.depends_on, ["redis"]);
    assert_eq!(setting(&services[0], "roles.0").as_deref(), Some("global :9"));
}

#[test]
fn a_container_on_every_node_of_docker_cloud_is_several() {
    let text = "web:\n  image: shop/web\n  deployment_strategy: every_node\n";
    let found = crate::source::deploy::read("docker-cloud.yml", text, &|_| None).unwrap();
    let count = &found.facts.services[0].instances[0];
    assert_eq!((count.at_least, count.stated_as.as_str()), (true, "deployment_strategy: every_node"));
}
