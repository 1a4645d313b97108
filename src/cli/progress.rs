//! What a run is doing, on stderr, while it does it. Nothing when stderr is no terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::event::{Event, Phase, Sink};

/// Passes events on, and shows them as one line that changes.
pub struct Progress {
    bar: ProgressBar,
    next: Arc<dyn Sink>,
}

impl Progress {
    pub fn new(next: Arc<dyn Sink>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar, next }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Sink for Progress {
    fn emit(&self, event: Event) {
        if let Some(text) = describe(&event) {
            self.bar.set_message(text);
        }
        self.next.emit(event);
    }

    fn enter(&self, phase: Phase) {
        self.next.enter(phase);
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
