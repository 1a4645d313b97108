//! One connection of the engines on tokio: TCP or a Unix socket, a proxy's tunnel, TLS.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpSocket, UnixStream};
use tokio_rustls::TlsConnector;

use super::socket::{self, refusal};
use super::{Endpoint, Origin, TlsClient};
use crate::model::bench::{FailureKind, TlsSession};

/// Bytes of a head that a proxy may answer with.
const MOST_PROXY_BYTES: usize = 16 << 10;
/// Until a listener whose queue is full is asked again.
const QUEUE: Duration = Duration::from_millis(10);

/// Why a request has no answer.
pub struct Failed {
    pub kind: FailureKind,
    pub why: String,
}

impl Failed {
    pub fn new(kind: FailureKind, why: impl ToString) -> Self {
        Failed { kind, why: why.to_string() }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Bytes of a connection, without TLS, since somebody asked last.
#[derive(Default)]
pub struct Meter {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Meter {
    pub fn take(&self) -> (u64, u64) {
        (self.received.swap(0, Ordering::Relaxed), self.sent.swap(0, Ordering::Relaxed))
    }
}

pub struct Wire {
    stream: Box<dyn Stream>,
    meter: Arc<Meter>,
}

/// Connects, and agrees on TLS where the origin wants it.
pub async fn open(
    origin: &Origin,
    source: Option<IpAddr>,
    window: Option<usize>,
) -> Result<(Wire, Arc<Meter>, Option<TlsSession>), Failed> {
    let plain = connect(&origin.endpoint, source, window).await;
    let mut plain = plain.map_err(|error| Failed::new(refusal(&error), error))?;
    if let Some(request) = &origin.tunnel {
        tunnel(&mut plain, request).await?;
    }
    let (stream, session): (Box<dyn Stream>, _) = match &origin.tls {
        None => (plain, None),
        Some(client) => secure(plain, client).await?,
    };
    let meter = Arc::new(Meter::default());
    Ok((Wire { stream, meter: meter.clone() }, meter, session))
}

async fn connect(endpoint: &Endpoint, source: Option<IpAddr>, window: Option<usize>) -> io::Result<Box<dyn Stream>> {
    match endpoint {
        Endpoint::Tcp(address) => {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            socket.set_nodelay(true)?;
            if let Some(bytes) = window.and_then(|bytes| u32::try_from(bytes).ok()) {
                socket.set_recv_buffer_size(bytes)?;
                socket.set_send_buffer_size(bytes)?;
            }
            if let Some(source) = source {
                socket.bind(SocketAddr::new(source, 0))?;
            }
            Ok(Box::new(socket.connect(*address).await?))
        }
        Endpoint::Unix(path) => loop {
            match UnixStream::connect(path).await {
                Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::time::sleep(QUEUE).await,
                connected => return Ok(Box::new(connected?)),
            }
        },
    }
}

/// Asks a proxy for a tunnel; reads no more than its answer.
async fn tunnel(stream: &mut Box<dyn Stream>, request: &[u8]) -> Result<(), Failed> {
    let failed = |why: String| Failed::new(FailureKind::Connect, why);
    stream.write_all(request).await.map_err(|error| failed(error.to_string()))?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < MOST_PROXY_BYTES => head.push(byte),
            Ok(_) => return Err(failed("the proxy's answer does not end".into())),
            Err(_) => return Err(failed("the proxy closed the connection".into())),
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    match answer.parse(&head).map(|_| answer.code) {
        Ok(Some(200..300)) => Ok(()),
        Ok(Some(status)) => Err(failed(format!("the proxy answered {status} to CONNECT"))),
        _ => Err(failed("the proxy's answer is not HTTP".into())),
    }
}

async fn secure(plain: Box<dyn Stream>, client: &TlsClient) -> Result<(Box<dyn Stream>, Option<TlsSession>), Failed> {
    let connected = TlsConnector::from(client.config.clone()).connect(client.name.clone(), plain).await;
    let stream = connected.map_err(|error| Failed::new(FailureKind::Tls, error))?;
    let tls = stream.get_ref().1;
    let session = socket::session(tls, client);
    if client.config.alpn_protocols.iter().any(|offered| Some(offered.as_slice()) == tls.alpn_protocol()) {
        return Ok((Box::new(stream), Some(session)));
    }
    Err(Failed::new(FailureKind::Tls, "the server did not agree to speak HTTP/2 (ALPN)"))
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.meter.received.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.meter.sent.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
