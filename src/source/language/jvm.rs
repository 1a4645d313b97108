//! What the languages of the Java virtual machine have in common: the library, and how its classes are named.

mod imports;
mod names;

pub(super) use imports::import;
#[allow(unused_imports)]
pub(super) use names::KOTLIN;
pub(super) use names::{CONSTRUCTOR, JAVA, shape};

/// `// … DO NOT EDIT` before the package, as code generators write it.
pub(super) fn is_generated(text: &str) -> bool {
    let is_code = |line: &&str| !(line.starts_with("package ") || line.starts_with("import "));
    let head = text.lines().take_while(is_code);
    head.into_iter().any(|line| line.trim_start().starts_with(['/', '*']) && line.contains("DO NOT EDIT"))
}
