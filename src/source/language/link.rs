//! What the files of a package say together.
//!
//! A file speaks of `~shop.bot` or of `shop/store.New().items`, and another one declares what `shop` holds and what `New` gives.
//! Here such symbols get the names that rules know them by: those of the types.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smol_str::format_smolstr;

use crate::model::Name;
use crate::model::fact::{Argument, FileFacts, Level, Shape, Value};

/// Types of fields of types of fields … are followed this far.
const MOST_STEPS: usize = 8;

/// The symbols of a folder's names with a declared type, and the symbols of what they are: `~NewShop()` to `~Shop()`.
type Types = HashMap<Name, Name, FixedState>;

/// Where a symbol may begin, and the folder whose names follow.
type Scopes<'a> = Vec<(String, &'a Types)>;

/// Resolves names across the files of each language whose files share theirs. `candidates` are the paths that an import of
/// a file may mean.
pub(in crate::source) fn link(files: &mut [FileFacts], candidates: &dyn Fn(&FileFacts, &str) -> Vec<String>) {
    let mut folders: HashMap<String, Types> = HashMap::new();
    for file in files.iter().filter(|file| file.language.shares_names()) {
        note_types(file, folders.entry(folder(&file.path).to_owned()).or_default());
    }
    for file in files.iter_mut().filter(|file| file.language.shares_names()) {
        let mut scopes: Scopes<'_> = Vec::new();
        scopes.extend(folders.get(folder(&file.path)).map(|types| ("~".to_owned(), types)));
        for import in &file.imports {
            let home = candidates(file, &import.module).into_iter().find_map(|path| folders.get(&path));
            scopes.extend(home.map(|types| (format!("{}.", import.module), types)));
        }
        scopes.retain(|(_, types)| !types.is_empty());
        if !scopes.is_empty() {
            rewrite(file, &scopes);
        }
    }
}

/// `cmd/` of `cmd/main.go`.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

fn note_types(file: &FileFacts, types: &mut Types) {
    for state in &file.states {
        if let (Shape::Result(callee), Level::Module | Level::Instance) = (&state.shape, state.level) {
            types.entry(state.symbol.clone()).or_insert_with(|| format_smolstr!("{callee}()"));
        }
    }
    for function in &file.functions {
        if let Some(given) = &function.returns {
            types.entry(format_smolstr!("{}()", function.symbol)).or_insert_with(|| given.clone());
        }
    }
}

fn rewrite(file: &mut FileFacts, scopes: &Scopes<'_>) {
    for call in &mut file.calls {
        resolve(&mut call.callee, scopes, false);
        rewrite_arguments(&mut call.arguments, scopes);
    }
    for access in &mut file.accesses {
        resolve(&mut access.state, scopes, false);
    }
    for setting in &mut file.settings {
        resolve(&mut setting.key, scopes, false);
        rewrite_value(&mut setting.value, scopes);
    }
}

fn rewrite_arguments(arguments: &mut [Argument], scopes: &Scopes<'_>) {
    arguments.iter_mut().for_each(|argument| rewrite_value(&mut argument.value, scopes));
}

fn rewrite_value(value: &mut Value, scopes: &Scopes<'_>) {
    match value {
        Value::Name(symbol) => resolve(symbol, scopes, true),
        Value::Call { callee, arguments } => {
            resolve(callee, scopes, false);
            rewrite_arguments(arguments, scopes);
        }
        Value::List(values) | Value::OneOf(values) => values.iter_mut().for_each(|value| rewrite_value(value, scopes)),
        Value::Object(fields) => fields.iter_mut().for_each(|(_, value)| rewrite_value(value, scopes)),
        Value::Environment { fallback: Some(fallback), .. } => rewrite_value(fallback, scopes),
        _ => {}
    }
}

/// Replaces the longest beginning of the symbol that has a declared type by an object of that type, as often as there is one;
/// all of it only where `whole` is set.
fn resolve(symbol: &mut Name, scopes: &Scopes<'_>, whole: bool) {
    for _ in 0..MOST_STEPS {
        match step(symbol, scopes, whole) {
            Some(next) if next != *symbol => *symbol = next,
            _ => return,
        }
    }
}

fn step(symbol: &str, scopes: &Scopes<'_>, whole: bool) -> Option<Name> {
    let (start, types) = scopes.iter().find(|(start, _)| symbol.starts_with(start.as_str()))?;
    let local = format_smolstr!("~{}", &symbol[start.len()..]);
    let ends = local.rmatch_indices('.').map(|(at, _)| at);
    for end in whole.then_some(local.len()).into_iter().chain(ends) {
        let Some(given) = types.get(&local[..end]) else { continue };
        let rest = &local[end..];
        return Some(match given.strip_prefix('~') {
            Some(own) => format_smolstr!("{start}{own}{rest}"),
            None => format_smolstr!("{given}{rest}"),
        });
    }
    None
}
