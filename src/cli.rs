//! L5, one file per subcommand. The only room that prints.

mod assemble;
mod bench;
mod demo;
mod exit;
mod explain;
mod gate;
mod git;
mod helm;
mod init;
mod lint;
mod output;
mod progress;
mod project;
mod report;
mod rules;
mod schema;
mod shell;
mod test;
mod trial;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::demo::Variant;
use crate::replica::{guard, shim};
use exit::Exit;

/// What breaks when one instance becomes N?
///
/// `lint` reads the code and the deployment files; `test` starts N real replicas behind a balancer and proves it.
#[derive(Parser)]
#[command(name = "scaleproof", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 pass · 1 findings or failed checks · 2 wrong usage or configuration · \
3 could not decide · 70 a bug of ours";

#[derive(Subcommand)]
enum Command {
    /// Find in code and deployment files what breaks when one instance becomes N
    Lint(lint::Args),
    /// Start N replicas behind a balancer and prove it
    Test(test::Args),
    /// Measure a server as ab does, and see which instance answered
    Bench(Box<bench::Args>),
    /// Hold back a change that raises the number of instances of what breaks then
    Gate(gate::Args),
    /// Render a recorded run again
    Report(report::Args),
    /// List the rules
    Rules(rules::Args),
    /// Explain a rule: what breaks, how to fix it, how it is detected, and code that shows it
    Explain(explain::Args),
    /// Write a scaleproof.yaml for what is found in this folder
    Init(init::Args),
    /// See it happen: a shop that loses carts on three replicas, and the same shop mended
    Demo(demo::Args),
    /// Print the JSON Schema of a report in JSON
    Schema(schema::Args),
    /// Print completions for a shell
    Completions(shell::CompletionsArgs),
    /// Print the manual page
    Man(shell::ManArgs),
    /// The demo shop, as a replica
    #[command(name = "internal-shop", hide = true)]
    InternalShop { variant: Variant },
    /// The store that the demo's replicas share
    #[command(name = "internal-store", hide = true)]
    InternalStore { port: u16 },
}

/// Runs the tool. Errors of the user's go to stderr with exit code 2, panics with exit code 70.
///
/// The tool starts itself in two further roles, which are no subcommands: [`shim`] makes a replica's private disk and then
/// becomes the replica, [`guard`] ends what a run leaves behind when the run itself is killed.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match arguments.get(1).and_then(|argument| argument.to_str()) {
        Some(shim::ARGUMENT) => return shim::main(),
        Some(guard::ARGUMENT) => return guard::main(),
        _ => {}
    }
    let is_ab = arguments.iter().any(|argument| argument == "--ab-compat");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no error, and there is nowhere else to say it.
            let _ = error.print();
            return match error.use_stderr() {
                true if is_ab => Exit::USAGE_OF_AB.into(),
                _ => ExitCode::from(error.exit_code() as u8),
            };
        }
    };
    match std::panic::catch_unwind(|| run(cli.command)) {
        Ok(exit) => exit.into(),
        Err(_) => {
            output::complain("this is a bug in scaleproof; please report it together with the lines above");
            Exit::Bug.into()
        }
    }
}

fn run(command: Command) -> Exit {
    let result = match command {
        Command::Lint(args) => lint::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Gate(args) => gate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => shell::completions(&args, &mut Cli::command()),
        Command::Man(args) => shell::man(&args, Cli::command()),
        Command::InternalShop { variant } => serve(crate::demo::serve_shop(variant)),
        Command::InternalStore { port } => serve(crate::demo::serve_store(port)),
    };
    result.unwrap_or_else(|failure| failure.show())
}

/// Runs a server on one thread until it is ended.
fn serve(server: impl Future<Output = std::io::Result<()>>) -> exit::Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(server)?;
    Ok(Exit::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn no_two_arguments_or_groups_are_in_each_others_way() {
        Cli::command().debug_assert();
    }
}
