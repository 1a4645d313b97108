#![no_main]
scaleproof_fuzz::file!("crontab");
