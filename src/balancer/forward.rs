//! One request on its way to a replica and back.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{Either, Empty, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;

use super::Shared;
use super::backend::{Backend, InFlight, RequestBody, Sender};
use super::body::ResponseBody;
use super::headers::{self, ERROR, PIN, REPLICA, RESENT};
use super::policy::{Candidate, Key, Policy, STICKY_COOKIE};

/// Where a request goes, and why.
struct Route {
    backend: Arc<Backend>,
    pinned: bool,
    /// The client is told to come back here.
    remember: bool,
}

/// Answers a client: with what a replica says, or with the reason why none did.
pub async fn answer(shared: Arc<Shared>, client: IpAddr, request: Request<Incoming>) -> Response<ResponseBody> {
    if request.method() == Method::CONNECT {
        return refusal(StatusCode::NOT_IMPLEMENTED, "method", "this is no forward proxy: CONNECT has no meaning here");
    }
    let route = match choose(&shared, client, request.headers()) {
        Ok(route) => route,
        Err(refused) => return *refused,
    };
    let backend = route.backend.clone();
    let in_flight = InFlight::new(&backend.tally);
    let mut response = match exchange(&shared, &backend, client, request, in_flight).await {
        Ok(response) => {
            let tally = &backend.tally;
            let counter = if route.pinned { &tally.pinned } else { &tally.balanced };
            counter.fetch_add(1, Ordering::Relaxed);
            response
        }
        Err(failure) => {
            backend.tally.failures.fetch_add(1, Ordering::Relaxed);
            failure.response(&backend)
        }
    };
    if let Ok(name) = HeaderValue::from_str(&backend.upstream.name) {
        response.headers_mut().insert(REPLICA, name);
    }
    if route.remember
        && let Ok(cookie) =
            HeaderValue::from_str(&format!("{STICKY_COOKIE}={}; Path=/; HttpOnly", backend.upstream.name))
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn choose(shared: &Shared, client: IpAddr, headers: &HeaderMap) -> Result<Route, Box<Response<ResponseBody>>> {
    let backends = shared.backends();
    if let Some(pin) = headers.get(PIN) {
        let pinned = backends.iter().find(|backend| backend.upstream.name.as_bytes() == pin.as_bytes());
        return pinned.map(|backend| Route { backend: backend.clone(), pinned: true, remember: false }).ok_or_else(
            || {
                let known: Vec<&str> = backends.iter().map(|backend| &*backend.upstream.name).collect();
                let words = format!("there is no replica {pin:?}; there are: {}", known.join(", "));
                Box::new(refusal(StatusCode::MISDIRECTED_REQUEST, "unknown-pin", &words))
            },
        );
    }
    let now = Instant::now();
    let candidates: Vec<Candidate<'_>> = backends
        .iter()
        .map(|backend| Candidate {
            name: &backend.upstream.name,
            in_flight: backend.tally.in_flight.load(Ordering::Relaxed),
            available: backend.health().available(&shared.settings.health, now),
        })
        .collect();
    let address = headers::client(headers, client);
    let cookie = headers::cookie(headers, STICKY_COOKIE);
    let turn = shared.turn.fetch_add(1, Ordering::Relaxed);
    let key = Key { client: &address, cookie, turn, seed: shared.settings.seed };
    let first = shared.settings.policy.order(&candidates, &key).next();
    let backend = first.and_then(|index| backends.get(index)).cloned().ok_or_else(|| {
        Box::new(refusal(StatusCode::SERVICE_UNAVAILABLE, "no-replica", "there is no replica to ask"))
    })?;
    let remember = shared.settings.policy == Policy::Sticky && cookie != Some(backend.upstream.name.as_str());
    Ok(Route { backend, pinned: false, remember })
}

/// Why a replica gave no answer.
enum Failure {
    Refused(std::io::Error),
    Late(std::time::Duration),
    Broken(hyper::Error),
    /// It switches protocols although nobody asked.
    Switched,
}

impl Failure {
    fn response(&self, backend: &Backend) -> Response<ResponseBody> {
        let who = format!("replica {} at {}", backend.upstream.name, backend.upstream.address);
        match self {
            Failure::Refused(error) => {
                refusal(StatusCode::BAD_GATEWAY, "refused", &format!("{who} accepts no connection: {error}"))
            }
            Failure::Late(limit) => refusal(
                StatusCode::GATEWAY_TIMEOUT,
                "late",
                &format!("{who} did not answer within {} s", limit.as_secs_f64()),
            ),
            Failure::Broken(error) => {
                let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
                refusal(
                    StatusCode::BAD_GATEWAY,
                    "broken",
                    &format!("{who} broke off before it answered: {error}{cause}"),
                )
            }
            Failure::Switched => {
                refusal(StatusCode::BAD_GATEWAY, "broken", &format!("{who} switched protocols without being asked"))
            }
        }
    }
}

/// A response of our own. `reason` is for machines, `words` for people.
fn refusal(status: StatusCode, reason: &'static str, words: &str) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::Own(Full::new(Bytes::from(format!("scaleproof: {words}\n")))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(ERROR, HeaderValue::from_static(reason));
    response
}

async fn exchange(
    shared: &Arc<Shared>,
    backend: &Arc<Backend>,
    client: IpAddr,
    mut request: Request<Incoming>,
    in_flight: InFlight,
) -> Result<Response<ResponseBody>, Failure> {
    let protocol = headers::upgrade(request.headers());
    let client_side = protocol.is_some().then(|| hyper::upgrade::on(&mut request));
    let (mut head, body) = request.into_parts();
    headers::forward(&mut head.headers, client, protocol.as_ref());
    prepare_head(&mut head, backend);
    let request = Request::from_parts(head, Either::Left(body));

    let (response, sender, resent) = send(shared, backend, request).await?;
    let mut response = if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        switch(shared, response, client_side.ok_or(Failure::Switched)?, in_flight)
    } else {
        let (mut head, body) = response.into_parts();
        headers::strip(&mut head.headers, None);
        // An answer in HTTP/1.0 that ends with its connection becomes chunks on ours.
        head.version = Version::HTTP_11;
        backend.keep(sender);
        let in_flight = (!body.is_end_stream()).then_some(in_flight);
        Response::from_parts(head, ResponseBody::Replica(body, in_flight))
    };
    response.headers_mut().remove(ERROR);
    if resent {
        response.headers_mut().insert(RESENT, HeaderValue::from_static("1"));
    }
    Ok(response)
}

