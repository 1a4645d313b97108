//! Are answers spread evenly over instances? Asked of the decisions that a balancer makes, not of requests: where it decides once
//! for each connection, all requests of a connection are one decision, and a test over requests raises a false alarm four times
//! out of five.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, Normal};

use super::{jain, max_over_mean, uniform_p_value};
use crate::model::bench::{Decision, SpreadVerdict};

/// Less likely than this by chance is uneven.
const ALPHA: f64 = 0.01;
/// An instance this much above or below the mean share is worth a word; of a hundred thousand decisions every trifle is
/// significant.
const NOTABLE: f64 = 0.1;
/// More even than chance would be in all but so many cases.
const TURNS: f64 = 0.05;
/// A spread of requests that is more even than chance in all but so many cases is no chance, once there are enough of them.
const IN_TURNS: f64 = 0.99;
const LEAST_IN_TURNS: u64 = 1_000;
/// The noncentrality with which a chi-square test at [`ALPHA`] finds what there is nine times out of ten, with one degree of
/// freedom; it grows slowly with more (J. Cohen, Statistical Power Analysis, 2nd edition, table 7.3).
const POWER: f64 = 14.9;
/// Answers on kept connections, or connections of one source, that tell what a balancer decides about.
const TELLING: u64 = 8;
/// Decisions without which nothing is single.
const LEAST_DECISIONS: u64 = 8;
const SIMULATIONS: usize = 4_000;
/// Decisions of which random spreads are drawn to see what chance does; of more, the normal distribution tells.
const MOST_DRAWN: u64 = 40;
/// Always the same, so that the same run has the same verdict.
const SEED: u64 = 0x5ca1_e900;

/// Who answered how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub requests: u64,
    /// Connections whose first answer it gave.
    pub connections: u64,
}

/// What was seen of a balancer's work.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// One for each instance.
    pub instances: &'a [Answers],
    /// Answers on one connection that came from another instance than the one before, and from the same.
    pub moves: u64,
    pub stays: u64,
    /// First answers of connections, by source address and instance (its place in `instances`).
    pub homes: &'a BTreeMap<(u16, usize), u64>,
}

/// What that says of the balancer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    pub decision: Decision,
    /// For each instance, in the order of what was seen.
    pub counts: Vec<u64>,
    /// Over requests.
    pub max_over_mean: f64,
    pub jain: f64,
    /// The largest share of decisions over the mean that chance alone stays below 95 times out of 100.
    pub by_chance: f64,
    /// Over decisions.
    pub p_value: Option<f64>,
    pub verdict: SpreadVerdict,
}

/// Judges; `None` where no answer says who gave it.
pub fn judge(seen: &Seen<'_>) -> Option<Spread> {
    let requests: Vec<u64> = seen.instances.iter().map(|answers| answers.requests).collect();
    let decision = decision(seen);
    let counts = counts(seen, decision);
    let p_value = p_value(&counts);
    Some(Spread {
        max_over_mean: max_over_mean(&requests)?,
        jain: jain(&requests)?,
        by_chance: max_over_mean_by_chance(counts.iter().sum(), counts.len()),
        verdict: verdict(&requests, &counts, p_value),
        decision,
        counts,
        p_value,
    })
}

/// The probability that two independent decisions differ.
fn differing(counts: &[u64]) -> f64 {
    let sum = counts.iter().sum::<u64>().max(1) as f64;
    1.0 - counts.iter().map(|count| (*count as f64 / sum).powi(2)).sum::<f64>()
}

/// What the balancer decides about: where answers of one connection, or connections of one source, come from different instances
/// far more seldom than independent decisions would, they belong together.
fn decision(seen: &Seen<'_>) -> Decision {
    let requests: Vec<u64> = seen.instances.iter().map(|answers| answers.requests).collect();
    let connections: Vec<u64> = seen.instances.iter().map(|answers| answers.connections).collect();
    let (telling, apart) = sources(seen.homes);
    let several = seen.instances.len() > 1;
    if several && take_turns(&requests) {
        return Decision::Request;
    }
    if several && telling >= TELLING && apart < differing(&connections) / 4.0 {
        return Decision::Client;
    }
    let followed = seen.moves + seen.stays;
    let moves = seen.moves as f64 / followed.max(1) as f64;
    let kept = followed > 0 && (followed < TELLING && seen.moves == 0 || moves < differing(&requests) / 2.0);
    match kept || !several && followed > 0 {
        true => Decision::Connection,
        false => Decision::Request,
    }
}

/// Are requests shared more exactly than connections, which are never equally busy, could share them? A balancer that takes turns
/// may well give each connection the same instance time after time, when as many connections come round in the same order.
fn take_turns(requests: &[u64]) -> bool {
    requests.iter().sum::<u64>() >= LEAST_IN_TURNS && uniform_p_value(requests).is_some_and(|p| p > IN_TURNS)
}

