//! Deployment files to facts: which services there are, how many of each run, and what they hold on to.
//!
//! Pure: text in, [`FileFacts`] and [`Problem`]s out. One file per format; what formats share (roles, command lines, the
//! number of worker processes) stands beside them.

use std::sync::Arc;

use super::has_room;
use super::stage;
use super::yaml::{Comment, Place};
use crate::model::fact::{FileFacts, Language};
use crate::model::location::Span;
use crate::model::problem::Problem;

pub mod command;
pub mod compose;
pub mod processes;
pub mod procfile;
pub mod role;

/// "Several" where a file says that there are several and not how many, as with `deploy.mode: global` or `pm2 -i max`: the
/// smallest number of which that is true.
pub const SEVERAL: u32 = 2;

/// The format of a deployment file, told from its name (a path's last part); `None` for any other file.
pub fn kind(file_name: &str) -> Option<Language> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    if name == "Procfile" || name.starts_with("Procfile.") {
        return Some(Language::Procfile);
    }
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".yml").or_else(|| lower.strip_suffix(".yaml"))?;
    let compose = ["docker-compose", "compose", "podman-compose", "docker-stack", "docker-cloud", "tutum"];
    let is_compose = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
    };
    compose.into_iter().any(is_compose).then_some(Language::Compose)
}

/// True for a file that describes somebody's workplace (`docker-compose.override.yml`, `compose.dev.yaml`, `Procfile.dev`):
/// what it starts is not what runs.
pub fn is_development_overlay(path: &str) -> bool {
    if path.split(['/', '\\']).any(|folder| folder == ".devcontainer") {
        return true;
    }
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    name.split(['.', '-', '_']).skip(1).any(|part| part == "override" || stage::is_workplace(part))
}

/// Reads a deployment file of the format that [`kind`] told.
pub fn read(language: Language, path: &str, text: &str) -> (FileFacts, Vec<Problem>) {
    let path: Arc<str> = path.into();
    let mut facts = FileFacts::empty(Arc::clone(&path), language);
    facts.lines = text.lines().count().try_into().unwrap_or(u32::MAX);
    let found = match language {
        Language::Compose => compose::read(&path, text),
        Language::Procfile => procfile::read(&path, text),
        _ => return (facts, Vec::new()),
    };
    facts.directives = found.comments.iter().filter_map(Comment::directive).collect();
    if !is_development_overlay(&path) {
        facts.services = found.services;
        facts.settings = facts.services.iter().flat_map(|service| service.environment.clone()).collect();
        facts.settings.sort_by_key(|setting| setting.span);
    }
    (facts, found.problems)
}

/// What a format's reader finds.
#[derive(Debug, Default)]
pub struct Found {
    pub services: Vec<crate::model::deployment::Service>,
    pub comments: Vec<Comment>,
    pub problems: Vec<Problem>,
}

/// From the first to behind the last of these places.
fn span_between(first: Place, last: Place) -> Span {
    Span { line: first.0, column: first.1, end_line: last.0, end_column: last.1 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(kind(name), Some(Language::Compose), "{name}");
        }
        assert_eq!(kind("srv/Procfile"), Some(Language::Procfile));
        assert_eq!(kind("Procfile.dev"), Some(Language::Procfile));
        for name in ["composer.yml", "values.yaml", "compose.json", "docker-compose", "profile", "yml", "größe.yml"] {
            assert_eq!(kind(name), None, "{name}");
        }
    }

    #[test]
    fn overlays_for_development_are_told_from_the_file_name() {
        for name in [
            "docker-compose.override.yml",
            "x/compose.dev.yaml",
            "docker-compose-local.yml",
            "Procfile.dev",
            ".devcontainer/compose.yml",
        ] {
            assert!(is_development_overlay(name), "{name}");
        }
        for name in ["docker-compose.yml", "dev/docker-compose.yml", "compose.prod.yml", "Procfile"] {
            assert!(!is_development_overlay(name), "{name}");
        }
    }

    #[test]
    fn an_overlay_has_no_services_but_its_problems_are_told() {
        let (facts, problems) =
            read(Language::Compose, "compose.dev.yml", "services:\n  web:\n    build: .\n    build: x\n");
        assert!(facts.services.is_empty());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn comments_give_directives() {
        let text = "services:\n  # scaleproof: ignore[host-port] behind swarm\n  web:\n    build: . # scaleproof: ignore[x] y\n";
        let (facts, _) = read(Language::Compose, "compose.yml", text);
        let seen: Vec<_> = facts.directives.iter().map(|d| (d.text.as_str(), d.own_line, d.span.line)).collect();
        assert_eq!(seen, [("ignore[host-port] behind swarm", true, 2), ("ignore[x] y", false, 4)]);
        let (facts, _) = read(Language::Procfile, "Procfile", "# scaleproof: ignore[x] y\nweb: a\n");
        assert_eq!(facts.directives.len(), 1);
        assert_eq!(facts.directives[0].span, Span::on_line(1, 1, 26));
    }
}
