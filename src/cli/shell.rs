//! `scaleproof completions` and `scaleproof man`: what the command line knows of itself.

use clap::Command;

use super::exit::{Exit, Result};
use super::output;
use crate::model::problem::Problem;

#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// The shell that completes
    shell: clap_complete::Shell,
}

pub fn completions(args: &CompletionsArgs, command: &mut Command) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "scaleproof", &mut script);
    output::print(|_, out| out.write_all(&script))?;
    Ok(Exit::Pass)
}

#[derive(clap::Args)]
pub struct ManArgs {
    /// The subcommand whose page to print [default: the page of scaleproof itself]
    command: Option<String>,
}

pub fn man(args: &ManArgs, mut command: Command) -> Result {
    // Names of subcommands get that of the tool in front, and help its texts.
    command.build();
    let page = match &args.command {
        None => &command,
        Some(name) => command.find_subcommand(name).filter(|found| !found.is_hide_set()).ok_or_else(|| {
            Problem::new(format!("there is no subcommand `{name}`")).help("`scaleproof --help` lists them")
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page.clone()).render(&mut text)?;
    output::print(|_, out| out.write_all(&text))?;
    Ok(Exit::Pass)
}
