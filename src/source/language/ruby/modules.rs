//! The files that `require_relative` may mean. Anything else is found by the names of classes.

use std::borrow::Cow;

use super::super::tree::{Form, Import};

pub(super) fn module_candidates(from: &str, module: &str) -> Vec<String> {
    let Some(relative) = module.strip_prefix("./") else { return Vec::new() };
    let mut folder: Vec<&str> = from.split('/').collect();
    folder.pop();
    for part in relative.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                folder.pop();
            }
            part => folder.push(part),
        }
    }
    let stem = folder.join("/");
    if stem.ends_with(".rb") { vec![stem] } else { vec![format!("{stem}.rb")] }
}

/// `require "redis"`, `require_relative "store"`.
pub(super) fn import<'t>(method: &str, module: &str) -> Form<'t> {
    let module = match method {
        "require_relative" => Cow::Owned(format!("./{}", module.trim_start_matches("./"))),
        _ => Cow::Owned(module.to_owned()),
    };
    Form::Import(Box::new(Import { module, names: Vec::new(), type_only: false }))
}
