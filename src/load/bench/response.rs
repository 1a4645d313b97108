//! Answers of HTTP/1.x out of whatever pieces arrive (RFC 9112). Own code because of the hot path: an answer that lies whole in
//! the buffer is parsed where it lies, and only what frames it is looked at.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};
use memchr::memchr;

mod chunk;
mod memo;

use chunk::Chunk;
pub use memo::Memo;

/// Heads as large as this are nobody's; servers stop at 8 to 64 KiB.
const MOST_HEAD_BYTES: usize = 256 << 10;
const MOST_HEADERS: usize = 128;
/// Interim answers (1xx) before the final one.
const MOST_INTERIM: u8 = 32;

/// What the reader tells while it reads.
pub trait Observer {
    /// The final head. What it gives is told to [`Observer::again`] when the same head comes again; `None` when every head has to be
    /// looked at.
    fn head(&mut self, status: u16, headers: &[Header<'_>]) -> Option<usize>;
    /// A head that is known, but for its date.
    fn again(&mut self, status: u16, known: usize);
    /// A piece of the body, without what frames it.
    fn body(&mut self, piece: &[u8]);
}

/// Why bytes are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Closed before the first byte.
    Closed,
    /// Closed in the middle.
    Truncated,
    /// Not HTTP: what is wrong with it.
    Garbage(&'static str),
    /// What is longer than anybody should send.
    TooLarge(&'static str),
}

/// How far one piece led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// Bytes that belong to the answer; what lies behind them does not.
    pub consumed: usize,
    pub whole: bool,
}

/// Reads one answer after the other; [`Reader::begin`] before each.
#[derive(Debug)]
pub struct Reader {
    stage: Stage,
    head_only: bool,
    keep: bool,
    interim: u8,
    body_bytes: u64,
    /// A head that did not come in one piece.
    carried: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Head,
    Sized(u64),
    Chunked(Chunk),
    UntilClose,
    Whole,
}

/// What a head came to.
#[derive(Clone, Copy, Debug)]
struct Known {
    status: u16,
    stage: Stage,
    keep: bool,
    /// What the observer gave.
    told: usize,
    /// Bytes of the head.
    length: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { stage: Stage::Head, head_only: false, keep: false, interim: 0, body_bytes: 0, carried: Vec::new() }
    }
}

impl Reader {
    /// Ready for the next answer; one to HEAD has no body whatever its head says.
    #[inline]
    pub fn begin(&mut self, head_only: bool) {
        self.stage = Stage::Head;
        self.head_only = head_only;
        self.interim = 0;
        self.body_bytes = 0;
        self.carried.clear();
    }

    /// May the connection carry another request? Of an answer that is whole.
    pub fn keep(&self) -> bool {
        self.keep
    }

    /// Bytes of the body so far, without what frames it.
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Has any of the answer come?
    pub fn begun(&self) -> bool {
        !matches!(self.stage, Stage::Head) || self.interim > 0 || !self.carried.is_empty()
    }

    /// Takes the next piece.
    #[inline]
    pub fn feed(&mut self, piece: &[u8], memo: &mut Memo, observer: &mut impl Observer) -> Result<Fed, Fault> {
        let mut consumed = 0;
        loop {
            let rest = &piece[consumed..];
            match self.stage {
                Stage::Whole => return Ok(Fed { consumed, whole: true }),
                _ if rest.is_empty() => return Ok(Fed { consumed, whole: false }),
                Stage::Head => consumed += self.head(rest, memo, observer)?,
                Stage::Sized(left) => {
                    let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.body(&rest[..taken], observer);
                    let left = left - taken as u64;
                    self.stage = if left == 0 { Stage::Whole } else { Stage::Sized(left) };
                    consumed += taken;
                }
                Stage::Chunked(chunk) => consumed += self.chunk(chunk, rest, observer)?,
                Stage::UntilClose => {
                    self.body(rest, observer);
                    consumed += rest.len();
                }
            }
        }
    }

    /// Nothing more will come: is what came an answer?
    pub fn finish(&mut self) -> Result<(), Fault> {
        match self.stage {
            Stage::Whole => Ok(()),
            Stage::UntilClose => {
                self.stage = Stage::Whole;
                Ok(())
            }
            _ if self.begun() => Err(Fault::Truncated),
            _ => Err(Fault::Closed),
        }
    }

