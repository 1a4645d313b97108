//! What a spread over instances means, in sentences that fit the options in use.

use std::collections::BTreeMap;

use super::{InstanceTally, Tally};
use crate::model::bench::{Decision, InstanceRow, InstanceSpread, LoadAsked, SpreadVerdict};
use crate::stats::latency;
use crate::stats::spread::{Answers, Seen, Spread, judge};

/// Who answered; `None` when no answer says so.
pub(super) fn of(tally: &Tally, load: &LoadAsked) -> Option<InstanceSpread> {
    let (nameless, named) = tally.instances.split_first()?;
    let named: Vec<&InstanceTally> = named.iter().filter(|instance| !instance.latency.is_empty()).collect();
    let answers: Vec<Answers> = named
        .iter()
        .map(|instance| Answers { requests: instance.latency.len(), connections: instance.connections })
        .collect();
    let place = |name: &str| named.iter().position(|instance| instance.name == name);
    let homes: BTreeMap<(u16, usize), u64> =
        tally.homes.iter().filter_map(|((source, name), count)| Some(((*source, place(name)?), *count))).collect();
    let seen = Seen { instances: &answers, moves: tally.counts.moves, stays: tally.counts.stays, homes: &homes };
    let spread = judge(&seen)?;
    let total: u64 = answers.iter().map(|answers| answers.requests).sum();
    let rows = named.iter().zip(&spread.counts).map(|(instance, decisions)| row(instance, *decisions, total));
    let mut rows: Vec<InstanceRow> = rows.collect();
    let unattributed = nameless.latency.len();
    let doubt = doubt(rows.len(), total, unattributed);
    let connections = answers.iter().map(|answers| answers.connections).sum();
    rows.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.name.cmp(&b.name)));
    Some(InstanceSpread {
        source: tally.identity.clone().unwrap_or_default(),
        verdict: if doubt.is_some() { SpreadVerdict::Inconclusive } else { spread.verdict },
        reasons: if doubt.is_some() { Vec::new() } else { reasons(&spread, &rows, load, connections) },
        explanation: doubt.unwrap_or_else(|| explanation(&spread, &rows, load)),
        rows,
        unattributed,
        decision: spread.decision,
        decisions: spread.counts.iter().sum(),
        max_over_mean: spread.max_over_mean,
        jain: spread.jain,
        by_chance: spread.by_chance,
        p_value: spread.p_value,
    })
}

/// Parts of all answers without a name above which the others are no picture of the whole.
const MOST_NAMELESS: f64 = 0.05;
/// Names of instances are given more than once; fewer different ones than these may be instances all the same.
const MANY_NAMES: usize = 20;

/// Why names say nothing of the balancer, if they do not.
fn doubt(names: usize, named: u64, nameless: u64) -> Option<String> {
    const ADVICE: &str = "`--instance-from` says where to look.";
    if names >= MANY_NAMES && names as u64 * 2 > named {
        return Some(format!(
            "{names} names in {named} answers: what is taken for the name of an instance differs with almost every answer. {ADVICE}"
        ));
    }
    let all = named + nameless;
    (nameless as f64 > MOST_NAMELESS * all as f64).then(|| {
        format!("{nameless} of {all} answers do not say who gave them, so the others tell too little. {ADVICE}")
    })
}

fn row(instance: &InstanceTally, decisions: u64, total: u64) -> InstanceRow {
    let requests = instance.latency.len();
    InstanceRow {
        name: instance.name.to_string(),
        requests,
        share: requests as f64 / total as f64,
        errors: instance.errors,
        decisions,
        p50: latency::percentile(&instance.latency, 50.0).ms,
        p99: latency::percentile(&instance.latency, 99.0).ms,
    }
}

/// `3 connections`.
fn unit(decision: Decision, count: u64) -> String {
    let noun = match decision {
        Decision::Request => "request",
        Decision::Connection => "connection",
        Decision::Client => "client address",
    };
    let plural = match (count, noun) {
        (1, _) => "",
        (_, "client address") => "es",
        _ => "s",
    };
    format!("{count} {noun}{plural}")
}

