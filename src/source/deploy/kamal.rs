//! Kamal: `config/deploy.yml`, in which each role of an app has hosts, and each host one container of it.
//!
//! Reference: <https://kamal-deploy.org/docs/configuration/overview/>.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::{File, Found, Place, command, has_room, processes, role};
use crate::model::Name;
use crate::model::deployment::{Attachment, Count, Mount, Port, Role, Says, Service, Sharing, Target};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::source::settings::{erb, plain};
use crate::source::yaml::{self, Entry, Node, flat};

/// The role that gets requests unless `primary_role` names another.
const PRIMARY: &str = "web";

/// What a role says beside its settings.
const MODELLED: [&str; 4] = ["hosts", "cmd", "env", "volumes"];

pub fn read(file: &File<'_>) -> Found {
    let taken = erb::take_out(file.text);
    let (text, tags) = taken.map_or((Cow::Borrowed(file.text), None), |(text, tags)| (Cow::Owned(text), Some(tags)));
    let tree = yaml::parse(&file.path, &text);
    let told = |problem: Problem| match problem.location.as_ref().map(|location| location.span) {
        // With the line as it is written.
        Some(span) => problem.at(&file.path, span, file.text),
        None => problem,
    };
    let found =
        Found { comments: tree.comments, problems: tree.problems.into_iter().map(told).collect(), ..Found::default() };
    let mut reader = Reader { path: Arc::clone(&file.path), file, text: &text, tags, found };
    for document in tree.documents.iter().filter(|document| !document.is_null()) {
        match document.mapping() {
            Some(_) => reader.app(document),
            None => reader.problem(document.span, "a configuration of Kamal is a mapping, and this is none"),
        }
    }
    reader.found
}

struct Reader<'a> {
    path: Arc<str>,
    file: &'a File<'a>,
    /// Without the tags of ERB.
    text: &'a str,
    tags: Option<erb::Tags<'a>>,
    found: Found,
}

