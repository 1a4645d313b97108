//! The state of a chunked body between its bytes (RFC 9112, section 7.1).

use memchr::memchr;

use super::Fault;

/// Bytes of the extensions of one chunk, and of all trailers.
const MOST_TEXT: u32 = 64 << 10;

#[derive(Clone, Copy, Debug)]
pub enum Chunk {
    Size {
        size: u64,
        digits: u8,
    },
    /// What follows the size on its line.
    Extension {
        size: u64,
        length: u32,
    },
    Data(u64),
    /// The line end behind the data.
    DataEnd,
    Trailer {
        line: u32,
        total: u32,
    },
}

/// Where one step leads.
pub struct Step {
    /// `None` behind the last byte of the body.
    pub next: Option<Chunk>,
    /// Bytes that belong to this step.
    pub taken: usize,
}

impl Chunk {
    pub const BEGIN: Chunk = Chunk::Size { size: 0, digits: 0 };

    /// One step, over as many bytes as it needs; `rest` has one at least.
    pub fn step(self, rest: &[u8]) -> Result<Step, Fault> {
        let first = rest[0];
        let (next, taken) = match self {
            Chunk::Size { size, digits } => size_digit(size, digits, first)?,
            Chunk::Extension { size, length } => extension(size, length, rest)?,
            Chunk::Data(left) => {
                let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - taken as u64;
                (if left == 0 { Chunk::DataEnd } else { Chunk::Data(left) }, taken)
            }
            Chunk::DataEnd => match first {
                b'\r' => (Chunk::DataEnd, 1),
                b'\n' => (Chunk::BEGIN, 1),
                _ => return Err(Fault::Garbage("a chunk is longer than its size says")),
            },
            Chunk::Trailer { total, .. } if total > MOST_TEXT => return Err(Fault::TooLarge("the trailers")),
            Chunk::Trailer { line: 0, .. } if first == b'\n' => return Ok(Step { next: None, taken: 1 }),
            Chunk::Trailer { line, total } => {
                let line = match first {
                    b'\n' => 0,
                    b'\r' => line,
                    _ => line + 1,
                };
                (Chunk::Trailer { line, total: total + 1 }, 1)
            }
        };
        Ok(Step { next: Some(next), taken })
    }
}

fn size_digit(size: u64, digits: u8, first: u8) -> Result<(Chunk, usize), Fault> {
    match (char::from(first).to_digit(16), first) {
        (Some(_), _) if digits == 16 => Err(Fault::Garbage("a chunk's size has more than 16 digits")),
        (Some(digit), _) => Ok((Chunk::Size { size: size << 4 | u64::from(digit), digits: digits + 1 }, 1)),
        _ if digits == 0 => Err(Fault::Garbage("a chunk has no size")),
        (None, b'\r' | b'\n' | b';' | b' ' | b'\t') => Ok((Chunk::Extension { size, length: 0 }, 0)),
        _ => Err(Fault::Garbage("a chunk's size is no number")),
    }
}

fn extension(size: u64, length: u32, rest: &[u8]) -> Result<(Chunk, usize), Fault> {
    let line_end = memchr(b'\n', rest);
    let taken = line_end.map_or(rest.len(), |at| at + 1);
    let length = length.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
    if length > MOST_TEXT {
        return Err(Fault::TooLarge("the extension of a chunk"));
    }
    let next = match (line_end, size) {
        (None, _) => Chunk::Extension { size, length },
        (Some(_), 0) => Chunk::Trailer { line: 0, total: 0 },
        (Some(_), size) => Chunk::Data(size),
    };
    Ok((next, taken))
}
