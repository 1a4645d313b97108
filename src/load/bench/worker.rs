//! One thread of HTTP/1.1: an epoll loop over its share of the connections. Sockets are registered once, edge-triggered; a request needs
//! one write and one read.

mod connect;
mod exchange;
mod fail;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use super::Plan;
use super::books::Books;
use super::clock::timespec;
use super::lane::{Lane, Stage};
use super::response::Memo;
use super::run::Shared;
use super::tally::Tally;
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
    /// The one that rested longest is next, so that all are used.
    idle: VecDeque<usize>,
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
            idle: VecDeque::with_capacity(lanes.len()),
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
        self.lanes.iter().filter(|lane| lane.is_busy()).for_each(|lane| self.books.abandon(&lane.request));
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
            self.idle.push_back(id);
        }
    }

    /// Begins requests that are due on lanes that are idle.
    #[inline]
    fn send_due(&mut self, now: u64) {
        while self.books.due().is_some_and(|due| due <= now) {
            let Some(id) = self.idle.pop_front() else { return };
            let (before, late) = (self.idle.len(), self.books.tally.counts.late);
            self.next(id, now);
            if self.idle.len() > before {
                return;
            }
            let counts = &mut self.books.tally.counts;
            counts.late_by_generator += counts.late - late;
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
