//! One user on the way: renders, sends, judges, step by step.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use reqwest::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Response};
use sha2::{Digest, Sha256};

use crate::model::Name;
use crate::model::bench::FailureKind;
use crate::model::event::{Answer, Assertion, Event, JourneyResult, Purpose, Request, RouteChoice};
use crate::model::fleet::{ERROR_HEADER, PIN_HEADER, REPLICA_HEADER};
use crate::scenario::{self, BodyParts, PartContent, RequestParts, ResponseParts, Step};

use super::clock::{rfc3339, unix_seconds};
use super::cookies::Jar;
use super::{Endpoint, Journey, Road, Trip};

/// Characters of a body that the log keeps, in bytes.
const EXCERPT_BYTES: usize = 2048;
/// A larger body than this is no page and no API answer; reading on would only fill the memory.
const MAX_BODY_BYTES: usize = 64 << 20;
/// What browsers allow.
const MAX_REDIRECTS: u32 = 20;
/// Layers that fail.
const NOT_IN_TIME: &str = "no complete answer in time";
const NOT_CONNECTED: &str = "connecting failed";
const NOT_SECURED: &str = "the TLS handshake failed";
const BROKE_OFF: &str = "the body broke off";
const NO_ANSWER: &str = "no answer";
/// Of a digest: enough to tell values apart, too few to find one.
const DIGEST_DIGITS: usize = 12;

struct User<'a> {
    road: &'a Road,
    journey: Journey,
    client: Client,
    jar: Jar,
    last_response: Option<ResponseParts>,
}

/// An answer, as far as one came.
struct Hop {
    request: Request,
    parts: Option<ResponseParts>,
    location: Option<String>,
}

pub(super) async fn travel(road: &Road, journey: Journey) -> Trip {
    road.sink.emit(Event::JourneyStarted {
        journey: journey.id,
        scenario: journey.scenario.name.clone(),
        user: journey.user,
        purpose: journey.purpose,
        route: journey.route.clone(),
    });
    let id = journey.id;
    let trip = match client(road, journey.fresh_connections) {
        Ok(client) => {
            let jar = Jar::default();
            let mut user = User { road, journey, client, jar, last_response: None };
            let result = user.run().await;
            Trip { result, response: user.last_response }
        }
        Err(error) => Trip {
            result: JourneyResult::Failed { step: 0, reason: format!("no client could be made: {error}") },
            response: None,
        },
    };
    road.sink.emit(Event::JourneyFinished { journey: id, result: trip.result.clone() });
    trip
}

fn client(road: &Road, fresh_connections: bool) -> reqwest::Result<Client> {
    let builder = super::client(road.way.tls.as_deref());
    let builder = match &road.way.endpoint {
        Some(Endpoint::Unix(path)) => builder.unix_socket(path.as_path()),
        Some(Endpoint::Tcp(address)) => {
            let base = reqwest::Url::parse(&road.base).ok();
            let host = base.as_ref().and_then(|base| base.host_str()).unwrap_or_default();
            builder.resolve(host, *address)
        }
        None => builder,
    };
    builder
        .local_address(road.way.source)
        .no_proxy()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("scaleproof/", env!("CARGO_PKG_VERSION")))
        .timeout(road.timeout)
        .pool_max_idle_per_host(if fresh_connections { 0 } else { 4 })
        .build()
}

