use std::process::ExitCode;

use scaleproof::replica::{guard, shim};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(shim::ARGUMENT) => shim::main(),
        Some(guard::ARGUMENT) => guard::main(),
        _ => ExitCode::from(2),
    }
}