impl Reader<'_> {
    fn app(&mut self, app: &Node) {
        let roles = self.roles(app);
        if roles.is_empty() {
            self.found.settings = self.environment(app.get("env"));
        }
        // `config/deploy.staging.yml` changes what `config/deploy.yml` says.
        let base = self.file.path_of("deploy.yml").filter(|path| app.get("image").is_none() && **path != *self.path);
        for (name, span, role) in roles {
            let service = self.service(app, name, span, &role);
            match &base {
                Some(path) => self.found.attachments.push(Attachment {
                    target: Target::Declared { path: path.as_str().into(), name: service.name.clone() },
                    span,
                    says: Says::Overlays(Box::new(service)),
                }),
                None => self.found.services.push(service),
            }
        }
        for entry in app.get("accessories").and_then(|node| node.mapping()).into_iter().flat_map(|it| &it.entries) {
            let accessory = self.accessory(entry);
            self.found.services.push(accessory);
        }
    }

    /// The roles with the place of their names; a list of hosts is the primary role.
    fn roles(&mut self, app: &Node) -> Vec<(Name, Span, Rc<Node>)> {
        let Some(servers) = app.mapping().and_then(|app| app.entry("servers")) else { return Vec::new() };
        if let Some(roles) = servers.value.mapping() {
            return roles
                .entries
                .iter()
                .map(|role| (role.key.clone(), role.key_span, Rc::clone(&role.value)))
                .collect();
        }
        if servers.value.sequence().is_none() && !servers.value.is_null() {
            self.problem(servers.value.span, "`servers` is a list of hosts or a mapping of roles, and this is none");
            return Vec::new();
        }
        vec![(self.primary(app), servers.key_span, Rc::clone(&servers.value))]
    }

    fn primary(&self, app: &Node) -> Name {
        app.get("primary_role").and_then(|role| role.text()).cloned().unwrap_or(Name::new(PRIMARY))
    }

    fn service(&mut self, app: &Node, name: Name, span: Span, role: &Node) -> Service {
        let line = role.get("cmd");
        let letters: Vec<(Place, char)> = line.map(|line| line.letters(self.text)).unwrap_or_default();
        let commands = command::simple_commands(&command::words(&letters));
        let is_primary = name == self.primary(app);
        // The proxy sends requests to the primary role, and to others that ask for it.
        let proxy = role.get("proxy").or(app.get("proxy").filter(|_| is_primary));
        let is_served = if is_primary {
            role.get("proxy").is_none_or(|proxy| !is_false(proxy))
        } else {
            proxy.is_some_and(|proxy| !is_false(proxy))
        };
        let told = role::of_commands(&commands).or_else(|| role::of_name(&name));
        let mut environment = self.environment(role.get("env"));
        let own: Vec<Name> = environment.iter().map(|setting| setting.key.clone()).collect();
        environment.extend(self.environment(app.get("env")).into_iter().filter(|setting| !own.contains(&setting.key)));
        let volumes = [app.get("volumes"), role.get("volumes")].into_iter().flatten();
        Service {
            kind: Name::new("role"),
            role: if is_served { Role::Web } else { told.unwrap_or(Role::Unknown) },
            image: app.get("image").and_then(|image| image.text()).cloned(),
            build: app.get("builder").filter(|_| app.get("image").is_some()).map(|builder| self.context(builder)),
            command: line.and_then(|line| line.text()).cloned(),
            command_span: line.map(|line| line.span),
            instances: self.hosts(role.get("hosts").map_or(role, |hosts| hosts)).into_iter().collect(),
            processes: processes::of(&self.path, &commands, &environment).filter(|count| count.value != 1),
            mounts: volumes.flat_map(|volumes| self.mounts(volumes)).collect(),
            // Until a container answers at /up, or at the path that is stated, it gets no requests:
            // https://kamal-deploy.org/docs/configuration/proxy/
            health_check: is_served,
            environment,
            settings: self.settings(app, role),
            ..Service::named(name, span)
        }
    }

    fn accessory(&mut self, entry: &Entry) -> Service {
        let node = &entry.value;
        let image = node.get("image").and_then(|image| image.text()).cloned();
        let letters: Vec<(Place, char)> = node.get("cmd").map(|line| line.letters(self.text)).unwrap_or_default();
        let commands = command::simple_commands(&command::words(&letters));
        let hosts = node.get("hosts").or_else(|| node.get("roles"));
        let volumes = [node.get("volumes"), node.get("directories")].into_iter().flatten();
        Service {
            kind: Name::new("accessory"),
            role: role::of(image.as_deref(), &commands, &entry.key).unwrap_or(Role::Unknown),
            image,
            command: node.get("cmd").and_then(|line| line.text()).cloned(),
            command_span: node.get("cmd").map(|line| line.span),
            instances: hosts
                .filter(|hosts| hosts.sequence().is_some())
                .and_then(|hosts| self.hosts(hosts))
                .into_iter()
                .collect(),
            ports: node.get("port").and_then(|port| port_of(port)).into_iter().collect(),
            mounts: volumes.flat_map(|volumes| self.mounts(volumes)).collect(),
            environment: self.environment(node.get("env")),
            ..Service::named(entry.key.clone(), entry.key_span)
        }
    }

    /// One container runs on each host. What Ruby computes is not known.
    fn hosts(&self, hosts: &Node) -> Option<Count> {
        let value = u32::try_from(hosts.sequence()?.len()).ok()?;
        let location = Location::new(Arc::clone(&self.path), hosts.span);
        Some(Count::new(value, Name::new("hosts"), location))
    }

    fn mounts(&self, volumes: &Node) -> Vec<Mount> {
        let items = volumes.sequence().unwrap_or_default();
        let mount = |item: &Rc<Node>| {
            let text = item.text()?;
            let mut parts = text.split(':');
            let (source, target, options) = (parts.next()?, parts.next()?, parts.next().unwrap_or_default());
            let is_bind = source.starts_with(['/', '.', '~']);
            Some(Mount {
                source: source.into(),
                target: target.into(),
                read_only: options.split(',').any(|option| option == "ro"),
                sharing: if is_bind { Sharing::Bind } else { Sharing::Host },
                span: item.span,
            })
        };
        items.iter().filter_map(mount).collect()
    }

    /// `env` is a mapping of variables, or has them under `clear`; what is under `secret` comes from outside.
    fn environment(&self, env: Option<&Rc<Node>>) -> Vec<Setting> {
        let Some(env) = env else { return Vec::new() };
        let clear =
            env.get("clear").or(Some(env).filter(|env| env.get("secret").is_none())).and_then(|node| node.mapping());
        let variable = |entry: &Entry| {
            let value = entry.value.text().map_or(Value::Unknown, |text| self.value(text, true));
            let end = entry.value.span;
            let span = Span { end_line: end.end_line, end_column: end.end_column, ..entry.key_span };
            Setting { key: entry.key.clone(), value, function: None, span }
        };
        let clear = clear.into_iter().flat_map(|clear| &clear.entries);
        let clear = clear.filter(|entry| !matches!(entry.key.as_str(), "secret" | "tags")).map(variable);
        let secrets = env.get("secret").and_then(|secrets| secrets.sequence()).unwrap_or_default().iter();
        let secret = |item: &Rc<Node>| {
            let name = item.text()?.split(':').next()?.to_owned();
            let value = Value::Environment { name: name.as_str().into(), fallback: None };
            Some(Setting { key: name.into(), value, function: None, span: item.span })
        };
        clear.chain(secrets.filter_map(secret)).collect()
    }

    fn value(&self, text: &str, is_plain: bool) -> Value {
        let computed = self.tags.as_ref().and_then(|tags| tags.value(text));
        computed.unwrap_or_else(|| if is_plain { plain(text) } else { Value::Text(text.into()) })
    }

    /// What the role says, and what the app says of all roles: `boot.limit`, `proxy.healthcheck.path`.
    fn settings(&self, app: &Node, role: &Node) -> Vec<Setting> {
        let value = |text: &str, is_plain: bool| self.value(text, is_plain);
        let mut settings = Vec::new();
        for entry in role.mapping().into_iter().flat_map(|role| &role.entries) {
            if !MODELLED.contains(&entry.key.as_str()) {
                settings.extend(flat(&entry.key, &entry.value, &value));
            }
        }
        for key in [
            "proxy",
            "boot",
            "healthcheck",
            "builder",
            "deploy_timeout",
            "drain_timeout",
            "stop_wait_time",
            "readiness_delay",
        ] {
            settings.extend(app.get(key).into_iter().flat_map(|node| flat(key, node, &value)));
        }
        if let Some(file) =
            app.get("builder").and_then(|builder| builder.get("dockerfile")).and_then(|file| file.text())
        {
            let (key, value) = (Name::new("build.dockerfile"), Value::Text(file.clone()));
            settings.push(Setting { key, value, function: None, span: app.span });
        }
        settings
    }

    /// The folder that the image is built from; Kamal runs in that of the project.
    fn context(&self, builder: &Node) -> Name {
        let context = builder.get("context").and_then(|context| context.text());
        format!("../{}", context.map_or(".", |context| context)).into()
    }

    fn problem(&mut self, span: Span, message: &str) {
        if has_room(&mut self.found.problems, &self.path) {
            self.found.problems.push(Problem::new(message).at(&self.path, span, self.file.text));
        }
    }
}

fn is_false(node: &Node) -> bool {
    node.text().is_some_and(|text| text == "false")
}

/// `3306`, `3306:3306`, `127.0.0.1:3306:3306`.
fn port_of(node: &Node) -> Option<Port> {
    let mut parts = node.text()?.rsplit(':');
    let container = parts.next()?.parse().ok()?;
    let host: u16 = parts.next().map_or(Ok(container), str::parse).ok()?;
    Some(Port { host: Some((host, host)), container, span: node.span })
}

#[cfg(test)]
mod tests;
