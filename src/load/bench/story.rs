//! The engine for stories: users who travel a scenario again and again, each time as somebody new.

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::books::Whole;
use super::clock::nanos;
use super::drive::{Thread, Turn, drive};
use super::identity::MOST_BODY_BYTES;
use super::lane::UnderWay;
use super::response::Observer;
use super::run::Shared;
use super::tally::Tally;
use super::{Plan, Story};
use crate::load::user::failure_kind;
use crate::load::{Journey, Road, Way, Witness, variables};
use crate::model::bench::FailureKind;
use crate::model::event::{Answer, Event, JourneyResult, Purpose, Request, Sink};
use crate::scenario::ResponseParts;

/// A thread of the run.
pub fn run(shared: &Shared<'_>, number: u32, mailbox: &Mutex<Tally>, story: &Story) -> io::Result<()> {
    let plan = shared.plan;
    let scenario = Arc::new(story.scenario.clone());
    let origin = plan.targets.first().map(|target| &target.origin);
    let lanes: Vec<u32> = shared.lanes(number).collect();
    drive(shared, number, mailbox, lanes.len() as u32, async |thread, place| {
        let lane = lanes[place as usize];
        let source = lane % plan.sources.len().max(1) as u32;
        let (sender, heard) = unbounded_channel();
        let ear = Arc::new(Ear(sender));
        let road = Road {
            base: story.base.clone(),
            started: shared.clock.started(),
            sink: ear.clone(),
            timeout: plan.timeout,
            way: Way {
                endpoint: origin.map(|origin| origin.endpoint.clone()),
                source: plan.sources.get(source as usize).copied(),
                tls: origin.and_then(|origin| origin.tls.as_ref()).map(|client| client.config.clone()),
            },
            witness: Some(ear),
        };
        let mut user = User { plan, thread, source: source as u16, heard, journey: Under::default() };
        // Tokens of another run may be known to the server already.
        let seed = plan.seed ^ nanos(shared.began);
        let mut iteration = 0u32;
        while let Some(turn) = thread.turn().await {
            let id = iteration.wrapping_mul(plan.connections).wrapping_add(lane);
            let mut variables = variables(&story.variables, seed, id);
            variables.set("vu", lane + 1);
            variables.set("iteration", iteration);
            let journey = Journey {
                id,
                user: lane + 1,
                scenario: scenario.clone(),
                purpose: Purpose::Spread,
                route: Vec::new(),
                variables,
                fresh_connections: !plan.keep_alive,
                folder: story.folder.clone(),
            };
            user.travel(&turn, &road, journey).await;
            iteration = iteration.wrapping_add(1);
        }
    })
}

/// What happens on a journey, while it happens.
enum Heard {
    Sending,
    Received(ResponseParts),
    Done(Request),
}

struct Ear(UnboundedSender<Heard>);

impl Sink for Ear {
    fn emit(&self, event: Event) {
        if let Event::Request(request) = event {
            // Nobody listens any more: it is over.
            let _ = self.0.send(Heard::Done(request));
        }
    }
}

impl Witness for Ear {
    fn sending(&self) {
        let _ = self.0.send(Heard::Sending);
    }

    fn received(&self, answer: &ResponseParts) {
        let body = answer.body[..answer.body.len().min(MOST_BODY_BYTES)].to_vec();
        let parts = ResponseParts { headers: answer.headers.clone(), body, url: String::new(), ..*answer };
        let _ = self.0.send(Heard::Received(parts));
    }
}

/// One of the users, who counts what becomes of his requests.
struct User<'e, 'a> {
    plan: &'e Plan,
    thread: &'e Thread<'a>,
    source: u16,
    heard: UnboundedReceiver<Heard>,
    journey: Under,
}

/// The journey that is under way.
#[derive(Default)]
struct Under {
    counted: bool,
    /// When it was due, until its first request is sent.
    intended: Option<u64>,
    request: UnderWay,
    /// Who answered last.
    known: Option<usize>,
    /// Did a request fail?
    failed: bool,
    /// Is there no connection?
    unconnected: bool,
    /// Was a request sent that is neither answered nor failed?
    waits: bool,
}

