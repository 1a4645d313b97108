//! One setting that several files give: which of them may count instead of another.

use std::collections::HashMap;

use super::project::FileId;
use crate::model::fact::{COMMAND, FileFacts, Language, Setting};
use crate::source::stage::{self, Stage};

/// Settings of configuration and deployment files, by what their keys mean.
pub struct Overrides<'a> {
    files: &'a [FileFacts],
    by_key: HashMap<String, Vec<(FileId, &'a Setting)>>,
}

impl<'a> Overrides<'a> {
    pub fn new(files: &'a [FileFacts]) -> Self {
        let mut by_key: HashMap<String, Vec<(FileId, &Setting)>> = HashMap::new();
        let configures = |file: &FileFacts| matches!(file.language, Language::Settings | Language::Compose);
        for (id, file) in files.iter().enumerate().filter(|(_, file)| configures(file)) {
            if stage::of(&file.path) == Stage::Deployed {
                // What one file runs stands in for nothing that another one runs.
                for setting in file.settings.iter().filter(|setting| !setting.key.starts_with(COMMAND)) {
                    let places = by_key.entry(meaning(&setting.key)).or_default();
                    // A file that says it again means the last one.
                    places.pop_if(|(file, _)| *file == id);
                    places.push((id, setting));
                }
            }
        }
        Overrides { files, by_key }
    }

    /// The same setting in other files: those beside this one (`application-prod.yml` beside `application.yml`), and those that
    /// start programs anywhere.
    pub fn of(&self, file: FileId, setting: &Setting) -> impl Iterator<Item = &'a Setting> {
        let here = folder(&self.files[file].path);
        let same = (self.files[file].language == Language::Settings).then(|| self.by_key.get(&meaning(&setting.key)));
        same.flatten().into_iter().flatten().filter_map(move |(other, setting)| {
            let facts = &self.files[*other];
            let counts = facts.language == Language::Compose || folder(&facts.path) == here;
            (*other != file && counts).then_some(*setting)
        })
    }
}

/// A key as the environment writes it as well, without what is written in several ways: `SPRING_SESSION_STORETYPE` is
/// `spring.session.store-type`, and `ConnectionStrings__Shop` is `ConnectionStrings.Shop`.
pub fn meaning(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}
