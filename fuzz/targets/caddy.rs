#![no_main]
scaleproof_fuzz::file!("Caddyfile");
