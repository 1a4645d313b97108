//! Bad input gets a clear error and loses nothing.

mod tool;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use tool::{have, project, run, scaleproof};

/// A shop that keeps the cart in the customer's own cookie, and so is sound.
const SHOP: &str = r#"
import http.server, os

class Shop(http.server.BaseHTTPRequestHandler):
    def answer(self, body, cookie=None):
        self.send_response(200)
        if cookie:
            self.send_header("set-cookie", "cart=" + cookie)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.answer(self.headers.get("cookie", "an empty cart"))

    def do_POST(self):
        item = self.rfile.read(int(self.headers["content-length"])).decode()
        self.answer("added", item.removeprefix("sku="))

    def log_message(self, *_):
        pass

def serve(port):
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Shop).serve_forever()
"#;

const STORY: &str = r#"POST {{base}}/cart
[Form]
sku: {{token}}
HTTP 200

GET {{base}}/cart
HTTP 200
[Asserts]
body contains "{{token}}"
"#;

/// A project with the shop, and the arguments that test it.
fn shop_that(ends_with: &str) -> tempfile::TempDir {
    project(&[("shop.py", &format!("{SHOP}{ends_with}\n")), ("cart.hurl", STORY)])
}

const TEST_SHOP: &[&str] = &["test", "--format", "json", "--scenario", "cart.hurl", "--", "python3", "shop.py"];

#[test]
fn a_command_that_does_not_exist_is_undecided_and_named() {
    let folder = project(&[]);
    let said = run(&folder, &["test", "--", "no-such-program-anywhere"]).expect_code(3);
    assert!(said.stdout.contains("no-such-program-anywhere"), "{}", said.stdout);
    assert!(said.stdout.contains("UNKNOWN"), "{}", said.stdout);
}

#[test]
fn an_app_that_ignores_port_is_not_ready_because_of_its_port() {
    if !have("python3") {
        return;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let folder = shop_that(&format!("serve({port})"));
    let report = run(&folder, TEST_SHOP).expect_code(1).json();
    assert_eq!(report["verdict"], "not-ready");
    assert_eq!(report["checks"][0]["id"], "port");
    assert_eq!(report["checks"][0]["verdict"], "fail", "{report:#}");
    assert!(report["checks"][0].to_string().contains(&port.to_string()), "{report:#}");
}

#[test]
fn an_app_that_never_listens_is_undecided_and_its_last_lines_are_shown() {
    // A shell speaks as soon as it runs, also where the machine is so busy that others would need the whole time to start.
    let folder = project(&[("app.sh", "echo waiting for db\nexec sleep 1000\n")]);
    let said = run(&folder, &["test", "--ready-timeout", "3s", "--", "sh", "app.sh"]).expect_code(3);
    assert!(said.stdout.contains("waiting for db"), "{}", said.stdout);
}

#[test]
fn an_app_that_ends_at_once_is_undecided_and_its_last_lines_are_shown() {
    if !have("python3") {
        return;
    }
    let folder = project(&[("app.py", "raise SystemExit('no DATABASE_URL')\n")]);
    let said = run(&folder, &["test", "--", "python3", "app.py"]).expect_code(3);
    assert!(said.stdout.contains("no DATABASE_URL"), "{}", said.stdout);
}

#[test]
fn an_app_that_ends_during_the_run_is_never_ready() {
    if !have("python3") {
        return;
    }
    let folder = shop_that(
        "asked = 0\nanswer = Shop.do_GET\n\
         def do_GET(self):\n    global asked\n    asked += 1\n    if asked > 3 and os.environ['INSTANCE_ID'] == 'r2':\n        \
         print('out of memory', flush=True)\n        os._exit(1)\n    answer(self)\nShop.do_GET = do_GET\nserve(os.environ['PORT'])",
    );
    let said = run(&folder, TEST_SHOP);
    let report = said.json();
    assert_ne!(report["verdict"], "ready", "{report:#}");
    assert!(report["notes"].to_string().contains("out of memory"), "{report:#}");
}

#[test]
fn an_app_that_prints_megabytes_is_tested_all_the_same() {
    if !have("python3") {
        return;
    }
    let folder = shop_that("for _ in range(2000):\n    print('x' * 10000)\nserve(os.environ['PORT'])");
    let report = run(&folder, TEST_SHOP).expect_code(0).json();
    assert_eq!(report["verdict"], "ready", "{report:#}");
    let logs = fs::read_dir(folder.path().join(".scaleproof/logs")).expect("logs");
    for log in logs.flatten() {
        assert!(log.metadata().expect("a log").len() < 2_000_000, "{log:?} is not bounded");
    }
}

#[test]
fn broken_files_are_shown_with_line_and_caret() {
    let folder = project(&[
        ("scaleproof.yaml", "name: shop\nreplica: 3\n"),
        ("broken.hurl", "GET {{base}}/\nHTTP 200\n[Asserts]\nstatus ~= 3\n"),
        ("rules/mine/mine.yaml", "id: mine\nseverity: fatal\n"),
    ]);
    let config = run(&folder, &["test", "--", "true"]).expect_code(2);
    assert!(config.stderr.contains("scaleproof.yaml:2:1"), "{}", config.stderr);
    assert!(config.stderr.contains("replicas"), "it names the key that was meant: {}", config.stderr);
    fs::remove_file(folder.path().join("scaleproof.yaml")).expect("removed");
    let scenario = run(&folder, &["test", "--scenario", "broken.hurl", "--", "true"]).expect_code(2);
    assert!(scenario.stderr.contains("broken.hurl:4:"), "{}", scenario.stderr);
    assert!(scenario.stderr.contains('^'), "{}", scenario.stderr);
    let rule = run(&folder, &["lint", "--rules", "rules"]).expect_code(2);
    assert!(rule.stderr.contains("rules/mine/mine.yaml:"), "{}", rule.stderr);
    assert!(rule.stderr.contains('^'), "{}", rule.stderr);
}

#[test]
fn lint_goes_on_after_files_that_it_cannot_read() {
    let folder = project(&[
        ("good.py", "import telebot\nbot = telebot.TeleBot('t')\nbot.infinity_polling()\n"),
        ("syntax.py", "def f(:\n    pass\n"),
        ("closed/app.py", "x = 1\n"),
    ]);
    let root = folder.path();
    fs::write(root.join("latin.py"), b"name = '\xe9\xff'\n").expect("a file");
    fs::write(root.join("long.js"), format!("var x = '{}';", "a".repeat(2_000_000))).expect("a file");
    fs::create_dir(root.join("loop")).expect("a folder");
    symlink("..", root.join("loop/back")).expect("a link");
    fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o000)).expect("closed");
    let report = run(root, &["lint", "--format", "json"]).expect_code(1).json();
    fs::set_permissions(root.join("closed"), fs::Permissions::from_mode(0o755)).expect("opened");
    let found: Vec<&str> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|it| it["path"].as_str().expect("a path"))
        .collect();
    assert_eq!(found, ["good.py"]);
    let problems = report["problems"].to_string();
    assert!(problems.contains("syntax.py"), "{report:#}");
    assert!(problems.contains("long.js"), "{report:#}");
}

