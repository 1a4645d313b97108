//! Node: the start script of package.json, its `main`, or a file with a usual name.

use serde_json::Value;

use super::{App, Folder, note_port, words};
use crate::config::split_words;

pub(super) fn detect(folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    let text = folder.has("package.json").then(|| folder.text("package.json"))??;
    let Ok(package) = serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) else {
        notes.push("package.json is no JSON.".into());
        return None;
    };
    let app = from_script(&package, notes).or_else(|| from_files(&package, folder, notes))?;
    if let Some(entry) = &app.entry {
        note_port(folder, entry, notes);
        if folder.text(entry).is_none() && package["scripts"]["build"].is_string() {
            notes.push(format!("{entry} is not there yet; `npm run build` first."));
        }
    }
    Some(app)
}

fn from_script(package: &Value, notes: &mut Vec<String>) -> Option<App> {
    let script = package["scripts"]["start"].as_str()?;
    let parsed = split_words(script).unwrap_or_default();
    let mut rest = parsed.as_slice();
    let mut env = vec![("NODE_ENV".to_string(), "production".to_string())];
    while let Some((first, others)) = rest.split_first() {
        match first.split_once('=') {
            // The port differs from replica to replica, and production is what is tested.
            Some((key, value)) if !["NODE_ENV", "PORT"].contains(&key) => env.push((key.into(), value.into())),
            Some(_) => {}
            None if first == "cross-env" => {}
            None => break,
        }
        rest = others;
    }
    let is_simple = !rest.iter().any(|word| matches!(word.as_str(), "&&" | "||" | "|" | ";" | "&"));
    let arguments = rest.get(1..).unwrap_or_default();
    let command = match rest.first().map(String::as_str).filter(|_| is_simple) {
        Some("node") => rest.to_vec(),
        // It restarts the app on changes and is not what runs in production.
        Some("nodemon") => [words(&["node"]), arguments.to_vec()].concat(),
        Some("next") => words(&["node_modules/.bin/next", "start", "-p", "{port}"]),
        Some(tool @ ("tsx" | "ts-node" | "nest" | "remix-serve" | "react-router-serve")) => {
            [vec![format!("node_modules/.bin/{tool}")], arguments.to_vec()].concat()
        }
        _ => {
            notes.push(format!("package.json starts `{script}`, which is run by npm; npm may not hand on signals, so name the program itself \
                 if you can."));
            return Some(App { command: words(&["npm", "start"]), env, entry: None });
        }
    };
    let entry = arguments.iter().find(|word| !word.starts_with('-') && word.contains('.')).cloned();
    notes.push(format!(
        "package.json starts `{script}`; `{}` is run without npm, so that signals reach it.",
        command.join(" ")
    ));
    Some(App { command, env, entry })
}

fn from_files(package: &Value, folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    let usual =
        ["server.js", "app.js", "index.js", "main.js", "server.mjs", "index.mjs", "src/server.js", "src/index.js"];
    let main = package["main"].as_str().filter(|main| folder.text(main).is_some());
    let entry = main.or_else(|| usual.into_iter().find(|name| folder.text(name).is_some()))?;
    notes.push(format!("package.json has no start script; {entry} is there."));
    Some(App {
        command: words(&["node", entry]),
        env: vec![("NODE_ENV".into(), "production".into())],
        entry: Some(entry.into()),
    })
}
