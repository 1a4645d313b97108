//! L1, files to facts: the walk, the language adapters, the deployment formats.
//!
//! Reading files happens here and in [`walk`]; everything below is text in, facts out.

pub mod deploy;
pub mod language;
pub mod walk;

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::model::fact::{FileFacts, Language};
use crate::model::problem::Problem;
pub use language::{Extracted, module_candidates};

/// What all files say.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// By path.
    pub files: Vec<FileFacts>,
    /// By file, then in the order in which they were met.
    pub problems: Vec<Problem>,
}

/// Reads one kind of file: path and text to facts.
pub type Reader = fn(&str, &str) -> Extracted;

/// Who reads a file, told by its path. The first that knows it does.
const KINDS: &[fn(&str) -> Option<Reader>] = &[language::reader, deployment_reader];

/// A larger file is data or generated; no person wrote it.
const SIZE: u64 = 1_000_000;
/// A script with a longer line is minified.
const LINE: usize = 20_000;
/// Syntax is nested to a bounded depth; this is room for several times that, in an unoptimised build too.
const STACK: usize = 64 << 20;

/// The facts of every file under `roots`, with paths relative to `base`.
///
/// A file that is named as a root is read whatever its name; within a folder the names decide. What cannot be read or
/// understood becomes a problem, and the rest goes on.
pub fn scan(roots: &[PathBuf], base: &Path) -> Scan {
    let (found, mut problems) = walk::walk(roots, base, &|path| reader(path).is_some());
    let read = || found.par_iter().map(read_file).collect::<Vec<_>>();
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).thread_name(|at| format!("scan-{at}")).build();
    let results = match pool {
        Ok(pool) => pool.install(read),
        Err(_) => read(),
    };
    let mut files = Vec::new();
    for (facts, found) in results {
        files.extend(facts);
        problems.extend(found);
    }
    Scan { files, problems }
}

/// The text of a file as it was scanned; `None` if it cannot be read any more.
pub fn text(base: &Path, path: &str) -> Option<String> {
    std::fs::read(base.join(path)).ok().map(decode)
}

/// Who reads a deployment file, by its name.
fn deployment_reader(path: &str) -> Option<Reader> {
    deploy::kind(file_name(path))?;
    Some(|path, text| match deploy::kind(file_name(path)) {
        Some(language) => {
            let (facts, problems) = deploy::read(language, path, text);
            Extracted { facts, problems }
        }
        None => Extracted { facts: FileFacts::empty(path, Language::Compose), problems: Vec::new() },
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn reader(path: &str) -> Option<Reader> {
    KINDS.iter().find_map(|kind| kind(path))
}

fn read_file(found: &walk::Found) -> (Option<FileFacts>, Vec<Problem>) {
    let path = &found.path;
    let one = |problem: Problem| (None, vec![problem.in_file(path)]);
    let Some(reader) = reader(path) else {
        return one(Problem::new("not a kind of file that is understood")
            .help("Name a source or deployment file, or a folder."));
    };
    match std::fs::metadata(&found.file) {
        Ok(metadata) if metadata.len() > SIZE => {
            let size = metadata.len() as f64 / 1e6;
            return one(Problem::new(format!("{size:.1} MB: larger than 1 MB, not analysed")));
        }
        Ok(_) => {}
        Err(error) => return one(walk::unreadable(&error)),
    }
    let bytes = match std::fs::read(&found.file) {
        Ok(bytes) => bytes,
        Err(error) => return one(walk::unreadable(&error)),
    };
    if bytes.contains(&0) {
        return one(Problem::new("holds NUL bytes: binary, not analysed"));
    }
    if is_script(path) && !found.asked && bytes.split(|byte| *byte == b'\n').any(|line| line.len() > LINE) {
        return (None, Vec::new());
    }
    let text = decode(bytes);
    match std::panic::catch_unwind(AssertUnwindSafe(|| reader(path, &text))) {
        Ok(Extracted { facts, problems }) => (Some(facts), problems),
        Err(_) => one(Problem::new("the analysis of this file failed")
            .help("This is a bug of scaleproof: please report the file.")),
    }
}

fn is_script(path: &str) -> bool {
    [".js", ".mjs", ".cjs", ".jsx"].iter().any(|end| path.ends_with(end))
}

/// Text without byte order mark; invalid UTF-8 is replaced.
fn decode(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_string(),
        None => text,
    }
}