#[test]
fn a_project_of_which_nothing_can_be_understood_is_undecided() {
    for (path, text) in [
        ("k8s/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: [\n"),
        ("Passengerfile.json", "{ \"max_pool_size\": \n"),
        ("main.yml", "services:\n  web:\n\timage: x\n    ports: []\n"),
    ] {
        let folder = project(&[(path, text)]);
        let report = run(&folder, &["lint", "--format", "json"]).expect_code(3).json();
        assert_eq!(report["verdict"], "unknown", "{path}");
    }
    // A part of a file is enough to say something.
    let half = project(&[("compose.yml", "services:\n  web: {image: x}\nvolumes: [\n")]);
    let report = run(&half, &["lint", "--format", "json"]).expect_code(0).json();
    assert_eq!(report["problems"].as_array().expect("problems").len(), 1);
    assert_eq!(report["services"].as_array().expect("services").len(), 1);
}

#[test]
fn an_empty_project_is_undecided() {
    let empty = project(&[]);
    let said = run(&empty, &["lint"]).expect_code(3);
    assert!(said.stdout.contains("nothing analysed"), "{}", said.stdout);
    let prose = project(&[("notes.txt", "hello")]);
    let said = run(&prose, &["lint", "--format", "json"]).expect_code(3);
    assert_eq!(said.json()["files"], 0);
}

#[test]
fn wrong_usage_says_what_was_expected() {
    let folder = project(&[]);
    for (arguments, expected) in [
        (vec!["lint", "no/such/path"], "no such file or folder"),
        (vec!["lint", "--fail-on", "sometimes"], "possible values: error, warning, info, never"),
        (vec!["test"], "no command that starts the app"),
        (vec!["test", "-n", "1", "--", "true"], "2..=32"),
        (vec!["explain", "express"], "did you mean"),
        (vec!["report", "nothing.jsonl"], "nothing.jsonl"),
        (vec!["test", "--scenario", "none.hurl", "--", "true"], "none.hurl"),
    ] {
        let said = run(&folder, &arguments).expect_code(2);
        assert!(said.stderr.contains(expected), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut tool = scaleproof(tool::root());
    let mut child = tool.arg("rules").stdout(std::process::Stdio::piped()).spawn().expect("the tool starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_run_is_reported_again_without_running() {
    if !have("python3") {
        return;
    }
    let folder = shop_that("serve(os.environ['PORT'])");
    let first = run(&folder, TEST_SHOP).expect_code(0);
    let again = run(&folder, &["report", "--format", "json"]).expect_code(0);
    assert_eq!(first.json(), again.json());
}
