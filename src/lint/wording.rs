//! What a hit says, in words: placeholders filled in, symbols as people write them.

use super::indexed::Indexed;
use crate::model::Name;
use crate::model::fact::Value;
use crate::model::location::Span;

/// A clause's sentence and what belongs into it.
pub struct Words<'r> {
    pub say: &'r str,
    /// Placeholders without their braces, and what stands for each.
    pub values: Vec<(&'static str, String)>,
    /// Said at the end: under which circumstances it is so.
    pub provided: String,
}

impl Words<'_> {
    /// The service of a deployment that the sentence is about.
    pub fn service(&self) -> Option<&str> {
        self.values.iter().find(|(word, _)| *word == "service").map(|(_, name)| name.as_str())
    }
}

/// The sentence; `text` is the file's, so that a callee can be shown as it is written there.
pub fn message(words: &Words<'_>, text: Option<&Indexed>, span: Span) -> String {
    let fill = |sentence: String, (word, value): &(&'static str, String)| {
        let written = (*word == "callee").then(|| callee(text?, span)).flatten();
        sentence.replace(&format!("{{{word}}}"), written.as_deref().unwrap_or(value))
    };
    words.values.iter().fold(words.say.to_owned(), fill) + &words.provided
}

/// A callee that is longer is recognised by its last part.
const LONGEST_CALLEE: usize = 40;

/// What is called in the call that a span covers: `bot.run` of `bot.run(token)`. Of a long chain the last part alone:
/// `run_polling` of `Application.builder().token(t).build().run_polling()`. `None` where the text is no call.
fn callee(text: &Indexed, span: Span) -> Option<String> {
    let call = covered(text, span);
    let call = call.trim_start_matches(['@', '#', '[']);
    let call = call.strip_prefix("new ").unwrap_or(call);
    let written = call[..last_opening(call).unwrap_or(call.len())].trim();
    let is_plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$' | '.' | ':' | '?');
    let whole = written.chars().all(is_plain) && written.len() <= LONGEST_CALLEE;
    let shown = match whole {
        true => written,
        false => written.rsplit(['.', ':', ' ', ')']).next()?,
    };
    (!shown.is_empty() && shown.chars().all(is_plain)).then(|| shown.to_owned())
}

/// The text that a span covers.
fn covered(text: &Indexed, span: Span) -> String {
    let count = (span.end_line.saturating_sub(span.line) + 1) as usize;
    let mut covered = String::new();
    for (number, line) in text.from(span.line).take(count).enumerate() {
        let from = if number == 0 { span.column.saturating_sub(1) as usize } else { 0 };
        let to = if number + 1 == count { span.end_column.saturating_sub(1) as usize } else { usize::MAX };
        covered.extend(line.chars().take(to).skip(from));
        covered.push('\n');
    }
    covered.truncate(covered.trim_end().len());
    covered
}

/// Where the last parenthesis opens that stands in no other: that of the outermost call's arguments.
fn last_opening(call: &str) -> Option<usize> {
    let (mut depth, mut quote, mut last) = (0u32, None, None);
    let mut letters = call.char_indices();
    while let Some((at, char)) = letters.next() {
        match (quote, char) {
            (Some(_), '\\') => drop(letters.next()),
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(char),
            (None, '(' | '[' | '{') => {
                if depth == 0 && char == '(' {
                    last = Some(at);
                }
                depth += 1;
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    last
}

/// A symbol as people read it: without the marks of the grammar for a file's own names, for results and for the nameless.
pub fn readable(symbol: &str) -> String {
    symbol.trim_start_matches('~').replace("()", "").trim_start_matches("_.").replace("._", "[]")
}

/// A value as people read it; empty where there is nothing short to show.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Name(name) => readable(name),
        Value::Call { callee, .. } => format!("{}()", readable(callee)),
        // The variable is named beside it: `…, when `STORE` is not set`.
        Value::Environment { fallback: Some(fallback), .. } => shown(fallback),
        Value::Environment { name, fallback: None } => name.to_string(),
        Value::OneOf(branches) => branches.last().map(shown).unwrap_or_default(),
        _ => String::new(),
    }
}

/// "`POST /cart`, `GET /cart` and 4 more"; "handlers" where none is known.
pub fn routes(routes: &[Name], most: usize) -> String {
    let named: Vec<String> = routes.iter().take(most).map(|route| format!("`{route}`")).collect();
    match (named.len(), routes.len() - named.len()) {
        (0, _) => "handlers".to_owned(),
        (_, 0) => named.join(", "),
        (_, more) => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(call: &str) -> Option<String> {
        let lines = call.lines().count() as u32;
        let last = call.lines().last().map_or(0, |line| line.chars().count() as u32);
        callee(&Indexed::new(call.to_owned()), Span { line: 1, column: 1, end_line: lines, end_column: last + 1 })
    }

    #[test]
    fn a_callee_is_shown_as_it_is_written() {
        for (call, expected) in [
            ("bot.infinity_polling(skip_pending=True)", "bot.infinity_polling"),
            ("new Server(http, { cors: { origin: \")\" } })", "Server"),
            ("@app.get(\"/(a)\")", "app.get"),
            ("Connection::open(path)", "Connection::open"),
            ("session({\n  secret: f(x),\n})", "session"),
            ("require(\"http\").createServer(app)", "createServer"),
            ("Application.builder().token(t).build()\n  .run_polling()", "run_polling"),
            ("router.message", "router.message"),
            ("open(\"it's\", 'w')", "open"),
        ] {
            assert_eq!(written(call).as_deref(), Some(expected), "{call}");
        }
        assert_eq!(written(""), None);
        assert_eq!(written("(() => 1)()"), None);
    }

    #[test]
    fn symbols_lose_the_marks_of_the_grammar() {
        for (symbol, expected) in [
            ("~carts.push", "carts.push"),
            ("telebot.TeleBot().polling", "telebot.TeleBot.polling"),
            ("_.join", "join"),
        ] {
            assert_eq!(readable(symbol), expected);
        }
    }

    #[test]
    fn routes_are_named_up_to_a_few() {
        let names = ["GET /a", "GET /b", "GET /c"].map(Name::from);
        assert_eq!(routes(&names, 2), "`GET /a`, `GET /b` and 1 more");
        assert_eq!(routes(&[], 2), "handlers");
    }

    proptest! {
        #[test]
        fn no_text_and_no_span_make_it_panic(
            text in "(\\PC|\n|\\(|\\)|'|\"|ä|\\\\){0,40}", line in 0u32..5, column in 0u32..9, lines in 0u32..4, end in 0u32..9,
        ) {
            let _ = callee(&Indexed::new(text), Span { line, column, end_line: line + lines, end_column: end });
        }
    }
}
