//! Snippets in, facts out, for every language.

use super::*;

#[test]
fn scratch() {
    let path = std::env::var("SCRATCH").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let out = (adapter(&path).unwrap().extract)(&path, &text);
    println!("{}", render::render(&out.facts));
    for p in out.problems {
        println!("{p}");
    }
}
