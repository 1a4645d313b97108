//! The reference of the rules, printed from the rules.

use std::io::{self, Write};

use super::{block, cell, code, prose};
use crate::model::rule::{Example, RuleStory};

/// Writes an index by family, then each rule. `rules` are by family; each comes with what it was tried on.
pub fn render(rules: &[(RuleStory, Vec<Example>)], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Rules\n")?;
    writeln!(
        out,
        "What `scaleproof lint` looks for. Severity assumes two or more instances: an *error* means wrong results,"
    )?;
    writeln!(
        out,
        "lost or duplicated data or effects; a *warning* something degraded, stale or weakened; *info* is worth"
    )?;
    writeln!(
        out,
        "knowing. Confidence is *high* where a symbol is resolved and the unsafe option is written down or a"
    )?;
    writeln!(
        out,
        "documented default, *medium* where an absence is proven over the project or state is seen to change in a"
    )?;
    writeln!(out, "handler, *low* for heuristics, which only `--pedantic` shows.\n")?;
    writeln!(out, "`scaleproof explain RULE` tells the same on a terminal. This page is printed by")?;
    writeln!(out, "`scaleproof rules --format markdown`.\n")?;
    index(rules, out)?;
    let mut family = "";
    for (story, examples) in rules {
        if story.family != family {
            family = &story.family;
            writeln!(out, "## {family}\n")?;
        }
        rule(story, examples, out)?;
    }
    Ok(())
}

fn index(rules: &[(RuleStory, Vec<Example>)], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| family | rule | severity | what it finds |\n|---|---|---|---|")?;
    for (story, _) in rules {
        let (family, id, severity) = (&story.family, &story.id, story.severity);
        writeln!(out, "| [{family}](#{family}) | [`{id}`](#{id}) | {severity} | {} |", cell(&prose(&story.title)))?;
    }
    writeln!(out)
}

fn rule(story: &RuleStory, examples: &[Example], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### {}\n", story.id)?;
    writeln!(out, "**{}** · {}, confidence {}\n", prose(&story.title), story.severity, story.confidence)?;
    writeln!(out, "**What breaks.** {}\n", prose(&story.breaks))?;
    writeln!(out, "**What to do.** {}\n", prose(&story.fix))?;
    writeln!(out, "**How it is found.**\n")?;
    for way in &story.ways {
        let languages =
            if way.languages.is_empty() { String::new() } else { format!("{}: ", way.languages.join(", ")) };
        let unlike = way.severity != story.severity || way.confidence != story.confidence;
        let weight = if unlike { format!(" ({}, {})", way.severity, way.confidence) } else { String::new() };
        writeln!(out, "- {}{}{weight}", prose(&languages), prose(&way.say))?;
    }
    match &story.confirm {
        Some(check) => writeln!(out, "\n**How it is proven.** `scaleproof test`, check {}\n", code(check))?,
        None => writeln!(out, "\n**How it is proven.** By reading only: no check of `scaleproof test` tries it.\n")?,
    }
    for example in examples {
        let kind = if example.guilty.is_empty() { "Innocent" } else { "Guilty" };
        writeln!(out, "{kind}, {}:\n\n{}", example.language, block(&fence_name(example), &marked(example)))?;
    }
    let read = story.read.iter().map(|it| format!("[{}]({})", prose(&it.title), it.address)).collect::<Vec<_>>();
    writeln!(out, "**Read.** {}\n", read.join(" · "))
}

/// The end of the file's name tells how it is coloured.
fn fence_name(example: &Example) -> String {
    let name = example.path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or_else(String::new, |(_, end)| end.to_owned())
}

/// The lines, those that are guilty with a mark at their end in the comment syntax of the language.
fn marked(example: &Example) -> String {
    let lines = example.excerpt.text.lines().zip(example.excerpt.first_line..);
    let marked = lines.map(|(line, number)| match example.guilty.contains(&number) {
        true => format!("{line}  {} <- here\n", example.comment),
        false => format!("{line}\n"),
    });
    marked.collect()
}