fn prepare_head(head: &mut Parts, backend: &Backend) {
    head.version = Version::HTTP_11;
    // A client that takes us for a forward proxy sends the whole URL; a replica expects the path.
    let path = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    if let (Some(host), false) = (head.uri.authority(), head.headers.contains_key(HOST))
        && let Ok(host) = HeaderValue::from_str(host.as_str())
    {
        head.headers.insert(HOST, host);
    }
    head.uri = Uri::from(path);
    // HTTP/1.0 clients need not name a host, HTTP/1.1 servers insist on one.
    if !head.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(&backend.upstream.address.to_string())
    {
        head.headers.insert(HOST, host);
    }
}

/// Sends a request and waits for the head of the answer. True when it had to be sent twice.
///
/// A kept connection may be closed by the replica in the moment in which we use it. That is no failure of the app, so the
/// request goes over a fresh connection once: when hyper gives it back untouched, or when it has no body and its method
/// is safe, so that not even an app that saw it did anything. Nothing else is ever sent again: a doubled effect would look
/// like a bug of the app.
async fn send(
    shared: &Shared,
    backend: &Backend,
    request: Request<RequestBody>,
) -> Result<(Response<Incoming>, Sender, bool), Failure> {
    let settings = &shared.settings;
    let mut resent = false;
    let mut request = request;
    if let Some(mut sender) = backend.idle_connection() {
        let copy = (request.method().is_safe() && request.body().is_end_stream()).then(|| copy_of(&request));
        match in_time(shared, sender.try_send_request(request)).await? {
            Ok(response) => return Ok((response, sender, false)),
            Err(mut error) => {
                let untouched = error.take_message();
                let error = error.into_error();
                match untouched.or(copy.filter(|_| !error.is_parse())) {
                    Some(again) => request = again,
                    None => return Err(Failure::Broken(error)),
                }
                backend.tally.resent.fetch_add(1, Ordering::Relaxed);
                resent = true;
            }
        }
    }
    let mut sender = backend.connect(settings.connect_timeout, &settings.health).await.map_err(Failure::Refused)?;
    let response = in_time(shared, sender.send_request(request)).await?.map_err(Failure::Broken)?;
    Ok((response, sender, resent))
}

async fn in_time<T>(shared: &Shared, future: impl Future<Output = T>) -> Result<T, Failure> {
    let limit = shared.settings.response_timeout;
    tokio::time::timeout(limit, future).await.map_err(|_| Failure::Late(limit))
}

fn copy_of(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(Either::Right(Empty::new()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Both sides speak another protocol from here on; bytes go both ways until one side is done or the balancer stops.
fn switch(
    shared: &Arc<Shared>,
    mut response: Response<Incoming>,
    client_side: OnUpgrade,
    in_flight: InFlight,
) -> Response<ResponseBody> {
    let replica_side = hyper::upgrade::on(&mut response);
    let shared = shared.clone();
    tokio::spawn(async move {
        let tunnel = async {
            let (client, replica) = tokio::try_join!(client_side, replica_side)?;
            let (mut client, mut replica) = (TokioIo::new(client), TokioIo::new(replica));
            // A tunnel that breaks is nothing to tell: both ends see it.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut replica).await;
            Ok::<(), hyper::Error>(())
        };
        tokio::select! {
            _ = tunnel => {}
            () = shared.until_stopped() => {}
        }
        drop(in_flight);
    });
    let protocol = headers::upgrade(response.headers());
    let (mut head, _) = response.into_parts();
    headers::strip(&mut head.headers, protocol.as_ref());
    Response::from_parts(head, ResponseBody::Own(Full::default()))
}
