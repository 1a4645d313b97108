scaleproof_fuzz::file!("a.py");
