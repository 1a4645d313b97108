//! Byte offsets to lines and columns.

use crate::model::location::Span;

/// Where each line of a text begins.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<u32>,
    ascii: bool,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1));
        Lines { text, starts, ascii: text.is_ascii() }
    }

    /// How many lines the text has; an unfinished last line counts.
    pub fn count(&self) -> u32 {
        let last = self.starts.last().copied().unwrap_or(0) as usize;
        self.starts.len() as u32 - u32::from(last == self.text.len())
    }

    pub fn span(&self, start: u32, end: u32) -> Span {
        let (line, column) = self.position(start);
        let (end_line, end_column) = self.position(end);
        Span { line, column, end_line, end_column }
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let column = if self.ascii {
            offset - start
        } else {
            let bytes = self.text.as_bytes().get(start as usize..offset as usize).unwrap_or_default();
            // Every byte but the continuation bytes of UTF-8 begins a character.
            bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32
        };
        (line as u32 + 1, column + 1)
    }

    /// The text of a line (from 1) up to a byte offset in it.
    pub fn before(&self, offset: u32) -> &'t str {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        self.text.get(self.starts[line] as usize..offset as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let lines = Lines::new("añb\r\nx");
        assert_eq!(lines.position(0), (1, 1));
        assert_eq!(lines.position(3), (1, 3));
        assert_eq!(lines.position(6), (2, 1));
        assert_eq!(lines.count(), 2);
        assert_eq!(Lines::new("a\n").count(), 1);
        assert_eq!(Lines::new("").count(), 0);
    }
}
