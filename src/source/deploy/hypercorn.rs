//! Hypercorn's TOML: <https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html>.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{File, Found, servers};
use crate::model::Name;
use crate::model::fact::{Setting, Value};
use crate::model::problem::Problem;
use crate::source::language::lines::Lines;

pub fn read(file: &File<'_>) -> Found {
    let mut found = Found::default();
    let lines = Lines::new(file.text);
    // What can be read of a broken file is read.
    let (document, errors) = DeTable::parse_recoverable(file.text);
    if let Some(error) = errors.first() {
        let at = error.span().unwrap_or_default();
        let span = lines.span(at.start as u32, at.end.max(at.start) as u32);
        found.problems.push(Problem::new(error.message()).at(&file.path, span, file.text));
    }
    let setting = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        let written = match value.get_ref() {
            DeValue::String(text) => Value::Text(Name::new(text)),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Integer(number) => Value::Number(number.as_str().parse().ok()?),
            _ => return None,
        };
        let span = lines.span(key.span().start as u32, value.span().end as u32);
        Some(Setting { key: Name::new(key.get_ref()), value: written, function: None, span })
    };
    let mut settings: Vec<Setting> = document.get_ref().iter().filter_map(setting).collect();
    settings.sort_by_key(|setting| setting.span);
    let number = settings.iter().find(|setting| setting.key == "workers");
    let mut service = servers::of_settings(&file.path, "hypercorn", lines.span(0, 0), number);
    service.settings = settings;
    found.services.push(service);
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::location::Span;

    fn found(text: &str) -> Found {
        read(&File { path: "hypercorn.toml".into(), text, beside: &|_| None })
    }

    #[test]
    fn workers_are_processes() {
        let found =
            found("# the shop\nbind = \"0.0.0.0:8000\"\nworkers = 3\ngraceful_timeout = 10\nuse_reloader = false\n");
        let count = found.services[0].processes.as_ref().unwrap();
        assert_eq!(
            (count.value, count.stated_as.as_str(), count.location.span),
            (3, "hypercorn workers", Span::on_line(3, 1, 12))
        );
        assert_eq!(found.services[0].settings.len(), 4);
        assert_eq!(found.problems, []);
    }

    #[test]
    fn broken_toml_is_told_and_the_rest_is_read() {
        let found = found("workers = 2\nbind = \n");
        assert_eq!(found.problems.len(), 1);
        assert_eq!(found.problems[0].location.as_ref().unwrap().span.line, 2);
        assert_eq!(found.services.len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|workers = |bind = |\"|4|\\[|\\]){0,40}") {
            let _ = found(&text);
        }
    }
}
