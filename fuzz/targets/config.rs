//! scaleproof.yaml.
#![no_main]

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = scaleproof::config::parse(text, "scaleproof.yaml");
});
