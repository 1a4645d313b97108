//! Holds the map in `src/lib.rs` and the code together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files.sort();
    files
}

/// What the source says without comments and without its test modules, so that prose cannot trip a rule.
fn code(path: &Path) -> String {
    let text = read(path);
    let inline_tests = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let text = &text[..inline_tests];
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The module that a file of `src` belongs to: `src/lint/reach.rs` and `src/lint.rs` to `lint`.
fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(root().join("src")).expect("a file of src");
    let first = relative.components().next().expect("a component").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Per module, what the table in lib.rs allows it to use.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let map = read(&root().join("src/lib.rs"));
    let rows: Vec<Vec<&str>> = map
        .lines()
        .filter_map(|line| line.strip_prefix("//! | L"))
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    let modules = |cell: &str| -> Vec<String> {
        cell.split(['[', ']', '`', ' ']).filter(|word| !word.is_empty()).map(String::from).collect()
    };
    let every: BTreeSet<String> = rows.iter().flat_map(|row| modules(row[1])).collect();
    let mut allowed = BTreeMap::new();
    for row in &rows {
        let uses: BTreeSet<String> = if row[2].starts_with("everything") {
            every.clone()
        } else {
            modules(row[2]).into_iter().filter(|word| every.contains(word)).collect()
        };
        for module in modules(row[1]) {
            let mut uses = uses.clone();
            uses.insert(module.clone());
            allowed.insert(module, uses);
        }
    }
    allowed
}

#[test]
fn the_map_names_exactly_the_modules_that_exist() {
    let mapped: BTreeSet<String> = allowed().into_keys().collect();
    let existing: BTreeSet<String> = rust_files(&root().join("src"))
        .iter()
        .map(|path| module_of(path))
        .filter(|module| !["lib", "main"].contains(&module.as_str()))
        .collect();
    assert_eq!(mapped, existing);
}

#[test]
fn arrows_go_down_only() {
    let allowed = allowed();
    let mut broken = Vec::new();
    for path in rust_files(&root().join("src")) {
        let module = module_of(&path);
        let Some(uses) = allowed.get(&module) else { continue };
        let code = code(&path);
        for (position, _) in code.match_indices("crate::") {
            let rest = &code[position + "crate::".len()..];
            let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if allowed.contains_key(&used) && !uses.contains(&used) {
                broken.push(format!("{} uses crate::{used}", path.display()));
            }
            assert!(!rest.starts_with('{'), "{}: import modules of ours one by one", path.display());
        }
    }
    assert!(broken.is_empty(), "the map in lib.rs forbids:\n{}", broken.join("\n"));
}

#[test]
fn main_uses_the_cli_only() {
    let code = code(&root().join("src/main.rs"));
    for (position, _) in code.match_indices("scaleproof::") {
        assert!(code[position..].starts_with("scaleproof::cli"), "main.rs uses more than scaleproof::cli");
    }
}

/// Words that do I/O or read a clock.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::env",
    "std::io::stdin",
    "std::io::stdout",
    "SystemTime",
    "Instant::now",
    "tokio::",
    "reqwest",
    "rustix",
];

#[test]
fn pure_rooms_do_no_io_and_read_no_clock() {
    let pure = [
        "model",
        "rules",
        "source/language",
        "source/deploy",
        "source/settings",
        "stats",
        "scenario",
        "check",
        "policy",
        "report",
    ];
    let mut found = Vec::new();
    for path in rust_files(&root().join("src")) {
        let relative = path.strip_prefix(root().join("src")).expect("a file of src").to_string_lossy().into_owned();
        let is_test = relative.ends_with("tests.rs") || relative.contains("/tests/");
        let is_pure = !is_test
            && pure.iter().any(|room| relative == format!("{room}.rs") || relative.starts_with(&format!("{room}/")));
        if is_pure {
            let code = code(&path);
            found.extend(IMPURE.iter().filter(|word| code.contains(*word)).map(|word| format!("{relative}: {word}")));
        }
    }
    assert!(found.is_empty(), "rooms that promise to be pure say:\n{}", found.join("\n"));
}

#[test]
fn no_rule_id_stands_in_rust_code() {
    let mut ids = Vec::new();
    for family in fs::read_dir(root().join("rules")).expect("rules").map(|entry| entry.expect("an entry").path()) {
        if family.is_dir() && !family.ends_with("entry-points") {
            for rule in fs::read_dir(&family).expect("a family") {
                let name = rule.expect("a rule").path().file_stem().expect("a name").to_string_lossy().into_owned();
                ids.push(name);
            }
        }
    }
    assert!(ids.len() >= 15, "only {} rules found: is the folder read?", ids.len());
    let mut found = Vec::new();
    for path in rust_files(&root().join("src")) {
        let code = code(&path);
        found.extend(
            ids.iter().filter(|id| code.contains(&format!("\"{id}\""))).map(|id| format!("{}: {id}", path.display())),
        );
    }
    assert!(found.is_empty(), "rule ids belong into rule files:\n{}", found.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in rust_files(&root().join("src")) {
        if path.file_name().is_some_and(|name| name != "main.rs") {
            assert!(read(&path).starts_with("//!"), "{} does not start with //!", path.display());
        }
    }
}
