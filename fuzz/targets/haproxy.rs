#![no_main]
scaleproof_fuzz::file!("haproxy.cfg");
