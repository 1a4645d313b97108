//! From the command line to a plan of the generator.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::address::{self, Address, Resolution};
use super::args::{Args, RequestArgs};
use super::request::RequestParts;
use super::{story, tls, verbose};
use crate::cli::exit::{Failure, Result, all};
use crate::load::bench::{Arrivals, Endpoint, Engine, IdentityFrom, Origin, Pace, Plan, Target, TlsClient};
use crate::model::problem::Problem;

/// Files that are open beside connections (standard streams, epoll, timers, reports): what is enough for most runs, and for all.
const FILES_NEEDED: u64 = 64;
const FILES_WISHED: u64 = 1024;
/// Requests that ab's `-t` stops at.
const TIMELIMIT_REQUESTS: u64 = 50_000;

/// Reads what must be read, resolves names, and refuses what makes no sense.
pub fn plan(args: &Args, addresses: &[Address]) -> Result<Plan> {
    let load = &args.load;
    let targets = targets(args, addresses)?;
    let duration = load.duration.or(load.timelimit.map(Duration::from_secs));
    let requests = match (load.requests, load.timelimit, load.duration) {
        (Some(requests), ..) => Some(requests),
        (None, Some(_), _) => Some(TIMELIMIT_REQUESTS),
        (None, None, Some(_)) => None,
        (None, None, None) => Some(1),
    };
    refuse_idle_connections(args, requests, addresses)?;
    let sources = args.connection.sources.concat();
    refuse_sources(&sources, &targets)?;
    Ok(Plan {
        engine: engine(args, addresses)?,
        threads: threads(load.threads, load.concurrency),
        connections: load.concurrency,
        requests,
        duration,
        warmup: load.warmup.unwrap_or_default(),
        pace: match load.rate {
            None => Pace::Closed,
            Some(per_second) => {
                Pace::Open { per_second, arrivals: if load.poisson { Arrivals::Poisson } else { Arrivals::Constant } }
            }
        },
        keep_alive: keeps_alive(args),
        requests_per_connection: args.connection.requests_per_connection,
        timeout: Duration::from_secs_f64(args.connection.timeout),
        sources,
        window: args.connection.window.map(|bytes| bytes as usize),
        stop_on_receive_error: args.report.ab_compat && !args.connection.keep_going,
        identity: args.report.instance_from.clone().unwrap_or(IdentityFrom::Usual),
        keep_samples: args.report.gnuplot.is_some(),
        seed: load.seed,
        listener: verbose::listener(&args.report),
        targets,
    })
}

/// Connections that would never send anything, and servers that would never be asked.
fn refuse_idle_connections(args: &Args, requests: Option<u64>, addresses: &[Address]) -> Result<()> {
    let connections = args.load.concurrency;
    if requests.is_some_and(|requests| requests < u64::from(connections)) {
        return Err(Problem::new("cannot use a concurrency level greater than the total number of requests")
            .help(format!("`-c {connections}` needs `-n {connections}` or more, or `--duration`."))
            .into());
    }
    let servers = if args.connection.unix_socket.is_some() { 1 } else { servers(addresses) };
    if servers > connections as usize {
        return Err(Problem::new(format!(
            "{servers} servers and {connections} connections: some would never be asked"
        ))
        .help(format!("A connection stays with its server; ask for `-c {servers}` or more."))
        .into());
    }
    Ok(())
}

fn engine(args: &Args, addresses: &[Address]) -> Result<Engine> {
    Ok(match (&args.load.scenario, args.request.http2) {
        (Some(path), _) => Engine::Story(Arc::new(story::story(path, &args.load.variables, addresses)?)),
        (None, true) => Engine::Http2 { streams: args.load.streams },
        (None, false) => Engine::Http1,
    })
}

/// How many servers the URLs name.
fn servers(addresses: &[Address]) -> usize {
    addresses.iter().map(|address| (address.is_tls, &address.host, address.port)).collect::<BTreeSet<_>>().len()
}

/// Connections of HTTP/2 always are (RFC 9113, section 9.1).
pub fn keeps_alive(args: &Args) -> bool {
    args.request.http2
        || args.connection.keep_alive
        || args.connection.requests_per_connection.is_some_and(|requests| requests > 1)
}

/// Half of the processors that this process may use, so that the server has the other half; no more than connections.
fn threads(asked: Option<u32>, connections: u32) -> u32 {
    let processors = thread::available_parallelism().map_or(1, |count| count.get() as u32);
    asked.unwrap_or(processors / 2).clamp(1, connections)
}

/// Raises what the system lets this process open, where it must.
pub fn allow_connections(plan: &Plan) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let files = open_files(plan.connections, limit.maximum.unwrap_or(u64::MAX))?;
    if limit.current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum: limit.maximum })
        .map_err(|error| Failure::refused("the limit of open files cannot be raised", &error.into()))
}

/// How many files connections want to be allowed, where no more than `most` can be.
fn open_files(connections: u32, most: u64) -> std::result::Result<u64, Problem> {
    let needed = u64::from(connections) + FILES_NEEDED;
    if most < needed {
        let need = if connections == 1 { "connection needs" } else { "connections need" };
        return Err(Problem::new(format!("{connections} {need} {needed} open files, and {most} are allowed"))
            .help("Ask for fewer with `-c`, or allow more with `ulimit -Hn`."));
    }
    Ok(most.min(u64::from(connections) + FILES_WISHED))
}

