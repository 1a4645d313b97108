scaleproof_fuzz::named_file!();
