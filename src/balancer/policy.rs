//! Who is next: a pure function of who is there, what the request brings, and a counter. No network, no clock.

use std::cmp::Reverse;

/// How a balanced request finds its replica.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    #[default]
    RoundRobin,
    /// The replica with the fewest requests in flight; equals take turns.
    LeastConnections,
    /// The same client address goes to the same replica, and few clients move when the replicas change.
    IpHash,
    /// Drawn with the seed: the same seed and the same order of requests give the same choices.
    Random,
    /// Round robin for a client's first request; a cookie brings the client back.
    Sticky,
}

/// The cookie of [`Policy::Sticky`]; its value is the replica's name.
pub const STICKY_COOKIE: &str = "scaleproof_sticky";

/// One replica, as the choice sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    pub name: &'a str,
    pub in_flight: u64,
    /// Unavailable replicas come last, so that they are asked only when no other is left.
    pub available: bool,
}

/// What the request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The client's address as text.
    pub client: &'a str,
    /// The value of the [`STICKY_COOKIE`].
    pub cookie: Option<&'a str>,
    /// Counts the balanced requests from 0.
    pub turn: u64,
    pub seed: u64,
}

impl Policy {
    /// Every candidate once, as an index, the one to ask first.
    pub fn order(&self, candidates: &[Candidate<'_>], key: &Key<'_>) -> impl Iterator<Item = usize> {
        let (mut well, mut unwell): (Vec<usize>, Vec<usize>) =
            (0..candidates.len()).partition(|&index| candidates[index].available);
        self.sort(&mut well, candidates, key);
        self.sort(&mut unwell, candidates, key);
        well.into_iter().chain(unwell)
    }

    fn sort(&self, indices: &mut [usize], candidates: &[Candidate<'_>], key: &Key<'_>) {
        let Some(length) = u64::try_from(indices.len()).ok().filter(|&length| length > 0) else { return };
        let start = match self {
            Policy::Random => mix(key.seed ^ mix(key.turn)) % length,
            _ => key.turn % length,
        };
        indices.rotate_left(usize::try_from(start).unwrap_or(0));
        match self {
            Policy::RoundRobin | Policy::Random => {}
            Policy::LeastConnections => indices.sort_by_key(|&index| candidates[index].in_flight),
            // Rendezvous hashing: a replica that leaves moves only its own clients.
            Policy::IpHash => {
                indices.sort_by_key(|&index| Reverse(mix(hash(key.client) ^ hash(candidates[index].name))))
            }
            Policy::Sticky => indices.sort_by_key(|&index| key.cookie != Some(candidates[index].name)),
        }
    }
}

/// FNV-1a: stable over versions and machines, which the standard hasher does not promise.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of splitmix64: neighbouring inputs give unrelated outputs.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 8] = ["r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"];

    fn candidates(count: usize) -> Vec<Candidate<'static>> {
        NAMES[..count].iter().map(|name| Candidate { name, in_flight: 0, available: true }).collect()
    }

    fn key(turn: u64) -> Key<'static> {
        Key { client: "127.0.0.1", cookie: None, turn, seed: 7 }
    }

    fn first(policy: &Policy, candidates: &[Candidate<'_>], key: &Key<'_>) -> usize {
        policy.order(candidates, key).next().unwrap()
    }

    fn shares(policy: &Policy, count: usize, turns: std::ops::Range<u64>) -> Vec<u64> {
        let candidates = candidates(count);
        let mut shares = vec![0; count];
        turns.for_each(|turn| shares[first(policy, &candidates, &key(turn))] += 1);
        shares
    }

    proptest! {
        #[test]
        fn round_robin_never_differs_by_more_than_one(count in 1_usize..8, from in 0_u64..1000, turns in 0_u64..500) {
            let shares = shares(&Policy::RoundRobin, count, from..from + turns);
            prop_assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }

        #[test]
        fn every_policy_orders_every_candidate_once_and_the_available_first(
            states in proptest::collection::vec((any::<bool>(), 0_u64..5), 0..8),
            turn in any::<u64>(),
            seed in any::<u64>(),
        ) {
            let candidates: Vec<_> = states.iter().zip(NAMES)
                .map(|(&(available, in_flight), name)| Candidate { name, in_flight, available }).collect();
            for policy in [Policy::RoundRobin, Policy::LeastConnections, Policy::IpHash, Policy::Random, Policy::Sticky] {
                let order: Vec<usize> = policy.order(&candidates, &Key { seed, cookie: Some("r2"), ..key(turn) }).collect();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, (0..candidates.len()).collect::<Vec<_>>());
                prop_assert!(order.is_sorted_by_key(|&index| !candidates[index].available));
            }
        }

        #[test]
        fn a_replica_that_leaves_moves_only_its_own_clients(client in "[0-9]{1,3}\\.[0-9]{1,3}", gone in 0_usize..5) {
            let all = candidates(5);
            let key = Key { client: &client, ..key(0) };
            let before = all[first(&Policy::IpHash, &all, &key)].name;
            let mut rest = all.clone();
            rest.remove(gone);
            let after = rest[first(&Policy::IpHash, &rest, &key)].name;
            prop_assert!(before == after || before == all[gone].name);
        }
    }

    #[test]
    fn least_connections_asks_the_idle_one_and_equals_take_turns() {
        let mut three = candidates(3);
        three[0].in_flight = 2;
        assert_eq!(first(&Policy::LeastConnections, &three, &key(0)), 1);
        three[0].in_flight = 0;
        assert_eq!(shares(&Policy::LeastConnections, 3, 0..9), [3, 3, 3]);
    }

    #[test]
    fn random_is_the_same_for_the_same_seed_and_reaches_everybody() {
        assert_eq!(shares(&Policy::Random, 3, 0..300), shares(&Policy::Random, 3, 0..300));
        assert!(shares(&Policy::Random, 3, 0..300).iter().all(|&share| share > 60));
    }

    #[test]
    fn sticky_follows_the_cookie_unless_that_replica_is_out() {
        let mut three = candidates(3);
        let key = Key { cookie: Some("r3"), ..key(1) };
        assert_eq!(first(&Policy::Sticky, &three, &key), 2);
        three[2].available = false;
        assert_eq!(first(&Policy::Sticky, &three, &key), 1);
    }

    #[test]
    fn clients_are_spread_by_their_address() {
        let three = candidates(3);
        let mut shares = [0; 3];
        for client in 0..300 {
            let client = format!("10.0.{}.{}", client / 100, client % 100);
            shares[first(&Policy::IpHash, &three, &Key { client: &client, ..key(0) })] += 1;
        }
        assert!(shares.iter().all(|&share| share > 60), "{shares:?}");
    }
}
