//! One service of a Compose file.

use std::rc::Rc;
use std::sync::Arc;

use super::super::command::{self, Command};
use super::super::{path_from, processes, role};
use super::Reader;
use super::copies::Draft;
use super::values::{from, from_outside, known};
use crate::model::Name;
use crate::model::command_line;
use crate::model::deployment::{Count, Number, Role, Service};
use crate::model::fact::{Setting, Value};
use crate::model::location::{Location, Span};
use crate::source::yaml::{Content, Entry, Node};

/// What a task that runs to its end is called.
pub(super) const JOB: &str = "job";

impl Reader<'_> {
    /// The service `entry`; `node` is its value with all that it extends in this file.
    pub(super) fn draft(&mut self, entry: &Entry, node: &Rc<Node>) -> Option<Draft> {
        if node.mapping().is_none() {
            if !matches!(node.content, Content::Unresolved) {
                self.problem(node.span, format!("the service `{}` is a mapping, and this is none", entry.key), "");
            }
            return None;
        }
        let mut chain = vec![(self.path.to_string(), entry.key.clone())];
        let service = self.service(entry, node, &mut chain).unwrap_or_else(|message| {
            let extends = node.get("extends");
            let named = extends.and_then(|extends| extends.get("file")).or(extends);
            let at = named.map_or(entry.key_span, |node| node.span);
            let help = "Lint the file that `docker compose config` prints to see the whole.";
            self.problem(at, message, help);
            self.own(entry, node)
        });
        Some(Draft::new(service, &entry.value, node))
    }

    /// The service with what it extends of other files.
    pub(super) fn service(
        &mut self,
        entry: &Entry,
        node: &Node,
        chain: &mut Vec<(String, Name)>,
    ) -> Result<Service, String> {
        let base = self.foreign(node, chain)?;
        let own = self.own(entry, node);
        Ok(match base {
            Some(base) => own.laid_over(base),
            None => own,
        })
    }

    fn own(&mut self, entry: &Entry, node: &Node) -> Service {
        let words = [self.words(node, "entrypoint"), self.words(node, "command")].concat();
        let commands = command::simple_commands(&words);
        let image = self.name(node, "image").map(|(image, _)| image);
        let build = self.build(node);
        let environment = self.environment(node);
        let ports = self.ports(node);
        let told = role::of(image.as_deref().filter(|_| build.is_none()), &commands, &entry.key);
        let is_app = told.is_none() && (build.is_some() || ports.iter().any(|port| port.host.is_some()));
        let stated = self.replicas(node);
        let container_name = self.name(node, "container_name");
        let texts: Vec<String> = words.iter().map(|word| command_line::text(word)).collect();
        let settings = self.settings(node);
        let mut service = Service {
            role: if is_app { Role::Web } else { told.unwrap_or(Role::Unknown) },
            image,
            build,
            command: (!texts.is_empty()).then(|| texts.join(" ").into()),
            command_span: node.get("command").or(node.get("entrypoint")).map(|node| node.span),
            instances: stated.into_iter().collect(),
            aliases: self.aliases(node, container_name.as_ref()),
            container_name,
            host_network: self.name(node, "network_mode").filter(|(mode, _)| mode == "host").map(|(_, span)| span),
            ports,
            mounts: self.mounts(node),
            health_check: self.health_check(node),
            depends_on: self.depends_on(node),
            affinity: self.affinity(&settings),
            environment,
            settings,
            replaces: replaced(node),
            ..Service::named(entry.key.clone(), entry.key_span)
        };
        if self.is_job(node) {
            service.kind = Name::new(JOB);
        }
        // A file of variables is often shared by all services; a database makes nothing of a server's.
        let own = service.environment.clone();
        self.read_env_files(node, &mut service);
        let environment = match service.role {
            Role::Web => &service.environment,
            Role::Database | Role::Cache | Role::Broker | Role::Balancer => &Vec::new(),
            _ => &own,
        };
        let processes = processes::of(&self.path, &commands, environment).filter(|count| count.value != 1);
        // The variable may stand in a file of its own.
        let placed = |count: Count| Count { location: service.place(count.location.span, &self.path), ..count };
        service.processes = processes.map(placed);
        service
    }

    /// A task that runs to its end: one of a swarm, or one that nothing starts again.
    fn is_job(&self, service: &Node) -> bool {
        let text =
            |node: Option<&Rc<Node>>| node.and_then(|node| self.text(node)).map(|text| text.value).unwrap_or_default();
        let deploy = service.get("deploy");
        let policy = deploy.and_then(|deploy| deploy.get("restart_policy"));
        let ends = |policy: &str| matches!(policy, "no" | "none" | "false");
        let has_port = service.get("ports").is_some();
        text(deploy.and_then(|deploy| deploy.get("mode"))).ends_with("-job")
            || !has_port
                && (ends(&text(service.get("restart")))
                    || ends(&text(policy.and_then(|policy| policy.get("condition")))))
    }

    fn words(&mut self, service: &Node, key: &str) -> Command {
        let Some(node) = service.get(key) else { return Command::new() };
        match node.sequence() {
            Some(items) => {
                let quoted = |(at, char)| command_line::Letter { char, at, quoted: true };
                let texts = items.iter().filter_map(|item| self.text(item));
                texts.map(|text| text.letters.into_iter().map(quoted).collect()).collect()
            }
            None => self.scalar(node, key).map(|text| command::words(&text.letters)).unwrap_or_default(),
        }
    }

    /// The build context, as seen from the folder of the file.
    fn build(&mut self, service: &Node) -> Option<Name> {
        let build = service.get("build")?;
        let context = match build.mapping() {
            None => self.scalar(build, "build").map(|text| text.value)?,
            Some(_) => self.name(build, "context").map_or_else(|| Name::new("."), |(context, _)| context),
        };
        let folder = self.file.folder();
        let is_relative = !context.starts_with(['/', '~', '$']) && !context.contains("://");
        if self.home == folder || !is_relative {
            return Some(context);
        }
        let up = "../".repeat(folder.split('/').filter(|part| !part.is_empty()).count());
        let seen = path_from(&self.home, &context).map(|path| Name::new(format!("{up}{path}")));
        Some(seen.unwrap_or(context))
    }

    /// `deploy.replicas`, `scale`, `deploy.mode: global`, Docker Cloud's `target_num_containers` and `deployment_strategy`.
    fn replicas(&mut self, service: &Node) -> Option<Count> {
        let deploy = service.get("deploy");
        let stated = [
            ("deploy.replicas", deploy.and_then(|deploy| deploy.get("replicas"))),
            ("scale", service.get("scale")),
            ("target_num_containers", service.get("target_num_containers")),
        ];
        let mode = deploy.and_then(|deploy| deploy.get("mode"));
        if let Some(mode) = mode.filter(|mode| mode.text().is_some_and(|mode| mode.starts_with("global"))) {
            return Some(self.count(Number::Several, "deploy.mode: global", mode.span));
        }
        // <https://github.com/docker/docker.github.io/blob/v17.06/docker-cloud/apps/stack-yaml-reference.md#deployment_strategy>
        let strategy = service.get("deployment_strategy");
        if let Some(strategy) = strategy.filter(|strategy| strategy.text().is_some_and(|it| it == "every_node")) {
            return Some(self.count(Number::Several, "deployment_strategy: every_node", strategy.span));
        }
        let mut counts = stated.into_iter().filter_map(|(key, node)| {
            let node = node?;
            let text = self.scalar(node, key)?;
            let from = text.variable.as_deref().and_then(|name| self.variables.place(name));
            let count = text.number::<u32>().map(|value| match &from {
                Some(location) => Count::new(value, key, location.clone()),
                None => self.count(value, key, node.span),
            });
            if count.is_none() && text.unknown {
                let help = "Give it a default, as in `${REPLICAS:-3}`; until then it counts as one.";
                self.problem(
                    node.span,
                    format!("`{key}` is a variable without default, so the number of instances is unknown"),
                    help,
                );
            } else if count.is_none() {
                self.problem(node.span, format!("`{key}` is a whole number, and this is none"), "");
            }
            count
        });
        let first = counts.next();
        if let (Some(first), Some(second)) = (&first, counts.next())
            && first.value != second.value
        {
            let message =
                format!("`{}` says {} and `{}` says {}", second.stated_as, second.value, first.stated_as, first.value);
            self.problem(second.location.span, message, "Docker Compose refuses such a file; keep one of them.");
        }
        first
    }

    fn count(&self, value: impl Into<Number>, stated_as: &str, span: Span) -> Count {
        Count::new(value, stated_as, Location::new(Arc::clone(&self.path), span))
    }

    fn environment(&mut self, service: &Node) -> Vec<Setting> {
        let Some(node) = service.get("environment") else { return Vec::new() };
        if let Some(mapping) = node.mapping() {
            let stated = mapping.entries.iter().filter(|entry| !is_replacement(&entry.value) || !entry.value.is_null());
            return stated.map(|entry| self.variable(entry)).collect();
        }
        let items = self.items(service, "environment");
        items.iter().filter_map(|item| self.assignment(item)).collect()
    }

    fn variable(&mut self, entry: &Entry) -> Setting {
        let value = if entry.value.is_null() { from_outside(&entry.key) } else { self.value(&entry.value) };
        Setting { key: entry.key.clone(), value, function: None, span: from(entry.key_span, entry.value.span) }
    }

    fn value(&mut self, node: &Node) -> Value {
        match self.scalar(node, "environment") {
            Some(text) => known(&text.value, text.unknown, text.variable.as_deref()),
            None => Value::Unknown,
        }
    }

    /// `KEY=value`, or `KEY` alone, which is handed on from where Compose runs.
    fn assignment(&mut self, item: &Node) -> Option<Setting> {
        let text = self.scalar(item, "environment")?;
        let (key, value) = match text.value.split_once('=') {
            Some((key, value)) => {
                let is_variable = |rest: &str| rest.starts_with('$') && !rest.contains(char::is_whitespace);
                let variable = (text.unknown && is_variable(value)).then(|| variable_name(value)).flatten();
                (key.trim(), known(value, text.unknown && value.contains('$'), variable.as_deref()))
            }
            None => (text.value.trim(), from_outside(text.value.trim())),
        };
        Some(Setting { key: key.into(), value, function: None, span: item.span })
    }

    /// The names of its container and of its host, and those that it has in its networks.
    fn aliases(&mut self, service: &Node, container_name: Option<&(Name, Span)>) -> Vec<Name> {
        let host_name = self.name(service, "hostname");
        let mut aliases: Vec<Name> =
            container_name.cloned().into_iter().chain(host_name).map(|(name, _)| name).collect();
        let networks = service.get("networks").and_then(|networks| networks.mapping());
        for network in networks.iter().flat_map(|networks| &networks.entries) {
            let names = network.value.get("aliases").and_then(|names| names.sequence()).unwrap_or_default();
            aliases.extend(names.iter().filter_map(|name| name.text().cloned()));
        }
        aliases
    }

    fn health_check(&mut self, service: &Node) -> bool {
        let Some(check) = service.get("healthcheck") else { return false };
        let none = |node: &Rc<Node>| {
            let first = node.sequence().and_then(|items| items.first()).unwrap_or(node);
            first.text().is_some_and(|text| text == "NONE")
        };
        !check.get("disable").is_some_and(|disable| disable.is_true()) && !check.get("test").is_some_and(none)
    }

    /// `depends_on` as list or mapping, and version 1's `links`.
    fn depends_on(&mut self, service: &Node) -> Vec<Name> {
        let mut names: Vec<Name> = match service.get("depends_on").and_then(|node| node.mapping()) {
            Some(mapping) => mapping.entries.iter().map(|entry| entry.key.clone()).collect(),
            None => self.items(service, "depends_on").iter().filter_map(|item| item.text().cloned()).collect(),
        };
        for link in self.items(service, "links") {
            let name = link.text().map(|text| Name::new(text.split(':').next().unwrap_or_default()));
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    }
}

/// Keys with `!reset` or `!override`, which take the place of what a lower file says:
/// <https://docs.docker.com/reference/compose-file/merge/#reset-value>.
fn replaced(service: &Node) -> Vec<Name> {
    let entries = |node: &Node| node.mapping().map(|mapping| mapping.entries.clone()).unwrap_or_default();
    let mut keys = Vec::new();
    for entry in entries(service) {
        if is_replacement(&entry.value) {
            keys.push(entry.key.clone());
        }
        let inner = entries(&entry.value).into_iter().filter(|inner| is_replacement(&inner.value));
        keys.extend(inner.map(|inner| Name::new(format!("{}.{}", entry.key, inner.key))));
    }
    keys
}

pub(super) fn is_replacement(node: &Node) -> bool {
    node.tag.as_ref().is_some_and(|tag| tag == "reset" || tag == "override")
}

/// The name in a text that is nothing but `$NAME` or `${NAME}`.
fn variable_name(text: &str) -> Option<String> {
    let letters: Vec<_> = text.chars().enumerate().collect();
    super::interpolate::interpolate(&letters, &|_| None).variable
}
