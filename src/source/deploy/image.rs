//! What a Dockerfile says of the containers that are made of it: the program, its ports, volumes and health check.
//!
//! Reference: <https://docs.docker.com/reference/dockerfile/>.

use std::sync::Arc;

use super::command::{self, Command};
use super::{Place, processes, role, span_between};
use crate::model::Name;
use crate::model::command_line::{self, Letter, Word};
use crate::model::deployment::{Mount, Port, Role, Service, Sharing};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;

/// The kind of a service that is an image, and that of one that is a stage of its build and no more.
pub const IMAGE: &str = "image";
pub const STAGE: &str = "stage";

/// The setting of an image for the instruction that puts a crontab into it.
pub const CRONTAB: &str = "CRONTAB";

/// Where cron finds its tables: those of Debian, of users, and of BusyBox.
const CRONTABS: [&str; 4] = ["/etc/cron.d/", "/etc/crontab", "/var/spool/cron/", "/etc/periodic/"];

/// Does an instruction put a crontab into the image: `COPY jobs /etc/cron.d/jobs`, `RUN crontab jobs`?
pub fn installs_crontab(instruction: &str, text: &str) -> bool {
    let is_table = |path: &str| CRONTABS.iter().any(|table| path.trim_matches(['"', '\'', ']']).starts_with(table));
    if instruction != "RUN" {
        return text.split_whitespace().last().is_some_and(is_table);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| match pair[0].rsplit('/').next() {
        // `-` reads what is piped into it; other options list or delete.
        Some("crontab") => !pair[1].starts_with('-') || pair[1] == "-",
        _ => matches!(pair[0], ">" | ">>") && is_table(pair[1]),
    })
}

/// The line of an instruction, its continuations included, without the instruction itself.
pub type Line = Vec<(Place, char)>;

/// A program as `CMD` or `ENTRYPOINT` gives it.
#[derive(Clone, Debug)]
pub struct Program {
    pub words: Command,
    /// It is run by a shell, as one text.
    pub shell: bool,
    text: String,
    span: Span,
}

impl Program {
    /// `None` for an empty line. A list that is no JSON is a text, as Docker has it.
    pub fn new(line: &[(Place, char)]) -> Option<Self> {
        let blank = |letter: &&(Place, char)| letter.1.is_whitespace();
        let start = line.iter().take_while(blank).count();
        let end = line.len() - line.iter().rev().take_while(blank).count();
        let line = line.get(start..end).filter(|line| !line.is_empty())?;
        let text: String = line.iter().map(|(_, char)| *char).collect();
        let span = span_between(line[0].0, line[line.len() - 1].0);
        Some(match list(line) {
            Some(words) => Program { words, shell: false, text, span },
            None => Program { words: command::words(line), shell: true, text, span },
        })
    }

    /// Looks like a list and is none, so that a shell runs it.
    pub fn broken_list(&self) -> Option<Span> {
        (self.shell && self.text.starts_with('[') && self.text.ends_with(']')).then_some(self.span)
    }

    /// What is run: the words, or the shell with the text.
    fn line(&self) -> String {
        match self.shell {
            true => format!("/bin/sh -c {}", self.text),
            false => self.words.iter().map(|word| command_line::text(word)).collect::<Vec<_>>().join(" "),
        }
    }
}

/// `["node", "server.js"]`: JSON, in which only double quotes stand around words.
fn list(line: &[(Place, char)]) -> Option<Vec<Word<Place>>> {
    let text: String = line.iter().map(|(_, char)| *char).collect();
    let texts: Vec<String> = serde_json::from_str(&text).ok()?;
    let mut words = Vec::new();
    let mut open: Option<Word<Place>> = None;
    let mut letters = line.iter();
    while let Some((at, char)) = letters.next() {
        match (char, &mut open) {
            ('"', None) => open = Some(Word::new()),
            ('"', Some(_)) => words.extend(open.take()),
            ('\\', Some(word)) => {
                let escaped = letters.next().map_or(' ', |(_, char)| if *char == 'n' { '\n' } else { *char });
                word.push(Letter { char: escaped, at: *at, quoted: true });
            }
            (char, Some(word)) => word.push(Letter { char: *char, at: *at, quoted: true }),
            _ => {}
        }
    }
    (words.len() == texts.len()).then_some(words)
}

