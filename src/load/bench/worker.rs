//! One thread: an epoll loop over its share of the connections. Sockets are registered once, edge-triggered; a request needs
//! one write and one read.

use std::io::{self, ErrorKind};
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use super::clock::{Clock, Schedule};
use super::identity::Look;
use super::lane::{Lane, Stage, UnderWay, Witness};
use super::menu::Menu;
use super::response::{Fault, Memo};
use super::socket::{Opening, Socket};
use super::tally::{FirstAnswer, Tally};
use super::{Heard, Origin, Plan, Target};
use crate::model::bench::{FailureKind, Sample};
use crate::stats::latency;

/// Events that one look takes.
const EVENTS: usize = 256;
const BUFFER_BYTES: usize = 64 << 10;
/// Requests that a thread takes at once from those that are left for all.
const BLOCK: u64 = 64;
/// Between two looks at timeouts, the time that is left, and who waits.
const SWEEP_NANOS: u64 = 100_000_000;
/// A request that begins so much after it was due is late.
const LATE_NANOS: u64 = 1_000_000;
/// Connections that fail before the first answer, beyond one for each lane, until nobody tries any more.
const HOPELESS: u32 = 10;
/// News of the timer, which is no lane.
const TIMER: u64 = u64::MAX;

/// What all threads of a run know.
pub struct Shared<'a> {
    pub plan: &'a Plan,
    pub clock: Clock,
    /// When requests begin to count, and when all ends.
    pub measured_from: u64,
    pub deadline: Option<u64>,
    /// Requests that may still be begun.
    pub budget: AtomicU64,
    /// Somebody wants it to end.
    pub stop: &'a AtomicBool,
    /// A thread found that it must end.
    pub halted: AtomicBool,
    pub running: AtomicU32,
    /// When the last answer came.
    pub last_answer: AtomicU64,
}

pub struct Worker<'a> {
    shared: &'a Shared<'a>,
    plan: &'a Plan,
    /// Where others take what was counted from.
    mailbox: &'a Mutex<Tally>,
    epoll: OwnedFd,
    timer: OwnedFd,
    lanes: Vec<Lane>,
    /// Lanes that could send and need not, in an open loop.
    idle: Vec<usize>,
    /// Lanes whose request failed, to begin the next.
    failed: Vec<usize>,
    menu: Menu,
    look: Look,
    memo: Memo,
    schedule: Option<Schedule>,
    tally: Tally,
    /// Lengths of first answers, by target.
    documents: Vec<Option<u64>>,
    software: Option<String>,
    buffer: Vec<u8>,
    /// Requests of the budget that this thread may begin.
    claimed: u64,
    busy: usize,
    next_sweep: u64,
    sweep_nanos: u64,
    last_answer: u64,
    failed_connects: u32,
}

