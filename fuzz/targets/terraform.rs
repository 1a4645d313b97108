#![no_main]
scaleproof_fuzz::file!("main.tf");
