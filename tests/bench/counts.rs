//! As many as were asked for, where they were asked for.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use scaleproof::load::bench::{Arrivals, Endpoint, Pace, Plan, Target};

use crate::answers::{OK, always};
use crate::client::{Came, came, drive, drive_until, get, plan, target, tcp};
use crate::server::{Server, Step, bind_unix};

#[test]
fn n_requests_reach_the_server_and_no_more() {
    for (requests, connections, threads, keep_alive) in [
        (1, 1, 1, true),
        (7, 7, 1, false),
        (100, 1, 1, true),
        (500, 7, 3, true),
        (300, 10, 2, false),
        (997, 8, 8, true),
    ] {
        let server = Server::start(vec![always(OK)]);
        let measured = drive(Plan { connections, threads, keep_alive, ..plan(tcp(server.address), requests) });
        assert_eq!(came(&measured), [(Came::Status(200), requests)]);
        assert_eq!(server.requests(), requests);
        let opened = if keep_alive { u64::from(connections).min(requests) } else { requests };
        assert!(measured.tally.counts.connections <= opened);
        assert!(keep_alive || measured.tally.counts.connections == opened);
    }
}

#[test]
fn a_connection_carries_as_many_requests_as_it_may() {
    let mut server = Server::start(vec![always(OK)]);
    let plan = Plan { connections: 2, requests_per_connection: Some(3), ..plan(tcp(server.address), 31) };
    let measured = drive(plan);
    assert_eq!(came(&measured), [(Came::Status(200), 31)]);
    server.stop();
    let served = server.seen().served.lock().unwrap();
    assert_eq!(served.iter().sum::<u64>(), 31);
    assert!(served.iter().all(|count| (1..=3).contains(count)), "{served:?}");
    // All but the last of each lane are full.
    assert!((11..=12).contains(&served.len()), "{served:?}");
    assert_eq!(measured.tally.counts.connections, served.len() as u64);
}

#[test]
fn connections_come_from_the_addresses_that_are_given() {
    let server = Server::start(vec![always(OK)]);
    let sources: Vec<IpAddr> = ["127.0.0.2", "127.0.0.3", "127.1.2.3"].map(|text| text.parse().unwrap()).into();
    let plan = Plan {
        connections: 6,
        threads: 2,
        keep_alive: false,
        sources: sources.clone(),
        ..plan(tcp(server.address), 60)
    };
    let measured = drive(plan);
    assert_eq!(came(&measured), [(Came::Status(200), 60)]);
    let peers: BTreeSet<IpAddr> = server.seen().peers.lock().unwrap().iter().copied().collect();
    assert_eq!(peers, sources.into_iter().collect());
    let homes: BTreeSet<u16> = measured.tally.homes.keys().map(|(source, _)| *source).collect();
    assert_eq!(homes, BTreeSet::from([0, 1, 2]));
}

fn at(server: &Server, path: &str, weight: u32) -> Target {
    Target { request: get(path), weight, ..tcp(server.address) }
}

#[test]
fn targets_are_asked_by_weight() {
    for threads in [1, 3] {
        let server = Server::start(vec![always(OK)]);
        let targets = vec![at(&server, "/a", 5), at(&server, "/b", 2), at(&server, "/c", 1)];
        drive(Plan { targets, connections: 6, threads, ..plan(tcp(server.address), 800) });
        let paths = server.seen().paths.lock().unwrap();
        for (path, expected) in [("/a", 500u64), ("/b", 200), ("/c", 100)] {
            // Each thread goes through the weights by itself, and ends anywhere in its round of eight.
            assert!(paths[path].abs_diff(expected) <= 5 * u64::from(threads), "{threads} threads: {paths:?}");
        }
        assert!(threads > 1 || paths["/a"] == 500);
    }
}

#[test]
fn each_of_several_servers_is_asked() {
    let servers = [(); 3].map(|()| Server::start(vec![always(OK)]));
    let targets = servers.iter().map(|server| at(server, "/", 1)).collect();
    let measured = drive(Plan { targets, connections: 6, ..plan(tcp(servers[0].address), 300) });
    assert_eq!(measured.tally.answered(), 300);
    assert_eq!(servers.iter().map(Server::requests).sum::<u64>(), 300);
    assert!(servers.iter().all(|server| server.requests() > 0));
}

#[test]
fn requests_for_warming_up_are_not_counted() {
    let server = Server::start(vec![always(OK)]);
    let pace = Pace::Open { per_second: 200.0, arrivals: Arrivals::Constant };
    for pace in [Pace::Closed, pace] {
        let before = server.requests();
        let plan = Plan { warmup: Duration::from_millis(400), connections: 2, pace, ..plan(tcp(server.address), 20) };
        let measured = drive(plan);
        assert_eq!(came(&measured), [(Came::Status(200), 20)]);
        assert!(server.requests() - before > 20, "{pace:?}: nothing was sent before");
        let kept = measured.tally.counts.connections;
        assert_eq!(kept, 0, "{pace:?}: connections were there already");
    }
}

#[test]
fn a_unix_socket_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let server = Server::start_unix(vec![always(OK)], bind_unix(&path, 128));
    let measured = drive(Plan { connections: 3, ..plan(target(Endpoint::Unix(path)), 100) });
    assert_eq!(came(&measured), [(Came::Status(200), 100)]);
    assert_eq!(server.requests(), 100);
}

#[test]
fn a_run_ends_when_its_time_is_up() {
    let long = Duration::from_millis(300);
    for script in [vec![Step::Read, Step::Hold], always(OK)] {
        for threads in [1, 3] {
            let server = Server::start(vec![script.clone()]);
            let plan =
                Plan { connections: 3, threads, duration: Some(long), requests: None, ..plan(tcp(server.address), 1) };
            let measured = drive(plan);
            assert!(measured.wall >= long && measured.wall < Duration::from_secs(5), "{:?}", measured.wall);
            assert!(measured.tally.counts.unfinished <= 3);
            assert!(!measured.interrupted);
        }
    }
}

#[test]
fn a_run_ends_when_somebody_wants_it_to() {
    let open = Pace::Open { per_second: 500.0, arrivals: Arrivals::Poisson };
    // In the middle, and while it is warming up.
    for (warmup, pace) in [(0, Pace::Closed), (0, open), (60, Pace::Closed), (60, open)] {
        let server = Server::start(vec![always(OK)]);
        let stop = Arc::new(AtomicBool::new(false));
        let stopper = stop.clone();
        let stopping = thread::spawn(move || {
            thread::sleep(Duration::from_millis(150));
            stopper.store(true, Ordering::SeqCst);
        });
        let (duration, warmup) = (Some(Duration::from_secs(60)), Duration::from_secs(warmup));
        let plan = Plan { connections: 2, requests: None, duration, warmup, pace, ..plan(tcp(server.address), 1) };
        let measured = drive_until(plan, stop);
        stopping.join().unwrap();
        assert!(measured.interrupted);
        assert_eq!(measured.tally.answered() > 0, warmup.is_zero(), "{pace:?}");
    }
}
