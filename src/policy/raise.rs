//! Raising the number of instances is the event that everything else is about: which numbers went up between two states of a
//! project.

use crate::model::Name;
use crate::model::finding::Finding;
use crate::model::location::Location;
use crate::model::report::{Raise, ServiceRow};

/// The numbers of `now` that are higher than those of `before`, in the order of the services. `path_before` says what a file was
/// called before, `None` for a new one. A new service counts where it runs more than once.
pub fn raises(before: &[ServiceRow], now: &[ServiceRow], path_before: &dyn Fn(&str) -> Option<String>) -> Vec<Raise> {
    let mut found = Vec::new();
    for row in now {
        let path = path_before(&row.location.path);
        let old = before.iter().find(|old| old.name == row.name && Some(&*old.location.path) == path.as_deref());
        // A service that moved to another file is no new one.
        let old = old.or_else(|| before.iter().find(|old| old.name == row.name && is_gone(old, now, path_before)));
        found.extend(higher(row, old));
    }
    found
}

fn is_gone(old: &ServiceRow, now: &[ServiceRow], path_before: &dyn Fn(&str) -> Option<String>) -> bool {
    !now.iter()
        .any(|row| row.name == old.name && path_before(&row.location.path).as_deref() == Some(&*old.location.path))
}

fn higher(row: &ServiceRow, old: Option<&ServiceRow>) -> Vec<Raise> {
    let each = |row: &ServiceRow| row.processes / row.replicas.max(1);
    let numbers: [(&str, u32, Option<u32>); 3] = [
        ("instances", row.replicas, old.map(|old| old.replicas)),
        ("instances at most", row.most, old.map(|old| old.most)),
        ("processes", each(row), old.map(each)),
    ];
    let mut raises: Vec<Raise> = Vec::new();
    for (what, now, before) in numbers {
        let same = raises.iter().any(|raise| raise.now == now && what == "instances at most");
        // Zero instances are a service that is switched off, and one is none too many.
        if now > before.unwrap_or(1) && now > 1 && !same {
            let location = place(row, now, what).unwrap_or_else(|| row.location.clone());
            raises.push(Raise { service: row.service(), what: Name::new(what), before, now, location });
        }
    }
    raises
}

/// Where the number is stated: the last place that says it, or the last of several that make it up.
fn place(row: &ServiceRow, number: u32, what: &str) -> Option<Location> {
    let stated = row.counts.iter().rev().find(|count| count.value == number);
    let copies = (what == "instances").then(|| row.counts.iter().take(row.replicas as usize).next_back()).flatten();
    stated.or(copies).map(|count| count.location.clone())
}

/// Is the finding about one of the services that were raised?
pub fn concerns(finding: &Finding, raised: &[Raise]) -> bool {
    raised.iter().any(|raise| finding.services.contains(&raise.service))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::{Count, Role};
    use crate::model::location::Span;
    use crate::model::verdict::Scalability;

    fn row(name: &str, path: &str, replicas: u32, most: u32, processes: u32) -> ServiceRow {
        let count = Count::new(replicas, "deploy.replicas", Location::new(path, Span::on_line(9, 1, 2)));
        ServiceRow {
            name: name.into(),
            role: Role::Web,
            replicas,
            most,
            processes,
            at_least: Default::default(),
            location: Location::new(path, Span::on_line(3, 1, 2)),
            counts: vec![count],
            runs: String::new(),
            verdict: Scalability::Ready,
            reasons: Vec::new(),
        }
    }

    fn said(before: &[ServiceRow], now: &[ServiceRow]) -> Vec<String> {
        let path_before = |path: &str| (path != "new.yml").then(|| path.replace("renamed", "old"));
        raises(before, now, &path_before).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_that_went_up_are_told_with_their_places() {
        let before = [row("web", "c.yml", 1, 1, 1), row("bot", "c.yml", 2, 2, 2)];
        let now = [row("web", "c.yml", 3, 3, 3), row("bot", "c.yml", 1, 1, 1)];
        assert_eq!(said(&before, &now), ["`web`: 3 instances instead of 1 (c.yml:9)"]);
        assert_eq!(said(&now, &now), Vec::<String>::new());
    }

    #[test]
    fn an_autoscaler_and_workers_count_as_well() {
        let before = [row("web", "c.yml", 1, 1, 1)];
        let now = [row("web", "c.yml", 1, 5, 4)];
        assert_eq!(
            said(&before, &now),
            ["`web`: 5 instances at most instead of 1 (c.yml:3)", "`web`: 4 processes instead of 1 (c.yml:3)"]
        );
    }

    #[test]
    fn a_new_service_counts_where_it_runs_more_than_once() {
        let now = [row("api", "new.yml", 2, 2, 2), row("cron", "new.yml", 1, 1, 1)];
        assert_eq!(said(&[], &now), ["`api` is new: 2 instances (new.yml:9)"]);
    }

    #[test]
    fn a_service_of_a_renamed_file_is_no_new_one() {
        let before = [row("web", "old.yml", 2, 2, 2)];
        assert_eq!(said(&before, &[row("web", "renamed.yml", 2, 2, 2)]), Vec::<String>::new());
        assert_eq!(said(&before, &[row("web", "new.yml", 2, 2, 2)]), Vec::<String>::new(), "it moved");
    }

    #[test]
    fn switching_on_one_instance_is_no_raise() {
        assert_eq!(said(&[row("web", "c.yml", 0, 0, 0)], &[row("web", "c.yml", 1, 1, 1)]), Vec::<String>::new());
    }
}
