//! Deployment files to facts: which services there are, how many of each run, and what they hold on to.
//!
//! Pure: text in, [`FileFacts`] and [`Problem`]s out. One file per format; what formats share (roles, command lines, the
//! number of worker processes) stands beside them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::has_room;
use super::language::Extracted;
use super::stage;
use super::yaml::{Comment, Place};
use crate::model::deployment::{Attachment, Balancer, Service};
use crate::model::fact::{FileFacts, Language, Setting};
use crate::model::location::Span;
use crate::model::problem::Problem;

mod address;
pub mod caddy;
pub mod command;
pub mod compose;
pub mod cron;
pub mod database;
mod directive;
pub mod envoy;
pub mod grace;
pub mod haproxy;
pub mod helm;
pub mod hypercorn;
pub mod image;
mod ini;
pub mod kamal;
pub mod kubernetes;
pub mod nginx;
mod page;
pub mod passenger;
pub mod platform;
pub mod pm2;
pub mod processes;
pub mod procfile;
pub mod program;
pub mod role;
pub mod servers;
#[cfg(test)]
mod shown;
pub mod supervisor;
pub mod systemd;
pub mod terraform;
pub mod threads;
mod told;
mod toml;
pub mod traefik;
pub mod uwsgi;

/// More groups of servers than these in one file are data; each is compared with all others.
const MAX_BALANCERS: usize = 1_000;

/// The text of another file of the project by its path, for what one file includes of another. `None` where there is none, or
/// where nobody may look.
pub type Beside<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// A deployment file to read.
pub struct File<'a> {
    /// Relative to the project, with `/`.
    pub path: Arc<str>,
    pub text: &'a str,
    pub beside: Beside<'a>,
}

impl File<'_> {
    /// The path of a file that this one names, relative to its own folder; `None` where it lies outside of the project.
    pub fn path_of(&self, named: &str) -> Option<String> {
        path_from(self.folder(), named)
    }

    /// The folder that it lies in, without a slash at the end; empty for the root of the project.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The path of what is named relative to a folder; `None` where it lies outside of the project.
fn path_from(folder: &str, named: &str) -> Option<String> {
    let (path, above) = resolve(folder, named);
    (!named.starts_with('/') && above == 0).then_some(path)
}

