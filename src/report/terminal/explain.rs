//! `explain` on a terminal: a rule's whole story, with code that it finds and code that it does not.

use std::io::{self, Write};

use super::style::{BOLD, DIM, paint};
use super::{Look, frame, hanging};
use crate::model::rule::{Example, RuleStory, Way};
use crate::report::plural;
use crate::report::text::visible;

/// Lines of prose are no longer than this, however wide the terminal is.
const WIDEST: usize = 100;

/// Writes the story; `more` says how many further examples there are.
pub fn render(story: &RuleStory, examples: &[Example], more: usize, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let narrow = Look { width: look.width.min(WIDEST) };
    writeln!(out, "{}", paint(BOLD, visible(&story.title)))?;
    let RuleStory { id, family, severity, confidence, .. } = story;
    writeln!(out, "{id} · family {family} · {severity}, confidence {confidence}\n")?;
    section("What breaks", &story.breaks, narrow, out)?;
    section("What to do", &story.fix, narrow, out)?;
    writeln!(out, "{}", paint(BOLD, "How it is found"))?;
    for way in &story.ways {
        self::way(way, story, narrow, out)?;
    }
    writeln!(out)?;
    for example in examples {
        frame::example(example, look, out)?;
    }
    if more > 0 {
        writeln!(out, "{}\n", paint(DIM, format!("{} with --all", plural(more, "more example"))))?;
    }
    match &story.confirm {
        Some(check) => section("How it is proven", &format!("`scaleproof test`, check {check}"), narrow, out)?,
        None => section("How it is proven", "By reading only: no check of `scaleproof test` tries it.", narrow, out)?,
    }
    writeln!(out, "{}", paint(BOLD, "Read"))?;
    for reading in &story.read {
        hanging("  - ", &visible(&format!("{}: {}", reading.title, reading.address)), narrow, out)?;
    }
    writeln!(out)?;
    let sign = examples.first().map_or("//", |example| example.comment);
    let comment = format!("{sign} scaleproof: ignore[{id}] the reason");
    writeln!(out, "{}", paint(BOLD, "Silence one place"))?;
    writeln!(out, "  {comment}\n")?;
    let place = "At the end of the line, or alone on the line before it; the reason is required.";
    hanging("  ", place, narrow, out)
}

fn section(title: &str, text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", paint(BOLD, title))?;
    hanging("  ", &visible(text), look, out)?;
    writeln!(out)
}

/// Languages in front, and the weight behind where it is not the rule's own.
fn way(way: &Way, story: &RuleStory, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let languages = if way.languages.is_empty() { String::new() } else { format!("{}: ", way.languages.join(", ")) };
    let unlike = way.severity != story.severity || way.confidence != story.confidence;
    let weight = if unlike { format!(" ({}, confidence {})", way.severity, way.confidence) } else { String::new() };
    hanging("  - ", &visible(&format!("{languages}{}{weight}", way.say)), look, out)?;
    match &way.fix {
        Some(fix) => hanging("    ", &visible(&format!("There: {fix}")), look, out),
        None => Ok(()),
    }
}
