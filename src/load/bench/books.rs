//! What one thread writes down, whatever engine it runs: which request is next, and what became of it.

use std::mem;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::clock::{Schedule, nanos};
use super::identity::Look;
use super::lane::{UnderWay, Witness};
use super::menu::Menu;
use super::run::Shared;
use super::tally::{FirstAnswer, Tally};
use super::{Engine, Heard, Plan};
use crate::model::bench::{FailureKind, Sample, TlsSession};
use crate::stats::latency;

/// Requests that a thread takes at once from those that are left for all.
const BLOCK: u64 = 64;
/// Between two looks at timeouts, the time that is left, and who waits.
const SWEEP_NANOS: u64 = 100_000_000;
const SECOND_NANOS: u64 = 1_000_000_000;
/// A request that begins so much after it was due is late.
const LATE_NANOS: u64 = 1_000_000;
/// Connections that fail one after the other, beyond one for each lane, until nobody tries any more: before the first answer, or
/// where none came for as long as an answer may take.
const HOPELESS: u32 = 10;

pub struct Books<'a> {
    pub shared: &'a Shared<'a>,
    pub plan: &'a Plan,
    pub look: Look,
    pub menu: Menu,
    pub schedule: Option<Schedule>,
    pub tally: Tally,
    pub sweep_nanos: u64,
    /// Where others take what was counted from.
    mailbox: &'a Mutex<Tally>,
    software: Option<String>,
    /// Requests of the budget that this thread may begin.
    claimed: u64,
    /// Requests that count and are neither answered nor failed.
    under_way: u64,
    lanes: u32,
    last_answer: u64,
    /// When a request was last answered, or failed.
    last_event: u64,
    failed_connects: u32,
}

/// An answer that is whole, beside what [`UnderWay`] knows of it.
pub struct Whole {
    pub target: usize,
    pub source: u16,
    pub body_bytes: u64,
    /// Is the connection left open for the next one?
    pub kept: bool,
    /// Who answered the request before on this connection.
    pub known: Option<usize>,
}

impl<'a> Books<'a> {
    /// Of thread `number`.
    pub fn new(shared: &'a Shared<'a>, number: u32, mailbox: &'a Mutex<Tally>) -> Self {
        let plan = shared.plan;
        Books {
            shared,
            plan,
            look: Look::from(&plan.identity),
            menu: Menu::new(&plan.targets),
            schedule: Schedule::new(plan.pace, number, plan.threads, plan.seed),
            tally: Tally::default(),
            sweep_nanos: SWEEP_NANOS.min(nanos(plan.timeout) / 4).max(1_000_000),
            mailbox,
            software: None,
            claimed: 0,
            under_way: 0,
            lanes: shared.lanes(number).count() as u32,
            last_answer: 0,
            last_event: 0,
            failed_connects: 0,
        }
    }

    pub fn now(&self) -> u64 {
        self.shared.clock.now()
    }

    /// Is nothing left to begin?
    pub fn is_exhausted(&self) -> bool {
        self.claimed == 0 && self.shared.budget.load(Ordering::Relaxed) == 0
    }

