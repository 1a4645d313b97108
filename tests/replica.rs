//! Real processes, started, isolated, observed and stopped.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::app::get;
use common::{Memory, PATIENCE, launcher, project, shell};
use scaleproof::model::event::{Event, Exit, Isolation, NotReady};
use scaleproof::model::fleet::{Address, Upstream};
use scaleproof::replica::process::{DiskChoice, ProcessLauncher, Readiness, Service, StartOrder};
use scaleproof::replica::{Fleet, Launcher};
use tokio_util::sync::CancellationToken;

#[test]
#[ignore = "this is the app that the other tests start"]
fn app() {
    common::app::serve();
}

struct Started {
    fleet: Box<dyn Fleet>,
    memory: Arc<Memory>,
}

async fn start(launcher: &ProcessLauncher, replicas: u32) -> Started {
    let memory = Arc::new(Memory::default());
    let fleet = tokio::time::timeout(PATIENCE * 2, launcher.start(replicas, memory.clone(), CancellationToken::new()))
        .await
        .unwrap();
    Started { fleet, memory }
}

/// Asks without blocking the runtime's only thread.
async fn ask(upstream: &Upstream, path: &str) -> (u16, String) {
    let (address, path) = (upstream.address.clone(), path.to_owned());
    tokio::task::spawn_blocking(move || get(&address, &path)).await.unwrap()
}

fn isolations(memory: &Memory) -> Vec<Isolation> {
    memory.pick(|event| match event {
        Event::ReplicaStarting { isolation, .. } => Some(isolation),
        _ => None,
    })
}

fn reasons(memory: &Memory) -> Vec<(String, NotReady, Vec<String>)> {
    memory.pick(|event| match event {
        Event::ReplicaNotReady { replica, reason, last_lines } => Some((replica.to_string(), reason, last_lines)),
        _ => None,
    })
}

async fn private_disks(choice: DiskChoice) -> Arc<Memory> {
    let folder = project(&[("data/db", "old"), ("doomed", "x")]);
    let mut launcher = launcher(folder.path());
    launcher.disk = choice;
    let started = start(&launcher, 2).await;
    let upstreams = started.fleet.upstreams();
    assert_eq!(upstreams.len(), 2, "{:?}", started.memory.events());
    for path in [
        "/write/data/db",
        "/write/uploads/a",
        "/write/HOME/x/.sessions",
        "/write/TMPDIR/scaleproof-written",
        "/remove/doomed",
    ] {
        assert_eq!(ask(&upstreams[0], path).await, (200, String::new()), "{path}");
    }
    assert_eq!(ask(&upstreams[0], "/read/data/db").await.1, "written");
    assert_eq!(ask(&upstreams[1], "/read/data/db").await.1, "old");
    for path in ["/read/uploads/a", "/read/HOME/x/.sessions", "/read/TMPDIR/scaleproof-written"] {
        assert_eq!(ask(&upstreams[1], path).await.0, 404, "{path}");
    }
    started.fleet.stop().await;
    assert_eq!(std::fs::read_to_string(folder.path().join("data/db")).unwrap(), "old");
    assert!(folder.path().join("doomed").exists() && !folder.path().join("uploads").exists());
    assert_eq!(
        started.memory.files(),
        [
            "r1 Created $HOME/x/.sessions",
            "r1 Created $TMPDIR/scaleproof-written",
            "r1 Modified data/db",
            "r1 Deleted doomed",
            "r1 Created uploads/a",
        ]
    );
    started.memory
}

#[tokio::test]
async fn each_replica_has_its_own_disk_and_the_project_stays_as_it_was() {
    let memory = private_disks(DiskChoice::Private).await;
    assert!(isolations(&memory).iter().all(|it| *it != Isolation::Shared));
}

#[tokio::test]
async fn a_copy_does_what_an_overlay_does() {
    let memory = private_disks(DiskChoice::Copy).await;
    assert!(isolations(&memory).iter().all(|it| matches!(it, Isolation::Copy | Isolation::Reflink)));
}