/// A path relative to a folder, without `.` and `..`, and how many of its steps lead out of the project; these are left out. What lies
/// above the folder of the analysis is named by steps out of it, or by its whole path, and stays so.
pub fn resolve(folder: &str, named: &str) -> (String, usize) {
    let mut above = 0;
    let is_step_out = |part: &&str| *part == "..";
    let mut parts: Vec<&str> = folder.split('/').take_while(is_step_out).collect();
    let root = parts.len();
    for part in folder.split('/').skip(root).chain(named.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.len() > root => drop(parts.pop()),
            ".." => above += 1,
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    (if folder.starts_with('/') { format!("/{path}") } else { path }, above)
}

/// What a format's reader finds.
#[derive(Debug, Default)]
pub struct Found {
    pub services: Vec<Service>,
    pub attachments: Vec<Attachment>,
    pub balancers: Vec<Balancer>,
    /// It tells what may be installed, and not what is.
    pub is_assumed: bool,
    /// Settings beside those of services and balancers.
    pub settings: Vec<Setting>,
    pub comments: Vec<Comment>,
    pub problems: Vec<Problem>,
}

/// A format: its name in `files.tsv`, what its files are called together, and who reads them.
struct Format {
    name: &'static str,
    language: Language,
    read: fn(&File<'_>) -> Found,
}

const FORMATS: &[Format] = &[
    Format { name: "caddy", language: Language::Caddy, read: caddy::read },
    Format { name: "compose", language: Language::Compose, read: compose::read },
    Format { name: "helm", language: Language::Helm, read: helm::read },
    Format { name: "kubernetes", language: Language::Kubernetes, read: kubernetes::read },
    Format { name: "amvera", language: Language::Platform, read: platform::amvera::read },
    Format { name: "app-engine", language: Language::Platform, read: platform::app_engine::read },
    Format { name: "app-json", language: Language::Platform, read: platform::app_json::read },
    Format { name: "digital-ocean", language: Language::Platform, read: platform::digital_ocean::read },
    Format { name: "envoy", language: Language::Envoy, read: envoy::read },
    Format { name: "fly", language: Language::Platform, read: platform::fly::read },
    Format { name: "haproxy", language: Language::HaProxy, read: haproxy::read },
    Format { name: "heroku", language: Language::Platform, read: platform::heroku::read },
    Format { name: "nginx", language: Language::Nginx, read: nginx::read },
    Format { name: "kamal", language: Language::Platform, read: kamal::read },
    Format { name: "procfile", language: Language::Procfile, read: procfile::read },
    Format { name: "railway", language: Language::Platform, read: platform::railway::read },
    Format { name: "render", language: Language::Platform, read: platform::render::read },
    Format { name: "tako", language: Language::Platform, read: platform::tako::read },
    Format { name: "terraform", language: Language::Terraform, read: terraform::read },
    Format { name: "cron", language: Language::Cron, read: cron::read },
    Format { name: "hypercorn", language: Language::Workers, read: hypercorn::read },
    Format { name: "passenger", language: Language::Workers, read: passenger::read },
    Format { name: "pm2", language: Language::Workers, read: pm2::read },
    Format { name: "procfile", language: Language::Procfile, read: procfile::read },
    Format { name: "supervisor", language: Language::Supervisor, read: supervisor::read },
    Format { name: "systemd", language: Language::Systemd, read: systemd::read },
    Format { name: "uwsgi", language: Language::Workers, read: uwsgi::read },
    Format { name: "traefik", language: Language::Traefik, read: traefik::read },
];

/// One row of `files.tsv`.
struct Row {
    format: &'static Format,
    /// Of each of these one must begin a line.
    words: Vec<Vec<&'static str>>,
}

impl Row {
    fn fits(&self, text: &str) -> bool {
        // JSON may stand in one line.
        let starts = |line: &str, word: &str| {
            let line = line.trim_start();
            line.starts_with(word)
                || line
                    .strip_prefix('{')
                    .is_some_and(|line| word.starts_with('"') && line.trim_start().starts_with(word))
        };
        let begins = |word: &&str| match word.strip_prefix('^') {
            Some(word) => text.lines().any(|line| line.starts_with(word)),
            None => text.lines().any(|line| starts(line, word)),
        };
        self.words.iter().all(|any| any.iter().any(begins))
    }
}

#[derive(Default)]
struct Files {
    globs: GlobSet,
    rows: Vec<Row>,
}

static FILES: LazyLock<Files> = LazyLock::new(|| {
    let formats: HashMap<&str, &'static Format> = FORMATS.iter().map(|format| (format.name, format)).collect();
    let mut builder = GlobSetBuilder::new();
    let mut rows = Vec::new();
    for line in include_str!("deploy/files.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (Some(format), Some(pattern)) = (columns.next().and_then(|name| formats.get(name)), columns.next()) else {
            continue;
        };
        let glob =
            GlobBuilder::new(pattern).literal_separator(true).empty_alternates(true).case_insensitive(true).build();
        // A test holds every line to name a format and a valid pattern.
        if let Ok(glob) = glob {
            builder.add(glob);
            rows.push(Row { format, words: columns.map(|words| words.split('|').collect()).collect() });
        }
    }
    Files { globs: builder.build().unwrap_or_default(), rows }
});

/// True for the path of what may be a deployment file; its text decides.
pub fn may_be(path: &str) -> bool {
    FILES.globs.is_match(path)
}

fn format(path: &str, text: &str) -> Option<&'static Format> {
    FILES
        .globs
        .matches(path)
        .into_iter()
        .filter_map(|row| FILES.rows.get(row))
        .find(|row| row.fits(text))
        .map(|row| row.format)
}

/// Reads a deployment file; `None` where path or text tell that it is none.
pub fn read(path: &str, text: &str, beside: Beside<'_>) -> Option<Extracted> {
    let format = format(path, text)?;
    let path: Arc<str> = path.into();
    let mut facts = FileFacts::empty(Arc::clone(&path), format.language);
    facts.lines = text.lines().count().try_into().unwrap_or(u32::MAX);
    let found = (format.read)(&File { path: Arc::clone(&path), text, beside });
    facts.is_assumed = found.is_assumed;
    facts.directives = found.comments.iter().filter_map(Comment::directive).collect();
    if !is_development_overlay(&path) {
        let variables = found.services.iter().flat_map(|service| {
            let elsewhere: HashSet<Span> = service.elsewhere.iter().map(|(span, _)| *span).collect();
            service.environment.iter().filter(move |setting| !elsewhere.contains(&setting.span)).cloned()
        });
        facts.settings = variables.chain(found.settings).collect();
        facts.settings.sort_by_key(|setting| setting.span);
        facts.services = found.services;
        facts.attachments = found.attachments;
        facts.balancers = found.balancers;
        facts.balancers.truncate(MAX_BALANCERS);
    }
    Some(Extracted { facts, problems: found.problems })
}

/// True for a file that describes somebody's workplace (`docker-compose.override.yml`, `compose.dev.yaml`, `Procfile.dev`):
/// what it starts is not what runs.
pub fn is_development_overlay(path: &str) -> bool {
    let within = ["ci", ".ci", "e2e"];
    if stage::of(path) == stage::Stage::Workplace || path.split(['/', '\\']).any(|folder| within.contains(&folder)) {
        return true;
    }
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    name.split(['.', '-', '_']).skip(1).any(|part| part == "override" || stage::is_workplace(part))
}

