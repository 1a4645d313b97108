//! A scenario.
#![no_main]

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = scaleproof::scenario::parse(text, "a.http");
});
