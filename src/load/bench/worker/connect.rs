//! From no connection to one that carries requests: the socket, a proxy's tunnel, TLS.

use std::io::{self, ErrorKind};

use rustix::event::epoll::{self, EventData, EventFlags};

use super::super::Origin;
use super::super::lane::{Stage, UnderWay};
use super::super::socket::{Opening, Socket};
use super::Worker;
use crate::model::bench::FailureKind;

impl<'a> Worker<'a> {
    pub(super) fn connect(&mut self, id: usize) {
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
    pub(super) fn connected(&mut self, id: usize) {
        match self.lanes[id].socket.as_ref().map(Socket::connected) {
            Some(Ok(())) => self.open(id),
            Some(Err(error)) => self.not_connected(id, &error),
            None => {}
        }
    }

    /// The socket is there: a tunnel, TLS, or the request come next.
    pub(super) fn open(&mut self, id: usize) {
        let lane = &mut self.lanes[id];
        lane.request.connected = self.shared.clock.now();
        self.books.tally.counts.connections += u64::from(lane.request.counted);
        if self.origin(id).tunnel.is_some() {
            let lane = &mut self.lanes[id];
            lane.stage = Stage::Tunnelling;
            // What a proxy answers to CONNECT has no body when it is well.
            lane.reader.begin(true);
            return self.write(id);
        }
        self.secure(id);
    }

    pub(super) fn secure(&mut self, id: usize) {
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

    pub(super) fn handshake(&mut self, id: usize) {
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

    /// The proxy answers.
    pub(super) fn tunnel(&mut self, id: usize) {
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

    fn origin(&self, id: usize) -> &'a Origin {
        &self.plan.targets[self.lanes[id].target].origin
    }
}
