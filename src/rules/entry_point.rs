//! Where handlers come from, as data: which calls, decorators and file conventions make a function one.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::clause::{ClassPattern, Dialect, Evidence, Occasion};
use super::pattern::{Patterns, ValuePattern};
use super::yaml;
use crate::model::Name;
use crate::model::fact::Language;
use crate::model::problem::Problem;

/// One way in which a framework is told about handlers.
#[derive(Clone, Debug)]
pub struct EntryPoint {
    /// The framework, for people who read the file.
    pub name: String,
    /// Languages that it is about.
    pub languages: Vec<Dialect>,
    /// What runs the functions; `None` where the entry only says how the framework keeps objects.
    pub occasion: Option<Occasion>,
    /// How many objects of the class it makes, where the functions are methods.
    pub objects: Option<Objects>,
    pub trigger: Trigger,
    /// It counts only in files with this.
    pub if_file: Option<Evidence>,
    /// It does not count in files with this.
    pub unless_file: Option<Evidence>,
    /// It counts only in projects with this.
    pub if_project: Option<Evidence>,
    /// It counts only in projects without this.
    pub unless_project: Option<Evidence>,
}

/// How a framework keeps the objects whose methods it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objects {
    /// One for the whole process: what its fields hold outlives a request.
    One,
    /// A new one for each request or message.
    Each,
}

#[derive(Clone, Debug)]
pub enum Trigger {
    /// A call that is handed functions, or a decorator. Functions are also looked for within lists, objects and calls among
    /// the arguments; a class among them stands for all of its methods.
    Call {
        callee: Patterns,
        /// Position or keyword of the route's path; `None` where there is none.
        path: Option<Name>,
        /// What the path's text must look like, where the callee alone does not tell.
        path_like: Option<ValuePattern>,
        /// The HTTP method; not given: the last segment of the callee if that is one, or the option `methods`.
        method: Option<Name>,
        /// Functions named by calls within this one count as well: `Router::new().route("/", get(list).post(add))`.
        within: bool,
    },
    /// Functions by their own names, in files by theirs: a convention instead of a call.
    Named { functions: Patterns, files: Patterns },
    /// Methods of a class that extends or is decorated with something; all of them, or those of the given names.
    Class { class: ClassPattern, functions: Option<Patterns> },
    /// Code by what it does: a function, or what a file does outside of all, that reads such a variable or makes such a call.
    Code { reads: Option<Patterns>, calls: Option<Patterns> },
    /// No function: what a program of these languages keeps in memory is gone after each request.
    FreshMemory,
}

/// How long the memory of a program lasts, where that is less than the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Memory {
    Request,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    reads: Option<Patterns>,
    calls: Option<Patterns>,
}

impl EntryPoint {
    pub fn speaks(&self, language: Language) -> bool {
        self.languages.iter().any(|dialect| dialect.covers(language))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntryPoint {
    name: String,
    #[serde(rename = "in")]
    languages: Vec<Dialect>,
    on: Option<Occasion>,
    objects: Option<Objects>,
    call: Option<Patterns>,
    path: Option<Name>,
    path_like: Option<ValuePattern>,
    method: Option<Name>,
    #[serde(default)]
    within: bool,
    functions: Option<Patterns>,
    files: Option<Patterns>,
    class: Option<ClassPattern>,
    code: Option<Code>,
    memory: Option<Memory>,
    if_file: Option<Evidence>,
    unless_file: Option<Evidence>,
    if_project: Option<Evidence>,
    unless_project: Option<Evidence>,
}

pub(super) fn parse(text: &str, path: &str) -> Result<Vec<EntryPoint>, Problem> {
    let raw: Vec<Spanned<RawEntryPoint>> = yaml::read(text, path)?;
    raw.into_iter()
        .map(|entry| {
            let at = entry.referenced;
            check(entry.value).map_err(|message| yaml::at(at, message, path, text))
        })
        .collect()
}

fn check(raw: RawEntryPoint) -> Result<EntryPoint, &'static str> {
    if raw.languages.is_empty() {
        return Err("`in` is empty: an entry point belongs to a language");
    }
    if raw.on.is_none() && raw.objects.is_none() && raw.memory.is_none() {
        return Err("an entry point says `on` what occasion it runs, or how many `objects` there are");
    }
    let trigger = match (raw.call, raw.class, raw.functions, raw.files) {
        (None, None, None, None) => match (raw.code, raw.memory) {
            (Some(Code { reads, calls }), None) => Trigger::Code { reads, calls },
            (None, Some(Memory::Request)) => Trigger::FreshMemory,
            _ => return Err(NO_TRIGGER),
        },
        (Some(callee), None, None, None) => {
            Trigger::Call { callee, path: raw.path, path_like: raw.path_like, method: raw.method, within: raw.within }
        }
        (None, None, Some(functions), Some(files)) => Trigger::Named { functions, files },
        (None, Some(class), functions, None) => {
            class.check()?;
            Trigger::Class { class, functions }
        }
        _ => return Err(NO_TRIGGER),
    };
    let RawEntryPoint {
        name, languages, on: occasion, objects, if_file, unless_file, if_project, unless_project, ..
    } = raw;
    Ok(EntryPoint { name, languages, occasion, objects, trigger, if_file, unless_file, if_project, unless_project })
}

const NO_TRIGGER: &str =
    "an entry point has either `call`, or `class`, or `code`, or `memory`, or `functions` and `files`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_point_needs_a_trigger() {
        let problem = parse("- name: x\n  in: [python]\n  on: request\n", "entry-points.yaml").unwrap_err();
        assert!(problem.message.contains("either `call`"), "{problem}");
        assert_eq!(problem.location.unwrap().span.line, 1);
    }

    #[test]
    fn an_unknown_occasion_is_an_error_at_its_line() {
        let text = "- name: x\n  in: [python]\n  on: full-moon\n  call: x\n";
        assert_eq!(parse(text, "entry-points.yaml").unwrap_err().location.unwrap().span.line, 3);
    }
}