#[tokio::test]
async fn a_copy_says_what_it_shares_with_the_project() {
    let folder = project(&[("node_modules/x/index.js", "x"), ("web/.git/HEAD", "main")]);
    let mut launcher = launcher(folder.path());
    launcher.disk = DiskChoice::Copy;
    let started = start(&launcher, 2).await;
    let upstreams = started.fleet.upstreams();
    for path in ["node_modules/.cache/a", "web/.git/HEAD"] {
        assert_eq!(ask(&upstreams[0], &format!("/write/{path}")).await, (200, String::new()));
        assert_ne!(ask(&upstreams[1], &format!("/read/{path}")).await.1, "written");
    }
    assert_eq!(ask(&upstreams[1], "/read/node_modules/x/index.js").await.1, "x");
    started.fleet.stop().await;
    assert!(!folder.path().join("node_modules/.cache").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("web/.git/HEAD")).unwrap(), "main");
    let said = started.memory.pick(|event| match event {
        Event::Noted { text } => Some(text),
        _ => None,
    });
    match isolations(&started.memory)[0] {
        Isolation::Reflink => assert_eq!(said, [""; 0]),
        _ => assert!(said.len() == 1 && said[0].contains("share node_modules/*/, web/.git/*/ with"), "{said:?}"),
    }
}

#[tokio::test]
async fn an_interrupted_start_returns_what_runs_and_blames_nobody() {
    let folder = project(&[]);
    for order in [StartOrder::Parallel, StartOrder::Sequential] {
        let mut launcher = launcher(folder.path());
        launcher.order = order;
        launcher.readiness.path = Some("/read/never".into());
        let (memory, interrupted) = (Arc::new(Memory::default()), CancellationToken::new());
        let starting = || memory.pick(|event| matches!(event, Event::ReplicaStarting { .. }).then_some(())).len();
        let interrupt = async {
            while starting() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            interrupted.cancel();
        };
        let (fleet, ()) = tokio::join!(launcher.start(3, memory.clone(), interrupted.clone()), interrupt);
        assert!(fleet.upstreams().is_empty());
        fleet.stop().await;
        assert!(reasons(&memory).is_empty(), "{:?}", memory.events());
        let ends = memory.pick(|event| match event {
            Event::ReplicaExited { expected, .. } => Some(expected),
            _ => None,
        });
        assert_eq!(ends, vec![true; starting()]);
    }
}

#[tokio::test]
async fn a_fixed_path_below_tmp_is_private_too_where_overlays_work() {
    let folder = project(&[]);
    let started = start(&launcher(folder.path()), 2).await;
    let upstreams = started.fleet.upstreams();
    if isolations(&started.memory)[0] == Isolation::Overlay && std::env::var_os("TMPDIR").is_none() {
        let name = format!("scaleproof-test-{}", fastrand::u64(..));
        assert_eq!(ask(&upstreams[0], &format!("/write/ROOT/tmp/{name}")).await.0, 200);
        assert_eq!(ask(&upstreams[0], &format!("/read/ROOT/tmp/{name}")).await.0, 200);
        assert_eq!(ask(&upstreams[1], &format!("/read/ROOT/tmp/{name}")).await.0, 404);
        assert!(!Path::new("/tmp").join(name).exists());
    }
    started.fleet.stop().await;
}

#[tokio::test]
async fn a_socket_below_tmp_that_serves_already_stays_reachable() {
    let name = format!("/tmp/scaleproof-test-{}.sock", fastrand::u64(..));
    let listener = std::os::unix::net::UnixListener::bind(&name).unwrap();
    let folder = project(&[]);
    let started = start(&launcher(folder.path()), 1).await;
    let (status, body) = ask(&started.fleet.upstreams()[0], &format!("/connect{name}")).await;
    started.fleet.stop().await;
    drop(listener);
    std::fs::remove_file(&name).unwrap();
    assert_eq!((status, &*body), (200, ""));
    assert_eq!(started.memory.files(), [""; 0]);
}

