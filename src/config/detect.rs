//! Guesses the configuration of a project from its files, for `init`. Each guess says what it rests on.

use super::{Config, Service};

mod compose;
mod node;
mod procfile;
mod python;
mod rust;

/// What was found out about a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detection {
    /// `None` where nothing tells how the app is started.
    pub config: Option<Config>,
    /// What was seen, what follows from it, and what is left to do, one sentence each.
    pub notes: Vec<String>,
}

/// Looks at a folder: `files` are the names in it, and `read` gives the text of one of its files, by a path relative to
/// the folder, or `None` where there is no such file.
pub fn detect(read: &dyn Fn(&str) -> Option<String>, files: &[String]) -> Detection {
    let folder = Folder { read, files };
    let mut notes = Vec::new();
    // Who writes a Procfile has said how it runs in production.
    let detectors = [procfile::detect, node::detect, python::detect, rust::detect];
    let Some(app) = detectors.iter().find_map(|detector| detector(&folder, &mut notes)) else {
        notes.push("Nothing here tells how the app is started; write `command:` yourself.".into());
        return Detection { config: None, notes };
    };
    let services = compose::services(&folder, &mut notes);
    let ready = app.entry.as_deref().and_then(|entry| ready(&folder, entry, &mut notes));
    let config = Config { command: app.command, env: app.env, ready, services, ..Config::default() };
    Detection { config: Some(config), notes }
}

/// How one replica is started.
struct App {
    command: Vec<String>,
    env: Vec<(String, String)>,
    /// The file that the program begins with, where it is known.
    entry: Option<String>,
}

struct Folder<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    files: &'a [String],
}

impl Folder<'_> {
    fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }

    fn text(&self, path: &str) -> Option<String> {
        (self.read)(path)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// A health route that the app's first file names.
fn ready(folder: &Folder<'_>, entry: &str, notes: &mut Vec<String>) -> Option<String> {
    let text = folder.text(entry)?;
    let named = |path: &&str| ['"', '\'', '`'].iter().any(|quote| text.contains(&format!("{quote}{path}{quote}")));
    let path = ["/healthz", "/readyz", "/health", "/ready"].into_iter().find(named)?;
    notes.push(format!("{entry} names the route {path}, so a replica is ready when it answers."));
    Some(path.to_string())
}

/// Says so where the program's first file does not read `PORT`, on which N replicas on one machine depend.
fn note_port(folder: &Folder<'_>, entry: &str, notes: &mut Vec<String>) {
    if folder.text(entry).is_some_and(|text| !text.contains("PORT")) {
        notes.push(format!("{entry} does not read PORT; each replica must listen on the port that it is given there, or on {{port}} in \
             its command."));
    }
}

#[cfg(test)]
mod tests;
