//! Answers of HTTP/1.x. The first byte says in which pieces they come, and whether it was HEAD that asked.
#![no_main]

use httparse::Header;
use scaleproof::load::bench::response::{Memo, Observer, Reader};

#[derive(Debug, Default, PartialEq)]
struct Seen {
    status: u16,
    headers: usize,
    body: Vec<u8>,
}

impl Observer for Seen {
    fn head(&mut self, status: u16, headers: &[Header<'_>]) -> Option<usize> {
        (self.status, self.headers) = (status, headers.len());
        Some(headers.len())
    }

    fn again(&mut self, status: u16, known: usize) {
        (self.status, self.headers) = (status, known);
    }

    fn body(&mut self, piece: &[u8]) {
        self.body.extend_from_slice(piece);
    }
}

/// What was seen, whether the connection stays, and how many bytes belonged to it; `None` for what is no answer.
fn read(bytes: &[u8], size: usize, head_only: bool, memo: &mut Memo) -> Option<(Seen, bool, usize)> {
    let (mut reader, mut seen, mut taken) = (Reader::default(), Seen::default(), 0);
    reader.begin(head_only);
    for piece in bytes.chunks(size) {
        let fed = reader.feed(piece, memo, &mut seen).ok()?;
        assert!(fed.consumed <= piece.len());
        taken += fed.consumed;
        if fed.whole {
            break;
        }
        assert_eq!(fed.consumed, piece.len(), "what is not whole needs all of a piece");
    }
    reader.finish().ok()?;
    assert_eq!(reader.body_bytes(), seen.body.len() as u64);
    Some((seen, reader.keep(), taken))
}

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let (size, head_only) = (usize::from(first & 0x7f) + 1, first & 0x80 != 0);
    let mut memo = Memo::default();
    let whole = read(bytes, bytes.len().max(1), head_only, &mut memo);
    // Neither pieces nor what is remembered of the head change what it is.
    assert_eq!(read(bytes, bytes.len().max(1), head_only, &mut memo), whole);
    assert_eq!(read(bytes, size, head_only, &mut memo), whole);
    assert_eq!(read(bytes, size, head_only, &mut Memo::default()), whole);
});
