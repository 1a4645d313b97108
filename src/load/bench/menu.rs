//! Which target is next: by weight, evenly mixed, the same each time.

use super::{Endpoint, Target};

/// Targets by origin, since a connection goes to one origin.
#[derive(Clone, Debug)]
pub struct Menu {
    origins: Vec<Vec<Dish>>,
    /// By lane, repeated.
    lanes: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Dish {
    target: usize,
    weight: i64,
    credit: i64,
}

impl Menu {
    pub fn new(targets: &[Target]) -> Self {
        let mut keys: Vec<(&Endpoint, Option<String>, bool)> = Vec::new();
        let mut origins: Vec<Vec<Dish>> = Vec::new();
        for (target, asked) in targets.iter().enumerate() {
            let name = asked.origin.tls.as_ref().map(|tls| tls.name.to_str().into_owned());
            let key = (&asked.origin.endpoint, name, asked.origin.tunnel.is_some());
            let place = keys.iter().position(|known| *known == key).unwrap_or_else(|| {
                keys.push(key);
                origins.push(Vec::new());
                keys.len() - 1
            });
            origins[place].push(Dish { target, weight: i64::from(asked.weight.max(1)), credit: 0 });
        }
        let weights = origins.iter().map(|dishes| dishes.iter().map(|dish| dish.weight).sum());
        let mut shares: Vec<Dish> =
            weights.enumerate().map(|(target, weight)| Dish { target, weight, credit: 0 }).collect();
        let rounds = shares.iter().map(|share| share.weight).sum::<i64>().clamp(1, 10_000);
        let mut lanes: Vec<usize> = (0..origins.len()).collect();
        if origins.len() > 1 {
            lanes.extend((0..rounds).map(|_| smooth(&mut shares)));
        }
        Menu { origins, lanes }
    }

    /// Each origin has one lane at least, the others go by weight.
    pub fn origin_of_lane(&self, lane: u32) -> usize {
        self.lanes[lane as usize % self.lanes.len()]
    }

    #[inline]
    pub fn pick(&mut self, origin: usize) -> usize {
        match &mut *self.origins[origin] {
            [only] => only.target,
            dishes => smooth(dishes),
        }
    }
}

/// Smooth weighted round robin, as nginx does it: 5, 1, 1 gives a a b a c a a.
fn smooth(dishes: &mut [Dish]) -> usize {
    let total: i64 = dishes.iter().map(|dish| dish.weight).sum();
    let mut best = 0;
    for place in 0..dishes.len() {
        dishes[place].credit += dishes[place].weight;
        if dishes[place].credit > dishes[best].credit {
            best = place;
        }
    }
    dishes[best].credit -= total;
    dishes[best].target
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Origin;
    use super::*;

    fn target(port: u16, weight: u32) -> Target {
        let endpoint = Endpoint::Tcp(([127, 0, 0, 1], port).into());
        Target {
            origin: Origin { endpoint, tls: None, tunnel: None },
            request: Arc::from(*b""),
            body_bytes: 0,
            head_only: false,
            weight,
        }
    }

    #[test]
    fn targets_of_one_origin_are_mixed_by_weight() {
        let mut menu = Menu::new(&[target(1, 5), target(1, 1), target(1, 1)]);
        let picked: Vec<usize> = (0..7).map(|_| menu.pick(0)).collect();
        assert_eq!(picked, [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn lanes_are_shared_out_by_weight_and_no_origin_is_left_out() {
        let menu = Menu::new(&[target(1, 3), target(2, 1)]);
        let lanes: Vec<usize> = (0..10).map(|lane| menu.origin_of_lane(lane)).collect();
        assert_eq!(lanes[..2], [0, 1]);
        assert!(lanes.iter().filter(|origin| **origin == 0).count() >= 6);
    }
}
