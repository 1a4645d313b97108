//! What a run is doing, on stderr, while it does it. Nothing when stderr is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::event::Event;

/// One line that changes.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
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

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
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
