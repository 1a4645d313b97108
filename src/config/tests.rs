//! What scaleproof.yaml may say, and what is said of it when it may not.

use proptest::prelude::*;

use super::*;

fn sound(text: &str) -> Config {
    parse(text, "scaleproof.yaml").unwrap_or_else(|problem| panic!("{problem} {}", problem.help))
}

/// `line:column-end: message | help`
fn problem(text: &str) -> String {
    let problem = parse(text, "scaleproof.yaml").expect_err("this is wrong");
    let at = problem.location.as_ref().expect("it has a place").span;
    assert!(problem.excerpt.is_some());
    format!("{}:{}-{}: {} | {}", at.line, at.column, at.end_column, problem.message, problem.help)
}

const WHOLE: &str = r#"
name: shop
command: node server.js --title 'a b' {port}
env: { NODE_ENV: production, WORKERS: 4, DEBUG: true }
ready: /healthz
ready_timeout: 500ms
replicas: 5
start: sequential
isolation: shared
services:
  redis:
    command: redis-server --port {port} --save "" --appendonly no
    env: { REDIS_URL: "redis://127.0.0.1:{port}" }
    ready_timeout: 2m
  another:
    command: [a, b c]
scenarios: [stories/*.hurl]
shared: [uploads]
singletons: [bot, beat]
lint:
  fail_on: warning
  exclude: [legacy/**]
  rules: [ops/rules]
  severity: { one-rule: info, "another": off }
  ignore:
    - { rule: one-rule, paths: ["old/**", "*.go"], reason: switched off in March }
"#;

#[test]
fn every_key_is_read() {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<Vec<_>>();
    let expected = Config {
        name: Some("shop".into()),
        command: texts(&["node", "server.js", "--title", "a b", "{port}"]),
        env: pairs(&[("NODE_ENV", "production"), ("WORKERS", "4"), ("DEBUG", "true")]),
        ready: Some("/healthz".into()),
        ready_timeout: Duration::from_millis(500),
        replicas: 5,
        start: Start::Sequential,
        isolation: Isolation::Shared,
        services: vec![
            Service {
                name: "redis".into(),
                command: texts(&["redis-server", "--port", "{port}", "--save", "", "--appendonly", "no"]),
                env: pairs(&[("REDIS_URL", "redis://127.0.0.1:{port}")]),
                ready_timeout: Duration::from_secs(120),
            },
            Service {
                name: "another".into(),
                command: texts(&["a", "b c"]),
                env: vec![],
                ready_timeout: Duration::from_secs(10),
            },
        ],
        scenarios: texts(&["stories/*.hurl"]),
        shared: texts(&["uploads"]),
        singletons: ["bot", "beat"].map(Mention::from).to_vec(),
        lint: Lint {
            fail_on: Severity::Warning,
            exclude: texts(&["legacy/**"]),
            rules: texts(&["ops/rules"]),
            severity: vec![("one-rule".into(), Some(Severity::Info)), ("another".into(), None)],
            ignore: vec![Accepted {
                rule: "one-rule".into(),
                paths: texts(&["old/**", "*.go"]),
                reason: "switched off in March".into(),
            }],
        },
    };
    assert_eq!(sound(WHOLE), expected);
}

#[test]
fn everything_has_a_default() {
    for text in ["", "# nothing\n", "---\n", "{}", "lint: {}\n", "env:\nservices:\nlint:\n"] {
        assert_eq!(sound(text), Config::default(), "{text:?}");
    }
}

#[test]
fn unknown_keys_and_values_are_named_with_what_was_meant() {
    assert_eq!(
        problem("name: a\nreplica: 3\n"),
        "2:1-8: the key `replica` is not known here | Did you mean `replicas`?"
    );
    assert_eq!(problem("start: seqential\n"), "1:8-17: `seqential` is not known here | Did you mean `sequential`?");
    assert_eq!(
        problem("lint: {fail_on: fatal}\n"),
        "1:17-22: `fatal` is not known here | The values are info, warning, error."
    );
    assert_eq!(
        problem("services:\n  db:\n    comand: x\n"),
        "3:5-11: the key `comand` is not known here | Did you mean `command`?"
    );
}

#[test]
fn wrong_values_are_problems_at_their_place() {
    assert!(problem("replicas: 0\n").starts_with("1:11-12: at least one replica"));
    assert!(problem("replicas: three\n").starts_with("1:11-16: "), "{}", problem("replicas: three\n"));
    assert!(problem("replicas: -1\n").starts_with("1:11-13: "), "{}", problem("replicas: -1\n"));
    assert!(problem("command: ''\n").starts_with("1:10-12: the command is empty"));
    assert!(problem("command: []\n").starts_with("1:10-11: the command is empty"), "{}", problem("command: []\n"));
    assert!(problem("command: {a: b}\n").contains("a command as a text or a list of texts"));
    assert!(problem("command: \"a 'b\"\n").starts_with("1:10-16: nothing ends the `'` at character 3"));
    assert!(problem("command: a && b\n").starts_with("1:12-14: no shell runs the command, so `&&`"));
    assert!(problem("ready: healthz\n").starts_with("1:8-15: `ready` is a path"));
    assert!(problem("ready_timeout: 30\n").starts_with("1:16-18: `30` is no duration; expected a number with ms"));
    assert!(problem("ready_timeout: 0s\n").contains("leaves no time"));
    assert!(problem("services:\n  db: {env: {A: b}}\n").contains("command"));
    assert!(problem("scenarios: [a, '[b']\n").starts_with("1:16-20: `[b` is no glob"));
    assert!(problem("singletons: ['']\n").starts_with("1:14-16: nothing is in this text of `singletons`"));
    assert!(problem("env: {'A=B': c}\n").contains("`A=B` cannot name a variable"));
    assert!(problem("env: [a]\n").contains("keys with values"), "{}", problem("env: [a]\n"));
    assert!(problem("name: a\nname: b\n").starts_with("2:1-5: "), "{}", problem("name: a\nname: b\n"));
}

#[test]
fn what_is_accepted_needs_its_places_and_its_reason() {
    let of = |entry: &str| problem(&format!("lint:\n  ignore:\n    - {entry}\n"));
    assert!(of("{ rule: a, paths: [b] }").contains("reason"), "{}", of("{ rule: a, paths: [b] }"));
    let empty = of("{ rule: a, paths: [b], reason: '' }");
    assert_eq!(empty, "3:38-40: nothing is in this text of `reason` | Say why it does no harm there.");
    assert!(of("{ rule: a, paths: [], reason: b }").contains("`paths` is empty | Write the places"));
    assert!(of("{ rule: a, path: b, reason: c }").contains("Did you mean `paths`?"));
    assert!(of("{ rule: a, paths: ['[b'], reason: c }").contains("`[b` is no glob"));
    let severity = problem("lint: { severity: { a: of } }\n");
    assert_eq!(severity, "1:24-26: `of` is not known here | Did you mean `off`?");
}

#[test]
fn names_of_rules_keep_their_places() {
    let config =
        sound("lint:\n  severity:\n    ab-cd: off\n  ignore:\n    - rule: abcd\n      paths: [x]\n      reason: y\n");
    let known = ["abc-d"];
    let said = |mention: &Mention| {
        let problem = mention.unknown("rule", known, "none").expect("there is no such rule");
        let span = problem.location.as_ref().expect("a place").span;
        format!("{}:{}-{}: {} | {}", span.line, span.column, span.end_column, problem.message, problem.help)
    };
    assert_eq!(said(&config.lint.severity[0].0), "3:5-10: there is no rule `ab-cd` | Did you mean `abc-d`?");
    assert_eq!(said(&config.lint.ignore[0].rule), "5:13-17: there is no rule `abcd` | Did you mean `abc-d`?");
    assert!(config.lint.ignore[0].rule.unknown("rule", ["abcd"], "").is_none());
}

#[test]
fn unknown_placeholders_are_pointed_at() {
    assert_eq!(
        problem("name: a\ncommand: node server.js {prot}\n"),
        "2:25-31: the placeholder `{prot}` is not known here | Did you mean `port`?"
    );
    assert_eq!(
        problem("command:\n  - node\n  - \"--name=ü{nme}\"\n"),
        "3:14-19: the placeholder `{nme}` is not known here | Did you mean `name`?"
    );
    assert!(problem("services:\n  a:\n    command: x {socket}\n").contains("{socket}"));
    assert!(problem("env: {A: '{prt}'}\n").starts_with("1:11-16: "));
    sound("command: node -e '{\"a\":1}' {} ${HOME} {port}{name}{index}{socket}\n");
}

#[test]
fn broken_yaml_is_a_problem_with_line_and_caret() {
    for text in [
        "a: b: c\n",
        "name: [\n",
        "name: 'a\n",
        "a:\n\tb: c\n",
        "name: *a\n",
        "- a\n",
        "text\n",
        "name: a\n---\nname: b\n",
    ] {
        let problem = parse(text, "scaleproof.yaml").expect_err(text);
        assert!(problem.location.as_ref().is_some_and(|at| at.span.line >= 1), "{text:?} {problem:?}");
        assert!(!problem.message.contains(" at line "), "{problem}");
    }
}

#[test]
fn durations_are_read_in_every_unit() {
    for (text, milliseconds) in [("500ms", 500), ("30s", 30_000), ("2m", 120_000), ("1h", 3_600_000), ("3 s", 3_000)] {
        assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
    }
    for text in ["", "s", "-1s", "1.5s", "1d", "99999999999999999999s", "9999999999h", "25h", "ü"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

#[test]
fn the_rendered_default_shows_every_key_in_comments() {
    let text = render(&Config::default());
    assert_eq!(sound(&text), Config::default());
    let keys =
        "name command env ready ready_timeout replicas start isolation services scenarios shared singletons lint";
    for key in keys.split(' ') {
        assert!(text.contains(&format!("\n# {key}:")), "{key}\n{text}");
    }
    let uncommented: String = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| {
            line.starts_with(' ')
                || line.split(' ').next().is_some_and(|word| word.ends_with(':') && word != "`private`:")
        })
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(sound(&uncommented).services[0].name, "redis", "{uncommented}");
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(any_text(), 0..3)
}

fn any_text() -> impl Strategy<Value = String> {
    ("[a-z]", "(\\PC|[ \"'\\\\:#{}~-]|\n|\t|\u{85}|\u{2028}|\u{feff}|\u{7f}){0,6}")
        .prop_map(|(first, rest)| first + &rest)
        .prop_filter("a placeholder", |text| values::placeholders(text).next().is_none())
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::btree_map(
        "[A-Z]{1,4}",
        prop_oneof![any_text(), Just(String::new()), Just("null".into()), Just("1".into())],
        0..3,
    )
    .prop_map(|map| map.into_iter().collect())
}

prop_compose! {
    fn any_service()(name in "[a-z]{1,5}", command in any_text(), args in texts(), env in pairs(), ms in 1u64..100_000) -> Service {
        Service { name, command: [vec![command], args].concat(), env, ready_timeout: Duration::from_millis(ms) }
    }
}

fn weights() -> impl Strategy<Value = Vec<(Mention, Option<Severity>)>> {
    let weight = prop_oneof![Just(None), Just(Some(Severity::Info)), Just(Some(Severity::Warning))];
    proptest::collection::btree_map("[a-z-]{1,4}", weight, 0..3)
        .prop_map(|map| map.into_iter().map(|(rule, weight)| (rule.as_str().into(), weight)).collect())
}

prop_compose! {
    fn any_accepted()(rule in "[a-z-]{1,4}", path in "[a-z/*]{1,6}", reason in any_text()) -> Accepted {
        Accepted { rule: rule.as_str().into(), paths: vec![path.replace("**", "*")], reason }
    }
}

prop_compose! {
    fn any_config()(
        name in proptest::option::of(any_text()),
        command in texts(),
        env in pairs(),
        ready in proptest::option::of("/[a-z/?=:#]{0,6}"),
        seconds in 1u64..300,
        replicas in 1u32..9,
        start in prop_oneof![Just(Start::Parallel), Just(Start::Sequential)],
        isolation in prop_oneof![Just(Isolation::Private), Just(Isolation::Shared)],
        service in proptest::option::of(any_service()),
        scenarios in proptest::collection::vec("[a-z/*]{1,6}", 0..3),
        shared in texts(),
        fail_on in prop_oneof![Just(Severity::Info), Just(Severity::Error)],
        rules in texts(),
        (weights, ignore) in (weights(), proptest::collection::vec(any_accepted(), 0..3)),
    ) -> Config {
        Config {
            command, name, env, ready, ready_timeout: Duration::from_secs(seconds), replicas, start, isolation,
            services: service.into_iter().collect(),
            scenarios: scenarios.into_iter().filter(|glob| globset::Glob::new(glob).is_ok()).collect(),
            shared, singletons: Vec::new(), lint: Lint { fail_on, exclude: Vec::new(), rules, severity: weights, ignore },
        }
    }
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_back(config in any_config()) {
        let text = render(&config);
        match parse(&text, "scaleproof.yaml") {
            Ok(read) => prop_assert_eq!(read, config, "{}", text),
            Err(problem) => prop_assert!(false, "{}\n{}", problem, text),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = parse(&text, "scaleproof.yaml");
    }

    #[test]
    fn nothing_like_a_configuration_makes_it_panic(
        lines in proptest::collection::vec(("(name|command|env|ready|replicas|services|lint|- a|ü)", "(a|ü|'|\\[a, '|\\{a: b\\}|3|\\{prot\\}|\n  a: b|\\|\n  ä \\{x\\})"), 0..6)
    ) {
        let text: String = lines.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        let _ = parse(&text, "scaleproof.yaml");
    }
}
