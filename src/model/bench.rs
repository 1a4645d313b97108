//! What `bench` measured, computed before anything is rendered. Times are milliseconds unless a name says otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::verdict::Gate;

/// What is reported of each distribution.
pub const PERCENTS: [f64; 10] = [50.0, 66.0, 75.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.9, 99.99];
/// Samples above a percentile without which its interval alone says something.
pub const LEAST_ABOVE: f64 = 10.0;

/// One run of the load generator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// The first is the one that `ab` would name.
    pub targets: Vec<BenchTarget>,
    pub load: LoadAsked,
    /// From the first request that counts to the last answer.
    pub seconds: f64,
    pub requests: Requests,
    /// By kind, only those that happened.
    pub failures: Vec<Failure>,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    pub bytes: Bytes,
    pub rates: Rates,
    pub times: ConnectionTimes,
    /// From the send to the last byte, as a closed loop sees it.
    pub latency: Distribution,
    /// What somebody would have waited who does not wait for the one before: measured from the intended send time in an open
    /// loop, put right by calculation in a closed one.
    pub corrected: Distribution,
    /// Milliseconds that 0 % to 100 % of the requests needed at most, one for each percent.
    pub percents: Vec<f64>,
    /// Answers in each second of the run.
    pub per_second: Vec<u64>,
    /// `None` when answers do not say who gave them.
    pub instances: Option<InstanceSpread>,
    pub generator: Generator,
    /// `None` when nobody asked to calibrate.
    pub calibration: Option<Calibration>,
    pub thresholds: Vec<Threshold>,
    /// What somebody who reads the figures has to know, as sentences.
    pub warnings: Vec<String>,
    pub verdict: Gate,
    /// `HdrHistogram` V2, deflated, base64, of `latency` in nanoseconds.
    pub histogram: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchTarget {
    pub url: String,
    pub host: String,
    pub port: u16,
    /// With the query.
    pub path: String,
    /// The `Server` header of the first answer.
    pub software: Option<String>,
    pub tls: Option<TlsSession>,
    /// Bytes of the first answer's body.
    pub document_bytes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsSession {
    /// `TLSv1.3`.
    pub protocol: String,
    /// `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// `X25519`.
    pub key_exchange: String,
    pub server_name: String,
    /// Of the server's own key, where it is known.
    pub bits: Option<u32>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadAsked {
    pub connections: u32,
    /// Requests at once on each connection of HTTP/2; `None` where there is one at a time.
    pub streams: Option<u32>,
    pub threads: u32,
    pub requests: Option<u64>,
    pub seconds: Option<f64>,
    pub warmup_seconds: f64,
    pub keep_alive: bool,
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`.
    pub protocol: String,
    pub method: String,
    /// Requests per second of an open loop; `None` in a closed one.
    pub rate: Option<f64>,
    /// `constant` or `poisson`; empty in a closed loop.
    pub arrivals: String,
    pub requests_per_connection: Option<u32>,
    /// Bytes of a request's body; `None` when it has none.
    pub body_bytes: Option<u64>,
    /// Local addresses that connections come from; 1 where the system chooses.
    pub sources: u32,
    /// Do requests carry cookies?
    pub cookies: bool,
    /// The file of stories that users travel, instead of URLs.
    pub scenario: Option<String>,
    pub seed: u64,
}

impl LoadAsked {
    /// Requests that can be under way together.
    pub fn at_once(&self) -> u64 {
        u64::from(self.connections) * u64::from(self.streams.unwrap_or(1))
    }
}

/// `sent = answered + failures + unfinished`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Begun, connections that failed included.
    pub sent: u64,
    /// Answered whole, whatever the status.
    pub answered: u64,
    /// Neither answered nor failed when time was up.
    pub unfinished: u64,
    /// Due in an open loop, and not sent before time was up.
    pub unsent: u64,
    /// Of those that are unfinished or unsent, the ones that had waited for more than 100 ms, and longer than 99 of 100 answers took.
    /// They are in the corrected times.
    pub hung: u64,
    /// Sent more than one millisecond after they were due.
    pub late: u64,
    /// Of these, the ones for which a connection was free: the generator itself was late.
    pub late_by_generator: u64,
    /// Answers outside of 200 to 299.
    pub non_2xx: u64,
    /// Answers whose status is 400 or more.
    pub refused: u64,
    /// Answers on connections that were left open for the next one.
    pub kept_alive: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Answers whose body is not as long as the first one's.
    pub length_varied: u64,
}

/// Why a request has no answer. A host whose name has no address is none of these: nothing is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Nobody listens.
    Refused,
    /// No route, no permission, no free port: the connection could not be made for another reason.
    Connect,
    /// The connection was not made in time.
    ConnectTimeout,
    /// The TLS handshake failed, or a record was wrong.
    Tls,
    /// The request could not be written.
    Write,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the answer began.
    Closed,
    /// The connection was closed in the middle of the answer.
    Truncated,
    /// The answer did not come in time.
    Timeout,
    /// What came is not HTTP.
    Garbage,
    /// A line or the head of the answer is longer than anybody should send.
    TooLarge,
    /// The HTTP/2 stream or connection ended with an error.
    Protocol,
    /// A step of the scenario did not answer as it asserts.
    Assertion,
}

impl FailureKind {
    /// As it is written in reports.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Refused => "refused",
            FailureKind::Connect => "connect",
            FailureKind::ConnectTimeout => "connect-timeout",
            FailureKind::Tls => "tls",
            FailureKind::Write => "write",
            FailureKind::Reset => "reset",
            FailureKind::Closed => "closed",
            FailureKind::Truncated => "truncated",
            FailureKind::Timeout => "timeout",
            FailureKind::Garbage => "garbage",
            FailureKind::TooLarge => "too-large",
            FailureKind::Protocol => "protocol",
            FailureKind::Assertion => "assertion",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub count: u64,
    /// What the first one said: `Connection refused (os error 111)`.
    pub example: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Heads and bodies of answers, as they came over the wire without TLS.
    pub received: u64,
    /// Bodies of answers.
    pub bodies: u64,
    pub sent: u64,
    /// Bodies of requests.
    pub sent_bodies: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    pub requests_per_second: f64,
    /// 95 % interval out of the single seconds; `None` when the run is too short for one.
    pub requests_per_second_interval: Option<(f64, f64)>,
    /// As one of the concurrent users sees it.
    pub ms_per_request: f64,
    /// Across all concurrent requests.
    pub ms_per_request_across: f64,
    /// 1 024 bytes each second.
    pub kbytes_received: f64,
    pub kbytes_sent: f64,
    pub kbytes_total: f64,
}

/// The four rows of `ab`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectionTimes {
    pub connect: TimeSummary,
    pub processing: TimeSummary,
    pub waiting: TimeSummary,
    pub total: TimeSummary,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSummary {
    pub min: f64,
    pub mean: f64,
    pub sd: f64,
    pub median: f64,
    pub max: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    pub count: u64,
    pub mean: f64,
    pub sd: f64,
    pub min: f64,
    pub max: f64,
    /// 50 to 99.99, ascending.
    pub percentiles: Vec<Percentile>,
}

/// One percentile with the 95 % interval of its order statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentile {
    /// 99.9
    pub percent: f64,
    pub ms: f64,
    pub low: f64,
    pub high: f64,
    /// Are there ten samples above it? Where not, only the interval says something.
    pub carried: bool,
}

/// Who answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceSpread {
    /// Where the names come from: `header x-scaleproof-replica`.
    pub source: String,
    /// The most requests first.
    pub rows: Vec<InstanceRow>,
    /// Answers that do not say who gave them.
    pub unattributed: u64,
    pub decision: Decision,
    /// Decisions that were counted.
    pub decisions: u64,
    /// Largest share over the mean share, of requests.
    pub max_over_mean: f64,
    /// Jain's index of requests.
    pub jain: f64,
    /// The largest share of as many decisions over the mean that chance alone stays below 95 times out of 100.
    pub by_chance: f64,
    /// Pearson's chi-square over decisions; `None` with too few.
    pub p_value: Option<f64>,
    pub verdict: SpreadVerdict,
    /// What that means here, as a sentence.
    pub explanation: String,
    /// What may be the cause and how to tell, each a sentence; empty when the spread is even.
    pub reasons: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceRow {
    pub name: String,
    pub requests: u64,
    /// 0 to 1.
    pub share: f64,
    /// Answers with a status of 400 or more.
    pub errors: u64,
    /// Decisions for it.
    pub decisions: u64,
    pub p50: f64,
    pub p99: f64,
}

/// What the balancer decides about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Each request goes its own way.
    #[default]
    Request,
    /// All requests of a connection go where the first went.
    Connection,
    /// All requests of a client go to one instance.
    Client,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpreadVerdict {
    Even,
    /// Chance alone explains it, or there is too little to tell.
    #[default]
    Inconclusive,
    Uneven,
    /// Always the same instance.
    Single,
}

/// The generator's own cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    pub cpu_seconds: f64,
    pub cpu_us_per_request: f64,
    /// CPU time over threads × wall time, 0 to 1.
    pub busy: f64,
    /// Was the generator the limit?
    pub is_limit: bool,
    pub peak_memory_bytes: u64,
}

/// What this machine's generator reaches against a server that does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    pub requests_per_second: f64,
    /// The run's rate over it.
    pub ratio: f64,
}

/// `--fail-on 'p99<200ms'`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// As it was written.
    pub text: String,
    /// What was measured: `p99 = 12.3 ms`.
    pub measured: String,
    /// `Unknown` when the sample does not carry it.
    pub verdict: Gate,
}

/// The times of one second, for a log of histograms.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Since the first request that counts.
    pub at: Duration,
    pub length: Duration,
    /// In nanoseconds.
    pub latency: Histogram<u64>,
}

/// One request, for `ab`'s `-g`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Microseconds since the Unix epoch.
    pub started_us: i64,
    pub connect_us: u32,
    pub processing_us: u32,
    pub waiting_us: u32,
}

/// Two runs side by side, `b` over `a`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchComparison {
    pub a: String,
    pub b: String,
    pub rows: Vec<ComparisonRow>,
    /// What makes the two runs hard to compare, as sentences.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// `requests per second`, `p99`.
    pub figure: String,
    pub unit: String,
    pub a: f64,
    pub b: f64,
    /// `None` where `a` is zero.
    pub ratio: Option<f64>,
    /// 95 % interval of the ratio; `None` where one of the runs does not carry it.
    pub interval: Option<(f64, f64)>,
    pub judgement: Judgement,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Judgement {
    #[serde(rename = "better")]
    Better,
    #[serde(rename = "worse")]
    Worse,
    /// Chance alone explains it, or the machine.
    #[serde(rename = "no difference shown")]
    NoDifference,
    /// There is too little to tell.
    #[default]
    #[serde(rename = "cannot be told")]
    Unknown,
}

impl Judgement {
    /// As it is written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Judgement::Better => "better",
            Judgement::Worse => "worse",
            Judgement::NoDifference => "no difference shown",
            Judgement::Unknown => "cannot be told",
        }
    }
}
