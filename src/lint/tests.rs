//! Lint over facts built by hand: what adapters say is tested where they are.

mod scripts;
mod settings;

use crate::lint::{Options, lint};
use crate::model::deployment::{Count, SERVER, Service};
use crate::model::fact::*;
use crate::model::finding::Severity;
use crate::model::location::{Location, Span};
use crate::model::report::LintReport;
use crate::model::verdict::Scalability;
use crate::rules::{Rule, RuleSet, parse, parse_entry_points};

fn line(line: u32) -> Span {
    Span::on_line(line, 1, 9)
}

/// A file under construction; each fact takes the line that it is given.
struct File(FileFacts);

impl File {
    fn new(path: &str) -> Self {
        File(FileFacts::empty(path, Language::JavaScript))
    }

    fn function(mut self, symbol: &str, parent: Option<FunctionId>) -> Self {
        let span = line(self.0.functions.len() as u32 + 100);
        self.0.functions.push(Function { symbol: symbol.into(), parent, span, exported: true, returns: None });
        self
    }

    fn call(mut self, at: u32, callee: &str, function: Option<FunctionId>, arguments: Vec<Value>) -> Self {
        let arguments = arguments.into_iter().map(|value| Argument { name: None, value }).collect();
        let callee = callee.into();
        self.0.calls.push(Call { callee, arguments, function, decorates: None, bound_to: None, span: line(at) });
        self
    }

    fn handler(self, route: &str, function: FunctionId) -> Self {
        self.call(200, "express().post", None, vec![Value::Text(route.into()), Value::Function(function)])
    }

    fn state(mut self, at: u32, symbol: &str, level: Level, shape: Shape, function: Option<FunctionId>) -> Self {
        self.0.states.push(State { symbol: symbol.into(), level, shape, owned: false, function, span: line(at) });
        self
    }

    fn access(mut self, at: u32, state: &str, kind: AccessKind, function: Option<FunctionId>) -> Self {
        self.0.accesses.push(Access { state: state.into(), kind, function, span: line(at) });
        self
    }

    fn directive(mut self, at: u32, text: &str, own_line: bool) -> Self {
        self.0.directives.push(Directive { text: text.into(), own_line, span: line(at) });
        self
    }
}

const STATE: &str = "
id: state
title: State
severity: error
confidence: medium
breaks: b
fix: f
detect:
  - state: { shape: [map, number] }
    say: \"`{name}` is state of {routes}\"
