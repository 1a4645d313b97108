//! requirements.txt, line by line, and the requirements in pyproject.toml.

use super::{Manifest, is_development, python_name};

pub(super) fn dependencies(manifest: &mut Manifest<'_>) {
    let dev = is_development(
        manifest.path.trim_end_matches(".txt").trim_end_matches(".in").rsplit('/').next().unwrap_or_default(),
    );
    let text = manifest.text;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.split(" #").next().unwrap_or(line).trim();
        let indent = line.len() - line.trim_start().len();
        let at = start + indent;
        start += line.len();
        if content.is_empty() || content.starts_with(['#', '-']) {
            continue;
        }
        match requirement(content.trim_end_matches('\\').trim_end()) {
            Some((name, version)) => manifest.add(&name, version, dev, at, at + content.len()),
            None if content.contains("://") || content.starts_with(['.', '/']) => {}
            None => manifest.problem(format!("not a requirement: `{content}`"), at, at + content.len()),
        }
    }
}

/// `Flask[async]>=2.0; python_version > "3.8"` to `flask` and `>=2.0`. A URL with `#egg=name` names a package as well.
pub(super) fn requirement(text: &str) -> Option<(String, &str)> {
    if let Some((_, egg)) = text.split_once("#egg=") {
        return Some((python_name(egg.split(['&', '[']).next()?), ""));
    }
    let text = text.split(';').next()?.trim();
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']')?.1.trim_start();
    }
    let first = name.chars().next()?;
    let version = rest.split(" --").next().unwrap_or(rest).trim();
    let is_version = version.is_empty() || version.starts_with(['=', '<', '>', '!', '~', '@', '(']);
    (first.is_alphanumeric() && is_version).then(|| (python_name(name), version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_in_all_their_forms() {
        let cases = [
            ("flask", Some(("flask", ""))),
            ("Flask_Session==0.5", Some(("flask-session", "==0.5"))),
            ("uvicorn[standard] >= 0.20, <1 ; python_version > '3'", Some(("uvicorn", ">= 0.20, <1"))),
            ("pkg @ https://example.org/pkg.zip", Some(("pkg", "@ https://example.org/pkg.zip"))),
            ("git+https://example.org/x.git#egg=My.Pkg", Some(("my-pkg", ""))),
            ("what is this", None),
            ("==1", None),
        ];
        for (text, expected) in cases {
            let found = requirement(text);
            assert_eq!(found.as_ref().map(|(name, version)| (name.as_str(), *version)), expected, "{text}");
        }
    }
}
