//! Versions of dependencies: the numbers that a requirement begins with.

use serde::{Deserialize, Deserializer, de};

/// `3.4.1` as its numbers; missing ones count as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// The least version that a requirement names first: 4.18 of `^4.18`, `>=4.18,<5` and `~> 4.18`; `None` for `*`, `latest`
    /// and what is no number.
    pub fn least(requirement: &str) -> Option<Version> {
        let start = requirement.find(|c: char| c.is_ascii_digit())?;
        let before = requirement[..start].trim_end_matches('v');
        // An upper bound alone tells nothing of the least.
        if before.trim_end().ends_with('<') || before.contains('/') {
            return None;
        }
        let numbers = requirement[start..].split(|c: char| c != '.' && !c.is_ascii_digit()).next()?;
        let mut version = [0; 3];
        for (part, number) in version.iter_mut().zip(numbers.split('.')) {
            *part = number.parse().unwrap_or(0);
        }
        Some(Version(version))
    }
}

impl<'de> Deserialize<'de> for Version {
    /// As a text: `"3.10"`. A number would lose its last zero.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match Version::least(&text) {
            Some(version) if text.starts_with(|c: char| c.is_ascii_digit()) => Ok(version),
            _ => Err(de::Error::custom("a version is written in quotes: \"3.4\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_begins_with_its_least_version() {
        for (requirement, expected) in [
            ("^4.18.2", Some([4, 18, 2])),
            (">=3.4,<4", Some([3, 4, 0])),
            ("~> 7.1", Some([7, 1, 0])),
            ("v1.9.0", Some([1, 9, 0])),
            ("2.7.18.RELEASE", Some([2, 7, 18])),
            ("==2.0.*", Some([2, 0, 0])),
            ("<5", None),
            ("*", None),
            ("latest", None),
            ("", None),
            ("99999999999.1", Some([0, 1, 0])),
        ] {
            assert_eq!(Version::least(requirement), expected.map(Version), "{requirement}");
        }
        assert!(Version([3, 10, 0]) > Version([3, 4, 0]));
    }
}
