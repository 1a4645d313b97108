//! `fs-isolated`: does a replica keep on its private disk what the others would need?
//!
//! What is decided how, with the kinds of `files.txt`:
//! - a database, a session or an upload on the disk of a replica fails: the others do not have it, or each has its own;
//! - plain data that every replica wrote before it was ready, with the same content, is output of the start, and passes with
//!   a note; what every replica deleted is missed by none;
//! - any other plain data fails: somebody's request may have put it there;
//! - scratch (logs, caches, temporary files) passes with a note. So does all below `$TMPDIR` that is no database or session.
//!
//! A deleted file counts as written: the others still have it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use globset::{Glob, GlobMatcher};

use crate::model::Name;
use crate::model::event::{FileChange, Isolation, ReplicaName, Request, StepKind};

use super::history::{History, Journey, Written, answered};
use super::story::route_of;
use super::{Finding, counted, listed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scratch,
    Database,
    Session,
    Upload,
    Plain,
}

pub(super) fn check(history: &History) -> Finding {
    let fleet = &history.fleet;
    if fleet.ready.len() < 2 {
        return Finding::skipped("fewer than two replicas were ready", "There was nobody to miss a file.");
    }
    if fleet.starting.iter().all(|replica| replica.isolation == Isolation::Shared) {
        return Finding::skipped(
            "all replicas share one disk",
            "You asked for a shared disk; in production each has its own.",
        );
    }
    let mut paths: BTreeMap<&str, Vec<&Written>> = BTreeMap::new();
    for file in &fleet.files {
        paths.entry(file.path).or_default().push(file);
    }
    let private: Vec<(&str, Kind, &Vec<&Written>)> = paths
        .iter()
        .map(|(path, files)| (*path, kind_of(path), files))
        .filter(|(_, kind, files)| matters(*kind, files, &fleet.ready))
        .collect();
    let writes = writes(history);
    let power = if writes > 0 {
        let watched = watched(history);
        format!(
            "{writes} writing requests were answered; {watched} private to each replica, and only there are changes listed."
        )
    } else {
        "Nothing was written to the app, so only files of its start and of plain GETs would have been seen.".to_string()
    };
    if private.is_empty() {
        return nothing_private(&paths, writes, power).over(asked(history, |_, _| true));
    }
    let (path, kind, files) = &private[0];
    let summary = headline(path, *kind, files, &fleet.ready);
    let evidence =
        private.iter().take(MOST_LINES).map(|(path, kind, files)| headline(path, *kind, files, &fleet.ready));
    let more = private.len().saturating_sub(MOST_LINES);
    let more = (more > 0).then(|| format!("and {}", counted(more, "more path")));
    let requested = private.iter().any(|(_, _, files)| files.iter().any(|file| file.after_ready));
    Finding::fail(summary, power)
        .over(if requested { to_blame(history) } else { Vec::new() })
        .evidence(evidence.collect::<Vec<_>>())
        .evidence(more)
}

/// What the private disks cover: a copy has the project folder alone.
fn watched(history: &History) -> &'static str {
    match history.fleet.starting.iter().all(|replica| replica.isolation == Isolation::Overlay) {
        true => "the project folder, the home folder and /tmp are",
        false => "the project folder (and what $HOME and $TMPDIR name) is",
    }
}

/// Routes that may have written a file: those of writing steps, else all that were asked.
fn to_blame(history: &History) -> Vec<Name> {
    let routes = asked(history, |journey, request| writes_by(history, journey, request));
    if routes.is_empty() { asked(history, |_, _| true) } else { routes }
}

/// Routes of the requests that replicas of the fleet answered.
fn asked(history: &History, which: impl Fn(&Journey, &Request) -> bool) -> Vec<Name> {
    let mut routes = BTreeSet::new();
    for journey in &history.fleet.journeys {
        let chosen = journey.requests.iter().filter(|request| answered(request) && which(journey, request));
        routes.extend(chosen.map(|request| route_of(request)));
    }
    routes.into_iter().collect()
}

fn writes_by(history: &History, journey: &Journey, request: &Request) -> bool {
    let step = history.summary(journey.scenario).and_then(|known| known.steps.get(request.step as usize));
    step.is_some_and(|step| step.kind == StepKind::Write)
}

const MOST_LINES: usize = 12;

fn nothing_private(paths: &BTreeMap<&str, Vec<&Written>>, writes: usize, power: String) -> Finding {
    let scratch = paths.keys().filter(|path| kind_of(path) == Kind::Scratch).count();
    let alike = paths.len() - scratch;
    let mut notes = Vec::new();
    if scratch > 0 {
        notes.push(format!("{} (logs, caches, temporary files) that no other replica needs", counted(scratch, "path")));
    }
    if alike > 0 {
        notes.push(format!("{} that every replica wrote alike at its start", counted(alike, "path")));
    }
    match (paths.is_empty(), writes) {
        (true, 0) => Finding::skipped("no file was written, and nothing asked the app to write", power),
        (true, _) => Finding::pass("no replica left a file on its disk", power),
        (false, _) => Finding::pass("what replicas wrote to their disks is their own affair", power).evidence(notes),
    }
}