    fn body(&mut self, piece: &[u8], observer: &mut impl Observer) {
        self.body_bytes += piece.len() as u64;
        observer.body(piece);
    }

    /// Takes what belongs to the head; all of `rest` when the head goes on.
    #[inline]
    fn head(&mut self, rest: &[u8], memo: &mut Memo, observer: &mut impl Observer) -> Result<usize, Fault> {
        if self.carried.is_empty() {
            if let Some(known) = memo.recall(rest).filter(|_| !self.head_only) {
                (self.stage, self.keep) = (known.stage, known.keep);
                observer.again(known.status, known.told);
                return Ok(known.length);
            }
            // Servers forgive an empty line before a request (RFC 9112, section 2.2); clients forgive none before an answer.
            if rest[0] != b'H' {
                return Err(Fault::Garbage("it does not begin with HTTP/"));
            }
            return match self.parse(rest, Some(memo), observer)? {
                Some(length) => Ok(length),
                None => self.carry(rest),
            };
        }
        // A head that drips is parsed again only when the line that ends it may have come.
        let known = self.carried.len();
        self.carry(rest)?;
        if !ends_a_head(&self.carried, known) {
            return Ok(rest.len());
        }
        let carried = std::mem::take(&mut self.carried);
        let parsed = self.parse(&carried, None, observer);
        self.carried = carried;
        match parsed? {
            Some(length) => {
                self.carried.clear();
                Ok(length - known)
            }
            None => Ok(rest.len()),
        }
    }

    fn carry(&mut self, rest: &[u8]) -> Result<usize, Fault> {
        if self.carried.len() + rest.len() > MOST_HEAD_BYTES {
            return Err(Fault::TooLarge("the head of the answer"));
        }
        self.carried.extend_from_slice(rest);
        let begin = &self.carried[..self.carried.len().min(5)];
        if b"HTTP/".starts_with(begin) { Ok(rest.len()) } else { Err(Fault::Garbage("it does not begin with HTTP/")) }
    }

    /// The length of the head; `None` when it is not there yet.
    #[inline]
    fn parse(
        &mut self,
        bytes: &[u8],
        memo: Option<&mut Memo>,
        observer: &mut impl Observer,
    ) -> Result<Option<usize>, Fault> {
        let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut []);
        let mut config = ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
            Ok(Status::Partial) => Ok(None),
            Ok(Status::Complete(length)) => {
                let status = response.code.unwrap_or_default();
                if (100..200).contains(&status) && status != 101 {
                    self.interim += 1;
                    return if self.interim > MOST_INTERIM {
                        Err(Fault::Garbage("interim answers without end"))
                    } else {
                        Ok(Some(length))
                    };
                }
                self.frame(status, response.version == Some(1), response.headers)?;
                let told = observer.head(status, response.headers);
                if let (Some(memo), Some(told), false) = (memo, told, self.head_only) {
                    let known = Known { status, stage: self.stage, keep: self.keep, told, length };
                    memo.keep(bytes, response.headers, known);
                }
                Ok(Some(length))
            }
            Err(httparse::Error::TooManyHeaders) => Err(Fault::TooLarge("the list of headers")),
            Err(httparse::Error::Version) => Err(Fault::Garbage("it does not begin with HTTP/1.0 or HTTP/1.1")),
            Err(httparse::Error::Status) => Err(Fault::Garbage("its status is not a number of three digits")),
            Err(_) => Err(Fault::Garbage("its head has a line that is no header")),
        }
    }

    /// How long the body is, and whether the connection stays: RFC 9112, sections 6.3 and 9.3.
    #[inline]
    fn frame(&mut self, status: u16, persistent: bool, headers: &[Header<'_>]) -> Result<(), Fault> {
        let mut length = None;
        let mut coded = None;
        self.keep = persistent;
        for header in headers {
            match header.name.len() {
                10 if header.name.eq_ignore_ascii_case("connection") => {
                    let named = |word: &str| has_token(header.value, word);
                    self.keep = if persistent { !named("close") } else { named("keep-alive") };
                }
                14 if header.name.eq_ignore_ascii_case("content-length") => {
                    let number = decimal(header.value).ok_or(Fault::Garbage("its Content-Length is no number"))?;
                    if length.is_some_and(|known| known != number) {
                        return Err(Fault::Garbage("it has two Content-Lengths"));
                    }
                    length = Some(number);
                }
                17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                    coded = Some(last_token(header.value).eq_ignore_ascii_case(b"chunked"));
                }
                _ => {}
            }
        }
        self.stage = match (coded, length) {
            _ if self.head_only || status == 204 || status == 304 => Stage::Whole,
            _ if status == 101 => {
                self.keep = false;
                Stage::Whole
            }
            (Some(true), _) => Stage::Chunked(Chunk::BEGIN),
            (None, Some(0)) => Stage::Whole,
            (None, Some(length)) => Stage::Sized(length),
            (Some(false), _) | (None, None) => {
                self.keep = false;
                Stage::UntilClose
            }
        };
        Ok(())
    }

    /// One step of a chunked body.
    fn chunk(&mut self, chunk: Chunk, rest: &[u8], observer: &mut impl Observer) -> Result<usize, Fault> {
        let step = chunk.step(rest)?;
        if let Chunk::Data(_) = chunk {
            self.body(&rest[..step.taken], observer);
        }
        self.stage = step.next.map_or(Stage::Whole, Stage::Chunked);
        Ok(step.taken)
    }
}

