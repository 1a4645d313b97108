#![no_main]
scaleproof_fuzz::file!("uwsgi.ini");
