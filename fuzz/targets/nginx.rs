#![no_main]
scaleproof_fuzz::file!("nginx.conf");
