//! Runs the tool as a user would, in an environment that is the same everywhere.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::print_stderr, reason = "a test that skips itself says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

/// The tool with a scrubbed environment: nothing of the developer's terminal or CI changes what it says.
pub fn scaleproof(folder: impl AsRef<Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scaleproof"));
    command.current_dir(folder).env_clear().env("COLUMNS", "100").env("NO_COLOR", "1").stdin(Stdio::null());
    command.env("PATH", path());
    for kept in ["HOME", "TMPDIR", "LANG"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// The search path, with the Python programs that `tests/all` installs in front.
fn path() -> std::ffi::OsString {
    let given = std::env::var_os("PATH").unwrap_or_default();
    let installed = root().join("fixtures/apps/.venv/bin");
    std::env::join_paths(std::iter::once(installed).chain(std::env::split_paths(&given))).expect("a search path")
}

/// What a run said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// Asserts the exit code, showing everything when it is another.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

pub fn run(folder: impl AsRef<Path>, arguments: &[&str]) -> Said {
    scaleproof(folder).args(arguments).output().expect("the tool starts").into()
}

/// True when `program` is installed. Where the tests must not skip (`SCALEPROOF_TESTS_NEED_ALL`), its absence is a failure.
pub fn have(program: &str) -> bool {
    needed(program, std::env::split_paths(&path()).any(|folder| folder.join(program).is_file()))
}

/// True when node and the npm packages of a fixture app are installed.
pub fn have_node_packages(app: &str) -> bool {
    have("node")
        && needed(
            &format!("node_modules of {app}"),
            root().join("fixtures/apps").join(app).join("node_modules").is_dir(),
        )
}

/// True when the Python packages of the fixture apps are installed.
pub fn have_python_packages() -> bool {
    needed("the Python packages of fixtures/apps", root().join("fixtures/apps/.venv/bin/flask").is_file())
}

/// The JSON Schema of SARIF, where it is installed: its licence does not let everybody hand it on.
pub fn sarif_schema() -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(root().join("fixtures/.schemas/sarif-2.1.0.json")).ok();
    needed("the schema of SARIF", text.is_some()).then(|| {
        // Its pattern for languages has a bracket too many, which not every engine takes.
        let text = text.expect("a text").replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
        serde_json::from_str(&text).expect("JSON")
    })
}

fn needed(what: &str, found: bool) -> bool {
    if !found {
        assert!(std::env::var_os("SCALEPROOF_TESTS_NEED_ALL").is_none(), "{what}: not installed, run tests/all");
        eprintln!("skipped: {what}: not installed; tests/all installs it");
    }
    found
}

/// Writes files into a fresh folder that goes away with the value.
pub fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    files.iter().for_each(|(path, text)| write(folder.path(), path, text));
    folder
}

/// Writes a file, with the folders that it lies in.
pub fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

pub fn git(folder: &Path, arguments: &[&str]) {
    let settings = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").current_dir(folder).args(settings).args(arguments).output().expect("git starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with one commit.
pub fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = project(files);
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "first"]] {
        git(folder.path(), arguments);
    }
    folder
}