impl User<'_> {
    async fn run(&mut self) -> JourneyResult {
        let scenario = self.journey.scenario.clone();
        self.journey.variables.set("base", self.road.base.clone());
        for (index, step) in scenario.steps.iter().enumerate() {
            let choice = self.journey.route.get(index).cloned().unwrap_or(RouteChoice::Balanced);
            if choice == RouteChoice::Skipped {
                if self.journey.purpose == Purpose::Unwritten {
                    scenario::take_for_written(step, &mut self.journey.variables);
                }
                continue;
            }
            if let Err(reason) = self.step(index as u32, step, &choice).await {
                return JourneyResult::Failed { step: index as u32, reason };
            }
        }
        JourneyResult::Passed
    }

    async fn step(&mut self, index: u32, step: &Step, choice: &RouteChoice) -> Result<(), String> {
        if step.options.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(step.options.delay_ms)).await;
        }
        self.journey.variables.set_now(rfc3339(SystemTime::now()));
        let mut parts = scenario::render(step, &mut self.journey.variables).map_err(|error| error.to_string())?;
        let pin = match choice {
            RouteChoice::Pinned(replica) => Some(replica),
            RouteChoice::Balanced | RouteChoice::Skipped => None,
        };
        let mut redirects = 0;
        let limit = step.options.max_redirects.unwrap_or(MAX_REDIRECTS).min(MAX_REDIRECTS);
        loop {
            let mut hop = self.send(index, &parts, pin).await;
            let next = hop.location.take().filter(|_| step.options.location).map(|to| self.follow(&parts, &to, &hop));
            match next {
                Some(Ok(next)) if redirects < limit => {
                    redirects += 1;
                    parts = next;
                    self.road.sink.emit(Event::Request(hop.request));
                }
                Some(Ok(_)) => return self.finish(hop, vec![refused(step, format!("more than {limit} redirects"))]),
                Some(Err(reason)) => return self.finish(hop, vec![refused(step, reason)]),
                None => {
                    self.last_response = hop.parts.take();
                    let variables = &mut self.journey.variables;
                    let judged = self.last_response.as_ref().map(|response| scenario::judge(step, response, variables));
                    return self.finish(hop, judged.unwrap_or_default());
                }
            }
        }
    }

    /// Writes the last request of a step down and says whether the story goes on.
    fn finish(&mut self, hop: Hop, assertions: Vec<Assertion>) -> Result<(), String> {
        let failed = match &hop.request.answer {
            Answer::Failed { error } => Err(error.clone()),
            Answer::Response { .. } => match assertions.iter().find(|assertion| !assertion.passed) {
                Some(assertion) => Err(format!("{}: found {}", assertion.text, assertion.actual)),
                None => Ok(()),
            },
        };
        self.road.sink.emit(Event::Request(Request { assertions, ..hop.request }));
        failed
    }

    async fn send(&mut self, step: u32, parts: &RequestParts, pin: Option<&Name>) -> Hop {
        let path = parts.target.split('?').next().unwrap_or("/");
        let kept = if self.journey.purpose == Purpose::Stranger { Vec::new() } else { self.jar.for_path(path) };
        let mut cookies: Vec<(String, String)> =
            kept.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        cookies.extend(parts.cookies.iter().cloned());
        let mut request = Request {
            journey: self.journey.id,
            step,
            user: self.journey.user,
            method: parts.method.clone(),
            target: parts.target.clone(),
            replica: None,
            sent_ms: self.road.now_ms(),
            done_ms: 0.0,
            answer: Answer::Failed { error: String::new() },
            cookies_sent: cookies.iter().map(|(name, _)| Name::from(name)).collect(),
            cookies_set: Vec::new(),
            assertions: Vec::new(),
        };
        if let Some(witness) = &self.road.witness {
            witness.sending();
        }
        let exchanged = match self.build(parts, &cookies, pin).await {
            Ok(built) => self.exchange(built).await,
            Err(error) => Err(error),
        };
        request.done_ms = self.road.now_ms();
        match exchanged {
            Ok((headers, response)) if headers.contains_key(ERROR_HEADER) => {
                let error = String::from_utf8_lossy(&response.body).trim().to_string();
                request.answer = Answer::Failed { error };
                Hop { request, parts: None, location: None }
            }
            Ok((headers, response)) => self.received(request, &headers, response),
            Err(error) => {
                request.answer = Answer::Failed { error };
                Hop { request, parts: None, location: None }
            }
        }
    }

    async fn build(
        &self,
        parts: &RequestParts,
        cookies: &[(String, String)],
        pin: Option<&Name>,
    ) -> Result<reqwest::RequestBuilder, String> {
        let method = Method::from_bytes(parts.method.as_bytes()).map_err(|error| error.to_string())?;
        let mut builder = self.client.request(method, format!("{}{}", self.road.base, parts.target));
        let mut headers = HeaderMap::new();
        for (name, value) in &parts.headers {
            headers.append(header_name(name)?, header_value(value)?);
        }
        if let Some(pin) = pin {
            headers.insert(PIN_HEADER, header_value(pin)?);
        }
        if !cookies.is_empty() && !headers.contains_key(COOKIE) {
            let line: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.insert(COOKIE, header_value(&line.join("; "))?);
        }
        builder = match &parts.body {
            BodyParts::Empty => builder,
            BodyParts::Text { content_type, text } => {
                if let Some(content_type) = content_type.filter(|_| !headers.contains_key("content-type")) {
                    headers.insert("content-type", HeaderValue::from_static(content_type));
                }
                builder.body(text.clone())
            }
            BodyParts::File { path } => builder.body(read(&self.journey.folder, path).await?),
            BodyParts::Multipart(fields) => builder.multipart(form(&self.journey.folder, fields).await?),
        };
        Ok(builder.headers(headers))
    }

    async fn exchange(&self, builder: reqwest::RequestBuilder) -> Result<(HeaderMap, ResponseParts), String> {
        let mut response = builder.send().await.map_err(|error| in_words(&error))?;
        let body = body(&mut response).await?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let parts = ResponseParts {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body,
            url: response.url().to_string(),
        };
        if let Some(witness) = &self.road.witness {
            witness.received(&parts);
        }
        Ok((std::mem::take(response.headers_mut()), parts))
    }

    fn received(&mut self, mut request: Request, headers: &HeaderMap, parts: ResponseParts) -> Hop {
        request.replica = headers.get(REPLICA_HEADER).and_then(|name| name.to_str().ok()).map(Name::from);
        let path = request.target.split('?').next().unwrap_or("/").to_string();
        let now = unix_seconds(SystemTime::now());
        for line in headers.get_all(SET_COOKIE) {
            let set = self.jar.take(&String::from_utf8_lossy(line.as_bytes()), &path, now);
            request.cookies_set.extend(set.map(|(name, value)| (Name::from(name), digest(value.as_bytes()))));
        }
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_string);
        request.answer = Answer::Response {
            status: parts.status,
            bytes: parts.body.len() as u64,
            excerpt: excerpt(&parts.body),
            digest: digest(&parts.body),
            location: location.clone(),
        };
        let redirects = matches!(parts.status, 301 | 302 | 303 | 307 | 308);
        Hop { request, parts: Some(parts), location: location.filter(|_| redirects) }
    }

    /// The request that a redirect asks for. It must lead to the base again.
    fn follow(&self, from: &RequestParts, to: &str, hop: &Hop) -> Result<RequestParts, String> {
        let base = reqwest::Url::parse(&self.road.base).map_err(|error| error.to_string())?;
        let here = base.join(&from.target).map_err(|error| error.to_string())?;
        let next = here.join(to).map_err(|error| format!("redirects to `{to}`, which is no URL: {error}"))?;
        if next.origin() != base.origin() {
            return Err(format!("redirects away from {}, to {}", self.road.base, next.origin().ascii_serialization()));
        }
        let target = next.query().map_or(next.path().to_string(), |query| format!("{}?{query}", next.path()));
        let status = hop.parts.as_ref().map_or(0, |parts| parts.status);
        // RFC 9110, section 15.4: 307 and 308 keep method and body; the others become GET, as every browser does it.
        let keep = matches!(status, 307 | 308) || ["GET", "HEAD"].contains(&from.method.as_str());
        let mut headers = from.headers.clone();
        if !keep {
            headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        }
        Ok(RequestParts {
            method: if keep { from.method.clone() } else { "GET".to_string() },
            target,
            headers,
            cookies: Vec::new(),
            body: if keep { from.body.clone() } else { BodyParts::Empty },
        })
    }
}

