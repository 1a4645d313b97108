//! One of the concurrent connections: its socket, and the request that is under way on it.

use super::identity::{Look, MOST_BODY_BYTES};
use super::response::{Observer, Reader};
use super::socket::Socket;
use super::tally::Tally;

/// What a lane is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No request is under way; the connection may be open.
    Idle,
    /// A connection failed; the next request begins a little later.
    Resting,
    /// The listener's queue is full; connecting begins again a little later.
    Queued,
    Connecting,
    /// A proxy was asked for a tunnel.
    Tunnelling,
    Handshaking,
    /// The request is being sent, or the answer received.
    Exchanging,
}

pub struct Lane {
    pub socket: Option<Socket>,
    pub stage: Stage,
    /// Counts the sockets of this lane, so that news of one that is gone is known as such.
    pub generation: u32,
    /// Places in the plan.
    pub origin: usize,
    pub target: usize,
    pub source: u16,
    pub reader: Reader,
    /// Is it known that the other side will send no more?
    pub ended: bool,
    /// Answers on this connection.
    pub served: u32,
    pub request: UnderWay,
    /// Who answered the request before on this connection.
    pub known: Option<usize>,
    /// Of a body that must be looked into.
    pub body: Vec<u8>,
}

/// Times in nanoseconds of the run's clock; 0 for what did not happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnderWay {
    /// Does it count, or is it for warming up?
    pub counted: bool,
    pub intended: u64,
    pub started: u64,
    /// When the connection that it opened was there.
    pub connected: u64,
    pub first_byte: u64,
    /// Bytes that were written.
    pub sent: usize,
    /// Could the rest not be written? The answer may be there nevertheless.
    pub broken: bool,
    pub status: u16,
    /// Place in the tally.
    pub instance: usize,
    pub keep_body: bool,
}

impl Lane {
    pub fn new(origin: usize, source: u16) -> Self {
        Lane {
            socket: None,
            stage: Stage::Idle,
            generation: 0,
            origin,
            target: 0,
            source,
            reader: Reader::default(),
            ended: false,
            served: 0,
            request: UnderWay::default(),
            known: None,
            body: Vec::new(),
        }
    }

    /// Is a request under way?
    pub fn is_busy(&self) -> bool {
        !matches!(self.stage, Stage::Idle | Stage::Resting)
    }

    /// Closes the socket; epoll forgets it with that.
    pub fn close(&mut self) {
        self.socket = None;
        self.generation = self.generation.wrapping_add(1);
        self.ended = false;
        self.served = 0;
        self.known = None;
    }
}

/// Looks at an answer while it is read.
pub struct Witness<'a> {
    pub look: &'a mut Look,
    pub tally: &'a mut Tally,
    pub request: &'a mut UnderWay,
    pub body: &'a mut Vec<u8>,
    /// Where the `Server` header of a first answer goes.
    pub software: Option<&'a mut Option<String>>,
}

impl Observer for Witness<'_> {
    #[inline]
    fn head(&mut self, status: u16, headers: &[httparse::Header<'_>]) -> Option<usize> {
        self.request.status = status;
        match self.look.in_head(headers) {
            // A gateway says so when no instance answered it (RFC 9110, sections 15.6.3 and 15.6.5), whatever name it puts there.
            Some(_) if matches!(status, 502 | 504) => self.request.instance = 0,
            Some(name) => self.request.instance = self.tally.instance(name),
            None => {
                self.request.instance = 0;
                self.request.keep_body = self.look.wants_body(headers);
                self.body.clear();
                if !self.request.keep_body {
                    self.look.in_vain();
                }
            }
        }
        if let Some(software) = &mut self.software {
            let server = headers.iter().find(|header| header.name.eq_ignore_ascii_case("server"));
            **software = server.map(|server| String::from_utf8_lossy(server.value).into_owned());
        }
        // As long as it is not known where to look, and where the body tells, every answer has to be looked at.
        self.look.reads_heads_only().then_some(self.request.instance)
    }

    #[inline]
    fn again(&mut self, status: u16, known: usize) {
        self.request.status = status;
        self.request.instance = known;
    }

    #[inline]
    fn body(&mut self, piece: &[u8]) {
        if self.request.keep_body && self.body.len() < MOST_BODY_BYTES {
            self.body.extend_from_slice(piece);
        }
    }
}

impl Witness<'_> {
    /// The body is there.
    pub fn end(&mut self) {
        if self.request.keep_body {
            match self.look.in_body(self.body) {
                Some(name) => self.request.instance = self.tally.instance(&name),
                None => self.look.in_vain(),
            }
            self.request.keep_body = false;
        }
    }
}
