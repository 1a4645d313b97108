//! Where handlers come from, as data: which calls, decorators and file conventions make a function one.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::clause::{Dialect, Evidence, Occasion};
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
    pub occasion: Occasion,
    pub trigger: Trigger,
    /// It counts only in files with this.
    pub if_file: Option<Evidence>,
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
}

impl EntryPoint {
    pub fn speaks(&self, language: Language) -> bool {
        self.languages.iter().any(|dialect| dialect.covers(language))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntryPoint {
    name: String,
    #[serde(rename = "in")]
    languages: Vec<Dialect>,
    on: Occasion,
    call: Option<Patterns>,
    path: Option<Name>,
    path_like: Option<ValuePattern>,
    method: Option<Name>,
    #[serde(default)]
    within: bool,
    functions: Option<Patterns>,
    files: Option<Patterns>,
    if_file: Option<Evidence>,
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
    let trigger = match (raw.call, raw.functions, raw.files) {
        (Some(callee), None, None) => {
            Trigger::Call { callee, path: raw.path, path_like: raw.path_like, method: raw.method, within: raw.within }
        }
        (None, Some(functions), Some(files)) => Trigger::Named { functions, files },
        _ => return Err("an entry point has either `call`, or `functions` and `files`"),
    };
    let (name, languages, occasion, if_file) = (raw.name, raw.languages, raw.on, raw.if_file);
    Ok(EntryPoint { name, languages, occasion, trigger, if_file })
}

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
