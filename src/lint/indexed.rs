//! A text whose lines are found without a search from its beginning.

/// A text, and where its lines begin.
pub struct Indexed {
    text: String,
    starts: Vec<usize>,
}

impl Indexed {
    pub fn new(text: String) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after_breaks).collect();
        Indexed { text, starts }
    }

    /// The whole text.
    pub fn whole(&self) -> &str {
        &self.text
    }

    /// The lines from the one of that number on, which counts from 1; none beyond the end.
    pub fn from(&self, line: u32) -> std::str::Lines<'_> {
        let start = self.starts.get(line.saturating_sub(1) as usize).copied().unwrap_or(self.text.len());
        self.text[start..].lines()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_that_reading_from_the_beginning_gives() {
        for text in ["", "a", "a\n", "a\r\nb\n\n", "\n\nä\nb"] {
            let indexed = Indexed::new(text.to_owned());
            for line in 0..8 {
                let expected: Vec<&str> = text.lines().skip(line.max(1) - 1).collect();
                assert_eq!(indexed.from(line as u32).collect::<Vec<_>>(), expected, "{text:?} from {line}");
            }
        }
    }
}
