#![no_main]
scaleproof_fuzz::file!("config/deploy.yml");
