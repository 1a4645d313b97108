//! Go: snippets in, facts out.

use super::{extract, says};

#[test]
fn probe() {
    let text = std::fs::read_to_string("/tmp/probe.go").unwrap();
    let e = extract("a.go", &text);
    println!("{}\n{:?}", crate::source::language::render::render(&e.facts), e.problems);
    says("a.go", "package a\n", &[]);
}
