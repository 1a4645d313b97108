//! Services and the scripts that they start with: what a script runs, the service runs.

use std::collections::HashMap;

use super::fleet::{Deployed, nearness};
use crate::model::deployment::Service;
use crate::model::fact::{FileFacts, Language, SCRIPT, Setting, Value};
use crate::source::deploy::processes;

/// Gives each service what its start script says: how it runs the program, and how many processes.
pub(super) fn follow(services: &mut [Deployed<'_>], files: &[FileFacts]) {
    let is_script = |file: &&FileFacts| file.language == Language::Settings && file.settings.iter().any(is_of_script);
    let mut scripts: HashMap<&str, Vec<&FileFacts>> = HashMap::new();
    for file in files.iter().filter(is_script) {
        scripts.entry(file.path.rsplit('/').next().unwrap_or_default()).or_default().push(file);
    }
    for it in services.iter_mut().filter(|_| !scripts.is_empty()) {
        let started = words(&it.service).find_map(|word| {
            let files = scripts.get(word.rsplit('/').next()?)?;
            files.iter().copied().max_by_key(|file| nearness(&it.path, &file.path))
        });
        if let Some(script) = started {
            read(it, script);
        }
    }
}

fn is_of_script(setting: &Setting) -> bool {
    setting.key.starts_with(SCRIPT)
}

/// The words of its command, and of the entrypoint of its image.
fn words(service: &Service) -> impl Iterator<Item = String> {
    let entrypoint = service.settings.iter().find(|setting| setting.key == "ENTRYPOINT");
    let entrypoint = entrypoint.and_then(|setting| match &setting.value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    });
    let line = [entrypoint, service.command.as_ref().map(ToString::to_string)].into_iter().flatten();
    let words: Vec<String> = line
        .flat_map(|line| {
            line.split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect::<Vec<_>>()
        })
        .collect();
    words.into_iter()
}

fn read(it: &mut Deployed<'_>, script: &FileFacts) {
    let settings: Vec<Setting> = script.settings.iter().filter(|setting| is_of_script(setting)).cloned().collect();
    it.service.processes = it.service.processes.take().or_else(|| processes::of_script(&script.path, &script.settings));
    let mut part = Service::named(it.service.name.clone(), it.service.span);
    part.settings = settings;
    let part = part.seen_from(&script.path, &it.path);
    it.service.settings.extend(part.settings);
    it.service.elsewhere.extend(part.elsewhere);
}