#[tokio::test]
async fn a_shared_folder_is_seen_by_all_and_a_new_one_leaves_no_trace() {
    let folder = project(&[("uploads/old", "1")]);
    for choice in [DiskChoice::Private, DiskChoice::Copy] {
        let mut launcher = launcher(folder.path());
        launcher.disk = choice;
        launcher.shared = vec!["uploads".into(), "new/media".into()];
        let started = start(&launcher, 2).await;
        let upstreams = started.fleet.upstreams();
        for path in ["uploads/by-one", "new/media/by-one"] {
            assert_eq!(ask(&upstreams[0], &format!("/write/{path}")).await, (200, String::new()));
            assert_eq!(ask(&upstreams[1], &format!("/read/{path}")).await.1, "written");
        }
        started.fleet.stop().await;
        assert!(folder.path().join("uploads/by-one").exists());
        assert!(!folder.path().join("new").exists());
        assert_eq!(started.memory.files(), [""; 0]);
        std::fs::remove_file(folder.path().join("uploads/by-one")).unwrap();
    }
}

#[tokio::test]
async fn a_shared_disk_is_the_project_itself() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.disk = DiskChoice::Shared;
    let started = start(&launcher, 2).await;
    let upstreams = started.fleet.upstreams();
    ask(&upstreams[0], "/write/a").await;
    assert_eq!(ask(&upstreams[1], "/read/a").await.1, "written");
    started.fleet.stop().await;
    assert_eq!(isolations(&started.memory), [Isolation::Shared; 2]);
}

#[tokio::test]
async fn replicas_know_who_they_are() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.env.push(("WHO".into(), "{name}/{index}/{port}".into()));
    let started = start(&launcher, 2).await;
    for (upstream, name) in started.fleet.upstreams().iter().zip(["r1", "r2"]) {
        assert_eq!(upstream.name, name);
        let Address::Tcp(address) = upstream.address else { panic!("{upstream:?}") };
        assert_eq!(ask(upstream, "/env/WHO").await.1, format!("{name}/{}/{}", &name[1..], address.port()));
        assert_eq!(ask(upstream, "/env/HOSTNAME").await.1, name);
        assert_eq!(ask(upstream, "/env/INSTANCE_ID").await.1, name);
        assert_eq!(ask(upstream, "/cwd").await.1, folder.path().canonicalize().unwrap().display().to_string());
    }
    started.fleet.stop().await;
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_told_with_a_hint() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.command = vec!["no-such-program-here".into()];
    let started = start(&launcher, 2).await;
    assert!(started.fleet.upstreams().is_empty());
    let reasons = reasons(&started.memory);
    assert_eq!(reasons.len(), 2);
    for (_, reason, _) in reasons {
        let NotReady::NotStarted { error } = reason else { panic!("{reason:?}") };
        assert!(error.contains("`no-such-program-here`") && error.contains("PATH"), "{error}");
    }
    started.fleet.stop().await;
}

#[tokio::test]
async fn a_project_that_does_not_exist_is_told_for_every_replica() {
    let launcher = launcher(Path::new("/no/such/project"));
    let started = start(&launcher, 2).await;
    assert!(
        matches!(&reasons(&started.memory)[..], [(_, NotReady::NotStarted { error }, _), _] if error.contains("/no/such/project"))
    );
}

#[tokio::test]
async fn an_exit_before_readiness_is_told_at_once_with_the_last_lines() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.command = shell("echo starting; echo 'boom: no database' >&2; exit 3");
    let started = start(&launcher, 1).await;
    let expected = (
        "r1".to_owned(),
        NotReady::Exited { exit: Exit::Code(3) },
        vec!["starting".into(), "boom: no database".into()],
    );
    assert_eq!(reasons(&started.memory), [expected]);
    started.fleet.stop().await;
    let exits = started.memory.pick(|event| matches!(event, Event::ReplicaExited { .. }).then_some(()));
    assert!(exits.is_empty(), "it was told already");
}

