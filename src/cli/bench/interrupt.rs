//! Ctrl-C and SIGTERM end a run early; what was measured until then is reported.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Listens as long as it lives.
pub struct Interrupt {
    over: Arc<Notify>,
    listener: Option<JoinHandle<()>>,
}

impl Interrupt {
    pub fn listen(stop: Arc<AtomicBool>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut interrupt, mut terminate) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let over = Arc::new(Notify::new());
        let told = over.clone();
        let listener = thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        () = told.notified() => return,
                    }
                    stop.store(true, Ordering::Relaxed);
                }
            });
        });
        Ok(Interrupt { over, listener: Some(listener) })
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.over.notify_one();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}
