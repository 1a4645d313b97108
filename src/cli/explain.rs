//! `scaleproof explain`.

use std::path::PathBuf;

use super::exit::{Exit, Result};
use super::{output, project};
use crate::lint::example;
use crate::model::nearest::nearest;
use crate::model::problem::Problem;
use crate::report::terminal;
use crate::rules::RuleSet;

#[derive(clap::Args)]
pub struct Args {
    /// The rule's id, as findings and `scaleproof rules` write it
    #[arg(value_name = "RULE")]
    rule: String,
    /// Show all code that the rule is tried on, not only the shortest
    #[arg(long)]
    all: bool,
    /// A folder with rules of your own, beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

/// Guilty and innocent pieces of code that are shown unless all are asked for.
const SHOWN: (usize, usize) = (2, 1);

pub fn run(args: &Args) -> Result {
    let set = project::rules(&args.rules)?;
    let rule = set.get(&args.rule).ok_or_else(|| unknown(&args.rule, &set))?;
    let all = example::examples(&rule.id, &project::fixtures(&rule.id, &args.rules));
    let count = all.len();
    let shown = if args.all { all } else { example::pick(all, SHOWN.0, SHOWN.1) };
    let more = count - shown.len();
    output::print(|look, out| terminal::explain::render(&rule.story(), &shown, more, look, out))?;
    Ok(Exit::Pass)
}

/// Rules that share a word with an unknown one that are named.
const MOST_NEAR: usize = 5;

fn unknown(id: &str, set: &RuleSet) -> Problem {
    let ids = || set.rules().iter().map(|rule| rule.id.as_str());
    let near: Vec<&str> = match nearest(id, ids()) {
        Some(nearest) => vec![nearest],
        None => ids().filter(|known| is_near(id, known)).take(MOST_NEAR).collect(),
    };
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
