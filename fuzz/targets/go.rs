scaleproof_fuzz::file!("a.go");