#[tokio::test]
async fn an_app_that_ignores_its_port_is_found_out_and_its_second_replica_collides() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    launcher.env.push(("FIXED_PORT".into(), port.to_string()));
    launcher.order = StartOrder::Sequential;
    let started = start(&launcher, 2).await;
    let reasons = reasons(&started.memory);
    assert!(matches!(&reasons[0].1, NotReady::OtherPort { listening, .. } if *listening == [port]), "{reasons:?}");
    assert!(matches!(&reasons[1].1, NotReady::Exited { .. }), "{reasons:?}");
    assert!(reasons[1].2.iter().any(|line| line.contains("Address already in use")), "{reasons:?}");
    started.fleet.stop().await;
}

#[tokio::test]
async fn an_app_on_ipv6_loopback_only_is_found_there() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no IPv6 loopback");
        return;
    }
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.env.push(("BIND".into(), "::1".into()));
    let started = start(&launcher, 1).await;
    assert!(matches!(started.fleet.upstreams()[0].address, Address::Tcp(address) if address.is_ipv6()));
    started.fleet.stop().await;
}

#[tokio::test]
async fn readiness_waits_for_a_good_answer() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.readiness.path = Some("/health".into());
    let started = start(&launcher, 1).await;
    assert_eq!(started.fleet.upstreams().len(), 1);
    started.fleet.stop().await;
    assert_eq!(started.memory.files(), ["r1 Created asked"]);
}

#[tokio::test]
async fn a_missed_deadline_tells_the_last_answer() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.readiness = Readiness { path: Some("/read/nothing".into()), timeout: Duration::from_millis(300) };
    let started = start(&launcher, 1).await;
    let reasons = reasons(&started.memory);
    assert!(
        matches!(&reasons[0].1, NotReady::Deadline { last_answer, .. } if last_answer == "HTTP 404" || last_answer.contains("refused")),
        "{reasons:?}"
    );
    started.fleet.stop().await;
}

#[tokio::test]
async fn sequential_replicas_learn_their_predecessors() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.app = "web".into();
    launcher.order = StartOrder::Sequential;
    let started = start(&launcher, 2).await;
    let upstreams = started.fleet.upstreams();
    assert_eq!(ask(&upstreams[1], "/env/WEB_1_PORT").await.1, format!("tcp://{}", upstreams[0].address));
    assert_eq!(ask(&upstreams[0], "/env/WEB_1_PORT").await.0, 404);
    started.fleet.stop().await;
}

#[tokio::test]
async fn replicas_listen_on_unix_sockets_when_the_command_says_so() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.env.push(("SOCKET".into(), "{socket}".into()));
    let started = start(&launcher, 2).await;
    let upstreams = started.fleet.upstreams();
    assert!(matches!(upstreams[1].address, Address::Unix(_)), "{:?}", started.memory.events());
    assert_eq!(ask(&upstreams[1], "/env/INSTANCE_ID").await.1, "r2");
    assert_eq!(ask(&upstreams[1], "/env/PORT").await.0, 404);
    started.fleet.stop().await;
}

#[tokio::test]
async fn services_start_once_and_tell_the_replicas_where() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    let env = vec![("STORE_URL".into(), "http://127.0.0.1:{port}/".into())];
    launcher.services =
        vec![Service { name: "store".into(), command: common::app::command(), env, ready_timeout: PATIENCE }];
    let started = start(&launcher, 2).await;
    let upstreams = started.fleet.upstreams();
    let url = ask(&upstreams[0], "/env/STORE_URL").await.1;
    assert_eq!(ask(&upstreams[1], "/env/STORE_URL").await.1, url);
    let address = Address::Tcp(url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap());
    let store = Upstream { name: "store".into(), address };
    assert_eq!(ask(&store, "/env/INSTANCE_ID").await.1, "store");
    started.fleet.stop().await;
}

