//! Which processes belong to us, told by what a daemon cannot shed easily, and their certain end.
//!
//! A process belongs to a family when any of these holds: a marker in its environment; its process group or session; its
//! resource limits ([`mark`](super::mark)) or its mount namespace, which overlays make: both survive `setsid`, double forks and
//! an emptied environment; or it descends from a process that belongs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::mark::Marked;

/// The variable that marks every process of a run.
pub const RUN_VARIABLE: &str = "SCALEPROOF_RUN";
/// The variable that marks every process of one replica or service.
pub const MEMBER_VARIABLE: &str = "SCALEPROOF_MEMBER";

/// How long SIGKILL is repeated. Only a process that hangs in the kernel outlives one.
const END_WITHIN: Duration = Duration::from_secs(10);

/// What tells the members from all other processes.
#[derive(Clone, Debug, Default)]
pub struct Family {
    /// `NAME=value` in the environment.
    pub marker: String,
    /// A number among the limits.
    pub limit: Option<Marked>,
    /// Process groups. Whoever adds one removes it when its leader was reaped, because numbers are used again.
    pub groups: BTreeSet<u32>,
    /// Mount namespaces by the process that made them.
    pub mount_spaces: BTreeMap<u32, Arc<MountSpace>>,
}

impl Family {
    pub fn marked(name: &str, value: &str, limit: Option<Marked>) -> Self {
        Family { marker: format!("{name}={value}"), limit, ..Family::default() }
    }

    /// The living members; this process is never one.
    pub fn members(&self) -> Vec<u32> {
        let own = std::process::id();
        let living: Vec<Status> = processes().filter(|process| process.pid != own && !process.dead).collect();
        let mut members: BTreeSet<u32> = living.iter().filter(|it| self.claims(it)).map(|it| it.pid).collect();
        loop {
            let before = members.len();
            let children = living.iter().filter(|it| members.contains(&it.parent)).map(|it| it.pid);
            members.extend(children.collect::<Vec<_>>());
            if members.len() == before {
                return members.into_iter().collect();
            }
        }
    }

    fn claims(&self, process: &Status) -> bool {
        self.groups.contains(&process.group)
            || self.groups.contains(&process.session)
            || (!self.marker.is_empty() && has_variable(process.pid, &self.marker))
            || self.limit.is_some_and(|limit| limit.holds(process.pid))
            || (!self.mount_spaces.is_empty() && self.holds(mount_space(process.pid)))
    }

    fn holds(&self, space: Option<u64>) -> bool {
        self.mount_spaces.values().any(|it| Some(it.number) == space)
    }

    /// Kills every member until none is left; those that fork in the meantime as well. Returns who outlived it.
    pub fn end(&self) -> Vec<u32> {
        let deadline = Instant::now() + END_WITHIN;
        let mut pause = Duration::from_millis(1);
        loop {
            for &group in &self.groups {
                signal_group(group, Signal::KILL);
            }
            let members = self.members();
            if members.is_empty() || Instant::now() > deadline {
                return members;
            }
            for &pid in &members {
                signal(pid, Signal::KILL);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

/// Sends a signal to one process. A process that is gone is no error.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = as_pid(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Sends a signal to a process group. A group that is gone is no error.
pub fn signal_group(group: u32, signal: Signal) {
    if let Some(pid) = as_pid(group) {
        let _ = kill_process_group(pid, signal);
    }
}

pub fn as_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// The line of `/proc/<pid>/stat` that matters here.
struct Status {
    pid: u32,
    parent: u32,
    group: u32,
    session: u32,
    /// A zombie, or on its way out.
    dead: bool,
}

fn processes() -> impl Iterator<Item = Status> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        parse_status(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    })
}

/// `pid (name) state ppid pgrp session …`; the name may hold spaces and parentheses.
fn parse_status(pid: u32, line: &str) -> Option<Status> {
    let mut fields = line[line.rfind(')')? + 1..].split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X" | "x");
    let mut number = || fields.next()?.parse().ok();
    Some(Status { pid, parent: number()?, group: number()?, session: number()?, dead })
}

fn has_variable(pid: u32, variable: &str) -> bool {
    std::fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|&byte| byte == 0).any(|entry| entry == variable.as_bytes()))
}

