//! `scaleproof schema`.

use super::exit::{Exit, Result};
use super::output;
use crate::report::json::{BENCH_SCHEMA, COMPARISON_SCHEMA, LINT_SCHEMA, TEST_SCHEMA};

#[derive(clap::Args)]
pub struct Args {
    /// Whose report
    #[arg(value_enum, default_value = "lint")]
    of: Kind,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// What `lint --format json` prints
    Lint,
    /// What `test --format json` and `report --format json` print
    Test,
    /// What `bench --format json` prints
    Bench,
    /// What `bench --compare A.json B.json --format json` prints
    Comparison,
}

pub fn run(args: &Args) -> Result {
    let schema = match args.of {
        Kind::Lint => LINT_SCHEMA,
        Kind::Test => TEST_SCHEMA,
        Kind::Bench => BENCH_SCHEMA,
        Kind::Comparison => COMPARISON_SCHEMA,
    };
    output::print(|_, out| out.write_all(schema.as_bytes()))?;
    Ok(Exit::Pass)
}