/// How many connections follow another one from their source, and what part of the pairs of one source differ. One source alone
/// tells nothing: its connections may be alike by the client or by the only instance that is left.
fn sources(homes: &BTreeMap<(u16, usize), u64>) -> (u64, f64) {
    let mut of_source: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
    homes.iter().for_each(|((source, _), count)| of_source.entry(*source).or_default().push(*count));
    if of_source.len() < 2 {
        return (0, 1.0);
    }
    let pairs = |count: u64| count as f64 * count.saturating_sub(1) as f64;
    let totals = of_source.values().map(|counts| counts.iter().sum::<u64>());
    let (all, telling) =
        totals.fold((0.0, 0), |(all, telling), sum| (all + pairs(sum), telling + sum.saturating_sub(1)));
    let alike: f64 = of_source.values().flatten().map(|count| pairs(*count)).sum();
    (telling, if all > 0.0 { 1.0 - alike / all } else { 1.0 })
}

/// Decisions for each instance.
fn counts(seen: &Seen<'_>, decision: Decision) -> Vec<u64> {
    let of = |count: fn(&Answers) -> u64| seen.instances.iter().map(count).collect();
    match decision {
        Decision::Request => of(|answers| answers.requests),
        Decision::Connection => of(|answers| answers.connections),
        Decision::Client => {
            // A source belongs where most of its connections went.
            let mut home: BTreeMap<u16, (u64, usize)> = BTreeMap::new();
            for ((source, place), count) in seen.homes {
                let best = home.entry(*source).or_default();
                *best = (*best).max((*count, *place));
            }
            let mut counts = vec![0; seen.instances.len()];
            home.values().for_each(|(_, place)| counts[*place] += 1);
            counts
        }
    }
}

fn verdict(requests: &[u64], counts: &[u64], p_value: Option<f64>) -> SpreadVerdict {
    let decisions: u64 = counts.iter().sum();
    let n = counts.len();
    if n == 1 {
        // A connection that is kept is one decision, and still it was always the same instance.
        return if requests[0] >= LEAST_DECISIONS { SpreadVerdict::Single } else { SpreadVerdict::Inconclusive };
    }
    let mean = decisions as f64 / n as f64;
    let away = counts.iter().map(|count| (*count as f64 / mean - 1.0).abs()).fold(0.0, f64::max);
    match p_value {
        Some(p) if p < ALPHA && away >= NOTABLE => SpreadVerdict::Uneven,
        // Who takes turns is closer together than chance leaves them.
        Some(p) if p > 1.0 - TURNS => SpreadVerdict::Even,
        Some(p) if (p >= ALPHA || away < NOTABLE) && decisions as f64 >= enough(n) => SpreadVerdict::Even,
        _ => SpreadVerdict::Inconclusive,
    }
}

/// Decisions with which one instance that gets twice what each other gets would be found nine times out of ten.
fn enough(instances: usize) -> f64 {
    let n = instances as f64;
    let each = 1.0 / (n + 1.0);
    let effect = n * ((2.0 * each - 1.0 / n).powi(2) + (n - 1.0) * (each - 1.0 / n).powi(2));
    (POWER + 2.5 * (n - 2.0).max(0.0).sqrt()) / effect
}

/// Pearson's test against equal shares; where it expects fewer than five in a cell, its statistic is held against as many random
/// spreads of as many decisions. A spread that is as likely as what was seen counts half, so that neither end is favoured
/// (H. O. Lancaster, J. Am. Stat. Assoc. 56, 1961).
fn p_value(counts: &[u64]) -> Option<f64> {
    let decisions: u64 = counts.iter().sum();
    if counts.len() < 2 || decisions == 0 {
        return None;
    }
    uniform_p_value(counts).or_else(|| {
        // With equal shares, the statistic grows with the sum of the squares and nothing else.
        let squares = |counts: &[u64]| counts.iter().map(|count| count * count).sum::<u64>();
        let seen = squares(counts);
        let draws = simulate(decisions, counts.len(), squares);
        let further = draws.iter().filter(|drawn| **drawn > seen).count() as f64;
        let as_far = draws.iter().filter(|drawn| **drawn == seen).count() as f64;
        Some((0.5 + further + as_far / 2.0) / (1.0 + draws.len() as f64))
    })
}

/// The 95 % point of the largest share over the mean of fair random spreads.
fn max_over_mean_by_chance(decisions: u64, instances: usize) -> f64 {
    if instances < 2 || decisions == 0 {
        return 1.0;
    }
    if decisions > MOST_DRAWN {
        // Counts are normal by then, and the largest exceeds a point as often as all of them together, nearly.
        let z = Normal::standard().inverse_cdf(1.0 - 0.05 / instances as f64);
        return 1.0 + z * ((instances as f64 - 1.0) / decisions as f64).sqrt();
    }
    let mut largest = simulate(decisions, instances, |counts| counts.iter().max().copied().unwrap_or_default());
    largest.sort_unstable();
    largest[largest.len() * 95 / 100] as f64 * instances as f64 / decisions as f64
}

/// `of` the counts of many fair random spreads.
fn simulate(decisions: u64, instances: usize, of: impl Fn(&[u64]) -> u64) -> Vec<u64> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut counts = vec![0u64; instances];
    let draws = (0..SIMULATIONS).map(|_| {
        counts.fill(0);
        (0..decisions).for_each(|_| counts[random.usize(..instances)] += 1);
        of(&counts)
    });
    draws.collect()
}

#[cfg(test)]
mod tests;
