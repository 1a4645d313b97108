//! Where the characters of a scalar are written.

use super::Place;

/// The raw text of a scalar, read alongside its value: blanks, quotes and backslashes that are not in the value are
/// passed over.
pub(super) struct Written<'a> {
    rest: std::str::Chars<'a>,
    place: Place,
}

impl<'a> Written<'a> {
    /// `place` is that of the first character of `raw`.
    pub(super) fn new(raw: &'a str, place: Place) -> Self {
        let mut written = Written { rest: raw.chars(), place };
        if raw.starts_with(['|', '>']) {
            written.skip_past('\n');
        }
        written
    }

    fn next(&mut self) -> Option<char> {
        let char = self.rest.next()?;
        self.place = if char == '\n' { (self.place.0 + 1, 1) } else { (self.place.0, self.place.1 + 1) };
        Some(char)
    }

    fn skip_past(&mut self, wanted: char) {
        while self.next().is_some_and(|char| char != wanted) {}
    }

    /// The place of the next `wanted`, which may be written as a line break where it is a blank.
    pub(super) fn find(&mut self, wanted: char) -> Place {
        loop {
            let place = self.place;
            match self.rest.clone().next() {
                Some(char) if char == wanted || wanted == ' ' && char == '\n' => {
                    self.next();
                    return place;
                }
                Some(char) if char.is_whitespace() || matches!(char, '"' | '\'' | '\\') => {
                    self.next();
                }
                _ => return place,
            }
        }
    }
}
