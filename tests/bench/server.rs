//! A server that misbehaves as its script says: each connection plays one, in turn.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How often somebody who waits looks whether the test is over.
const LOOK: Duration = Duration::from_millis(10);

/// What a server does next on a connection. At the end of the script it closes; what it has not read then makes that a reset.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request, with its body, and counts it.
    Read,
    /// Reads a request's head only.
    ReadHead,
    /// Reads whatever comes for so long.
    Drain(Duration),
    Say(Vec<u8>),
    /// Says it one byte at a time.
    Drip(Vec<u8>, Duration),
    /// Says it again and again until nobody listens.
    Endless(Vec<u8>),
    Wait(Duration),
    /// Holds every request of all connections that is begun meanwhile; only the first that comes here.
    StallOnce {
        after: u64,
        long: Duration,
    },
    /// Shuts its write side down.
    Finish,
    Reset,
    /// Says nothing until the client closes.
    Hold,
    /// The script begins again.
    Again,
}

pub type Script = Vec<Step>;

/// What a server saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Requests that were there with their body.
    pub requests: AtomicU64,
    pub connections: AtomicU64,
    /// Requests by path.
    pub paths: Mutex<BTreeMap<String, u64>>,
    /// Requests of each connection that ended.
    pub served: Mutex<Vec<u64>>,
    pub peers: Mutex<Vec<IpAddr>>,
    /// How long the stall took.
    pub stalled: Mutex<Option<Duration>>,
}

struct Stage {
    scripts: Vec<Script>,
    seen: Seen,
    over: AtomicBool,
    gate: RwLock<()>,
    stalls: AtomicBool,
}

pub struct Server {
    pub address: SocketAddr,
    stage: Arc<Stage>,
    acceptor: Option<JoinHandle<()>>,
}

/// A connection, as much of it as scripts need.
trait Wire: Read + Write + Send {
    fn finish(&mut self);
    fn reset(&mut self);
}

impl Wire for TcpStream {
    fn finish(&mut self) {
        let _ = self.shutdown(Shutdown::Write);
    }

    fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(&*self, Some(Duration::ZERO)).expect("an option of every socket");
    }
}

impl Wire for UnixStream {
    fn finish(&mut self) {
        let _ = self.shutdown(Shutdown::Write);
    }

    fn reset(&mut self) {}
}

impl Wire for StreamOwned<ServerConnection, TcpStream> {
    fn finish(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
        self.sock.finish();
    }

    fn reset(&mut self) {
        self.sock.reset();
    }
}

impl Server {
    /// On a free port of loopback.
    pub fn start(scripts: Vec<Script>) -> Self {
        Self::listen(scripts, None)
    }

    pub fn start_tls(scripts: Vec<Script>, config: Arc<ServerConfig>) -> Self {
        Self::listen(scripts, Some(config))
    }

    fn listen(scripts: Vec<Script>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("an option of every socket");
        let stage = Stage::new(scripts);
        let acceptor = stage.accept(move || {
            let (wire, peer) = listener.accept()?;
            wire.set_nonblocking(false)?;
            wire.set_nodelay(true)?;
            wire.set_read_timeout(Some(LOOK))?;
            wire.set_write_timeout(Some(LOOK))?;
            let wire: Box<dyn Wire> = match &tls {
                None => Box::new(wire),
                Some(config) => {
                    let session = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
                    Box::new(StreamOwned::new(session, wire))
                }
            };
            Ok((wire, Some(peer.ip())))
        });
        Server { address, stage, acceptor: Some(acceptor) }
    }

    pub fn start_unix(scripts: Vec<Script>, listener: UnixListener) -> Self {
        listener.set_nonblocking(true).expect("an option of every socket");
        let stage = Stage::new(scripts);
        let acceptor = stage.accept(move || {
            let (wire, _) = listener.accept()?;
            wire.set_nonblocking(false)?;
            wire.set_read_timeout(Some(LOOK))?;
            wire.set_write_timeout(Some(LOOK))?;
            Ok((Box::new(wire) as Box<dyn Wire>, None))
        });
        Server { address: ([0, 0, 0, 0], 0).into(), stage, acceptor: Some(acceptor) }
    }

    pub fn seen(&self) -> &Seen {
        &self.stage.seen
    }

    pub fn requests(&self) -> u64 {
        self.stage.seen.requests.load(Ordering::SeqCst)
    }

