//! Source code to facts. Pure: text in, facts out.
//!
//! An adapter parses, and lowers the syntax to one small tree that all languages share ([`tree`]). Which names are declared
//! where ([`scope`]), what they stand for ([`resolve`]) and which facts follow ([`emit`]) is told once, for every language.
//! A new language is a file that lowers its syntax, and a table of what it calls things ([`dialect`]).

mod csharp;
mod dialect;
mod emit;
mod go;
pub(crate) mod grammar;
mod java;
mod javascript;
mod jvm;
mod kotlin;
pub(crate) mod lines;
mod link;
mod lowering;
mod php;
mod python;
#[cfg(test)]
pub(crate) mod render;
mod resolve;
mod ruby;
mod rust;
mod scope;
mod tree;

use crate::model::fact::{FileFacts, Language};
use crate::model::problem::Problem;

/// What a file says, and what could not be understood of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    pub facts: FileFacts,
    pub problems: Vec<Problem>,
}

impl Extracted {
    /// A file of which nothing could be understood.
    fn failed(path: &str, language: Language, problem: Problem) -> Self {
        Extracted { facts: FileFacts::empty(path, language), problems: vec![problem] }
    }
}

/// One language.
pub struct Adapter {
    pub language: Language,
    /// Ends of the file names that are written in it, without the dot.
    pub extensions: &'static [&'static str],
    /// Path and text to facts.
    pub extract: fn(&str, &str) -> Extracted,
    /// The files of the project that a module may be: importing file, and module as the symbol grammar writes it.
    pub module_candidates: fn(&str, &str) -> Vec<String>,
}

/// Every language that is understood.
pub const ADAPTERS: &[Adapter] = &[
    python::ADAPTER,
    javascript::JAVASCRIPT,
    javascript::TYPESCRIPT,
    javascript::TSX,
    rust::ADAPTER,
    go::ADAPTER,
    ruby::ADAPTER,
    csharp::ADAPTER,
    java::ADAPTER,
    kotlin::ADAPTER,
    php::ADAPTER,
];

/// The adapter for a file, by its name.
pub fn adapter(path: &str) -> Option<&'static Adapter> {
    let (_, extension) = path.rsplit_once('.')?;
    ADAPTERS.iter().find(|adapter| adapter.extensions.contains(&extension))
}

/// Who reads a source file, by its name.
pub fn reader(path: &str) -> Option<fn(&str, &str) -> Extracted> {
    adapter(path).map(|adapter| adapter.extract)
}

/// Lets the files of each package know what the others declare.
pub fn link(files: &mut [FileFacts]) {
    link::link(files, &|file, module| module_candidates(&file.path, module, file.language));
}

/// The project files that `module` may be when `from`, a file in `language`, imports it; most likely first. A path that ends
/// with `/` is a folder whose files share their names.
pub fn module_candidates(from: &str, module: &str, language: Language) -> Vec<String> {
    match ADAPTERS.iter().find(|adapter| adapter.language == language) {
        // What lies outside of the base has an absolute path.
        Some(adapter) => match from.strip_prefix('/') {
            Some(from) => (adapter.module_candidates)(from, module).iter().map(|path| format!("/{path}")).collect(),
            None => (adapter.module_candidates)(from, module),
        },
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
