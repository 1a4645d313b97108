//! A request, and its answer piece by piece.

use std::io::ErrorKind;
use std::mem;

use super::super::Heard;
use super::super::books::Whole;
use super::super::lane::Stage;
use super::Worker;

impl Worker<'_> {
    /// Writes what is left of the request.
    #[inline]
    pub(super) fn write(&mut self, id: usize) {
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
    pub(super) fn read(&mut self, id: usize, ended: bool) {
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
    pub(super) fn piece(&mut self, id: usize, bytes: &[u8]) {
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

    /// The answer is whole.
    #[inline]
    pub(super) fn answered(&mut self, id: usize, now: u64, clean: bool) {
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
}
