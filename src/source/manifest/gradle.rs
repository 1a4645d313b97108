//! build.gradle and build.gradle.kts, statement by statement: <https://docs.gradle.org/current/userguide/declaring_dependencies.html>.

mod tokens;

use std::collections::HashMap;

use self::tokens::{Token, tokens};
use super::coordinates::{Found, add_all, of_plugin, split};
use super::{Manifest, is_development};

/// Calls that name something else than a library of a registry.
const OTHERS: &[&str] = &["project", "files", "fileTree", "exclude", "because", "npm"];

/// Blocks within `dependencies` whose statements are its own.
const TRANSPARENT: &[&str] = &["if", "else", "add"];

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let text = manifest.text;
    let (tokens, broken) = tokens(text);
    if let Some(at) = broken {
        manifest.problem("a text is not closed".to_owned(), at, at + 1);
    }
    let mut script = Script { values: values(&tokens), found: Vec::new() };
    let mut blocks: Vec<(Block, usize)> = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    for (index, (at, token)) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[') => depth += 1,
            Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Token::Newline | Token::Sign(';' | '{' | '}') if depth == 0 || !matches!(token, Token::Newline) => {
                let statement = &tokens[begin..index];
                let block = blocks.last().map_or(Block::Other, |(block, _)| *block);
                script.statement(statement, block, end(statement, text));
                match token {
                    Token::Sign('{') => blocks.push((Block::of(statement, block), *at)),
                    Token::Sign('}') if blocks.pop().is_none() => {
                        manifest.problem("`}` closes nothing".to_owned(), *at, *at + 1);
                    }
                    _ => {}
                }
                (begin, depth) = (index + 1, 0);
            }
            _ => {}
        }
    }
    let last = &tokens[begin.min(tokens.len())..];
    script.statement(last, blocks.last().map_or(Block::Other, |(block, _)| *block), end(last, text));
    if let Some((_, at)) = blocks.pop().filter(|_| broken.is_none()) {
        manifest.problem("`{` is not closed".to_owned(), at, at + 1);
    }
    add_all(manifest, script.found);
}

type Tokens<'s, 't> = &'s [(usize, Token<'t>)];

#[derive(Clone, Copy, PartialEq)]
enum Block {
    Dependencies { dev: bool },
    Plugins,
    Other,
}

impl Block {
    /// The block that a statement opens.
    fn of(statement: Tokens<'_, '_>, outer: Block) -> Block {
        let mut words = statement.iter().filter_map(|(_, token)| match token {
            Token::Word(word) => Some(*word),
            _ => None,
        });
        let Some(first) = words.next() else { return Block::Other };
        let test = |word: &str| word.to_lowercase().contains("test");
        match first.rsplit('.').next().unwrap_or(first) {
            "dependencies" | "imports" => Block::Dependencies { dev: test(first) },
            "plugins" => Block::Plugins,
            name if TRANSPARENT.contains(&name) => outer,
            _ => Block::Other,
        }
    }
}

struct Script<'t> {
    values: HashMap<&'t str, &'t str>,
    found: Vec<Found>,
}

impl<'t> Script<'t> {
    fn statement(&mut self, statement: Tokens<'_, 't>, block: Block, end: usize) {
        let Some(first) = statement.iter().position(|(_, token)| *token != Token::Newline) else { return };
        let statement = &statement[first..];
        let (at, Token::Word(configuration)) = statement[0] else { return };
        match block {
            Block::Dependencies { dev } => {
                let dev = dev || is_development(&words_of(configuration));
                self.dependencies(statement, dev, configuration, at..end);
            }
            Block::Plugins => self.plugin(statement, configuration, at..end),
            Block::Other => {}
        }
    }

    /// `implementation("g:a:v")`, `implementation group: 'g', name: 'a', version: 'v'`, `implementation(kotlin("stdlib"))`.
    fn dependencies(&mut self, statement: Tokens<'_, 't>, dev: bool, first: &str, range: std::ops::Range<usize>) {
        let has = |word: &str| statement.iter().any(|(_, token)| *token == Token::Word(word));
        if OTHERS.iter().any(|other| has(other)) {
            return;
        }
        let gives_versions = first == "mavenBom" || has("platform") || has("enforcedPlatform");
        let mut add = |name: String, version: String| {
            self.found.push(Found { name, version, dev, gives_versions, range: range.clone() });
        };
        let key = |key: &str| value_of(statement, key).map(|text| filled(text, &self.values));
        if let (Some(group), Some(name)) = (key("group"), key("name")) {
            return add(format!("{group}:{name}"), key("version").unwrap_or_default());
        }
        let texts: Vec<_> = texts(statement).map(|text| filled(text, &self.values)).collect();
        if has("kotlin") {
            let version = texts.get(1).cloned().unwrap_or_default();
            return texts.first().into_iter().for_each(|name| {
                add(format!("org.jetbrains.kotlin:kotlin-{name}"), version.clone());
            });
        }
        match texts.as_slice() {
            [group, artifact, rest @ ..] if !group.contains(':') && group.contains('.') => {
                add(format!("{group}:{artifact}"), rest.first().cloned().unwrap_or_default());
            }
            _ => texts.iter().filter_map(|text| split(text)).for_each(|(name, version)| {
                let version = if version.is_empty() { added(statement, &self.values) } else { version };
                add(name, version);
            }),
        }
    }

