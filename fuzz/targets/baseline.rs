//! A baseline, and that what it renders reads as the same.
#![no_main]

use scaleproof::policy::baseline::Baseline;

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(baseline) = Baseline::parse(text, "scaleproof-baseline.json") {
        assert_eq!(Baseline::parse(&baseline.render(), "rendered").ok(), Some(baseline));
    }
});
