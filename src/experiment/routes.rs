//! Which step goes to which replica: pure planning.

use crate::model::event::{ReplicaName, RouteChoice, ScenarioSummary, StepKind};
use crate::scenario::{ReplicaHint, Scenario};

/// A switch journey: the steps before `point` on `writer`, the others on `reader`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    pub point: usize,
    pub writer: ReplicaName,
    pub reader: ReplicaName,
}

impl Switch {
    pub fn route(&self, scenario: &Scenario, names: &[ReplicaName]) -> Vec<RouteChoice> {
        let place = |index: usize| if index < self.point { &self.writer } else { &self.reader };
        let choose = |(index, step): (usize, &crate::scenario::Step)| match step.replica {
            ReplicaHint::Number(number) => numbered(number, names),
            _ => RouteChoice::Pinned(place(index).clone()),
        };
        scenario.steps.iter().enumerate().map(choose).collect()
    }
}

/// Every step on one replica; hints are left aside, for the question is whether the story holds at all.
pub(super) fn all_on(scenario: &Scenario, replica: &ReplicaName) -> Vec<RouteChoice> {
    vec![RouteChoice::Pinned(replica.clone()); scenario.steps.len()]
}

/// For each reading step that asserts content after something was written: the steps up to it without those that wrote what
/// it reads, and without earlier such reads, which would fail first. True stands for a step that is kept.
pub(super) fn without_writes(story: &ScenarioSummary) -> Vec<Vec<bool>> {
    let writes = story.told_writes();
    let Some(first) = writes.first() else { return Vec::new() };
    let shows = |at: usize| at > *first && story.steps[at].kind == StepKind::Read && story.steps[at].asserts_content;
    let up_to = |read: usize| {
        let keep = |at: usize| at == read || (at < read && !writes.contains(&at) && !shows(at));
        (0..story.steps.len()).map(keep).collect()
    };
    (0..story.steps.len()).filter(|at| shows(*at)).map(up_to).collect()
}

/// The balancer decides, except for steps that name a replica, and for steps that must stay together: those go to one
/// replica, another one with each `turn`, so that the log knows every choice beforehand.
pub(super) fn balanced(scenario: &Scenario, names: &[ReplicaName], turn: usize) -> Vec<RouteChoice> {
    let stays = |index: usize| scenario.steps.get(index).is_some_and(|step| step.replica == ReplicaHint::Same);
    let choose = |(index, step): (usize, &crate::scenario::Step)| match step.replica {
        ReplicaHint::Number(number) => numbered(number, names),
        _ if stays(index) || stays(index + 1) => numbered((turn % names.len().max(1)) as u32 + 1, names),
        _ => RouteChoice::Balanced,
    };
    scenario.steps.iter().enumerate().map(choose).collect()
}

fn numbered(number: u32, names: &[ReplicaName]) -> RouteChoice {
    match names.len() {
        0 => RouteChoice::Balanced,
        count => RouteChoice::Pinned(names[(number as usize - 1) % count].clone()),
    }
}

/// Ordered pairs of different replicas.
pub(super) fn pairs(names: &[ReplicaName]) -> impl Iterator<Item = (&ReplicaName, &ReplicaName)> {
    names
        .iter()
        .flat_map(|writer| names.iter().filter(move |reader| *reader != writer).map(move |reader| (writer, reader)))
}

/// All switches of a scenario, the most telling points first: where a hint asks for it, then reads that assert what was
/// written, then other reads, then the rest. Every pair is tried at a point before the next point, so that a limit cuts points and not pairs.
pub(super) fn switches(scenario: &Scenario, names: &[ReplicaName]) -> Vec<Switch> {
    let mut points: Vec<usize> =
        (1..scenario.steps.len()).filter(|at| scenario.steps[*at].replica != ReplicaHint::Same).collect();
    let first_write = scenario.steps.iter().position(|step| step.kind == StepKind::Write);
    points.sort_by_key(|at| {
        let step = &scenario.steps[*at];
        let reads = step.kind == StepKind::Read;
        let shows = reads && step.asserts_content() && first_write.is_some_and(|first| first < *at);
        (step.replica != ReplicaHint::Other, !shows, !reads)
    });
    let at = |point: usize| {
        pairs(names).map(move |(writer, reader)| Switch { point, writer: writer.clone(), reader: reader.clone() })
    };
    points.into_iter().flat_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    fn names(count: usize) -> Vec<ReplicaName> {
        (1..=count).map(|number| format!("r{number}").into()).collect()
    }

    const CART: &str = "POST /cart\n\nPOST /coupon\n\nGET /cart\n";

    #[test]
    fn every_pair_is_tried_at_every_step_but_the_first() {
        let scenario = parse(CART, "cart.hurl").unwrap();
        let all = switches(&scenario, &names(3));
        assert_eq!(all.len(), 3 * 2 * 2);
        assert!(all[..6].iter().all(|switch| switch.point == 2), "reads come first");
        assert!(all[6..].iter().all(|switch| switch.point == 1));
    }

    #[test]
    fn a_switch_sends_the_steps_before_its_point_to_the_writer() {
        let scenario = parse(CART, "cart.hurl").unwrap();
        let switch = Switch { point: 2, writer: "r1".into(), reader: "r2".into() };
        let pinned = |name: &str| RouteChoice::Pinned(name.into());
        assert_eq!(switch.route(&scenario, &names(2)), [pinned("r1"), pinned("r1"), pinned("r2")]);
    }

    #[test]
    fn each_read_is_asked_for_alone_without_the_writes_before_it() {
        let reads = |text: &str| without_writes(&parse(text, "x.hurl").unwrap().summary());
        let asserts = "HTTP 200\n[Asserts]\nbody contains \"x\"\n\n";
        let shop = format!("POST /login\n\nGET /\n{asserts}POST /cart\n\nGET /a\n{asserts}GET /b\n{asserts}");
        assert_eq!(reads(&shop), [[true, true, false, true, false], [true, true, false, false, true]]);
        assert_eq!(
            reads(&format!("POST /login\n\nGET /me\n{asserts}")),
            [[false, true]],
            "nothing but a sign-in is written"
        );
        assert!(reads(&format!("GET /\n{asserts}")).is_empty());
        assert!(reads(CART).is_empty(), "nothing is asserted");
    }

    #[test]
    fn hints_move_forbid_and_fix_switches() {
        let text =
            "POST /a\n\n# @replica same\nGET /b\n\nGET /c\n\n# @replica other\nPOST /d\n\n# @replica 2\nGET /e\n";
        let scenario = parse(text, "x.hurl").unwrap();
        let points: Vec<usize> = switches(&scenario, &names(2)).iter().map(|switch| switch.point).collect();
        assert_eq!(points, [3, 3, 2, 2, 4, 4]);
        let route = balanced(&scenario, &names(2), 1);
        let r2 = || RouteChoice::Pinned("r2".into());
        assert_eq!(route, [r2(), r2(), RouteChoice::Balanced, RouteChoice::Balanced, r2()]);
    }

    #[test]
    fn one_step_or_one_replica_allows_no_switch() {
        let scenario = parse("GET /\n", "x.hurl").unwrap();
        assert!(switches(&scenario, &names(3)).is_empty());
        assert!(switches(&parse(CART, "x").unwrap(), &names(1)).is_empty());
    }
}
