//! `scaleproof init`.

use std::fs;
use std::path::Path;

use super::exit::{Exit, Result};
use super::output;
use crate::config::{self, Config, detect};
use crate::model::problem::Problem;

#[derive(clap::Args)]
pub struct Args {
    /// Replace a scaleproof.yaml that is there
    #[arg(long)]
    force: bool,
    /// Print the file instead of writing it
    #[arg(long)]
    stdout: bool,
}

/// Writes scaleproof.yaml into the current folder and says what it rests on. Where nothing tells how the app is started, the
/// file still shows everything that can be said, and the run is undecided.
pub fn run(args: &Args) -> Result {
    let folder = Path::new(".");
    let path = folder.join(config::FILE_NAME);
    if path.exists() && !args.force && !args.stdout {
        return Err(Problem::new(format!("{} is there already", config::FILE_NAME))
            .help("`--force` replaces it, `--stdout` shows what would be written")
            .into());
    }
    let detection = detect::detect(&|name| fs::read_to_string(folder.join(name)).ok(), &names(folder)?);
    let known = detection.config.is_some();
    let stories = scenarios(folder);
    let config = Config { scenarios: stories, ..detection.config.unwrap_or_default() };
    let text = config::render(&config);
    if args.stdout {
        output::print(|_, out| write!(out, "{text}"))?;
    } else {
        fs::write(&path, text).map_err(|error| output::named(error, &path))?;
        output::print(|_, out| {
            writeln!(out, "wrote {}\n", config::FILE_NAME)?;
            detection.notes.iter().try_for_each(|note| writeln!(out, "- {note}"))?;
            writeln!(out, "\nnext: read it, then `scaleproof test`")
        })?;
    }
    Ok(if known { Exit::Pass } else { Exit::Undecided })
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A pattern for each folder that holds Hurl files, at most one level down.
fn scenarios(folder: &Path) -> Vec<String> {
    let holds_stories = |folder: &Path| {
        fs::read_dir(folder)
            .is_ok_and(|entries| entries.flatten().any(|entry| entry.path().extension().is_some_and(|it| it == "hurl")))
    };
    let mut patterns = Vec::new();
    if holds_stories(folder) {
        patterns.push("*.hurl".to_owned());
    }
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<String> = below
        .filter(|path| path.is_dir() && holds_stories(path))
        .filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    folders.sort();
    patterns.extend(folders.into_iter().map(|name| format!("{name}/*.hurl")));
    patterns
}
