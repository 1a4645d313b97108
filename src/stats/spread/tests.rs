//! Known balancers, simulated.

use fastrand::Rng;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, PartialEq)]
enum Balancer {
    RandomPerConnection,
    RandomPerRequest,
    RoundRobin,
    SourceHash,
}

struct Load {
    connections: u64,
    /// Each connection carries between one and twice as many.
    per_connection: u64,
    sources: u16,
}

#[derive(Default)]
struct Run {
    instances: Vec<Answers>,
    moves: u64,
    stays: u64,
    homes: BTreeMap<(u16, usize), u64>,
}

impl Run {
    fn spread(&self) -> Spread {
        // An instance that never answered is not known.
        let known: Vec<usize> = (0..self.instances.len()).filter(|place| self.instances[*place].requests > 0).collect();
        let instances: Vec<Answers> = known.iter().map(|place| self.instances[*place]).collect();
        let place = |old: usize| known.iter().position(|known| *known == old).unwrap();
        let homes = self.homes.iter().map(|((source, old), count)| ((*source, place(*old)), *count)).collect();
        judge(&Seen { instances: &instances, moves: self.moves, stays: self.stays, homes: &homes }).unwrap()
    }
}

fn pick(weights: &[f64], random: &mut Rng) -> usize {
    let mut at = random.f64() * weights.iter().sum::<f64>();
    weights
        .iter()
        .position(|weight| {
            at -= weight;
            at < 0.0
        })
        .unwrap_or(weights.len() - 1)
}

fn simulate_run(balancer: Balancer, load: &Load, weights: &[f64], random: &mut Rng) -> Run {
    let mut run = Run { instances: vec![Answers::default(); weights.len()], ..Run::default() };
    let hash: Vec<usize> = (0..load.sources).map(|_| pick(weights, random)).collect();
    let mut turn = 0;
    for connection in 0..load.connections {
        let source = (connection % u64::from(load.sources)) as u16;
        let mut last = None;
        let mut chosen = pick(weights, random);
        for _ in 0..random.u64(1..=2 * load.per_connection) {
            turn += 1;
            let place = match balancer {
                Balancer::RandomPerConnection => chosen,
                Balancer::RandomPerRequest => {
                    chosen = pick(weights, random);
                    chosen
                }
                Balancer::RoundRobin => turn % weights.len(),
                Balancer::SourceHash => hash[usize::from(source)],
            };
            run.instances[place].requests += 1;
            match last {
                None => {
                    run.instances[place].connections += 1;
                    *run.homes.entry((source, place)).or_default() += 1;
                }
                Some(before) if before == place => run.stays += 1,
                Some(_) => run.moves += 1,
            }
            last = Some(place);
        }
    }
    run
}

const FAIR: [f64; 3] = [1.0, 1.0, 1.0];
const TWICE: [f64; 3] = [2.0, 1.0, 1.0];

/// How often out of `times` the verdict is that.
fn how_often(verdict: SpreadVerdict, times: u32, balancer: Balancer, load: &Load, weights: &[f64]) -> f64 {
    let mut random = Rng::with_seed(42);
    let runs = (0..times).filter(|_| simulate_run(balancer, load, weights, &mut random).spread().verdict == verdict);
    runs.count() as f64 / f64::from(times)
}

#[test]
fn connections_that_are_spread_by_chance_are_seldom_called_uneven() {
    for connections in [10, 50, 200] {
        let load = Load { connections, per_connection: 40, sources: 1 };
        let alarms = how_often(SpreadVerdict::Uneven, 400, Balancer::RandomPerConnection, &load, &FAIR);
        assert!(alarms <= 0.02, "{alarms} at {connections} connections");
    }
}

#[test]
fn a_test_over_requests_would_be_wrong_most_of_the_time() {
    let mut random = Rng::with_seed(1);
    let load = Load { connections: 50, per_connection: 20, sources: 1 };
    let naive = (0..300).filter(|_| {
        let run = simulate_run(Balancer::RandomPerConnection, &load, &FAIR, &mut random);
        let requests: Vec<u64> = run.instances.iter().map(|answers| answers.requests).collect();
        uniform_p_value(&requests).unwrap() < 0.01
    });
    assert!(naive.count() > 240);
}

#[test]
fn requests_spread_by_chance_or_in_turns_are_even() {
    for (connections, per_connection) in [(10, 100), (50, 20), (200, 20)] {
        let load = Load { connections, per_connection, sources: 1 };
        for balancer in [Balancer::RandomPerRequest, Balancer::RoundRobin] {
            let even = how_often(SpreadVerdict::Even, 100, balancer, &load, &FAIR);
            assert!(even >= 0.97, "{even} at {connections} connections");
        }
    }
}

