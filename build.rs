//! The built-in rules are embedded; a rule file that is added or removed must rebuild the crate.

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
