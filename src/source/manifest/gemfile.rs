//! Gemfile, Gemfile.lock and gemspecs, line by line: <https://bundler.io/man/gemfile.5.html>.

use std::collections::HashMap;

use super::{Manifest, is_development};

/// `gem "name", "requirement", group: :test`, within `group :development do … end` or outside.
pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    // Blocks that are open, and whether each is for development only.
    let mut blocks: Vec<bool> = Vec::new();
    for (at, line) in lines(manifest.text) {
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let first = words.clone().next().unwrap_or_default();
        match first {
            "gem" => {
                let dev =
                    blocks.contains(&true) || line.find("group").is_some_and(|from| are_development(&line[from..]));
                gem(manifest, at, line, dev);
            }
            "end" => drop(blocks.pop()),
            "group" => blocks.push(are_development(line)),
            "if" | "unless" | "case" => blocks.push(false),
            _ if words.clone().next_back().is_some_and(|last| last == "do") || line.contains(" do |") => {
                blocks.push(false)
            }
            _ => {}
        }
    }
}

/// `spec.add_dependency "name", "requirement"`.
pub(super) fn of_gem(manifest: &mut Manifest<'_>) {
    for (at, line) in lines(manifest.text) {
        if let Some(from) = line.find(".add_").filter(|_| line.contains("_dependency")) {
            let dev = line[from..].starts_with(".add_development");
            gem(manifest, at, line, dev);
        }
    }
}

/// The versions that were installed of what the Gemfile asks for, by its lock file.
pub(super) fn installed(manifest: &mut Manifest<'_>) {
    let text = manifest.text;
    let mut versions: HashMap<&str, &str> = HashMap::new();
    for (_, line) in lines(text) {
        // Only what was installed has a bare version.
        if let Some((name, version)) = line.strip_suffix(')').and_then(|line| line.split_once(" ("))
            && version.starts_with(|first: char| first.is_ascii_digit())
        {
            versions.insert(name, version);
        }
    }
    let mut wanted = false;
    for (at, line) in lines(text) {
        if !text[..at].ends_with(' ') {
            wanted = line == "DEPENDENCIES";
        } else if wanted {
            let name = line.split([' ', '!']).next().unwrap_or(line);
            let version = versions.get(name).copied().unwrap_or_default();
            manifest.add(name, version, false, at, at + line.len());
        }
    }
}

/// The lines with something on them, without comments, each with where it begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        (at, line.split(" #").next().unwrap_or(line).trim())
    });
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The texts of the line: a name, and requirements up to the first option.
fn gem(manifest: &mut Manifest<'_>, at: usize, line: &str, dev: bool) {
    let mut texts = Vec::new();
    let mut rest = line;
    while let Some(open) = rest.find(['"', '\'']) {
        let Some(quote) = rest[open..].chars().next() else { break };
        let Some(close) = rest[open + 1..].find(quote) else { break };
        let before = &rest[..open];
        if !texts.is_empty() && (before.contains(':') || before.contains('=')) {
            break;
        }
        texts.push(&rest[open + 1..open + 1 + close]);
        rest = &rest[open + close + 2..];
    }
    if let Some((name, requirements)) = texts.split_first() {
        manifest.add(name, &requirements.join(", "), dev, at, at + line.len());
    }
}

/// True when all the groups that are named are for development.
fn are_development(text: &str) -> bool {
    let mut names = text.split(':').skip(1).map(|name| name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or(""));
    let mut named = names.clone().filter(|name| !name.is_empty()).peekable();
    named.peek().is_some() && names.all(|name| name.is_empty() || is_development(name))
}
