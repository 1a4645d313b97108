//! app.json: how many of each process of a Procfile an app begins with, its variables and add-ons.
//!
//! Format: <https://devcenter.heroku.com/articles/app-json-schema>.

use super::super::{File, Found};
use super::{Reader, heroku, settings};
use crate::model::deployment::{Attachment, Role, Says, Service, Target};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::source::yaml::{Entry, Node};

pub fn read(file: &File<'_>) -> Found {
    let (mut reader, documents) = Reader::yaml(file);
    let is_declared = ["Procfile", "heroku.yml"]
        .iter()
        .any(|name| file.path_of(name).is_some_and(|path| (reader.beside)(&path).is_some()));
    for root in &documents {
        reader.found.settings.extend(variables(root));
        let formation = root.get("formation").map_or(&[][..], |all| reader.entries(all, "formation"));
        for entry in formation {
            if is_declared { attach(&mut reader, entry) } else { declare(&mut reader, entry) }
        }
    }
    reader.found
}

/// The process stands in the Procfile: this says how often it runs.
fn attach(reader: &mut Reader<'_>, entry: &Entry) {
    let target = Target::Named { kind: heroku::KIND.into(), name: entry.key.clone() };
    let mut attach = |says, span: Span| {
        reader.found.attachments.push(Attachment { target: target.clone(), says, span });
    };
    attach(Says::Settings(settings_of(entry)), entry.key_span);
    if let Some(count) = reader.count(&entry.value, "quantity", format!("formation.{}.quantity", entry.key)) {
        let span = count.location.span;
        reader.found.attachments.push(Attachment { target, says: Says::Replicas(count), span });
    }
}

fn declare(reader: &mut Reader<'_>, entry: &Entry) {
    let role = (entry.key == "web").then_some(Role::Web);
    let named = (entry.key.clone(), entry.key_span);
    let instances = reader.count(&entry.value, "quantity", format!("formation.{}.quantity", entry.key));
    let service = reader.service(named, heroku::KIND, role, None, Default::default(), Vec::new());
    reader.found.services.push(Service {
        instances: instances.into_iter().collect(),
        build: Some(".".into()),
        settings: settings_of(entry),
        ..service
    });
}

fn settings_of(entry: &Entry) -> Vec<Setting> {
    let mut settings = settings(&entry.value);
    settings.iter_mut().for_each(|setting| setting.key = format!("formation.{}", setting.key).into());
    settings
}

/// `env`: a value, or an object with one, or with a generator; what a generator makes is made once for the app.
fn variables(root: &Node) -> Vec<Setting> {
    let entries = root.get("env").and_then(|env| env.mapping()).map(|env| env.entries.as_slice()).unwrap_or_default();
    let variable = |entry: &Entry| {
        let node = entry.value.get("value").unwrap_or(&entry.value);
        let value = node.text().map_or(Value::Unknown, |text| Value::Text(text.clone()));
        Setting { key: entry.key.clone(), value, function: None, span: super::from_key(entry) }
    };
    entries.iter().map(variable).collect()
}
