//! JSON, value by value with their places, as tolerant as the programs that read configuration: comments and commas before a
//! closing bracket are allowed. Iterative, so that no nesting is too deep; of a broken file the values before the fault are told.

/// A step from a collection to one of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'t> {
    /// As it is written: escapes are not resolved.
    Key(&'t str),
    Index(usize),
}

/// Something at a place of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'t> {
    /// A string without its quotes, as it is written.
    Text(&'t str),
    /// A number, `true`, `false`, `null`, or a word that is no JSON.
    Word(&'t str),
    Comment,
}

/// A fault, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: &'static str,
    pub at: usize,
}

/// Calls `visit` with the way to each value, the value, and from where (the key, if it has one) to where it stands.
pub fn walk<'t>(text: &'t str, mut visit: impl FnMut(&[Step<'t>], Item<'t>, usize, usize)) -> Result<(), Fault> {
    let mut walker = Walker { text, at: 0, path: Vec::new(), start: 0, visit: &mut visit };
    loop {
        walker.value()?;
        if !walker.next_value()? {
            return Ok(());
        }
    }
}

/// Gets the way to a value, the value, and its place.
type Visit<'t, 'v> = dyn FnMut(&[Step<'t>], Item<'t>, usize, usize) + 'v;

struct Walker<'t, 'v> {
    text: &'t str,
    at: usize,
    path: Vec<Step<'t>>,
    /// Where the value begins, its key included.
    start: usize,
    visit: &'v mut Visit<'t, 'v>,
}

impl<'t> Walker<'t, '_> {
    fn fault<T>(&self, message: &'static str) -> Result<T, Fault> {
        Err(Fault { message, at: self.at.min(self.text.len()) })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Opens collections until a value is there, and tells it. An empty collection is none.
    fn value(&mut self) -> Result<(), Fault> {
        loop {
            self.blanks();
            match self.peek() {
                None if self.path.is_empty() => return Ok(()),
                None => return self.fault("the file ends where a value is expected"),
                Some(b'{') => {
                    self.at += 1;
                    self.path.push(Step::Key(""));
                    if !self.key()? {
                        return Ok(());
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.path.push(Step::Index(0));
                    self.blanks();
                    self.start = self.at;
                    if self.peek() == Some(b']') {
                        return Ok(());
                    }
                }
                Some(b'"') => {
                    let text = self.string()?;
                    return self.tell(Item::Text(text));
                }
                Some(_) => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let end = rest.find([',', '}', ']', '\n', '\r', '\t', '/', ' ', ':', '"']).unwrap_or(rest.len());
                    if end == 0 {
                        return self.fault("a value is expected here");
                    }
                    self.at += end;
                    return self.tell(Item::Word(&rest[..end]));
                }
            }
        }
    }

    fn tell(&mut self, item: Item<'t>) -> Result<(), Fault> {
        (self.visit)(&self.path, item, self.start, self.at);
        Ok(())
    }

    /// Goes on to where the next value begins, out of the collections that end before it.
    fn next_value(&mut self) -> Result<bool, Fault> {
        loop {
            self.blanks();
            let Some(step) = self.path.last().copied() else {
                return if self.peek().is_none() { Ok(false) } else { self.fault("the file goes on after its end") };
            };
            match (self.peek(), step) {
                (Some(b'}'), Step::Key(_)) | (Some(b']'), Step::Index(_)) => {
                    self.at += 1;
                    self.path.pop();
                }
                (Some(b','), Step::Key(_)) => {
                    self.at += 1;
                    if self.key()? {
                        return Ok(true);
                    }
                }
                (Some(b','), Step::Index(index)) => {
                    self.at += 1;
                    self.blanks();
                    self.start = self.at;
                    if self.peek() != Some(b']') {
                        self.path.pop();
                        self.path.push(Step::Index(index + 1));
                        return Ok(true);
                    }
                }
                (None, _) => return self.fault("the file ends within a collection"),
                _ => return self.fault("a comma is expected here"),
            }
        }
    }

    /// `"key":`; false where the object ends instead.
    fn key(&mut self) -> Result<bool, Fault> {
        self.blanks();
        match self.peek() {
            Some(b'}') => return Ok(false),
            Some(b'"') => {}
            _ => return self.fault("a key in quotes is expected here"),
        }
        self.start = self.at;
        let key = self.string()?;
        self.path.pop();
        self.path.push(Step::Key(key));
        let start = self.start;
        self.blanks();
        self.start = start;
        if self.peek() != Some(b':') {
            return self.fault("a colon is expected here");
        }
        self.at += 1;
        Ok(true)
    }

    fn string(&mut self) -> Result<&'t str, Fault> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return self.fault("this quote is not closed"),
            }
        }
        let inner = self.text.get(self.at + 1..at).unwrap_or_default();
        self.at = at + 1;
        Ok(inner)
    }

    /// Passes over white space, and tells comments.
    fn blanks(&mut self) {
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let end = match rest {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => 1,
                [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => {
                    rest.windows(2).skip(2).position(|two| two == b"*/").map_or(rest.len(), |at| at + 4)
                }
                _ => return,
            };
            if end > 1 {
                (self.visit)(&self.path, Item::Comment, self.at, self.at + end);
            }
            self.at += end;
        }
    }
}

