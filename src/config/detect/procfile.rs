//! The web line of a Procfile.

use super::{App, Folder};
use crate::config::split_words;

pub(super) fn detect(folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    let text = folder.has("Procfile").then(|| folder.text("Procfile"))??;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("web:"))?.trim();
    let with_port = with_placeholder(line);
    let words = split_words(&with_port).ok().filter(|words| !words.is_empty())?;
    if matches!(words[0].as_str(), "npm" | "yarn" | "pnpm" | "heroku-php-apache2" | "heroku-php-nginx") {
        notes.push(format!(
            "Procfile runs `{line}`; what that starts is looked up, because such a runner hands on no signals."
        ));
        return None;
    }
    notes.push(format!("Procfile runs `{line}` as web."));
    let needs_shell = with_port.contains(['$', ';', '&', '|', '<', '>', '`', '*']) || words[0].contains('=');
    let command = if needs_shell { vec!["sh".into(), "-c".into(), executed(&with_port)] } else { words };
    Some(App { command, env: Vec::new(), entry: None })
}

/// `$PORT`, `${PORT}` and `${PORT:-8000}` become `{port}`.
fn with_placeholder(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("$PORT").into_iter().chain(rest.find("${PORT")).min() {
        let reference = &rest[start..];
        let (name, length) = match reference.strip_prefix("${PORT") {
            Some(after) => match after.find('}') {
                Some(end) if after[..end].is_empty() || after.starts_with([':', '-']) => ("{port}", end + 7),
                _ => (&reference[..6], 6),
            },
            None if reference[5..].starts_with(|char: char| char.is_ascii_alphanumeric() || char == '_') => {
                (&reference[..5], 5)
            }
            None => ("{port}", 5),
        };
        result.push_str(&rest[..start]);
        result.push_str(name);
        rest = &reference[length..];
    }
    result + rest
}

/// One plain command takes the shell's place, so that signals reach it.
fn executed(line: &str) -> String {
    let is_plain = !line.contains([';', '&', '|']) && !line.split(' ').next().is_some_and(|word| word.contains('='));
    if is_plain { format!("exec {line}") } else { line.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_port_becomes_the_placeholder() {
        assert_eq!(with_placeholder("a $PORT b:${PORT} ${PORT:-80} ${PORT-1}"), "a {port} b:{port} {port} {port}");
        assert_eq!(with_placeholder("$PORTAL ${PORTAL} $HOME ${PORT"), "$PORTAL ${PORTAL} $HOME ${PORT");
    }
}