    /// Waits until every connection has ended, which the clients' going brings about.
    pub fn stop(&mut self) {
        self.stage.over.store(true, Ordering::SeqCst);
        if let Some(acceptor) = self.acceptor.take() {
            let ended = acceptor.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Binds a Unix socket whose queue holds `backlog` connections, and one more as Linux counts.
pub fn bind_unix(path: &Path, backlog: i32) -> UnixListener {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    let wire = socket(AddressFamily::UNIX, SocketType::STREAM, None).expect("a socket");
    bind(&wire, &SocketAddrUnix::new(path).expect("a short path")).expect("a free path");
    listen(&wire, backlog).expect("a bound socket");
    wire.into()
}

impl Stage {
    fn new(scripts: Vec<Script>) -> Arc<Self> {
        Arc::new(Stage {
            scripts,
            seen: Seen::default(),
            over: AtomicBool::new(false),
            gate: RwLock::new(()),
            stalls: AtomicBool::new(false),
        })
    }

    fn accept(
        self: &Arc<Self>,
        accept: impl Fn() -> io::Result<(Box<dyn Wire>, Option<IpAddr>)> + Send + 'static,
    ) -> JoinHandle<()> {
        let stage = self.clone();
        thread::spawn(move || {
            let mut players: Vec<JoinHandle<()>> = Vec::new();
            while !stage.over.load(Ordering::SeqCst) {
                let Ok((wire, peer)) = accept() else {
                    players.retain(|player| !player.is_finished());
                    thread::sleep(Duration::from_millis(1));
                    continue;
                };
                let number = stage.seen.connections.fetch_add(1, Ordering::SeqCst);
                stage.seen.peers.lock().expect("no panic").extend(peer);
                let stage = stage.clone();
                players.push(thread::spawn(move || stage.play(number, wire)));
            }
            players.into_iter().for_each(|player| player.join().expect("no panic"));
        })
    }

    fn play(&self, number: u64, mut wire: Box<dyn Wire>) {
        let script = &self.scripts[number as usize % self.scripts.len()];
        let mut player = Player { stage: self, wire: &mut *wire, ahead: Vec::new(), served: 0 };
        let mut place = 0;
        // A client that went away ends the script.
        while let Some(step) = script.get(place)
            && player.step(step).is_ok()
        {
            place = if matches!(step, Step::Again) { 0 } else { place + 1 };
        }
        self.seen.served.lock().expect("no panic").push(player.served);
    }
}

struct Player<'a> {
    stage: &'a Stage,
    wire: &'a mut dyn Wire,
    /// Bytes of the next request.
    ahead: Vec<u8>,
    served: u64,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Read => self.read_request(),
            Step::ReadHead => self.read_head().map(drop),
            Step::Drain(long) => self.drain(*long),
            Step::Say(bytes) => self.say(bytes),
            Step::Drip(bytes, gap) => bytes.chunks(1).try_for_each(|byte| {
                self.say(byte)?;
                self.wait(*gap)
            }),
            Step::Endless(bytes) => loop {
                self.say(bytes)?;
            },
            Step::Wait(long) => self.wait(*long),
            Step::StallOnce { after, long } => {
                self.stall(*after, *long);
                Ok(())
            }
            Step::Finish => {
                self.wire.finish();
                Ok(())
            }
            Step::Reset => {
                self.wire.reset();
                Err(ErrorKind::ConnectionReset.into())
            }
            Step::Hold => loop {
                self.more()?;
            },
            Step::Again => Ok(()),
        }
    }

    /// Whether the test goes on.
    fn going(&self) -> io::Result<()> {
        match self.stage.over.load(Ordering::SeqCst) {
            true => Err(ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }

    fn wait(&self, long: Duration) -> io::Result<()> {
        let until = Instant::now() + long;
        loop {
            self.going()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(LOOK));
        }
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut said = 0;
        while said < bytes.len() {
            self.going()?;
            match self.wire.write(&bytes[said..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => said += length,
                Err(error) if waits(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.wire.flush().or_else(|error| if waits(&error) { Ok(()) } else { Err(error) })
    }

    /// Reads another piece; an error at the end.
    fn more(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        loop {
            self.going()?;
            match self.wire.read(&mut piece) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => {
                    self.ahead.extend_from_slice(&piece[..length]);
                    return Ok(());
                }
                Err(error) if waits(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn drain(&mut self, long: Duration) -> io::Result<()> {
        let until = Instant::now() + long;
        let mut piece = [0; 16 << 10];
        while Instant::now() < until {
            self.going()?;
            match self.wire.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if waits(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_head(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.ahead.drain(..end + 4).collect();
                return Ok(String::from_utf8(head).expect("a request that we wrote"));
            }
            self.more()?;
        }
    }

    fn read_request(&mut self) -> io::Result<()> {
        let head = self.read_head()?;
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a number that we wrote"));
        while self.ahead.len() < length {
            self.more()?;
        }
        self.ahead.drain(..length);
        self.served += 1;
        self.stage.seen.requests.fetch_add(1, Ordering::SeqCst);
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        *self.stage.seen.paths.lock().expect("no panic").entry(path).or_default() += 1;
        Ok(())
    }

    fn stall(&self, after: u64, long: Duration) {
        let stage = self.stage;
        if stage.seen.requests.load(Ordering::SeqCst) < after || stage.stalls.swap(true, Ordering::SeqCst) {
            drop(stage.gate.read());
            return;
        }
        let _closed = stage.gate.write();
        let begun = Instant::now();
        thread::sleep(long);
        *stage.seen.stalled.lock().expect("no panic") = Some(begun.elapsed());
    }
}

fn waits(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