/// Does a line that is empty end at or behind `from`?
fn ends_a_head(bytes: &[u8], from: usize) -> bool {
    let mut at = from;
    while let Some(found) = memchr(b'\n', &bytes[at..]) {
        let line_end = at + found;
        let before = &bytes[..line_end];
        if before.ends_with(b"\n") || before.ends_with(b"\n\r") {
            return true;
        }
        at = line_end + 1;
    }
    false
}

/// Digits only, as RFC 9110, section 8.6 has it; a list of equal numbers is one number.
#[inline]
fn decimal(value: &[u8]) -> Option<u64> {
    let mut number: Option<u64> = None;
    for part in value.split(|byte| *byte == b',') {
        let part = part.trim_ascii();
        if part.is_empty() {
            return None;
        }
        let digits = part.iter().try_fold(0u64, |sum, byte| match byte {
            b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
            _ => None,
        })?;
        if number.is_some_and(|known| known != digits) {
            return None;
        }
        number = Some(digits);
    }
    number
}

fn has_token(value: &[u8], word: &str) -> bool {
    value.split(|byte| *byte == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

fn last_token(value: &[u8]) -> &[u8] {
    value.rsplit(|byte| *byte == b',').next().unwrap_or(value).trim_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    /// Feeds `bytes` in pieces of `size`, then the end; gives what was seen, whether the connection stays, and what was left.
    fn read(bytes: &[u8], size: usize, head_only: bool) -> Result<(Seen, bool, usize), Fault> {
        let (mut reader, mut memo) = (Reader::default(), Memo::default());
        let first = read_with(&mut reader, &mut memo, bytes, size, head_only);
        // What is remembered of a head must not change what the same bytes mean.
        assert_eq!(read_with(&mut reader, &mut memo, bytes, size, head_only), first);
        first
    }

    fn read_with(
        reader: &mut Reader,
        memo: &mut Memo,
        bytes: &[u8],
        size: usize,
        head_only: bool,
    ) -> Result<(Seen, bool, usize), Fault> {
        let (mut seen, mut taken) = (Seen::default(), 0);
        reader.begin(head_only);
        for piece in bytes.chunks(size) {
            let fed = reader.feed(piece, memo, &mut seen)?;
            taken += fed.consumed;
            if fed.whole {
                break;
            }
            assert_eq!(fed.consumed, piece.len());
        }
        reader.finish()?;
        assert_eq!(reader.body_bytes(), seen.body.len() as u64);
        Ok((seen, reader.keep(), bytes.len() - taken))
    }

    #[track_caller]
    fn whole(bytes: &str, status: u16, body: &str, keep: bool, left: usize) {
        for size in 1..=bytes.len() {
            let (seen, kept, rest) = read(bytes.as_bytes(), size, false).unwrap();
            assert_eq!((seen.status, &*seen.body, kept), (status, body.as_bytes(), keep), "pieces of {size}");
            assert!(size < bytes.len() || rest == left);
        }
    }

    #[track_caller]
    fn fault(bytes: &str, expected: Fault) {
        for size in 1..=bytes.len().max(1) {
            assert_eq!(read(bytes.as_bytes(), size, false).map(|_| ()), Err(expected), "pieces of {size}");
        }
    }

    #[test]
    fn bodies_end_where_their_head_says() {
        whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true, 0);
        whole("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 200, "hello", true, 0);
        whole("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\ncontent-length: 5\r\n\r\nhello", 200, "hello", true, 0);
        whole("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", 200, "", false, 0);
        whole("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", true, 0);
        whole("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", true, 0);
        whole("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", false, 0);
        whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nuntil the end", 200, "until the end", false, 0);
    }

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        whole(&format!("{head}5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"), 200, "hello world", true, 0);
        whole(&format!("{head}5\nhello\n0\n\n"), 200, "hello", true, 0);
        whole(&format!("{head}0\r\nTrailer: yes\r\nOther: no\r\n\r\n"), 200, "", true, 0);
        whole(
            &head.replace("chunked", "gzip, chunked").replace("200", "500").to_string().add("0\r\n\r\n"),
            500,
            "",
            true,
            0,
        );
    }

    trait Add {
        fn add(self, more: &str) -> String;
    }

    impl Add for String {
        fn add(mut self, more: &str) -> String {
            self.push_str(more);
            self
        }
    }

    #[test]
    fn old_servers_keep_a_connection_only_when_they_say_so() {
        whole("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", false, 0);
        whole("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\nx", 200, "x", true, 0);
    }

    #[test]
    fn interim_answers_are_passed_over() {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
        let text = format!("HTTP/1.1 100 Continue\r\n\r\n{hints}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        whole(&text, 200, "ok", true, 0);
        whole("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 101, "", false, 0);
        fault(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(40), Fault::Garbage("interim answers without end"));
    }

    #[test]
    fn what_lies_behind_an_answer_is_left() {
        whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1", 200, "ok", true, 8);
    }

    #[test]
    fn an_answer_to_head_has_no_body() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
        let (seen, keep, left) = read(text, text.len(), true).unwrap();
        assert_eq!((seen.status, seen.body.len(), keep, left), (200, 0, true, 0));
    }

    #[test]
    fn faults_have_names() {
        fault("", Fault::Closed);
        fault("HTTP/1.1 200 OK\r\nContent-Le", Fault::Truncated);
        fault("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", Fault::Truncated);
        fault("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Fault::Truncated);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        fault(&format!("{chunked}x\r\n"), Fault::Garbage("a chunk has no size"));
        fault(&format!("{chunked}5x\r\n"), Fault::Garbage("a chunk's size is no number"));
        fault(&format!("{chunked}2\r\nabc"), Fault::Garbage("a chunk is longer than its size says"));
        fault(&format!("{chunked}{}", "1".repeat(17)), Fault::Garbage("a chunk's size has more than 16 digits"));
        fault("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", Fault::Garbage("its Content-Length is no number"));
        fault(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            Fault::Garbage("it has two Content-Lengths"),
        );
        assert!(matches!(read(b"SSH-2.0-OpenSSH_9.2\r\n", 99, false), Err(Fault::Garbage(_))));
        assert!(matches!(read(b"SSH-2.0-OpenSSH_9.2\r\n", 1, false), Err(Fault::Garbage(_))));
        assert!(matches!(read(b"HTTP/2 200\r\n\r\n", 3, false), Err(Fault::Garbage(_))));
    }

    #[test]
    fn heads_of_64_kib_are_read_and_longer_ones_end() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\nok", "x".repeat(64 << 10));
        assert_eq!(read(long.as_bytes(), 1, false).unwrap().0.body, b"ok");
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MOST_HEAD_BYTES));
        assert_eq!(read(endless.as_bytes(), 4096, false), Err(Fault::TooLarge("the head of the answer")));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(200));
        assert_eq!(read(many.as_bytes(), 4096, false), Err(Fault::TooLarge("the list of headers")));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(body in proptest::collection::vec(any::<u8>(), 0..300), cuts in 1usize..40, chunked: bool) {
            let mut bytes = b"HTTP/1.1 200 OK\r\nServer: s\r\n".to_vec();
            if chunked {
                bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for part in body.chunks(cuts) {
                    bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                    bytes.extend_from_slice(part);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            } else {
                bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                bytes.extend_from_slice(&body);
            }
            let (seen, keep, left) = read(&bytes, cuts, false).unwrap();
            prop_assert_eq!(seen.body, body);
            prop_assert!(keep && left == 0);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), size in 1usize..60) {
            let _ = read(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &*bytes].concat(), size, false);
            let _ = read(&bytes, size, false);
        }
    }
}
