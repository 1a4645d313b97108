//! Answers that are unusual and right.

use std::time::{Duration, Instant};

use scaleproof::load::bench::{Plan, Target};

use crate::client::{Came, came, drive, plan, post, tcp};
use crate::server::{Script, Server, Step};

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n";

pub fn say(text: &str) -> Step {
    Step::Say(text.as_bytes().to_vec())
}

/// Answers every request of a connection with this.
pub fn always(answer: &str) -> Script {
    vec![Step::Read, say(answer), Step::Again]
}

/// Six requests over two connections, all of them answered so.
fn expect(scripts: Vec<Script>, target: impl Fn(&Server) -> Target, status: u16) -> (Server, Plan) {
    let server = Server::start(scripts);
    let mut plan = Plan { connections: 2, ..plan(target(&server), 6) };
    for keep_alive in [false, true] {
        plan.keep_alive = keep_alive;
        let measured = drive(plan.clone());
        assert_eq!(
            came(&measured),
            [(Came::Status(status), 6)],
            "keep-alive: {keep_alive}, {:?}",
            measured.tally.failures
        );
    }
    (server, plan)
}

fn plain(server: &Server) -> Target {
    tcp(server.address)
}

fn head(server: &Server) -> Target {
    Target { request: (*b"HEAD / HTTP/1.1\r\nHost: t\r\n\r\n").into(), head_only: true, ..plain(server) }
}

#[test]
fn a_chunked_body_may_be_split_anywhere() {
    let scripts = (1..CHUNKED.len()).step_by(3).map(|at| {
        let (before, behind) = CHUNKED.split_at(at);
        vec![Step::Read, say(before), Step::Wait(Duration::from_millis(2)), say(behind), Step::Again]
    });
    let scripts: Vec<Script> = scripts.collect();
    let count = scripts.len() as u64;
    let server = Server::start(scripts);
    let measured = drive(Plan { requests_per_connection: Some(1), ..plan(tcp(server.address), count) });
    assert_eq!(came(&measured), [(Came::Status(200), count)]);
    assert_eq!(measured.tally.counts.body_bytes, 5 * count);
    assert_eq!(measured.tally.counts.received_bytes, CHUNKED.len() as u64 * count);
}

#[test]
fn answers_may_drip() {
    for answer in [OK, CHUNKED] {
        expect(vec![vec![Step::Read, Step::Drip(answer.into(), Duration::from_millis(1)), Step::Again]], plain, 200);
    }
}

/// The timeout is for the whole answer, and is not what a slow server that makes it is ended by.
#[test]
fn a_server_that_drips_and_is_in_time_is_waited_for() {
    let gap = Duration::from_millis(20);
    let server = Server::start(vec![vec![Step::Read, Step::Drip(OK.into(), gap)]]);
    let began = Instant::now();
    let measured = drive(plan(tcp(server.address), 1));
    assert_eq!(came(&measured), [(Came::Status(200), 1)]);
    assert!(began.elapsed() >= gap * (OK.len() as u32 - 1));
    let times = &measured.tally.apart;
    assert!(times.waiting.max() < times.total.max(), "the first byte came before the last");
}

#[test]
fn answers_without_a_body() {
    expect(vec![always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")], head, 200);
    expect(vec![always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")], head, 200);
    expect(vec![always("HTTP/1.1 204 No Content\r\n\r\n")], plain, 204);
    expect(vec![always("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n")], plain, 304);
}

#[test]
fn interim_answers_are_none() {
    let hints = format!("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n{OK}");
    expect(vec![always(&hints)], plain, 200);
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let body = Step::Drain(Duration::from_millis(50));
    let script = vec![Step::ReadHead, say("HTTP/1.1 100 Continue\r\n\r\n"), body, say(last)];
    expect(vec![script], |server| post(server.address, 100_000), 200);
}

#[test]
fn what_lies_behind_an_answer_is_left_alone() {
    let (server, plan) = expect(vec![always(&format!("{OK}HTTP/1.1 500 Nobody Asked\r\n\r\n"))], plain, 200);
    let measured = drive(plan);
    assert_eq!(measured.tally.counts.surplus, 6);
    assert_eq!(measured.tally.counts.kept_alive, 0);
    assert_eq!(server.requests(), 18);
}

#[test]
fn a_connection_that_is_to_be_closed_is_not_used_again() {
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    // The server closes; it shuts down only its side; it leaves closing to the client.
    let ends = [vec![], vec![Step::Finish, Step::Hold], vec![Step::Hold]];
    for end in ends {
        let script = [vec![Step::Read, say(OK), Step::Read, say(close)], end].concat();
        let (_server, plan) = expect(vec![script], plain, 200);
        let measured = drive(Plan { connections: 1, ..plan });
        assert_eq!(measured.tally.counts.connections, 3);
        assert_eq!(measured.tally.counts.kept_alive, 3);
    }
}

#[test]
fn a_body_may_end_with_the_connection() {
    for end in [vec![], vec![Step::Finish, Step::Hold]] {
        let begin =
            vec![Step::Read, say("HTTP/1.1 200 OK\r\n\r\nhello "), Step::Wait(Duration::from_millis(5)), say("world")];
        let (_server, plan) = expect(vec![[begin, end].concat()], plain, 200);
        assert_eq!(drive(plan).tally.counts.body_bytes, 6 * 11);
    }
}

#[test]
fn a_server_of_http_1_0_keeps_connections_when_it_says_so() {
    let keeps = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    let (_server, plan) = expect(vec![always(keeps)], plain, 200);
    assert_eq!(drive(plan).tally.counts.connections, 2);
    let (_server, plan) = expect(vec![always("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")], plain, 200);
    assert_eq!(drive(plan).tally.counts.connections, 6);
}

#[test]
fn a_large_head_is_read() {
    let answer = format!("HTTP/1.1 200 OK\r\nX-Large: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(64 << 10));
    expect(vec![always(&answer)], plain, 200);
}

/// The server does not want the body, says so, and closes; with what it did not read unread, its end is a reset.
#[test]
fn an_answer_that_comes_before_the_body_was_sent_counts() {
    let early = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let ends = [
        vec![],
        vec![Step::Finish, Step::Drain(Duration::from_millis(100))],
        vec![Step::Wait(Duration::from_millis(20)), Step::Reset],
        vec![Step::Hold],
    ];
    for end in ends {
        let script = [vec![Step::ReadHead, say(early)], end].concat();
        expect(vec![script], |server| post(server.address, 8 << 20), 413);
    }
}

#[test]
fn a_large_body_arrives() {
    let (server, plan) = expect(vec![always(OK)], |server| post(server.address, 1 << 20), 200);
    let measured = drive(plan);
    assert_eq!(measured.tally.counts.sent_body_bytes, 6 << 20);
    assert_eq!(server.requests(), 18);
}

/// The end comes with the answer: nothing is sent into a connection that is known to be over.
#[test]
fn a_server_that_closes_without_a_word_is_asked_again() {
    let server = Server::start(vec![vec![Step::Read, say(OK), Step::Finish, Step::Hold]]);
    let measured = drive(plan(tcp(server.address), 200));
    let broken: Vec<_> = measured.tally.failures.keys().map(|kind| kind.name()).collect();
    // Whether the end is there when the next request begins is a race; then it was sent in vain.
    assert!(broken.iter().all(|kind| *kind == "closed"), "{broken:?}");
    assert!(measured.tally.answered() >= 100, "{:?}", measured.tally.counts);
}
