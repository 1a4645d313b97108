#![no_main]
scaleproof_fuzz::file!("supervisord.conf");
