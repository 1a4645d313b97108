#![no_main]
scaleproof_fuzz::file!("traefik.yml");
