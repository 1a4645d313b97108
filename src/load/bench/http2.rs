//! The engine for HTTP/2: many streams on each connection. hyper frames and multiplexes; it is slower than the engine for
//! HTTP/1.1.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use hyper::{Method, Request, Response, Uri, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::{Instant, timeout_at};

use super::books::Whole;
use super::drive::{Thread, Turn, Watched, drive};
use super::lane::UnderWay;
use super::response::Observer;
use super::run::Shared;
use super::tally::Tally;
use super::wire::{self, Failed, Meter};
use super::{Heard, Plan, Target};
use crate::model::bench::{FailureKind, TlsSession};

type Message = Request<Full<Bytes>>;

/// Fields that HTTP/2 forbids (RFC 9113, section 8.2.2), or says in another way.
const NOT_SENT: &[HeaderName] = &[CONNECTION, HOST, TRANSFER_ENCODING, UPGRADE];
const NEITHER_SENT: &[&str] = &["keep-alive", "proxy-connection", "te", "http2-settings"];

/// One connection after the other, with as many streams as the plan wants on each.
struct Link {
    origin: usize,
    source: u16,
    /// Whoever holds it opens a connection.
    opening: tokio::sync::Mutex<()>,
    open: RefCell<Option<Rc<Open>>>,
}

/// An open connection.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    meter: Arc<Meter>,
    /// When it was there.
    since: u64,
    session: Option<TlsSession>,
    /// Requests that were begun on it.
    begun: Cell<u32>,
    /// When the last piece of an answer came.
    heard: Cell<u64>,
    /// Who gave the last answer.
    known: Cell<Option<usize>>,
}

/// A thread of the run.
pub fn run(shared: &Shared<'_>, number: u32, mailbox: &Mutex<Tally>, streams: u32) -> io::Result<()> {
    let plan = shared.plan;
    let messages = plan.targets.iter().map(message).collect::<io::Result<Vec<Message>>>()?;
    let menu = super::menu::Menu::new(&plan.targets);
    let sources = plan.sources.len().max(1) as u32;
    let link = |lane| Link::new(menu.origin_of_lane(lane), (lane % sources) as u16);
    let links: Vec<Link> = shared.lanes(number).map(link).collect();
    drive(shared, number, mailbox, links.len() as u32 * streams.max(1), async |thread, place| {
        let link = &links[place as usize % links.len()];
        while let Some(turn) = thread.turn().await {
            let exchange = Exchange { plan, thread, link, messages: &messages };
            exchange.run(&turn).await;
        }
    })
}

/// The request in the terms of HTTP/2, out of the one that HTTP/1.1 would send.
fn message(target: &Target) -> io::Result<Message> {
    let wrong = |why: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidInput, why.to_string());
    let mut headers = [httparse::EMPTY_HEADER; 256];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(&target.request).map_err(|error| wrong(&error))?;
    let host = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"));
    let authority = String::from_utf8_lossy(host.map_or(b"localhost".as_slice(), |header| header.value));
    let scheme = if target.origin.tls.is_some() { "https" } else { "http" };
    let path = parsed.path.unwrap_or("/");
    // A proxy is told the whole URL already.
    let url = if path.starts_with('/') { format!("{scheme}://{authority}{path}") } else { path.to_owned() };
    let method = Method::from_bytes(parsed.method.unwrap_or("GET").as_bytes()).map_err(|error| wrong(&error))?;
    let body = target.request.len() - target.body_bytes;
    let mut message = Request::new(Full::new(Bytes::copy_from_slice(&target.request[body..])));
    *message.method_mut() = method;
    *message.uri_mut() = url.parse::<Uri>().map_err(|error| wrong(&error))?;
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|error| wrong(&error))?;
        let value = HeaderValue::from_bytes(header.value).map_err(|error| wrong(&error))?;
        if !NOT_SENT.contains(&name) && !NEITHER_SENT.contains(&name.as_str()) {
            message.headers_mut().append(name, value);
        }
    }
    if target.body_bytes == 0 {
        message.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(message)
}

impl Link {
    fn new(origin: usize, source: u16) -> Self {
        Link { origin, source, opening: tokio::sync::Mutex::new(()), open: RefCell::new(None) }
    }

    /// The connection, when a further request may be begun on it.
    fn usable(&self, limit: Option<u32>) -> Option<Rc<Open>> {
        let mut open = self.open.borrow_mut();
        if open.as_ref().is_some_and(|open| !open.takes_more(limit)) {
            *open = None;
        }
        open.clone()
    }

