#![no_main]
scaleproof_fuzz::named_file!();
