//! What the app shares with others, as its Compose file says.

use serde_json::Value;

use super::{Folder, Service, words};

const NAMES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Images whose server starts with one command and needs no set-up, and the variable by which apps usually find it.
const STARTABLE: &[(&str, &[&str], &str, &str)] = &[
    ("redis", &["redis-server", "--port", "{port}", "--save", "", "--appendonly", "no"], "redis://", "REDIS_URL"),
    ("valkey", &["valkey-server", "--port", "{port}", "--save", "", "--appendonly", "no"], "redis://", "REDIS_URL"),
    ("memcached", &["memcached", "-p", "{port}", "-l", "127.0.0.1"], "", "MEMCACHED_SERVERS"),
];

/// Images that need more than a command.
const OTHERS: &[&str] = &["postgres", "postgis", "mysql", "mariadb", "mongo", "rabbitmq", "kafka", "nats", "minio"];

pub(super) fn services(folder: &Folder<'_>, notes: &mut Vec<String>) -> Vec<Service> {
    let Some(file) = NAMES.iter().find(|name| folder.has(name)) else { return Vec::new() };
    let Some(text) = folder.text(file) else { return Vec::new() };
    let Ok(root) = serde_saphyr::from_str::<Value>(&text) else {
        notes.push(format!("{file} could not be read, so what the app shares is not known."));
        return Vec::new();
    };
    let named = root.get("services").unwrap_or(&root).as_object();
    let mut services = Vec::new();
    for (name, service) in named.into_iter().flatten() {
        let Some(image) = service["image"].as_str().map(short) else { continue };
        if let Some((_, command, scheme, variable)) = STARTABLE.iter().find(|(known, ..)| *known == image) {
            let variable = variable_with(&root, &format!("{scheme}{name}")).unwrap_or_else(|| variable.to_string());
            notes.push(format!(
                "{file} has {image} as `{name}`; one is started for all replicas, which find it by {variable}."
            ));
            let env = vec![(variable, format!("{scheme}127.0.0.1:{{port}}"))];
            services.push(Service {
                name: name.clone(),
                command: words(command),
                env,
                ready_timeout: Service::READY_TIMEOUT,
            });
        } else if OTHERS.contains(&image) {
            notes.push(format!(
                "{file} has {image} as `{name}`; start one beside the test, or write its command under `services:`."
            ));
        }
    }
    services
}

/// `docker.io/library/redis:7-alpine` is `redis`.
fn short(image: &str) -> &str {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split([':', '@']).next().unwrap_or(name)
}

/// The variable of any service whose value begins with `address`.
fn variable_with(root: &Value, address: &str) -> Option<String> {
    let services = root.get("services").unwrap_or(root).as_object()?;
    services.values().find_map(|service| match &service["environment"] {
        Value::Object(map) => {
            let found = map.iter().find(|(_, value)| value.as_str().is_some_and(|value| value.starts_with(address)));
            found.map(|(key, _)| key.clone())
        }
        Value::Array(items) => items.iter().find_map(|item| {
            let (key, value) = item.as_str()?.split_once('=')?;
            value.starts_with(address).then(|| key.to_string())
        }),
        _ => None,
    })
}
