//! L1, files to facts: the walk, the language adapters, the deployment formats.
//!
//! Reading files happens here and in [`walk`]; everything below is text in, facts out.

pub mod deploy;
mod foreign;
pub mod json;
pub mod language;
pub mod manifest;
pub mod settings;
pub mod stage;
pub mod walk;
pub mod yaml;

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::model::fact::{FileFacts, Language};
use crate::model::problem::Problem;
use crate::model::report::{Coverage, PassedOver, Reason, Volume};
use deploy::{Beside, helm};
pub use language::{Extracted, module_candidates};

/// What all files say.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// By path.
    pub files: Vec<FileFacts>,
    /// By file, then in the order in which they were met.
    pub problems: Vec<Problem>,
    pub coverage: Coverage,
}

/// Reads one kind of file: path and text to facts.
pub type Reader = fn(&str, &str) -> Extracted;

/// What helm gives for the chart in a folder, which ends in `/` unless it is the project's: its manifests, or what
/// [`helm::said`] makes of its refusal. `None` where nobody asks it.
pub type Manifests<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// A larger file is data or generated; no person wrote it.
const SIZE: u64 = 1_000_000;
/// A script with a longer line is minified.
const LINE: usize = 20_000;
/// Syntax is nested to a bounded depth; this is room for several times that, in an unoptimised build too.
const STACK: usize = 64 << 20;

/// The facts of every file under `roots` but those that a glob of `exclude` names, with paths relative to `base`.
///
/// A file that is named as a root is read whatever its name; within a folder the names decide. What cannot be read or
/// understood becomes a problem, and the rest goes on.
pub fn scan(roots: &[PathBuf], base: &Path, exclude: &[String], manifests: Manifests<'_>) -> Scan {
    let wanted = |path: &str| may_be_read(path) || foreign::may_be(path);
    let (found, mut problems) = walk::walk(roots, base, exclude, &wanted);
    let mut coverage = Coverage::default();
    let read = || found.par_iter().map(|found| read_file(found, base, manifests)).collect::<Vec<_>>();
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).thread_name(|at| format!("scan-{at}")).build();
    let results = match pool {
        Ok(pool) => pool.install(read),
        Err(_) => read(),
    };
    let mut files = Vec::new();
    let mut formats = Vec::new();
    for (found, outcome) in found.iter().zip(results) {
        match outcome {
            Outcome::Read(read) => {
                let Extracted { facts, problems: met } = *read;
                coverage.in_part += usize::from(!met.is_empty());
                coverage.lost += usize::from(!met.is_empty() && facts.is_nothing());
                files.push(facts);
                problems.extend(met);
            }
            Outcome::PassedOver(reason, problem) => {
                coverage.passed_over.push(PassedOver { path: found.path.clone(), reason });
                problems.extend(problem.map(|problem| problem.in_file(&found.path)));
            }
            Outcome::Foreign(format) => formats.extend(format),
        }
    }
    language::link(&mut files);
    coverage.languages = volumes(&files);
    coverage.not_understood = foreign::count(formats);
    Scan { files, problems, coverage }
}

/// How much there is of each language, the most lines first.
fn volumes(files: &[FileFacts]) -> Vec<Volume> {
    let mut volumes: Vec<Volume> = Vec::new();
    for file in files {
        let lines = u64::from(file.lines);
        match volumes.iter_mut().find(|volume| volume.language == file.language) {
            Some(volume) => *volume = Volume { files: volume.files + 1, lines: volume.lines + lines, ..*volume },
            None => volumes.push(Volume { language: file.language, files: 1, lines }),
        }
    }
    volumes.sort_by_key(|volume| (std::cmp::Reverse(volume.lines), volume.language.name()));
    volumes
}

/// The text of a file as it was scanned; `None` if it cannot be read any more, or is larger than what is read.
pub fn text(base: &Path, path: &str) -> Option<String> {
    let file = base.join(path);
    std::fs::metadata(&file).ok().filter(|metadata| metadata.is_file() && metadata.len() <= SIZE)?;
    std::fs::read(file).ok().and_then(decode)
}

/// What a file is written in; `None` where nobody reads it.
pub fn language(path: &str, text: &str) -> Option<Language> {
    read(path, text).map(|extracted| extracted.facts.language)
}

/// A file has no more than this many problems told.
const MAX_PROBLEMS: usize = 100;

