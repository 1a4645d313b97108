//! Heads that were parsed before. A server's heads differ in their date only, mostly; comparing bytes costs a tenth of parsing them.

use std::ops::Range;

use httparse::Header;

use super::Known;

/// One for each of a few instances.
const PLACES: usize = 4;
/// Heads of a server that differ each time are not kept for ever.
const PATIENCE: u32 = 256;

/// What heads came to.
#[derive(Debug, Default)]
pub struct Memo {
    places: Vec<Place>,
    next: usize,
    /// Heads that were new since one was known.
    missed: u32,
}

#[derive(Debug)]
struct Place {
    head: Vec<u8>,
    /// Where the value of `Date` lies; empty where there is none.
    date: Range<usize>,
    known: Known,
}

impl Memo {
    /// What a head that begins here came to, when it is known but for its date.
    #[inline]
    pub(super) fn recall(&mut self, bytes: &[u8]) -> Option<Known> {
        let known = self.places.iter().find(|place| place.begins(bytes)).map(|place| place.known);
        if known.is_some() {
            self.missed = 0;
        }
        known
    }

    /// Keeps what a head came to, in the place of the oldest where all are taken.
    pub(super) fn keep(&mut self, bytes: &[u8], headers: &[Header<'_>], known: Known) {
        self.missed = self.missed.saturating_add(1);
        if self.missed > PATIENCE {
            self.places.clear();
            return;
        }
        let date = headers.iter().find(|header| header.name.eq_ignore_ascii_case("date")).map(|header| {
            // The value lies in `bytes`.
            let start = header.value.as_ptr() as usize - bytes.as_ptr() as usize;
            start..start + header.value.len()
        });
        let place = Place { head: bytes[..known.length].to_vec(), date: date.unwrap_or(0..0), known };
        match self.places.get_mut(self.next) {
            Some(oldest) => *oldest = place,
            None => self.places.push(place),
        }
        self.next = (self.next + 1) % PLACES;
    }
}

impl Place {
    #[inline]
    fn begins(&self, bytes: &[u8]) -> bool {
        let Some(head) = bytes.get(..self.head.len()) else { return false };
        let Range { start, end } = self.date;
        head[..start] == self.head[..start]
            && head[end..] == self.head[end..]
            // No line ends inside of a date.
            && head[start..end].iter().all(|byte| (b' '..0x7f).contains(byte))
    }
}
