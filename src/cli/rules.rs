//! `scaleproof rules`.

use std::path::PathBuf;

use tabled::builder::Builder;
use tabled::settings::{Padding, Style};

use super::exit::{Exit, Result};
use super::{output, project};

#[derive(clap::Args)]
pub struct Args {
    /// A folder with rules of your own, beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

pub fn run(args: &Args) -> Result {
    let set = project::rules(&args.rules)?;
    let mut rows: Vec<[String; 4]> = set
        .rules()
        .iter()
        .map(|rule| [rule.family.to_string(), rule.id.to_string(), rule.severity.to_string(), rule.title.clone()])
        .collect();
    rows.sort();
    let count = rows.len();
    let mut table = Builder::with_capacity(count, 4);
    table.push_record(["family", "rule", "severity", "what it finds"]);
    rows.into_iter().for_each(|row| table.push_record(row));
    let mut table = table.build();
    table.with(Style::blank()).with(Padding::new(0, 1, 0, 0));
    output::print(|_, out| {
        for line in table.to_string().lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out, "\n{count} rules; `scaleproof explain RULE` tells a rule's whole story")
    })?;
    Ok(Exit::Pass)
}
