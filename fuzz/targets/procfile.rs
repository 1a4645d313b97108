scaleproof_fuzz::file!("Procfile");
