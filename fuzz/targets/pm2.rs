#![no_main]
scaleproof_fuzz::file!("ecosystem.yml");
