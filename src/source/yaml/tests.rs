//! Trees, places, anchors and merges.

use proptest::prelude::*;

use super::*;

fn sound(text: &str) -> Rc<Node> {
    let tree = parse("f.yml", text);
    assert_eq!(tree.problems, []);
    Rc::clone(&tree.documents[0])
}

fn problems(text: &str) -> Vec<String> {
    parse("f.yml", text).problems.iter().map(ToString::to_string).collect()
}

fn keys(node: &Node) -> Vec<&str> {
    node.mapping().expect("a mapping").entries.iter().map(|entry| entry.key.as_str()).collect()
}

fn value<'a>(node: &'a Node, path: &str) -> &'a str {
    path.split('.').fold(node, |node, key| node.get(key).expect("the key is there")).text().expect("a scalar")
}

#[test]
fn nodes_know_their_place_in_characters() {
    let root = sound("größe: 'ä b'\nlist:\n  - x\n  - \"y z\"\n");
    let entry = root.mapping().unwrap().entry("größe").unwrap();
    assert_eq!(entry.key_span, Span::on_line(1, 1, 6));
    assert_eq!(entry.value.span, Span::on_line(1, 8, 13));
    assert_eq!(root.get("list").unwrap().sequence().unwrap()[1].span, Span::on_line(4, 5, 10));
}

#[test]
fn own_keys_win_over_merged_ones_and_merged_ones_keep_their_origin() {
    let root = sound("base: &base\n  image: a\n  restart: always\ncopy:\n  image: b\n  <<: *base\n");
    let copy = root.get("copy").unwrap();
    assert_eq!(keys(copy), ["image", "restart"]);
    assert_eq!(value(copy, "image"), "b");
    let restart = copy.mapping().unwrap().entry("restart").unwrap();
    assert!(restart.merged);
    assert_eq!(restart.key_span.line, 3);
    let source = &copy.mapping().unwrap().sources[0];
    assert!(Rc::ptr_eq(source, root.get("base").unwrap()));
    assert_eq!(source.anchor.as_deref(), Some("base"));
}

#[test]
fn the_first_source_of_a_list_wins_and_merges_nest() {
    let root =
        sound("a: &a {k: 1, x: a}\nb: &b\n  <<: *a\n  k: 2\n  y: b\nc:\n  <<: [*b, *a, {z: inline, x: inline}]\n");
    let c = root.get("c").unwrap();
    assert_eq!((value(c, "k"), value(c, "x"), value(c, "y"), value(c, "z")), ("2", "a", "b", "inline"));
    assert_eq!(c.mapping().unwrap().sources.len(), 3);
}

#[test]
fn a_quoted_merge_key_is_a_key() {
    let root = sound("a: {'<<': x}\n");
    assert_eq!(keys(root.get("a").unwrap()), ["<<"]);
}

#[test]
fn merging_what_is_no_mapping_is_a_problem() {
    assert_eq!(problems("a:\n  <<: text\n"), ["f.yml:2:7: `<<` merges mappings, and this is none"]);
    assert_eq!(problems("a:\n  <<: [{}, [x]]\n"), ["f.yml:2:12: `<<` merges mappings, and this is none"]);
}

#[test]
fn an_alias_without_anchor_is_a_problem_and_the_rest_is_read() {
    let tree = parse("f.yml", "a:\n  <<: *missing\n  k: v\nb: *missing\n");
    let messages: Vec<_> = tree.problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].starts_with("f.yml:2:7: `*missing` refers"), "{messages:?}");
    assert_eq!(value(&tree.documents[0], "a.k"), "v");
}

#[test]
fn an_alias_within_its_own_node_is_a_problem() {
    assert_eq!(problems("a: &a\n  b: *a\n"), ["f.yml:2:6: this alias stands within the node that it refers to"]);
}

#[test]
fn a_key_that_is_there_twice_is_a_problem_and_the_first_counts() {
    let tree = parse("f.yml", "a: 1\nb: 2\na: 3\n");
    assert_eq!(tree.problems[0].to_string(), "f.yml:3:1: the key `a` is here a second time");
    assert_eq!(value(&tree.documents[0], "a"), "1");
}

#[test]
fn a_key_that_is_no_scalar_is_a_problem() {
    let tree = parse("f.yml", "? [a, b]\n: x\nc: d\n");
    assert_eq!(tree.problems.len(), 1);
    assert_eq!(keys(&tree.documents[0]), ["c"]);
}

#[test]
fn broken_yaml_is_a_problem_with_line_and_caret() {
    let tree = parse("f.yml", "a: b\nc: d: e\n");
    let at = tree.problems[0].location.as_ref().unwrap();
    assert_eq!((at.span.line, at.span.column), (2, 5));
    assert!(tree.problems[0].excerpt.as_ref().unwrap().text.contains("c: d: e"));
    for broken in ["a:\n\tb: c\n", "a: [b\n", "a: 'b\n", "a: \"\\q\"\n", "}", "a: !<\n", "%YAML 9\n---\na"] {
        let tree = parse("f.yml", broken);
        assert_eq!(tree.problems.len(), 1, "{broken:?}");
        assert!(tree.problems[0].location.as_ref().unwrap().span.line >= 1);
    }
}

