scaleproof_fuzz::file!("a.rb");
