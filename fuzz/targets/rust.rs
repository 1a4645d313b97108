scaleproof_fuzz::file!("a.rs");
