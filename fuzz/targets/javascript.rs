scaleproof_fuzz::file!("a.js");