/// One stage of a build.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// `FROM … AS name`.
    pub name: Option<String>,
    /// The image that it is made of, in the end.
    base: String,
    /// Where it begins.
    pub span: Span,
    pub entrypoint: Option<Program>,
    pub cmd: Option<Program>,
    /// That `CMD` is of the stage that this one begins with: an `ENTRYPOINT` drops it.
    inherited: bool,
    /// `HEALTHCHECK`, and whether there is one.
    pub health_check: Option<bool>,
    pub ports: Vec<Port>,
    pub volumes: Vec<Mount>,
    /// `USER`, `STOPSIGNAL` and the like.
    pub settings: Vec<Setting>,
}

impl Stage {
    /// A stage that begins with what another one ends with: `FROM base AS web`.
    pub fn after(base: Option<&Stage>, image: &str, name: Option<String>, span: Span) -> Self {
        let base = base.cloned().unwrap_or_else(|| Stage { base: image.to_owned(), ..Stage::default() });
        Stage { name, span, inherited: true, ..base }
    }

    pub fn run(&mut self, cmd: Option<Program>) {
        (self.cmd, self.inherited) = (cmd, false);
    }

    pub fn enter(&mut self, entrypoint: Option<Program>) {
        self.entrypoint = entrypoint;
        self.cmd = self.cmd.take().filter(|_| !self.inherited);
    }

    pub fn set(&mut self, key: &str, text: &str, span: Span) {
        self.settings.retain(|setting| setting.key != key);
        self.settings.push(Setting { key: key.into(), value: Value::Text(text.into()), function: None, span });
    }

    pub fn expose(&mut self, words: &str, span: Span) {
        // A range, or a variable, is no port of which more could be said.
        let ports = words.split_whitespace().filter_map(|word| word.split('/').next()?.parse().ok());
        self.ports.extend(ports.map(|container| Port { host: None, container, span }));
    }

    /// An anonymous volume is made with its container; the next container does not see it.
    pub fn keep(&mut self, line: &[(Place, char)], span: Span) {
        let words = list(line).unwrap_or_else(|| command::words(line));
        self.volumes.extend(words.iter().map(|word| Mount {
            source: Name::default(),
            target: command_line::text(word).into(),
            read_only: false,
            sharing: Sharing::Ephemeral,
            span,
        }));
    }

    /// The program with its arguments: `CMD` gives them to an `ENTRYPOINT` that is a list, and counts for nothing beside one that is
    /// a text.
    fn programs(&self) -> Vec<&Program> {
        match (&self.entrypoint, &self.cmd) {
            (Some(entrypoint), _) if entrypoint.shell => vec![entrypoint],
            (entrypoint, cmd) => entrypoint.iter().chain(cmd).collect(),
        }
    }

    /// The simple commands of each program.
    pub fn commands(&self) -> Vec<Command> {
        self.programs().into_iter().flat_map(|program| command::simple_commands(&program.words)).collect()
    }