    /// `id("io.ktor.plugin") version "3.0.0"`, `kotlin("jvm") version "2.0"`.
    fn plugin(&mut self, statement: Tokens<'_, 't>, word: &str, range: std::ops::Range<usize>) {
        let texts: Vec<_> = texts(statement).map(|text| filled(text, &self.values)).collect();
        let Some(id) = texts.first() else { return };
        let name = match word {
            "id" => of_plugin(id),
            "kotlin" => of_plugin(&format!("org.jetbrains.kotlin.{id}")),
            _ => return,
        };
        let named = statement.iter().rev().find_map(|(_, token)| match token {
            Token::Word(word) => self.values.get(last(word)).copied(),
            _ => None,
        });
        let version = texts.get(1).map(String::as_str).or(named).unwrap_or_default().to_owned();
        self.found.push(Found { name, version, dev: false, gives_versions: true, range });
    }
}

/// Texts that a name is given: `val ktorVersion = "3.0"`, `ext.ktorVersion = '3.0'`, `set("ktorVersion", "3.0")`.
fn values<'t>(tokens: Tokens<'_, 't>) -> HashMap<&'t str, &'t str> {
    let mut out = HashMap::new();
    for window in tokens.windows(3) {
        let (name, value) = match [window[0].1, window[1].1, window[2].1] {
            [Token::Word(name), Token::Sign('='), Token::Text(value)] => (last(name), value),
            [Token::Text(name), Token::Sign(',' | '='), Token::Text(value)] => (name, value),
            _ => continue,
        };
        if value.starts_with(|first: char| first.is_ascii_digit()) {
            out.entry(name).or_insert(value);
        }
    }
    out
}

/// `key: 'x'` of Groovy, `key = "x"` of Kotlin.
fn value_of<'t>(statement: Tokens<'_, 't>, key: &str) -> Option<&'t str> {
    statement.windows(3).find_map(|window| match [window[0].1, window[1].1, window[2].1] {
        [Token::Word(name), Token::Sign(':' | '='), Token::Text(value)] if name == key => Some(value),
        _ => None,
    })
}

/// The version that is put behind the text: `"g:a:" + ktorVersion`.
fn added(statement: Tokens<'_, '_>, values: &HashMap<&str, &str>) -> String {
    let plus = statement.windows(2).find_map(|window| match [window[0].1, window[1].1] {
        [Token::Sign('+'), Token::Word(name)] => values.get(last(name)),
        _ => None,
    });
    plus.copied().unwrap_or_default().to_owned()
}

/// `$x`, `${x}`, `${property("x")}`, `${versions.x}` by what `x` is given; what is unknown stays as it is written.
fn filled(text: &str, values: &HashMap<&str, &str>) -> String {
    let Some((before, name)) = text.split_once('$') else { return text.to_owned() };
    let (name, after) = match name.strip_prefix('{').and_then(|name| name.split_once('}')) {
        Some(split) => split,
        None => name.split_at(name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len())),
    };
    let name = name.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let name = name.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(name);
    match values.get(name) {
        Some(value) => format!("{before}{value}{after}"),
        None => text.to_owned(),
    }
}

fn texts<'t>(statement: Tokens<'_, 't>) -> impl Iterator<Item = &'t str> {
    statement.iter().filter_map(|(_, token)| match token {
        Token::Text(text) => Some(*text),
        _ => None,
    })
}

fn last(word: &str) -> &str {
    word.rsplit('.').next().unwrap_or(word)
}

/// `testImplementation` as `test-implementation`.
fn words_of(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            out.push('-');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Where a statement ends.
fn end(statement: Tokens<'_, '_>, text: &str) -> usize {
    let Some((at, token)) = statement.iter().rev().find(|(_, token)| *token != Token::Newline) else { return 0 };
    match token {
        Token::Word(word) => at + word.len(),
        Token::Text(inner) => (at + inner.len() + 2).min(text.len()),
        _ => at + 1,
    }
}