impl User<'_, '_> {
    async fn travel(&mut self, turn: &Turn, road: &Road, journey: Journey) {
        self.journey = Under { counted: turn.counted, intended: Some(turn.intended), ..Under::default() };
        let mut travelled = pin!(road.travel(journey));
        let trip = loop {
            tokio::select! {
                biased;
                Some(heard) = self.heard.recv() => self.hear(heard),
                trip = &mut travelled => break trip,
            }
        };
        while let Ok(heard) = self.heard.try_recv() {
            self.hear(heard);
        }
        match trip.result {
            // No request could be made of the step.
            JourneyResult::Failed { reason, .. } if !self.journey.failed => {
                self.sending();
                self.thread.books().failed(&self.journey.request, FailureKind::Write, || reason);
                self.journey.waits = false;
                self.thread.rest().await;
            }
            _ if self.journey.unconnected => self.thread.rest().await,
            _ => {}
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Sending => self.sending(),
            Heard::Received(answer) => self.received(&answer),
            Heard::Done(request) => self.done(&request),
        }
    }

    fn sending(&mut self) {
        let mut books = self.thread.books();
        let now = books.now();
        let journey = &mut self.journey;
        let first = journey.intended.is_some();
        // Only the first request of a journey is due at a time.
        let intended = journey.intended.take().unwrap_or(now);
        journey.request = books.begin(now, intended, journey.counted);
        journey.waits = true;
        books.tally.counts.connections += u64::from(journey.counted && (first || !self.plan.keep_alive));
    }

    /// Who answered is looked for, and how long the head is.
    fn received(&mut self, answer: &ResponseParts) {
        let (mut books, mut body) = (self.thread.books(), Vec::new());
        let request = &mut self.journey.request;
        let headers: Vec<httparse::Header<'_>> =
            answer.headers.iter().map(|(name, value)| httparse::Header { name, value: value.as_bytes() }).collect();
        let head: usize = headers.iter().map(|header| header.name.len() + header.value.len() + 4).sum();
        if request.counted {
            books.tally.counts.received_bytes += (STATUS_LINE_BYTES + head) as u64;
        }
        let mut witness = books.witness(0, request, &mut body);
        witness.head(answer.status, &headers);
        witness.body(&answer.body);
        witness.end();
    }

    fn done(&mut self, request: &Request) {
        let mut books = self.thread.books();
        let journey = &mut self.journey;
        journey.waits = false;
        let wrong = request.assertions.iter().find(|assertion| !assertion.passed);
        match (&request.answer, wrong) {
            (Answer::Failed { error }, _) => {
                journey.failed = true;
                journey.unconnected = books.failed(&journey.request, failure_kind(error), || error.clone());
            }
            (Answer::Response { .. }, Some(wrong)) => {
                journey.failed = true;
                let why = || format!("line {}: {}: found {}", wrong.line, wrong.text, wrong.actual);
                books.failed(&journey.request, FailureKind::Assertion, why);
            }
            (Answer::Response { bytes, .. }, None) => {
                if journey.request.counted {
                    books.tally.counts.received_bytes += bytes;
                }
                let took = ((request.done_ms - request.sent_ms).max(0.0) * 1e6) as u64;
                let now = journey.request.started + took;
                journey.request.first_byte = now;
                let kept = self.plan.keep_alive;
                let known = journey.known.replace(journey.request.instance).filter(|_| kept);
                let whole = Whole { target: 0, source: self.source, body_bytes: *bytes, kept, known };
                books.answered(&journey.request, &whole, now, || None);
            }
        }
    }
}

impl Drop for User<'_, '_> {
    fn drop(&mut self) {
        if self.journey.waits {
            self.thread.books().abandon(&self.journey.request);
        }
    }
}

/// `HTTP/1.1 200 OK`, and the ends of lines.
const STATUS_LINE_BYTES: usize = 19;
