//! Scripts that containers start with: every simple command is a setting, `command.0`, `command.1` and so on, its words joined by
//! blanks. What runs only if a variable says so is left out: whoever deploys decides.
//!
//! Shell grammar: POSIX.1-2024, "Shell Command Language", sections 2.3 (comments) and 2.9 (commands).

use super::Sheet;
use crate::model::command_line::{Letter, Word, text};
use crate::model::fact::{COMMAND, SCRIPT, Value};
use crate::model::location::Span;
use crate::source::deploy::command::{self, program};
use crate::source::yaml::Place;

/// Words that a command may stand behind.
const BEFORE_COMMANDS: [&str; 11] = ["then", "else", "do", "while", "until", "if", "elif", "!", "{", "(", "time"];

pub(super) fn read(sheet: &mut Sheet<'_>) {
    let mut script = Script::default();
    for (number, (at, line)) in (1..).zip(sheet.each_line()) {
        if let Some(end) = &script.document {
            if line.trim() == end {
                script.document = None;
            }
            continue;
        }
        let code = script.code(line);
        if code.len() < line.len() {
            sheet.comment(at + code.len(), at + line.len());
        }
        script.waiting.extend(letters(code, number, 1));
        if script.quote.is_none() && !code.ends_with('\\') {
            script.document = here_document(code);
            script.run(sheet);
        } else {
            script.waiting.push(((number, 1), '\n'));
        }
    }
    let is_replaced = |words: &Vec<Word<Place>>| words.first().is_some_and(|word| program(word) == "exec");
    if let Some(last) = script.last.filter(|words| !is_replaced(words)) {
        set_as(sheet, &format!("{SCRIPT}last"), &last);
    }
    for (number, words) in script.background.iter().enumerate() {
        set_as(sheet, &format!("{SCRIPT}background.{number}"), words);
    }
}

/// The characters of a part of a line with their places.
pub(super) fn letters(code: &str, line: u32, column: u32) -> impl Iterator<Item = (Place, char)> {
    (column..).zip(code.chars()).map(move |(column, char)| ((line, column), char))
}

/// Sets `command.<number>`.
pub(super) fn set(sheet: &mut Sheet<'_>, number: usize, words: &[Word<Place>]) {
    set_as(sheet, &format!("{COMMAND}{number}"), words);
}

fn set_as(sheet: &mut Sheet<'_>, key: &str, words: &[Word<Place>]) {
    let place = |letter: Option<&Letter<Place>>| letter.map(|letter| letter.at);
    let first = place(words.iter().flatten().next());
    let last = place(words.iter().flatten().last());
    let (Some((line, column)), Some((end_line, end_column))) = (first, last) else { return };
    let words: Vec<String> = words.iter().map(|word| text(word)).collect();
    let span = Span { line, column, end_line, end_column: end_column + 1 };
    sheet.set_at(key, Value::Text(words.join(" ").into()), span);
}

/// A script while it is read.
#[derive(Default)]
struct Script {
    /// What belongs to a line that goes on in the next.
    waiting: Vec<(Place, char)>,
    /// The quote that is open.
    quote: Option<char>,
    /// The line that ends the document that is read now.
    document: Option<String>,
    /// For each `if` and `case` that is open: does a variable of the environment decide?
    conditions: Vec<bool>,
    count: usize,
    /// The last command so far, whoever decides whether it runs, and those in the background.
    last: Option<Vec<Word<Place>>>,
    background: Vec<Vec<Word<Place>>>,
}

impl Script {
    /// The line without its comment.
    fn code<'l>(&mut self, line: &'l str) -> &'l str {
        let mut before = ' ';
        let mut letters = line.char_indices();
        while let Some((at, letter)) = letters.next() {
            match (letter, self.quote) {
                ('\\', None | Some('"')) => drop(letters.next()),
                (_, Some(open)) if letter == open => self.quote = None,
                ('\'' | '"', None) => self.quote = Some(letter),
                ('#', None) if before.is_whitespace() || before == ';' => return &line[..at],
                _ => {}
            }
            before = letter;
        }
        line
    }

    fn run(&mut self, sheet: &mut Sheet<'_>) {
        let words = command::words(&std::mem::take(&mut self.waiting));
        self.background.extend(command::in_background(&words).iter().filter_map(|words| run(words)).map(<[_]>::to_vec));
        // `[ "$MIGRATE" ] && migrate`
        let mut asked = false;
        for words in command::simple_commands(&words) {
            let Some(first) = words.first().map(|word| text(word)) else { continue };
            self.last = run(&words).map(<[_]>::to_vec).or(self.last.take());
            match first.as_str() {
                "if" | "case" => self.conditions.push(asks_environment(&words)),
                "elif" => {
                    if let Some(condition) = self.conditions.last_mut() {
                        *condition |= asks_environment(&words);
                    }
                }
                "fi" | "esac" => drop(self.conditions.pop()),
                "[" | "[[" | "test" => asked |= asks_environment(&words),
                _ if !asked && !self.conditions.contains(&true) => self.command(sheet, &words),
                _ => {}
            }
        }
    }

    fn command(&mut self, sheet: &mut Sheet<'_>, words: &[Word<Place>]) {
        let Some(words) = run(words) else { return };
        set(sheet, self.count, words);
        self.count += 1;
        if program(&words[0]) == "trap" {
            set_as(sheet, &format!("{SCRIPT}trap"), words);
        }
    }
}

/// The program and its arguments, without what stands before it; `None` where nothing is run.
fn run(words: &[Word<Place>]) -> Option<&[Word<Place>]> {
    let is_no_program = |word: &&Word<Place>| {
        let word = text(word);
        // `web) gunicorn app ;;`
        let is_case = word.ends_with(')') && !word.contains('(');
        is_case
            || BEFORE_COMMANDS.contains(&word.as_str())
            || word.split_once('=').is_some_and(|(name, _)| is_name(name))
    };
    let words = &words[words.iter().take_while(is_no_program).count()..];
    let first = words.first().map(program)?;
    // What is only said is not done.
    (!matches!(
        first.as_str(),
        "echo" | "printf" | "fi" | "done" | "esac" | "}" | ")" | "" | "case" | "for" | "[" | "[["
    ))
    .then_some(words)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Names of variables that come from outside are written in capitals.
fn asks_environment(words: &[Word<Place>]) -> bool {
    words.iter().any(|word| {
        let word = text(word);
        word.split('$').skip(1).any(|rest| rest.trim_start_matches('{').starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

/// The line that ends what `<<` begins.
pub(super) fn here_document(code: &str) -> Option<String> {
    let (_, rest) = code.split_once("<<")?;
    let word = rest.trim_start_matches('-').trim_start().trim_start_matches(['"', '\'', '\\']);
    let end: String = word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    // `1 << 2` is a number.
    end.starts_with(|first: char| first.is_ascii_alphabetic()).then_some(end)
}
