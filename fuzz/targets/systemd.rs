#![no_main]
scaleproof_fuzz::file!("shop.service");
