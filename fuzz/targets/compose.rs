#![no_main]
scaleproof_fuzz::file!("compose.yaml");
