//! The command, where what it says or returns matters.

use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::answers::{OK, always};
use crate::server::{Server, Step, bind_unix};
use crate::tls::{identity, own_authority};
use crate::tool::{Said, run, scaleproof};

#[test]
fn the_command_sends_as_many_as_were_asked_for() {
    let server = Server::start(vec![always(OK)]);
    let url = format!("http://{}/", server.address);
    let said = run(".", &["bench", "-n", "123", "-c", "5", "-k", "--format", "json", "-q", &url]).expect_code(0);
    assert_eq!(said.json()["requests"]["answered"], 123);
    assert_eq!(server.requests(), 123);
}

#[test]
fn the_command_speaks_tls_and_over_unix_sockets() {
    let identity = identity(&["localhost"]);
    let folder = tempfile::tempdir().unwrap();
    let (authority, path) = (folder.path().join("ca.pem"), folder.path().join("s"));
    std::fs::write(&authority, &identity.pem).unwrap();
    let server = Server::start_tls(vec![always(OK)], identity.server.clone());
    let url = format!("https://localhost:{}/", server.address.port());
    let resolve = format!("localhost:{}:127.0.0.1", server.address.port());
    let ask = ["bench", "-n", "20", "-c", "2", "-k", "-q", "--resolve", &resolve, &url];
    run(".", &[&ask[..], &["--cacert", authority.to_str().unwrap()]].concat()).expect_code(0);
    assert_eq!(server.requests(), 20);
    let said = run(".", &ask);
    assert_ne!(said.code, 0);
    assert!(said.stderr.contains("certificate"), "{}", said.stderr);

    let server = Server::start_unix(vec![always(OK)], bind_unix(&path, 128));
    run(".", &["bench", "-n", "20", "-q", "--unix-socket", path.to_str().unwrap(), "http://localhost/"]).expect_code(0);
    assert_eq!(server.requests(), 20);
}

/// Nothing that can be measured is said, with the reason, and is no success.
#[test]
fn the_command_says_why_nothing_was_measured() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = Server::start(vec![vec![Step::Read]]);
    for (url, why) in [
        ("http://nonexistent.invalid/".to_owned(), "nonexistent.invalid"),
        (format!("http://{address}/"), "refused"),
        (format!("http://{}/", silent.address), "closed before the answer began"),
    ] {
        let said = run(".", &["bench", "-n", "5", "-q", &url]);
        assert!(!matches!(said.code, 0 | 101), "{said:?}");
        assert!(said.stderr.contains(why), "{}", said.stderr);
    }
}

#[test]
fn the_command_ends_as_ab_does_where_that_is_asked_for() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/");
    for (arguments, code) in [
        (&["-n", "x"][..], 22),
        (&["-n", "2", "-c", "5"], 22),
        (&["--no-such-flag"], 22),
        (&["-n", "5", "-q"], 111),
        (&["--help"], 0),
    ] {
        run(".", &[&["bench", "--ab-compat"], arguments, &[&url]].concat()).expect_code(code);
    }
    run(".", &["bench", "-n", "x", &url]).expect_code(2);
    // Of flags that are given twice the last counts, except where each adds something.
    let server = Server::start(vec![always(OK)]);
    let url = format!("http://{}", server.address);
    let said = run(
        ".",
        &["bench", "-n", "1", "-n", "20", "-k", "-k", "-q", "-H", "X: 1", "-H", "X: 2", "-v", "4", "-v", "1", &url],
    );
    said.expect_code(0);
    assert_eq!(server.requests(), 20);
    for (steps, keep_going, code, word) in [
        (vec![always(OK), vec![Step::Read, Step::Reset]], &[][..], 104, "Total of "),
        (vec![always(OK), vec![Step::Read, Step::Reset]], &["-r"], 0, ""),
        (vec![vec![Step::Read, Step::Reset]], &["-r"], 0, ""),
        (vec![vec![Step::Read, Step::Wait(Duration::from_secs(5))]], &["-s", "0.3"], 119, "in time"),
    ] {
        let server = Server::start(steps);
        let url = format!("http://{}", server.address);
        let said =
            run(".", &[&["bench", "--ab-compat", "-q", "-n", "4"], keep_going, &[&url]].concat()).expect_code(code);
        assert!(said.stderr.contains(word), "{}", said.stderr);
    }
}

