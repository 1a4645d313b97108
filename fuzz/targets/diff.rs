//! What git says for `--since`.
#![no_main]

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = scaleproof::policy::change::Changes::parse(text);
});
