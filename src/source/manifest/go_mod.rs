//! go.mod, line by line: <https://go.dev/ref/mod#go-mod-file>.

use super::Manifest;

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let text = manifest.text;
    // The directive whose block is open, and where it was opened.
    let mut block: Option<(&str, usize)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        let (content, comment) = line.split_once("//").unwrap_or((line, ""));
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        let (directive, rest) = match block {
            Some(_) if content == ")" => {
                block = None;
                continue;
            }
            Some((directive, _)) => (directive, content),
            None => content.split_once(char::is_whitespace).unwrap_or((content, "")),
        };
        let rest = rest.trim();
        if block.is_none() && rest == "(" {
            block = Some((directive, at));
            continue;
        }
        // What only dependencies need is none of the project's own.
        if directive != "require" || comment.trim() == "indirect" {
            continue;
        }
        let from = at + content.rfind(rest).unwrap_or(0);
        match rest.split_once(char::is_whitespace).map(|(path, version)| (path, version.trim())) {
            Some((path, version)) if version.starts_with('v') && !version.contains(char::is_whitespace) => {
                manifest.add(path.trim_matches('"'), version, false, from, from + rest.len());
            }
            _ => manifest.problem(format!("not a requirement: `{rest}`"), from, from + rest.len()),
        }
    }
    if let Some((directive, at)) = block {
        manifest.problem(format!("`{directive} (` is not closed"), at, at + directive.len());
    }
}
