scaleproof_fuzz::file!("a.php");