fn refused(step: &Step, actual: String) -> Assertion {
    Assertion { text: "location: true".to_string(), line: step.line, passed: false, actual }
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))
}

fn header_value(value: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| format!("`{value}` cannot stand in a header"))
}

async fn body(response: &mut Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| in_words(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY_BYTES {
            return Err(format!("the body is larger than {} MiB", MAX_BODY_BYTES >> 20));
        }
    }
    Ok(body)
}

async fn read(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    tokio::fs::read(folder.join(path)).await.map_err(|error| format!("cannot read `{path}`: {error}"))
}

async fn form(folder: &Path, fields: &[(String, PartContent)]) -> Result<reqwest::multipart::Form, String> {
    let mut form = reqwest::multipart::Form::new();
    for (name, content) in fields {
        let part = match content {
            PartContent::Text(text) => reqwest::multipart::Part::text(text.clone()),
            PartContent::File { path, content_type } => {
                let name = path.rsplit('/').next().unwrap_or(path).to_string();
                let part = reqwest::multipart::Part::bytes(read(folder, path).await?).file_name(name);
                part.mime_str(content_type).map_err(|_| format!("`{content_type}` is no content type"))?
            }
        };
        form = form.part(name.clone(), part);
    }
    Ok(form)
}

/// What it is called in the figures of a benchmark: the inverse of [`in_words`].
pub(super) fn failure_kind(words: &str) -> FailureKind {
    let (layer, cause) = words.split_once(": ").unwrap_or((words, ""));
    match layer {
        NOT_IN_TIME => FailureKind::Timeout,
        NOT_CONNECTED if cause.starts_with("Connection refused") || cause.starts_with("No such file") => {
            FailureKind::Refused
        }
        NOT_CONNECTED => FailureKind::Connect,
        NOT_SECURED => FailureKind::Tls,
        BROKE_OFF => FailureKind::Truncated,
        NO_ANSWER if cause.starts_with("Connection reset") => FailureKind::Reset,
        NO_ANSWER => FailureKind::Closed,
        // It could not be put together.
        _ => FailureKind::Write,
    }
}

/// The layer that failed and the innermost reason: "connecting failed: Connection refused (os error 111)".
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let layer = if error.is_timeout() {
        return NOT_IN_TIME.to_string();
    } else if is_of_tls(cause, error.is_connect()) {
        NOT_SECURED
    } else if error.is_connect() {
        NOT_CONNECTED
    } else if error.is_body() || error.is_decode() {
        BROKE_OFF
    } else {
        NO_ANSWER
    };
    format!("{layer}: {cause}")
}

/// An error of a stream holds what rustls says, or another error of a stream that does, and tells of neither as its source. While
/// connecting, only a handshake can be cut off.
fn is_of_tls(cause: &(dyn std::error::Error + 'static), connecting: bool) -> bool {
    let Some(stream) = cause.downcast_ref::<io::Error>() else { return cause.is::<rustls::Error>() };
    let cut_off = stream.kind() == io::ErrorKind::UnexpectedEof;
    connecting && cut_off || stream.get_ref().is_some_and(|within| is_of_tls(within, connecting))
}

fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..DIGEST_DIGITS].to_string()
}

/// Text up to [`EXCERPT_BYTES`], cut between characters; empty for what is not text.
fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EXCERPT_BYTES)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut within the last character.
        Err(error) if error.error_len().is_none() && body.len() > head.len() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    if text.contains('\0') { String::new() } else { text.to_string() }
}
