//! What the languages of the Java virtual machine have in common: the library, and how its classes are named.

mod imports;
mod names;

use super::tree::Form;

pub(super) use imports::import;
pub(super) use names::{CONSTRUCTOR, FAILURES, JAVA, KOTLIN, carries, shape};

/// `// … DO NOT EDIT` before the package, as code generators write it.
pub(super) fn is_generated(text: &str) -> bool {
    let is_code = |line: &&str| !(line.starts_with("package ") || line.starts_with("import "));
    let head = text.lines().take_while(is_code);
    head.into_iter().any(|line| line.trim_start().starts_with(['/', '*']) && line.contains("DO NOT EDIT"))
}

/// `java.util` of `java.util.List`.
pub(super) fn is_package(text: &str) -> bool {
    let of_library = ["java.", "kotlin."].iter().any(|start| text.starts_with(start));
    of_library && !text.contains(char::is_uppercase) && !text.contains('(')
}

/// `Outer.Inner` goes by the name of the inner class, as does what the library declares; another package stays.
pub(super) fn type_name(written: &str) -> Form<'_> {
    let last = written.rsplit('.').next().unwrap_or(written);
    let within = written.starts_with(|first: char| first.is_uppercase());
    if within || written.starts_with("java.") { Form::Name(last) } else { Form::Name(written) }
}