/// From the first to behind the last of these places.
fn span_between(first: Place, last: Place) -> Span {
    Span { line: first.0, column: first.1, end_line: last.0, end_column: last.1 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(_: &str) -> Option<String> {
        None
    }

    fn language(path: &str, text: &str) -> Option<Language> {
        read(path, text, &alone).map(|extracted| extracted.facts.language)
    }

    #[test]
    fn files_are_named_from_above_the_analysis_as_well() {
        for (folder, named, path, above) in [
            ("deploy", "../web/./a.env", "web/a.env", 0),
            ("", "../a.env", "a.env", 1),
            ("..", "web/a.env", "../web/a.env", 0),
            ("../shop/deploy", "../web", "../shop/web", 0),
            ("..", "../a.env", "../a.env", 1),
            ("/srv/shop", "./web", "/srv/shop/web", 0),
        ] {
            assert_eq!(resolve(folder, named), (path.to_owned(), above), "{named} in {folder}");
        }
    }

    #[test]
    fn formats_are_told_from_the_file_name() {
        let compose = [
            "docker-compose.yml",
            "a/b/docker-compose.yaml",
            "compose.yml",
            "compose.prod.yaml",
            "docker-compose-prod.yml",
            "docker-compose.override.yml",
            "docker-stack.yml",
            "tutum.yml",
            "docker-cloud.yml",
        ];
        for name in compose {
            assert_eq!(language(name, ""), Some(Language::Compose), "{name}");
        }
        assert_eq!(language("srv/Procfile", ""), Some(Language::Procfile));
        assert_eq!(language("Procfile.dev", ""), Some(Language::Procfile));
        let manifest = "apiVersion: apps/v1\nkind: Deployment\n";
        assert_eq!(language("k8s/web.yaml", manifest), Some(Language::Kubernetes));
        assert_eq!(language("k8s/kustomization.yml", ""), Some(Language::Kubernetes));
        assert_eq!(
            language("k8s/web.json", "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\"\n}\n"),
            Some(Language::Kubernetes)
        );
        assert_eq!(language("app.json", "{\"formation\": {}}"), Some(Language::Platform));
        assert_eq!(language("chart/templates/web.yaml", manifest), Some(Language::Helm));
        for name in ["composer.yml", "mkdocs.yaml", "compose.json", "docker-compose", "profile", "yml", "größe.yml"] {
            assert_eq!(language(name, ""), None, "{name}");
        }
    }

    #[test]
    fn every_line_of_the_table_names_a_format_and_a_pattern() {
        let lines = include_str!("deploy/files.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(FILES.rows.len(), lines.count());
        for format in FORMATS {
            assert!(FILES.rows.iter().any(|row| row.format.name == format.name), "{}", format.name);
        }
    }

    #[test]
    fn paths_of_named_files_stay_in_the_project() {
        let file = File { path: "deploy/compose.yml".into(), text: "", beside: &alone };
        assert_eq!(file.path_of("../common.yml").as_deref(), Some("common.yml"));
        assert_eq!(file.path_of("./a/./b.yml").as_deref(), Some("deploy/a/b.yml"));
        assert_eq!(file.path_of("../../x.yml"), None);
        assert_eq!(file.path_of("/etc/passwd"), None);
    }

    #[test]
    fn overlays_for_development_are_told_from_the_file_name() {
        for name in [
            "docker-compose.override.yml",
            "x/compose.dev.yaml",
            "docker-compose-local.yml",
            "Procfile.dev",
            ".devcontainer/compose.yml",
            "k8s/overlays/dev/kustomization.yaml",
        ] {
            assert!(is_development_overlay(name), "{name}");
        }
        for name in ["docker-compose.yml", "dev/docker-compose.yml", "compose.prod.yml", "Procfile"] {
            assert!(!is_development_overlay(name), "{name}");
        }
    }

    #[test]
    fn an_overlay_has_no_services_but_its_problems_are_told() {
        let text = "services:\n  web:\n    build: .\n    build: x\n";
        let Extracted { facts, problems } = read("compose.dev.yml", text, &alone).unwrap();
        assert!(facts.services.is_empty());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn comments_give_directives() {
        let text = "services:\n  # scaleproof: ignore[host-port] behind swarm\n  web:\n    build: . # scaleproof: ignore[x] y\n";
        let facts = read("compose.yml", text, &alone).unwrap().facts;
        let seen: Vec<_> = facts.directives.iter().map(|d| (d.text.as_str(), d.own_line, d.span.line)).collect();
        assert_eq!(seen, [("ignore[host-port] behind swarm", true, 2), ("ignore[x] y", false, 4)]);
        let facts = read("Procfile", "# scaleproof: ignore[x] y\nweb: a\n", &alone).unwrap().facts;
        assert_eq!(facts.directives.len(), 1);
        assert_eq!(facts.directives[0].span, Span::on_line(1, 1, 26));
    }
}
