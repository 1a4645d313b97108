//! Snippets in, facts out, for every language.

mod csharp;
mod go;
mod java;
mod javascript;
mod kotlin;
mod php;
mod python;
mod robustness;
mod ruby;
mod rust;

use super::*;

/// The facts of a snippet, without their places: one line a fact.
fn lines(path: &str, text: &str) -> Vec<String> {
    let extracted = extract(path, text);
    assert_eq!(extracted.problems, [], "{path}\n{text}");
    let rendered = render::render(&extracted.facts);
    rendered.lines().map(|line| line.split_once(' ').map_or(line, |(_, fact)| fact).to_string()).collect()
}

fn extract(path: &str, text: &str) -> Extracted {
    (adapter(path).unwrap().extract)(path, text)
}

/// Asserts that the snippet says every one of the facts, and none of those that begin with `!`.
#[track_caller]
fn says(path: &str, text: &str, expected: &[&str]) {
    let lines = lines(path, text);
    let all = lines.join("\n");
    for fact in expected {
        match fact.strip_prefix('!') {
            Some(fact) => assert!(!lines.iter().any(|line| line.contains(fact)), "`{fact}` is said in\n{all}"),
            None => assert!(lines.iter().any(|line| line == fact), "`{fact}` is not said in\n{all}"),
        }
    }
}

#[test]
fn lines_and_columns_count_from_one_and_columns_count_characters() {
    let facts = extract("a.py", "x = {}\n\"ñé\"; f(x)\n").facts;
    let call = &facts.calls[0];
    assert_eq!((call.span.line, call.span.column, call.span.end_column), (2, 7, 11));
    assert_eq!(facts.lines, 2);
    let facts = extract("a.rs", "fn a() {\n    \"ñé\"; f(1)\n}\n").facts;
    let call = &facts.calls[0];
    assert_eq!((call.span.line, call.span.column, call.span.end_column), (2, 11, 15));
}

#[test]
fn windows_line_ends_change_nothing() {
    for (path, text) in robustness::REAL {
        let unix = render::render(&extract(path, text).facts);
        let windows = render::render(&extract(path, &text.replace('\n', "\r\n")).facts);
        assert_eq!(unix, windows, "{path}");
    }
}

#[test]
fn a_comment_can_speak_to_us_in_any_language() {
    let cases = [
        ("a.py", "x = f()  # scaleproof: ignore[a] why\n# scaleproof: ignore[b] why\ny = 'scaleproof: no'\n"),
        ("a.js", "f(); // scaleproof: ignore[a] why\n/* scaleproof: ignore[b] why */\n\"scaleproof: no\";\n"),
        ("a.jsx", "f(); // scaleproof: ignore[a] why\n{/* scaleproof: ignore[b] why */}\n\"scaleproof: no\";\n"),
        ("a.rb", "x = f # scaleproof: ignore[a] why\n# scaleproof: ignore[b] why\ny = 'scaleproof: no'\n"),
        ("a.php", "<?php f(); // scaleproof: ignore[a] why\n# scaleproof: ignore[b] why\n$x = 'scaleproof: no';\n"),
        (
            "a.go",
            "package a; var x = f() // scaleproof: ignore[a] why\n// scaleproof: ignore[b] why\nvar y = \"scaleproof: no\"\n",
        ),
        ("a.cs", "class A {} // scaleproof: ignore[a] why\n/* scaleproof: ignore[b] why */\nf(\"scaleproof: no\");\n"),
        (
            "a.java",
            "class A {} // scaleproof: ignore[a] why\n/* scaleproof: ignore[b] why */\nclass B { String c = \"// scaleproof: no\"; }\n",
        ),
        (
            "a.kt",
            "fun x() {} // scaleproof: ignore[a] why\n/** scaleproof: ignore[b] why */\nval y = \"// scaleproof: no\"\n",
        ),
        (
            "a.rs",
            "fn x() { f() } // scaleproof: ignore[a] why\n/// scaleproof: ignore[b] why\nconst Y: &str = \"// scaleproof: no\";\n",
        ),
    ];
    for (path, text) in cases {
        let found = extract(path, text).facts.directives;
        let found: Vec<_> = found.iter().map(|one| (one.text.as_str(), one.own_line, one.span.line)).collect();
        assert_eq!(found, [("ignore[a] why", false, 1), ("ignore[b] why", true, 2)], "{path}");
    }
}

#[test]
fn broken_syntax_is_a_problem_with_its_place() {
    let cases = [
        ("a.py", "x = {}\ny = (1,\n", 2),
        ("a.js", "const a = {};\nfunction (\n", 2),
        ("a.rs", "fn a() {}\nfn b( {\n", 2),
        ("a.go", "package a\nfunc b( {\n", 2),
        ("a.rb", "a = 1\ndef b(\n", 2),
        ("a.cs", "class A {}\nclass B { void c( {\n", 2),
        ("a.java", "class A {}\nclass B { void c( {\n", 2),
        ("a.php", "<?php $a = [];\nfunction b( {\n", 2),
        ("a.kt", "val a = 1\nfun b( {\n", 2),
    ];
    for (path, text, line) in cases {
        let problems = extract(path, text).problems;
        assert_eq!(problems.len(), 1, "{path}");
        let location = problems[0].location.as_ref().unwrap();
        assert!(location.span.line >= line && problems[0].excerpt.is_some(), "{path}: {:?}", problems[0]);
    }
    let rest = render::render(&extract("a.py", "carts = {}\ndef f(:\n  pass\nbot.polling()\n").facts);
    assert!(rest.contains("state ~carts Module Map") && rest.contains("bot.polling()"), "{rest}");
}

#[test]
fn files_outside_of_the_base_find_each_other() {
    let candidates = super::module_candidates("/srv/shop/app.js", "./store", Language::JavaScript);
    assert!(candidates.contains(&"/srv/shop/store.js".to_owned()), "{candidates:?}");
    let candidates = super::module_candidates("/srv/shop/app.py", ".store", Language::Python);
    assert!(candidates.contains(&"/srv/shop/store.py".to_owned()), "{candidates:?}");
}
