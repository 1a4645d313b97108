//! Requests that get no answer, each for its own reason.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use scaleproof::load::bench::{Endpoint, Measured, Plan, Target};
use scaleproof::model::bench::FailureKind;

use crate::answers::{OK, always, say};
use crate::client::{Came, came, drive, plan, post, target, tcp};
use crate::server::{Script, Server, Step, bind_unix};

/// For runs whose end is the timeout.
const SOON: Duration = Duration::from_millis(300);

/// Four requests over two connections, with and without keep-alive: all fail for this reason.
fn expect_of(script: Script, target: impl Fn(&Server) -> Target, timeout: Duration, kind: FailureKind) {
    let server = Server::start(vec![script.clone()]);
    for keep_alive in [false, true] {
        let plan = Plan { connections: 2, keep_alive, timeout, ..plan(target(&server), 4) };
        let measured = drive(plan);
        assert_eq!(came(&measured), [(Came::Failed(kind), 4)], "{script:?} {:?}", measured.tally.failures);
        let (_, example) = &measured.tally.failures[&kind];
        assert!(!example.is_empty());
    }
}

fn expect(script: Script, kind: FailureKind) {
    expect_of(script, |server| tcp(server.address), Duration::from_secs(20), kind);
}

fn expect_soon(script: Script, kind: FailureKind) {
    expect_of(script, |server| tcp(server.address), SOON, kind);
}

#[test]
fn closed_before_the_answer() {
    expect(vec![Step::Read], FailureKind::Closed);
    expect(vec![Step::Read, Step::Finish, Step::Hold], FailureKind::Closed);
}

#[test]
fn closed_in_the_middle_of_the_answer() {
    let beginnings = [
        "H",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nno more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: 1\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
    ];
    for beginning in beginnings {
        expect(vec![Step::Read, say(beginning)], FailureKind::Truncated);
        expect(vec![Step::Read, say(beginning), Step::Finish, Step::Hold], FailureKind::Truncated);
    }
}

#[test]
fn reset() {
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nno more";
    expect(vec![Step::Read, Step::Reset], FailureKind::Reset);
    expect(vec![Step::Read, say(begun), Step::Wait(Duration::from_millis(20)), Step::Reset], FailureKind::Reset);
}

/// Accepted, and reset at once: the connection was there.
#[test]
fn reset_on_arrival() {
    let server = Server::start(vec![vec![Step::Reset]]);
    let measured = drive(Plan { connections: 2, ..plan(tcp(server.address), 20) });
    let kinds: Vec<Came> = came(&measured).into_iter().map(|(came, _)| came).collect();
    let possible = [FailureKind::Reset, FailureKind::Write].map(Came::Failed);
    assert!(kinds.iter().all(|kind| possible.contains(kind)), "{:?}", measured.tally.failures);
    assert_eq!(measured.tally.failed(), 20);
}

#[test]
fn reset_while_the_request_is_sent() {
    let script = vec![Step::ReadHead, Step::Reset];
    expect_of(script, |server| post(server.address, 32 << 20), Duration::from_secs(20), FailureKind::Write);
}

/// The server closes its own side and reads on, while the client still writes.
#[test]
fn half_closed_while_the_request_is_sent() {
    let script = vec![Step::ReadHead, Step::Finish, Step::Drain(Duration::from_millis(100))];
    expect_of(script, |server| post(server.address, 8 << 20), Duration::from_secs(20), FailureKind::Closed);
}

#[test]
fn answers_that_do_not_come_in_time() {
    expect_soon(vec![Step::Read, Step::Hold], FailureKind::Timeout);
    expect_soon(vec![Step::Read, Step::Drip(OK.into(), Duration::from_millis(20))], FailureKind::Timeout);
    let endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    let chunk = Step::Endless(format!("400\r\n{}\r\n", "x".repeat(0x400)).into());
    expect_soon(vec![Step::Read, say(&endless), chunk], FailureKind::Timeout);
    expect_soon(vec![Step::Read, say("HTTP/1.1 200 OK\r\n\r\n"), Step::Endless(b"x".to_vec())], FailureKind::Timeout);
}

#[test]
fn what_is_no_http() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\0\x01\x02\x03",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
    ] {
        expect(vec![Step::Read, say(garbage), Step::Hold], FailureKind::Garbage);
    }
    expect(vec![Step::Read, Step::Endless(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())], FailureKind::Garbage);
}

