//! One thread of HTTP/1.1: an epoll loop over its share of the connections. Sockets are registered once, edge-triggered; a request needs
//! one write and one read.

use std::io::{self, ErrorKind};
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use super::books::{Books, Whole};
use super::clock::timespec;
use super::lane::{Lane, Stage, UnderWay};
use super::response::{Fault, Memo};
use super::run::Shared;
use super::socket::{Opening, Socket, refusal};
use super::tally::Tally;
use super::{Heard, Origin, Plan};
use crate::model::bench::FailureKind;

/// Events that one look takes.
const EVENTS: usize = 256;
const BUFFER_BYTES: usize = 64 << 10;
/// News of the timer, which is no lane.
const TIMER: u64 = u64::MAX;

pub struct Worker<'a> {
    shared: &'a Shared<'a>,
    plan: &'a Plan,
    books: Books<'a>,
    epoll: OwnedFd,
    timer: OwnedFd,
    /// When the timer wakes the thread, if it does.
    armed: Option<u64>,
    lanes: Vec<Lane>,
    /// Lanes that could send and need not, in an open loop.
    idle: Vec<usize>,
    /// Lanes whose request is over. Their next requests begin together, once all that came was read: a server that finds several
    /// requests at once needs less for each, and so does the kernel between.
    ready: Vec<usize>,
    memo: Memo,
    buffer: Vec<u8>,
    busy: usize,
    next_sweep: u64,
}

impl<'a> Worker<'a> {
    /// Thread `number`, with its share of the connections.
    pub fn new(shared: &'a Shared<'a>, number: u32, mailbox: &'a Mutex<Tally>) -> io::Result<Self> {
        let plan = shared.plan;
        let books = Books::new(shared, number, mailbox);
        let sources = plan.sources.len().max(1) as u32;
        let lanes: Vec<Lane> = shared
            .lanes(number)
            .map(|lane| Lane::new(books.menu.origin_of_lane(lane), (lane % sources) as u16))
            .collect();
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        Ok(Worker {
            shared,
            plan,
            books,
            epoll,
            timer,
            armed: None,
            idle: Vec::with_capacity(lanes.len()),
            ready: Vec::with_capacity(lanes.len()),
            lanes,
            memo: Memo::default(),
            buffer: vec![0; BUFFER_BYTES],
            busy: 0,
            next_sweep: 0,
        })
    }