/// The text of a string: common escapes are resolved, others stay as written.
pub fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (_, true) => match rest.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(escaped @ ('"' | '\\' | '/')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Result<(), Fault>) {
        let mut found = Vec::new();
        let result = walk(text, |path, item, start, end| {
            let path: Vec<String> = path
                .iter()
                .map(|step| match step {
                    Step::Key(key) => key.to_string(),
                    Step::Index(index) => index.to_string(),
                })
                .collect();
            found.push(format!("{} {item:?} {start}..{end}", path.join(".")));
        });
        (found, result)
    }

    #[test]
    fn values_are_told_with_their_ways_and_places() {
        let (found, result) =
            read("{ // note\n \"a\": { \"b\": [1, {\"c\": \"x\\\"y\"}, [], true,], \"d\": {} }, \"e\": null, }");
        assert_eq!(
            found,
            [
                " Comment 2..9",
                "a.b.0 Word(\"1\") 24..25",
                "a.b.1.c Text(\"x\\\\\\\"y\") 28..39",
                "a.b.3 Word(\"true\") 46..50",
                "e Word(\"null\") 65..74"
            ]
        );
        assert_eq!(result, Ok(()));
    }

    #[test]
    fn a_broken_file_tells_what_stands_before_the_fault() {
        for (text, values, message, at) in [
            ("{\"a\": 1, b}", 1, "a key in quotes is expected here", 9),
            ("{\"a\": 1 \"b\": 2}", 1, "a comma is expected here", 8),
            ("{\"a\" 1}", 0, "a colon is expected here", 5),
            ("{\"a\": \"x", 0, "this quote is not closed", 6),
            ("[1, 2", 2, "the file ends within a collection", 5),
            ("[1}", 1, "a comma is expected here", 2),
            ("{} x", 0, "the file goes on after its end", 3),
            ("{\"a\": ", 0, "the file ends where a value is expected", 6),
        ] {
            let (found, result) = read(text);
            assert_eq!((found.len(), result), (values, Err(Fault { message, at })), "{text}");
        }
        assert_eq!(read(""), (vec![], Ok(())));
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in "[\\[\\]{}\":,/* a1\\\\\né]{0,80}") {
            let _ = read(&text);
        }

        #[test]
        fn what_serde_json_reads_is_read(value in proptest::collection::vec("[a-z\"\\\\é]{0,4}", 0..6)) {
            let text = serde_json::to_string(&serde_json::json!({ "list": value, "rest": { "a": value } })).unwrap();
            let (found, result) = read(&text);
            proptest::prop_assert_eq!(result, Ok(()));
            proptest::prop_assert_eq!(found.len(), 2 * value.len());
        }
    }
}