#[test]
fn twice_as_much_for_one_is_found() {
    let load = Load { connections: 200, per_connection: 20, sources: 1 };
    for balancer in [Balancer::RandomPerConnection, Balancer::RandomPerRequest] {
        let found = how_often(SpreadVerdict::Uneven, 100, balancer, &load, &TWICE);
        assert!(found >= 0.9, "{found}");
    }
    // Ten connections cannot tell, and say so.
    let few = Load { connections: 10, per_connection: 500, sources: 1 };
    assert!(how_often(SpreadVerdict::Even, 200, Balancer::RandomPerConnection, &few, &TWICE) < 0.05);
}

#[test]
fn what_is_decided_about_is_seen() {
    let cases = [
        (Balancer::RandomPerConnection, Decision::Connection),
        (Balancer::RandomPerRequest, Decision::Request),
        (Balancer::RoundRobin, Decision::Request),
        (Balancer::SourceHash, Decision::Client),
    ];
    for (balancer, decision) in cases {
        let mut random = Rng::with_seed(3);
        let load = Load { connections: 120, per_connection: 10, sources: 40 };
        let right =
            (0..100).filter(|_| simulate_run(balancer, &load, &FAIR, &mut random).spread().decision == decision);
        assert!(right.count() >= 99, "{decision:?}");
    }
}

#[test]
fn clients_are_counted_once_each() {
    let mut random = Rng::with_seed(5);
    let load = Load { connections: 400, per_connection: 5, sources: 40 };
    let spread = simulate_run(Balancer::SourceHash, &load, &FAIR, &mut random).spread();
    assert_eq!(spread.counts.iter().sum::<u64>(), 40);
    assert_ne!(spread.verdict, SpreadVerdict::Uneven);
}

/// Eight connections come round in the same order, and so do two instances.
#[test]
fn turns_that_fall_in_step_with_connections_are_still_turns() {
    let instances = [Answers { requests: 5_000, connections: 4 }; 2];
    let homes = BTreeMap::from([((0, 0), 4), ((0, 1), 4)]);
    let spread = judge(&Seen { instances: &instances, moves: 0, stays: 9_992, homes: &homes }).unwrap();
    assert_eq!((spread.decision, spread.verdict), (Decision::Request, SpreadVerdict::Even));
}

#[test]
fn connections_that_carry_one_request_are_requests() {
    let instances = [50, 51, 49].map(|requests| Answers { requests, connections: requests });
    let homes = (0..3).map(|place| ((0, place), instances[place].connections)).collect();
    let spread = judge(&Seen { instances: &instances, moves: 0, stays: 0, homes: &homes }).unwrap();
    assert_eq!((spread.decision, spread.verdict), (Decision::Request, SpreadVerdict::Even));
}

#[test]
fn always_the_same_is_single_and_nothing_is_nothing() {
    let homes = BTreeMap::from([((0, 0), 1)]);
    let one = |requests, connections, stays| {
        let instances = [Answers { requests, connections }];
        judge(&Seen { instances: &instances, moves: 0, stays, homes: &homes }).unwrap()
    };
    assert_eq!(one(1_000, 1, 999).verdict, SpreadVerdict::Single);
    assert_eq!(one(1_000, 1, 999).decision, Decision::Connection);
    assert_eq!(one(3, 3, 0).verdict, SpreadVerdict::Inconclusive);
    assert_eq!(judge(&Seen { instances: &[], moves: 0, stays: 0, homes: &BTreeMap::new() }), None);
}

#[test]
fn few_connections_are_uneven_by_chance_as_known() {
    for (connections, point) in [(10, 2.10), (50, 1.44), (200, 1.22)] {
        let found = max_over_mean_by_chance(connections, 3);
        assert!((found - point).abs() < 0.03, "{found} for {connections}");
    }
    // The formula takes over where the drawing ends.
    let (drawn, computed) = (max_over_mean_by_chance(MOST_DRAWN, 3), max_over_mean_by_chance(MOST_DRAWN + 1, 3));
    assert!((drawn - computed).abs() < 0.06, "{drawn} {computed}");
}

#[test]
fn the_drawn_p_value_agrees_with_counting() {
    // Four decisions on two instances all alike: 2 of 16, of which half counts.
    assert!((p_value(&[4, 0]).unwrap() - 0.0625).abs() < 0.01);
    // Six on three, all alike: 3 of 729, likewise.
    assert!((p_value(&[6, 0, 0]).unwrap() - 1.5 / 729.0).abs() < 0.001);
}

proptest! {
    #[test]
    fn every_count_has_a_verdict(counts in proptest::collection::vec((0u64..5_000, 0u64..50), 1..6), moves in 0u64..500, stays in 0u64..500) {
        let instances: Vec<Answers> = counts.iter().map(|(requests, connections)| Answers { requests: requests + connections, connections: *connections }).collect();
        let homes = instances.iter().enumerate().map(|(place, answers)| (((place % 2) as u16, place), answers.connections)).collect();
        if let Some(spread) = judge(&Seen { instances: &instances, moves, stays, homes: &homes }) {
            prop_assert_eq!(spread.counts.len(), instances.len());
            prop_assert!(spread.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)));
            prop_assert!(spread.by_chance >= 1.0 - 1e-9);
        }
    }
}
