//! `scaleproof rules vocabulary`: the words that a rule may use.

use std::io::{self, Write};

use super::super::exit::{Exit, Result};
use super::super::output;
use crate::model::nearest::nearest;
use crate::model::problem::Problem;
use crate::rules::vocabulary::{SECTIONS, Section, Word};

#[derive(clap::Args)]
pub struct Args {
    /// Only what this word is or may hold: `state`, `unless_project`
    #[arg(value_name = "WORD")]
    word: Option<String>,
    /// How to show it
    #[arg(long, default_value = "terminal")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Terminal,
    Markdown,
    Json,
}

pub fn run(args: &Args) -> Result {
    let sections = chosen(args.word.as_deref())?;
    output::print(|look, out| match args.format {
        Format::Terminal => terminal(&sections, look.width, out),
        Format::Markdown => markdown(&sections, out),
        Format::Json => json(&sections, out),
    })?;
    Ok(Exit::Pass)
}

/// A section and the words of it that are shown.
type Chosen = (&'static Section, Vec<&'static Word>);

/// The whole; or what is called like the word, and what may follow it.
fn chosen(word: Option<&str>) -> Result<Vec<Chosen>> {
    let all = || SECTIONS.iter().flat_map(|section| section.words);
    let follows = |section: &Section| {
        let leads_here = |it: &Word| it.section().is_some_and(|told| told.name == section.name);
        word.is_some_and(|word| all().any(|it| it.word == word && leads_here(it)))
    };
    let shown = |section: &'static Section| {
        let whole = word.is_none_or(|word| section.name == word) || follows(section);
        let is_wanted = |it: &&Word| whole || word == Some(it.word);
        (section, section.words.iter().filter(is_wanted).collect::<Vec<_>>())
    };
    let sections: Vec<Chosen> = SECTIONS.iter().map(shown).filter(|(_, words)| !words.is_empty()).collect();
    match word {
        Some(word) if sections.is_empty() => {
            let known = SECTIONS
                .iter()
                .flat_map(|section| std::iter::once(section.name).chain(section.words.iter().map(|word| word.word)));
            let help = match nearest(word, known) {
                Some(nearest) => format!("Did you mean `{nearest}`?"),
                None => "`scaleproof rules vocabulary` lists them all.".to_owned(),
            };
            Err(Problem::new(format!("rules have no word `{word}`")).help(help).into())
        }
        _ => Ok(sections),
    }
}

fn terminal(sections: &[Chosen], width: usize, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let column = |text: fn(&Word) -> &str| {
        sections.iter().flat_map(|(_, words)| words).map(|word| text(word).chars().count()).max().unwrap_or(0)
    };
    let (names, shapes) = (column(|word| word.word), column(|word| word.shape));
    for (number, (section, words)) in sections.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        let about = if section.about.is_empty() { String::new() } else { format!("  {}", section.about) };
        for (row, line) in textwrap::wrap(&format!("{}{about}", section.name), width).iter().enumerate() {
            match (row, line.strip_prefix(section.name)) {
                (0, Some(rest)) => writeln!(out, "{gap}{bold}{}{bold:#}{rest}", section.name)?,
                _ => writeln!(out, "{line}")?,
            }
        }
        let shapes = if words.iter().all(|word| word.shape.is_empty()) { 0 } else { shapes + 2 };
        let indent = 2 + names + 2 + shapes;
        for Word { word, shape, meaning } in words.iter().copied() {
            let meaning = textwrap::fill(meaning, width.saturating_sub(indent).max(24));
            let meaning = meaning.replace('\n', &format!("\n{:indent$}", ""));
            writeln!(out, "  {word:names$}  {shape:shapes$}{meaning}")?;
        }
    }
    Ok(())
}

fn markdown(sections: &[Chosen], out: &mut dyn Write) -> io::Result<()> {
    for (number, (section, words)) in sections.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        writeln!(out, "{gap}## {}\n", section.name)?;
        if !section.about.is_empty() {
            writeln!(out, "{}\n", section.about)?;
        }
        writeln!(out, "| word | what follows | meaning |\n|---|---|---|")?;
        for Word { word, shape, meaning } in words.iter() {
            writeln!(out, "| `{word}` | {shape} | {} |", meaning.replace('|', "\\|"))?;
        }
    }
    Ok(())
}

fn json(sections: &[Chosen], out: &mut dyn Write) -> io::Result<()> {
    let word = |word: &&Word| serde_json::json!({ "word": word.word, "shape": word.shape, "meaning": word.meaning });
    let section = |(section, words): &Chosen| {
        let words: Vec<_> = words.iter().map(word).collect();
        serde_json::json!({ "name": section.name, "about": section.about, "words": words })
    };
    let sections: Vec<_> = sections.iter().map(section).collect();
    serde_json::to_writer_pretty(
        &mut *out,
        &serde_json::json!({ "schema": "scaleproof.vocabulary/1", "sections": sections }),
    )?;
    writeln!(out)
}