fn matters(kind: Kind, files: &[&Written], ready: &[&ReplicaName]) -> bool {
    match kind {
        Kind::Scratch => false,
        Kind::Database | Kind::Session | Kind::Upload => true,
        Kind::Plain => {
            let writers: BTreeSet<_> = files.iter().map(|file| file.replica).collect();
            let looks: BTreeSet<_> =
                files.iter().map(|file| (file.bytes, file.digest, file.change == FileChange::Deleted)).collect();
            let known = |file: &&Written| file.change == FileChange::Deleted || file.digest.is_some();
            let of_the_start = files.iter().all(|file| known(file) && !file.after_ready);
            looks.len() > 1 || !of_the_start || ready.iter().any(|name| !writers.contains(name))
        }
    }
}

/// "r1 wrote uploads/a.png (12 kB); r2 and r3 do not have it".
fn headline(path: &str, kind: Kind, files: &[&Written], ready: &[&ReplicaName]) -> String {
    let writers: Vec<_> = files.iter().map(|file| file.replica).collect();
    let others: Vec<_> = ready.iter().filter(|name| !writers.contains(name)).collect();
    let what = match kind {
        Kind::Database => "the database ",
        Kind::Session => "the session file ",
        Kind::Upload | Kind::Plain | Kind::Scratch => "",
    };
    let done = match files[0].change {
        FileChange::Created => "wrote",
        FileChange::Modified => "changed",
        FileChange::Deleted => "deleted",
    };
    let size = files.iter().map(|file| file.bytes).max().map_or(String::new(), size);
    if others.is_empty() {
        return format!("each of {} {done} its own copy of {what}{path} ({size})", listed(&writers));
    }
    let lack = match (others.len(), files[0].change) {
        (_, FileChange::Deleted) => "still have it",
        (_, FileChange::Modified) => "have another version",
        (1, FileChange::Created) => "does not have it",
        (_, FileChange::Created) => "do not have it",
    };
    format!("{} {done} {what}{path} ({size}); {} {lack}", listed(&writers), listed(&others))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Writing requests that a replica answered, in the fleet.
fn writes(history: &History) -> usize {
    let journeys = &history.fleet.journeys;
    let count = |journey: &Journey| {
        let writing = |request: &&&Request| answered(request) && writes_by(history, journey, request);
        journey.requests.iter().filter(writing).count()
    };
    journeys.iter().map(count).sum()
}

fn kind_of(path: &str) -> Kind {
    let (path, temporary) = match path.strip_prefix("$TMPDIR/") {
        Some(rest) => (rest, true),
        None => (path.strip_prefix("$HOME/").unwrap_or(path), false),
    };
    let kind = KINDS.iter().find(|(glob, _)| glob.is_match(path)).map_or(Kind::Plain, |(_, kind)| *kind);
    if temporary && matches!(kind, Kind::Plain | Kind::Upload) { Kind::Scratch } else { kind }
}

/// A line of the table that does not parse is left out here and found by a test.
static KINDS: LazyLock<Vec<(GlobMatcher, Kind)>> =
    LazyLock::new(|| include_str!("files.txt").lines().filter_map(|line| row(line)?.ok()).collect());

/// `None` for comments and blank lines.
fn row(line: &str) -> Option<Result<(GlobMatcher, Kind), String>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (kind, glob) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let kind = match kind {
        "scratch" => Kind::Scratch,
        "database" => Kind::Database,
        "session" => Kind::Session,
        "upload" => Kind::Upload,
        other => return Some(Err(format!("unknown kind `{other}`"))),
    };
    Some(Glob::new(glob.trim()).map(|glob| (glob.compile_matcher(), kind)).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_parses() {
        let rows: Vec<_> = include_str!("files.txt").lines().filter_map(row).collect();
        assert!(rows.len() > 40);
        assert!(
            rows.iter().all(Result::is_ok),
            "{:?}",
            rows.iter().filter_map(|row| row.as_ref().err()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_path_tells_what_a_file_is() {
        assert_eq!(kind_of("data/app.sqlite"), Kind::Database);
        assert_eq!(kind_of("app.db-journal"), Kind::Database);
        assert_eq!(kind_of("sessions/abc.json"), Kind::Session);
        assert_eq!(kind_of("$TMPDIR/sess_0a1b"), Kind::Session);
        assert_eq!(kind_of("public/uploads/a.png"), Kind::Upload);
        assert_eq!(kind_of("$TMPDIR/uploads/a.png"), Kind::Scratch);
        assert_eq!(kind_of("logs/app.log"), Kind::Scratch);
        assert_eq!(kind_of("notes/today.json"), Kind::Plain);
    }
}
