//! What a process printed: the beginning and the end of it, however much it was.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Start-up messages are at the head, the reason of a crash is at the tail; what lies between is counted and let go.
const HEAD_BYTES: usize = 64 * 1024;
const TAIL_BYTES: usize = 256 * 1024;
/// A line longer than this is cut, so that an event stays readable.
const LINE_CHARS: usize = 400;
const EVENT_LINES: usize = 40;
/// How much of the tail is searched for the last lines.
const LINES_BYTES: usize = 32 * 1024;

/// Everything that was read so far; clones share it.
#[derive(Clone, Default)]
pub struct Output(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Kept {
    fn push(&mut self, mut bytes: &[u8]) {
        let room = HEAD_BYTES - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        bytes = rest;
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// The last bytes, up to [`LINES_BYTES`].
    fn end(&self) -> Vec<u8> {
        let of_tail = self.tail.len().min(LINES_BYTES);
        let of_head = if self.left_out == 0 { self.head.len().min(LINES_BYTES - of_tail) } else { 0 };
        let mut end = self.head[self.head.len() - of_head..].to_vec();
        end.extend(self.tail.range(self.tail.len() - of_tail..));
        end
    }
}

impl Output {
    /// Reads until the last writer is gone, and never lets a writer wait for anything but memory.
    pub fn read_from(&self, mut source: impl Read) {
        let mut buffer = [0; 16 * 1024];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => self.push(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    pub fn push(&self, bytes: &[u8]) {
        self.lock().push(bytes);
    }

    /// What goes into an event: enough for the stack trace of a crash together with its reason.
    pub fn last_words(&self) -> Vec<String> {
        self.last_lines(EVENT_LINES)
    }

    /// The last `count` lines that are not blank, oldest first.
    pub fn last_lines(&self, count: usize) -> Vec<String> {
        let end = self.lock().end();
        let text = String::from_utf8_lossy(&end);
        let mut lines: Vec<String> = text
            .lines()
            .rev()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .take(count)
            .map(|line| line.chars().take(LINE_CHARS).collect())
            .collect();
        lines.reverse();
        lines
    }

    /// Writes head and tail to `path`, and between them how much was left out.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let kept = self.lock();
        let mut file = File::create(path)?;
        file.write_all(&kept.head)?;
        if kept.left_out > 0 {
            write!(file, "\n[{} bytes left out here]\n", kept.left_out)?;
        }
        let (first, second) = kept.tail.as_slices();
        file.write_all(first)?;
        file.write_all(second)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_skip_blanks_and_keep_their_order() {
        let output = Output::default();
        output.push(b"one\n\ntwo\r\nthree");
        assert_eq!(output.last_lines(2), ["two", "three"]);
        assert_eq!(output.last_lines(9), ["one", "two", "three"]);
    }

    #[test]
    fn megabytes_keep_only_head_and_tail() {
        let output = Output::default();
        output.push(b"listening\n");
        for number in 0..400_000 {
            output.push(format!("line {number}\n").as_bytes());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r1.log");
        output.save(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("listening\nline 0\n"));
        assert!(text.ends_with("line 399999\n"));
        assert!(text.contains("bytes left out here"));
        assert!(text.len() < HEAD_BYTES + TAIL_BYTES + 100);
        assert_eq!(output.last_lines(1), ["line 399999"]);
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let output = Output::default();
        output.push(&[0xff, 0xfe, b'\n', b'x']);
        assert_eq!(output.last_lines(1), ["x"]);
    }
}
