//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    scaleproof::cli::main(std::env::args_os())
}
