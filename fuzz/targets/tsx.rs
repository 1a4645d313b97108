scaleproof_fuzz::file!("a.tsx");
