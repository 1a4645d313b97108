//! What was counted. Tallies of threads and of intervals add up.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use hdrhistogram::Histogram;

use crate::model::Name;
use crate::model::bench::{FailureKind, Sample, TlsSession};
use crate::stats::latency;

/// Instances that are kept apart; further ones count as unattributed.
const MOST_INSTANCES: usize = 256;
/// One more than the largest status.
const STATUSES: usize = 1000;

/// `sent = answered + failures + unfinished`, once nothing is under way.
#[derive(Clone, Debug)]
pub struct Tally {
    pub counts: Counts,
    /// Answers by status.
    statuses: Vec<u64>,
    /// By kind: how often, and what the first one said.
    pub failures: BTreeMap<FailureKind, (u64, String)>,
    /// Who answered; the first has no name and stands for answers that do not say. Each has the times of its answers.
    pub instances: Vec<InstanceTally>,
    /// Times of the requests that opened a connection, or whose answer came in pieces; of all others, connecting took nothing
    /// and the first byte came with the last.
    pub apart: Apart,
    /// From the intended send time; empty in a closed loop.
    pub intended: Histogram<u64>,
    /// How long requests had waited that were not answered when time was up, those that were due and not sent included.
    pub waited: Histogram<u64>,
    /// First answers of connections, by local address (its place in the plan) and instance's name.
    pub homes: BTreeMap<(u16, Name), u64>,
    /// By second of the run.
    pub per_second: Vec<u64>,
    pub samples: Vec<Sample>,
    /// Of the first answer.
    pub first: Option<FirstAnswer>,
    /// Where the names of instances come from, once one was found.
    pub identity: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub sent: u64,
    pub unfinished: u64,
    pub unsent: u64,
    pub late: u64,
    /// Of these, the ones for which a connection was free.
    pub late_by_generator: u64,
    pub kept_alive: u64,
    pub connections: u64,
    pub length_varied: u64,
    /// Answers with bytes behind them that nobody asked for.
    pub surplus: u64,
    pub received_bytes: u64,
    pub body_bytes: u64,
    pub sent_bytes: u64,
    pub sent_body_bytes: u64,
    /// Answers on one connection that came from another instance than the one before, and from the same.
    pub moves: u64,
    pub stays: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.sent += other.sent;
        self.unfinished += other.unfinished;
        self.unsent += other.unsent;
        self.late += other.late;
        self.late_by_generator += other.late_by_generator;
        self.kept_alive += other.kept_alive;
        self.connections += other.connections;
        self.length_varied += other.length_varied;
        self.surplus += other.surplus;
        self.received_bytes += other.received_bytes;
        self.body_bytes += other.body_bytes;
        self.sent_bytes += other.sent_bytes;
        self.sent_body_bytes += other.sent_body_bytes;
        self.moves += other.moves;
        self.stays += other.stays;
    }
}

/// What `ab` says about the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstAnswer {
    pub software: Option<String>,
    pub body_bytes: u64,
    pub tls: Option<TlsSession>,
}

#[derive(Clone, Debug)]
pub struct InstanceTally {
    pub name: Name,
    /// Answers with a status of 400 or more.
    pub errors: u64,
    /// Connections whose first answer it gave.
    pub connections: u64,
    /// From the start of the request, connecting included, to the last byte, in nanoseconds; one for each answer.
    pub latency: Histogram<u64>,
}

/// All in nanoseconds, one entry in each for each request.
#[derive(Clone, Debug)]
pub struct Apart {
    pub connect: Histogram<u64>,
    pub processing: Histogram<u64>,
    pub waiting: Histogram<u64>,
    pub total: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            counts: Counts::default(),
            statuses: vec![0; STATUSES],
            failures: BTreeMap::new(),
            instances: vec![InstanceTally::new(Name::default())],
            apart: Apart::default(),
            intended: latency::empty(),
            waited: latency::empty(),
            homes: BTreeMap::new(),
            per_second: Vec::new(),
            samples: Vec::new(),
            first: None,
            identity: None,
        }
    }
}

impl InstanceTally {
    fn new(name: Name) -> Self {
        InstanceTally { name, errors: 0, connections: 0, latency: latency::empty() }
    }

    fn absorb(&mut self, other: &InstanceTally) {
        self.errors += other.errors;
        self.connections += other.connections;
        latency::add(&mut self.latency, &other.latency);
    }
}

impl Default for Apart {
    fn default() -> Self {
        let empty = latency::empty;
        Apart { connect: empty(), processing: empty(), waiting: empty(), total: empty() }
    }
}

