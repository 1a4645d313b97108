//! `ports`: `[address:][host:]container[/protocol]`, with ranges, or a mapping of `target` and `published`.
//!
//! Syntax: <https://docs.docker.com/reference/compose-file/services/#ports>.

use super::{Reader, Text};
use crate::model::deployment::Port;
use crate::source::yaml::{Content, Node};

impl Reader<'_> {
    pub(super) fn ports(&mut self, service: &Node) -> Vec<Port> {
        let items = self.items(service, "ports");
        items.iter().filter_map(|item| self.port(item)).collect()
    }

    fn port(&mut self, item: &Node) -> Option<Port> {
        let port = if item.mapping().is_some() { self.long_port(item) } else { self.short_port(item) };
        if port.is_none() && !matches!(item.content, Content::Unresolved) {
            self.problem(
                item.span,
                "this is no port",
                "Write `\"host:container\"`, `\"container\"`, or `target:` and `published:`.",
            );
        }
        port
    }

    fn short_port(&self, item: &Node) -> Option<Port> {
        let text = self.text(item)?;
        let without_protocol = match text.value.rsplit_once('/') {
            Some((before, protocol)) if protocol.chars().all(|char| char.is_ascii_alphabetic()) => before,
            _ => text.value.as_str(),
        };
        // A variable may hold colons of its own: `${ADDRESS?x:y}:80:80`.
        let (rest, container) = split_last(without_protocol);
        let host = rest.map(|rest| split_last(rest).1).filter(|host| !host.is_empty());
        Some(Port { host: host.map(range).transpose_none()?, container: range(container)?.0, span: item.span })
    }

    fn long_port(&self, item: &Node) -> Option<Port> {
        let text = |key: &str| -> Option<Text> { self.text(item.get(key)?) };
        let published = text("published").map(|published| range(&published.value)).transpose_none()?;
        Some(Port { host: published, container: range(&text("target")?.value)?.0, span: item.span })
    }
}

trait TransposeNone<T> {
    /// `None` stays a missing value; `Some(None)` is a wrong one.
    fn transpose_none(self) -> Option<Option<T>>;
}

impl<T> TransposeNone<T> for Option<Option<T>> {
    fn transpose_none(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(None) => None,
            Some(value) => Some(value),
        }
    }
}

/// Splits at the last colon that stands in no `${…}` and no `[…]`.
fn split_last(text: &str) -> (Option<&str>, &str) {
    let mut depth = 0u32;
    for (index, char) in text.char_indices().rev() {
        match char {
            '}' | ']' => depth += 1,
            '{' | '[' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return (Some(&text[..index]), &text[index + 1..]),
            _ => {}
        }
    }
    (None, text)
}

/// `80` or `8000-8010`; `(0, 0)` for a variable without default.
fn range(text: &str) -> Option<(u16, u16)> {
    if text.contains('$') {
        return Some((0, 0));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (range.0 <= range.1).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_colon_outside_of_brackets_splits() {
        assert_eq!(split_last("127.0.0.1:80"), (Some("127.0.0.1"), "80"));
        assert_eq!(split_last("[::1]"), (None, "[::1]"));
        assert_eq!(split_last("${A:?b}"), (None, "${A:?b}"));
    }

    #[test]
    fn ranges_run_upwards() {
        assert_eq!(range("8000-8010"), Some((8000, 8010)));
        assert_eq!(range("80"), Some((80, 80)));
        assert_eq!(range("9-8"), None);
        assert_eq!(range("70000"), None);
        assert_eq!(range("${PORT}"), Some((0, 0)));
    }
}
