//! The command, where what it says or returns matters.

use std::net::TcpListener;

use crate::answers::{OK, always};
use crate::server::{Server, Step, bind_unix};
use crate::tls::identity;
use crate::tool::run;

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
