//! What the configurations of nginx, HAProxy and Caddy are made of: words, and directives with blocks.

use std::ops::Range;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Word {
    pub text: String,
    pub place: Range<usize>,
}

/// `name arguments;` or `name arguments { block }`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Directive {
    pub name: Word,
    pub arguments: Vec<Word>,
    pub block: Option<Vec<Directive>>,
}

impl Directive {
    pub fn is(&self, name: &str) -> bool {
        self.name.text == name
    }

    /// The text of an argument; empty where there is none.
    pub fn argument(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", |word| &word.text)
    }

    /// The arguments from one on, joined by blanks.
    pub fn rest(&self, from: usize) -> String {
        let words: Vec<&str> = self.arguments.iter().skip(from).map(|word| word.text.as_str()).collect();
        words.join(" ")
    }

    /// From the name to the last argument.
    pub fn place(&self) -> Range<usize> {
        self.name.place.start..self.arguments.last().unwrap_or(&self.name).place.end
    }

    /// Stands where another one, which includes it, stands.
    pub fn move_to(&mut self, place: &Range<usize>) {
        self.name.place = place.clone();
        self.arguments.iter_mut().for_each(|word| word.place = place.clone());
        self.block.iter_mut().flatten().for_each(|inner| inner.move_to(place));
    }
}
