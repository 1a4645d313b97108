//! L1, scaleproof.yaml: parse, defaults, errors with line and caret.
//!
//! Everything has a default, and an empty file is a sound configuration; [`render`] writes a file that says so.

use std::time::Duration;

use crate::model::command_line;
use crate::model::finding::Severity;
use crate::model::location::Location;
use crate::model::nearest::nearest;
use crate::model::problem::Problem;

pub mod detect;
mod file;
mod problem;
mod render;
mod values;

pub use file::parse;
pub use render::render;
pub use values::parse_duration;

/// Name of the file, in the folder that is tested.
pub const FILE_NAME: &str = "scaleproof.yaml";

/// What stands in the command and the environment of a replica for what differs from one replica to the next.
pub const REPLICA_PLACEHOLDERS: &[&str] = &["port", "socket", "name", "index"];

/// The same for a shared service.
pub const SERVICE_PLACEHOLDERS: &[&str] = &["port", "name"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The app's name; the folder's name where there is none.
    pub name: Option<String>,
    /// The program and its arguments, with [`REPLICA_PLACEHOLDERS`]; empty where the file says none.
    pub command: Vec<String>,
    /// Set in each replica, with [`REPLICA_PLACEHOLDERS`] in the values; in the order of the file.
    pub env: Vec<(String, String)>,
    /// A path that answers with a success once a replica is ready. Without it, a replica is ready when its port answers.
    pub ready: Option<String>,
    pub ready_timeout: Duration,
    /// At least 1.
    pub replicas: u32,
    pub start: Start,
    pub isolation: Isolation,
    /// Shared dependencies, in the order of the file.
    pub services: Vec<Service>,
    /// Globs of scenario files.
    pub scenarios: Vec<String>,
    /// Folders that production shares between replicas.
    pub shared: Vec<String>,
    /// Names of services that are documented to run once.
    pub singletons: Vec<Mention>,
    pub lint: Lint,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    #[default]
    Parallel,
    /// Each replica after the one before it is ready.
    Sequential,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Each replica writes to a disk of its own.
    #[default]
    Private,
    /// All replicas write to one disk.
    Shared,
}

/// A shared dependency that is started once, before the replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    /// The program and its arguments, with [`SERVICE_PLACEHOLDERS`].
    pub command: Vec<String>,
    /// Handed to the replicas, with [`SERVICE_PLACEHOLDERS`] in the values.
    pub env: Vec<(String, String)>,
    pub ready_timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Findings at or above it fail the run.
    pub fail_on: Severity,
    /// Globs of paths that are not analysed.
    pub exclude: Vec<String>,
    /// Folders with rules beside the built-in ones.
    pub rules: Vec<String>,
    /// Rules whose findings weigh otherwise in this project; `None` switches a rule off. In the order of the file.
    pub severity: Vec<(Mention, Option<Severity>)>,
    /// Findings that are accepted where they are.
    pub ignore: Vec<Accepted>,
}

/// Findings of a rule that do no harm in some places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub rule: Mention,
    /// Globs of paths, at least one.
    pub paths: Vec<String>,
    /// Never empty.
    pub reason: String,
}

/// A name that the file says of something that only the project knows: a rule, a service.
#[derive(Clone, Debug)]
pub struct Mention {
    pub name: String,
    /// Where it stands, as a problem without a message.
    place: Problem,
}

impl Mention {
    /// What is wrong with it, with its line.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { message: message.into(), ..self.place.clone() }
    }

    /// The problem that there is nothing of this name, unless it is one of `known`.
    pub fn unknown<'k>(&self, what: &str, known: impl IntoIterator<Item = &'k str>, help: &str) -> Option<Problem> {
        let known: Vec<&str> = known.into_iter().collect();
        let problem = || {
            let nearest = nearest(&self.name, known.iter().copied());
            let help = nearest.map_or_else(|| help.to_owned(), |nearest| format!("Did you mean `{nearest}`?"));
            self.problem(format!("there is no {what} `{}`", self.name)).help(help)
        };
        (!known.contains(&self.name.as_str())).then(problem)
    }

    /// Where it stands.
    pub fn location(&self) -> Option<&Location> {
        self.place.location.as_ref()
    }
}

/// The place is not part of what is configured.
impl PartialEq for Mention {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Mention {}

impl From<&str> for Mention {
    /// A name that stands in no file.
    fn from(name: &str) -> Self {
        Mention { name: name.to_owned(), place: Problem::new("") }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            name: None,
            command: Vec::new(),
            env: Vec::new(),
            ready: None,
            ready_timeout: Duration::from_secs(30),
            replicas: 3,
            start: Start::default(),
            isolation: Isolation::default(),
            services: Vec::new(),
            scenarios: Vec::new(),
            shared: Vec::new(),
            singletons: Vec::new(),
            lint: Lint::default(),
        }
    }
}

impl Default for Lint {
    fn default() -> Self {
        Lint {
            fail_on: Severity::Error,
            exclude: Vec::new(),
            rules: Vec::new(),
            severity: Vec::new(),
            ignore: Vec::new(),
        }
    }
}

impl Service {
    /// How long a shared service may take where the file does not say.
    pub const READY_TIMEOUT: Duration = Duration::from_secs(10);
}

/// Splits a command into words as a shell would, without expanding anything. The error says which quote is open.
pub fn split_words(command: &str) -> Result<Vec<String>, String> {
    match command_line::split(command.chars().enumerate(), &[]) {
        Ok(words) => Ok(words.iter().map(|word| command_line::text(word)).collect()),
        Err(open) => Err(format!("nothing ends the `{}` at character {}", open.quote, open.at + 1)),
    }
}

#[cfg(test)]
mod tests;
