//! One connection: a socket that never blocks, with TLS over it or not.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, bind, connect, recv, send,
    socket_with, sockopt,
};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::{Endpoint, TlsClient, certificate};
use crate::model::bench::{FailureKind, TlsSession};

pub struct Socket {
    wire: OwnedFd,
    tls: Option<Box<ClientConnection>>,
}

/// What opening a socket came to at once.
pub enum Opening {
    Open,
    /// It will be told when it is.
    UnderWay,
}

impl Socket {
    /// Begins to connect.
    pub fn open(endpoint: &Endpoint, source: Option<IpAddr>, window: Option<usize>) -> io::Result<(Socket, Opening)> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (wire, connected) = match endpoint {
            Endpoint::Tcp(address) => {
                let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
                let wire = socket_with(family, SocketType::STREAM, flags, None)?;
                sockopt::set_tcp_nodelay(&wire, true)?;
                if let Some(bytes) = window {
                    sockopt::set_socket_recv_buffer_size(&wire, bytes)?;
                    sockopt::set_socket_send_buffer_size(&wire, bytes)?;
                }
                if let Some(source) = source {
                    bind(&wire, &SocketAddr::new(source, 0))?;
                }
                let connected = connect(&wire, address);
                (wire, connected)
            }
            Endpoint::Unix(path) => {
                let wire = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
                let connected = connect(&wire, &SocketAddrUnix::new(path)?);
                (wire, connected)
            }
        };
        let socket = Socket { wire, tls: None };
        match connected {
            Ok(()) => Ok((socket, Opening::Open)),
            Err(Errno::INPROGRESS) => Ok((socket, Opening::UnderWay)),
            Err(error) => Err(error.into()),
        }
    }

    pub fn wire(&self) -> BorrowedFd<'_> {
        self.wire.as_fd()
    }

    /// What became of connecting.
    pub fn connected(&self) -> io::Result<()> {
        Ok(sockopt::socket_error(&self.wire)??)
    }

    /// Everything from here on is TLS.
    pub fn start_tls(&mut self, client: &TlsClient) -> io::Result<()> {
        let mut tls = ClientConnection::new(client.config.clone(), client.name.clone()).map_err(io::Error::other)?;
        tls.set_buffer_limit(None);
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    /// One step of the handshake. True when it is done.
    pub fn handshake(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        loop {
            write_tls(tls, &self.wire)?;
            if !tls.is_handshaking() {
                return Ok(true);
            }
            match tls.read_tls(&mut Wire(&self.wire)) {
                Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "closed during the TLS handshake")),
                Ok(_) => {
                    if let Err(error) = tls.process_new_packets() {
                        // The other side is told why; whether it listens does not matter.
                        let _ = write_tls(tls, &self.wire);
                        return Err(io::Error::new(ErrorKind::InvalidData, error));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    pub fn session(&self, client: &TlsClient) -> Option<TlsSession> {
        self.tls.as_ref().map(|tls| session(tls, client))
    }

    /// Sends from `bytes`; how many were taken. `WouldBlock` when none could be.
    #[inline]
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => Ok(send(&self.wire, bytes, SendFlags::NOSIGNAL)?),
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                write_tls(tls, &self.wire)?;
                Ok(bytes.len())
            }
        }
    }

    /// Sends what TLS still holds back; true when it holds nothing.
    pub fn flush(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        write_tls(tls, &self.wire)?;
        Ok(!tls.wants_write())
    }

    /// Receives into `buffer`: 0 at the end.
    #[inline]
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => Ok(recv(&self.wire, buffer, RecvFlags::empty())?.0),
            Some(tls) => receive_tls(tls, &self.wire, buffer),
        }
    }

    /// May more lie ready although a piece was shorter than the buffer? Over TLS one record is one piece.
    pub fn comes_in_records(&self) -> bool {
        self.tls.is_some()
    }
}

/// What both sides agreed on.
pub fn session(tls: &ClientConnection, client: &TlsClient) -> TlsSession {
    let protocol = tls.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    TlsSession {
        protocol: protocol.replace('_', "."),
        cipher: tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default(),
        key_exchange: tls
            .negotiated_key_exchange_group()
            .map(|group| format!("{:?}", group.name()))
            .unwrap_or_default(),
        server_name: named(client),
        bits: tls.peer_certificates().and_then(|chain| certificate::key_bits(chain.first()?)),
    }
}

/// The name that the server was told: none without SNI, which addresses never have (RFC 6066, section 3).
fn named(client: &TlsClient) -> String {
    match &client.name {
        ServerName::DnsName(name) if client.config.enable_sni => name.as_ref().to_owned(),
        _ => String::new(),
    }
}

/// What it is called when no connection could be made.
pub fn refusal(error: &io::Error) -> FailureKind {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::NotFound => FailureKind::Refused,
        // It was there already; nobody who refuses it says so.
        ErrorKind::ConnectionReset => FailureKind::Reset,
        _ => FailureKind::Connect,
    }
}

fn receive_tls(tls: &mut ClientConnection, wire: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match tls.reader().read(buffer) {
            // Closed without a word: what was read tells whether something is missing.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
        tls.read_tls(&mut Wire(wire))?;
        tls.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    }
}

fn write_tls(tls: &mut ClientConnection, wire: &OwnedFd) -> io::Result<()> {
    while tls.wants_write() {
        match tls.write_tls(&mut Wire(wire)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The socket, as rustls reads and writes it.
struct Wire<'a>(&'a OwnedFd);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(self.0, buffer, RecvFlags::empty())?.0)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(self.0, bytes, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
