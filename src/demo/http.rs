//! The little HTTP that the shops and their store need.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

pub type Answer = Result<Response<Full<Bytes>>, Infallible>;

/// The port that the platform hands to the app.
pub fn port() -> io::Result<u16> {
    std::env::var("PORT").ok().and_then(|port| port.parse().ok()).ok_or_else(|| io::Error::other("PORT is not set"))
}

/// Answers connections on loopback until the process ends.
pub async fn serve<S>(port: u16, service: S) -> io::Result<()>
where
    S: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(connection);
    }
}

/// The body as JSON; `None` when it is none or longer than 64 KiB.
pub async fn json_body(body: Incoming) -> Option<Value> {
    let bytes = Limited::new(body, 64 * 1024).collect().await.ok()?.to_bytes();
    serde_json::from_slice(&bytes).ok()
}

pub fn json(status: StatusCode, value: &Value) -> Answer {
    let mut response = Response::new(Full::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}

pub fn not_found() -> Answer {
    json(StatusCode::NOT_FOUND, &serde_json::json!({ "error": "not found" }))
}

/// The value of a cookie of the request.
pub fn cookie(request: &Request<Incoming>, name: &str) -> Option<String> {
    let cookies = request.headers().get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(String::from))
}

/// Adds `Set-Cookie` to an answer.
pub fn with_cookie(answer: Answer, name: &str, value: &str) -> Answer {
    answer.map(|mut response| {
        if let Ok(cookie) = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax").parse() {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    })
}
