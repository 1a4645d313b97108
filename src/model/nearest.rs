//! "Did you mean …?"

/// The candidate that a misspelt word most likely means; `None` where nothing is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let likely = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate));
    likely.filter(|(likeness, _)| *likeness > 0.8).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, it)| it)
}

/// "Did you mean", or what there is.
pub fn suggestion(word: &str, known: &[&str], what: &str) -> String {
    match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("Did you mean `{nearest}`?"),
        None => format!("The {what} are {}.", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_the_one_that_was_meant() {
        let words = ["severity", "ignore", "exclude"];
        assert_eq!(nearest("severty", words), Some("severity"));
        assert_eq!(nearest("IGNOER", words), Some("ignore"));
        assert_eq!(nearest("paths", words), None);
    }
}
