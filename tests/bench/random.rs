//! Servers that do anything, in any order: the totals hold, and the run ends. A failure prints the scripts and the plan.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::Config;

use scaleproof::load::bench::{Arrivals, Pace, Plan};

use crate::answers::{OK, say};
use crate::client::{drive, plan, post, tcp};
use crate::server::{Script, Server, Step};

const TIMEOUT: Duration = Duration::from_millis(200);

/// A request read, and what the server does then.
fn behaviour() -> impl Strategy<Value = Script> {
    let ms = Duration::from_millis;
    let answer = prop_oneof![
        3 => Just(OK.to_owned()),
        1 => Just("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned()),
        1 => Just("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        1 => Just("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned()),
        1 => Just("HTTP/1.1 200 OK\r\n\r\nuntil it closes".to_owned()),
        1 => Just(format!("{OK}and more")),
        1 => "(?s).{0,40}",
    ];
    let step = answer.prop_flat_map(move |answer| {
        let length = answer.len();
        prop_oneof![
            4 => Just(say(&answer)),
            1 => Just(Step::Drip(answer.clone().into(), ms(1))),
            2 => (0..=length).prop_map(move |at| Step::Say(answer.as_bytes()[..at].to_vec())),
        ]
    });
    let after = prop_oneof![
        4 => Just(Step::Again),
        1 => Just(Step::Finish),
        1 => Just(Step::Reset),
        1 => Just(Step::Hold),
        1 => Just(Step::Wait(ms(5))),
        1 => Just(Step::Endless(b"X-More: 1\r\n".to_vec())),
    ];
    let read = prop_oneof![6 => Just(Step::Read), 1 => Just(Step::ReadHead), 1 => Just(Step::Wait(ms(1)))];
    (read, step, after).prop_map(|(read, step, after)| vec![read, step, after])
}

fn script() -> impl Strategy<Value = Script> {
    prop::collection::vec(behaviour(), 1..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(Config { cases: 32, failure_persistence: None, max_shrink_iters: 60, ..Config::default() })]

    #[test]
    fn totals_hold_whatever_servers_do(
        scripts in prop::collection::vec(script(), 1..6),
        threads in prop::sample::select(vec![1u32, 3]),
        keep_alive: bool,
        body in prop::sample::select(vec![0usize, 300_000]),
        requests in prop::option::weighted(0.6, 1u64..60),
        rate in prop::option::weighted(0.4, 50.0f64..2000.0),
        poisson: bool,
    ) {
        let server = Server::start(scripts);
        let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Constant };
        let plan = Plan {
            connections: 4,
            threads,
            keep_alive,
            requests,
            // Without a number of requests, time ends it; with one, the worst that 60 requests can take does.
            duration: requests.is_none().then_some(Duration::from_millis(300)),
            pace: rate.map_or(Pace::Closed, |per_second| Pace::Open { per_second, arrivals }),
            timeout: TIMEOUT,
            ..plan(if body == 0 { tcp(server.address) } else { post(server.address, body) }, 1)
        };
        let began = Instant::now();
        let measured = drive(plan.clone());
        let counts = measured.tally.counts;
        if let Some(requests) = requests {
            prop_assert_eq!((counts.sent, counts.unfinished, counts.unsent), (requests, 0, 0));
        } else if let Pace::Open { per_second, arrivals: Arrivals::Constant } = plan.pace {
            let due = (per_second * 0.3).ceil() as u64;
            prop_assert!((counts.sent + counts.unsent).abs_diff(due) <= 1, "{:?}, {} due", counts, due);
        }
        prop_assert!(counts.unfinished <= 4);
        // 60 requests over 4 lanes, each as long as it may, and what a busy machine adds.
        prop_assert!(began.elapsed() < 20 * TIMEOUT + Duration::from_secs(20));
    }
}
