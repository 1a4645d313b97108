scaleproof_fuzz::file!("a.ts");
