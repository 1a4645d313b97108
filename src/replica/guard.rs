//! The process that outlives a killed tool: it ends what the tool can no longer end.
//!
//! It runs in a session of its own and holds the read end of a pipe. When the pipe closes without a "done", the tool is gone,
//! however it went; then every process of the run is killed and the run's folder is removed.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::family::{Family, MountSpace, RUN_VARIABLE};
use super::mark::Marked;
use super::tree;

/// The argument by which the binary knows that it is the guard.
pub const ARGUMENT: &str = "internal-guard";

/// A line of the pipe, as JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// The first one: which run, the number among the limits of its processes, and the folder that ends with it.
    Run { id: String, number: Option<u64>, folder: PathBuf },
    /// The leader of a new process group.
    Group(u32),
    /// That process has a mount namespace of its own by now.
    MountSpace(u32),
    /// The leader was reaped: its number may be used again.
    GroupEnded(u32),
    /// All that came of that process is gone.
    AllEnded(u32),
    /// Everything is already cleaned up.
    Done,
}

/// What the guard knows.
#[derive(Debug, Default)]
struct Ward {
    family: Family,
    folder: Option<PathBuf>,
    done: bool,
}

impl Ward {
    fn hear(&mut self, word: Word) {
        match word {
            Word::Run { id, number, folder } => {
                self.family = Family::marked(RUN_VARIABLE, &id, number.map(Marked::Run));
                self.folder = Some(folder);
            }
            Word::Group(group) => drop(self.family.groups.insert(group)),
            Word::GroupEnded(group) => drop(self.family.groups.remove(&group)),
            Word::MountSpace(leader) => {
                let space = MountSpace::of(leader).map(|space| (leader, Arc::new(space)));
                self.family.mount_spaces.extend(space);
            }
            Word::AllEnded(leader) => drop(self.family.mount_spaces.remove(&leader)),
            Word::Done => self.done = true,
        }
    }
}

/// Listens on standard input until it closes, then cleans up unless told that nothing is left.
pub fn main() -> ExitCode {
    // Out of reach of the terminal's signals. It fails only for the leader of a group, which is as far away.
    let _ = rustix::process::setsid();
    // A folder that somebody wants to unmount or remove must not be held by us.
    let _ = std::env::set_current_dir("/");
    let mut ward = Ward::default();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        if let Ok(word) = serde_json::from_str(&line) {
            ward.hear(word);
        }
        if ward.done {
            return ExitCode::SUCCESS;
        }
    }
    clean_up(&ward)
}

fn clean_up(ward: &Ward) -> ExitCode {
    let Some(folder) = &ward.folder else { return ExitCode::SUCCESS };
    let left = ward.family.end();
    match tree::remove(folder) {
        Ok(()) if left.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// The tool's end of the pipe.
pub struct Guard {
    pipe: Mutex<Option<ChildStdin>>,
    process: Mutex<Child>,
}

impl Guard {
    /// Starts the guard of one run.
    ///
    /// # Errors
    /// When `executable`, which has to be this tool, cannot be started.
    pub fn start(executable: &Path, id: &str, number: Option<u64>, folder: &Path) -> io::Result<Guard> {
        let mut process = Command::new(executable)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", executable.display())))?;
        let guard = Guard { pipe: Mutex::new(process.stdin.take()), process: Mutex::new(process) };
        guard.tell(&Word::Run { id: id.to_owned(), number, folder: folder.to_owned() });
        Ok(guard)
    }

    /// Tells the guard something. Should the guard be gone, the tool still cleans up by itself, so that is no error.
    pub fn tell(&self, word: &Word) {
        let Ok(mut line) = serde_json::to_vec(word) else { return };
        line.push(b'\n');
        if let Some(pipe) = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            let _ = pipe.write_all(&line);
        }
    }

    /// Lets the guard go: when everything is `cleaned`, else it does the rest.
    pub fn dismiss(&self, cleaned: bool) {
        if cleaned {
            self.tell(&Word::Done);
        }
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = self.process.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_ended_is_forgotten_because_its_number_may_be_used_again() {
        let mut ward = Ward::default();
        let words = [
            Word::Run { id: "x1".into(), number: Some(7), folder: "/tmp/run".into() },
            Word::Group(7),
            Word::Group(8),
            Word::GroupEnded(7),
        ];
        words.into_iter().for_each(|word| ward.hear(word));
        assert_eq!(ward.family.groups, [8].into());
        assert_eq!(ward.family.marker, "SCALEPROOF_RUN=x1");
        assert_eq!(ward.family.limit, Some(Marked::Run(7)));
        assert!(!ward.done);
    }
}
