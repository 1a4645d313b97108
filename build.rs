//! The built-in rules and their fixtures are embedded; a file that is added or removed must rebuild the crate.

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=fixtures/rules");
}
