//! Threads are started, looked after and brought home.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use super::clock::{Clock, nanos};
use super::worker::Worker;
use super::{Engine, Interval, Measured, Plan, Tally, http2, story};

/// Between two looks at what the threads counted.
const LOOK: Duration = Duration::from_millis(200);

/// Does what the plan says. `stop` ends it early; `watch` is told a few times each second what was counted since.
///
/// # Errors
/// What the operating system refuses to a generator: epoll, threads. What it refuses to a connection is counted.
pub fn run(plan: &Plan, stop: &AtomicBool, watch: &mut dyn FnMut(&Interval)) -> io::Result<Measured> {
    let measured_from = nanos(plan.warmup);
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + plan.warmup;
    let shared = Shared {
        plan,
        clock: Clock::start(),
        began,
        measured_from,
        deadline: plan.duration.map(|duration| measured_from.saturating_add(nanos(duration))),
        budget: AtomicU64::new(plan.requests.unwrap_or(u64::MAX)),
        stop,
        halted: AtomicBool::new(false),
        running: AtomicU32::new(plan.threads),
        last_event: AtomicU64::new(0),
        documents: plan.targets.iter().map(|_| OnceLock::new()).collect(),
    };
    let mailboxes: Vec<Mutex<Tally>> = (0..plan.threads).map(|_| Mutex::new(Tally::default())).collect();
    let (ran, mut tally, cpu, ended) = thread::scope(|scope| {
        let looker = thread::current();
        let threads: Vec<_> = mailboxes
            .iter()
            .zip(0..)
            .map(|(mailbox, number)| {
                let (shared, looker) = (&shared, looker.clone());
                scope.spawn(move || {
                    // A thread that ends, however it ends, is missed by nobody.
                    let ended = Ended { shared, looker };
                    let ran = engine(shared, number, mailbox);
                    drop(ended);
                    ran
                })
            })
            .collect();
        let (tally, cpu) = look(&shared, &mailboxes, watch);
        let ended = shared.clock.now();
        let ran: Vec<io::Result<()>> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the generator panicked"))))
            .collect();
        (ran, tally, cpu, ended)
    });
    ran.into_iter().collect::<io::Result<()>>()?;
    let by_time = shared.deadline.is_some_and(|deadline| ended >= deadline);
    let end = if by_time { ended } else { shared.last_event.load(Ordering::Relaxed) };
    // Threads know the time since requests count.
    tally.samples.iter_mut().for_each(|sample| sample.started_us += began.as_micros() as i64);
    Ok(Measured {
        tally,
        began,
        wall: Duration::from_nanos(end.saturating_sub(measured_from)),
        cpu,
        interrupted: stop.load(Ordering::Relaxed),
    })
}

fn engine(shared: &Shared, number: u32, mailbox: &Mutex<Tally>) -> io::Result<()> {
    match shared.plan.engine {
        Engine::Http1 => Worker::new(shared, number, mailbox)?.run(),
        Engine::Http2 { streams } => http2::run(shared, number, mailbox, streams),
        Engine::Story(ref told) => story::run(shared, number, mailbox, told),
    }
}

/// What all threads of a run know.
pub struct Shared<'a> {
    pub plan: &'a Plan,
    pub clock: Clock,
    /// When requests begin to count, since 1970.
    pub began: Duration,
    /// When requests begin to count, and when all ends, on the clock.
    pub measured_from: u64,
    pub deadline: Option<u64>,
    /// Requests that may still be begun.
    pub budget: AtomicU64,
    /// Somebody wants it to end.
    pub stop: &'a AtomicBool,
    /// A thread found that it must end.
    pub halted: AtomicBool,
    pub running: AtomicU32,
    /// When the last request was answered, or failed.
    pub last_event: AtomicU64,
    /// Lengths of first answers, by target.
    pub documents: Vec<OnceLock<u64>>,
}

impl Shared<'_> {
    /// The connections of a thread, by number.
    pub fn lanes(&self, thread: u32) -> impl Iterator<Item = u32> {
        let threads = self.plan.threads;
        (0..self.plan.connections).filter(move |lane| lane % threads == thread)
    }

    /// Is time up, or does somebody want it to end?
    pub fn is_over(&self, now: u64) -> bool {
        let halted = self.halted.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed);
        halted || self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

struct Ended<'a> {
    shared: &'a Shared<'a>,
    looker: thread::Thread,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::Release);
        self.looker.unpark();
    }
}

/// Collects what threads count until the last has ended; gives the sum, and the CPU time since requests count.
fn look(shared: &Shared, mailboxes: &[Mutex<Tally>], watch: &mut dyn FnMut(&Interval)) -> (Tally, Duration) {
    let (mut total, mut recent) = (Tally::default(), Tally::default());
    let mut cpu_before = cpu_time();
    let mut looked = shared.measured_from;
    loop {
        let over = shared.running.load(Ordering::Acquire) == 0;
        let now = shared.clock.now();
        if now < shared.measured_from {
            thread::park_timeout(Duration::from_nanos(shared.measured_from - now).min(LOOK));
            cpu_before = cpu_time();
            if !over {
                continue;
            }
        }
        for mailbox in mailboxes {
            if let Ok(mut counted) = mailbox.lock() {
                recent.absorb(&counted);
                counted.clear();
            }
        }
        let length = Duration::from_nanos(now.saturating_sub(looked));
        let at = Duration::from_nanos(now.saturating_sub(shared.measured_from));
        watch(&Interval { at, length, tally: &recent });
        looked = now;
        total.absorb(&recent);
        recent.clear();
        if over {
            return (total, cpu_time().saturating_sub(cpu_before));
        }
        thread::park_timeout(LOOK);
    }
}

/// Of this process, user and system.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
