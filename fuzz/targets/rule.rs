//! A rule of one's own.
#![no_main]

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = scaleproof::rules::parse(text, "state/a.yaml");
});