/// Whether one more problem is told. The first that is not, is told to be missing.
fn has_room(problems: &mut Vec<Problem>, path: &str) -> bool {
    if problems.len() == MAX_PROBLEMS {
        problems.push(
            Problem::new(format!("further problems, beyond the first {MAX_PROBLEMS}, are not told")).in_file(path),
        );
    }
    problems.len() < MAX_PROBLEMS
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// True where a file of this path says something, or decides whether others are read.
pub fn matters(path: &str) -> bool {
    may_be_read(path) || walk::decides(file_name(path))
}

/// What the text of one file says, told by its path and its text; `None` where nobody reads such a file. Files that it includes
/// are not there.
pub fn read(path: &str, text: &str) -> Option<Extracted> {
    read_beside(path, text, &|_| None)
}

fn read_beside(path: &str, text: &str, beside: Beside<'_>) -> Option<Extracted> {
    let with_servers = |mut extracted: Extracted| {
        deploy::servers::find(&mut extracted.facts, text);
        extracted
    };
    let by_path = |reader: Option<Reader>| reader.map(|read| with_servers(read(path, text)));
    by_path(language::reader(path).or_else(|| manifest::reader(path)))
        .or_else(|| deploy::read(path, text, beside))
        .or_else(|| by_path(settings::reader(path)))
}

/// True for the path of what somebody may read; its text decides.
fn may_be_read(path: &str) -> bool {
    let readers: [fn(&str) -> Option<Reader>; 3] = [language::reader, manifest::reader, settings::reader];
    readers.iter().any(|reader| reader(path).is_some()) || deploy::may_be(path)
}

/// What became of a file.
enum Outcome {
    Read(Box<Extracted>),
    /// Why, and the problem where the user is told of this very file.
    PassedOver(Reason, Option<Problem>),
    /// The name of the format that nobody reads; `None` where it is not worth a word.
    Foreign(Option<&'static str>),
}

fn read_file(found: &walk::Found, base: &Path, manifests: Manifests<'_>) -> Outcome {
    let path = &found.path;
    let passed_over = |reason, problem| Outcome::PassedOver(reason, Some(problem));
    let foreign = || {
        let format = foreign::format(path, || foreign::head(&found.file));
        match found.asked {
            true => passed_over(Reason::NotUnderstood, not_understood(format)),
            false => Outcome::Foreign(format),
        }
    };
    if !may_be_read(path) {
        return foreign();
    }
    match std::fs::metadata(&found.file) {
        Ok(metadata) if metadata.len() > SIZE => {
            let size = metadata.len() as f64 / 1e6;
            let problem = Problem::new(format!("{size:.1} MB: larger than 1 MB, not analysed"));
            return passed_over(Reason::TooLarge, problem);
        }
        Ok(_) => {}
        Err(error) => return passed_over(Reason::Unreadable, walk::unreadable(&error)),
    }
    let bytes = match std::fs::read(&found.file) {
        Ok(bytes) => bytes,
        Err(error) => return passed_over(Reason::Unreadable, walk::unreadable(&error)),
    };
    if is_script(path) && !found.asked && bytes.split(|byte| *byte == b'\n').any(|line| line.len() > LINE) {
        return Outcome::PassedOver(Reason::Minified, None);
    }
    let Some(text) = decode(bytes) else {
        return passed_over(Reason::Binary, Problem::new("holds NUL bytes: binary, not analysed"));
    };
    let beside = |path: &str| match path.strip_prefix(helm::MANIFESTS) {
        Some(chart) => manifests(chart),
        None => self::text(base, path),
    };
    match std::panic::catch_unwind(AssertUnwindSafe(|| read_beside(path, &text, &beside))) {
        Ok(Some(extracted)) => Outcome::Read(Box::new(extracted)),
        Ok(None) => foreign(),
        Err(_) => {
            let problem = Problem::new("the analysis of this file failed");
            passed_over(Reason::Failed, problem.help("This is a bug of scaleproof: please report the file."))
        }
    }
}

fn not_understood(format: Option<&str>) -> Problem {
    let message = match format {
        Some(format) => format!("not a kind of file that is understood: {format}"),
        None => "not a kind of file that is understood".to_owned(),
    };
    Problem::new(message).help("Name a source or deployment file, or a folder.")
}

fn is_script(path: &str) -> bool {
    [".js", ".mjs", ".cjs", ".jsx"].iter().any(|end| path.ends_with(end))
}

/// Text without byte order mark; what is no UTF-8 in it is replaced. UTF-16 is read as well: PowerShell's `>` writes it, and so
/// many a requirements.txt. `None` for what is no text.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let utf_16 = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes.get(..2) {
        Some([0xFF, 0xFE]) => utf_16(u16::from_le_bytes),
        Some([0xFE, 0xFF]) => utf_16(u16::from_be_bytes),
        _ => String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text);
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        folder
    }

    fn paths(scan: &Scan) -> Vec<&str> {
        scan.files.iter().map(|facts| &*facts.path).collect()
    }

    fn scan_all(folder: &tempfile::TempDir) -> Scan {
        scan(&[folder.path().to_path_buf()], folder.path(), &[], &|_| None)
    }

    #[test]
    fn a_project_is_read_in_the_order_of_its_paths_without_what_does_not_run() {
        let folder = project(&[
            ("b.py", b"x = 1"),
            ("a/c.ts", b"let x = 1"),
            ("a/b.rs", b"fn x() {}"),
            ("package.json", b"{}"),
            ("README.md", b"no"),
            ("node_modules/x/index.js", b"1"),
            ("tests/a.py", b"1"),
            ("test_a.py", b"1"),
            ("a/cart.test.ts", b"1"),
            ("a/types.d.ts", b"1"),
            ("a/app.min.js", b"1"),
            ("build/a.js", b"1"),
            (".hidden/a.py", b"1"),
            ("env/pyvenv.cfg", b""),
            ("env/a.py", b"1"),
            ("ignored.py", b"1"),
            ("own.py", b"1"),
            (".gitignore", b"ignored.py\n"),
            (".scaleproofignore", b"own.py\n"),
            ("service/test.setup.js/a.js", b"1"),
        ]);
        let found = scan_all(&folder);
        assert_eq!(paths(&found), ["a/b.rs", "a/c.ts", "b.py", "package.json", "service/test.setup.js/a.js"]);
        assert_eq!(found.problems, []);
    }

    #[test]
    fn what_is_asked_for_is_read_whatever_its_name() {
        let folder =
            project(&[("tests/x/a.py", b"1"), ("tests/x/tests/b.py", b"1"), ("a.min.js", b"1"), ("x.md", b"1")]);
        let at = |path: &str| folder.path().join(path);
        let found = scan(
            &[at("tests/x"), at("a.min.js"), at("x.md"), at("tests/x/tests/b.py"), at("gone.py")],
            folder.path(),
            &[],
            &|_| None,
        );
        assert_eq!(paths(&found), ["a.min.js", "tests/x/a.py", "tests/x/tests/b.py"]);
        let problems: Vec<_> = found.problems.iter().map(|problem| problem.to_string()).collect();
        assert_eq!(
            problems,
            ["gone.py: failed to read: no such file or directory", "x.md: not a kind of file that is understood"]
        );
    }

    #[test]
    fn a_folder_called_build_is_code_unless_something_is_built_beside_it() {
        let folder = project(&[("build/a.py", b"1"), ("web/package.json", b"{}"), ("web/build/a.js", b"1")]);
        assert_eq!(paths(&scan_all(&folder)), ["build/a.py", "web/package.json"]);
    }

    #[test]
    fn what_is_no_text_or_too_large_is_a_problem_and_the_rest_goes_on() {
        let large = "x = 1\n".repeat(400_000);
        let long_line = format!("a('{}')", "x".repeat(30_000));
        let folder = project(&[
            ("a.py", b"carts = {}  # \xff\n"),
            ("b.py", b"x\0y"),
            ("c.py", large.as_bytes()),
            ("d.js", long_line.as_bytes()),
            ("e.py", b"\xef\xbb\xbfcarts = {}\n"),
            ("f.py", b"x = (\n"),
        ]);
        let found = scan_all(&folder);
        assert_eq!(paths(&found), ["a.py", "e.py", "f.py"]);
        assert_eq!(found.files[0].states.len() + found.files[1].states.len(), 2);
        let problems: Vec<_> = found.problems.iter().map(|problem| problem.to_string()).collect();
        assert_eq!(problems[0], "b.py: holds NUL bytes: binary, not analysed");
        assert_eq!(problems[1], "c.py: 2.4 MB: larger than 1 MB, not analysed");
        assert!(problems[2].starts_with("f.py:1:"), "{problems:?}");
        assert_eq!(text(folder.path(), "e.py").unwrap(), "carts = {}\n");
    }

    #[test]
    fn utf_16_is_text() {
        let utf_16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let folder =
            project(&[("requirements.txt", &utf_16("\u{feff}flask==3.0\r\ncelery\r\n")), ("a.py", b"\xff\xfe\0\0")]);
        let found = scan_all(&folder);
        assert_eq!(found.files[0].dependencies.len(), 2);
        assert_eq!(found.problems.len(), 1);
        assert_eq!(text(folder.path(), "requirements.txt").unwrap(), "flask==3.0\r\ncelery\r\n");
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_not_followed() {
        let folder = project(&[("a/a.py", b"1")]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a/a.py"), folder.path().join("b.py")).unwrap();
        let found = scan_all(&folder);
        assert_eq!((paths(&found), found.problems.len()), (vec!["a/a.py"], 0));
    }

    #[test]
    fn a_package_may_have_any_name() {
        let files = [
            "src/main/java/com/example/docs/A.java",
            "src/test/java/com/example/B.java",
            "example/C.java",
            "src/main/java/com/ATest.java",
        ];
        let folder = project(&files.map(|path| (path, &b"class A {}"[..])));
        assert_eq!(paths(&scan_all(&folder)), ["src/main/java/com/example/docs/A.java"]);
    }

    #[test]
    fn every_line_of_the_skip_list_is_a_pattern() {
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        for line in include_str!("source/skip.gitignore").lines() {
            builder.add_line(None, line).unwrap();
        }
    }
}
