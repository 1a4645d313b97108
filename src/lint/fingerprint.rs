//! Identities of findings that survive lines which move.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// Hands out fingerprints: rule, path, name of the enclosing function, text of the line without its spaces, and which of
/// several equal ones it is. Must be asked in the order of the text.
#[derive(Default)]
pub struct Fingerprints {
    seen: HashMap<[u8; 32], u32>,
}

impl Fingerprints {
    /// 16 hexadecimal digits.
    pub fn next(&mut self, rule: &str, path: &str, function: &str, line: &str) -> String {
        let mut hash = hashed(&[rule, path, function, &without_spaces(line)]);
        let key: [u8; 32] = hash.clone().finalize().into();
        let occurrence = self.seen.entry(key).or_default();
        hash.update(occurrence.to_le_bytes());
        *occurrence += 1;
        digits(hash)
    }
}

/// What stays when the file gets another name: 16 hexadecimal digits, the same for equal lines of a function.
pub fn content(rule: &str, function: &str, line: &str) -> String {
    digits(hashed(&[rule, function, &without_spaces(line)]))
}

fn without_spaces(line: &str) -> String {
    line.split_whitespace().collect()
}

fn hashed(parts: &[&str]) -> Sha256 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash
}

fn digits(hash: Sha256) -> String {
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_do_not_count_and_equal_lines_are_told_apart() {
        let mut fingerprints = Fingerprints::default();
        let first = fingerprints.next("rule", "a.py", "f", "  x = {}");
        let second = fingerprints.next("rule", "a.py", "f", "x={}");
        assert_eq!(first.len(), 16);
        assert_ne!(first, second);
        assert_eq!(Fingerprints::default().next("rule", "a.py", "f", "x = { }"), first);
        assert_ne!(Fingerprints::default().next("rule", "b.py", "f", "x = {}"), first);
        assert_eq!(Fingerprints::default().next("rule", "a.py", "f", "\tx = {}\r"), first);
        assert_eq!(content("rule", "f", "x = {}"), content("rule", "f", "\tx={}\r"));
        assert_ne!(content("rule", "g", "x = {}"), content("rule", "f", "x = {}"));
    }
}
