//! Pods: of their containers the one that is the app, and what all of them hold on to.

use std::rc::Rc;

use super::{Reader, list, text};
use crate::model::Name;
use crate::model::command_line::{self, Letter};
use crate::model::deployment::{Mount, Port, Role};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::source::deploy::command::{self, Command};
use crate::source::deploy::role;
use crate::source::yaml::Node;

/// What the pods of a workload are.
#[derive(Default)]
pub(super) struct Pod {
    pub image: Option<Name>,
    pub command: Option<Name>,
    pub command_span: Option<Span>,
    pub commands: Vec<Command>,
    /// Where the app's container is declared.
    pub container: Option<Span>,
    pub host_network: Option<Span>,
    pub ports: Vec<Port>,
    pub mounts: Vec<Mount>,
    pub environment: Vec<Setting>,
    pub configured_by: Vec<Name>,
    pub health_check: bool,
}

impl Reader<'_> {
    /// Reads the `spec` of a pod; `None` where it has no containers.
    pub(super) fn pod(&mut self, spec: &Node) -> Option<Pod> {
        let stated = spec.get("containers")?;
        if stated.sequence().is_none() {
            self.problem(stated.span, "`containers` is a list, and this is none", "");
        }
        let containers = list(spec, "containers");
        let app = containers.iter().find(|container| is_app(container)).or_else(|| containers.first())?;
        let words = [self.words(app, "command"), self.words(app, "args")].concat();
        let texts: Vec<String> = words.iter().map(|word| command_line::text(word)).collect();
        let mounts = containers.iter().flat_map(|container| self.mounts(container, spec)).collect();
        Some(Pod {
            image: text(app, "image").cloned(),
            command: (!texts.is_empty()).then(|| texts.join(" ").into()),
            command_span: app.get("command").or(app.get("args")).map(|node| node.span),
            commands: command::simple_commands(&words),
            container: Some(app.get("name").map_or(app.span, |name| name.span)),
            host_network: spec.get("hostNetwork").filter(|node| node.is_true()).map(|node| node.span),
            ports: containers.iter().flat_map(|container| self.ports(container)).collect(),
            mounts,
            environment: variables(app),
            configured_by: sources(app),
            health_check: containers.iter().any(|container| container.get("readinessProbe").is_some()),
        })
    }

    /// Variables that containers of a patch set, which need not be whole.
    pub(super) fn variables_of(&self, spec: &Node) -> Vec<Setting> {
        list(spec, "containers").iter().flat_map(|container| variables(container)).collect()
    }

    fn words(&self, container: &Node, key: &str) -> Command {
        let Some(node) = container.get(key) else { return Command::new() };
        let letters = |item: &Rc<Node>| item.letters(self.file.text);
        match node.sequence() {
            Some(items) => {
                let quoted = |(at, char)| Letter { char, at, quoted: true };
                items.iter().map(|item| letters(item).into_iter().map(quoted).collect()).collect()
            }
            None => command::words(&letters(node)),
        }
    }

    fn ports(&self, container: &Node) -> Vec<Port> {
        let number = |port: &Node, key: &str| text(port, key).map(|text| text.trim().parse::<u16>().unwrap_or(0));
        let port = |port: &Rc<Node>| {
            let host = number(port, "hostPort").filter(|host| *host != 0);
            let span = port.get("hostPort").map_or(port.span, |host| host.span);
            Some(Port { host: host.map(|host| (host, host)), container: number(port, "containerPort")?, span })
        };
        list(container, "ports").iter().filter_map(port).collect()
    }
}

/// Is it no helper beside the app: a proxy, an exporter, a collector of logs?
fn is_app(container: &Node) -> bool {
    let image = text(container, "image").map(|image| role::of_image(image));
    let name = text(container, "name").map_or("", |name| name.as_str());
    !matches!(image, Some(Some(Role::Unknown | Role::Balancer)))
        && !name.ends_with("-proxy")
        && !name.ends_with("-exporter")
}

/// `env`: what a Secret, a ConfigMap or the pod itself gives comes from outside.
fn variables(container: &Node) -> Vec<Setting> {
    let variable = |item: &Rc<Node>| {
        let name = text(item, "name")?.clone();
        let value = match item.get("valueFrom") {
            Some(_) => from_outside(&name),
            None => Value::Text(text(item, "value").cloned().unwrap_or_default()),
        };
        Some(Setting { key: name, value, function: None, span: item.span })
    };
    list(container, "env").iter().filter_map(variable).collect()
}

pub(super) fn from_outside(name: &Name) -> Value {
    Value::Environment { name: name.clone(), fallback: None }
}

fn sources(container: &Node) -> Vec<Name> {
    let source = |item: &Rc<Node>| text(item, "configMapRef.name").or_else(|| text(item, "secretRef.name")).cloned();
    // Behind a prefix its variables go by other names.
    let as_named = |item: &&Rc<Node>| text(item, "prefix").is_none_or(|prefix| prefix.is_empty());
    list(container, "envFrom").iter().filter(as_named).filter_map(source).collect()
}
