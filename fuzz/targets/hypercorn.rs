#![no_main]
scaleproof_fuzz::file!("hypercorn.toml");
