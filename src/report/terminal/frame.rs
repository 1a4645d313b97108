//! Code frames: findings and problems with their lines and carets.

use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use super::{Look, whole_words};
use crate::model::finding::{Finding, Proof, Related, Severity};
use crate::model::location::{Excerpt, Location, Span};
use crate::model::problem::Problem;
use crate::model::rule::Example;

/// Writes a finding: its frame, then the story, the fix, what a run said, and where it is already true.
pub(super) fn finding(finding: &Finding, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let notes = notes(finding, look);
    let mut group = severity_level(finding.severity).primary_title(&*finding.message).id(&*finding.rule).elements(
        finding.excerpt.iter().map(|excerpt| snippet(&finding.location, excerpt, AnnotationKind::Primary, None)),
    );
    for related in &finding.related {
        if let Some(excerpt) = &related.excerpt {
            group = group.element(snippet(&related.location, excerpt, AnnotationKind::Context, Some(&related.message)));
        }
    }
    for (name, text) in &notes {
        group = group.element(Level::NOTE.with_name(*name).message(text.as_str()));
    }
    writeln!(out, "{}\n", renderer(look).render(&[group]))
}

/// Writes a problem that did not stop the work: its frame where it has a place, and what to do.
pub(super) fn problem(problem: &Problem, look: Look, out: &mut dyn Write) -> io::Result<()> {
    framed(problem, Level::WARNING.with_name("problem"), look, out)
}

/// Writes lines that a rule was tried on.
pub(super) fn example(example: &Example, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let level = match example.guilty.is_empty() {
        true => Level::HELP.with_name("innocent"),
        false => Level::ERROR.with_name("guilty"),
    };
    let innocent: Vec<_> = example.innocent.iter().map(|(line, reason)| (*line, innocence(reason))).collect();
    let whole = |line: u32| byte_range(&Span { line, column: 1, end_line: line + 1, end_column: 1 }, &example.excerpt);
    let trimmed = |line: u32| {
        let Range { start, end } = whole(line);
        let text = &example.excerpt.text[start..end];
        start + (text.len() - text.trim_start().len())..end
    };
    let guilty = example.guilty.iter().map(|line| AnnotationKind::Primary.span(trimmed(*line)).label("found"));
    let sound = innocent.iter().map(|(line, said)| AnnotationKind::Context.span(trimmed(*line)).label(said.as_str()));
    let snippet = Snippet::source(&*example.excerpt.text)
        .line_start(example.excerpt.first_line as usize)
        .path(&*example.path)
        .fold(false)
        .annotations(guilty)
        .annotations(sound);
    let group = level.primary_title(&*example.language).element(snippet);
    writeln!(out, "{}\n", renderer(look).render(&[group]))
}

fn innocence(reason: &str) -> String {
    if reason.is_empty() { "innocent".into() } else { format!("innocent: {reason}") }
}

/// Writes a problem that stops the work.
pub fn error(problem: &Problem, look: Look, out: &mut dyn Write) -> io::Result<()> {
    framed(problem, Level::ERROR, look, out)
}

fn framed(problem: &Problem, level: Level<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let placed = problem.location.as_ref().zip(problem.excerpt.as_ref());
    let title = match (&problem.location, placed) {
        (Some(at), None) => format!("{}: {}", at.path, problem.message),
        _ => problem.message.clone(),
    };
    let mut group = Group::with_title(level.primary_title(title));
    if let Some((location, excerpt)) = placed {
        group = group.element(snippet(location, excerpt, AnnotationKind::Primary, None));
    }
    let help = wrap(&problem.help, look);
    if !help.is_empty() {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    writeln!(out, "{}\n", renderer(look).render(&[group]))
}

fn notes(finding: &Finding, look: Look) -> Vec<(&'static str, String)> {
    let mut notes = vec![("breaks", wrap(&finding.breaks, look)), ("fix", wrap(&finding.fix, look))];
    for related in finding.related.iter().filter(|related| related.excerpt.is_none()).take(RELATED_SHOWN) {
        notes.push(("see", wrap(&place(related), look)));
    }
    for context in &finding.context {
        notes.push(("context", wrap(&place(context), look)));
    }
    match finding.proof {
        Some(Proof::Confirmed) => notes.push(("seen", format!("confirmed by {}", check_of(finding)))),
        Some(Proof::NotReproduced) => notes.push(("seen", format!("not reproduced: {} passed", check_of(finding)))),
        Some(Proof::NotTried) => notes.push(("seen", "not tried".into())),
        None => {}
    }
    notes.retain(|(_, text)| !text.is_empty());
    notes
}

/// More places than these are left to the machine-readable formats.
const RELATED_SHOWN: usize = 4;

fn check_of(finding: &Finding) -> &str {
    finding.confirm.as_deref().unwrap_or("no check")
}

fn place(related: &Related) -> String {
    format!("{} ({})", related.message, related.location)
}

fn severity_level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    }
}

fn renderer(look: Look) -> Renderer {
    Renderer::styled().decor_style(DecorStyle::Ascii).term_width(look.width)
}

fn snippet<'a>(
    location: &'a Location,
    excerpt: &'a Excerpt,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Snippet<'a, Annotation<'a>> {
    Snippet::source(&*excerpt.text)
        .line_start(excerpt.first_line as usize)
        .path(&*location.path)
        .annotation(kind.span(byte_range(&location.span, excerpt)).label(label))
}

/// The bytes of `excerpt` that `span` covers, cut at the excerpt's end; a span over several lines is shown on its first.
fn byte_range(span: &Span, excerpt: &Excerpt) -> Range<usize> {
    let Some(row) = span.line.checked_sub(excerpt.first_line) else { return 0..0 };
    let before: usize = excerpt.text.split_inclusive('\n').take(row as usize).map(str::len).sum();
    let line = excerpt.text[before..].lines().next().unwrap_or("");
    let offset =
        |column: u32| -> usize { line.chars().take(column.saturating_sub(1) as usize).map(char::len_utf8).sum() };
    let end = if span.end_line > span.line { line.len() } else { offset(span.end_column) };
    let start = offset(span.column).min(end);
    before + start..before + end
}

/// Continuation lines are aligned by the renderer, behind a margin of about this many columns.
const NOTE_MARGIN: usize = 16;

fn wrap(text: &str, look: Look) -> String {
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    textwrap::fill(&unwrapped, whole_words(look.width.saturating_sub(NOTE_MARGIN).clamp(40, 100)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_measured_in_characters_and_cut_at_the_line() {
        let excerpt = Excerpt { first_line: 7, text: "let é = 1;\nlet b = 2;\n".into() };
        let é = byte_range(&Span::on_line(7, 5, 6), &excerpt);
        assert_eq!(&excerpt.text[é], "é");
        let b = byte_range(&Span { line: 8, column: 5, end_line: 9, end_column: 2 }, &excerpt);
        assert_eq!(&excerpt.text[b], "b = 2;");
        let outside = byte_range(&Span::on_line(40, 1, 2), &excerpt);
        assert_eq!(&excerpt.text[outside], "");
    }
}
