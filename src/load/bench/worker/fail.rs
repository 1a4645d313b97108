//! What becomes of a request that gets no answer.

use std::io::{self, ErrorKind};

use super::super::lane::Stage;
use super::super::response::Fault;
use super::super::socket::refusal;
use super::Worker;
use crate::model::bench::FailureKind;

impl Worker<'_> {
    /// The other side sends no more.
    pub(super) fn ended(&mut self, id: usize) {
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

    pub(super) fn fault(&mut self, id: usize, fault: Fault) {
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

    pub(super) fn broken(&mut self, id: usize, error: &io::Error) {
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

    pub(super) fn not_connected(&mut self, id: usize, error: &io::Error) {
        self.fail(id, refusal(error), error);
    }

    /// The request has no answer.
    #[cold]
    pub(super) fn fail(&mut self, id: usize, kind: FailureKind, error: &io::Error) {
        let lane = &mut self.lanes[id];
        self.busy -= 1;
        let unconnected = self.books.failed(&lane.request, kind, || error.to_string());
        lane.close();
        lane.stage = if unconnected { Stage::Resting } else { Stage::Idle };
        if !unconnected {
            self.ready.push(id);
        }
    }
}
