//! YAML to values, with errors as [`Problem`]s.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location, UserMessageFormatter};

use crate::model::location::Span;
use crate::model::nearest::suggestion;
use crate::model::problem::Problem;

pub fn read<T: DeserializeOwned>(text: &str, path: &str) -> Result<T, Problem> {
    serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        let (message, help) = match error {
            Error::SerdeUnknownField { field, expected, .. } => {
                (format!("the key `{field}` is not known here"), suggestion(field, expected, "keys"))
            }
            Error::SerdeUnknownVariant { variant, expected, .. } => {
                (format!("`{variant}` is not known here"), suggestion(variant, expected, "values"))
            }
            Error::SerdeMissingField { field, .. } => (format!("`{field}` is missing"), String::new()),
            _ => (without_place(&error.render_with_formatter(&UserMessageFormatter)), String::new()),
        };
        match error.location() {
            Some(location) => at(location, &message, path, text).help(help),
            None => Problem::new(message).in_file(path).help(help),
        }
    })
}

/// A problem at a place of the file.
pub fn at(location: Location, message: &str, path: &str, text: &str) -> Problem {
    let (line, column) = (location.line().max(1) as u32, location.column().max(1) as u32);
    let width = text
        .lines()
        .nth(line as usize - 1)
        .map(|line| line.chars().skip(column as usize - 1).take_while(|c| !c.is_whitespace() && *c != ':').count())
        .unwrap_or(0)
        .max(1) as u32;
    Problem::new(message).at(path, Span::on_line(line, column, column + width), text)
}

/// The parser repeats the place in words, which the problem already has.
fn without_place(message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or(message);
    match message.strip_prefix("error: ") {
        Some(rest) => rest.to_owned(),
        None => message.to_owned(),
    }
}
