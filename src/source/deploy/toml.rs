//! TOML as the tree that YAML is read into, so that a format with both spellings has one reader.

use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::has_room;
use crate::model::Name;
use crate::model::problem::Problem;
use crate::source::language::grammar::MARK;
use crate::source::language::lines::Lines;
use crate::source::yaml::{Comment, Content, Entry, Mapping, Node, Tree};

const TEMPLATE: &str = "this is the text of a template, which is no TOML before it is filled in";

/// Reads a file as far as it can be read.
pub fn parse(path: &str, text: &str) -> Tree {
    let lines = Lines::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut tree = Tree { comments: comments(text, &lines), ..Tree::default() };
    for error in errors {
        let span = error.span().unwrap_or_default();
        if has_room(&mut tree.problems, path) {
            let place = lines.span(span.start as u32, span.end.max(span.start + 1).min(text.len()) as u32);
            let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
            let is_template = ["{{", "{%", "<%"].iter().any(|mark| line.contains(mark));
            let message = if is_template { TEMPLATE } else { error.message() };
            tree.problems.push(Problem::new(message.to_owned()).at(path, place, text));
        }
    }
    let span = lines.span(0, text.len() as u32);
    tree.documents.push(Node::written(span, 0..text.len(), table(document.get_ref(), &lines)));
    tree
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Rc<Node> {
    let plain = |text: String| Content::Scalar { text: text.into(), plain: true };
    let content = match value.get_ref() {
        DeValue::String(text) => Content::Scalar { text: Name::new(text), plain: false },
        DeValue::Integer(number) => plain(number.as_str().to_owned()),
        DeValue::Float(number) => plain(number.as_str().to_owned()),
        DeValue::Boolean(value) => plain(value.to_string()),
        DeValue::Datetime(time) => plain(time.to_string()),
        DeValue::Array(items) => Content::Sequence(items.iter().map(|item| node(item, lines)).collect()),
        DeValue::Table(entries) => table(entries, lines),
    };
    let bytes = value.span();
    Node::written(lines.span(bytes.start as u32, bytes.end as u32), bytes, content)
}

/// Entries in the order in which the file has them.
fn table(table: &DeTable<'_>, lines: &Lines<'_>) -> Content {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>)| {
        let span = key.span();
        let key_span = lines.span(span.start as u32, span.end as u32);
        Entry {
            key: Name::new(AsRef::<str>::as_ref(key.get_ref())),
            key_span,
            value: node(value, lines),
            merged: false,
        }
    };
    Content::Mapping(Mapping { entries: entries.into_iter().map(entry).collect(), sources: Vec::new() })
}

/// Comments that speak to us; a `#` in a string is not told from one that begins a comment.
fn comments(text: &str, lines: &Lines<'_>) -> Vec<Comment> {
    let comment = |(at, _): (usize, &str)| {
        let before = lines.before(at as u32);
        let start = at - before.len() + before.rfind('#')?;
        before.rfind('#').filter(|hash| before[hash + 1..].trim().is_empty())?;
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let own_line = before.trim_start().starts_with('#');
        Some(Comment { text: text[start + 1..end].to_owned(), own_line, span: lines.span(start as u32, end as u32) })
    };
    text.match_indices(MARK).filter_map(comment).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tables_keep_their_places_and_order() {
        let text = "app = \"shop\" # scaleproof: ignore[x] y\n[http_service]\nmin = 2\nchecks = [{ path = '/ok' }]\n";
        let tree = parse("fly.toml", text);
        assert!(tree.problems.is_empty());
        let root = &tree.documents[0];
        let service = root.get("http_service").unwrap();
        let min = service.get("min").unwrap();
        assert_eq!((min.text().unwrap().as_str(), min.span.line, min.span.column), ("2", 3, 7));
        let letters = root.get("app").unwrap().letters(text);
        assert_eq!(letters[0], ((1, 8), 's'));
        assert_eq!(service.get("checks").unwrap().sequence().unwrap()[0].get("path").unwrap().span.line, 4);
        assert_eq!((tree.comments[0].text.as_str(), tree.comments[0].own_line), (" scaleproof: ignore[x] y", false));
    }

    #[test]
    fn a_template_is_told_as_one() {
        let tree = parse("fly.toml", "app = \"shop\"\n[env]\nX = {{ x }}\n");
        assert_eq!(tree.problems[0].message, TEMPLATE);
        assert_eq!(tree.problems[0].location.as_ref().unwrap().span.line, 3);
        assert!(tree.documents[0].get("app").is_some());
    }

    #[test]
    fn of_a_broken_file_the_rest_is_read() {
        let tree = parse("fly.toml", "app = \"shop\"\n[env\nX = 1\n[deploy]\nstrategy = \"rolling\"\n");
        assert!(!tree.problems.is_empty());
        assert!(tree.documents[0].get("app").is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|\\[|\\]|=|\"|'''|#|\\{|\\}|1|a|scaleproof:){0,40}") {
            parse("fly.toml", &text);
        }
    }
}