/// Servers of other protocols speak first, and may do so before the connection is known to be there.
#[test]
fn what_is_said_before_anybody_asks() {
    expect(vec![say("220 mail.example ESMTP\r\n"), Step::Hold], FailureKind::Garbage);
    expect(vec![say("HTTP/1.1 200 OK\r\nContent-Le"), Step::Finish, Step::Hold], FailureKind::Truncated);
    // With many connections, the greetings are there before the generator looks.
    let server = Server::start(vec![vec![say("220 mail.example ESMTP\r\n"), Step::Hold]]);
    let measured = drive(Plan { connections: 200, ..plan(tcp(server.address), 200) });
    assert_eq!(came(&measured), [(Came::Failed(FailureKind::Garbage), 200)]);
}

#[test]
fn what_has_no_end() {
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        (head.to_owned(), "X-More: and more\r\n"),
        (format!("{head}X-Long: "), "x"),
        (format!("{chunked}5;"), "extension=1;"),
        (format!("{chunked}0\r\n"), "X-Trailer: 1\r\n"),
        (format!("{chunked}0\r\nX-Trailer: "), "x"),
    ];
    for (begin, more) in cases {
        expect(vec![Step::Read, say(&begin), Step::Endless(more.repeat(100).into())], FailureKind::TooLarge);
    }
}

#[test]
fn nobody_listens() {
    // The port was free a moment ago, and ports are not given out again that soon.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let measured = drive(Plan { connections: 2, ..plan(tcp(address), 4) });
    assert_eq!(came(&measured), [(Came::Failed(FailureKind::Refused), 4)]);
    let nowhere = target(Endpoint::Unix("/nonexistent/socket".into()));
    assert_eq!(came(&drive(plan(nowhere, 2))), [(Came::Failed(FailureKind::Refused), 2)]);
}

/// A run that nothing can come of ends by itself long before its time, with everything counted.
#[test]
fn nobody_listens_and_nobody_goes_on_asking() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for threads in [1, 3] {
        let began = Instant::now();
        let measured = drive(Plan { connections: 3, threads, ..plan(tcp(address), 1_000_000) });
        assert!(began.elapsed() < Duration::from_secs(20) && measured.tally.failed() < 100);
    }
}

#[test]
fn no_route() {
    // No address of this machine: it cannot be bound.
    let server = Server::start(vec![always(OK)]);
    let plan = Plan { sources: vec!["192.0.2.1".parse().unwrap()], ..plan(tcp(server.address), 2) };
    assert_eq!(came(&drive(plan)), [(Came::Failed(FailureKind::Connect), 2)]);
}

/// The queue of a listener that accepts nothing holds two connections, which get no answer; the rest gets none of them.
#[test]
fn a_listener_whose_queue_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = bind_unix(&path, 1);
    let target = target(Endpoint::Unix(path));
    let measured = drive(Plan { connections: 5, timeout: SOON, ..plan(target.clone(), 5) });
    assert_eq!(
        came(&measured),
        [(Came::Failed(FailureKind::ConnectTimeout), 3), (Came::Failed(FailureKind::Timeout), 2)]
    );
    let server = Server::start_unix(vec![always(OK)], listener);
    let measured = drive(Plan { connections: 8, keep_alive: false, ..plan(target, 50) });
    assert_eq!(came(&measured), [(Came::Status(200), 50)]);
    // Connections that were given up lay in the queue.
    assert!(server.requests() >= 50);
}

/// As the one before; a TCP client may believe that it is connected.
#[test]
fn a_tcp_listener_whose_queue_is_full() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&listener, 1).unwrap();
    let target = tcp(listener.local_addr().unwrap());
    let measured = drive(Plan { connections: 6, timeout: SOON, ..plan(target, 6) });
    assert_eq!(measured.tally.failed(), 6);
    let kinds: Vec<_> = measured.tally.failures.keys().copied().collect();
    assert_eq!(kinds, [FailureKind::ConnectTimeout, FailureKind::Timeout]);
}

/// One of five connections is broken: the others do not notice.
#[test]
fn failures_and_answers_beside_each_other() {
    let broken = vec![Step::Read, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno")];
    let mut scripts = vec![always(OK); 4];
    scripts.push(broken);
    let server = Server::start(scripts);
    let measured = drive(Plan { connections: 5, keep_alive: false, ..plan(tcp(server.address), 100) });
    let expected = [(Came::Status(200), 80), (Came::Failed(FailureKind::Truncated), 20)];
    assert_eq!(came(&measured), expected);
}

/// As `ab` does without `-r`.
#[test]
fn a_receive_error_ends_the_run_where_it_shall() {
    let server = Server::start(vec![always(OK), always(OK), vec![Step::Read]]);
    let stop = |stop_on_receive_error| -> Measured {
        drive(Plan { keep_alive: false, stop_on_receive_error, ..plan(tcp(server.address), 30) })
    };
    assert_eq!(stop(false).tally.failed(), 10);
    let stopped = stop(true);
    assert_eq!((stopped.tally.answered(), stopped.tally.failed()), (2, 1));
}