    fn service(&self, path: &Arc<str>, kind: &str, name: &str, environment: &[Setting]) -> Service {
        let programs = self.programs();
        let words: Command = programs.iter().flat_map(|program| program.words.clone()).collect();
        let commands = command::simple_commands(&words);
        let line = programs.iter().map(|program| program.line()).collect::<Vec<_>>().join(" ");
        // An app may well be made of a web server's image, and seldom of a database's.
        let is_store = |role: &Role| matches!(role, Role::Database | Role::Cache | Role::Broker);
        let of_base = || role::of_image(&self.base).filter(is_store);
        let told = role::of_commands(&commands).or_else(of_base).or_else(|| role::of_name(name));
        let told = told.or_else(|| role::of_base(&self.base).filter(|_| commands.is_empty()));
        let mut settings = self.settings.clone();
        if let Some(entrypoint) = &self.entrypoint {
            let value = Value::Text(entrypoint.line().into());
            settings.push(Setting { key: Name::new("ENTRYPOINT"), value, function: None, span: entrypoint.span });
        }
        Service {
            kind: Name::new(kind),
            role: told.unwrap_or(if self.ports.is_empty() { Role::Unknown } else { Role::Web }),
            command: (!line.is_empty()).then(|| line.into()),
            command_span: programs.last().map(|program| program.span),
            processes: processes::of(path, &commands, environment).filter(|count| count.value != 1),
            ports: self.ports.clone(),
            mounts: self.volumes.clone(),
            health_check: self.health_check == Some(true),
            environment: environment.to_vec(),
            settings,
            ..Service::named(name, self.span)
        }
    }
}

/// The image that the last stage makes, and before it the stages that another file may ask for by their names.
pub fn services(path: &str, stages: &[Stage], environment: &[Setting]) -> Vec<Service> {
    // A fragment without FROM is no image.
    let Some((image, others)) = stages.split_last().filter(|(image, _)| image.span != Span::default()) else {
        return Vec::new();
    };
    let path: Arc<str> = path.into();
    let named = others.iter().filter_map(|stage| Some((stage, stage.name.as_deref()?)));
    // A stage that nothing is run in is a step of the build.
    let named = named.filter(|(stage, _)| stage.entrypoint.is_some() || stage.cmd.is_some());
    let mut services: Vec<_> = named.map(|(stage, name)| stage.service(&path, STAGE, name, environment)).collect();
    services.push(image.service(&path, IMAGE, name(&path), environment));
    services
}

/// Folders of a Dockerfile that hold no code, but lie in that of the code.
const FOLDERS: [&str; 4] = ["docker", ".docker", "build", "deploy"];

/// The folder of the code that the image of a Dockerfile is made of, as far as its place tells.
pub fn code_of(path: &str) -> &str {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    while FOLDERS.contains(&folder.rsplit('/').next().unwrap_or_default()) {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    folder
}

/// What an image is called after its Dockerfile: `api.Dockerfile` and `Dockerfile.api` are `api`, another one is called as its
/// folder.
fn name(path: &str) -> &str {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let is_file = |part: &&str| !["dockerfile", "containerfile"].iter().any(|name| part.eq_ignore_ascii_case(name));
    let named = file.split(['.', '-', '_']).find(is_file);
    let folder = folder.rsplit('/').find(|folder| !FOLDERS.contains(folder));
    named.or(folder).filter(|name| !name.is_empty()).unwrap_or(IMAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_install_crontabs_are_known() {
        for (instruction, text, expected) in [
            ("COPY", "jobs/crontab /etc/cron.d/shop", true),
            ("COPY", "--chown=root:root crontab /etc/crontabs/root", true),
            ("ADD", "[\"crontab\", \"/etc/cron.d/shop\"]", true),
            ("RUN", "crontab /app/crontab", true),
            ("RUN", "chmod 0644 /etc/cron.d/shop && crontab /etc/cron.d/shop", true),
            ("RUN", "echo '0 3 * * * /app/nightly' >> /etc/crontabs/root", true),
            ("RUN", "echo '0 3 * * * /app/nightly' | crontab -", true),
            ("COPY", "crontab /app/crontab", false),
            ("RUN", "chmod 0644 /etc/cron.d/shop", false),
            ("RUN", "crontab -r", false),
            ("RUN", "rm -rf /etc/cron.d/*", false),
            ("RUN", "apk add dcron", false),
        ] {
            assert_eq!(installs_crontab(instruction, text), expected, "{instruction} {text}");
        }
    }
}
