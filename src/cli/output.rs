//! Where reports go: `--format` and `--output`, each repeatable, and what is said on stderr.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::adapter::strip_bytes;
use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use super::exit::Result;
use crate::model::finding::Severity;
use crate::model::problem::Problem;
use crate::report::terminal::{self, Look};

/// How to report what `lint` finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: code frames, services, what was analysed, the verdict
    Terminal,
    /// For programs; `scaleproof schema` prints what it holds
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for every CI
    Junit,
    /// Annotations of GitHub Actions
    Github,
    /// Code Quality of GitLab
    Gitlab,
    /// A comment on a pull request
    Markdown,
}

/// How to report what `test` shows; the other formats have lines of code only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// For people: checks, the smallest failing story, the verdict
    Terminal,
    /// For programs; `scaleproof schema` prints what it holds
    Json,
    /// JUnit XML, for every CI
    Junit,
    /// A comment on a pull request
    Markdown,
}

#[derive(clap::Args, Debug)]
pub struct Reports<F: ValueEnum + Send + Sync + 'static> {
    /// How to report; repeat it for several reports of one run
    #[arg(long = "format", value_name = "FORMAT", default_value = "terminal")]
    formats: Vec<F>,
    /// Where to write the report, in the order of the formats; `-`, and every format without one, is stdout
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    outputs: Vec<PathBuf>,
}

impl Reports<Format> {
    /// Is nothing asked for but a word to somebody at a terminal?
    pub fn is_terminal(&self) -> bool {
        self.formats == [Format::Terminal] && self.outputs.is_empty()
    }
}

impl<F: ValueEnum + Copy + Send + Sync + 'static> Reports<F> {
    /// Is this format among those that are asked for?
    pub fn any(&self, format: F) -> bool
    where
        F: PartialEq,
    {
        self.formats.contains(&format)
    }

    /// Refuses what cannot be written, before any work is done for it.
    pub fn check(&self) -> Result<()> {
        if self.outputs.len() > self.formats.len() {
            let (formats, outputs) = (self.formats.len(), self.outputs.len());
            return Err(Problem::new(format!("{outputs} outputs and {formats} formats"))
                .help("give one `--format` for each `--output`")
                .into());
        }
        for path in self.outputs.iter().filter(|path| path.as_os_str() != "-") {
            fs::OpenOptions::new().append(true).create(true).open(path).map_err(|error| named(error, path))?;
        }
        Ok(())
    }

    /// Does nothing else than this format go to stdout?
    pub fn prints_only(&self, format: F) -> bool
    where
        F: PartialEq,
    {
        self.formats.iter().enumerate().all(|(number, of)| *of == format || self.file(number).is_some())
    }

    /// Writes every report that was asked for.
    pub fn write(&self, render: impl Fn(F, Look, &mut dyn Write) -> io::Result<()>) -> Result<()> {
        for (number, format) in self.formats.iter().enumerate() {
            match self.file(number) {
                Some(path) => {
                    let mut report = Vec::new();
                    render(*format, Look::default(), &mut report)?;
                    fs::write(path, strip_bytes(&report).into_vec()).map_err(|error| named(error, path))?;
                }
                None => print(|look, out| render(*format, look, out))?,
            }
        }
        Ok(())
    }

    /// Where the format of this number goes, when that is not stdout.
    fn file(&self, number: usize) -> Option<&PathBuf> {
        self.outputs.get(number).filter(|path| path.as_os_str() != "-")
    }
}

/// An error that says which file it is about.
pub fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The least severity that makes the tool fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl From<Severity> for FailOn {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => FailOn::Error,
            Severity::Warning => FailOn::Warning,
            Severity::Info => FailOn::Info,
        }
    }
}

impl FailOn {
    /// `None` when nothing fails.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// Writes to stdout, with styles where the terminal wants them.
pub fn print(render: impl FnOnce(Look, &mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let mut text = Vec::new();
    render(look(stdout.is_terminal()), &mut text)?;
    if AutoStream::choice(&stdout) == ColorChoice::Never {
        text = strip_bytes(&text).into_vec();
    }
    stdout.write_all(&text)?;
    stdout.flush()?;
    Ok(())
}

/// Says on stderr what was done beside the report.
pub fn note(text: &str) {
    let mut err = AutoStream::auto(io::stderr().lock());
    let _ = writeln!(err, "{text}");
}

/// Says on stderr that something is wrong.
pub fn complain(text: &str) {
    show_problem(&Problem::new(text));
}

pub fn show_problem(problem: &Problem) {
    let mut err = AutoStream::auto(io::stderr().lock());
    let _ = terminal::error(problem, look(io::stderr().is_terminal()), &mut err);
}

/// The terminal's width, as `COLUMNS` or the terminal itself says.
fn look(is_terminal: bool) -> Look {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let width = columns.or_else(|| is_terminal.then(measured).flatten()).filter(|width| *width >= 40);
    width.map_or_else(Look::default, |width| Look { width: width.min(160) })
}
