//! What frameworks call handlers.
#![no_main]

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = scaleproof::rules::parse_entry_points(text, "entry-points/a.yaml");
});
