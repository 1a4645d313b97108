//! What a run is doing, on stderr, while it does it. Nothing when nobody watches: stderr is no terminal, or this is CI.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::event::Event;

/// One line that changes, and is gone when this is.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        let watched = !said("CI") && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        // The target is hidden by itself when stderr is no terminal.
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}{wide_msg}") {
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
