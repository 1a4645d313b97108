//! Exit codes, the same for every subcommand, and the failures that lead to them.

use std::io;
use std::process::ExitCode;

use crate::model::problem::Problem;
use crate::model::verdict::{Gate, Readiness};

/// How the tool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Pass,
    /// Findings or failed checks at or above `--fail-on`.
    Failed,
    /// Wrong usage or configuration.
    Usage,
    /// Nothing analysed, app not ready, inconclusive.
    Undecided,
    /// `EX_SOFTWARE` of sysexits.h.
    Bug,
    /// What ab ends with: a number of errno.h.
    Errno(u8),
}

impl Exit {
    /// `EINVAL`, with which ab ends where the command line is wrong.
    pub const USAGE_OF_AB: Exit = Exit::Errno(22);
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Pass => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Undecided => 3,
            Exit::Bug => 70,
            Exit::Errno(number) => number,
        })
    }
}

impl From<Gate> for Exit {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::Pass => Exit::Pass,
            Gate::Fail => Exit::Failed,
            Gate::Unknown => Exit::Undecided,
        }
    }
}

impl From<Readiness> for Exit {
    fn from(readiness: Readiness) -> Self {
        match readiness {
            Readiness::Ready => Exit::Pass,
            Readiness::NotReady => Exit::Failed,
            Readiness::Unknown => Exit::Undecided,
        }
    }
}

/// Why a subcommand could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Something that the user wrote is wrong.
    Problems(Vec<Problem>),
    /// The machine refused what the work needs, so that nothing could be decided.
    Refused(Problem),
    /// The world refused: a file that cannot be written, a socket that cannot be opened.
    Io(io::Error),
}

pub type Result<T = Exit> = std::result::Result<T, Failure>;

/// All that was understood, or every problem with what was not.
pub fn all<T>(results: impl Iterator<Item = std::result::Result<T, Problem>>) -> Result<Vec<T>> {
    let (mut good, mut problems) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => good.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(good) } else { Err(problems.into()) }
}

impl Failure {
    /// Says it on stderr and gives the exit code. A closed pipe is a success: the reader had enough.
    pub fn show(self) -> Exit {
        match self {
            Failure::Problems(problems) => {
                problems.iter().for_each(super::output::show_problem);
                Exit::Usage
            }
            Failure::Refused(problem) => {
                super::output::show_problem(&problem);
                Exit::Undecided
            }
            Failure::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Pass,
            Failure::Io(error) => {
                super::output::complain(&error.to_string());
                Exit::Usage
            }
        }
    }
}

impl Failure {
    /// What was refused, as in "the balancer cannot listen".
    pub fn refused(what: &str, error: &io::Error) -> Self {
        Failure::Refused(Problem::new(format!("{what}: {error}")).help(
            "The operating system refused it, so nothing was tested: a full disk, a limit on processes or open files?",
        ))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Problems(vec![problem])
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Failure::Problems(problems)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}
