//! What the engines on tokio share: one runtime for each thread, in which many lanes wait for their turns.

use std::cell::{RefCell, RefMut};
use std::io;
use std::mem;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::books::Books;
use super::clock::{Schedule, timespec};
use super::lane::UnderWay;
use super::run::Shared;
use super::tally::Tally;

pub struct Thread<'a> {
    books: RefCell<Books<'a>>,
    /// Whoever holds it takes what is due next; the others wait in line.
    turn: tokio::sync::Mutex<Timer>,
}

/// What a lane may begin.
pub struct Turn {
    pub now: u64,
    /// When it was due.
    pub intended: u64,
    /// Does it count, or is it for warming up?
    pub counted: bool,
}

/// Runs `lane` for each of `lanes` until all have ended, time is up, or somebody wants it to end.
pub fn drive<'a>(
    shared: &'a Shared<'a>,
    number: u32,
    mailbox: &'a Mutex<Tally>,
    lanes: u32,
    lane: impl AsyncFn(&Thread<'a>, u32),
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ran = runtime.block_on(async {
        let turn = tokio::sync::Mutex::new(Timer::new()?);
        let thread = Thread { books: RefCell::new(Books::new(shared, number, mailbox)), turn };
        {
            let mut all: FuturesUnordered<_> = (0..lanes).map(|place| lane(&thread, place)).collect();
            tokio::select! {
                () = async { while all.next().await.is_some() {} } => {}
                () = thread.sweep() => {}
            }
        }
        thread.books().close();
        Ok(())
    });
    // A file that never ends must not hold the end up.
    runtime.shutdown_background();
    ran
}

impl<'a> Thread<'a> {
    /// Not to be held while anything is awaited.
    pub fn books(&self) -> RefMut<'_, Books<'a>> {
        self.books.borrow_mut()
    }

    /// Waits until something is due; `None` when nothing is left, or it is over.
    pub async fn turn(&self) -> Option<Turn> {
        let mut timer = self.turn.lock().await;
        let (due, wait) = {
            let books = self.books();
            let due = books.schedule.as_ref().map(Schedule::due);
            (due, due.map(|due| due.saturating_sub(books.now())))
        };
        if let Some(wait) = wait.filter(|wait| *wait > 0) {
            // Without a timer it is late, which is counted.
            let _ = timer.wait(wait).await;
        }
        let mut books = self.books();
        let now = books.now();
        let counted = due.unwrap_or(now) >= books.shared.measured_from;
        if books.shared.is_over(now) || (counted && !books.claim()) {
            return None;
        }
        if let Some(schedule) = &mut books.schedule {
            schedule.take();
        }
        Some(Turn { now, intended: due.unwrap_or(now).min(now), counted })
    }

    /// A little time without load, where a server is away.
    pub async fn rest(&self) {
        let wait = Duration::from_nanos(self.books().sweep_nanos);
        tokio::time::sleep(wait).await;
    }

    /// Hands over what was counted until it is over.
    async fn sweep(&self) {
        loop {
            let (shared, now, next) = {
                let books = self.books();
                let now = books.now();
                (books.shared, now, books.next_sweep(now))
            };
            let next = shared.deadline.map_or(next, |deadline| deadline.min(next));
            tokio::time::sleep(Duration::from_nanos(next.saturating_sub(now))).await;
            let mut books = self.books();
            let now = books.now();
            if shared.is_over(now) {
                return;
            }
            books.hand_over(now);
        }
    }
}

/// A request that is under way. Where the run ends before it does, and it is dropped, that is written down.
pub struct Watched<'t, 'a> {
    thread: &'t Thread<'a>,
    pub request: UnderWay,
    is_over: bool,
}

impl<'t, 'a> Watched<'t, 'a> {
    pub fn new(thread: &'t Thread<'a>, request: UnderWay) -> Self {
        Watched { thread, request, is_over: false }
    }

    /// It is answered, or it failed.
    pub fn over(mut self) -> UnderWay {
        self.is_over = true;
        mem::take(&mut self.request)
    }
}

impl Drop for Watched<'_, '_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.thread.books().abandon(&self.request);
        }
    }
}

/// Finer than tokio's, which counts in milliseconds. Of tokio's readers, that of a pipe takes any descriptor that can be waited for.
struct Timer(pipe::Receiver);

impl Timer {
    fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        pipe::Receiver::from_owned_fd_unchecked(timer).map(Timer)
    }

    async fn wait(&mut self, nanos: u64) -> io::Result<()> {
        let at = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: timespec(nanos) };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &at)?;
        self.0.read_u64().await.map(drop)
    }
}