/// A password is for the server, and not for those who read the report.
#[test]
fn the_command_tells_no_password() {
    let server = Server::start(vec![always(OK)]);
    let url = format!("http://me:secret@{}/", server.address);
    for format in ["terminal", "json", "csv", "markdown"] {
        let said = run(".", &["bench", "-n", "2", "-q", "--format", format, &url]).expect_code(0);
        assert!(!said.stdout.contains("secret"), "{format}: {}", said.stdout);
    }
}

/// What a server says goes where it does not mix with a report for programs.
#[test]
fn the_command_writes_one_report_to_stdout() {
    let server = Server::start(vec![always(OK)]);
    let url = format!("http://{}", server.address);
    let ask = ["bench", "-n", "2", "-q", "-v", "4", &url];
    let said = run(".", &[&ask[..], &["--format", "json"]].concat()).expect_code(0);
    assert!(said.json().is_object() && said.stderr.contains("LOG: received:"), "{}", said.stderr);
    let said = run(".", &[&ask[..], &["--ab-compat"]].concat()).expect_code(0);
    assert!(said.stdout.contains("LOG: header received:"), "{}", said.stdout);
}

/// What was not measured to its end passes no threshold, and what did not begin needs no more time.
#[test]
fn the_command_says_that_it_was_interrupted() {
    let server = Server::start(vec![always(OK)]);
    let url = format!("http://{}", server.address);
    let interrupted = |flags: &[&str]| -> Said {
        let mut started = scaleproof(".")
            .args(["bench", "-q", "-k", "--fail-on", "max<60s", &url])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let before = server.requests();
        while server.requests() == before && started.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        rustix::process::kill_process(Pid::from_child(&started), Signal::INT).unwrap();
        started.wait_with_output().unwrap().into()
    };
    let said = interrupted(&["--warmup", "60s"]).expect_code(3);
    assert!(said.stderr.contains("interrupted before the first answer"), "{}", said.stderr);
    let said = interrupted(&["--duration", "60s"]).expect_code(3);
    assert!(said.stdout.contains("and the run was interrupted"), "{}", said.stdout);
}

#[test]
fn the_command_compares_only_what_a_run_wrote() {
    let server = Server::start(vec![always(OK)]);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.address);
    run(folder.path(), &["bench", "-n", "20", "-q", "--format", "json", "-o", "a.json", &url]).expect_code(0);
    let ask = ["bench", "--compare", "a.json", "a.json"];
    run(folder.path(), &ask).expect_code(0);
    let said = run(folder.path(), &[&ask[..], &["--fail-on", "p99<1s"]].concat()).expect_code(2);
    assert!(said.stderr.contains("Give `--fail-on` to the run itself"), "{}", said.stderr);
    let mut wrong = run(folder.path(), &["bench", "-n", "2", "-q", "--format", "json", &url]).json();
    wrong["histogram"] = "AAAA".into();
    std::fs::write(folder.path().join("b.json"), wrong.to_string()).unwrap();
    let said = run(folder.path(), &["bench", "--compare", "a.json", "b.json"]).expect_code(2);
    assert!(said.stderr.contains("b.json") && said.stderr.contains("histogram"), "{}", said.stderr);
}

/// A certificate that was made with `openssl req -x509` is its own authority, and is believed when it is given.
#[test]
fn the_command_believes_the_certificate_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("own.pem");
    let identity = own_authority(&["localhost"]);
    std::fs::write(&authority, &identity.pem).unwrap();
    let server = Server::start_tls(vec![always(OK)], identity.server.clone());
    let port = server.address.port();
    let ask = |host: &str, believe: &[&str]| {
        let (url, resolve) = (format!("https://{host}:{port}/"), format!("{host}:{port}:127.0.0.1"));
        run(".", &[&["bench", "-n", "2", "-q", "--resolve", &resolve, &url], believe].concat())
    };
    let given = ["--cacert", authority.to_str().unwrap()];
    let said = ask("localhost", &given).expect_code(0);
    assert!(said.stdout.contains("TLS Server Name:        localhost"), "{}", said.stdout);
    let said = ask("localhost", &["--cacert", authority.to_str().unwrap(), "-I"]).expect_code(0);
    assert!(!said.stdout.contains("TLS Server Name:"), "{}", said.stdout);
    let said = ask("other.example", &given).expect_code(3);
    assert!(said.stderr.contains("--insecure"), "{}", said.stderr);
    ask("localhost", &[]).expect_code(3);
}

