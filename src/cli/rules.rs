//! `scaleproof rules`.

mod new;
mod test;
mod vocabulary;

use std::path::PathBuf;

use tabled::builder::Builder;
use tabled::settings::{Padding, Style};

use super::exit::{Exit, Result};
use super::{output, project};
use crate::lint::example;
use crate::report::markdown;
use crate::rules::Rule;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// A folder with rules of your own, beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// How to list them
    #[arg(long, default_value = "terminal")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A table
    Terminal,
    /// A reference: an index, then each rule with its story and code
    Markdown,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Try rules on their fixtures: every marked line must be found, every other line must stay silent
    Test(test::Args),
    /// Write a rule to begin with, and what it is tried on: `rules test` passes at once
    New(new::Args),
    /// List the words that a rule may use
    Vocabulary(vocabulary::Args),
}

pub fn run(args: &Args) -> Result {
    match &args.command {
        Some(Command::Test(args)) => test::run(args),
        Some(Command::New(args)) => new::run(args),
        Some(Command::Vocabulary(args)) => vocabulary::run(args),
        None => match args.format {
            Format::Terminal => list(args),
            Format::Markdown => reference(args),
        },
    }
}

/// One piece of guilty code and one of innocent code for each rule.
fn reference(args: &Args) -> Result {
    let set = project::rules(&args.rules)?;
    let told = |rule: &Rule| {
        let examples = example::examples(&rule.id, &project::fixtures(&rule.id, &args.rules));
        (rule.story(), example::pick(examples, 1, 1))
    };
    let rules: Vec<_> = set.rules().iter().map(told).collect();
    output::print(|_, out| markdown::rules::render(&rules, out))?;
    Ok(Exit::Pass)
}

fn list(args: &Args) -> Result {
    let set = project::rules(&args.rules)?;
    let mut rows: Vec<[String; 4]> = set
        .rules()
        .iter()
        .map(|rule| [rule.family.to_string(), rule.id.to_string(), rule.severity.to_string(), rule.title.clone()])
        .collect();
    rows.sort();
    output::print(|look, out| {
        for line in table(&rows, look.width).lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out, "\n{} rules; `scaleproof explain RULE` tells a rule's whole story", rows.len())
    })?;
    Ok(Exit::Pass)
}

/// The rows in columns, the last of them wrapped so that all fit into `width`.
fn table(rows: &[[String; 4]], width: usize) -> String {
    let header = ["family", "rule", "severity", "what it finds"];
    let column = |at: usize| rows.iter().map(|row| row[at].len()).chain([header[at].len()]).max().unwrap_or(0) + 1;
    let rest = width.saturating_sub(column(0) + column(1) + column(2)).max(24);
    let mut builder = Builder::with_capacity(rows.len() + 1, 4);
    builder.push_record(header);
    for [family, rule, severity, title] in rows {
        builder.push_record([family, rule, severity, &textwrap::fill(title, rest)]);
    }
    builder.build().with(Style::blank()).with(Padding::new(0, 1, 0, 0)).to_string()
}