#[test]
fn documents_before_a_syntax_error_are_kept() {
    let tree = parse("f.yml", "a: 1\n---\nb: 2\n---\nc: [\n---\nd: 1\n");
    let keys: Vec<_> = tree.documents.iter().filter(|node| !node.is_null()).map(|node| keys(node).join(" ")).collect();
    assert_eq!(keys, ["a", "b", "d"]);
    assert_eq!(tree.problems.len(), 1);
    assert!(tree.problems[0].help.contains("Lines 5 to 5 were not read, the other documents were."));
}

/// The services that are read, those of which only the name is known in parentheses, and the problems.
fn parts(text: &str) -> (String, Vec<Problem>) {
    let Tree { documents, lost, problems, .. } = parse_parts("f.yml", text, &["services"]);
    let services = documents.iter().filter_map(|document| document.get("services")?.mapping());
    let names =
        services.flat_map(|services| &services.entries).map(|entry| match lost.contains(&entry.key_span.line) {
            true => format!("({})", entry.key),
            false => entry.key.to_string(),
        });
    (names.collect::<Vec<_>>().join(" "), problems)
}

#[test]
fn an_error_within_a_service_loses_that_service_alone() {
    for (broken, line, column, message) in [
        ("    image: x\n\tports: [\"80:80\"]\n", 6, 1, "a tab indents this line, and YAML indents by spaces alone"),
        ("    image: 'x\n    ports: []\n", 6, 5, "invalid indentation in multiline quoted scalar"),
        (
            "    image: x\n    ports [80]\n    a: b\n",
            6,
            5,
            "this line is neither `key: value` nor a part of what stands above it",
        ),
        ("    image: a: b\n", 5, 13, "mapping values are not allowed in this context"),
        ("    image: @x\n", 5, 12, "unexpected character: `@'"),
    ] {
        let text = format!("services:\n  web:\n    image: a\n  api:\n{broken}\n  db:\n    image: postgres\n");
        let (names, problems) = parts(&text);
        assert_eq!(names, "web (api) db", "{text}");
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        assert_eq!(problem.to_string(), format!("f.yml:{line}:{column}: {message}"));
        assert!(problem.help.ends_with("`api` was not read, the rest of the file was."), "{}", problem.help);
    }
}

#[test]
fn errors_elsewhere_and_too_many_of_them_lose_the_document() {
    let (names, problems) = parts("services:\n  web:\n    image: a\nvolumes:\n  data: [\n");
    assert_eq!((names.as_str(), problems.len()), ("", 1));
    assert!(problems[0].help.ends_with("Until then nothing of this file is read."));
    let many: String = (0..40).map(|n| format!("  s{n}:\n    image: a: b\n")).collect();
    let (names, problems) = parts(&format!("services:\n{many}"));
    assert_eq!((names.as_str(), problems.len()), ("", 1));
}

#[test]
fn an_error_within_a_key_of_the_root_loses_that_key_alone_where_keys_stand_for_themselves() {
    let text =
        "x-app: &app\n  tty: true\nservices:\n  web:\n    image: a\nvolumes:\n  data: [\n\nnetworks:\n  a: b: c\n";
    let Tree { documents, problems, .. } = parse_parts("f.yml", text, &[ROOT, "services"]);
    assert_eq!(value(&documents[0], "services.web.image"), "a");
    assert!(documents[0].get("volumes").is_none(), "it is null");
    assert_eq!(problems.len(), 1);
    let help = &problems[0].help;
    assert!(
        help.contains("`volumes`") && help.contains("`networks`") && help.ends_with("the rest of the file was."),
        "{help}"
    );
    let open = "services:\n  web:\n    image: a\nx-list: [1, 2\nx-other: : :\n";
    let Tree { documents, .. } = parse_parts("f.yml", open, &[ROOT, "services"]);
    assert_eq!(value(&documents[0], "services.web.image"), "a", "the bracket is open since the line above");
    // And of a service that is broken twice all services may go.
    let inner = "services:\n  web:\n    image: a: b\n  web: {\nname: shop\n";
    let Tree { documents, .. } = parse_parts("f.yml", inner, &[ROOT, "services"]);
    assert_eq!(value(&documents[0], "name"), "shop");
}

#[test]
fn what_a_template_fills_in_is_a_variable() {
    for image in ["{{ image }}:{{ tag | default('x') }}", "<%= @image %>", "{% if a %}x{% else %}y{% endif %}"] {
        let text = format!("services:\n  web:\n    image: {image}\n    ports: [\"80:80\"]\n");
        let tree = parse_parts("f.yml", &text, &["services"]);
        let written = value(&tree.documents[0], "services.web.image").to_owned();
        assert!(written.starts_with("${") && written.ends_with('}') && written.len() == image.len(), "{written}");
        let at = tree.problems[0].location.as_ref().unwrap().span;
        assert_eq!((tree.problems.len(), at.line, at.column), (1, 3, 12));
    }
    let quoted = "hostname: \"{{.Node.Hostname}}\"\n";
    assert_eq!(value(&sound(quoted), "hostname"), "{{.Node.Hostname}}");
}