    /// Takes one request of those that may be begun.
    #[inline]
    pub fn claim(&mut self) -> bool {
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

    /// When the next request of the schedule is due; at the end, none is due any more.
    #[inline]
    pub fn due(&self) -> Option<u64> {
        let due = self.schedule.as_ref()?.due();
        self.shared.deadline.is_none_or(|deadline| due < deadline).then_some(due)
    }

    /// A request begins now that was due at `intended`.
    #[inline]
    pub fn begin(&mut self, now: u64, intended: u64, counted: bool) -> UnderWay {
        if counted {
            self.tally.counts.sent += 1;
            self.tally.counts.late += u64::from(now - intended > LATE_NANOS);
            self.under_way += 1;
        }
        UnderWay { counted, intended, started: now, ..UnderWay::default() }
    }

    /// Who looks at the answer of a request to `target`.
    #[inline]
    pub fn witness<'b>(&'b mut self, target: usize, request: &'b mut UnderWay, body: &'b mut Vec<u8>) -> Witness<'b> {
        Witness {
            look: &mut self.look,
            tally: &mut self.tally,
            request,
            body,
            software: self.shared.documents[target].get().is_none().then_some(&mut self.software),
        }
    }

    #[inline]
    pub fn tell(&self, heard: Heard<'_>) {
        if let Some(listener) = &self.plan.listener {
            listener(heard);
        }
    }

    /// An answer is whole; `tls` is asked for the session of the first one.
    #[inline]
    pub fn answered(&mut self, request: &UnderWay, whole: &Whole, now: u64, tls: impl FnOnce() -> Option<TlsSession>) {
        (self.last_answer, self.last_event) = (now, now);
        self.failed_connects = 0;
        self.tell(Heard::Answer(request.status));
        if request.counted {
            self.under_way -= 1;
            self.record(request, whole, now, tls);
        }
    }

    #[inline]
    fn record(&mut self, request: &UnderWay, whole: &Whole, now: u64, tls: impl FnOnce() -> Option<TlsSession>) {
        let tally = &mut self.tally;
        let total = now - request.started;
        tally.status(request.status);
        tally.counts.kept_alive += u64::from(whole.kept);
        tally.counts.body_bytes += whole.body_bytes;
        tally.counts.sent_bytes += request.sent as u64;
        tally.counts.sent_body_bytes += self.plan.targets[whole.target].body_bytes as u64;
        let instance = &mut tally.instances[request.instance];
        latency::record(&mut instance.latency, total);
        instance.errors += u64::from(request.status >= 400);
        if request.connected > 0 || request.first_byte < now {
            let begun = request.started.max(request.connected);
            tally.apart.record(begun - request.started, request.first_byte - begun, total);
        }
        if self.schedule.is_some() {
            latency::record(&mut tally.intended, now.saturating_sub(request.intended));
        }
        match whole.known {
            // Who does not say who it is may be the one before, or the balancer itself.
            Some(known) if known == 0 || request.instance == 0 => {}
            Some(known) => {
                let moved = u64::from(known != request.instance);
                tally.counts.moves += moved;
                tally.counts.stays += 1 - moved;
            }
            None => tally.home(whole.source, request.instance),
        }
        // A story's answers differ.
        let one_document = !matches!(self.plan.engine, Engine::Story(_));
        let document = &self.shared.documents[whole.target];
        match document.get() {
            Some(length) => tally.counts.length_varied += u64::from(one_document && *length != whole.body_bytes),
            None if document.set(whole.body_bytes).is_ok() => self.first_answer(whole, tls),
            // Another thread was faster.
            None => tally.counts.length_varied += u64::from(one_document && document.get() != Some(&whole.body_bytes)),
        }
        if self.plan.keep_samples {
            self.sample(request, now);
        }
    }

    #[cold]
    fn first_answer(&mut self, whole: &Whole, tls: impl FnOnce() -> Option<TlsSession>) {
        if self.tally.first.is_none() && whole.target == 0 {
            let first = FirstAnswer { software: self.software.take(), body_bytes: whole.body_bytes, tls: tls() };
            self.tally.first = Some(first);
        }
    }

    #[cold]
    fn sample(&mut self, request: &UnderWay, now: u64) {
        let begun = request.started.max(request.connected);
        let micros = |nanos: u64| u32::try_from(nanos / 1000).unwrap_or(u32::MAX);
        self.tally.samples.push(Sample {
            started_us: (request.started - self.shared.measured_from) as i64 / 1000,
            connect_us: micros(begun - request.started),
            processing_us: micros(now - begun),
            waiting_us: micros(request.first_byte - begun),
        });
    }

    /// A request has no answer. True when that is because there is no connection, so that the next had better begin a little
    /// later.
    #[cold]
    pub fn failed(&mut self, request: &UnderWay, kind: FailureKind, why: impl FnOnce() -> String) -> bool {
        let now = self.now();
        if request.counted {
            self.under_way -= 1;
            self.tally.failure(kind, why);
            self.last_event = now;
        }
        let unconnected = matches!(
            kind,
            FailureKind::Refused | FailureKind::Connect | FailureKind::ConnectTimeout | FailureKind::Tls
        );
        self.failed_connects += u32::from(unconnected);
        let received = matches!(kind, FailureKind::Reset | FailureKind::Truncated | FailureKind::Closed);
        let many = unconnected && self.failed_connects > HOPELESS + self.lanes;
        // Whoever gave a time waits for it, since the server may come back.
        let silent = now.saturating_sub(self.last_answer) > nanos(self.plan.timeout) && self.plan.duration.is_none();
        if (many && (self.last_answer == 0 || silent)) || (received && self.plan.stop_on_receive_error) {
            self.shared.halted.store(true, Ordering::Relaxed);
        }
        unconnected
    }

    /// When the sweep after `now` is due.
    pub fn next_sweep(&self, now: u64) -> u64 {
        now - now % self.sweep_nanos + self.sweep_nanos
    }

    /// Gives what was counted to whoever looks.
    pub fn hand_over(&mut self, now: u64) {
        let answers = self.tally.answered();
        if let Some(second) = now.checked_sub(self.shared.measured_from).filter(|_| answers > 0) {
            // The sweep at the turn of a second hands over what belongs to the one before.
            let second = (second.saturating_sub(self.sweep_nanos / 2) / SECOND_NANOS) as usize;
            self.tally.per_second.resize(self.tally.per_second.len().max(second + 1), 0);
            self.tally.per_second[second] += answers;
        }
        self.tally.identity = self.look.source();
        if let Ok(mut mailbox) = self.mailbox.lock() {
            mailbox.absorb(&self.tally);
        }
        self.tally.clear();
    }

    /// The run ends before the request does.
    pub fn abandon(&mut self, request: &UnderWay) {
        if request.counted {
            let now = self.now();
            latency::record(&mut self.tally.waited, now.saturating_sub(request.intended));
        }
    }

    /// Closes the books: what is under way will not be finished.
    pub fn close(&mut self) {
        self.tally.counts.unfinished += mem::take(&mut self.under_way);
        let now = self.now();
        let end = self.shared.deadline.map_or(now, |deadline| deadline.min(now));
        if let (Some(schedule), Some(_)) = (mem::take(&mut self.schedule), self.shared.deadline) {
            self.leave(&schedule, end);
        }
        // Seconds in which nothing was answered are seconds as well.
        let seconds = end.saturating_sub(self.shared.measured_from).div_ceil(SECOND_NANOS) as usize;
        self.tally.per_second.resize(self.tally.per_second.len().max(seconds), 0);
        self.shared.last_event.fetch_max(self.last_event, Ordering::Relaxed);
        self.hand_over(now);
    }

    /// Requests that were due before the end are not sent any more.
    fn leave(&mut self, schedule: &Schedule, end: u64) {
        let from = self.shared.measured_from;
        let left = || schedule.clone().left_before(end).filter(|due| *due >= from);
        let due = left().count() as u64;
        let unsent = match self.plan.requests {
            None => due,
            Some(_) => due.min(self.claimed) + self.withdraw(|_| due.saturating_sub(self.claimed)),
        };
        self.tally.counts.unsent += unsent;
        left().take(unsent as usize).for_each(|due| latency::record(&mut self.tally.waited, end - due));
    }
}