fn explanation(spread: &Spread, rows: &[InstanceRow], load: &LoadAsked) -> String {
    let instances = rows.len();
    let decisions: u64 = spread.counts.iter().sum();
    let units = unit(spread.decision, decisions);
    let most = spread.counts.iter().max().copied().unwrap_or_default();
    let busiest = most as f64 * instances as f64 / decisions.max(1) as f64;
    let decides = match spread.decision {
        Decision::Request => "Each request goes its own way",
        Decision::Connection => "The balancer decides once for each connection",
        Decision::Client => "The balancer decides once for each client address",
    };
    let chance = spread.by_chance;
    match spread.verdict {
        SpreadVerdict::Single => {
            format!("All {} answers came from one instance, {}.", rows[0].requests, rows[0].name)
        }
        SpreadVerdict::Even if spread.decision != Decision::Request && spread.max_over_mean > 1.1 => format!(
            "{decides}, and spreads {units} evenly over {instances} instances. Requests are less even, the busiest instance has \
             {:.2} times the mean, because connections are kept and not equally busy.",
            spread.max_over_mean
        ),
        SpreadVerdict::Even => format!(
            "{decides}, and {instances} instances share {units} evenly: the busiest has {busiest:.2} times the mean."
        ),
        SpreadVerdict::Uneven => {
            let p = spread.p_value.unwrap_or_default();
            let seldom = if p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {p:.4}") };
            format!(
                "{decides}, and the busiest of {instances} instances has {busiest:.2} times the mean of {units}: chance alone does not \
                 explain that ({seldom})."
            )
        }
        SpreadVerdict::Inconclusive if instances < 2 => {
            format!("{} answers are too few to tell whether others would answer as well.", rows[0].requests)
        }
        SpreadVerdict::Inconclusive => {
            let are = if decisions == 1 { "is" } else { "are" };
            let more = more_decisions(spread.decision, decisions, load);
            format!(
                "{decides}, and {units} {are} too few to tell: the busiest of {instances} instances has {busiest:.2} times the mean, and \
                 chance alone makes that up to {chance:.2}.{more}"
            )
        }
    }
}

/// How to have more decisions to look at.
fn more_decisions(decision: Decision, decisions: u64, load: &LoadAsked) -> String {
    match decision {
        Decision::Request => " More requests tell.".to_owned(),
        Decision::Connection if load.keep_alive => format!(
            " That is what keep-alive over {} does, and no fault of the balancer; `--requests-per-connection 1` makes each request a \
             decision.",
            unit(Decision::Connection, decisions)
        ),
        Decision::Connection => " More connections tell.".to_owned(),
        Decision::Client => " More addresses tell: `--source` takes several of 127.0.0.0/8.".to_owned(),
    }
}

fn reasons(spread: &Spread, rows: &[InstanceRow], load: &LoadAsked, connections: u64) -> Vec<String> {
    match spread.verdict {
        SpreadVerdict::Single => always_the_same(load, connections),
        SpreadVerdict::Uneven => uneven(spread, rows),
        SpreadVerdict::Even | SpreadVerdict::Inconclusive => Vec::new(),
    }
}

fn always_the_same(load: &LoadAsked, connections: u64) -> Vec<String> {
    let mut reasons = Vec::new();
    if load.keep_alive && load.requests_per_connection.is_none() {
        reasons.push(match connections {
            0 | 1 => "One connection was kept for all requests, and many balancers decide once for each connection: try \
                  `--requests-per-connection 1`."
                .to_owned(),
            many => format!(
                "{many} connections were kept for all requests, and a balancer that decides for each connection may have found all \
                 others busy or gone when they were opened: try `--requests-per-connection 1`."
            ),
        });
    }
    if load.cookies {
        reasons.push(
            "Requests carry a cookie, and a balancer with sticky sessions follows it: try without `-C`, or without the cookies \
             of the scenario."
                .to_owned(),
        );
    }
    reasons.push(match load.sources {
        0 | 1 => "All requests came from one address, and a balancer with affinity by address (`ip_hash`, `balance source`, \
                  `sessionAffinity: ClientIP`) sends them to one instance: try `--source 127.0.1.1,127.0.2.1,127.0.3.1`."
            .to_owned(),
        many => format!(
            "Requests came from {many} addresses, so affinity by address is unlikely, unless a proxy in between hides them."
        ),
    });
    reasons.push(
        "Only one instance may be up, or known to the balancer: a name that it resolved once, when there was one address, stays \
         at that address. See its list of servers and their health, and ask each instance directly."
            .to_owned(),
    );
    if reasons.len() < 3 {
        reasons.push(
            "What names the instance may name something else, such as the balancer itself or a cache in front of it: `--instance-from` says \
             where to look."
                .to_owned(),
        );
    }
    reasons
}

/// This much slower is seen by a balancer that counts open connections.
const SLOWER: f64 = 1.5;