pub fn addresses(args: &Args) -> Result<Vec<Address>> {
    let parsed = args
        .urls
        .iter()
        .map(|url| Address::parse(url).map_err(|why| Problem::new(format!("`{url}` is no URL: {why}"))));
    let addresses = all(parsed)?;
    if args.load.weights.len() > args.urls.len() {
        let (weights, urls) = (args.load.weights.len(), args.urls.len());
        return Err(Problem::new(format!("{weights} weights and {urls} URLs"))
            .help("Give one `--weight` for each URL, in the same order.")
            .into());
    }
    Ok(addresses)
}

fn targets(args: &Args, addresses: &[Address]) -> Result<Vec<Target>> {
    let parts = parts(args)?;
    let spoken = tls::spoken(&args.tls)?;
    let tls = match addresses.iter().any(|address| address.is_tls) {
        true => Some(tls::config(&args.tls, &spoken, if args.request.http2 { b"h2" } else { b"http/1.1" })?),
        false => None,
    };
    let mut targets = Vec::new();
    for (place, address) in addresses.iter().enumerate() {
        let client = match &tls {
            Some(config) if address.is_tls => {
                Some(TlsClient { config: config.clone(), name: tls::server_name(address.bare_host())? })
            }
            _ => None,
        };
        let tunnel = (parts.absolute && address.is_tls).then(|| Arc::from(parts.tunnel(address)));
        targets.push(Target {
            origin: Origin { endpoint: endpoint(args, address)?, tls: client, tunnel },
            request: parts.bytes(address).into(),
            body_bytes: parts.body.as_ref().map_or(0, |(_, body)| body.len()),
            head_only: parts.method == "HEAD",
            weight: args.load.weights.get(place).copied().unwrap_or(1),
        });
    }
    Ok(targets)
}

/// Where connections for a URL go, if they may.
fn endpoint(args: &Args, address: &Address) -> Result<Endpoint> {
    let connection = &args.connection;
    if let Some(path) = &connection.unix_socket {
        return Ok(Endpoint::Unix(path.clone()));
    }
    let owned = connection.yes_i_own_this_host;
    let place = |host: &str, port: u16| address::place(host, port, &connection.resolutions, owned);
    match &connection.proxy {
        None => Ok(Endpoint::Tcp(place(address.bare_host(), address.port)?)),
        Some(proxy) => {
            let proxy = Address::parse(proxy)
                .map_err(|why| Problem::new(format!("`{proxy}` is no proxy: {why}")).help("`-X` wants HOST:PORT."))?;
            // The proxy finds the host by itself; what it is may be known there only.
            if !owned {
                permit_all(address, &connection.resolutions).map_err(|problem| {
                    problem.help(
                        "The proxy finds the host by itself. If it is yours, say so with `--yes-i-own-this-host`.",
                    )
                })?;
            }
            Ok(Endpoint::Tcp(place(proxy.bare_host(), proxy.port)?))
        }
    }
}

/// Every address that somebody else may choose from.
fn permit_all(address: &Address, resolutions: &[Resolution]) -> std::result::Result<(), Problem> {
    let host = address.bare_host();
    let found = address::resolve(host, address.port, resolutions)?;
    found.iter().try_for_each(|found| address::permit(host, found.ip(), false))
}

/// Refuses local addresses that this machine does not have, or that cannot reach a server.
fn refuse_sources(sources: &[IpAddr], targets: &[Target]) -> Result<()> {
    for source in sources {
        let help = "`-B` wants an address of this machine (`ip address` lists them), IPv4 or IPv6 as the server's is.";
        UdpSocket::bind((*source, 0))
            .map_err(|error| Problem::new(format!("no connection can come from {source}: {error}")).help(help))?;
        for target in targets {
            if let Endpoint::Tcp(server) = target.origin.endpoint
                && server.is_ipv4() != source.is_ipv4()
            {
                return Err(Problem::new(format!("no connection can come from {source} to {}", server.ip()))
                    .help(help)
                    .into());
            }
        }
    }
    Ok(())
}

fn parts(args: &Args) -> Result<RequestParts> {
    let request = &args.request;
    let body = body(request)?;
    let method = match (&request.method, request.head, &request.post, &request.put) {
        (Some(method), ..) => method.clone(),
        (None, true, ..) => "HEAD".into(),
        (None, _, Some(_), _) => "POST".into(),
        (None, _, _, Some(_)) => "PUT".into(),
        (None, ..) => "GET".into(),
    };
    Ok(RequestParts {
        method,
        version: if request.http10 || args.report.ab_compat { "HTTP/1.0" } else { "HTTP/1.1" },
        keep_alive: keeps_alive(args),
        headers: request.headers.clone(),
        cookies: request.cookies.clone(),
        credentials: request.credentials.clone(),
        proxy_credentials: args.connection.proxy_credentials.clone(),
        body: body.map(|body| (request.content_type.clone(), body)),
        absolute: args.connection.proxy.is_some(),
    })
}

fn body(request: &RequestArgs) -> Result<Option<Vec<u8>>> {
    let Some(path) = request.post.as_ref().or(request.put.as_ref()) else { return Ok(None) };
    read(path).map(Some)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        Problem::new(format!("the body cannot be read from {}: {error}", path.display()))
            .help("`-p` and `-u` want a file; `-T` says what it is.")
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_wished_for_and_only_few_are_needed() {
        assert_eq!(open_files(10, u64::MAX).unwrap(), 1034);
        assert_eq!(open_files(1, 1024).unwrap(), 1024);
        assert_eq!(open_files(1, 65).unwrap(), 65);
        let refused = |connections, most| open_files(connections, most).unwrap_err().message;
        assert_eq!(refused(1, 64), "1 connection needs 65 open files, and 64 are allowed");
        assert_eq!(refused(2, 64), "2 connections need 66 open files, and 64 are allowed");
    }
}