confirm: ryw
read: [\"x: https://example.org\"]
";

const SESSION: &str = "
id: session
title: Session
severity: error
confidence: high
breaks: b
fix: f
detect:
  - call: express-session
    options_at: 0
    without: [store]
    unless_project: { call: shared.connect }
    say: \"`{callee}` without a store\"
read: [\"x: https://example.org\"]
";

const ENTRY_POINTS: &str = "
- name: Express
  in: [javascript]
  on: request
  call: [\"express().post\", \"express().get\"]
  path: 0
- name: Sockets
  in: [javascript]
  on: websocket
  call: \"socket.on\"
- name: Timers
  in: [javascript]
  on: timer
  call: setInterval
- name: Scripts
  in: [php]
  on: request
  code: { reads: $_POST, calls: session_start }
- name: Memory
  in: [php]
  memory: request
  unless_project: { call: serve }
";

fn rule(text: &str) -> Rule {
    let id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    parse(text, &format!("rules/process-state/{id}.yaml")).unwrap()
}

fn run(rules: &[&str], files: Vec<File>) -> LintReport {
    run_with(rules, files, &Options::default(), "")
}

fn run_with(rules: &[&str], files: Vec<File>, options: &Options, text: &str) -> LintReport {
    let mut set = RuleSet::default();
    set.add_entry_points(parse_entry_points(ENTRY_POINTS, "entry-points.yaml").unwrap());
    for text in rules {
        set.add(rule(text)).unwrap();
    }
    let files: Vec<FileFacts> = files.into_iter().map(|file| file.0).collect();
    let candidates = |_: &str, module: &str, _: Language| match module.strip_prefix("./") {
        Some(name) => vec![format!("{name}.js")],
        None => Vec::new(),
    };
    lint(&files, &set, options, &|_| Some(text.to_owned()), &candidates)
}

fn lines(report: &LintReport) -> Vec<u32> {
    report.findings.iter().map(|finding| finding.location.span.line).collect()
}

/// `carts`, written in function 0 on line 5 and read in function 1 on line 6.
fn shop(level: Level, symbol: &str) -> File {
    File::new("shop.js")
        .function("~add", None)
        .function("~show", None)
        .state(1, symbol, level, Shape::Map, None)
        .access(5, symbol, AccessKind::Insert, Some(0))
        .access(6, symbol, AccessKind::Read, Some(1))
}

#[test]
fn state_that_handlers_write_and_read_is_found_at_its_declaration() {
    let report = run(&[STATE], vec![shop(Level::Module, "~carts").handler("/add", 0).handler("/show", 1)]);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!(finding.location, Location::new("shop.js", line(1)));
    assert_eq!(finding.message, "`carts` is state of `POST /add`, `POST /show`");
    assert_eq!(finding.routes, ["POST /add", "POST /show"]);
    let related: Vec<_> = finding.related.iter().map(|r| (r.location.span.line, r.message.as_str())).collect();
    assert_eq!(related, [(5, "written here"), (6, "read here")]);
    assert_eq!(finding.confirm.as_deref(), Some("ryw"));
}

#[test]
fn a_declaration_alone_is_never_a_finding() {
    let registry = File::new("a.js")
        .function("~show", None)
        .state(1, "~carts", Level::Module, Shape::Map, None)
        .access(2, "~carts", AccessKind::Insert, None)
        .access(6, "~carts", AccessKind::Read, Some(0))
        .handler("/show", 0);
    assert!(run(&[STATE], vec![registry]).findings.is_empty());
}

#[test]
fn state_that_no_handler_reads_or_that_no_handler_writes_is_silent() {
    for (reader, writer) in [(None, Some(0)), (Some(0), None)] {
        let file = File::new("a.js")
            .function("~handler", None)
            .function("~other", None)
            .state(1, "~carts", Level::Module, Shape::Map, None)
            .access(5, "~carts", AccessKind::Insert, writer.or(Some(1)))
            .access(6, "~carts", AccessKind::Read, reader.or(Some(1)))
            .handler("/x", 0);
        assert!(run(&[STATE], vec![file]).findings.is_empty());
    }
}

#[test]
fn helpers_and_inner_functions_of_handlers_count() {
    let file = File::new("a.js")
        .function("~handler", None)
        .function("~helper", None)
        .function("", Some(1))
        .state(1, "~carts", Level::Module, Shape::Map, None)
        .access(5, "~carts", AccessKind::Insert, Some(2))
        .access(6, "~carts", AccessKind::Read, Some(0))
        .call(3, "~helper", Some(0), vec![])
        .handler("/x", 0);
    assert_eq!(lines(&run(&[STATE], vec![file])), [1]);
}

#[test]
fn functions_and_state_are_followed_into_other_files() {
    let store = File::new("store.js")
        .function("~put", None)
        .state(1, "~carts", Level::Module, Shape::Map, None)
        .access(5, "~carts", AccessKind::Insert, Some(0));
    let server = File::new("server.js")
        .function("", None)
        .call(3, "./store.put", Some(0), vec![])
        .access(4, "./store.carts", AccessKind::Read, Some(0))
        .handler("/x", 0);
    let report = run(&[STATE], vec![store, server]);
    assert_eq!(report.findings[0].location, Location::new("store.js", line(1)));
    assert_eq!(report.findings[0].related[1].location, Location::new("server.js", line(4)));
}

#[test]
fn a_timer_is_nobody_s_request() {
    let file = shop(Level::Module, "~carts").call(9, "setInterval", None, vec![Value::Function(0)]).call(
        9,
        "setInterval",
        None,
        vec![Value::Function(1)],
    );
    assert!(run(&[STATE], vec![file]).findings.is_empty());
}

#[test]
fn a_local_of_a_handler_lives_as_long_as_its_connection() {
    let connection = |outer_is_handler: bool| {
        let file = File::new("a.js")
            .function("", None)
            .function("", Some(0))
            .state(1, "~history", Level::Closure, Shape::Map, Some(0))
            .access(5, "~history", AccessKind::Insert, Some(1))
            .access(6, "~history", AccessKind::Read, Some(1))
            .call(3, "socket.on", Some(0), vec![Value::Text("message".into()), Value::Function(1)]);
        if outer_is_handler { file.call(2, "socket.on", None, vec![Value::Function(0)]) } else { file }
    };
    assert!(run(&[STATE], vec![connection(true)]).findings.is_empty());
    assert_eq!(lines(&run(&[STATE], vec![connection(false)])), [1]);
}

#[test]
fn fields_count_where_the_object_is_made_once() {
    let file = |made_in: Option<FunctionId>| {
        let file = File::new("a.js")
            .function("~Shop().add", None)
            .function("~Shop().show", None)
            .function("~handler", None)
            .state(1, "~Shop().carts", Level::Instance, Shape::Map, None)
            .access(5, "~Shop().carts", AccessKind::Insert, Some(0))
            .access(6, "~Shop().carts", AccessKind::Read, Some(1))
            .call(7, "~Shop", made_in, vec![])
            .call(8, "~Shop().add", Some(2), vec![])
            .call(9, "~Shop().show", Some(2), vec![]);
        file.handler("/x", 2)
    };
    assert_eq!(lines(&run(&[STATE], vec![file(None)])), [1]);
    assert!(run(&[STATE], vec![file(Some(2))]).findings.is_empty(), "made for each request");
}

#[test]
fn a_memo_is_silent_and_a_handler_that_remembers_is_not() {
    let file = |through_helper: bool| {
        let file = File::new("a.js")
            .function("~compute", None)
            .function("~handler", None)
            .state(1, "~known", Level::Module, Shape::Map, None)
            .access(5, "~known", AccessKind::Read, Some(0))
            .access(6, "~known", AccessKind::Insert, Some(0))
            .call(7, "~compute", Some(1), vec![]);
        file.handler("/x", u32::from(through_helper))
    };
    assert!(run(&[STATE], vec![file(true)]).findings.is_empty());
    assert_eq!(lines(&run(&[STATE], vec![file(false)])), [1]);
}

#[test]
fn a_counter_is_read_by_counting() {
    let file = File::new("a.js")
        .function("~handler", None)
        .state(1, "~count", Level::Module, Shape::Number, None)
        .access(5, "~count", AccessKind::Increment, Some(0))
        .handler("/x", 0);
    assert_eq!(lines(&run(&[STATE], vec![file])), [1]);
}

fn session(at: u32, store: Option<Value>) -> File {
    let options = store.into_iter().map(|store| ("store".into(), store)).collect();
    File::new("a.js").call(at, "express-session", None, vec![Value::Object(options)])
}

#[test]
fn an_unsafe_fallback_is_worth_knowing() {
    let branch = Value::OneOf(vec![
        Value::Call {
            callee: "connect-redis.RedisStore".into(),
            arguments: vec![Argument {
                name: None,
                value: Value::Environment { name: "REDIS_URL".into(), fallback: None },
            }],
        },
        Value::Null,
    ]);
    let report = run(&[SESSION], vec![session(3, Some(branch))]);
    assert_eq!(report.findings[0].severity, Severity::Info);
    assert_eq!(report.findings[0].message, "`express-session` without a store, when `REDIS_URL` is not set");
}

#[test]
fn what_another_file_says_can_silence_a_clause() {
    let elsewhere = File::new("b.js").call(1, "shared.connect", None, vec![]);
    assert_eq!(lines(&run(&[SESSION], vec![session(3, None)])), [3]);
    assert!(run(&[SESSION], vec![session(3, None), elsewhere]).findings.is_empty());
}

#[test]
fn a_comment_with_a_reason_silences() {
    for file in [
        session(3, None).directive(3, "ignore[session] one replica by contract", false),
        session(3, None).directive(1, "ignore[session] one replica by contract", true),
    ] {
        let report = run_with(&[SESSION], vec![file], &Options::default(), "// here\n\nuse(session())\n");
        assert!(report.findings.is_empty());
        assert_eq!(report.suppressed[0].reason, "one replica by contract");
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }
}

#[test]
fn comments_that_silence_nothing_are_problems() {
    for (directive, said) in [
        ("ignore[session]", "needs a reason"),
        ("ignore[sesion] why", "no rule `sesion`"),
        ("ignore[state, session] why", "`state` finds nothing on line 3"),
        ("ignroe[session] why", "is no directive"),
        ("", "is no directive"),
    ] {
        let report = run(&[SESSION, STATE], vec![session(3, None).directive(3, directive, false)]);
        let [problem] = report.problems.as_slice() else { panic!("{directive}: {:?}", report.problems) };
        assert!(problem.message.contains(said), "{problem}");
        assert_eq!(problem.location.as_ref().unwrap().span.line, 3);
    }
}

fn compose(build: &str, replicas: u32) -> File {
    let mut file = File(FileFacts::empty("docker-compose.yml", Language::Compose));
    let mut service = Service::named("web", line(2));
    service.build = Some(build.into());
    let location = Location::new("docker-compose.yml", line(7));
    service.instances = vec![Count::new(replicas, "deploy.replicas", location)];
    file.0.services.push(service);
    file
}

#[test]
fn evidence_of_several_instances_is_attached() {
    let report = run(&[SESSION], vec![session(3, None), compose("./", 3)]);
    let context = &report.findings[0].context;
    assert_eq!(context[0].location.to_string(), "docker-compose.yml:7");
    assert_eq!(context[0].message, "already more than one: `web` runs 3 instances: deploy.replicas :7");
    assert!(run(&[SESSION], vec![session(3, None), compose("./", 1)]).findings[0].context.is_empty());
    assert_eq!(report.services[0].runs, "runs 3 instances: deploy.replicas :7");
}

#[test]
fn services_of_one_name_are_told_apart() {
    let rule = "
id: own-net
title: T
severity: warning
confidence: high
breaks: b
fix: f
detect:
  - in: [kubernetes]
    service: { host_network: true }
    say: \"`{service}`\"
read: [\"x: https://example.org\"]
";
    let mut set = RuleSet::default();
    set.add(parse(rule, "rules/host-port/own-net.yaml").unwrap()).unwrap();
    let mut file = FileFacts::empty("pods.yaml", Language::Kubernetes);
    file.services = vec![Service::named("web", line(4)), Service::named("web", line(30))];
    file.services[1].host_network = Some(line(40));
    let report = lint(&[file], &set, &Options::default(), &|_| None, &|_, _, _| Vec::new());
    let verdicts: Vec<_> = report.services.iter().map(|row| (row.location.span.line, row.verdict)).collect();
    assert_eq!(verdicts, [(4, Scalability::Unknown), (30, Scalability::SingleInstance)]);
}

#[test]
fn workers_of_gunicorn_are_evidence_for_the_code_beside_them() {
    let workers = |path: &str| {
        let mut file = File::new(path);
        let location = Location::new(path, line(3));
        let processes = Some(Count::new(4, "gunicorn workers", location));
        file.0.services.push(Service { kind: SERVER.into(), processes, ..Service::named("gunicorn", line(1)) });
        run(&[SESSION], vec![session(3, None), file]).findings[0].context.clone()
    };
    let message = "already more than one: `gunicorn` runs one instance, 4 processes: gunicorn workers :3";
    assert_eq!(workers("gunicorn.conf.py")[0].message, message);
    assert_eq!(workers("config/gunicorn.conf.py")[0].message, message);
    assert!(workers("other/gunicorn.conf.py").is_empty());
}

#[test]
fn fingerprints_survive_lines_that_move() {
    let at = |line, text| {
        let report = run_with(&[SESSION], vec![session(line, None)], &Options::default(), text);
        report.findings[0].fingerprint.clone()
    };
    assert_eq!(at(1, "use(session())\n"), at(3, "\n\n  use(session())\n"));
    assert_ne!(at(1, "use(session())\n"), at(1, "use(other())\n"));
}

#[test]
fn the_order_of_clauses_decides_at_one_place() {
    let mild = SESSION.replace(
        "detect:\n",
        "detect:\n  - call: express-session\n    if_file: { call: webhook }\n    severity: info\n    say: mild\n",
    );
    let plain = run(&[&mild], vec![session(3, None)]);
    assert_eq!(plain.findings[0].severity, Severity::Error);
    let with_hook = run(&[&mild], vec![session(3, None).call(5, "webhook", None, vec![])]);
    assert_eq!(with_hook.findings.len(), 1);
    assert_eq!(with_hook.findings[0].message, "mild");
}

#[test]
fn facts_that_contradict_each_other_do_no_harm() {
    let file = File::new("a.js")
        .function("~a", Some(1))
        .function("~b", Some(0))
        .call(1, "~b", Some(0), vec![])
        .call(2, "~a", Some(7), vec![])
        .access(3, "~missing", AccessKind::Insert, Some(9))
        .handler("/x", 5)
        .handler("/y", 0);
    assert!(run(&[STATE, SESSION], vec![file]).findings.is_empty());
}
