//! A mark that a daemon keeps although it leaves its parent, its session and its environment: a resource limit.
//!
//! Limits are inherited over fork and exec. The one on file locks means nothing to any kernel since 2.4.25, getrlimit(2), so
//! its value is free to carry a number; without privilege a process can only lower it, and programs have no reason to.

use serde::{Deserialize, Serialize};

/// Members of a run take the numbers below that of the run, so many at most.
const MEMBERS: u64 = 1 << 32;

/// The two numbers that one replica or service of a run carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The soft limit.
    pub member: u64,
    /// The hard limit.
    pub run: u64,
}

/// Which processes are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    Member(u64),
    Run(u64),
}

impl Marked {
    pub fn holds(self, pid: u32) -> bool {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
        parse(&limits).is_some_and(|mark| match self {
            Marked::Member(number) => mark.member == number,
            Marked::Run(number) => mark.run == number,
        })
    }
}

/// The line `Max file locks  <soft>  <hard>  locks`.
fn parse(limits: &str) -> Option<Mark> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
    let mut numbers = line.split_ascii_whitespace().map_while(|word| word.parse().ok());
    Some(Mark { member: numbers.next()?, run: numbers.next()? })
}

/// A number for a new run; `None` where limits cannot carry one.
pub fn draw() -> Option<u64> {
    let highest = limit::highest()?.min(1 << 62);
    (highest > 4 * MEMBERS).then(|| fastrand::u64(highest / 2..highest))
}

impl Mark {
    /// That of the `count`th member of a run, counted from 1.
    pub fn of(run: u64, count: u32) -> Mark {
        Mark { member: run - u64::from(count), run }
    }

    /// Gives it to this process and all its descendants. A refusal leaves the other marks.
    pub fn wear(self) {
        limit::set(self);
    }
}

#[cfg(target_os = "linux")]
mod limit {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::Mark;

    /// The hard limit of this process, below which every number is free.
    pub fn highest() -> Option<u64> {
        Some(getrlimit(Resource::Locks).maximum.unwrap_or(u64::MAX))
    }

    pub fn set(mark: Mark) {
        let _ = setrlimit(Resource::Locks, Rlimit { current: Some(mark.member), maximum: Some(mark.run) });
    }
}

#[cfg(not(target_os = "linux"))]
mod limit {
    pub fn highest() -> Option<u64> {
        None
    }

    pub fn set(_: super::Mark) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_are_read_and_no_limit_is_no_mark() {
        let line = |limits| {
            format!(
                "Max processes             9                9             processes\nMax file locks   {limits}  locks\n"
            )
        };
        assert_eq!(parse(&line("41  42")), Some(Mark { member: 41, run: 42 }));
        assert_eq!(parse(&line("unlimited   unlimited")), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_known_by_its_limits() {
        use rustix::process::{Resource, Rlimit, prlimit};
        let mark = Mark::of(draw().unwrap(), 3);
        let mut cat = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = cat.id();
        let limit = Rlimit { current: Some(mark.member), maximum: Some(mark.run) };
        prlimit(rustix::process::Pid::from_raw(pid.cast_signed()), Resource::Locks, limit).unwrap();
        assert!(Marked::Member(mark.member).holds(pid) && Marked::Run(mark.run).holds(pid));
        assert!(!Marked::Member(mark.member + 1).holds(pid) && !Marked::Run(mark.run + 1).holds(pid));
        drop(cat.stdin.take());
        cat.wait().unwrap();
    }
}
