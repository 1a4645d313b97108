scaleproof_fuzz::file!("compose.yaml");
