//! Raising the number of instances is the event that everything else is about: which numbers went up between two states of a
//! project.

use crate::model::Name;
use crate::model::deployment::{Count, Number};
use crate::model::finding::{Finding, SHARED_ON_ONE_DISK};
use crate::model::location::Location;
use crate::model::report::{Raise, ServiceRow};

/// The numbers of `now` that are higher than those of `before`, in the order of the services. `path_before` says what a file was
/// called before, `None` for a new one. A new service counts where it runs more than once.
pub fn raises(before: &[ServiceRow], now: &[ServiceRow], path_before: &dyn Fn(&str) -> Option<String>) -> Vec<Raise> {
    let mut known = pairs(before, now, path_before);
    now.iter().zip(known.drain(..)).flat_map(|(row, old)| higher(row, old)).collect()
}

/// What each service of `now` was before. None is the past of two.
fn pairs<'b>(
    before: &'b [ServiceRow],
    now: &[ServiceRow],
    path_before: &dyn Fn(&str) -> Option<String>,
) -> Vec<Option<&'b ServiceRow>> {
    let paths: Vec<Option<String>> = now.iter().map(|row| path_before(&row.location.path)).collect();
    let mut past: Vec<Option<&ServiceRow>> = vec![None; now.len()];
    let mut open: Vec<&ServiceRow> = before.iter().collect();
    for way in [Way::SameName, Way::OtherFile, Way::OtherName] {
        for ((row, path), past) in now.iter().zip(&paths).zip(&mut past).filter(|(_, past)| past.is_none()) {
            if let Some(at) = open.iter().position(|old| way.leads(old, row, path.as_deref())) {
                *past = Some(open.remove(at));
            }
        }
    }
    past
}

/// How a service of before became one of now.
#[derive(Clone, Copy)]
enum Way {
    /// It is where it was.
    SameName,
    /// It moved to another file.
    OtherFile,
    /// It is called otherwise in its file.
    OtherName,
}

impl Way {
    /// `path` is what the file of `row` was called before.
    fn leads(self, old: &ServiceRow, row: &ServiceRow, path: Option<&str>) -> bool {
        let same_file = path == Some(&*old.location.path);
        match self {
            Way::SameName => same_file && old.name == row.name,
            Way::OtherFile => old.name == row.name,
            Way::OtherName => same_file && !row.program.is_empty() && old.program == row.program,
        }
    }
}

fn higher(row: &ServiceRow, old: Option<&ServiceRow>) -> Vec<Raise> {
    let numbers: [(&str, Number, Option<Number>); 3] = [
        ("instances", replicas(row), old.map(replicas)),
        ("instances at most", most(row), old.map(most)),
        ("processes", row.each, old.map(|old| old.each)),
    ];
    let mut raises: Vec<Raise> = Vec::new();
    for (what, now, before) in numbers {
        let same = what == "instances at most" && raises.iter().any(|raise| raise.now == now);
        if is_higher(now, before) && !same {
            let location = place(row, old, what).unwrap_or_else(|| row.location.clone());
            let shares_disk = row.shares_disk || what == "processes";
            raises.push(Raise { service: row.service(), what: Name::new(what), before, now, shares_disk, location });
        }
    }
    raises
}

/// Zero instances are a service that is switched off, and one is none too many. Of "one for each processor" nobody knows how many it
/// is: it may be more than any number, and any number but the least may be more than it.
fn is_higher(now: Number, before: Option<Number>) -> bool {
    let before = before.unwrap_or(Number::Exactly(1));
    now.least() > 1 && (now.least() > before.least() || now > before && now == Number::Several)
}

fn replicas(row: &ServiceRow) -> Number {
    number(row.replicas, row.at_least.replicas)
}

fn most(row: &ServiceRow) -> Number {
    number(row.most, row.at_least.most)
}

fn number(value: u32, at_least: bool) -> Number {
    if at_least { Number::Several } else { Number::Exactly(value) }
}

/// Where the number is stated: of several places the last one that says something new.
fn place(row: &ServiceRow, old: Option<&ServiceRow>, what: &str) -> Option<Location> {
    let counts = |row: &'_ ServiceRow| -> Vec<Count> {
        match what {
            "instances" => row.instances.clone(),
            "instances at most" => row.ceiling.iter().cloned().collect(),
            _ => row.workers.iter().cloned().collect(),
        }
    };
    let known = old.map(counts).unwrap_or_default();
    let is_new =
        |count: &&Count| !known.iter().any(|old| old.stated_as == count.stated_as && old.number() == count.number());
    let counts = counts(row);
    counts.iter().rfind(is_new).or(counts.last()).map(|count| count.location.clone())
}