impl<'a> Worker<'a> {
    /// Thread `number`, with its share of the connections.
    pub fn new(shared: &'a Shared<'a>, number: u32, mailbox: &'a Mutex<Tally>) -> io::Result<Self> {
        let plan = shared.plan;
        let menu = Menu::new(&plan.targets);
        let mine = (0..plan.connections).filter(|lane| lane % plan.threads == number);
        let sources = plan.sources.len().max(1) as u32;
        let lanes: Vec<Lane> = mine.map(|lane| Lane::new(menu.origin_of_lane(lane), (lane % sources) as u16)).collect();
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        let sweep_nanos = SWEEP_NANOS.min(super::clock::nanos(plan.timeout) / 4).max(1_000_000);
        Ok(Worker {
            shared,
            plan,
            mailbox,
            epoll,
            timer,
            idle: Vec::with_capacity(lanes.len()),
            failed: Vec::new(),
            lanes,
            menu,
            look: Look::from(&plan.identity),
            memo: Memo::default(),
            schedule: Schedule::new(plan.pace, number, plan.threads, plan.seed),
            tally: Tally::default(),
            documents: vec![None; plan.targets.len()],
            software: None,
            buffer: vec![0; BUFFER_BYTES],
            claimed: 0,
            busy: 0,
            next_sweep: 0,
            sweep_nanos,
            last_answer: 0,
            failed_connects: 0,
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
            while let Some(lane) = self.failed.pop() {
                self.next(lane, now);
            }
            self.send_due(now);
            if now >= self.next_sweep {
                self.sweep(now);
            }
        }
        self.end();
        Ok(())
    }

    fn is_over(&self, now: u64) -> bool {
        let halted = self.shared.halted.load(Ordering::Relaxed) || self.shared.stop.load(Ordering::Relaxed);
        let late = self.shared.deadline.is_some_and(|deadline| now >= deadline);
        halted || late || (self.busy == 0 && self.is_spent())
    }

    /// Were all requests begun?
    fn is_spent(&self) -> bool {
        self.claimed == 0 && self.shared.budget.load(Ordering::Relaxed) == 0
    }

    /// Until the next sweep or the end. What is due earlier wakes through the timer, which is finer than a millisecond.
    fn timeout(&self, now: u64) -> io::Result<Timespec> {
        if let Some(schedule) = self.schedule.as_ref().filter(|_| !self.idle.is_empty() && !self.is_spent()) {
            let wait = schedule.due().saturating_sub(now);
            let at = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: timespec(wait.max(1)) };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &at)?;
        }
        let until = self.shared.deadline.map_or(self.next_sweep, |deadline| deadline.min(self.next_sweep));
        Ok(timespec(until.saturating_sub(now)))
    }

    #[inline]
    fn news(&mut self, event: Event) {
        let data = event.data.u64();
        if data == TIMER {
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
        let intended = match &self.schedule {
            None => now,
            Some(schedule) if self.is_due(schedule, now) => schedule.due(),
            Some(_) => return self.rest(id),
        };
        let counted = intended >= self.shared.measured_from;
        if counted && !self.claim() {
            return self.rest(id);
        }
        if let Some(schedule) = &mut self.schedule {
            schedule.take();
        }
        self.begin(id, now, intended, counted);
    }

    /// Of the next request of the schedule; what is due at the end is not due any more.
    #[inline]
    fn is_due(&self, schedule: &Schedule, now: u64) -> bool {
        schedule.due() <= now && self.shared.deadline.is_none_or(|deadline| schedule.due() < deadline)
    }

    fn rest(&mut self, id: usize) {
        if self.schedule.is_some() {
            self.idle.push(id);
        }
    }

    /// Begins requests that are due on lanes that are idle.
    #[inline]
    fn send_due(&mut self, now: u64) {
        while let Some(schedule) = &self.schedule {
            if !self.is_due(schedule, now) {
                return;
            }
            let Some(id) = self.idle.pop() else { return };
            let before = self.idle.len();
            self.next(id, now);
            if self.idle.len() > before {
                return;
            }
        }
    }

    /// Takes one request of those that may be begun.
    #[inline]
    fn claim(&mut self) -> bool {
        if self.plan.requests.is_none() {
            return true;
        }
        if self.claimed == 0 {
            let fair = u64::from(self.plan.connections);
            self.claimed = self.withdraw(|left| (left / (4 * fair)).clamp(1, BLOCK));
        }
        let granted = self.claimed > 0;
        self.claimed -= u64::from(granted);
        granted
    }

    /// Takes so many of the requests that are left for all, or as many as there are.
    fn withdraw(&self, wanted: impl Fn(u64) -> u64) -> u64 {
        let rest = |left: u64| left - wanted(left).min(left);
        let left = self.shared.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(rest(left)));
        left.map_or(0, |left| left - rest(left))
    }

    #[inline]
    fn begin(&mut self, id: usize, now: u64, intended: u64, counted: bool) {
        self.busy += 1;
        let lane = &mut self.lanes[id];
        lane.target = self.menu.pick(lane.origin);
        lane.request = UnderWay { counted, intended, started: now, ..UnderWay::default() };
        lane.reader.begin(self.plan.targets[lane.target].head_only);
        if counted {
            self.tally.counts.sent += 1;
            self.tally.counts.late += u64::from(now - intended > LATE_NANOS);
        }
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
        self.tally.counts.connections += u64::from(lane.request.counted);
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

    fn target(&self, id: usize) -> &'a Target {
        &self.plan.targets[self.lanes[id].target]
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
        self.tell(Heard::Piece(bytes));
        let lane = &mut self.lanes[id];
        if !matches!(lane.stage, Stage::Exchanging | Stage::Tunnelling) {
            // Nobody asked for anything.
            self.tally.counts.surplus += 1;
            return self.lanes[id].close();
        }
        let mut witness = Witness {
            look: &mut self.look,
            tally: &mut self.tally,
            request: &mut lane.request,
            body: &mut lane.body,
            software: self.documents[lane.target].is_none().then_some(&mut self.software),
        };
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
                    self.tally.counts.received_bytes += fed.consumed as u64;
                }
                if fed.whole {
                    let surplus = fed.consumed < bytes.len();
                    self.tally.counts.surplus += u64::from(surplus);
                    self.answered(id, now, !surplus);
                }
            }
        }
    }

    #[inline]
    fn tell(&self, heard: Heard<'_>) {
        if let Some(listener) = &self.plan.listener {
            listener(heard);
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
        self.last_answer = now;
        self.failed_connects = 0;
        if let Some(listener) = &plan.listener {
            listener(Heard::Answer(lane.request.status));
        }
        if lane.request.counted {
            self.record(id, now, kept);
        }
        let lane = &mut self.lanes[id];
        lane.known = Some(lane.request.instance);
        lane.served += 1;
        lane.stage = Stage::Idle;
        if !kept || limit.is_some_and(|limit| lane.served >= limit) {
            lane.close();
        }
        self.busy -= 1;
        self.next(id, now);
    }

    #[inline]
    fn record(&mut self, id: usize, now: u64, kept: bool) {
        let lane = &self.lanes[id];
        let (request, tally) = (&lane.request, &mut self.tally);
        let total = now - request.started;
        let body_bytes = lane.reader.body_bytes();
        tally.status(request.status);
        tally.counts.kept_alive += u64::from(kept);
        tally.counts.body_bytes += body_bytes;
        let target = &self.plan.targets[lane.target];
        tally.counts.sent_bytes += request.sent as u64;
        tally.counts.sent_body_bytes += target.body_bytes as u64;
        let instance = &mut tally.instances[request.instance];
        latency::record(&mut instance.latency, total);
        instance.errors += u64::from(request.status >= 400);
        if request.connected > 0 || request.first_byte < now {
            let begun = request.started.max(request.connected);
            tally.apart.record(begun - request.started, request.first_byte - begun, total);
        }
        if self.schedule.is_some() {
            latency::record(&mut tally.intended, now - request.intended);
        }
        match lane.known {
            Some(known) => {
                let moved = u64::from(known != request.instance);
                tally.counts.moves += moved;
                tally.counts.stays += 1 - moved;
            }
            None => tally.home(lane.source, request.instance),
        }
        match self.documents[lane.target] {
            Some(length) => tally.counts.length_varied += u64::from(length != body_bytes),
            None => {
                self.documents[lane.target] = Some(body_bytes);
                self.first_answer(id, body_bytes);
            }
        }
        if self.plan.keep_samples {
            self.sample(id, now);
        }
    }

    #[cold]
    fn first_answer(&mut self, id: usize, body_bytes: u64) {
        if self.tally.first.is_none() && self.lanes[id].target == 0 {
            let client = self.target(id).origin.tls.as_ref();
            let tls = self.lanes[id].socket.as_ref().zip(client).and_then(|(socket, client)| socket.session(client));
            self.tally.first = Some(FirstAnswer { software: self.software.take(), body_bytes, tls });
        }
    }

    #[cold]
    fn sample(&mut self, id: usize, now: u64) {
        let request = &self.lanes[id].request;
        let begun = request.started.max(request.connected);
        let micros = |nanos: u64| u32::try_from(nanos / 1000).unwrap_or(u32::MAX);
        self.tally.samples.push(Sample {
            started_us: (request.started - self.shared.measured_from) as i64 / 1000,
            connect_us: micros(begun - request.started),
            processing_us: micros(now - begun),
            waiting_us: micros(request.first_byte - begun),
        });
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
                let mut witness = Witness {
                    look: &mut self.look,
                    tally: &mut self.tally,
                    request: &mut lane.request,
                    body: &mut lane.body,
                    software: None,
                };
                witness.end();
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
        let kind = match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => FailureKind::Refused,
            // It was there already; nobody who refuses it says so.
            ErrorKind::ConnectionReset => FailureKind::Reset,
            _ => FailureKind::Connect,
        };
        self.fail(id, kind, error);
    }

    /// The request has no answer.
    #[cold]
    fn fail(&mut self, id: usize, kind: FailureKind, error: &io::Error) {
        let lane = &mut self.lanes[id];
        self.busy -= 1;
        if lane.request.counted {
            self.tally.failure(kind, || error.to_string());
        }
        let unconnected = matches!(
            kind,
            FailureKind::Refused | FailureKind::Connect | FailureKind::ConnectTimeout | FailureKind::Tls
        );
        lane.close();
        lane.stage = if unconnected { Stage::Resting } else { Stage::Idle };
        if unconnected {
            self.failed_connects += 1;
            if self.last_answer == 0 && self.failed_connects > HOPELESS + self.lanes.len() as u32 {
                self.shared.halted.store(true, Ordering::Relaxed);
            }
        } else {
            self.failed.push(id);
        }
        let received = matches!(kind, FailureKind::Reset | FailureKind::Truncated | FailureKind::Closed);
        if received && self.plan.stop_on_receive_error {
            self.shared.halted.store(true, Ordering::Relaxed);
        }
    }

    // ------------------------------------------------------------------------------------------------ from time to time

    fn sweep(&mut self, now: u64) {
        self.next_sweep = now - now % self.sweep_nanos + self.sweep_nanos;
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
        self.hand_over(now);
    }

    /// Gives what was counted to whoever looks.
    fn hand_over(&mut self, now: u64) {
        let answers = self.tally.answered();
        if let Some(second) = now.checked_sub(self.shared.measured_from).filter(|_| answers > 0) {
            // The sweep at the turn of a second hands over what belongs to the one before.
            let second = (second.saturating_sub(self.sweep_nanos / 2) / 1_000_000_000) as usize;
            self.tally.per_second.resize(self.tally.per_second.len().max(second + 1), 0);
            self.tally.per_second[second] += answers;
        }
        self.tally.identity = self.look.source();
        if let Ok(mut mailbox) = self.mailbox.lock() {
            mailbox.absorb(&self.tally);
        }
        self.tally.clear();
    }

    fn end(&mut self) {
        let under_way = self.lanes.iter().filter(|lane| lane.is_busy() && lane.request.counted).count();
        self.tally.counts.unfinished += under_way as u64;
        if let (Some(schedule), Some(deadline)) = (self.schedule.take(), self.shared.deadline) {
            let warming = schedule.clone().left_before(self.shared.measured_from);
            let due = schedule.left_before(deadline.min(self.shared.clock.now())).saturating_sub(warming);
            self.tally.counts.unsent += match self.plan.requests {
                None => due,
                Some(_) => due.min(self.claimed) + self.withdraw(|_| due.saturating_sub(self.claimed)),
            };
        }
        self.shared.last_answer.fetch_max(self.last_answer, Ordering::Relaxed);
        self.hand_over(self.shared.clock.now());
    }
}

fn timespec(nanos: u64) -> Timespec {
    Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as _ }
}
