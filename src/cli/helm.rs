//! What helm makes of the charts of a project, where it is installed.
//!
//! `helm template` fills in templates as an installation would, without a cluster and without the network: dependencies that are not in
//! the chart are not fetched. <https://helm.sh/docs/helm/helm_template/>

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::source::deploy::helm::{DEPLOYED_VALUES, said};

/// A chart that takes longer is read by our own renderer, and so are those that would be asked for after it.
const DEADLINE: Duration = Duration::from_secs(10);

/// Manifests beyond this are nobody's.
const MOST_BYTES: u64 = 16_000_000;

/// Asks helm, once for each chart.
pub struct Helm {
    program: Option<PathBuf>,
    base: PathBuf,
    asked: Mutex<HashMap<String, Arc<OnceLock<String>>>>,
    is_late: AtomicBool,
}

impl Helm {
    /// The helm of this machine, for charts below `base`.
    pub fn installed(base: &Path) -> Self {
        let folders = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
        let program = folders.into_iter().flatten().map(|folder| folder.join("helm")).find(|file| is_program(file));
        Helm { program, base: base.to_owned(), asked: Mutex::default(), is_late: AtomicBool::new(false) }
    }

    /// The manifests of the chart in this folder, or what helm says instead; `None` where there is no helm.
    pub fn manifests(&self, chart: &str) -> Option<String> {
        let program = self.program.as_ref()?;
        let answer = Arc::clone(self.asked.lock().ok()?.entry(chart.to_owned()).or_default());
        let ask = || self.ask(program, chart).unwrap_or_else(|message| said(&message));
        Some(answer.get_or_init(ask).clone())
    }

    fn ask(&self, program: &Path, chart: &str) -> Result<String, String> {
        let late = || format!("no answer within {} seconds", DEADLINE.as_secs());
        if self.is_late.load(Ordering::Relaxed) {
            return Err(late());
        }
        let folder = self.base.join(chart);
        let values = DEPLOYED_VALUES.iter().map(|name| folder.join(name)).find(|file| file.is_file());
        let files = || Ok::<_, io::Error>((tempfile::tempfile()?, tempfile::tempfile()?));
        let (mut output, mut errors) = files().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(["template", "--skip-tests"])
            .args(values.iter().flat_map(|file| [OsString::from("--values"), file.into()]))
            .arg(name(&folder))
            .arg(&folder)
            // It has no business with a cluster.
            .env("KUBECONFIG", "/dev/null")
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(|error| error.to_string())?)
            .stderr(errors.try_clone().map_err(|error| error.to_string())?)
            .process_group(0);
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let started = Instant::now();
        let status = loop {
            match child.try_wait().map_err(|error| error.to_string())? {
                Some(status) => break status,
                None if started.elapsed() < DEADLINE => std::thread::sleep(Duration::from_millis(5)),
                None => {
                    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                        let _ = kill_process_group(group, Signal::KILL);
                    }
                    let _ = child.wait();
                    self.is_late.store(true, Ordering::Relaxed);
                    return Err(late());
                }
            }
        };
        let text = |file: &mut std::fs::File| {
            let mut bytes = Vec::new();
            file.rewind()?;
            file.take(MOST_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = |file: &mut std::fs::File| text(file).map_err(|error: io::Error| error.to_string());
        match status.success() {
            true => text(&mut output),
            false => {
                let said = text(&mut errors)?;
                let line = said.lines().rev().find(|line| line.starts_with("Error: ")).or(said.lines().next());
                Err(line.unwrap_or_default().trim_start_matches("Error: ").to_owned())
            }
        }
    }
}

/// The release is called like the chart's folder; our own renderer takes the chart's name, which is the same by helm's rules:
/// <https://helm.sh/docs/chart_best_practices/conventions/>.
fn name(folder: &Path) -> OsString {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    whole.file_name().map_or_else(|| "release".into(), |name| name.to_ascii_lowercase())
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