    /// Runs until the plan is done, time is up, or somebody wants it to end.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        for lane in 0..self.lanes.len() {
            self.next(lane, self.shared.clock.now());
        }
        let mut now = self.shared.clock.now();
        while !self.is_over(now) {
            let timeout = self.timeout(now)?;
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                self.news(event);
            }
            now = self.shared.clock.now();
            let mut ready = mem::take(&mut self.ready);
            ready.drain(..).for_each(|lane| self.next(lane, self.shared.clock.now()));
            // What failed at once begins again after the next look.
            ready.append(&mut self.ready);
            self.ready = ready;
            self.send_due(now);
            if now >= self.next_sweep {
                self.sweep(now);
            }
        }
        self.books.close();
        Ok(())
    }

    fn is_over(&self, now: u64) -> bool {
        self.shared.is_over(now) || (self.busy == 0 && self.books.is_exhausted())
    }

    /// Until the next sweep or the end; not at all where a request can begin. What is due earlier wakes through the timer, which is finer than a millisecond.
    fn timeout(&mut self, now: u64) -> io::Result<Timespec> {
        if !self.ready.is_empty() {
            return Ok(timespec(0));
        }
        let due = self.books.due().filter(|_| !self.idle.is_empty() && !self.books.is_exhausted());
        if let Some(due) = due.filter(|_| due != self.armed) {
            let wait = due.saturating_sub(now);
            let at = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: timespec(wait.max(1)) };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &at)?;
            self.armed = Some(due);
        }
        let until = self.shared.deadline.map_or(self.next_sweep, |deadline| deadline.min(self.next_sweep));
        Ok(timespec(until.saturating_sub(now)))
    }

    #[inline]
    fn news(&mut self, event: Event) {
        let data = event.data.u64();
        if data == TIMER {
            self.armed = None;
            return;
        }
        let id = (data & u64::from(u32::MAX)) as usize;
        if self.lanes[id].generation != (data >> 32) as u32 {
            return;
        }
        let (flags, generation) = (event.flags, self.lanes[id].generation);
        match self.lanes[id].stage {
            Stage::Connecting => self.connected(id),
            Stage::Handshaking => self.handshake(id),
            _ if flags.contains(EventFlags::OUT) => self.write(id),
            _ => {}
        }
        // What came together with the connection, or with the end of the handshake, is told of this once.
        let lane = &self.lanes[id];
        let speaks = !matches!(lane.stage, Stage::Connecting | Stage::Handshaking) && lane.generation == generation;
        let ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        if speaks && (ended || flags.contains(EventFlags::IN)) {
            self.read(id, ended);
        }
    }

    // ------------------------------------------------------------------------------------------------ beginning

    /// Begins the next request on a lane that has none, if there is one to begin.
    #[inline]
    fn next(&mut self, id: usize, now: u64) {
        let intended = match (&self.books.schedule, self.books.due()) {
            (None, _) => now,
            (Some(_), Some(due)) if due <= now => due,
            (Some(_), _) => return self.rest(id),
        };
        let counted = intended >= self.shared.measured_from;
        if counted && !self.books.claim() {
            return self.rest(id);
        }
        if let Some(schedule) = &mut self.books.schedule {
            schedule.take();
        }
        self.begin(id, now, intended, counted);
    }

    fn rest(&mut self, id: usize) {
        if self.books.schedule.is_some() {
            self.idle.push(id);
        }
    }

    /// Begins requests that are due on lanes that are idle.
    #[inline]
    fn send_due(&mut self, now: u64) {
        while self.books.due().is_some_and(|due| due <= now) {
            let Some(id) = self.idle.pop() else { return };
            let before = self.idle.len();
            self.next(id, now);
            if self.idle.len() > before {
                return;
            }
        }
    }

    #[inline]
    fn begin(&mut self, id: usize, now: u64, intended: u64, counted: bool) {
        self.busy += 1;
        let lane = &mut self.lanes[id];
        lane.target = self.books.menu.pick(lane.origin);
        lane.request = self.books.begin(now, intended, counted);
        lane.reader.begin(self.plan.targets[lane.target].head_only);
        match lane.socket {
            Some(_) => {
                lane.stage = Stage::Exchanging;
                self.write(id);
            }
            None => self.connect(id),
        }
    }

    fn connect(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        let origin = &self.plan.targets[lane.target].origin;
        let source = self.plan.sources.get(usize::from(lane.source)).copied();
        let (socket, opening) = match Socket::open(&origin.endpoint, source, self.plan.window) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                lane.stage = Stage::Queued;
                return;
            }
            Err(error) => return self.not_connected(id, &error),
        };
        let data = EventData::new_u64(u64::from(lane.generation) << 32 | id as u64);
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        let added = epoll::add(&self.epoll, socket.wire(), data, flags);
        lane.socket = Some(socket);
        lane.stage = Stage::Connecting;
        match (added, opening) {
            (Err(error), _) => self.not_connected(id, &error.into()),
            (Ok(()), Opening::Open) => self.open(id),
            (Ok(()), Opening::UnderWay) => {}
        }
    }

    /// Something happened to a socket that connects.
    fn connected(&mut self, id: usize) {
        match self.lanes[id].socket.as_ref().map(Socket::connected) {
            Some(Ok(())) => self.open(id),
            Some(Err(error)) => self.not_connected(id, &error),
            None => {}
        }
    }

    /// The socket is there: a tunnel, TLS, or the request come next.
    fn open(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        lane.request.connected = self.shared.clock.now();
        self.books.tally.counts.connections += u64::from(lane.request.counted);
        if self.origin(id).tunnel.is_some() {
            let lane = &mut self.lanes[id];
            lane.stage = Stage::Tunnelling;
            // What a proxy answers to CONNECT has no body when it is well.
            lane.reader.begin(true);
            return self.write(id);
        }
        self.secure(id);
    }

    fn secure(&mut self, id: usize) {
        let plan = self.plan;
        let lane = &mut self.lanes[id];
        let Some(client) = &plan.targets[lane.target].origin.tls else {
            lane.stage = Stage::Exchanging;
            return self.write(id);
        };
        lane.stage = Stage::Handshaking;
        match lane.socket.as_mut().map(|socket| socket.start_tls(client)) {
            Some(Err(error)) => self.fail(id, FailureKind::Tls, &error),
            _ => self.handshake(id),
        }
    }

    fn handshake(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        match lane.socket.as_mut().map(Socket::handshake) {
            Some(Ok(true)) => {
                lane.request.connected = self.shared.clock.now();
                lane.stage = Stage::Exchanging;
                self.write(id);
            }
            Some(Ok(false)) | None => {}
            Some(Err(error)) => self.fail(id, FailureKind::Tls, &error),
        }
    }

    fn origin(&self, id: usize) -> &'a Origin {
        &self.plan.targets[self.lanes[id].target].origin
    }

    // ------------------------------------------------------------------------------------------------ exchanging

    /// Writes what is left of the request.
    #[inline]
    fn write(&mut self, id: usize) {
        let plan = self.plan;
        let lane = &mut self.lanes[id];
        let target = &plan.targets[lane.target];
        let bytes: &[u8] = match lane.stage {
            Stage::Exchanging => &target.request,
            Stage::Tunnelling => target.origin.tunnel.as_deref().unwrap_or_default(),
            _ => return,
        };
        let Some(socket) = &mut lane.socket else { return };
        while lane.request.sent < bytes.len() && !lane.request.broken {
            match socket.send(&bytes[lane.request.sent..]) {
                Ok(sent) => lane.request.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The answer, or why there is none, may lie there to be read.
                Err(_) => {
                    lane.request.broken = true;
                    return self.read(id, true);
                }
            }
        }
        if socket.comes_in_records() && socket.flush().is_err() {
            lane.request.broken = true;
            self.read(id, true);
        }
    }

    /// Reads what is there; `ended` when the other side will send no more, so that the end is there to be read as well.
    #[inline]
    fn read(&mut self, id: usize, ended: bool) {
        let lane = &mut self.lanes[id];
        lane.ended |= ended;
        // Whoever holds the buffer reads this lane: writing its next request found it broken, of which there will be news.
        if self.buffer.is_empty() {
            return;
        }
        let generation = lane.generation;
        let mut buffer = mem::take(&mut self.buffer);
        loop {
            let lane = &mut self.lanes[id];
            let Some(socket) = lane.socket.as_mut().filter(|_| lane.generation == generation) else { break };
            let more = ended || socket.comes_in_records();
            match socket.receive(&mut buffer) {
                Ok(0) => {
                    self.ended(id);
                    break;
                }
                Ok(length) => {
                    self.piece(id, &buffer[..length]);
                    if length < buffer.len() && !more {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broken(id, &error);
                    break;
                }
            }
        }
        self.buffer = buffer;
    }

    /// Takes one piece of an answer.
    #[inline]
    fn piece(&mut self, id: usize, bytes: &[u8]) {
        self.books.tell(Heard::Piece(bytes));
        let lane = &mut self.lanes[id];
        if !matches!(lane.stage, Stage::Exchanging | Stage::Tunnelling) {
            // Nobody asked for anything.
            self.books.tally.counts.surplus += 1;
            return self.lanes[id].close();
        }
        let mut witness = self.books.witness(lane.target, &mut lane.request, &mut lane.body);
        let fed = lane.reader.feed(bytes, &mut self.memo, &mut witness);
        if matches!(fed, Ok(fed) if fed.whole) {
            witness.end();
        }
        let now = self.shared.clock.now();
        if lane.request.first_byte == 0 {
            lane.request.first_byte = now;
        }
        match fed {
            Err(fault) => self.fault(id, fault),
            Ok(_) if lane.stage == Stage::Tunnelling => self.tunnel(id),
            Ok(fed) => {
                if lane.request.counted {
                    self.books.tally.counts.received_bytes += fed.consumed as u64;
                }
                if fed.whole {
                    let surplus = fed.consumed < bytes.len();
                    self.books.tally.counts.surplus += u64::from(surplus);
                    self.answered(id, now, !surplus);
                }
            }
        }
    }

    /// The proxy answers.
    fn tunnel(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        match lane.request.status {
            0 => {}
            200..300 => {
                lane.request = UnderWay { sent: 0, first_byte: 0, status: 0, ..lane.request };
                lane.reader.begin(self.plan.targets[lane.target].head_only);
                self.secure(id);
            }
            status => {
                let error = io::Error::other(format!("the proxy answered {status} to CONNECT"));
                self.fail(id, FailureKind::Connect, &error);
            }
        }
    }

    /// The answer is whole.
    #[inline]
    fn answered(&mut self, id: usize, now: u64, clean: bool) {
        let plan = self.plan;
        let lane = &mut self.lanes[id];
        let target = &plan.targets[lane.target];
        let limit = plan.requests_per_connection;
        let whole_request = lane.request.sent == target.request.len();
        let kept = plan.keep_alive && clean && whole_request && lane.reader.keep() && !lane.ended;
        let whole = Whole {
            target: lane.target,
            source: lane.source,
            body_bytes: lane.reader.body_bytes(),
            kept,
            known: lane.known,
        };
        let session =
            || lane.socket.as_ref().zip(target.origin.tls.as_ref()).and_then(|(socket, client)| socket.session(client));
        self.books.answered(&lane.request, &whole, now, session);
        let lane = &mut self.lanes[id];
        lane.known = Some(lane.request.instance);
        lane.served += 1;
        lane.stage = Stage::Idle;
        if !kept || limit.is_some_and(|limit| lane.served >= limit) {
            lane.close();
        }
        self.busy -= 1;
        self.ready.push(id);
    }

    // ------------------------------------------------------------------------------------------------ failing

    /// The other side sends no more.
    fn ended(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        if lane.stage != Stage::Exchanging {
            if lane.stage == Stage::Tunnelling {
                let error = io::Error::other("the proxy closed the connection");
                return self.fail(id, FailureKind::Connect, &error);
            }
            return lane.close();
        }
        match lane.reader.finish() {
            Ok(()) => {
                self.books.witness(lane.target, &mut lane.request, &mut lane.body).end();
                self.answered(id, self.shared.clock.now(), false);
            }
            Err(fault) => self.fault(id, fault),
        }
    }

    fn fault(&mut self, id: usize, fault: Fault) {
        let broken = self.lanes[id].request.broken;
        let (kind, text) = match fault {
            Fault::Closed if broken => (FailureKind::Write, "closed while the request was written"),
            Fault::Closed => (FailureKind::Closed, "closed before the answer began"),
            Fault::Truncated => (FailureKind::Truncated, "closed in the middle of the answer"),
            Fault::Garbage(text) => (FailureKind::Garbage, text),
            Fault::TooLarge(text) => (FailureKind::TooLarge, text),
        };
        self.fail(id, kind, &io::Error::other(text));
    }

    fn broken(&mut self, id: usize, error: &io::Error) {
        let lane = &mut self.lanes[id];
        if !lane.is_busy() {
            return lane.close();
        }
        let whole_request = lane.request.sent == self.plan.targets[lane.target].request.len();
        let kind = match error.kind() {
            _ if lane.stage == Stage::Tunnelling => FailureKind::Connect,
            ErrorKind::InvalidData => FailureKind::Tls,
            _ if !lane.reader.begun() && (lane.request.broken || !whole_request) => FailureKind::Write,
            _ => FailureKind::Reset,
        };
        self.fail(id, kind, error);
    }

    fn not_connected(&mut self, id: usize, error: &io::Error) {
        self.fail(id, refusal(error), error);
    }

    /// The request has no answer.
    #[cold]
    fn fail(&mut self, id: usize, kind: FailureKind, error: &io::Error) {
        let lane = &mut self.lanes[id];
        self.busy -= 1;
        let unconnected = self.books.failed(&lane.request, kind, || error.to_string());
        lane.close();
        lane.stage = if unconnected { Stage::Resting } else { Stage::Idle };
        if !unconnected {
            self.ready.push(id);
        }
    }

    // ------------------------------------------------------------------------------------------------ from time to time

    fn sweep(&mut self, now: u64) {
        self.next_sweep = self.books.next_sweep(now);
        let timeout = super::clock::nanos(self.plan.timeout);
        for id in 0..self.lanes.len() {
            let lane = &mut self.lanes[id];
            let overdue = now.saturating_sub(lane.request.started) > timeout;
            match lane.stage {
                Stage::Idle => {}
                Stage::Resting => {
                    lane.stage = Stage::Idle;
                    self.next(id, now);
                }
                Stage::Queued if !overdue => self.connect(id),
                Stage::Connecting | Stage::Queued | Stage::Handshaking | Stage::Tunnelling if overdue => {
                    let error = io::Error::new(ErrorKind::TimedOut, "the connection was not there in time");
                    self.fail(id, FailureKind::ConnectTimeout, &error);
                }
                Stage::Exchanging if overdue => {
                    let error = io::Error::new(ErrorKind::TimedOut, "the answer was not there in time");
                    self.fail(id, FailureKind::Timeout, &error);
                }
                _ => {}
            }
        }
        self.books.hand_over(now);
    }
}