/// Is the finding about one of the services that were raised, and about what there are more of now?
pub fn concerns(finding: &Finding, raised: &[Raise]) -> bool {
    let needs_disks = SHARED_ON_ONE_DISK.contains(&finding.family.as_str());
    let is_meant = |raise: &&Raise| finding.services.contains(&raise.service);
    raised.iter().filter(is_meant).any(|raise| !(needs_disks && raise.shares_disk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::Role;
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
            each: Number::Exactly(processes / replicas.max(1)),
            program: String::new(),
            shares_disk: false,
            instances: vec![count],
            ceiling: None,
            workers: None,
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
    fn what_no_file_counts_is_told_as_such_and_may_be_a_raise() {
        let workers = |each: Number| {
            let mut row = row("web", "c.yml", 1, 1, each.least());
            (row.each, row.at_least.processes) = (each, each == Number::Several);
            [row]
        };
        let (four, several) = (workers(Number::Exactly(4)), workers(Number::Several));
        let told = ["`web`: several processes (one per processor) instead of 4 (c.yml:3)"];
        assert_eq!(said(&four, &several), told, "it may be more");
        assert_eq!(said(&several, &four), ["`web`: 4 processes instead of several (c.yml:3)"], "so may this");
        assert_eq!(said(&several, &workers(Number::Exactly(2))), Vec::<String>::new(), "it was no less");
        assert_eq!(said(&several, &several), Vec::<String>::new());
    }

    #[test]
    fn a_service_with_another_name_is_no_new_one() {
        let called = |name: &str, replicas: u32| {
            let program = "./shop: node server.js".to_owned();
            ServiceRow { program, ..row(name, "c.yml", replicas, replicas, replicas) }
        };
        assert_eq!(said(&[called("server", 3)], &[called("web", 3)]), Vec::<String>::new());
        assert_eq!(said(&[called("server", 3)], &[called("web", 4)]), ["`web`: 4 instances instead of 3 (c.yml:9)"]);
        let both = [called("server", 3), called("web", 3)];
        assert_eq!(said(&[called("server", 3)], &both), ["`web` is new: 3 instances (c.yml:9)"], "it is still there");
    }

    #[test]
    fn of_several_places_the_new_one_is_told() {
        let copy = |name: &str, line: u32| Count::new(1, name, Location::new("c.yml", Span::on_line(line, 1, 2)));
        let copies = |instances: Vec<Count>| {
            let number = instances.len() as u32;
            [ServiceRow { instances, ..row("a", "c.yml", number, number, number) }]
        };
        let before = copies(vec![copy("service `a`", 3), copy("service `c`", 9)]);
        let now = copies(vec![copy("service `a`", 3), copy("service `b`", 6), copy("service `c`", 12)]);
        assert_eq!(said(&before, &now), ["`a`: 3 instances instead of 2 (c.yml:6)"]);
    }

    #[test]
    fn a_service_of_a_renamed_file_is_no_new_one() {
        let before = [row("web", "old.yml", 2, 2, 2)];
        assert_eq!(said(&before, &[row("web", "renamed.yml", 2, 2, 2)]), Vec::<String>::new());
        assert_eq!(said(&before, &[row("web", "new.yml", 2, 2, 2)]), Vec::<String>::new(), "it moved");
    }

    #[test]
    fn more_processes_of_one_machine_do_no_harm_to_files() {
        use crate::policy::baseline::tests::finding;
        let (one, four) = ([row("web", "c.yml", 1, 1, 1)], [row("web", "c.yml", 1, 1, 4)]);
        let raised = raises(&one, &four, &|path| Some(path.to_owned()));
        let mut found = finding("r", "app.py", "uploads");
        found.services = vec![four[0].service()];
        assert!(concerns(&found, &raised));
        found.family = "local-file".into();
        assert!(!concerns(&found, &raised));
        let more = raises(&one, &[row("web", "c.yml", 2, 2, 8)], &|path| Some(path.to_owned()));
        assert!(concerns(&found, &more), "there are more instances as well");
    }

    #[test]
    fn switching_on_one_instance_is_no_raise() {
        assert_eq!(said(&[row("web", "c.yml", 0, 0, 0)], &[row("web", "c.yml", 1, 1, 1)]), Vec::<String>::new());
    }
}
