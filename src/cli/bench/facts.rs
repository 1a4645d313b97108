//! What a report says of the run beside its figures.

use super::address::Address;
use super::args::Args;
use super::memory;
use super::plan::keeps_alive;
use crate::load::bench::summary::Facts;
use crate::load::bench::{Arrivals, Pace, Plan};
use crate::model::bench::{BenchTarget, LoadAsked};

/// Of a run that is over.
pub fn facts(args: &Args, plan: &Plan, addresses: &[Address]) -> Facts {
    Facts {
        targets: addresses.iter().map(target).collect(),
        load: load(args, plan),
        peak_memory_bytes: memory::peak_bytes(),
    }
}

fn target(address: &Address) -> BenchTarget {
    BenchTarget {
        url: address.url.clone(),
        host: address.bare_host().to_owned(),
        port: address.port,
        path: address.path.clone(),
        ..BenchTarget::default()
    }
}

fn load(args: &Args, plan: &Plan) -> LoadAsked {
    let first = plan.targets.first();
    let line = first.map(|target| String::from_utf8_lossy(&target.request).into_owned()).unwrap_or_default();
    let mut words = line.lines().next().unwrap_or_default().split(' ');
    let (method, protocol) = (words.next().unwrap_or_default(), words.next_back().unwrap_or_default());
    let (rate, arrivals) = match plan.pace {
        Pace::Closed => (None, ""),
        Pace::Open { per_second, arrivals: Arrivals::Constant } => (Some(per_second), "constant"),
        Pace::Open { per_second, arrivals: Arrivals::Poisson } => (Some(per_second), "poisson"),
    };
    LoadAsked {
        connections: plan.connections,
        streams: args.request.http2.then_some(args.load.streams),
        threads: plan.threads,
        requests: plan.requests,
        seconds: plan.duration.map(|duration| duration.as_secs_f64()),
        warmup_seconds: plan.warmup.as_secs_f64(),
        keep_alive: keeps_alive(args),
        protocol: if args.request.http2 { "HTTP/2".into() } else { protocol.to_owned() },
        method: method.to_owned(),
        rate,
        arrivals: arrivals.into(),
        requests_per_connection: plan.requests_per_connection,
        body_bytes: first.map(|target| target.body_bytes as u64).filter(|bytes| *bytes > 0),
        sources: plan.sources.len().max(1) as u32,
        cookies: !args.request.cookies.is_empty(),
        scenario: args.load.scenario.as_ref().map(|path| path.display().to_string()),
        seed: plan.seed,
    }
}