/// The mount namespace of a process: the number in `mnt:[4026531841]`.
fn mount_space(pid: u32) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()?;
    link.to_str()?.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
}

/// A mount namespace that is not ours. It is held open, because the kernel gives the number of a namespace that is gone to
/// the next one.
#[derive(Debug)]
pub struct MountSpace {
    number: u64,
    _held: File,
}

impl MountSpace {
    /// `None` while the process shares ours, and where `/proc` does not tell.
    pub fn of(pid: u32) -> Option<MountSpace> {
        use std::os::unix::fs::MetadataExt;
        let held = File::open(format!("/proc/{pid}/ns/mnt")).ok()?;
        let number = held.metadata().ok()?.ino();
        (mount_space(std::process::id()) != Some(number)).then_some(MountSpace { number, _held: held })
    }
}

/// The TCP sockets on which any of `pids` listens, by address. Empty where `/proc` does not tell.
pub fn listeners(pids: &[u32]) -> Vec<SocketAddr> {
    let Some(&first) = pids.first() else { return Vec::new() };
    let inodes: BTreeSet<u64> = pids.iter().flat_map(|&pid| socket_inodes(pid)).collect();
    let mut found: Vec<SocketAddr> = ["tcp", "tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(format!("/proc/{first}/net/{table}")).ok())
        .flat_map(|table| table.lines().filter_map(parse_listener).collect::<Vec<_>>())
        .filter(|(inode, _)| inodes.contains(inode))
        .map(|(_, address)| address)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn socket_inodes(pid: u32) -> Vec<u64> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let link = std::fs::read_link(entry.path()).ok()?;
            link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
        })
        .collect()
}

/// A row of `/proc/net/tcp{,6}`: inode and local address of a socket in state 0A, LISTEN.
fn parse_listener(row: &str) -> Option<(u64, SocketAddr)> {
    let fields: Vec<&str> = row.split_ascii_whitespace().collect();
    let (&local, &state, &inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    if state != "0A" {
        return None;
    }
    let (host, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Four bytes in the machine's order make a word; an IPv6 address is four words.
    let mut bytes = Vec::with_capacity(16);
    for at in (0..host.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(host.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?),
    };
    Some((inode.parse().ok()?, (ip, port).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_parentheses_does_not_confuse_the_parser() {
        let status = parse_status(7, "7 (a) R (b) S 1 5 4 0 -1").unwrap();
        assert_eq!((status.parent, status.group, status.session, status.dead), (1, 5, 4, false));
        assert!(parse_status(7, "7 (sh) Z 1 5 4").unwrap().dead);
        assert!(parse_status(7, "").is_none());
    }

    #[test]
    fn listening_sockets_are_read_from_both_tables() {
        let row = "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0";
        assert_eq!(parse_listener(row), Some((4242, "127.0.0.1:3000".parse().unwrap())));
        let row =
            "   0: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 77 1";
        assert_eq!(parse_listener(row), Some((77, "[::1]:3000".parse().unwrap())));
        assert_eq!(parse_listener(&row.replace(" 0A ", " 01 ")), None);
        assert_eq!(parse_listener("  sl  local_address rem_address   st"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_listener_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        assert!(listeners(&[std::process::id()]).contains(&address));
    }

    #[test]
    fn this_process_is_never_a_member_and_its_mount_namespace_never_a_mark() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get() as u32;
        let family = Family { groups: [group].into(), ..Family::default() };
        assert!(!family.members().contains(&std::process::id()));
        assert!(MountSpace::of(std::process::id()).is_none());
    }
}
