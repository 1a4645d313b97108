//! Ruby: snippets in, facts out.

use super::says;

#[test]
fn show() {
    let text = std::fs::read_to_string("/tmp/a.rb").unwrap();
    println!("{}", super::lines("a.rb", &text).join("\n"));
}

#[test]
fn x() {
    says("a.rb", "", &[]);
}
