//! The demo: needs nothing but the binary, and says what it promises.

mod tool;

use tool::{project, run};

#[test]
fn the_demo_loses_the_cart_confirms_the_finding_and_mends_it() {
    let empty = project(&[]);
    let said = run(&empty, &["demo"]).expect_code(0);
    let (wrong, sound) = said.stdout.split_once("\n2. ").expect("two variants");
    assert!(wrong.contains("error[handler-written-state]"), "{wrong}");
    assert!(wrong.contains("static CARTS"), "the code frame shows the shop's own source: {wrong}");
    assert!(wrong.contains("confirmed by ryw"), "{wrong}");
    assert!(wrong.contains("NOT READY"), "{wrong}");
    assert!(!sound.contains("error["), "{sound}");
    assert!(sound.contains("\nREADY"), "{sound}");
    assert_eq!(std::fs::read_dir(empty.path()).expect("a folder").count(), 0, "nothing is written where it is run");
}
