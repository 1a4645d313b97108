//! Values of a service's keys: as settings, and as variables of its environment.

use std::sync::Arc;

use super::Reader;
use crate::model::Name;
use crate::model::deployment::Service;
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::source::settings;
use crate::source::yaml::{Node, flat};

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
        let value = |text: &str, plain: bool| {
            let letters: Vec<_> = text.chars().map(|char| ((), char)).collect();
            let text = self.interpolated(&letters);
            match known(&text.text(), text.unknown, text.variable.as_deref()) {
                Value::Text(text) if plain => settings::plain(&text),
                value => value,
            }
        };
        let entries = service.mapping().into_iter().flat_map(|mapping| &mapping.entries);
        let mut settings = Vec::new();
        for entry in entries.filter(|entry| !VARIABLES.contains(&entry.key.as_str())) {
            let key = if entry.key == "build" && entry.value.text().is_some() { "build.context" } else { &entry.key };
            let at = |setting: Setting| match setting.key == key {
                true => Setting { span: from(entry.key_span, setting.span), ..setting },
                false => setting,
            };
            settings.extend(flat(key, &entry.value, &value).into_iter().map(at).map(long_form));
        }
        settings.truncate(MAX_SETTINGS);
        settings
    }

    /// Adds the variables of the files under `env_file`, as far as they are there; those of the service itself come before them, and
    /// of several files the last one counts.
    pub(super) fn read_env_files(&mut self, node: &Node, service: &mut Service) {
        let Some(files) = node.get("env_file") else { return };
        let files = files.sequence().map_or_else(|| vec![files.clone()], <[_]>::to_vec);
        for file in files.iter().rev() {
            let Some(name) = self.text(file.get("path").unwrap_or(file)) else { continue };
            let found = self.path_of(&name.value).and_then(|path| Some(((self.file.beside)(&path)?, path)));
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

/// Elements of lists in the short form have the keys of the long one.
fn long_form(setting: Setting) -> Setting {
    let (list, index) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
    let text = match &setting.value {
        Value::Text(text) if index.bytes().all(|byte| byte.is_ascii_digit()) => text,
        _ => return setting,
    };
    if list == "depends_on" {
        let key = format!("depends_on.{text}.condition").into();
        return Setting { key, value: Value::Text(Name::new("service_started")), ..setting };
    }
    if ASSIGNMENTS.contains(&list.rsplit('.').next().unwrap_or(list)) {
        let (word, value) = text.split_once('=').unwrap_or((text, ""));
        return Setting { key: format!("{list}.{}", word.trim()).into(), value: settings::plain(value), ..setting };
    }
    setting
}

/// From a key to the end of its value; an alias's value stands elsewhere, above its key.
pub(super) fn from(key: Span, value: Span) -> Span {
    let follows = (value.line, value.column) >= (key.line, key.column);
    if follows { Span { end_line: value.end_line, end_column: value.end_column, ..key } } else { key }
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
