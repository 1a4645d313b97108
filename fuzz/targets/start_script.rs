#![no_main]
scaleproof_fuzz::file!("entrypoint.sh");
