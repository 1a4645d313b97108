//! What a run is doing, on stderr, while it does it. Nothing when nobody watches: stderr is no terminal, or this is CI.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::model::event::Event;

/// One line that changes, and is gone when this is.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        Progress::drawn(None, "{spinner} {prefix}{wide_msg}", true)
    }

    /// A bar that fills up to `length`, unless somebody wants it quiet.
    pub fn bar(length: u64, quiet: bool) -> Self {
        Progress::drawn(Some(length), "{bar:24} {percent:>3}%  {prefix}{wide_msg}", !quiet)
    }

    fn drawn(length: Option<u64>, template: &str, wanted: bool) -> Self {
        let watched = !said("CI") && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        let target = if wanted && watched && io::stderr().is_terminal() {
            ProgressDrawTarget::term_like_with_hz(Box::new(Stderr), 20)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(length, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar }
    }

    /// To be told of each event.
    pub fn observer(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let bar = self.bar.clone();
        move |event| {
            if let Some(text) = describe(event) {
                bar.set_message(text);
            }
        }
    }

    /// How far it is, and what to say of it.
    pub fn advance(&self, position: u64, text: String) {
        self.bar.set_position(position);
        self.bar.set_message(text);
    }

    /// Does anybody watch?
    pub fn is_watched(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Somebody pressed Ctrl-C.
    pub fn interrupted(&self) {
        self.bar.set_prefix("interrupted, once more ends it at once: ");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The terminal, a little narrower than it is: lines are filled up to its width, and a `^C` that the terminal echoes behind a
/// full line would begin another one, so that nobody cleared the first.
#[derive(Debug)]
struct Stderr;

impl Stderr {
    fn control(&self, count: usize, letter: char) -> io::Result<()> {
        // Terminals take 0 for 1.
        if count == 0 { Ok(()) } else { self.write_str(&format!("\x1b[{count}{letter}")) }
    }
}

impl TermLike for Stderr {
    fn width(&self) -> u16 {
        let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| size.ws_col);
        columns.saturating_sub(ECHOED).max(1)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.control(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.control(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.control(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.control(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        self.write_str("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Columns for `^C^C` and the cursor.
const ECHOED: u16 = 5;

/// Set, and to something else than no.
fn said(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| !matches!(&*value, "" | "0" | "false"))
}

fn describe(event: &Event) -> Option<String> {
    Some(match event {
        Event::PhaseStarted { replicas: 1 } => "control run: the same requests on one replica".into(),
        Event::PhaseStarted { replicas } => format!("starting {replicas} replicas"),
        Event::ServiceReady { name, .. } => format!("{name} is up"),
        Event::ReplicaStarting { replica, .. } => format!("starting {replica}"),
        Event::ReplicaReady { replica, .. } => format!("{replica} is ready"),
        Event::JourneyStarted { scenario, journey, .. } => format!("{scenario}, journey {journey}"),
        Event::PhaseFinished => "stopping".into(),
        _ => return None,
    })
}
