//! For people at a terminal: code frames, the two-request story, the verdict last, where the eye stops.
//!
//! Everything is written with ANSI styles; the caller strips them where they are not wanted.

mod frame;
pub mod lint;
mod style;
pub mod test;

pub use frame::error;

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Look { width: 100 }
    }
}

/// `1 file`, `2 files`.
fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
