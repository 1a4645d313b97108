//! A server that does nothing, to learn what the generator reaches on this machine.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::time::Timespec;

use super::{Endpoint, Engine, IdentityFrom, Origin, Pace, Plan, Target, run};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// Long enough for a figure, short enough to wait for.
const CALIBRATION: Duration = Duration::from_secs(2);
const LISTENER: u64 = u64::MAX;
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Requests per second that the generator reaches with as many threads and connections as the plan has, over plain HTTP/1.1 on
/// connections that are kept, against a server that does nothing.
///
/// # Errors
/// What the operating system refuses.
pub fn ceiling(plan: &Plan, stop: &AtomicBool) -> io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = Endpoint::Tcp(listener.local_addr()?);
    let request = Arc::from(*b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let origin = Origin { endpoint, tls: None, tunnel: None };
    let calibration = Plan {
        engine: Engine::Http1,
        targets: vec![Target { origin, request, body_bytes: 0, head_only: false, weight: 1 }],
        requests: None,
        duration: Some(CALIBRATION),
        warmup: CALIBRATION / 10,
        pace: Pace::Closed,
        keep_alive: true,
        requests_per_connection: None,
        sources: Vec::new(),
        identity: IdentityFrom::Nowhere,
        keep_samples: false,
        listener: None,
        ..plan.clone()
    };
    let over = AtomicBool::new(false);
    let measured = thread::scope(|scope| {
        let served = scope.spawn(|| serve(&listener, &over));
        let measured = run(&calibration, stop, &mut |_| {});
        over.store(true, Ordering::Relaxed);
        served.join().unwrap_or_else(|_| Err(io::Error::other("the server that does nothing panicked")))?;
        measured
    })?;
    Ok(measured.tally.answered() as f64 / measured.wall.as_secs_f64().max(1e-9))
}

/// Answers whatever ends with an empty line, until it is over.
fn serve(listener: &TcpListener, over: &AtomicBool) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener.as_fd(), EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut clients: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Vec::with_capacity(256);
    let mut buffer = [0; 4096];
    while !over.load(Ordering::Relaxed) {
        events.clear();
        match epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), Some(&PATIENCE)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            let data = event.data;
            if data.u64() == LISTENER {
                while let Ok((client, _)) = listener.accept() {
                    client.set_nonblocking(true)?;
                    client.set_nodelay(true)?;
                    epoll::add(&epoll, client.as_fd(), EventData::new_u64(clients.len() as u64), EventFlags::IN)?;
                    clients.push(Some(client));
                }
            } else if let Some(place) = clients.get_mut(data.u64() as usize)
                && place.as_mut().is_some_and(|client| answer(client, &mut buffer).is_err())
            {
                *place = None;
            }
        }
    }
    Ok(())
}

fn answer(client: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    match client.read(buffer) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(length) if buffer[..length].ends_with(b"\r\n\r\n") => client.write_all(ANSWER),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}