#[test]
fn what_a_template_decides_on_is_not_read() {
    let jinja = "services:\n{% for n in range(3) %}\n  web:\n    image: a\n{% endfor %}\n{# of the shop #}\n  api:\n    image: b\n\
                 {% if prod %}\n    ports: []\n{% endif %}\n    tty: true\n  db:\n    image: c\n";
    let (names, problems) = parts(jinja);
    assert_eq!((names.as_str(), problems.len()), ("web (api) db", 1));
    let go = "{{- if .Values.a }}\nkind: A\n{{- end }}\n---\nkind: B\nspec:\n  {{- with .x }}\n  y: {{ . }}\n  {{- end }}\n  z: 1\n---\nkind: {{ C }}\n";
    let tree = parse("f.yml", go);
    let kinds: Vec<_> = tree.documents.iter().filter_map(|document| document.get("kind")?.text().cloned()).collect();
    assert_eq!(kinds, ["A", "${_C__}"]);
    assert!(tree.problems[0].help.starts_with("Lines 5 to 10 were not read"), "{}", tree.problems[0].help);
}

#[test]
fn a_billion_laughs_are_one_problem() {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let messages = problems(&text);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("nodes of this file"));
}

#[test]
fn merges_count_against_the_same_budget() {
    let big: String = (0..2_000).map(|key| format!("  k{key}: 1\n")).collect();
    let copies: String = (0..500).map(|copy| format!("c{copy}:\n  <<: *big\n")).collect();
    assert_eq!(problems(&format!("big: &big\n{big}{copies}")).len(), 1);
}

#[test]
fn nesting_is_bounded_with_brackets_and_with_aliases() {
    assert_eq!(problems(&"[".repeat(5_000)).len(), 1);
    assert_eq!(problems(&(0..500).map(|n| " ".repeat(n) + "a:\n").collect::<String>()).len(), 1);
    let chain: String = (1..500).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
    let messages = problems(&format!("a0: &a0 x\n{chain}"));
    assert!(messages[0].contains("deeper than 64 levels"), "{messages:?}");
}

#[test]
fn comments_say_whether_they_stand_alone() {
    let tree = parse("f.yml", "# one\na: b # two\nc:\n  # three\n  - d\n");
    let seen: Vec<_> =
        tree.comments.iter().map(|c| (c.text.as_str(), c.own_line, c.span.line, c.span.column)).collect();
    assert_eq!(seen, [(" one", true, 1, 1), (" two", false, 2, 6), (" three", true, 4, 3)]);
}

#[test]
fn characters_of_a_scalar_keep_their_places_in_every_style() {
    let place = |text: &str, word: &str| {
        let root = sound(text);
        let letters = root.get("k").unwrap().letters(text);
        let value: String = letters.iter().map(|(_, char)| *char).collect();
        letters[value.find(word).expect("the word is there")].0
    };
    assert_eq!(place("k: gunicorn -w 4 app\n", "-w"), (1, 13));
    assert_eq!(place("k: \"gunicorn -w 4\"\n", "-w"), (1, 14));
    assert_eq!(place("k: 'it''s -w 4'\n", "-w"), (1, 11));
    assert_eq!(place("k: >\n  gunicorn\n  -w 4\n", "-w"), (3, 3));
    assert_eq!(place("k: |\n  sh\n  gunicorn -w 4\n", "-w"), (3, 12));
    assert_eq!(place("k: gunicorn\n  -w 4\n", "-w"), (2, 3));
    assert_eq!(place("k: \"a \\\n  -w 4\"\n", "-w"), (2, 3));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = parse("f.yml", &text);
    }

    #[test]
    fn nothing_like_yaml_makes_it_panic(text in "([a-c:&*<>|{}\\[\\],'\"#!%?\\- \n\t]|<<: |- |: |\n  |&a |\\*a |---\n){0,40}") {
        let tree = parse("f.yml", &text);
        for document in &tree.documents {
            walk(document, &text);
        }
    }

    #[test]
    fn nothing_like_services_or_a_template_makes_it_panic(
        text in "(services:\n|  [a-c]:|    x: y\n|\n|\t|\\{\\{ é \\}\\}|\\{% if %\\}|<%= b %>|\\{# |#\\}|\"|'|---\n| é|: |\\[){0,30}"
    ) {
        let tree = parse_parts("f.yml", &text, &["services"]);
        for document in &tree.documents {
            walk(document, &text);
        }
    }
}

fn walk(node: &Node, text: &str) {
    assert!(node.span.line >= 1 && node.span.column >= 1);
    assert_eq!(node.letters(text).len(), node.text().map_or(0, |text| text.chars().count()));
    children(&node.content).for_each(|child| walk(child, text));
}
