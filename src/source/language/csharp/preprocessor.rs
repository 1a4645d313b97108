//! Lines that speak to the compiler: <https://learn.microsoft.com/dotnet/csharp/language-reference/preprocessor-directives>.
//!
//! They may stand anywhere, in the middle of an expression too, so they are taken out of the text before it is parsed.

use std::borrow::Cow;

const DIRECTIVES: &[&str] = &[
    "if",
    "elif",
    "else",
    "endif",
    "region",
    "endregion",
    "pragma",
    "nullable",
    "define",
    "undef",
    "line",
    "warning",
    "error",
];

/// The text of one of the programs that the conditions choose from, with blanks for the rest: of each condition what comes
/// first, but none of what only a build for debugging has.
pub(super) fn one_variant(text: &str) -> Cow<'_, str> {
    if !text.contains('#') || !text.lines().any(|line| directive(line).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // Of each open condition: is its current branch kept, and was one of them before?
    let mut open: Vec<(bool, bool)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let word = directive(line);
        match (word, open.last_mut()) {
            (Some(("if", condition)), _) => {
                let kept = condition != "DEBUG";
                open.push((kept, kept));
            }
            (Some(("elif" | "else", _)), Some((kept, before))) => {
                *kept = !*before;
                *before = true;
            }
            (Some(("endif", _)), _) => drop(open.pop()),
            _ => {}
        }
        let kept = word.is_none() && open.iter().all(|(kept, _)| *kept);
        if kept {
            out.push_str(line);
        } else {
            out.extend(line.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
        }
    }
    Cow::Owned(out)
}

/// The word of a directive, and what follows it.
fn directive(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start();
    let (word, rest) = rest.split_once(|c: char| !c.is_ascii_alphabetic()).unwrap_or((rest.trim_end(), ""));
    DIRECTIVES.contains(&word).then(|| (word, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_branch_of_each_condition_stays_where_it_stood() {
        let text = "a\n#if DEBUG\nbé\n#else\nc\n #  endif // x\n#if X\nd\n#elif Y\ne\n#else\nf\n#endif\n#region R\ng\n#endregion";
        let variant = one_variant(text);
        assert_eq!(variant.len(), text.len());
        assert_eq!(variant.split_whitespace().collect::<String>(), "acdg");
        assert_eq!(variant.find('d'), text.find("d\n#elif"));
        assert!(matches!(one_variant("# Title\n#12"), Cow::Borrowed(_)));
        assert_eq!(one_variant("#endif\n#else\nx"), "      \n     \nx");
    }
}