    /// Nothing is begun on this connection any more; what is under way on it goes on.
    fn retire(&self, gone: &Rc<Open>) {
        let mut open = self.open.borrow_mut();
        if open.as_ref().is_some_and(|open| Rc::ptr_eq(open, gone)) {
            *open = None;
        }
    }
}

impl Open {
    fn takes_more(&self, limit: Option<u32>) -> bool {
        !self.sender.is_closed() && limit.is_none_or(|limit| self.begun.get() < limit)
    }
}

/// One request with its answer.
struct Exchange<'e, 'a> {
    plan: &'e Plan,
    thread: &'e Thread<'a>,
    link: &'e Link,
    messages: &'e [Message],
}

impl Exchange<'_, '_> {
    async fn run(&self, turn: &Turn) {
        let (target, request) = {
            let mut books = self.thread.books();
            (books.menu.pick(self.link.origin), books.begin(turn.now, turn.intended, turn.counted))
        };
        let mut watched = Watched::new(self.thread, request);
        let end = Instant::now() + self.plan.timeout.min(FOREVER);
        let mut outcome = self.once(target, &mut watched.request, end).await;
        // What every client does then is to ask again, and where the connection takes no more, on a new one.
        for _ in 0..ASKED_AGAIN {
            match &outcome {
                Err((Some(open), Unanswered::NotTaken)) => self.link.retire(open),
                Err((_, Unanswered::NotTaken | Unanswered::Refused)) => {}
                _ => break,
            }
            outcome = self.once(target, &mut watched.request, end).await;
        }
        let request = watched.over();
        let (kind, why) = match outcome {
            Ok(()) => return,
            Err((_, Unanswered::NotTaken)) => (FailureKind::Closed, "closed before the request was taken".to_owned()),
            Err((_, Unanswered::Refused)) => (FailureKind::Protocol, "the stream was refused".to_owned()),
            Err((open, Unanswered::Failed(failed))) => {
                // Nothing came since: the connection may be dead, not the stream alone.
                let dead = |open: &Rc<Open>| failed.kind == FailureKind::Timeout && open.heard.get() < request.started;
                if let Some(open) = open.filter(dead) {
                    self.link.retire(&open);
                }
                (failed.kind, failed.why)
            }
        };
        if self.thread.books().failed(&request, kind, || why) {
            self.thread.rest().await;
        }
    }

    async fn once(
        &self,
        target: usize,
        request: &mut UnderWay,
        end: Instant,
    ) -> Result<(), (Option<Rc<Open>>, Unanswered)> {
        let late = |kind, what: &str| Unanswered::Failed(Failed::new(kind, format!("{what} was not there in time")));
        let open = match timeout_at(end, self.open(target, request)).await {
            Ok(opened) => opened.map_err(|failed| (None, Unanswered::Failed(failed)))?,
            Err(_) => return Err((None, late(FailureKind::ConnectTimeout, "the connection"))),
        };
        match timeout_at(end, self.ask(target, request, &open)).await {
            Ok(answered) => answered.map_err(|unanswered| (Some(open), unanswered)),
            Err(_) => Err((Some(open), late(FailureKind::Timeout, "the answer"))),
        }
    }

    /// The connection, opened where there is none.
    async fn open(&self, target: usize, request: &mut UnderWay) -> Result<Rc<Open>, Failed> {
        let limit = self.plan.requests_per_connection;
        let _opening = self.link.opening.lock().await;
        let open = match self.link.usable(limit) {
            Some(open) => open,
            None => {
                let open = Rc::new(self.connect(target).await?);
                self.thread.books().tally.counts.connections += u64::from(request.counted);
                *self.link.open.borrow_mut() = Some(open.clone());
                open
            }
        };
        open.begun.set(open.begun.get() + 1);
        if open.since > request.started {
            request.connected = open.since;
        }
        Ok(open)
    }

    async fn connect(&self, target: usize) -> Result<Open, Failed> {
        let origin = &self.plan.targets[target].origin;
        let source = self.plan.sources.get(usize::from(self.link.source)).copied();
        let (wire, meter, session) = wire::open(origin, source, self.plan.window).await?;
        let handshake = Builder::new(TokioExecutor::new()).handshake(TokioIo::new(wire)).await;
        let (sender, connection) = handshake.map_err(|error| failure(&error))?;
        // Streams are told how it ends.
        tokio::spawn(async move { connection.await.ok() });
        let now = self.thread.books().now();
        Ok(Open {
            sender,
            meter,
            since: now,
            session,
            begun: Cell::new(0),
            heard: Cell::new(0),
            known: Cell::new(None),
        })
    }

