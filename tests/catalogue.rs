//! The catalogue of built-in rules, tested as a catalogue: a forgotten step is a failing test that names it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scaleproof::rules::{self, Rule, RuleSet};

/// A rule belongs to one of these; the folder is the family.
const FAMILIES: [&str; 25] = [
    "session-store",
    "process-state",
    "local-cache",
    "rate-limit",
    "process-lock",
    "local-id",
    "realtime-fanout",
    "scheduler",
    "job-queue",
    "polling-consumer",
    "local-file",
    "embedded-db",
    "boot-secret",
    "startup-migration",
    "self-address",
    "host-port",
    "container-name",
    "local-volume",
    "db-replicas",
    "no-health-check",
    "no-graceful-shutdown",
    "balancer-affinity",
    "process-workers",
    "connection-budget",
    "singleton-replicated",
];

/// What a failure of a check says about a rule of a family. The checks send HTTP requests to replicas with a disk of their own;
/// what no check exercises stays unconfirmed.
const CONFIRMATIONS: [(&str, &str); 6] = [
    ("session-store", "session-cross"),
    ("process-state", "ryw"),
    ("local-cache", "ryw"),
    ("local-file", "fs-isolated"),
    ("embedded-db", "fs-isolated"),
    ("boot-secret", "session-cross"),
];

/// Rules of those families about what does not speak HTTP with its users.
const UNCONFIRMED: [&str; 1] = ["bot-session-memory"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn each_rule(check: impl Fn(&Rule) -> Result<(), String>) {
    let set = rules::builtin().unwrap_or_else(|problem| panic!("{problem}"));
    let complaints: Vec<String> =
        set.rules().iter().filter_map(|rule| check(rule).err().map(|text| format!("{}: {text}", rule.id))).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_file_of_the_folder_is_embedded_and_no_other() {
    let set = rules::builtin().unwrap_or_else(|problem| panic!("{problem}"));
    let embedded: BTreeSet<String> =
        set.rules().iter().map(|rule| format!("{}/{}.yaml", rule.family, rule.id)).collect();
    let folder = root().join("rules");
    let on_disk: BTreeSet<String> = files(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/"))
        .filter(|path| !rules::is_entry_points(path))
        .collect();
    assert_eq!(embedded, on_disk);
    assert!(!set.entry_points().is_empty());
}

#[test]
fn every_rule_belongs_to_a_family() {
    each_rule(|rule| match FAMILIES.contains(&rule.family.as_str()) {
        true => Ok(()),
        false => Err(format!("there is no family `{}`", rule.family)),
    });
}

#[test]
fn every_rule_names_the_check_that_can_confirm_it_and_no_other() {
    each_rule(|rule| {
        let of_family = CONFIRMATIONS.iter().find(|(family, _)| *family == rule.family).map(|(_, check)| *check);
        let expected = of_family.filter(|_| !UNCONFIRMED.contains(&rule.id.as_str()));
        match rule.confirm.as_deref() == expected {
            true => Ok(()),
            false => Err(format!("`confirm` is {:?} where {expected:?} can tell", rule.confirm)),
        }
    });
}

#[test]
fn every_rule_tells_a_story_of_two_and_a_way_out() {
    each_rule(|rule| {
        let words = rule.breaks.split_whitespace().count();
        if words < 15 {
            return Err(format!("`breaks` has {words} words: tell what happens with two instances"));
        }
        for (text, name) in [(&rule.breaks, "breaks"), (&rule.fix, "fix")] {
            if !text.ends_with('.') {
                return Err(format!("`{name}` does not end with a full stop"));
            }
        }
        if rule.title.ends_with('.') {
            return Err("the title ends with a full stop".into());
        }
        let loud = rule.detect.iter().find(|clause| clause.say.ends_with('.') || clause.say.len() > 140);
        loud.map_or(Ok(()), |clause| Err(format!("`say` is one short line without a full stop: {}", clause.say)))
    });
}

#[test]
fn every_rule_has_a_fixture_with_guilty_and_innocent_lines() {
    each_rule(|rule| {
        let folder = root().join("fixtures/rules").join(rule.id.as_str());
        if !folder.is_dir() {
            return Err(format!("there is no folder fixtures/rules/{}", rule.id));
        }
        let texts: Vec<String> = files(&folder).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let lines = || texts.iter().flat_map(|text| text.lines());
        let marked = |line: &str| line.split_once("~ ").is_some_and(|(_, ids)| ids.split(' ').any(|id| id == rule.id));
        if !lines().any(marked) {
            return Err("no line of its fixture is marked guilty".into());
        }
        let clean = texts.iter().any(|text| !text.lines().any(|line| line.contains("~ ")));
        let beside = lines().filter(|line| line.contains("innocent")).count();
        match clean || beside > 0 {
            true => Ok(()),
            false => Err("its fixture has no innocent neighbour: a clean file, or lines that say `innocent`".into()),
        }
    });
}

#[test]
fn every_folder_of_fixtures_belongs_to_a_rule() {
    let set = rules::builtin().unwrap_or_else(|problem| panic!("{problem}"));
    for entry in fs::read_dir(root().join("fixtures/rules")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(set.get(&name).is_some(), "fixtures/rules/{name}: there is no such rule");
    }
}

#[test]
fn a_rule_file_of_a_user_takes_the_same_road() {
    for path in files(&root().join("rules")) {
        let text = fs::read_to_string(&path).unwrap();
        let parsed = RuleSet::default().read(&text, &path.to_string_lossy());
        assert!(parsed.is_ok(), "{}", parsed.unwrap_err());
    }
}
