//! Rust: the release build of the package's program.

use super::{App, Folder};

pub(super) fn detect(folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    let manifest = folder.has("Cargo.toml").then(|| folder.text("Cargo.toml"))??;
    let package = Package::read(&manifest);
    let entry = ["src/main.rs"].into_iter().find(|path| folder.text(path).is_some());
    let program = package
        .default_run
        .or_else(|| package.programs.first().cloned())
        .or_else(|| package.name.filter(|_| entry.is_some()))?;
    notes.push(format!("Cargo.toml has the program {program}; `cargo build --release` first."));
    if package.programs.len() > 1 {
        notes.push(format!(
            "Its other programs are {}.",
            package.programs.iter().filter(|name| **name != program).cloned().collect::<Vec<_>>().join(", ")
        ));
    }
    if let Some(entry) = entry {
        super::note_port(folder, entry, notes);
    }
    Some(App { command: vec![format!("target/release/{program}")], env: Vec::new(), entry: entry.map(str::to_string) })
}

/// The few lines of a Cargo.toml that matter here.
#[derive(Default)]
struct Package {
    name: Option<String>,
    default_run: Option<String>,
    programs: Vec<String>,
}

impl Package {
    fn read(manifest: &str) -> Self {
        let mut package = Package::default();
        let mut table = "";
        for line in manifest.lines().map(str::trim) {
            if line.starts_with('[') {
                table = line.split('#').next().unwrap_or(line).trim();
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = value.split('"').nth(1).map(str::to_string);
            match (table, key.trim()) {
                ("[package]", "name") => package.name = value,
                ("[package]", "default-run") => package.default_run = value,
                ("[[bin]]", "name") => package.programs.extend(value),
                _ => {}
            }
        }
        package
    }
}
