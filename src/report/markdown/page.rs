//! A text that must not become longer than a comment may be.

/// Characters of a comment on GitHub; a longer one is refused. GitLab takes a million.
const MOST: usize = 65_536;
/// Room for what is said of what is left out, and for the end.
const RESERVED: usize = 512;

/// Counts bytes, of which there are never fewer than characters.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Adds what must be there.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds each part whole, as long as there is room below `share` of the page, which is a number of percent.
    /// Says how many there was no room for.
    pub fn push_while_room(&mut self, share: usize, parts: impl IntoIterator<Item = String>) -> usize {
        let room = (MOST - RESERVED) * share / 100;
        let mut full = false;
        let mut left_out = 0;
        for part in parts {
            full |= self.text.len() + part.len() > room;
            if full {
                left_out += 1;
            } else {
                self.text.push_str(&part);
            }
        }
        left_out
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_whole_and_the_rest_is_counted() {
        let mut page = Page::default();
        assert_eq!(page.push_while_room(50, (0..100).map(|_| "x".repeat(1000))), 68);
        assert_eq!(page.push_while_room(100, (0..100).map(|_| "x".repeat(1000))), 67);
        assert!(page.into_text().len() < MOST);
    }
}
