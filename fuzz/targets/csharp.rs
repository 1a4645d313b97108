scaleproof_fuzz::file!("a.cs");