impl Apart {
    pub fn record(&mut self, connect: u64, waiting: u64, total: u64) {
        latency::record(&mut self.connect, connect);
        latency::record(&mut self.processing, total - connect);
        latency::record(&mut self.waiting, waiting);
        latency::record(&mut self.total, total);
    }

    /// The fields beside those of another, to do the same to each.
    fn pairs<'a>(&'a mut self, other: &'a Apart) -> [(&'a mut Histogram<u64>, &'a Histogram<u64>); 4] {
        [
            (&mut self.connect, &other.connect),
            (&mut self.processing, &other.processing),
            (&mut self.waiting, &other.waiting),
            (&mut self.total, &other.total),
        ]
    }
}

impl Tally {
    pub fn answered(&self) -> u64 {
        self.instances.iter().map(|instance| instance.latency.len()).sum()
    }

    pub fn failed(&self) -> u64 {
        self.failures.values().map(|(count, _)| count).sum()
    }

    /// Answers by status, only those that came.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, u64)> {
        let came = self.statuses.iter().enumerate().filter(|(_, count)| **count > 0);
        came.map(|(status, count)| (status as u16, *count))
    }

    #[inline]
    pub fn status(&mut self, status: u16) {
        self.statuses[usize::from(status).min(STATUSES - 1)] += 1;
    }

    pub fn failure(&mut self, kind: FailureKind, example: impl FnOnce() -> String) {
        self.failures.entry(kind).or_insert_with(|| (0, example())).0 += 1;
    }

    /// The place of an instance, a new one where its name is new.
    pub fn instance(&mut self, name: &[u8]) -> usize {
        if let Some(place) = self.instances.iter().position(|instance| instance.name.as_bytes() == name) {
            return place;
        }
        // What is no UTF-8 was changed into it, and may be known by that name.
        let name: Name = String::from_utf8_lossy(name).into();
        let known = self.instances.iter().position(|instance| instance.name == name);
        known.unwrap_or_else(|| match self.instances.len() {
            full if full > MOST_INSTANCES => 0,
            place => {
                self.instances.push(InstanceTally::new(name));
                place
            }
        })
    }

    /// An instance gave the first answer of a connection.
    pub fn home(&mut self, source: u16, instance: usize) {
        let instance = &mut self.instances[instance];
        instance.connections += 1;
        *self.homes.entry((source, instance.name.clone())).or_default() += 1;
    }

    /// From the start of each request to its last byte.
    pub fn latency(&self) -> Histogram<u64> {
        let mut all = latency::empty();
        self.instances.iter().for_each(|instance| latency::add(&mut all, &instance.latency));
        all
    }

    /// Adds what another thread or another interval counted.
    pub fn absorb(&mut self, other: &Tally) {
        self.counts += other.counts;
        self.statuses.iter_mut().zip(&other.statuses).for_each(|(mine, others)| *mine += others);
        for (kind, (count, example)) in &other.failures {
            self.failures.entry(*kind).or_insert_with(|| (0, example.clone())).0 += count;
        }
        for instance in &other.instances {
            let place = self.instance(instance.name.as_bytes());
            self.instances[place].absorb(instance);
        }
        self.apart.pairs(&other.apart).into_iter().for_each(|(mine, others)| latency::add(mine, others));
        latency::add(&mut self.intended, &other.intended);
        latency::add(&mut self.waited, &other.waited);
        for (home, count) in &other.homes {
            *self.homes.entry(home.clone()).or_default() += count;
        }
        if self.per_second.len() < other.per_second.len() {
            self.per_second.resize(other.per_second.len(), 0);
        }
        self.per_second.iter_mut().zip(&other.per_second).for_each(|(mine, others)| *mine += others);
        self.samples.extend_from_slice(&other.samples);
        self.first = self.first.take().or_else(|| other.first.clone());
        self.identity = self.identity.take().or_else(|| other.identity.clone());
    }

    /// Forgets what was counted, keeps what was allocated, and the places of instances.
    pub fn clear(&mut self) {
        self.counts = Counts::default();
        self.statuses.fill(0);
        self.failures.clear();
        for instance in &mut self.instances {
            (instance.errors, instance.connections) = (0, 0);
            instance.latency.reset();
        }
        let Apart { connect, processing, waiting, total } = &mut self.apart;
        [connect, processing, waiting, total].into_iter().for_each(Histogram::reset);
        self.intended.reset();
        self.waited.reset();
        self.homes.clear();
        self.per_second.fill(0);
        self.samples.clear();
    }
}
