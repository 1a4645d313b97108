//! The few styles that reports use.

use anstyle::{AnsiColor, Style};

use crate::model::verdict::{CheckVerdict, Gate};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

pub(super) fn of_verdict(verdict: CheckVerdict) -> Style {
    match verdict {
        CheckVerdict::Pass => GREEN,
        CheckVerdict::Fail => RED,
        CheckVerdict::Unknown => YELLOW,
        CheckVerdict::Skipped => DIM,
    }
}

/// The verdict as a word that cannot be missed.
pub(super) fn gate(verdict: Gate) -> String {
    match verdict {
        Gate::Pass => paint(GREEN, "PASS"),
        Gate::Fail => paint(RED, "FAIL"),
        Gate::Unknown => paint(YELLOW, "UNKNOWN"),
    }
}

/// `text` in `style`.
pub(super) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