#[tokio::test]
async fn a_service_that_fails_leaves_a_fleet_without_upstreams() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    let command = shell("echo out of memory; exit 7");
    launcher.services = vec![Service { name: "store".into(), command, env: Vec::new(), ready_timeout: PATIENCE }];
    let started = start(&launcher, 2).await;
    assert!(started.fleet.upstreams().is_empty());
    let failed = started.memory.pick(|event| match event {
        Event::ServiceFailed { name, reason, last_lines } => Some((name, reason, last_lines)),
        _ => None,
    });
    assert_eq!(failed, [("store".into(), "exited with code 7".to_owned(), vec!["out of memory".to_owned()])]);
    started.fleet.stop().await;
}

#[tokio::test]
async fn a_stop_tells_how_each_replica_ended() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    launcher.stop_grace = Duration::from_millis(200);
    let serve = common::app::command().join(" ");
    // The trap keeps the shell; the app below it ends with the group.
    launcher.command = shell(&format!("[ {{name}} = r2 ] && trap '' TERM; exec {serve}"));
    let started = start(&launcher, 2).await;
    assert_eq!(started.fleet.upstreams().len(), 2, "{:?}", started.memory.events());
    started.fleet.stop().await;
    let mut exits = started.memory.pick(|event| match event {
        Event::ReplicaExited { replica, exit, expected, after_signal_ms, .. } => {
            Some((replica.to_string(), exit, expected, after_signal_ms.unwrap() >= 200.0))
        }
        _ => None,
    });
    exits.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!((&exits[0].0[..], exits[0].1, exits[0].2), ("r1", Exit::Signal(15), true));
    assert_eq!(exits[1], ("r2".to_owned(), Exit::Signal(9), true, true));
}

#[tokio::test]
async fn a_crash_while_running_is_unexpected_and_takes_its_helpers_along() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    let token = format!("86400.{}", fastrand::u32(1_000_000..));
    launcher.command = shell(&format!("env -i setsid -f sleep {token}; exec {}", common::app::command().join(" ")));
    let started = start(&launcher, 1).await;
    assert_eq!(common::processes_with(&format!("sleep\0{token}")).len(), 1);
    let upstream = started.fleet.upstreams()[0].clone();
    ask(&upstream, "/exit/5").await;
    let exits = || {
        started.memory.pick(|event| match event {
            Event::ReplicaExited { exit, expected, last_lines, .. } => Some((exit, expected, last_lines)),
            _ => None,
        })
    };
    common::wait_until("the exit is told", || !exits().is_empty());
    let (exit, expected, last_lines) = exits().remove(0);
    assert_eq!((exit, expected), (Exit::Code(5), false));
    assert_eq!(last_lines.last().unwrap(), "the app was asked to exit");
    assert!(common::processes_with(&format!("sleep\0{token}")).is_empty());
    started.fleet.stop().await;
}

#[tokio::test]
async fn an_app_that_prints_megabytes_neither_blocks_nor_fills_the_disk() {
    let folder = project(&[]);
    let mut launcher = launcher(folder.path());
    let serve = common::app::command().join(" ");
    launcher.command =
        shell(&format!("echo first words; head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; exec {serve}"));
    let started = start(&launcher, 1).await;
    assert_eq!(started.fleet.upstreams().len(), 1);
    started.fleet.stop().await;
    let log = std::fs::read_to_string(launcher.run.folder().join("1/r1.log")).unwrap();
    assert!(log.starts_with("first words\n") && log.len() < 1_000_000, "{}", log.len());
}

#[tokio::test]
async fn the_same_launcher_starts_fleet_after_fleet() {
    let folder = project(&[]);
    let launcher = launcher(folder.path());
    for _ in 0..2 {
        let started = start(&launcher, 1).await;
        let upstream = started.fleet.upstreams()[0].clone();
        assert_eq!(ask(&upstream, "/read/state").await.0, 404, "a fresh disk");
        ask(&upstream, "/write/state").await;
        started.fleet.stop().await;
    }
}
