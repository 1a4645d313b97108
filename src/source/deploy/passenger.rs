//! Passenger Standalone's Passengerfile.json: <https://www.phusionpassenger.com/docs/references/config_reference/standalone/>.

use super::{File, Found, servers};
use crate::model::fact::{Setting, Value};
use crate::model::location::Span;
use crate::source::yaml::{self, Content};

/// "The maximum number of application processes that may simultaneously exist", 6 unless somebody says otherwise.
const MOST: &str = "max_pool_size";

/// JSON is read as the YAML that it is.
pub fn read(file: &File<'_>) -> Found {
    let tree = yaml::parse(&file.path, file.text);
    let mut found = Found { comments: tree.comments, problems: tree.problems, ..Found::default() };
    let Some(document) = tree.documents.first() else { return found };
    let entries = document.mapping().map(|mapping| mapping.entries.as_slice()).unwrap_or_default();
    let setting = |entry: &yaml::Entry| {
        let Content::Scalar { text, plain } = &entry.value.content else { return None };
        let value = match text.as_str() {
            "true" if *plain => Value::Bool(true),
            "false" if *plain => Value::Bool(false),
            number => number.parse().map_or_else(|_| Value::Text(text.clone()), Value::Number),
        };
        let end = entry.value.span;
        let span = Span { end_line: end.end_line, end_column: end.end_column, ..entry.key_span };
        Some(Setting { key: entry.key.clone(), value, function: None, span })
    };
    let settings: Vec<Setting> = entries.iter().filter_map(setting).collect();
    let number = settings.iter().find(|setting| setting.key == MOST);
    let mut service = servers::of_settings(&file.path, "passenger", document.span, number);
    service.settings = settings;
    found.services.push(service);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Found {
        read(&File { path: "Passengerfile.json".into(), text, beside: &|_| None })
    }

    #[test]
    fn the_size_of_the_pool_is_the_number_of_processes() {
        let text = "{\n  \"environment\": \"production\",\n  \"port\": 80,\n  \"daemonize\": false,\n  \"app_type\": \"rack\",\n  \"min_instances\": 2,\n  \"max_pool_size\": 4,\n  \"envvars\": { \"A\": \"b\" }\n}\n";
        let found = found(text);
        let count = found.services[0].processes.as_ref().unwrap();
        assert_eq!(
            (count.value, count.stated_as.as_str(), count.location.span),
            (4, "passenger max_pool_size", Span::on_line(7, 3, 21))
        );
        assert_eq!(found.services[0].settings.len(), 6);
        assert_eq!(found.problems, []);
    }

    #[test]
    fn broken_json_is_told() {
        assert_eq!(found("{ \"max_pool_size\": 4").problems.len(), 1);
        assert!(found("{ \"port\": 80 }").services[0].processes.is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|\\{|\\}|\"max_pool_size\": |4|,){0,40}") {
            let _ = found(&text);
        }
    }
}
