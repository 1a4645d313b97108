#![no_main]
scaleproof_fuzz::file!("a.kt");
