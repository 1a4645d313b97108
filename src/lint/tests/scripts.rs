//! Scripts: code outside of functions that answers requests, and memory that lasts for one of them.

use super::{File, STATE, lines, run};
use crate::model::fact::*;

const WRITE: &str = "
id: write
title: Write
severity: error
confidence: medium
breaks: b
fix: f
detect:
  - call: write
    at: handler
    unless_path: \"*other*\"
    say: \"writes\"
read: [\"x: https://example.org\"]
";

fn script(path: &str) -> File {
    let mut file = File::new(path);
    file.0.language = Language::Php;
    file
}

fn including(mut file: File, module: &str) -> File {
    file.0.imports.push(Import { module: module.into(), span: super::line(1) });
    file
}

#[test]
fn a_script_that_reads_the_request_is_a_handler_with_all_that_it_calls_and_includes() {
    let page = script("page.js").access(2, "$_POST", AccessKind::Read, None).call(3, "save", None, Vec::new());
    let page = including(page, "./library");
    let library = script("library.js").function("~save", None).function("~unused", None);
    let library = library.call(11, "write", Some(0), Vec::new()).call(12, "write", Some(1), Vec::new());
    let library = library.call(13, "write", None, Vec::new());
    assert_eq!(lines(&run(&[WRITE], vec![page, library])), [11, 13]);
}

#[test]
fn what_includes_a_script_answers_requests_too_and_what_does_neither_does_not() {
    let header = script("header.js").call(2, "session_start", None, Vec::new());
    let page = including(script("page.js").call(3, "write", None, Vec::new()), "./header");
    let tool = script("tool.js").call(4, "write", None, Vec::new());
    assert_eq!(lines(&run(&[WRITE], vec![header, page, tool])), [3]);
}

#[test]
fn state_that_is_gone_after_each_request_is_silent_unless_the_program_serves_itself() {
    let shop = |serving: bool| {
        let file = script("shop.js").state(1, "~$carts", Level::Module, Shape::Map, None).function("~f", None);
        let file =
            file.access(2, "$_POST", AccessKind::Read, Some(0)).access(3, "~$carts", AccessKind::Insert, Some(0));
        let file = file.access(4, "~$carts", AccessKind::Read, Some(0));
        if serving { file.call(9, "serve", None, Vec::new()) } else { file }
    };
    assert_eq!(run(&[STATE], vec![shop(false)]).findings.len(), 0);
    assert_eq!(lines(&run(&[STATE], vec![shop(true)])), [1]);
}

#[test]
fn of_one_choice_the_place_nearest_to_the_root_speaks_and_names_the_others() {
    let once = WRITE.replace("    at: handler\n", "    once: project\n");
    let files = || vec![script("a/deep.js"), script("shallow.js"), script("z/other.js")];
    let files = || files().into_iter().zip(1..).map(|(file, at)| file.call(at, "write", None, Vec::new())).collect();
    let report = run(&[&once], files());
    assert_eq!(lines(&report), [2]);
    assert_eq!(report.findings[0].related.len(), 1, "one file is excepted");
    let each = once.replace("once: project", "once: file");
    assert_eq!(lines(&run(&[&each], files())), [1, 2]);
    let here = once.replace("unless_path: \"*other*\"", "path: \"a/*\"");
    assert_eq!(lines(&run(&[&here], files())), [1]);
}

#[test]
fn a_method_that_one_family_of_classes_has_is_followed_whatever_the_object_is() {
    let class = |symbol: &str, bases: &[&str]| Class {
        symbol: symbol.into(),
        bases: bases.iter().map(|base| (*base).into()).collect(),
        decorators: Vec::new(),
        span: super::line(1),
    };
    let page = script("page.js").access(2, "$_POST", AccessKind::Read, None).call(3, "~$store.keep", None, Vec::new());
    let store = |path: &str, symbol: &str, bases: &[&str], at: u32| {
        let mut file = script(path).function(&format!("{symbol}().keep"), None).call(at, "write", Some(0), Vec::new());
        file.0.classes.push(class(symbol, bases));
        file
    };
    let disk = store("disk.js", "~Disk", &["Base"], 11);
    let memory = store("memory.js", "~Memory", &["Base"], 12);
    let base = store("base.js", "~Base", &[], 13);
    assert_eq!(lines(&run(&[WRITE], vec![page, disk, memory, base])), [13, 11, 12]);
}
