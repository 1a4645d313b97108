//! uWSGI, in INI, YAML and JSON: <https://uwsgi-docs.readthedocs.io/en/latest/Options.html>.

use super::ini::{self, Style};
use super::{File, Found, servers};
use crate::model::Name;
use crate::model::deployment::Service;
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::source::yaml;

const STYLE: Style =
    Style { separators: &['='], inline_comment: None, indented_lines: false, backslash: true, flags: true };

/// Options that state the number of processes, the shorthand included.
const NUMBERS: [&str; 3] = ["processes", "workers", "p"];

pub fn read(file: &File<'_>) -> Found {
    let mut found = Found::default();
    if file.path.ends_with(".ini") {
        let sections = ini::sections(&file.path, file.text, STYLE, &mut found);
        for section in sections.iter().filter(|section| section.name == "uwsgi") {
            let setting = |entry: &ini::Entry| setting(&entry.key, &entry.value, entry.span);
            let settings = section.entries.iter().map(setting).collect();
            found.services.push(service(file, section.span, settings));
        }
        return found;
    }
    let tree = yaml::parse(&file.path, file.text);
    found.comments = tree.comments;
    found.problems = tree.problems;
    for options in tree.documents.iter().filter_map(|document| document.get("uwsgi")) {
        let entries = options.mapping().map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
        let setting = |entry: &yaml::Entry| {
            let end =
                Span { end_line: entry.value.span.end_line, end_column: entry.value.span.end_column, ..entry.key_span };
            Some(setting(&entry.key, entry.value.text()?, end))
        };
        let settings: Vec<Setting> = entries.iter().filter_map(setting).collect();
        found.services.push(service(file, options.span, settings));
    }
    found
}

fn service(file: &File<'_>, span: Span, settings: Vec<Setting>) -> Service {
    let number = settings.iter().rev().find(|setting| NUMBERS.contains(&setting.key.as_str()));
    let mut service = servers::of_settings(&file.path, "uwsgi", span, number);
    service.settings = settings;
    service
}

/// `%k` is the number of processors: <https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html#magic-variables>. Other magic
/// variables and `$(VARIABLE)` are not known.
fn setting(key: &str, text: &str, span: Span) -> Setting {
    let value = match text {
        "%k" | "%(%k)" => Value::Text("auto".into()),
        "" | "true" | "1" | "yes" if !NUMBERS.contains(&key) => Value::Bool(true),
        "false" | "0" | "no" if !NUMBERS.contains(&key) => Value::Bool(false),
        text => text.parse().map_or_else(|_| Value::Text(Name::new(text)), Value::Number),
    };
    Setting { key: Name::new(key), value, function: None, span }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::deployment::SEVERAL;

    fn found(path: &str, text: &str) -> Found {
        read(&File { path: path.into(), text, beside: &|_| None })
    }

    fn stated(path: &str, text: &str) -> Option<(u32, String, u32)> {
        let count = found(path, text).services.first()?.processes.clone()?;
        Some((count.value, count.stated_as.to_string(), count.location.span.line))
    }

    const INI: &str = "[uwsgi]\nstrict\n# the shop\nchdir = /srv/shop\nmodule = shop.wsgi:application\nmaster = true\nprocesses = 5\nthreads = 2\n\
                       lazy-apps = true\nenable-threads = true\nsocket = /run/shop.sock\nharakiri = 30\nvacuum = true\ndie-on-term = true\n";

    #[test]
    fn ini_yaml_and_json_are_read_alike() {
        assert_eq!(stated("uwsgi.ini", INI), Some((5, "uwsgi processes".into(), 7)));
        assert_eq!(stated("uwsgi.yml", "uwsgi:\n  module: shop\n  workers: 3\n"), Some((3, "uwsgi workers".into(), 3)));
        assert_eq!(stated("uwsgi.json", "{\"uwsgi\": {\n \"p\": 4\n}}"), Some((4, "uwsgi p".into(), 2)));
        let service = found("uwsgi.ini", INI).services.remove(0);
        assert_eq!(service.settings.len(), 12);
        assert_eq!(service.settings[3].value, Value::Bool(true));
        assert_eq!(found("uwsgi.ini", INI).problems, []);
    }

    #[test]
    fn what_no_file_says_is_not_known() {
        assert_eq!(stated("uwsgi.ini", "[uwsgi]\nworkers = %k\n").map(|stated| stated.0), Some(SEVERAL));
        assert_eq!(stated("uwsgi.ini", "[uwsgi]\nworkers = $(WORKERS)\n"), None);
        assert_eq!(stated("uwsgi.ini", "[uwsgi]\nmodule = shop\n"), None);
        assert_eq!(stated("uwsgi.ini", "[uwsgi]\nprocesses = 1\n"), None);
        let broken = found("uwsgi.ini", "processes = 2\n[uwsgi]\nwhat is this\nprocesses = 3\n");
        assert_eq!((broken.problems.len(), broken.services.len()), (2, 1));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|\\[uwsgi\\]\n|uwsgi:\n|processes = |  workers: |=|\\\\\n|ä){0,40}") {
            let _ = (found("uwsgi.ini", &text), found("uwsgi.yml", &text));
        }
    }
}
