#![no_main]
scaleproof_fuzz::file!("envoy.yaml");
