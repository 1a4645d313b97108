//! The run log: written line by line while the run goes on, kept in memory for the checks, read again for reports.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::model::event::{Entry, Event, Phase, SCHEMA, Sink};
use crate::model::location::Span;
use crate::model::problem::Problem;

/// Numbers events, stamps them with time and phase, and writes each as one JSON line.
pub struct Recorder {
    started: Instant,
    inner: Mutex<Inner>,
    observer: Box<dyn Fn(&Event) + Send + Sync>,
}

struct Inner {
    phase: Phase,
    entries: Vec<Entry>,
    writer: Box<dyn Write + Send>,
    /// The first error of the writer; nothing is written after it.
    broken: Option<io::Error>,
}

impl Recorder {
    pub fn new(writer: Box<dyn Write + Send>) -> Self {
        let inner = Inner { phase: Phase::Setup, entries: Vec::new(), writer, broken: None };
        Recorder { started: Instant::now(), inner: Mutex::new(inner), observer: Box::new(|_| {}) }
    }

    /// Tells `observer` of each event before it is recorded.
    pub fn observed_by(self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Recorder { observer: Box::new(observer), ..self }
    }

    /// The instant that all times count from.
    pub fn started(&self) -> Instant {
        self.started
    }

    pub fn set_phase(&self, phase: Phase) {
        self.lock().phase = phase;
    }

    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// # Errors
    /// The writer refused a line; the log on disk is then shorter than the one in memory.
    pub fn written(&self) -> io::Result<()> {
        self.lock().broken.take().map_or(Ok(()), Err)
    }

    /// A panic of another thread while it held the lock leaves whole entries: they are pushed in one step.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Recorder {
    fn emit(&self, event: Event) {
        (self.observer)(&event);
        let mut inner = self.lock();
        // Whole microseconds: finer digits say nothing.
        let at_ms = self.started.elapsed().as_micros() as f64 / 1000.0;
        let entry = Entry { seq: inner.entries.len() as u64, at_ms, phase: inner.phase, event };
        if inner.broken.is_none() {
            let line = serde_json::to_string(&entry).map_err(io::Error::other);
            let written = line.and_then(|line| {
                inner.writer.write_all(line.as_bytes())?;
                inner.writer.write_all(b"\n")?;
                inner.writer.flush()
            });
            inner.broken = written.err();
        }
        inner.entries.push(entry);
    }
}

/// Reads a log, which lies at `path`, again. A last line that was cut off in the middle is left out: the tool was killed while writing it.
///
/// # Errors
/// The text is no log, or one of another version.
pub fn read(text: &str, path: &str) -> Result<Vec<Entry>, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str::<Entry>(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if !line.ends_with('\n') && !entries.is_empty() => break,
            Err(error) => {
                let place =
                    Span::on_line(index as u32 + 1, error.column().max(1) as u32, error.column().max(1) as u32 + 1);
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                return Err(Problem::new(format!("not an entry of a run log: {reason}"))
                    .help("A run log holds one JSON object on each line, as `scaleproof test` writes it.")
                    .at(path, place, text));
            }
        }
    }
    match entries.first().map(|entry| &entry.event) {
        Some(Event::RunStarted { schema, .. }) if schema == SCHEMA => Ok(entries),
        Some(Event::RunStarted { schema, .. }) => Err(Problem::new(format!("the run log has version `{schema}`"))
            .help(format!("This tool reads `{SCHEMA}`; run the test again."))
            .at(path, Span::on_line(1, 1, 2), text)),
        _ => Err(Problem::new("the run log does not begin with the start of a run").at(
            path,
            Span::on_line(1, 1, 2),
            text,
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn started() -> Event {
        Event::RunStarted {
            schema: SCHEMA.into(),
            version: "0".into(),
            seed: 1,
            replicas: 3,
            app: "shop".into(),
            command: vec!["node".into()],
            scenarios: Vec::new(),
        }
    }

    fn log() -> (Recorder, String) {
        let file = Shared::default();
        let recorder = Recorder::new(Box::new(file.clone()));
        recorder.emit(started());
        recorder.set_phase(Phase::Fleet);
        recorder.emit(Event::ReplicaReady { replica: "r1".into(), after_ms: 12.081_128_999_999_999 });
        recorder.emit(Event::PhaseFinished);
        let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
        (recorder, text)
    }

    #[test]
    fn what_was_written_is_what_is_read() {
        let (recorder, text) = log();
        let entries = read(&text, "run.jsonl").unwrap();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(entries[1].phase, Phase::Fleet);
        assert_eq!(entries, recorder.entries());
    }

    #[test]
    fn a_log_cut_within_its_last_line_is_read_up_to_there() {
        let (_, text) = log();
        assert_eq!(read(&text[..text.len() - 5], "run.jsonl").unwrap().len(), 2);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_a_problem_with_its_place() {
        let (_, text) = log();
        let problem = read(&text.replacen("\"seq\":1", "\"seq\":?", 1), "run.jsonl").unwrap_err();
        assert_eq!(problem.location.unwrap().span.line, 2);
    }

    #[test]
    fn a_log_of_another_version_is_refused() {
        let (_, text) = log();
        assert!(read(&text.replace(SCHEMA, "scaleproof.run/9"), "run.jsonl").unwrap_err().message.contains("run/9"));
        assert!(read("", "run.jsonl").is_err());
    }

    #[test]
    fn a_writer_that_fails_is_reported_and_memory_stays_whole() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::new(io::ErrorKind::StorageFull, "full"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let recorder = Recorder::new(Box::new(Full));
        recorder.emit(started());
        recorder.emit(Event::PhaseFinished);
        assert_eq!(recorder.entries().len(), 2);
        assert!(recorder.written().is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_log_or_a_problem(text in "\\PC{0,200}") {
            let _ = read(&text, "run.jsonl");
        }
    }
}
