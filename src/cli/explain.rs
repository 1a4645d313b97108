//! `scaleproof explain`.

use std::io::{self, Write};
use std::path::PathBuf;

use super::exit::{Exit, Result};
use super::{output, project};
use crate::model::problem::Problem;
use crate::rules::{Rule, RuleSet};

#[derive(clap::Args)]
pub struct Args {
    /// The rule's id, as findings and `scaleproof rules` write it
    #[arg(value_name = "RULE")]
    rule: String,
    /// A folder with rules of your own, beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

pub fn run(args: &Args) -> Result {
    let set = project::rules(&args.rules)?;
    let rule = set.get(&args.rule).ok_or_else(|| unknown(&args.rule, &set))?;
    output::print(|look, out| explain(rule, look.width.min(100), out))?;
    Ok(Exit::Pass)
}

fn unknown(id: &str, set: &RuleSet) -> Problem {
    let near: Vec<&str> = set.rules().iter().map(|rule| rule.id.as_str()).filter(|known| is_near(id, known)).collect();
    let help = match near.as_slice() {
        [] => "`scaleproof rules` lists them".to_owned(),
        near => format!("did you mean {}? `scaleproof rules` lists them all", near.join(" or ")),
    };
    Problem::new(format!("there is no rule `{id}`")).help(help)
}

/// They share a word.
fn is_near(id: &str, known: &str) -> bool {
    id.split('-').any(|word| word.len() > 2 && known.split('-').any(|other| other == word))
}

fn explain(rule: &Rule, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    writeln!(out, "{bold}{}{bold:#}", rule.title)?;
    writeln!(out, "{} · family {} · {}, confidence {}\n", rule.id, rule.family, rule.severity, rule.confidence)?;
    section("What breaks", &rule.breaks, width, out)?;
    section("What to do", &rule.fix, width, out)?;
    writeln!(out, "{bold}How it is found{bold:#}")?;
    for clause in &rule.detect {
        bullet(&clause.say, width, out)?;
    }
    writeln!(out)?;
    match &rule.confirm {
        Some(check) => section("How it is proven", &format!("`scaleproof test`, check {check}"), width, out)?,
        None => section("How it is proven", "By reading only: no check of `scaleproof test` tries it.", width, out)?,
    }
    writeln!(out, "{bold}Read{bold:#}")?;
    for entry in &rule.read {
        bullet(entry, width, out)?;
    }
    writeln!(out)?;
    section("Silence one place", &format!("// scaleproof: ignore[{}] the reason", rule.id), width, out)
}

fn section(title: &str, text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    writeln!(out, "{bold}{title}{bold:#}")?;
    for line in textwrap::wrap(text, width - 2) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out)
}

fn bullet(text: &str, width: usize, out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in textwrap::wrap(text, width - 4).iter().enumerate() {
        writeln!(out, "  {} {line}", if number == 0 { "-" } else { " " })?;
    }
    Ok(())
}
