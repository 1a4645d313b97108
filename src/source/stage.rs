//! What a file configures: what is deployed, a developer's machine, or nothing yet. Told by its path, as `stages.tsv` lists.

use std::collections::HashMap;
use std::sync::LazyLock;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// What a file speaks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What runs for users, as far as its path tells.
    Deployed,
    /// A file to copy and adapt: `.env.example`.
    Sample,
    /// A developer's machine, or tests: `application-dev.yml`.
    Workplace,
}

/// The stage that a path tells.
pub fn of(path: &str) -> Stage {
    let named = |name: &str| TABLE.patterns.get(name).is_some_and(|patterns| patterns.is_match(path));
    match (named("sample"), named("workplace")) {
        (true, _) => Stage::Sample,
        (_, true) => Stage::Workplace,
        _ => Stage::Deployed,
    }
}

/// Is this the name of a profile or an environment in which nothing is deployed?
pub fn is_workplace(name: &str) -> bool {
    TABLE.words.get("workplace").is_some_and(|words| words.iter().any(|word| name.eq_ignore_ascii_case(word)))
}

#[derive(Default)]
struct Table {
    words: HashMap<&'static str, Vec<&'static str>>,
    patterns: HashMap<&'static str, GlobSet>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    let mut builders: HashMap<&str, GlobSetBuilder> = HashMap::new();
    for line in include_str!("stages.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next(), fields.next()) {
            (Some("words"), Some(stage), Some(words)) => {
                table.words.insert(stage, words.split(' ').collect());
            }
            (Some("pattern"), Some(stage), Some(pattern)) => {
                for (name, words) in table.words.iter().filter(|(name, _)| stage == "any" || stage == **name) {
                    let pattern = pattern.replace("<stage>", &format!("{{{}}}", words.join(",")));
                    // A test holds every line to be a valid pattern.
                    let glob = GlobBuilder::new(&pattern)
                        .literal_separator(true)
                        .empty_alternates(true)
                        .case_insensitive(true)
                        .build();
                    glob.into_iter().for_each(|glob| {
                        builders.entry(name).or_insert_with(GlobSetBuilder::new).add(glob);
                    });
                }
            }
            _ => {}
        }
    }
    table.patterns = builders.into_iter().filter_map(|(name, builder)| Some((name, builder.build().ok()?))).collect();
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_is_not_deployed() {
        let cases = [
            (
                Stage::Sample,
                ".env.example .env.dist a/.env.sample .env.prod.example .env.local.example sample.env .env.default .env-template Dockerfile.example",
            ),
            (
                Stage::Workplace,
                ".env.local .env.test .env.development.local .env.production.local dev.env src/main/resources/application-dev.yml \
                 application-test.properties application.local.conf appsettings.Development.json Web.Debug.config config/environments/test.rb \
                 config/packages/dev/cache.yaml config/services_test.yaml shop/settings/dev.py shop/settings/local_settings.py settings_dev.py \
                 config/development.js local_settings.py Dockerfile.dev dev.Dockerfile start-development-server.sh run_dev.sh dev.sh k8s/overlays/dev/kustomization.yaml \
                 deploy/local/web.yaml chart/values-dev.yaml .devcontainer/Dockerfile .devcontainer/a/b.json",
            ),
            (
                Stage::Deployed,
                ".env .env.production prod.env application.yml application-prod.yml application-device.yml appsettings.json \
                 appsettings.Production.json web.config web.Release.config config/environments/production.rb config/packages/cache.yaml \
                 shop/settings.py shop/settings/base.py Dockerfile boot.sh latest.sh config/default.json dev/app.py test.py tests/settings/base.py latest.env \
                 k8s/overlays/prod/kustomization.yaml k8s/dev.yaml chart/values.yaml",
            ),
        ];
        for (stage, paths) in cases {
            for path in paths.split_whitespace() {
                assert_eq!(of(path), stage, "{path}");
            }
        }
        assert!(is_workplace("Test") && is_workplace("dev") && !is_workplace("prod") && !is_workplace(""));
    }

    #[test]
    fn every_line_of_the_table_is_understood() {
        for line in include_str!("stages.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let fields: Vec<_> = line.split('\t').collect();
            assert_eq!(fields.len(), 3, "{line}");
            let pattern = fields[2].replace("<stage>", "{a,b}");
            assert!(fields[0] == "words" || GlobBuilder::new(&pattern).build().is_ok(), "{line}");
            assert!(fields[0] == "words" || ["any", "sample", "workplace"].contains(&fields[1]), "{line}");
        }
    }
}