fn uneven(spread: &Spread, rows: &[InstanceRow]) -> Vec<String> {
    let by_speed = |a: &&InstanceRow, b: &&InstanceRow| a.p50.total_cmp(&b.p50);
    let (fastest, slowest) = (rows.iter().min_by(by_speed), rows.iter().max_by(by_speed));
    let speed = match fastest.zip(slowest) {
        Some((fast, slow)) if fast.p50 > 0.0 && slow.p50 / fast.p50 >= SLOWER => format!(
            "{} needs {:.2} ms where {} needs {:.2} ms (p50): a balancer that looks for the fewest open connections gives it less, which \
             is as it should be.",
            slow.name, slow.p50, fast.name, fast.p50
        ),
        _ => "All instances are about equally fast (p50), so it is not a balancer that prefers the faster ones."
            .to_owned(),
    };
    let health = match rows.iter().filter(|row| row.errors > 0).max_by_key(|row| row.errors) {
        Some(worst) => format!(
            "{} answered {} times with an error: the balancer may have taken it out for a part of the run. See its log of health checks.",
            worst.name, worst.errors
        ),
        None => "An instance may have been out for a part of the run, when it started late or failed a health check: a second run \
                 shows whether it stays uneven."
            .to_owned(),
    };
    let intended = match spread.decision {
        Decision::Client => {
            "Addresses are few and some may have been sent to the same instance by their hash: take more of them with \
                             `--source`, or a consistent hash."
                .to_owned()
        }
        _ => "Instances may have different weights in the balancer's configuration.".to_owned(),
    };
    vec![intended, speed, health]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instances by requests and connections, all on `load`.
    fn spread(instances: &[(&str, u64, u64)], moves: u64, stays: u64, load: &LoadAsked) -> InstanceSpread {
        let mut tally = Tally::default();
        for (name, requests, connections) in instances {
            let place = tally.instance(name.as_bytes());
            (0..*connections).for_each(|_| tally.home(0, place));
            tally.instances[place].latency.record_n(1_000_000, *requests).unwrap();
        }
        (tally.counts.moves, tally.counts.stays) = (moves, stays);
        of(&tally, load).unwrap()
    }

    fn kept(connections: u32) -> LoadAsked {
        LoadAsked { connections, keep_alive: true, sources: 1, ..LoadAsked::default() }
    }

    #[test]
    fn keep_alive_is_named_where_it_is_the_cause() {
        let seen = spread(&[("a", 7_000, 7), ("b", 2_000, 2), ("c", 1_000, 1)], 0, 9_990, &kept(10));
        assert_eq!(
            (seen.verdict, seen.decision, seen.decisions),
            (SpreadVerdict::Inconclusive, Decision::Connection, 10)
        );
        assert!(seen.explanation.contains("no fault of the balancer"), "{}", seen.explanation);
        assert!(seen.explanation.contains("2.10 times the mean") && seen.reasons.is_empty(), "{}", seen.explanation);
    }

    #[test]
    fn always_the_same_has_reasons_that_fit_the_options() {
        let one = spread(&[("a", 900, 1)], 0, 899, &kept(1));
        assert_eq!(one.verdict, SpreadVerdict::Single);
        assert!(one.reasons.len() == 3 && one.reasons[0].contains("One connection was kept"), "{:?}", one.reasons);
        let load = LoadAsked { sources: 30, cookies: true, ..LoadAsked::default() };
        let other = spread(&[("a", 900, 900)], 0, 0, &load);
        assert!(other.reasons.len() == 3 && other.reasons[0].contains("sticky"), "{:?}", other.reasons);
        assert!(other.reasons[1].contains("30 addresses"), "{:?}", other.reasons);
        assert_eq!(spread(&[("a", 900, 900)], 0, 0, &LoadAsked::default()).reasons.len(), 3);
    }

    #[test]
    fn twice_as_much_is_uneven_and_shares_add_up() {
        let seen = spread(&[("b", 2_500, 0), ("a", 5_000, 0), ("c", 2_500, 0)], 5_000, 3_000, &kept(10));
        assert_eq!((seen.verdict, seen.decision), (SpreadVerdict::Uneven, Decision::Request));
        let names: Vec<&str> = seen.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!((seen.rows.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(seen.reasons.len(), 3);
    }

    #[test]
    fn names_that_are_none_and_answers_without_tell_nothing() {
        let names: Vec<String> = (0..40).map(|number| format!("request-{number}")).collect();
        let each: Vec<(&str, u64, u64)> = names.iter().map(|name| (name.as_str(), 1, 1)).collect();
        let seen = spread(&each, 0, 0, &kept(10));
        assert_eq!(seen.verdict, SpreadVerdict::Inconclusive);
        assert!(seen.explanation.contains("differs with almost every answer"), "{}", seen.explanation);
        let mut tally = Tally::default();
        for (place, requests) in [(0, 2_000), (tally.instance(b"a"), 3_000), (tally.instance(b"b"), 3_000)] {
            tally.instances[place].latency.record_n(1_000_000, requests).unwrap();
        }
        let seen = of(&tally, &kept(10)).unwrap();
        assert_eq!((seen.verdict, seen.unattributed), (SpreadVerdict::Inconclusive, 2_000));
        assert!(seen.explanation.contains("2000 of 8000 answers do not say"), "{}", seen.explanation);
    }

    #[test]
    fn who_names_nobody_has_no_spread() {
        assert_eq!(of(&Tally::default(), &LoadAsked::default()), None);
    }
}
