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

/// Gives back the pages of this program's own code and constants. Reading the command line and writing a report run through megabytes of it that
/// the load between them never touches; what is needed again comes back from the page cache.
pub fn release_code() {
    let Ok(program) = std::env::current_exe() else { return };
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let own = maps.lines().filter(|line| line.ends_with(&*program.to_string_lossy()));
    for (start, end) in own.filter(|line| is_clean(line)).filter_map(range) {
        release(start, end - start);
    }
}

/// Code, and the constants at the beginning of the file. Constants behind it were written to when the program was loaded.
fn is_clean(line: &str) -> bool {
    line.contains(" r-xp ") || line.contains(" r--p 00000000 ")
}

/// `55e0a4c00000-55e0a5c45000`, which begins a line of proc_pid_maps(5).
fn range(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split(' ').next()?.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    (start < end).then_some((start, end))
}

#[expect(unsafe_code, reason = "madvise has no safe wrapper")]
fn release(start: usize, length: usize) {
    // SAFETY: the range is a mapping of the program's file that nothing ever writes to. Its pages are clean, so that what is dropped is
    // read again from the file, the same, at the next access (madvise(2), MADV_DONTNEED).
    let _ = unsafe { madvise(std::ptr::with_exposed_provenance_mut(start), length, Advice::LinuxDontNeed) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_was_released_still_runs() {
        release_code();
        assert!(peak_bytes() > 0);
        assert_eq!(range("00400000-00452000 r-xp 00000000 08:02 173521 /bin/x"), Some((0x0040_0000, 0x0045_2000)));
        assert_eq!(range("no map"), None);
        assert!(is_clean("1-2 r--p 00000000 fe:00 1 /bin/x") && is_clean("1-2 r-xp 015e4000 fe:00 1 /bin/x"));
        assert!(!is_clean("1-2 r--p 02641000 fe:00 1 /bin/x") && !is_clean("1-2 rw-p 00000000 fe:00 1 /bin/x"));
    }
}
