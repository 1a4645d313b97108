#![no_main]
scaleproof_fuzz::file!("Passengerfile.json");
