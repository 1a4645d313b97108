//! Command lines of services: their words with places, and the simple commands within them.

use super::Place;
use crate::model::command_line::{self, Word};

/// One simple command: a program and its arguments, variable assignments before it included.
pub type Command = Vec<Word<Place>>;

/// `sh -c "sh -c …"` is followed this far.
const MAX_SHELLS: u8 = 4;

/// Words of a command line that is written as one text. A quote that nothing ends leaves the words unknown: none.
pub fn words(letters: &[(Place, char)]) -> Command {
    command_line::split(letters.iter().copied(), &['\n', ';', '&', '|']).unwrap_or_default()
}

/// The letters of a text that stands on one line of a file, from a place on.
pub fn letters(line: &str, (number, column): Place) -> Vec<(Place, char)> {
    (column..).zip(line.chars()).map(|(column, char)| ((number, column), char)).collect()
}

/// The simple commands of a command line, those in `sh -c '…'` opened.
pub fn simple_commands(words: &[Word<Place>]) -> Vec<Command> {
    let mut found = Vec::new();
    collect(words, MAX_SHELLS, &mut found);
    found
}

fn collect(words: &[Word<Place>], shells: u8, found: &mut Vec<Command>) {
    for command in words.split(is_operator).filter(|command| !command.is_empty()) {
        match script(command).filter(|_| shells > 0) {
            Some(script) => {
                let letters: Vec<_> = script.iter().map(|letter| (letter.at, letter.char)).collect();
                collect(&self::words(&letters), shells - 1, found);
            }
            None => found.push(command.to_vec()),
        }
    }
}

/// The commands that `&` sends into the background.
pub fn in_background(words: &[Word<Place>]) -> Vec<Command> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in words.iter().enumerate().filter(|(_, word)| is_operator(word)) {
        let is = |index: Option<usize>, holds: fn(&str) -> bool| {
            index.and_then(|index| words.get(index)).is_some_and(|word| holds(&command_line::text(word)))
        };
        let (before, after) = (at.checked_sub(1), Some(at + 1));
        // `a && b`, `2>&1` and `&>file` send nothing there.
        let is_other =
            is(before, |word| word == "&" || word.ends_with('>')) || is(after, |word| word.starts_with(['&', '>']));
        if is(Some(at), |word| word == "&") && !is_other && at > start {
            found.push(words[start..at].to_vec());
        }
        start = at + 1;
    }
    found
}

fn is_operator(word: &Word<Place>) -> bool {
    matches!(word.as_slice(), [letter] if !letter.quoted && matches!(letter.char, '\n' | ';' | '&' | '|'))
}

/// The script of `sh -c script`, `bash -lc script`, `exec sh -c script`.
fn script(command: &[Word<Place>]) -> Option<&Word<Place>> {
    let shell =
        command.iter().position(|word| matches!(program(word).as_str(), "sh" | "bash" | "ash" | "dash" | "zsh"))?;
    let flag = command[shell + 1..].iter().position(|word| {
        let text = command_line::text(word);
        text.starts_with('-') && !text.starts_with("--") && text.ends_with('c')
    })?;
    command.get(shell + 1 + flag + 1)
}

/// The last part of a path, in lower case: `/usr/bin/Node` is `node`.
pub fn program(word: &Word<Place>) -> String {
    let text = command_line::text(word).to_ascii_lowercase();
    text.rsplit('/').next().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(line: &str) -> Vec<String> {
        let letters: Vec<_> = line.chars().enumerate().map(|(at, char)| ((1, at as u32 + 1), char)).collect();
        let text =
            |command: &Command| command.iter().map(|word| command_line::text(word)).collect::<Vec<_>>().join(" ");
        simple_commands(&words(&letters)).iter().map(text).collect()
    }

    #[test]
    fn shells_are_opened_and_operators_part_commands() {
        assert_eq!(commands("node server.js"), ["node server.js"]);
        assert_eq!(commands("sh -c 'migrate && exec gunicorn -w 4 app'"), ["migrate", "exec gunicorn -w 4 app"]);
        assert_eq!(commands(r#"/bin/bash -lc "sh -c 'a; b' || c""#), ["a", "b", "c"]);
        assert_eq!(commands("sh -c \"a\n  b\""), ["a", "b"]);
        assert_eq!(commands("sh start.sh"), ["sh start.sh"]);
        assert_eq!(commands("echo 'a;b'"), ["echo a;b"]);
    }

    #[test]
    fn commands_in_the_background_are_told_from_other_ampersands() {
        let background = |line: &str| {
            let letters: Vec<_> = line.chars().map(|char| ((1, 1), char)).collect();
            in_background(&words(&letters)).len()
        };
        assert_eq!(background("cron & gunicorn app"), 1);
        assert_eq!(background("a & b & wait"), 2);
        assert_eq!(background("./server &"), 1);
        for line in ["a && b", "a 2>&1", "a &> log", "a >log 2>&1 && b", "echo 'a & b'", "&"] {
            assert_eq!(background(line), 0, "{line}");
        }
    }

    #[test]
    fn an_open_quote_leaves_no_words() {
        assert!(commands("sh -c 'x").is_empty());
    }
}