    async fn ask(&self, target: usize, request: &mut UnderWay, open: &Rc<Open>) -> Result<(), Unanswered> {
        let mut sender = open.sender.clone();
        let sent = sender.try_send_request(self.messages[target].clone()).await;
        let answer = sent.map_err(|mut error| match error.take_message() {
            None => untouched(error.error()).unwrap_or_else(|| Unanswered::Failed(failure(error.error()))),
            Some(_) => Unanswered::NotTaken,
        })?;
        let body_bytes = self.receive(target, request, open, answer).await.map_err(Unanswered::Failed)?;
        let mut books = self.thread.books();
        let now = books.now();
        let (received, written) = open.meter.take();
        if request.counted {
            books.tally.counts.received_bytes += received;
            request.sent = written as usize;
        }
        let kept = open.takes_more(self.plan.requests_per_connection);
        let known = open.known.replace(Some(request.instance));
        let whole = Whole { target, source: self.link.source, body_bytes, kept, known };
        books.answered(request, &whole, now, || open.session.clone());
        Ok(())
    }

    /// Takes an answer in; the bytes of its body.
    async fn receive(
        &self,
        target: usize,
        request: &mut UnderWay,
        open: &Open,
        answer: Response<Incoming>,
    ) -> Result<u64, Failed> {
        let mut kept = Vec::new();
        {
            let mut books = self.thread.books();
            request.first_byte = books.now();
            open.heard.set(request.first_byte);
            if self.plan.listener.is_some() {
                books.tell(Heard::Piece(&head(&answer)));
            }
            books.witness(target, request, &mut kept).head(answer.status().as_u16(), &fields(answer.headers()));
        }
        let mut body = answer.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| failure(&error))?;
            let mut books = self.thread.books();
            open.heard.set(books.now());
            if let Some(piece) = frame.data_ref() {
                length += piece.len() as u64;
                books.tell(Heard::Piece(piece));
                books.witness(target, request, &mut kept).body(piece);
            }
        }
        self.thread.books().witness(target, request, &mut kept).end();
        Ok(length)
    }
}

/// How often what the server did nothing for is sent again.
const ASKED_AGAIN: usize = 10;
/// Longer than any run.
const FOREVER: Duration = Duration::from_secs(86_400);

enum Unanswered {
    /// The connection ended before the server took the request, as it says itself.
    NotTaken,
    /// The server has as many streams as it wants.
    Refused,
    Failed(Failed),
}

fn fields(headers: &HeaderMap) -> Vec<httparse::Header<'_>> {
    headers.iter().map(|(name, value)| httparse::Header { name: name.as_str(), value: value.as_bytes() }).collect()
}

/// As HTTP/1.1 would write it.
fn head(answer: &Response<Incoming>) -> Vec<u8> {
    let mut head = format!("HTTP/2 {}\r\n", answer.status().as_u16()).into_bytes();
    for (name, value) in answer.headers() {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

/// Was nothing done for the stream? It is behind the last one that a connection takes which ends without an error (RFC 9113,
/// section 6.8), or there are too many (section 8.7).
fn untouched(error: &hyper::Error) -> Option<Unanswered> {
    let error = error.source()?.downcast_ref::<h2::Error>().filter(|error| error.is_remote())?;
    match error.reason()? {
        Reason::NO_ERROR if error.is_go_away() => Some(Unanswered::NotTaken),
        Reason::REFUSED_STREAM if error.is_reset() => Some(Unanswered::Refused),
        _ => None,
    }
}

/// What hyper says in the words of a report.
fn failure(error: &hyper::Error) -> Failed {
    let mut cause: &dyn Error = error;
    let mut of_the_system = None;
    while let Some(inner) = cause.source() {
        cause = inner;
        let of_h2 = inner.downcast_ref::<h2::Error>().and_then(h2::Error::get_io);
        of_the_system = of_the_system.or(of_h2).or(inner.downcast_ref::<io::Error>());
    }
    let kind = match of_the_system.map(io::Error::kind) {
        // What is written is not the request alone: acknowledgements break a pipe as well.
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe) => {
            FailureKind::Reset
        }
        Some(io::ErrorKind::InvalidData) => FailureKind::Tls,
        Some(_) => FailureKind::Closed,
        None if error.is_canceled() || error.is_closed() => FailureKind::Closed,
        None => FailureKind::Protocol,
    };
    Failed::new(kind, cause)
}