/// Whoever sends through a proxy says whose the host is, when nobody here can know it.
#[test]
fn the_command_asks_whose_the_host_behind_a_proxy_is() {
    let proxy = Server::start(vec![always(OK)]);
    let address = proxy.address.to_string();
    let ask = ["bench", "-n", "5", "-q", "-X", &address, "http://nonexistent.invalid/a"];
    let said = run(".", &ask).expect_code(2);
    assert!(said.stderr.contains("--yes-i-own-this-host"), "{}", said.stderr);
    run(".", &[&ask[..], &["--yes-i-own-this-host"]].concat()).expect_code(0);
    assert_eq!(proxy.requests(), 5);
}

#[test]
fn the_command_says_that_a_story_asserts_something_else() {
    let server = Server::start(vec![always(OK)]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.hurl"), "GET {{base}}/\nHTTP 201\n").unwrap();
    let url = format!("http://{}", server.address);
    let said = run(folder.path(), &["bench", "-n", "2", "-q", "--scenario", "s.hurl", &url]).expect_code(3);
    assert!(said.stderr.contains("not as the story asserts"), "{}", said.stderr);
}

/// A gateway that reached no instance is none itself, whatever its configuration writes into the header.
#[test]
fn the_command_takes_a_gateway_for_no_instance() {
    let named = |status: &str, name: &str| {
        always(&format!("HTTP/1.1 {status}\r\nX-Upstream-Addr: {name}\r\nContent-Length: 2\r\n\r\nok"))
    };
    let server = Server::start(vec![named("200 OK", "10.0.0.1:80, 10.0.0.2:80"), named("502 Bad Gateway", "app")]);
    let url = format!("http://{}", server.address);
    let said = run(".", &["bench", "-n", "20", "-q", "--format", "json", &url]).expect_code(0).json();
    let instances = &said["instances"];
    assert_eq!(instances["rows"].as_array().unwrap().len(), 1, "{instances:#}");
    assert_eq!((&instances["rows"][0]["name"], &instances["unattributed"]), (&"10.0.0.2:80".into(), &10.into()));
}

/// What makes no sense is refused before anything is sent, with what was expected instead.
#[test]
fn the_command_refuses_what_makes_no_sense() {
    let server = Server::start(vec![always(OK)]);
    let url = format!("http://{}", server.address);
    let with = |more: &[&'static str]| [&["bench"], more, &[]].concat();
    for (flags, expected) in [
        (with(&["-c", "10", "-n", "5"]), "needs `-n 10` or more"),
        (with(&["-n", "many"]), "expected a whole number from 1 up"),
        (with(&["-p", "no-such-file"]), "want a file"),
        (with(&["--rate", "fast"]), "expected requests per second"),
        (with(&["--fail-on", "p99<"]), "for example `p99<200ms`"),
        (with(&["--instance-from", "pod"]), "expected header:NAME"),
        (with(&["-H", "nonsense"]), "expected `Name: value`"),
        (with(&["-H", "a(b: 1"]), "the name of a header"),
        (with(&["-T", "a/b\r\nX-Inj: 1"]), "expected one line"),
        (with(&["-n", "-1"]), "expected a whole number from 1 up"),
        (with(&["-c", "-1"]), "expected a whole number from 1 to 100000"),
        (with(&["--rate", "-1"]), "expected requests per second"),
        (with(&["--duration", "10"]), "expected a number with ms, s, m or h, as 10s"),
        (with(&["--fail-on", "error-rate<200%"]), "`200%` is more than all"),
        (with(&["-f", "SSL3"]), "`-f` takes ALL, TLS1.2 or TLS1.3"),
        (with(&["-Z", "foo"]), "no cipher suite"),
        (with(&["-B", "8.8.8.8"]), "`-B` wants an address of this machine"),
        (with(&["-B", "::1"]), "`-B` wants an address of this machine"),
        (with(&["--resolve", "127.0.0.1:80:8.8.8.8"]), "a host's name is expected"),
        (with(&["http://127.0.0.1:1/"]), "2 servers and 1 connections"),
        (with(&["http://8.8.8.8/"]), "--yes-i-own-this-host"),
        (with(&["gopher://localhost/"]), "expected http:// or https://"),
    ] {
        let said = run(".", &[&flags[..], &["-q", &url]].concat()).expect_code(2);
        assert!(said.stderr.split_whitespace().collect::<Vec<_>>().join(" ").contains(expected), "{}", said.stderr);
    }
    assert_eq!(server.requests(), 0);
}
