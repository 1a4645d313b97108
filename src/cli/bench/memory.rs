//! A generator shares its machine with what it measures, so it keeps small.

use std::fs;

use rustix::mm::{Advice, madvise};

/// The most memory that this process ever had (`VmHWM`, proc_pid_status(5)); 0 where the system does not tell.
pub fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.unwrap_or_default() * 1024
}

/// Gives back the pages of this program's own code. Reading the command line and writing a report run through megabytes of it that
/// the load between them never touches; what is needed again comes back from the page cache.
pub fn release_code() {
    let Ok(program) = std::env::current_exe() else { return };
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let code = maps.lines().filter(|line| line.contains(" r-xp ") && line.ends_with(&*program.to_string_lossy()));
    for (start, end) in code.filter_map(range) {
        release(start, end - start);
    }
}

/// `55e0a4c00000-55e0a5c45000`, which begins a line of proc_pid_maps(5).
fn range(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split(' ').next()?.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    (start < end).then_some((start, end))
}

#[expect(unsafe_code, reason = "madvise has no safe wrapper")]
fn release(start: usize, length: usize) {
    // SAFETY: the range is a mapping of the program's file that can be executed and not written. Its pages are clean, so that what is
    // dropped is read again from the file, the same, at the next access (madvise(2), MADV_DONTNEED).
    let _ = unsafe { madvise(std::ptr::with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_was_released_still_runs() {
        let before = peak_bytes();
        release_code();
        assert!(peak_bytes() >= before && before > 0);
        assert_eq!(range("00400000-00452000 r-xp 00000000 08:02 173521 /bin/x"), Some((0x0040_0000, 0x0045_2000)));
        assert_eq!(range("no map"), None);
    }
}
