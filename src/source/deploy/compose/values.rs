//! Values of a service's keys: as settings, and as variables of its environment.

use std::sync::Arc;

use super::{Reader, Text};
use crate::model::Name;
use crate::model::deployment::Service;
use crate::model::fact::{Setting, Value};
use crate::source::settings;
use crate::source::yaml::{Content, Node};

/// A service with more settings than this is data.
const MAX_SETTINGS: usize = 2_000;

/// Keys whose short form is a list of `KEY=value`, the value left out where the environment has it.
const ASSIGNMENTS: [&str; 5] = ["labels", "args", "annotations", "sysctls", "extra_hosts"];

/// What stands in [`Service::environment`] and so in no setting.
const VARIABLES: [&str; 3] = ["environment", "env_file", "extends"];

impl Reader<'_> {
    /// Everything that the service says, under dotted keys. Short forms have the keys of the long ones: `build: .` is
    /// `build.context`, `depends_on: [db]` is `depends_on.db.condition: service_started`.
    pub(super) fn settings(&self, service: &Node) -> Vec<Setting> {
        let mut settings = Vec::new();
        let entries = service.mapping().into_iter().flat_map(|mapping| &mapping.entries);
        for entry in entries.filter(|entry| !VARIABLES.contains(&entry.key.as_str())) {
            let key = if entry.key == "build" && entry.value.text().is_some() { "build.context" } else { &entry.key };
            entry.value.leaves(key, entry.key_span, &mut |leaf| {
                let Some(text) = self.text(leaf.node) else { return true };
                let (key, value) = self.long_form(leaf.key, leaf.node, &text);
                settings.push(Setting { key: key.into(), value, function: None, span: leaf.span });
                settings.len() < MAX_SETTINGS
            });
        }
        settings
    }

    fn long_form(&self, key: &str, node: &Node, text: &Text) -> (String, Value) {
        let (list, index) = key.rsplit_once('.').unwrap_or(("", key));
        let is_element = index.bytes().all(|byte| byte.is_ascii_digit());
        let name = list.rsplit('.').next().unwrap_or(list);
        if is_element && list == "depends_on" {
            return (format!("depends_on.{}.condition", text.value), Value::Text(Name::new("service_started")));
        }
        if is_element && ASSIGNMENTS.contains(&name) {
            let (word, value) = text.value.split_once('=').unwrap_or((&text.value, ""));
            return (format!("{list}.{}", word.trim()), settings::plain(value));
        }
        let plain = matches!(node.content, Content::Scalar { plain: true, .. });
        let value = match known(&text.value, text.unknown, text.variable.as_deref()) {
            Value::Text(text) if plain => settings::plain(&text),
            value => value,
        };
        (key.to_owned(), value)
    }

    /// Adds the variables of the files under `env_file`, as far as they are there; those of the service itself come before them, and
    /// of several files the last one counts.
    pub(super) fn read_env_files(&mut self, node: &Node, service: &mut Service) {
        let Some(files) = node.get("env_file") else { return };
        let files = files.sequence().map_or_else(|| vec![files.clone()], <[_]>::to_vec);
        for file in files.iter().rev() {
            let Some(name) = self.text(file.get("path").unwrap_or(file)) else { continue };
            let found = self.file.path_of(&name.value).and_then(|path| Some(((self.file.beside)(&path)?, path)));
            if let Some((text, path)) = found {
                let mut part = Service::named(service.name.clone(), service.span);
                part.environment = settings::variables(&path, &text);
                let whole = std::mem::replace(service, Service::named("", part.span));
                let role = whole.role;
                *service = whole.laid_over(part.seen_from(&Arc::from(path), &self.path));
                service.role = role;
            }
        }
    }
}

/// A value as a variable's; one that is nothing but an unknown variable is that variable.
pub(super) fn known(text: &str, unknown: bool, variable: Option<&str>) -> Value {
    match variable {
        Some(name) if unknown => from_outside(name),
        _ if unknown => Value::Unknown,
        _ => Value::Text(text.into()),
    }
}

pub(super) fn from_outside(name: &str) -> Value {
    Value::Environment { name: name.into(), fallback: None }
}

/// How a file of variables writes a value; `None` where that is not known.
pub(super) fn written(value: &Value) -> Option<Name> {
    Some(match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string().into(),
        Value::Bool(value) => value.to_string().into(),
        Value::Null => Name::default(),
        _ => return None,
    })
}
